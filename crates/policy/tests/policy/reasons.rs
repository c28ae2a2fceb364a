//! Why not: near misses, the secret in question, and the reason of each place.

use model::PolicySetKind::{Model, Secret};
use model::RefusalCode::PolicyNoPermit;
use model::{Recordable, Timestamp};
use policy::{Policies, ProviderKind};

use crate::decide::{LEND, USE, use_when, with_model_rule};
use crate::support::{Scene, named, policies, scene, target};

#[test]
fn near_misses_say_what_was_missing() {
    let misses = |scene: &Scene, policies: &Policies| -> Vec<String> {
        let found = policies.near_misses(&scene.circumstances());
        found
            .iter()
            .map(|miss| {
                format!("{} at {}: {}", miss.policy.id, miss.provider, miss.unmet.join(" | "))
            })
            .collect()
    };
    let model = named(
        "big",
        &use_when(
            r#"principal.autonomy == 1 && context.call.stream && context.call.input_bytes > 500"#,
        ),
    ) + &named("else", &USE.replace("principal,", r#"principal == Agent::"other","#))
        + &named(
            "not",
            &format!(
                "{} unless {{ context.call has output_tokens_max }};",
                USE.trim_end_matches(';')
            ),
        )
        + &format!("@expires(\"2026-01-01\") {}", named("old", USE));
    let lend = named("lend", &LEND.replace(";", r#" when { context.model == "other" };"#));
    let mut scene = scene();
    scene.targets.truncate(1);
    assert_eq!(
        misses(&scene, &policies(&[(Model, &model), (Secret, &lend)])),
        [
            "model/big at alpha: when { context.call.stream } | \
             when { context.call.input_bytes > 500 }",
            "model/not at alpha: unless { context.call has output_tokens_max }",
            "model/old at alpha: @expires lies in the past",
            "secret/lend at alpha: when { context.model == \"other\" }",
        ]
    );
    assert!(misses(&scene, &with_model_rule(USE)).is_empty());
    scene.call.now = Timestamp::from_millis(i64::MAX);
    assert!(misses(&scene, &with_model_rule(&use_when("context.call.stream"))).is_empty());
}

#[test]
fn a_secret_that_no_policy_lends_is_named_to_the_record_and_not_to_the_caller() {
    let policies = policies(&[(Model, &named("use", USE))]);
    let mut scene = scene();
    scene.targets.truncate(1);
    let refused = scene.decide(&policies).unwrap_err();
    assert_eq!(refused.refusal.code, PolicyNoPermit);
    assert!(!refused.refusal.detail.contains("alpha"), "{}", refused.refusal.detail);
    let record = refused.record();
    assert_eq!(record.verdict.secret.as_ref().map(|name| name.as_str()), Some("alpha-key"));
    assert_eq!(record.verdict.detail, Some(refused.refusal.detail));
    assert_eq!(record.withheld, [], "the verdict says it all");
    // Where the model itself is refused, no secret is in question.
    let nothing = policies_of_use("false");
    let record = scene.decide(&nothing).unwrap_err().record();
    assert_eq!(record.verdict.secret, None);
}

fn policies_of_use(condition: &str) -> Policies {
    with_model_rule(&use_when(&format!(
        "context.call.stream == {condition} && context.call.stream"
    )))
}

#[test]
fn of_several_places_each_refusal_is_recorded() {
    let keyed = |name: &str| {
        let mut keyed = target(name, ProviderKind::OpenAi, None);
        keyed.secret = scene().targets[0].secret.clone();
        keyed
    };
    let scene = Scene { targets: vec![keyed("alpha"), keyed("gamma")], ..scene() };
    let policies = policies(&[(Model, &named("use", USE))]);
    let record = scene.decide(&policies).unwrap_err().record();
    let withheld: Vec<_> = record
        .withheld
        .iter()
        .map(|one| {
            (one.provider.as_str(), one.code.as_str(), one.secret.as_ref().map(|n| n.as_str()))
        })
        .collect();
    assert_eq!(
        withheld,
        [
            ("alpha", "policy_no_permit", Some("alpha-key")),
            ("gamma", "policy_no_permit", Some("alpha-key"))
        ]
    );
    assert!(record.withheld.iter().all(|one| one.detail.is_some()), "{:?}", record.withheld);
}
