//! What is told of requests while the gateway serves: each is counted once, however it ended, and
//! nothing that a client wrote becomes part of it.

use ledger::{Step, When};
use model::Dialect::OpenAi;
use serde_json::json;
use telemetry::Standing;
use testkit::{Canary, Script, assert_clean};

use crate::ask::DIALECTS;
use crate::world::{Setup, World};

/// The metrics of `world`, once every call has ended.
fn metrics(world: &World) -> String {
    world.settle();
    world.watch.exposition(Standing::default()).unwrap()
}

/// Asserts that each of these lines stands in the metrics.
#[track_caller]
fn check(world: &World, expect: &[&str]) {
    let text = metrics(world);
    for line in expect {
        assert!(text.lines().any(|found| found == *line), "no `{line}` in\n{text}");
    }
}

#[test]
fn a_call_is_counted_with_its_tokens_steps_and_bytes() {
    let world = World::start();
    assert_eq!(world.ask(OpenAi).send().status, 200);
    assert_eq!(world.ask(OpenAi).stream().send().status, 200);
    let call = "operation=\"chat_completions\",provider=\"fake-openai\"";
    let fast = "model=\"fast\",operation=\"chat_completions\",provider=\"fake-openai\"";
    check(
        &world,
        &[
            "portreeve_requests_total{code=\"permitted\",dialect=\"open_ai\",model=\"fast\",operation=\"chat_completions\"} 2",
            &format!("portreeve_calls_total{{ended=\"complete\",model=\"fast\",{call}}} 2"),
            "portreeve_attempts_total{model=\"fast\",provider=\"fake-openai\",result=\"answered\"} 2",
            &format!("portreeve_call_duration_seconds_count{{{fast}}} 2"),
            &format!("portreeve_call_first_byte_seconds_count{{{fast}}} 2"),
            &format!("portreeve_call_tokens_count{{{fast},type=\"input\"}} 2"),
            &format!("portreeve_call_tokens_count{{{fast},type=\"output\"}} 2"),
            "portreeve_step_duration_seconds_count{step=\"read\"} 2",
            "portreeve_step_duration_seconds_count{step=\"decide\"} 2",
            "portreeve_step_duration_seconds_count{step=\"record\"} 2",
            "portreeve_step_duration_seconds_count{step=\"forward\"} 2",
            "portreeve_agent_requests_total{agent=\"dev\",code=\"permitted\"} 2",
            "portreeve_requests_abandoned_total 0",
            "portreeve_streams_open 0",
        ],
    );
    assert_eq!(world.gate.load().in_flight, 0);
}

#[test]
fn a_refusal_is_counted_by_code_step_and_who_can_fix_it() {
    let world = World::start();
    assert_eq!(world.ask(OpenAi).model("guarded").send().status, 403);
    assert_eq!(world.ask(OpenAi).model("unheard-of").send().status, 404);
    assert_eq!(world.ask(OpenAi).no_token().send().status, 401);
    assert_eq!(world.ask_list(OpenAi).send().status, 200);
    assert_eq!(world.ask(OpenAi).path("/nowhere").send().status, 404);
    check(
        &world,
        &[
            "portreeve_refusals_total{code=\"policy_forbids\",fixer=\"policy_owner\",step=\"decide\"} 1",
            "portreeve_refusals_total{code=\"credential_missing\",fixer=\"caller\",step=\"authenticate\"} 1",
            "portreeve_requests_total{code=\"policy_forbids\",dialect=\"open_ai\",model=\"guarded\",operation=\"chat_completions\"} 1",
            "portreeve_requests_total{code=\"model_unknown\",dialect=\"open_ai\",model=\"unknown\",operation=\"chat_completions\"} 1",
            "portreeve_requests_total{code=\"permitted\",dialect=\"open_ai\",model=\"none\",operation=\"list_models\"} 1",
            "portreeve_requests_total{code=\"path_unknown\",dialect=\"open_ai\",model=\"none\",operation=\"none\"} 1",
        ],
    );
    assert!(!metrics(&world).contains("unheard-of"), "no client names a label");
}

#[test]
fn a_failover_counts_each_try_and_the_call_once() {
    let world = World::routed(&[("fake", ""), ("second", "")]);
    world.provider.next(Script::DropBeforeHeaders);
    assert_eq!(world.ask(OpenAi).model("routed").send().status, 200);
    check(
        &world,
        &[
            "portreeve_attempts_total{model=\"routed\",provider=\"fake-openai\",result=\"upstream_dropped\"} 1",
            "portreeve_attempts_total{model=\"routed\",provider=\"second-openai\",result=\"answered\"} 1",
            "portreeve_calls_total{ended=\"complete\",model=\"routed\",operation=\"chat_completions\",provider=\"second-openai\"} 1",
        ],
    );
}

#[test]
fn a_call_that_comes_to_nothing_counts_as_what_its_client_was_told() {
    let world = World::start();
    assert_eq!(world.ask(OpenAi).model("unreachable").send().status, 502);
    check(
        &world,
        &[
            "portreeve_requests_total{code=\"upstream_connect\",dialect=\"open_ai\",model=\"unreachable\",operation=\"chat_completions\"} 1",
            "portreeve_calls_total{ended=\"upstream_failed\",model=\"unreachable\",operation=\"chat_completions\",provider=\"unreachable-openai\"} 1",
        ],
    );
}

#[test]
fn a_client_that_leaves_a_stream_is_counted_and_the_stream_closed() {
    let world = World::start();
    world.provider.next(Script::HangMidStream);
    let mut connection = world.ask(OpenAi).stream().open();
    assert_eq!(connection.head().unwrap().status, 200);
    assert!(connection.chunk().unwrap().is_some());
    let text = world.watch.exposition(Standing::default()).unwrap();
    assert!(text.contains("portreeve_streams_open 1\n"), "{text}");
    assert_eq!(world.gate.load().in_flight, 1);
    drop(connection);
    world.provider.wait_cut(1);
    check(
        &world,
        &[
            "portreeve_calls_total{ended=\"client_gone\",model=\"fast\",operation=\"chat_completions\",provider=\"fake-openai\"} 1",
            "portreeve_streams_open 0",
        ],
    );
}

#[test]
fn a_log_that_fails_is_told_like_any_other_refusal() {
    let world = World::start();
    world.faults.fail(Step::WalSync, When::Before, u32::MAX);
    assert_eq!(world.ask(OpenAi).send().status, 503);
    check(
        &world,
        &[
            "portreeve_requests_total{code=\"log_unavailable\",dialect=\"open_ai\",model=\"fast\",operation=\"chat_completions\"} 1",
            "portreeve_refusals_total{code=\"log_unavailable\",fixer=\"platform\",step=\"record\"} 1",
        ],
    );
}

#[test]
fn nothing_a_client_or_a_secret_says_is_told() {
    let world = World::with(Setup::default());
    for dialect in DIALECTS {
        assert_eq!(world.ask(dialect).send().status, 200);
        let odd = world.ask(dialect).field("model", json!("Ask \"me\"\n{}"));
        assert_ne!(odd.send().status, 0);
    }
    let text = metrics(&world);
    assert_clean(text.as_bytes(), "the metrics", &Canary::ALL);
    assert!(!text.contains("Ask"), "{text}");
}
