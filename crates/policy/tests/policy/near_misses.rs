//! Which permits nearly allowed what was refused, and what stood where they asked for something else.

use model::PolicySetKind::{Guardrails, Model, Secret};
use model::{ProviderTool, ProviderToolKind, Timestamp};
use policy::{NearMiss, Policies, ProviderKind, Unmet};

use crate::decide::{LEND, USE, use_when, with_model_rule};
use crate::support::{Scene, approved, named, policies, scene, target};

/// Each as `policy at places: condition [value, ...] | ...`.
fn said(scene: &Scene, policies: &Policies) -> Vec<String> {
    let unmet = |Unmet { condition, values }: &Unmet| {
        let values = values.iter().map(|(path, value)| format!("{path} is {value}"));
        format!("{condition} [{}]", values.collect::<Vec<_>>().join(", "))
    };
    let one = |miss: &NearMiss| {
        let places = miss.places.iter().map(|(provider, _)| provider.as_str());
        let unmet = miss.unmet.iter().map(unmet).collect::<Vec<_>>();
        format!(
            "{} at {}: {}",
            miss.policy.id,
            places.collect::<Vec<_>>().join(" and "),
            unmet.join(" | ")
        )
    };
    policies.near_misses(&scene.circumstances()).iter().map(one).collect()
}

fn at_alpha() -> Scene {
    let mut scene = scene();
    scene.targets.truncate(1);
    scene
}

#[test]
fn each_says_what_was_missing_and_what_stood_there_the_nearest_first() {
    let unless = USE.replace(';', " unless { context.call has output_tokens_max };");
    let model = [
        named(
            "big",
            &use_when(
                "principal.autonomy == 1 && context.call.stream && context.call.input_bytes > 500",
            ),
        ),
        named("else", &USE.replace("principal,", r#"principal == Agent::"other","#)),
        named("not", &unless),
        format!("@expires(\"2026-01-01\") {}", named("old", USE)),
        format!("@expires(\"2126-01-01\") {}", named("yet", &use_when("context.call.stream"))),
    ];
    assert_eq!(
        said(&at_alpha(), &policies(&[(Model, &model.concat()), (Secret, &named("lend", LEND))])),
        [
            "model/not at alpha: unless { context.call has output_tokens_max } \
             [context.call.output_tokens_max is 1000]",
            "model/old at alpha: the permit counts until @expires \
             [@expires is 2026-01-02T00:00:00.000Z]",
            "model/yet at alpha: when { context.call.stream } [context.call.stream is false]",
            "model/big at alpha: when { context.call.stream } [context.call.stream is false] | \
             when { context.call.input_bytes > 500 } [context.call.input_bytes is 400]",
        ]
    );
}

#[test]
fn values_are_those_of_attributes_of_what_is_absent_and_of_the_names_themselves() {
    let condition = r#"
        principal.env == Env::"prod" && principal in Team::"payments" &&
        context has approved && context.approved.data_class == DataClass::"public" &&
        (context.call.stream || principal.autonomy > context.caller.token_age_s)
    "#;
    let rules = policies(&[(Model, &named("use", &use_when(condition)))]);
    let unmet = |scene: &Scene| -> Vec<String> {
        let found = rules.near_misses(&scene.circumstances());
        let [only] = &found[..] else { panic!("one: {found:?}") };
        let values = only.unmet.iter().flat_map(|one| &one.values);
        values.map(|(path, value)| format!("{path} is {value}")).collect()
    };
    let mut scene = at_alpha();
    assert_eq!(
        unmet(&scene),
        [
            r#"principal.env is Env::"dev""#,
            r#"principal is Agent::"demo-agent""#,
            "context.approved is absent",
            "context.approved.data_class is absent",
            "context.call.stream is false",
            "principal.autonomy is 1",
            "context.caller.token_age_s is 30",
        ]
    );
    scene.approved = Some(approved("tickets"));
    assert_eq!(unmet(&scene)[2], r#"context.approved.data_class is DataClass::"internal""#);
}

#[test]
fn only_the_first_question_that_nothing_allows_is_told_of() {
    let lend = named("lend", &LEND.replace(';', r#" when { context.model == "other" };"#));
    let other = named("other", &use_when("context.call.stream"));
    let allowed = other.clone() + &named("use", USE);
    let secret =
        r#"secret/lend at alpha: when { context.model == "other" } [context.model is "gpt"]"#;
    assert_eq!(said(&at_alpha(), &policies(&[(Model, &allowed), (Secret, &lend)])), [secret]);
    // The model comes before its secret, and beta has none.
    assert_eq!(said(&scene(), &policies(&[(Model, &allowed), (Secret, &lend)])), [secret]);
    let model = "model/other at alpha: when { context.call.stream } [context.call.stream is false]";
    assert_eq!(said(&at_alpha(), &policies(&[(Model, &other), (Secret, &lend)])), [model]);
}

#[test]
fn what_is_allowed_forbidden_or_cannot_be_put_has_none() {
    let lend = named("lend", LEND);
    let nearly = named("use", &use_when("context.call.stream"));
    let open = policies(&[(Model, &named("use", USE)), (Secret, &lend)]);
    assert_eq!(said(&at_alpha(), &open), <[&str; 0]>::default());
    let forbid = named("no", "forbid (principal, action, resource);");
    let forbidden = policies(&[(Guardrails, &forbid), (Model, &nearly), (Secret, &lend)]);
    assert_eq!(said(&at_alpha(), &forbidden), <[&str; 0]>::default());
    let mut never = at_alpha();
    never.call.now = Timestamp::from_millis(i64::MAX);
    assert_eq!(
        said(&never, &with_model_rule(&use_when("context.call.stream"))),
        <[&str; 0]>::default()
    );
}

#[test]
fn a_permit_that_misses_at_two_places_in_the_same_way_is_told_of_once() {
    let mut scene = scene();
    scene.targets = vec![
        target("alpha", ProviderKind::OpenAi, None),
        target("beta", ProviderKind::Demo, None),
        target("gamma", ProviderKind::OpenAi, None),
    ];
    let rule =
        use_when(r#"context.call.stream && context.provider.kind == ProviderKind::"openai""#);
    let stream = "when { context.call.stream } [context.call.stream is false]";
    let kind = "when { context.provider.kind == ProviderKind::\"openai\" } \
                [context.provider.kind is ProviderKind::\"demo\"]";
    assert_eq!(
        said(&scene, &policies(&[(Model, &named("use", &rule))])),
        [
            format!("model/use at alpha and gamma: {stream}"),
            format!("model/use at beta: {stream} | {kind}"),
        ]
    );
}

/// What a request says is quoted, so that it cannot draw on a terminal.
#[test]
fn what_a_request_says_is_escaped() {
    let mut scene = at_alpha();
    let kind = ProviderToolKind::RemoteMcp;
    let server = Some("\u{1b}[31m\n".to_owned());
    scene.ask.beyond.tools = vec![ProviderTool { kind, declared: "mcp".into(), server }];
    let tools = named(
        "tools",
        r#"permit (principal, action == Action::"UseProviderTool", resource)
           when { context has server && context.server == "catalogue.example.com" };"#,
    );
    let rules = policies(&[(Model, &named("use", USE)), (model::PolicySetKind::Tool, &tools)]);
    assert_eq!(
        said(&scene, &rules),
        ["tool/tools at alpha: when { context.server == \"catalogue.example.com\" } \
          [context.server is \"\\u{1b}[31m\\n\"]"]
    );
}
