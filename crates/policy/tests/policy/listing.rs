//! What a list of models shows: what a plain ask of some operation could use.

use model::PolicySetKind::{Guardrails, Model, Secret};
use model::{Beyond, Operation, ProviderToolKind, Stores};

use crate::support::{named, policies, scene};

const USE: &str = r#"permit (principal, action == Action::"InvokeModel", resource)"#;
const LEND: &str = r#"permit (principal, action == Action::"UseSecret", resource);"#;

/// Whether the model is listed where `rule` is the only one of the model set.
fn listed(rule: &str) -> bool {
    let policies = policies(&[(Model, &named("use", rule)), (Secret, &named("lend", LEND))]);
    let plain = scene().may_list(&policies);
    // What the request that lists asks for beside has no part in it.
    let mut loaded = scene();
    loaded.ask.beyond = Beyond { stores: Some(Stores::Asked), ..Beyond::NOTHING };
    assert_eq!(plain, loaded.may_list(&policies));
    plain
}

#[test]
fn a_model_is_listed_where_a_plain_ask_is_permitted_at_some_target() {
    assert!(listed(&format!("{USE};")));
    assert!(listed(&format!("{USE} when {{ context.provider == Provider::\"beta\" }};")));
    assert!(!listed(&format!("{USE} when {{ context.provider == Provider::\"gamma\" }};")));
    assert!(!listed(
        &USE.replace("principal,", "principal == Agent::\"other\",").replace(')', ");")
    ));
    assert!(listed(&format!("{USE} when {{ context.call.stores == false }};")));
    assert!(!listed(&format!("{USE} when {{ context.call.provider_tools > 0 }};")));
}

#[test]
fn a_model_for_one_operation_is_listed() {
    for operation in Operation::ALL.iter().filter(|one| **one != Operation::ListModels) {
        let word = operation.as_str();
        let rule = format!("{USE} when {{ context.call.operation == Operation::\"{word}\" }};");
        assert!(listed(&rule), "{word}");
    }
}

#[test]
fn a_policy_that_cannot_be_evaluated_takes_the_model_off_the_list() {
    let broken = "forbid (principal, action, resource) \
                  when { context.caller.token_age_s + 9223372036854775807 > 0 };";
    let sets = [(Guardrails, named("bad", broken)), (Model, named("use", &format!("{USE};")))];
    let sets: Vec<_> = sets.iter().map(|(set, text)| (*set, text.as_str())).collect();
    assert!(!scene().may_list(&policies(&sets)));
}

#[test]
fn what_the_tool_set_allows_has_no_part_in_a_listing() {
    let mut scene = scene();
    let tools = ProviderToolKind::ALL.iter().map(|kind| model::ProviderTool {
        kind: *kind,
        declared: kind.to_string(),
        server: None,
    });
    scene.ask.beyond.tools = tools.collect();
    let use_it = named("use", &format!("{USE};"));
    let policies = policies(&[(Model, &use_it), (Secret, &named("lend", LEND))]);
    assert!(scene.may_list(&policies));
    assert!(scene.decide(&policies).is_err());
}
