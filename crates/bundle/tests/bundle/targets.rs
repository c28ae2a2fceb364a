//! A model's targets as they are compiled: what they leave to others is filled in.

use bundle::{Bundle, Condition, Retries, Target, Timeouts, check};
use model::{Claims, Environment};
use policy::{AgentFacts, DataClass};

use crate::files::{LOCAL, model_file, tree};

/// The first run's charter with a model `m` of these targets.
fn compiled(targets: &[&str], extra: &str) -> Bundle {
    let file = model_file("m", targets) + extra;
    let next = model_file("next", &["provider: demo, upstream_model: next"]);
    check(&tree(&[LOCAL, ("models/m.yaml", Some(&file)), ("models/next.yaml", Some(&next))]))
        .unwrap()
}

fn target(fields: &str) -> Target {
    let target = format!("provider: local, upstream_model: up{fields}");
    let bundle = compiled(&[&target], "");
    bundle.models().find(|model| model.facts.name.as_str() == "m").unwrap().targets[0].clone()
}

fn retries(extra: &str) -> Retries {
    let bundle = compiled(&["provider: local, upstream_model: up"], extra);
    bundle.models().find(|model| model.facts.name.as_str() == "m").unwrap().retries
}

#[test]
fn what_a_target_leaves_out_is_its_providers_or_unbounded() {
    let target = target("");
    let provider =
        Timeouts { connect_ms: 5_000, first_byte_ms: 60_000, idle_ms: 60_000, total_ms: 600_000 };
    assert_eq!(target.timeouts, provider);
    assert_eq!((target.weight, target.concurrency_max), (None, None));
    assert_eq!(target.when, Condition::default());
    assert_eq!(target.facts.claims, Claims::default());
    assert_eq!(target.facts.provider_owner, "seat:risk-lead");
}

#[test]
fn what_a_target_states_holds_and_the_rest_is_its_providers() {
    let target = target(
        ", weight: 1000, concurrency_max: 100000, timeouts: {connect_ms: 100, total_ms: 60000}",
    );
    assert_eq!((target.weight, target.concurrency_max), (Some(1000), Some(100_000)));
    let Timeouts { connect_ms, first_byte_ms, idle_ms, total_ms } = target.timeouts;
    assert_eq!((connect_ms, first_byte_ms, idle_ms, total_ms), (100, 60_000, 60_000, 60_000));
}

#[test]
fn retries_are_the_models_or_the_usual() {
    assert_eq!(retries(""), Retries { attempts_max: None, within_ms: 30_000 });
    let one = retries("retries: {attempts_max: 1}\n");
    assert_eq!(one, Retries { attempts_max: Some(1), within_ms: 30_000 });
    let both = retries("retries: {attempts_max: 10, within_ms: 100}\n");
    assert_eq!(both, Retries { attempts_max: Some(10), within_ms: 100 });
}

#[test]
fn claims_are_dated_and_somebodys() {
    let target = target(
        ", claims: {region: eu-1, retention_days: 0, trains: false, stated: 2026-03-01}, \
         end_of_life: 2027-01-01, successor: next",
    );
    let claims = target.facts.claims;
    assert_eq!(claims.region.as_deref(), Some("eu-1"));
    assert_eq!((claims.retention_days, claims.trains), (Some(0), Some(false)));
    assert_eq!(claims.stated, Some("2026-03-01T00:00:00Z".parse().unwrap()));
    assert_eq!(claims.end_of_life, Some("2027-01-01T00:00:00Z".parse().unwrap()));
    assert_eq!(claims.successor.unwrap().as_str(), "next");
    assert_eq!(claims.owner.as_deref(), Some("seat:platform-lead"), "the model's owner");
}

/// What is not claimed stays unknown, and whoever answers for it may be somebody else.
#[test]
fn what_is_not_claimed_is_unknown() {
    let some = target(", claims: {trains: true, stated: 2026-03-01, owner: risk-lead}");
    let claims = some.facts.claims;
    assert_eq!((claims.region, claims.retention_days, claims.trains), (None, None, Some(true)));
    assert_eq!((claims.end_of_life, claims.successor), (None, None));
    assert_eq!(claims.owner.as_deref(), Some("seat:risk-lead"));

    let ends = target(", end_of_life: 2027-01-01").facts.claims;
    assert!(ends.stated.is_none() && ends.end_of_life.is_some());
    assert_eq!(ends.owner.as_deref(), Some("seat:platform-lead"));
}

#[test]
fn a_condition_admits_those_it_lists_and_an_empty_one_everybody() {
    let bundle = compiled(&["provider: local, upstream_model: up"], "");
    let demo = bundle.agent(&"demo-agent".parse().unwrap()).unwrap();
    let agent =
        |environment, data_class| AgentFacts { environment, data_class, ..demo.facts.clone() };
    let admitted = |fields: &str| {
        let when = target(fields).when;
        let agents = Environment::ALL
            .into_iter()
            .flat_map(|environment| DataClass::ALL.iter().map(move |class| (environment, *class)));
        agents
            .filter(|(environment, class)| when.admits(&agent(*environment, *class), None))
            .count()
    };
    assert_eq!(admitted(""), 12);
    assert_eq!(admitted(", when: {}"), 12);
    assert_eq!(admitted(", when: {environments: [], data_classes: []}"), 12);
    assert_eq!(admitted(", when: {environments: [prod]}"), 4);
    assert_eq!(admitted(", when: {data_classes: [public, internal]}"), 6);
    assert_eq!(admitted(", when: {environments: [dev, prod], data_classes: [restricted]}"), 2);
    let only = target(", when: {environments: [staging], data_classes: [confidential]}").when;
    assert!(only.admits(&agent(Environment::Staging, DataClass::Confidential), None));
    assert!(!only.admits(&agent(Environment::Staging, DataClass::Internal), None));
    assert!(!only.admits(&agent(Environment::Dev, DataClass::Confidential), None));
}

/// The first is preferred: order is the file's, whatever names and weights say.
#[test]
fn targets_stay_in_the_order_of_the_file() {
    let bundle = compiled(
        &[
            "provider: local, upstream_model: z, weight: 1",
            "provider: demo, upstream_model: a, weight: 9",
            "provider: local, upstream_model: b",
        ],
        "",
    );
    let model = bundle.models().find(|model| model.facts.name.as_str() == "m").unwrap();
    let order: Vec<_> =
        model.targets.iter().map(|target| target.facts.upstream_model.as_str()).collect();
    assert_eq!(order, ["z", "a", "b"]);
}
