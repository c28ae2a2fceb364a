//! Many policies, and entities made before they are asked about: neither changes a decision.

use model::Environment;
use model::PolicySetKind::{Guardrails, Model, Secret};
use model::Recordable as _;
use policy::{Parts, Policies, READ_TOGETHER_MAX, TargetFacts};

use crate::support::{Scene, named, policies, scene};

const USE: &str = r#"permit (principal in Team::"support", action == Action::"InvokeModel", resource) when { principal.env == Env::"dev" };"#;

const LEND: &str = r#"permit (principal, action == Action::"UseSecret", resource) when { resource.version == 3 };"#;

fn open() -> Policies {
    policies(&[(Model, &named("use", USE)), (Secret, &named("lend", LEND))])
}

/// `open`, with everything that `scene` asks about at hand.
fn prepared(scene: &Scene) -> Policies {
    open().with_parts(Parts::new([&scene.agent], [&scene.model], &scene.targets))
}

fn facts(scene: &Scene, policies: &Policies) -> (bool, String) {
    let (allowed, facts) = match scene.decide(policies) {
        Ok(permit) => (true, permit.facts().to_vec()),
        Err(refused) => (false, refused.facts().to_vec()),
    };
    (allowed, String::from_utf8(facts).unwrap())
}

/// Every change of a fact that an entity holds.
fn changes() -> Vec<Scene> {
    let change = |make: fn(&mut Scene)| {
        let mut scene = scene();
        make(&mut scene);
        scene
    };
    vec![
        change(|_| {}),
        change(|scene| scene.agent.environment = Environment::Prod),
        change(|scene| scene.agent.owner = "seat:other".into()),
        change(|scene| scene.agent.team = "other".parse().unwrap()),
        change(|scene| scene.model.owner = "seat:other".into()),
        change(|scene| scene.targets[0].provider_owner = "seat:other".into()),
        change(|scene| scene.targets[0].kind = policy::ProviderKind::Anthropic),
        change(|scene| secret(&mut scene.targets[0]).version = model::SecretVersion(4)),
        change(|scene| secret(&mut scene.targets[0]).owner = "seat:other".into()),
        change(|scene| scene.targets.reverse()),
    ]
}

fn secret(target: &mut TargetFacts) -> &mut policy::SecretFacts {
    target.secret.as_mut().unwrap()
}

#[test]
fn what_was_made_before_is_used_only_where_it_is_exactly_what_is_asked_about() {
    for before in changes() {
        let prepared = prepared(&before);
        for now in changes() {
            assert_eq!(facts(&now, &prepared), facts(&now, &open()));
        }
    }
}

#[test]
fn two_descriptions_of_one_provider_are_refused_whichever_was_made_before() {
    let mut twice = scene();
    twice.targets[1].provider = twice.targets[0].provider.clone();
    for before in [scene(), twice.clone()] {
        let (allowed, facts) = facts(&twice, &prepared(&before));
        assert!(!allowed);
        assert!(facts.contains("is described in two ways"), "{facts}");
    }
}

#[test]
fn policies_that_are_read_together_are_a_crowd_from_one_more_than_the_limit_on() {
    let rules = |scope: &str, count: usize| -> String {
        let rule = |number| named(&format!("r{number:02}"), &format!("{scope};"));
        (0..count).map(rule).collect()
    };
    let everybody = "forbid (principal, action, resource)";
    let model = r#"permit (principal in Team::"a", action == Action::"InvokeModel", resource == Model::"m")"#;
    let at_most = policies(&[
        (Guardrails, &rules(everybody, READ_TOGETHER_MAX)),
        (Model, &rules(model, READ_TOGETHER_MAX)),
    ]);
    assert_eq!(at_most.crowds(), []);
    let beyond = policies(&[
        (Guardrails, &rules(everybody, READ_TOGETHER_MAX + 1)),
        (Model, &rules(model, READ_TOGETHER_MAX + 2)),
    ]);
    let crowds = beyond.crowds().into_iter();
    let said = crowds.map(|crowd| {
        format!("{} {} {}:{}", crowd.count, crowd.about, crowd.beyond.file, crowd.beyond.line)
    });
    assert_eq!(
        said.collect::<Vec<_>>(),
        [r#"34 Team::"a" and Model::"m" model:65"#, "33 every caller and resource guardrails:65",]
    );
}
