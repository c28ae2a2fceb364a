//! A client that leaves: the provider's call ends with it, and its outcome is recorded.

use std::time::Duration;

use model::Dialect;
use testkit::{Connection, Gate, Script};

use crate::ask::DIALECTS;
use crate::charter_files::kind;
use crate::check;
use crate::world::{Setup, World};

/// Asserts that a client which leaves once `begun` happened cancels the call at a provider that
/// acts out `script`, and that the one outcome says so.
#[track_caller]
fn check_leaving(script: &Script, begun: impl Fn(&World, &mut Connection)) {
    for dialect in DIALECTS {
        let world = World::start();
        world.provider.next(script.clone());
        let mut connection = world.ask(dialect).stream().open();
        world.provider.wait_seen(1);
        begun(&world, &mut connection);
        drop(connection);
        world.provider.wait_cut(1);
        let outcome = check::only_outcome(&world);
        assert_eq!(outcome["ended"], "client_gone");
        assert_eq!(outcome["attempts"][0]["provider"], format!("fake-{}", kind(dialect)));
        assert_eq!(outcome["attempts"][0].get("failure"), None, "the provider did not fail");
        check::forwarded(&world, &world.ask(dialect).send());
        assert_eq!(world.end().report.unpaired, Vec::<u64>::new());
    }
}

/// Reads the head and the first piece of the body.
fn first_event(_: &World, connection: &mut Connection) {
    assert_eq!(connection.head().unwrap().status, 200);
    assert!(connection.chunk().unwrap().is_some());
}

#[test]
fn a_client_that_leaves_a_silent_stream_cancels_it() {
    check_leaving(&Script::HangMidStream, first_event);
}

#[test]
fn a_client_that_leaves_a_busy_stream_cancels_it() {
    check_leaving(&Script::EndlessStream, first_event);
}

#[test]
fn a_client_that_leaves_before_the_answer_began_cancels_the_call() {
    check_leaving(&Script::HangBeforeHeaders, |_, _| {});
}

#[test]
fn a_client_that_leaves_while_a_whole_answer_is_collected_cancels_the_call() {
    let world = World::start();
    world.provider.next(Script::EndlessBody);
    let connection = world.ask(Dialect::OpenAi).open();
    world.provider.wait_seen(1);
    drop(connection);
    world.provider.wait_cut(1);
    let outcome = check::only_outcome(&world);
    // It left in time, or the answer reached its bound first; either way there is one outcome.
    let ended = outcome["ended"].as_str().unwrap();
    assert!(["client_gone", "upstream_failed"].contains(&ended), "{outcome}");
}

#[test]
fn a_client_that_leaves_within_its_body_leaves_nothing_behind() {
    for dialect in DIALECTS {
        let world = World::start();
        let whole = world.ask(dialect).raw();
        let mut connection = Connection::tcp(world.address);
        connection.send_raw(&whole.as_bytes()[..whole.len() - 5]);
        drop(connection);
        check::forwarded(&world, &world.ask(dialect).send());
        assert_eq!(world.provider.seen().len(), 1, "the cut request was not forwarded");
        assert_eq!(world.end().report.unpaired, Vec::<u64>::new());
    }
}

#[test]
fn a_client_that_leaves_while_the_disk_hangs_has_nothing_forwarded() {
    for step in [ledger::Step::WalAppend, ledger::Step::WalSync] {
        let world = World::start();
        world.faults.hang(step);
        let connection = world.ask(Dialect::OpenAi).open();
        // The next request queues behind it, so the first one is at the disk by then.
        let waiting = world.ask(Dialect::Anthropic).open();
        drop(connection);
        drop(waiting);
        world.faults.clear();
        check::forwarded(&world, &world.ask(Dialect::OpenAi).send());
        // Whatever became durable of the two has an outcome, and none of them ended well.
        let entries = world.entries();
        let complete = entries.iter().filter(|entry| entry.json["ended"] == "complete").count();
        assert_eq!(complete, 1);
        assert_eq!(world.end().report.unpaired, Vec::<u64>::new());
    }
}

#[test]
fn a_client_that_stops_reading_is_hung_up_on_and_its_call_ends() {
    for dialect in DIALECTS {
        let taken_within = Duration::from_millis(500);
        let world = World::with(Setup { taken_within, ..Setup::default() });
        world.provider.next(Script::EndlessStream);
        // Open, and never read from.
        let connection = world.ask(dialect).stream().open();
        world.provider.wait_cut(1);
        let outcome = check::only_outcome(&world);
        assert_eq!(outcome["ended"], "client_gone");
        drop(connection);
        check::forwarded(&world, &world.ask(dialect).send());
    }
}

#[test]
fn a_client_that_waits_for_a_slow_provider_is_not_hung_up_on() {
    let taken_within = Duration::from_millis(1);
    let world = World::with(Setup { taken_within, ..Setup::default() });
    let gate = Gate::new();
    world.provider.next(Script::SlowByGate(gate.clone()));
    let mut connection = world.ask(Dialect::OpenAi).stream().open();
    gate.wait_arrived(1);
    assert!(connection.head().is_ok() && connection.chunk().unwrap().is_some());
    gate.open();
    while connection.chunk().unwrap().is_some() {}
    assert_eq!(check::only_outcome(&world)["ended"], "complete");
}
