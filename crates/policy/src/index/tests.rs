//! The index holds against the full scan: same verdict, same reasons, for any policies.

use std::collections::HashSet;

use cedar_policy::{Context, Entity, EntityUid, Policy, PolicyId, PolicySet, Request};
use proptest::prelude::*;

use super::{Index, Matches, Scopes};
use crate::schema::{self, Action};

const PRINCIPALS: [&str; 9] = [
    "principal",
    "principal is Agent",
    "principal is Team",
    "principal == Agent::\"a0\"",
    "principal == Agent::\"a1\"",
    "principal in Team::\"t0\"",
    "principal in Team::\"t1\"",
    "principal is Agent in Team::\"t0\"",
    "principal in Agent::\"a1\"",
];

const ACTIONS: [&str; 9] = [
    "action",
    "action == Action::\"InvokeModel\"",
    "action == Action::\"UseProviderTool\"",
    "action == Action::\"CallTool\"",
    "action in Action::\"ToolAccess\"",
    "action in Action::\"InvokeModel\"",
    "action in [Action::\"ModelAccess\", Action::\"UseSecret\"]",
    "action in [Action::\"StoreAtProvider\", Action::\"InvokeModel\"]",
    "action in []",
];

const RESOURCES: [&str; 11] = [
    "resource",
    "resource is Model",
    "resource is ProviderTool",
    "resource == Model::\"m0\"",
    "resource in Model::\"m0\"",
    "resource == ProviderTool::\"p0/shell\"",
    "resource == Provider::\"p0\"",
    "resource in Provider::\"p0\"",
    "resource in Provider::\"p1\"",
    "resource is ProviderTool in Provider::\"p0\"",
    "resource is Provider in Provider::\"p0\"",
];

const CONDITIONS: [&str; 4] =
    ["true", "false", "resource == Model::\"m0\"", "1 + 9223372036854775807 > 0"];

/// What is asked about, and what it is in.
const ASKED: [(&str, Option<&str>); 5] = [
    ("Model::\"m0\"", None),
    ("Model::\"m1\"", None),
    ("ProviderTool::\"p0/shell\"", Some("Provider::\"p0\"")),
    ("ProviderTool::\"p1/shell\"", Some("Provider::\"p1\"")),
    ("Provider::\"p0\"", None),
];

/// A policy by its effect, scopes and condition.
type Rule = (bool, usize, usize, usize, usize);

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    let rule = (
        any::<bool>(),
        0..PRINCIPALS.len(),
        0..ACTIONS.len(),
        0..RESOURCES.len(),
        0..CONDITIONS.len(),
    );
    proptest::collection::vec(rule, 0..24)
}

fn policies(rules: &[Rule]) -> Vec<Policy> {
    let policy = |(number, (permit, principal, action, resource, condition)): (usize, &Rule)| {
        let effect = if *permit { "permit" } else { "forbid" };
        let scope = [PRINCIPALS[*principal], ACTIONS[*action], RESOURCES[*resource]].join(", ");
        let text = format!("{effect} ({scope}) when {{ {} }};", CONDITIONS[*condition]);
        Policy::parse(Some(PolicyId::new(format!("p{number:02}"))), text).unwrap()
    };
    rules.iter().enumerate().map(policy).collect()
}

fn uid(text: &str) -> EntityUid {
    text.parse().unwrap()
}

fn entity(uid: &EntityUid, parent: Option<&EntityUid>) -> Entity {
    Entity::new_no_attrs(uid.clone(), HashSet::from_iter(parent.cloned()))
}

proptest! {
    #[test]
    fn indexed_and_full_scan_agree(
        rules in rules(),
        agent in 0..3_usize,
        team in 0..3_usize,
        action in 0..Action::ALL.len(),
        asked in 0..ASKED.len(),
    ) {
        let policies = policies(&rules);
        let (agent, team) = (uid(&format!("Agent::\"a{agent}\"")), uid(&format!("Team::\"t{team}\"")));
        let (resource, parent) = (uid(ASKED[asked].0), ASKED[asked].1.map(uid));
        let given = [entity(&agent, Some(&team)), entity(&resource, parent.as_ref())];
        let entities = schema::actions().clone().add_entities(given, None).unwrap();
        let action = Action::ALL[action];
        let [caller, asked] = [agent.clone(), resource.clone()];
        let context = Context::empty();
        let request = Request::new(caller, action.uid().clone(), asked, context, None).unwrap();
        let callers = [None, Some(agent), Some(team)];
        let resources: Vec<_> =
            [None, Some(resource)].into_iter().chain(parent.map(Some)).collect();
        let scopes = Scopes { action, callers: &callers, resources: &resources };

        let index = Index::new(|_| policies.iter());
        let indexed = Matches::of(&index.candidates(&scopes), &request, &entities);
        let mut full = Matches::default();
        full.scan(&PolicySet::from_policies(policies).unwrap(), &request, &entities);

        prop_assert_eq!(&indexed.errors, &full.errors);
        prop_assert_eq!(&indexed.forbids, &full.forbids);
        if full.forbids.is_empty() {
            prop_assert_eq!(&indexed.permits, &full.permits);
        }
    }
}

/// A policy whose scope names something else is not even looked at, whichever part of it does.
#[test]
fn what_names_another_is_not_read() {
    let read = |scope: &str| {
        let text = format!("permit ({scope});");
        let policies = [Policy::parse(Some(PolicyId::new("p")), text).unwrap()];
        let index = Index::new(|_| policies.iter());
        let callers = [None, Some(uid("Agent::\"a0\"")), Some(uid("Team::\"t0\""))];
        let resources = [None, Some(uid("Model::\"m0\""))];
        let action = Action::InvokeModel;
        let scopes = Scopes { action, callers: &callers, resources: &resources };
        index.candidates(&scopes).len()
    };
    for (scope, expect) in [
        ("principal, action, resource", 1),
        ("principal in Team::\"t0\", action, resource == Model::\"m0\"", 1),
        ("principal in Team::\"t1\", action, resource == Model::\"m0\"", 0),
        ("principal == Agent::\"a1\", action, resource", 0),
        ("principal, action in Action::\"ModelAccess\", resource", 1),
        ("principal, action in Action::\"ToolAccess\", resource", 0),
        ("principal, action == Action::\"UseSecret\", resource", 0),
        ("principal, action, resource == Model::\"m1\"", 0),
        ("principal, action, resource is Model in Model::\"m1\"", 0),
    ] {
        assert_eq!(read(scope), expect, "{scope}");
    }
}
