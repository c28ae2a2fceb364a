//! The decision is durable before anything is forwarded: a disk that fails or hangs stops every
//! call, and nothing else.

use std::time::Duration;

use ledger::{Step, When};
use model::Dialect::OpenAi;
use model::RefusalCode;
use tokio::time::Instant;

use crate::ask::DIALECTS;
use crate::check;
use crate::world::{Setup, World};

/// Asserts that a disk which fails `step` once stops the call, and that the next one passes.
#[track_caller]
fn check_fault(step: Step, when: When) {
    for dialect in DIALECTS {
        let world = World::start();
        check::forwarded(&world, &world.ask(dialect).send());
        world.faults.fail(step, when, 1);
        let reply = world.ask(dialect).send();
        check::refused(&world, dialect, &reply, RefusalCode::LogUnavailable);
        assert_eq!(reply.header("retry-after"), Some("1"));
        assert!(world.faults.seen().1, "the fault struck");
        world.faults.clear();
        assert_eq!(world.provider.seen().len(), 1, "the refused call was not forwarded");
        let passed = world.ask(dialect).send();
        check::forwarded(&world, &passed);
        let refused = check::decision_id(&reply);
        let ended = world.end();
        assert_eq!(ended.report.unpaired, Vec::<u64>::new());
        let recorded = ended.entries.iter().any(|entry| entry.id == Some(refused));
        assert!(!recorded, "what was refused for want of a log is in none");
    }
}

#[test]
fn frames_that_cannot_be_written_stop_the_call() {
    check_fault(Step::WalAppend, When::Before);
}

#[test]
fn frames_that_are_torn_stop_the_call() {
    check_fault(Step::WalAppend, When::Torn);
}

#[test]
fn frames_that_are_written_but_reported_as_failed_stop_the_call() {
    check_fault(Step::WalAppend, When::After);
}

#[test]
fn frames_that_cannot_be_synced_stop_the_call() {
    check_fault(Step::WalSync, When::Before);
}

#[test]
fn frames_whose_sync_is_reported_as_failed_stop_the_call() {
    check_fault(Step::WalSync, When::After);
}

#[test]
fn a_disk_that_stays_broken_stops_every_call_and_a_refusal_says_so_too() {
    let world = World::start();
    world.faults.fail(Step::WalSync, When::Before, u32::MAX);
    for dialect in DIALECTS {
        for model in ["fast", "no-such-model"] {
            let reply = world.ask(dialect).model(model).send();
            check::refusal_answer(dialect, &reply, RefusalCode::LogUnavailable);
        }
        let list = world.ask_list(dialect).send();
        check::refusal_answer(dialect, &list, RefusalCode::LogUnavailable);
        let reply = world.ask(dialect).no_token().send();
        check::refusal_answer(dialect, &reply, RefusalCode::CredentialMissing);
    }
    world.provider.assert_untouched();
    assert_eq!(testkit::get(world.address, "/readyz", &[]).status, 503);
    world.faults.clear();
    check::forwarded(&world, &world.ask(OpenAi).send());
    assert_eq!(testkit::get(world.address, "/readyz", &[]).status, 200);
    assert_eq!(world.end().report.unpaired, Vec::<u64>::new());
}

/// Asserts that a disk which hangs in `step` costs a caller the bound and no more.
#[track_caller]
fn check_hang(step: Step) {
    let answer_within = Duration::from_millis(300);
    let world = World::with(Setup { answer_within, ..Setup::default() });
    world.faults.hang(step);
    let began = Instant::now();
    let reply = world.ask(OpenAi).send();
    let waited = began.elapsed();
    check::refusal_answer(OpenAi, &reply, RefusalCode::LogUnavailable);
    assert!(waited >= answer_within, "{waited:?}");
    assert!(
        waited < Duration::from_secs(10),
        "{waited:?}: the bound, and what a busy machine adds"
    );
    world.provider.assert_untouched();
    world.faults.clear();
    let refused = check::decision_id(&reply);
    // The entry may have become durable after the answer: then it says that nothing was sent.
    let entries = world.entries_of(refused);
    assert!(entries.iter().skip(1).all(|entry| entry.json["ended"] == "not_forwarded"));
    assert_ne!(entries.len(), 1, "no decision is left without an outcome");
    check::forwarded(&world, &world.ask(OpenAi).send());
    assert_eq!(world.provider.seen().len(), 1);
    assert_eq!(world.end().report.unpaired, Vec::<u64>::new());
}

#[test]
fn a_disk_that_hangs_in_a_write_costs_the_bound() {
    check_hang(Step::WalAppend);
}

#[test]
fn a_disk_that_hangs_in_a_sync_costs_the_bound() {
    check_hang(Step::WalSync);
}

#[test]
fn a_publisher_that_fails_stops_no_call() {
    let world = World::start();
    world.faults.fail(Step::Checkpoint, When::Before, u32::MAX);
    check::forwarded(&world, &world.ask(OpenAi).send());
    let published = world.runtime.block_on(world.log.publish());
    assert!(published.is_err(), "the fault struck");
    check::forwarded(&world, &world.ask(OpenAi).send());
    world.faults.clear();
    assert_eq!(world.end().report.tail, 0, "it is all published in the end");
}
