//! Claims about a target: what is unknown satisfies no policy that asks for it. An approved context
//! is asked for in the same way.

use model::PolicySetKind::{Guardrails, Model, Secret, Tool};
use model::{Beyond, Claims, ProviderTool, ProviderToolKind, Timestamp};
use policy::{Policies, ProviderKind};
use proptest::prelude::*;

use crate::support::{NOW, Scene, approved, compiled, named, policies, scene, source, target};

const USE: &str = r#"permit (principal, action == Action::"InvokeModel", resource)"#;
const FORBID: &str = r#"forbid (principal, action == Action::"InvokeModel", resource)"#;
const DAY_MS: i64 = 86_400_000;

/// Whether the call may go to one target of which `claims` are made.
fn eligible(policies: &Policies, claims: Claims) -> bool {
    eligible_for(&mut one_target(), policies, claims)
}

fn eligible_for(scene: &mut Scene, policies: &Policies, claims: Claims) -> bool {
    scene.targets[0].claims = claims;
    policies.judge(&scene.circumstances(), "seat:policy").is_ok()
}

fn one_target() -> Scene {
    let mut scene = scene();
    scene.targets = vec![target("beta", ProviderKind::Demo, None)];
    scene
}

fn days(days: i64) -> Timestamp {
    NOW.plus_millis(days * DAY_MS)
}

/// A permit that asks for `condition`, and an open permit with a forbid that asks for it.
fn asking(condition: &str) -> [Policies; 2] {
    let permit = named("use", &format!("{USE} when {{ {condition} }};"));
    let forbid = named("use", &format!("{USE};"))
        + &named("only", &format!("{FORBID} unless {{ {condition} }};"));
    [policies(&[(Model, &permit)]), policies(&[(Model, &forbid)])]
}

/// `condition` is met by each of `good` and by none of `bad`, nor where nothing is claimed.
fn check(condition: &str, good: &[Claims], bad: &[Claims]) {
    for policies in asking(condition) {
        for claims in good {
            assert!(eligible(&policies, claims.clone()), "{condition}: {claims:?}");
        }
        for claims in bad {
            assert!(!eligible(&policies, claims.clone()), "{condition}: {claims:?}");
        }
        assert!(!eligible(&policies, Claims::default()), "{condition}: nothing is claimed");
    }
}

#[test]
fn a_claim_is_met_only_where_it_is_made() {
    let region = |region: &str| Claims { region: Some(region.into()), ..Claims::default() };
    check(
        r#"context.target has region && ["eu", "ch"].contains(context.target.region)"#,
        &[region("eu"), region("ch")],
        &[region("us"), region("")],
    );
    let kept = |days| Claims { retention_days: Some(days), ..Claims::default() };
    check(
        "context.target has retention_days && context.target.retention_days <= 30",
        &[kept(0), kept(30)],
        &[kept(31), kept(u32::MAX)],
    );
    let trains = |trains| Claims { trains: Some(trains), ..Claims::default() };
    check(
        "context.target has trains && context.target.trains == false",
        &[trains(false)],
        &[trains(true)],
    );
}

#[test]
fn a_claim_grows_old_and_a_life_ends() {
    let stated = |stated| Claims { stated: Some(stated), ..Claims::default() };
    check(
        "context.target has claims_age_days && context.target.claims_age_days <= 365",
        &[stated(NOW), stated(days(-365)), stated(days(-366).plus_millis(1))],
        &[stated(days(-366)), stated(days(1)), stated(NOW.plus_millis(1))],
    );
    let ends = |end| Claims { end_of_life: Some(end), ..Claims::default() };
    check(
        "context.target has days_to_end_of_life && context.target.days_to_end_of_life >= 0",
        &[ends(NOW.plus_millis(1)), ends(days(400))],
        &[ends(NOW), ends(days(-1))],
    );
    check(
        "context.target has days_to_end_of_life && context.target.days_to_end_of_life > -30",
        &[ends(days(-29).plus_millis(1)), ends(days(1))],
        &[ends(days(-29)), ends(days(-40))],
    );
}

#[test]
fn a_target_that_does_not_meet_a_claim_is_withheld_and_the_others_serve() {
    let rule = format!(
        r#"{FORBID} unless {{ context.target has region && context.target.region == "eu" }};"#
    );
    let policies =
        policies(&[(Guardrails, &named("eu", &rule)), (Model, &named("use", &format!("{USE};")))]);
    let mut scene = scene();
    scene.targets = ["a", "b", "c"].map(|name| target(name, ProviderKind::OpenAi, None)).to_vec();
    scene.targets[1].claims.region = Some("eu".into());
    scene.targets[2].claims.region = Some("us".into());
    let permit = scene.decide(&policies).unwrap();
    assert_eq!(permit.targets().len(), 1);
    assert_eq!(permit.targets().first().claims.region.as_deref(), Some("eu"));
    let withheld: Vec<_> = permit
        .withheld()
        .iter()
        .map(|one| (one.provider.as_str(), one.code.as_str(), one.policies[0].id.as_str()))
        .collect();
    let eu = ("policy_forbids", "guardrails/eu");
    assert_eq!(withheld, [("a", eu.0, eu.1), ("c", eu.0, eu.1)]);
}

#[test]
fn the_tool_set_may_ask_for_claims_too() {
    let asks = "context.target has retention_days && context.target.retention_days == 0";
    let tool = format!(
        r#"permit (principal, action == Action::"UseProviderTool", resource) when {{ {asks} }};"#
    );
    let policies =
        policies(&[(Model, &named("use", &format!("{USE};"))), (Tool, &named("t", &tool))]);
    let mut scene = one_target();
    let kind = ProviderToolKind::WebSearch;
    let search = ProviderTool { kind, declared: "web_search".into(), server: None };
    scene.ask.beyond = Beyond { tools: vec![search], ..Beyond::NOTHING };
    let kept = |days| Claims { retention_days: days, ..Claims::default() };
    assert!(eligible_for(&mut scene, &policies, kept(Some(0))));
    assert!(!eligible_for(&mut scene, &policies, kept(Some(1))));
    assert!(!eligible_for(&mut scene, &policies, kept(None)));
}

/// The problems of `rule` in the guardrails or, where it permits, in the model set.
fn problems(rule: &str) -> Vec<String> {
    let set = if rule.starts_with("permit") { Model } else { Guardrails };
    let Err(found) = compiled(&[source(set, "x.cedar", &named("x", rule))]) else {
        return Vec::new();
    };
    found
        .iter()
        .map(|one| format!("{} {}: {} | {}", one.place, one.code, one.what, one.help))
        .collect()
}

#[test]
fn a_policy_that_an_unknown_would_pass_is_refused_with_the_form_that_would_not() {
    let denies = format!(
        r#"{FORBID} when {{ context.target has region && context.target.region == "us" }};"#
    );
    let help = r#"ask for the claim: `forbid (...) unless { context.target has region && context.target.region == "eu" };`"#;
    let what = "policy-claim-not-asked: a target whose `region` is unknown could pass here";
    assert_eq!(
        problems(&denies),
        [format!("x.cedar:2:89 {what} | {help}"), format!("x.cedar:2:114 {what} | {help}"),]
    );
    let spares = format!("{USE} unless {{ context.target has trains && context.target.trains }};");
    let found = problems(&spares);
    assert!(found[0].contains(
        "permit (...) when { context.target has trains && context.target.trains == false }"
    ));
    let whole = format!(r#"{USE} when {{ context.target == {{"upstream_model": "gpt"}} }};"#);
    let found = problems(&whole);
    assert!(
        found[0].starts_with(
            "x.cedar:1:1 policy-claim-not-asked: `context.target` is taken as a whole"
        ),
        "{found:?}"
    );
    let sum = format!(
        "{USE} when {{ context.target has retention_days && context.target.retention_days + 1 < 9 }};"
    );
    let codes: Vec<_> =
        problems(&sum).iter().map(|one| one.split([' ', ':']).nth(3).unwrap().to_owned()).collect();
    assert_eq!(codes, ["policy-claim-arithmetic", "policy-claim-not-asked"]);
}

#[test]
fn the_example_in_a_problems_help_compiles() {
    for (claim, wanted) in [
        ("region", "\"us\""),
        ("retention_days", "1"),
        ("trains", "true"),
        ("claims_age_days", "1"),
        ("days_to_end_of_life", "1"),
    ] {
        for (head, clause) in [(USE, "unless"), (FORBID, "when")] {
            let condition =
                format!("context.target has {claim} && context.target.{claim} == {wanted}");
            let found = problems(&format!("{head} {clause} {{ {condition} }};"));
            let (_, example) = found[0].split_once("ask for the claim: `").unwrap();
            let example = example.trim_end_matches('`').split_once("(...) ").unwrap().1;
            let mended = format!("{head} {example}");
            assert!(problems(&mended).is_empty(), "{mended}: {:?}", problems(&mended));
        }
    }
}

/// A condition over claims and other facts, most of them as a policy may write them.
fn conditions() -> impl Strategy<Value = String> {
    let claim = prop_oneof![
        proptest::sample::select(vec![
            r#"context.target has region && context.target.region == "eu""#,
            r#"context.target has region && ["eu", "us"].contains(context.target.region)"#,
            r#"context.target has region && context.target.region like "e*""#,
            "context has target.region",
            "context.target has retention_days && context.target.retention_days < 30",
            "context.target has retention_days && 1 <= context.target.retention_days",
            "context.target has trains && context.target.trains",
            "context.target has trains && context.target.trains == false",
            "context.target has claims_age_days && context.target.claims_age_days <= 100",
            "context.target has days_to_end_of_life && context.target.days_to_end_of_life > 10",
            "context has approved",
            r#"context has approved && context.approved.name == "tickets""#,
            r#"context has approved && context.approved.data_class == DataClass::"internal""#,
        ])
        .prop_map(|text| format!("({text})")),
        proptest::sample::select(vec![
            r#"(context.target has region && context.target.region != "us")"#,
            "!(context.target has trains)",
            "!(context has approved)",
            r#"(context has approved && context.approved.name != "tickets")"#,
            r#"(if context has approved then context.approved.name == "tickets" else true)"#,
            "((context.target has region) == false)",
            r#"((if context.target has region then context.target.region else "eu") == "eu")"#,
            "(context.target has retention_days && context.target.retention_days * 9223372036854775807 > 0)",
        ])
        .prop_map(str::to_owned),
    ];
    let other = proptest::sample::select(vec![
        "context.call.stream",
        "!context.call.stream",
        r#"context.target.upstream_model == "beta-gpt""#,
        "principal.autonomy > 1",
        "context.caller.token_age_s + 9223372036854775807 > 0",
        "context.recent.refusals > 1",
    ])
    .prop_map(|text| format!("({text})"));
    let leaf = prop_oneof![4 => claim, 3 => other];
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            4 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            4 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            2 => (inner.clone(), inner.clone())
                .prop_map(|(a, b)| format!("(if context.call.stream then {a} else {b})")),
            1 => inner.clone().prop_map(|a| format!("!{a}")),
            1 => (inner.clone(), inner).prop_map(|(a, b)| format!("(if {a} then {b} else true)")),
        ]
    })
}

/// A rule: its effect, its clause and its condition.
fn rules() -> impl Strategy<Value = Vec<String>> {
    let rule = (0..10_u8, conditions()).prop_map(|(shape, condition)| match shape {
        0..5 => format!("{USE} when {{ {condition} }};"),
        5..8 => format!("{FORBID} unless {{ {condition} }};"),
        8 => format!("{USE} unless {{ {condition} }};"),
        _ => format!("{FORBID} when {{ {condition} }};"),
    });
    proptest::collection::vec(rule, 1..5)
}

/// What may be claimed, each alone or not at all.
fn claims() -> impl Strategy<Value = Claims> {
    let region = proptest::option::of(proptest::sample::select(vec!["eu", "us", "ch"]));
    let days = proptest::sample::select(vec![-400_i64, -20, -1, 0, 1, 20, 400]);
    (
        region,
        proptest::option::of(proptest::sample::select(vec![0_u32, 1, 29, 30, u32::MAX])),
        any::<Option<bool>>(),
        proptest::option::of(days.clone()),
        proptest::option::of(days),
    )
        .prop_map(|(region, retention_days, trains, end, stated)| Claims {
            region: region.map(str::to_owned),
            retention_days,
            trains,
            end_of_life: end.map(self::days),
            stated: stated.map(self::days),
            ..Claims::default()
        })
}

/// `claims` without the `which`th.
fn without(claims: &Claims, which: usize) -> Claims {
    let mut claims = claims.clone();
    match which {
        0 => claims.region = None,
        1 => claims.retention_days = None,
        2 => claims.trains = None,
        3 => claims.end_of_life = None,
        _ => claims.stated = None,
    }
    claims
}

/// The policies of `rules` that compile; those that do not are left out.
fn compiling(rules: &[String]) -> Policies {
    let texts = rules.iter().enumerate().map(|(n, rule)| named(&format!("r{n}"), rule));
    let kept: String = texts.filter(|text| compiled(&[source(Model, "x", text)]).is_ok()).collect();
    policies(&[(Model, &kept), (Secret, "")])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// What is eligible while a claim is unknown stays eligible whatever the claim turns out to be,
    /// and what is eligible in no approved context stays eligible in each.
    #[test]
    fn an_absence_never_opens_what_a_presence_would_shut(
        rules in rules(), claims in claims(), stream in any::<bool>(), autonomy in 1_u8..3,
        context in proptest::sample::select(vec!["tickets", "sales"]), within in any::<bool>(),
    ) {
        let policies = compiling(&rules);
        let mut scene = one_target();
        scene.ask.stream = stream;
        scene.agent.autonomy = autonomy;
        if eligible_for(&mut scene, &policies, claims.clone()) {
            scene.approved = Some(approved(context));
            prop_assert!(
                eligible_for(&mut scene, &policies, claims.clone()),
                "without a context: {rules:?}"
            );
        }
        scene.approved = within.then(|| approved(context));
        for which in 0..5 {
            if eligible_for(&mut scene, &policies, without(&claims, which)) {
                prop_assert!(
                    eligible_for(&mut scene, &policies, claims.clone()),
                    "without claim {} of {:?}: {:?}", which, claims, rules
                );
            }
        }
    }
}
