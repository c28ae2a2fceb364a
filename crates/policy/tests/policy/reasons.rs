//! Why not: the secret in question, and the reason of each place.

use model::PolicySetKind::Model;
use model::Recordable;
use model::RefusalCode::PolicyNoPermit;
use policy::{Policies, ProviderKind};

use crate::decide::{USE, use_when, with_model_rule};
use crate::support::{Scene, named, policies, scene, target};

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
