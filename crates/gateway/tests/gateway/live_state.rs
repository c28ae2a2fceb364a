//! A charter that comes into force holds for the next request, whatever token it carries; a
//! request under way ends under the one it began with.

use model::Dialect::OpenAi;
use model::RefusalCode;
use testkit::{Gate, Script};

use crate::charter_files::{AGENT, Files};
use crate::check;
use crate::world::World;

/// Asserts that after `edit` the same token, verified before, is refused with `code`.
#[track_caller]
fn check_edit(code: RefusalCode, edit: impl FnOnce(&mut Files)) {
    let world = World::start();
    let token = world.token(AGENT);
    check::forwarded(&world, &world.ask(OpenAi).token(token.clone()).send());
    world.amend(edit);
    let reply = world.ask(OpenAi).token(token.clone()).send();
    check::refused(&world, OpenAi, &reply, code);
    assert_eq!(world.provider.seen().len(), 1);
    // And back again: nothing of the refusal is remembered.
    world.amend(|files| {
        files.insert("README.md".to_owned(), "Another text.\n".to_owned());
    });
    check::forwarded(&world, &world.ask(OpenAi).token(token).send());
    assert_eq!(world.end().report.unpaired, Vec::<u64>::new());
}

fn replace(files: &mut Files, path: &str, from: &str, to: &str) {
    let text = files.get_mut(path).unwrap();
    assert!(text.contains(from), "{text}");
    *text = text.replace(from, to);
}

#[test]
fn a_suspended_agent_is_refused_at_once() {
    check_edit(RefusalCode::AgentSuspended, |files| {
        replace(files, "agents/dev.yaml", "status: active", "status: suspended");
    });
}

#[test]
fn a_raised_epoch_revokes_tokens_at_once() {
    check_edit(RefusalCode::CredentialRevoked, |files| {
        replace(files, "agents/dev.yaml", "status: active", "status: active\nepoch: 2");
    });
}

#[test]
fn a_removed_agent_is_unknown_at_once() {
    check_edit(RefusalCode::AgentUnknown, |files| {
        files.remove("agents/dev.yaml");
    });
}

#[test]
fn an_agent_that_moves_to_prod_is_unserved_at_once() {
    check_edit(RefusalCode::AgentEnvironmentUnserved, |files| {
        replace(files, "agents/dev.yaml", "environment: dev", "environment: prod");
    });
}

#[test]
fn a_withdrawn_model_is_unknown_at_once() {
    check_edit(RefusalCode::ModelUnknown, |files| {
        files.remove("models/fast.yaml");
        replace(files, "policies/model/50-tests.cedar", "Model::\"fast\", ", "");
    });
}

#[test]
fn a_new_guardrail_forbids_at_once() {
    check_edit(RefusalCode::PolicyForbids, |files| {
        let to = "resource in [Model::\"guarded\", Model::\"fast\"]";
        let from = "resource == Model::\"guarded\"";
        replace(files, "policies/guardrails/50-tests.cedar", from, "resource");
        let path = "policies/guardrails/50-tests.cedar";
        let text = files.get_mut(path).unwrap();
        *text = text.replace("resource);", &format!("resource) when {{ {to} }};"));
    });
}

#[test]
fn a_token_that_expires_between_two_requests_is_refused_though_it_was_verified() {
    let world = World::start();
    let token = world.token(AGENT);
    check::forwarded(&world, &world.ask(OpenAi).token(token.clone()).send());
    world.clock.advance_ms(299_000);
    check::forwarded(&world, &world.ask(OpenAi).token(token.clone()).send());
    world.clock.advance_ms(1_000);
    let reply = world.ask(OpenAi).token(token).send();
    check::refused(&world, OpenAi, &reply, RefusalCode::CredentialExpired);
}

#[test]
fn a_request_under_way_keeps_its_snapshot() {
    let world = World::start();
    let gate = Gate::new();
    world.provider.next(Script::SlowByGate(gate.clone()));
    let mut under_way = world.ask(OpenAi).stream().open();
    gate.wait_arrived(1);
    let before = world.gate.in_force().snapshot().charter().digest;
    world.amend(|files| {
        replace(files, "agents/dev.yaml", "status: active", "status: suspended");
    });
    let refused = world.ask(OpenAi).send();
    check::refusal_answer(OpenAi, &refused, RefusalCode::AgentSuspended);
    gate.open();
    let reply = under_way.reply().unwrap();
    assert!(reply.text().ends_with("data: [DONE]\n\n"), "{}", reply.text());
    let outcome = check::forwarded(&world, &reply);
    assert_eq!(outcome["ended"], "complete");
    let charter = |reply| {
        let entries = world.entries_of(check::decision_id(reply));
        entries[0].json["charter"]["digest"].as_str().unwrap().to_owned()
    };
    assert_eq!(charter(&reply), before.to_string());
    assert_ne!(charter(&refused), before.to_string(), "the next request is under the new one");
}
