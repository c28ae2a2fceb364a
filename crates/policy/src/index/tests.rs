//! The index holds against the full scan: same verdict, same reasons, for any policies.

use std::collections::HashSet;

use cedar_policy::{Context, Entities, Entity, EntityUid, Policy, PolicyId, PolicySet, Request};
use proptest::prelude::*;

use super::{Index, Matches};
use crate::evaluate::World;

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

const CONDITIONS: [&str; 4] =
    ["true", "false", "resource == Model::\"m0\"", "1 + 9223372036854775807 > 0"];

/// A policy by its effect, principal and condition.
type Rule = (bool, usize, usize);

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    let rule = (any::<bool>(), 0..PRINCIPALS.len(), 0..CONDITIONS.len());
    proptest::collection::vec(rule, 0..12)
}

fn policies(rules: &[Rule]) -> Vec<Policy> {
    let policy = |(number, (permit, principal, condition)): (usize, &Rule)| {
        let effect = if *permit { "permit" } else { "forbid" };
        let (principal, condition) = (PRINCIPALS[*principal], CONDITIONS[*condition]);
        let text = format!("{effect} ({principal}, action, resource) when {{ {condition} }};");
        Policy::parse(Some(PolicyId::new(format!("p{number:02}"))), text).unwrap()
    };
    rules.iter().enumerate().map(policy).collect()
}

fn uid(kind: &str, number: usize) -> EntityUid {
    format!("{kind}::\"{}{number}\"", kind[..1].to_lowercase()).parse().unwrap()
}

proptest! {
    #[test]
    fn indexed_and_full_scan_agree(
        rules in rules(), agent in 0..3_usize, team in 0..3_usize, model in 0..2_usize,
    ) {
        let policies = policies(&rules);
        let (agent, team) = (uid("Agent", agent), uid("Team", team));
        let entity = Entity::new_no_attrs(agent.clone(), HashSet::from([team.clone()]));
        let entities = Entities::from_entities([entity], None).unwrap();
        let action = "Action::\"InvokeModel\"".parse().unwrap();
        let (caller, model) = (agent.clone(), uid("Model", model));
        let request = Request::new(caller, action, model, Context::empty(), None).unwrap();
        let world = World { entities, callers: [agent, team] };

        let indexed = Index::new(&policies).matches(&request, &world);
        let mut full = Matches::default();
        full.scan(&PolicySet::from_policies(policies).unwrap(), &request, &world);

        prop_assert_eq!(&indexed.errors, &full.errors);
        prop_assert_eq!(&indexed.forbids, &full.forbids);
        if full.forbids.is_empty() {
            prop_assert_eq!(&indexed.permits, &full.permits);
        }
    }
}
