//! How targets fare: set aside after failures, probed, back; full; asked to wait.

use gateway::{Condition, TargetHealth};
use model::Dialect::{self, OpenAi};
use model::RefusalCode;
use testkit::{Gate, Reply, Script};

use crate::ask::DIALECTS;
use crate::charter_files::kind;
use crate::check;
use crate::world::{PATIENCE, Setup, World};

/// The second stands by for the first.
const PAIR: &[(&str, &str)] = &[("fake", ""), ("second", "")];

/// How the target of `routed` at `provider` fares.
fn health(world: &World, dialect: Dialect, provider: &str) -> TargetHealth {
    let name = format!("{provider}-{}", kind(dialect));
    let routes = world.gate.routes();
    let mut of = routes.iter().filter(|route| route.model.as_str() == "routed");
    of.find(|route| route.provider.as_str() == name).expect("the target is listed").health
}

/// Sends one call and says who was tried, and how each try failed.
#[track_caller]
fn tries(world: &World, dialect: Dialect) -> Vec<(String, Option<String>)> {
    let reply = world.ask(dialect).model("routed").send();
    check::tries(&check::forwarded(world, &reply))
}

fn tried(name: &str, failure: Option<&str>) -> (String, Option<String>) {
    (name.to_owned(), failure.map(str::to_owned))
}

/// Fails the first target three times in a row.
#[track_caller]
fn set_aside(world: &World, dialect: Dialect) {
    for failures in 0..3 {
        let condition = health(world, dialect, "fake").condition;
        let expected =
            if failures == 0 { Condition::Healthy } else { Condition::Failing(failures) };
        assert_eq!(condition, expected);
        world.provider.next(Script::DropBeforeHeaders);
        let expected = [tried("fake", Some("upstream_dropped")), tried("second", None)];
        assert_eq!(tries(world, dialect), expected);
    }
}

#[test]
fn a_target_that_failed_three_times_is_set_aside_probed_and_back() {
    for dialect in DIALECTS {
        let world = World::routed(PAIR);
        set_aside(&world, dialect);
        let now = model::Clock::now(&world.clock);
        let known = health(&world, dialect, "fake");
        assert_eq!(known.condition, Condition::SetAside(now.plus_millis(1_000)));
        assert_eq!(known.last_failure, Some("upstream_dropped"));
        // It is passed over, which is noted, and the answer took one try.
        let reply = world.ask(dialect).model("routed").send();
        let outcome = check::forwarded(&world, &reply);
        let expected = [tried("fake", Some("target_set_aside")), tried("second", None)];
        assert_eq!(check::tries(&outcome), expected);
        assert_eq!(outcome["attempts"][0].get("lease"), None, "nothing was lent for it");
        assert_eq!(reply.header("portreeve-attempts"), Some("1"));
        assert_eq!(world.provider.seen().len(), 3);
        world.clock.advance_ms(999);
        assert_eq!(tries(&world, dialect), expected);
        // One millisecond later the next call finds out.
        world.clock.advance_ms(1);
        assert_eq!(tries(&world, dialect), [tried("fake", None)]);
        assert_eq!(health(&world, dialect, "fake").condition, Condition::Healthy);
        assert_eq!(tries(&world, dialect), [tried("fake", None)]);
    }
}

#[test]
fn a_target_that_flaps_is_set_aside_for_longer_each_time_until_it_is_steady() {
    let world = World::routed(PAIR);
    set_aside(&world, OpenAi);
    let until =
        |aside_ms| Condition::SetAside(model::Clock::now(&world.clock).plus_millis(aside_ms));
    // It answers its probe and then fails at once; and it fails its probe.
    world.clock.advance_ms(1_000);
    assert_eq!(tries(&world, OpenAi), [tried("fake", None)]);
    for aside_ms in [2_000, 4_000, 8_000] {
        world.provider.next(Script::Status(503, "{}".to_owned()));
        let expected = [tried("fake", Some("status_5xx")), tried("second", None)];
        assert_eq!(tries(&world, OpenAi), expected);
        assert_eq!(health(&world, OpenAi, "fake").condition, until(aside_ms));
        world.clock.advance_ms(aside_ms);
    }
    // Ten answers in a row, and one failure is forgiven again.
    for _ in 0..10 {
        assert_eq!(tries(&world, OpenAi), [tried("fake", None)]);
    }
    assert_eq!(health(&world, OpenAi, "fake").last_failure, None);
    world.provider.next(Script::DropBeforeHeaders);
    assert_eq!(tries(&world, OpenAi).len(), 2);
    assert_eq!(health(&world, OpenAi, "fake").condition, Condition::Failing(1));
}

#[test]
fn one_call_probes_and_the_others_go_elsewhere() {
    let world = World::routed(PAIR);
    set_aside(&world, OpenAi);
    world.clock.advance_ms(1_000);
    world.provider.next(Script::HangBeforeHeaders);
    let probe = world.ask(OpenAi).model("routed").open();
    world.provider.wait_seen(4);
    assert_eq!(health(&world, OpenAi, "fake").condition, Condition::Probing);
    let expected = [tried("fake", Some("target_set_aside")), tried("second", None)];
    assert_eq!(tries_while_another_runs(&world), expected);
    // A probe whose client leaves says nothing; the next call is the next probe.
    drop(probe);
    world.provider.wait_cut(1);
    assert_eq!(tries(&world, OpenAi), [tried("fake", None)]);
}

/// As [`tries`], while another call has no outcome yet: by what the client sees and who was asked.
#[track_caller]
fn tries_while_another_runs(world: &World) -> Vec<(String, Option<String>)> {
    let before = (world.provider.seen().len(), world.second.seen().len());
    let reply = world.ask(OpenAi).model("routed").send();
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("portreeve-attempts"), Some("1"));
    assert_eq!(world.provider.seen().len(), before.0);
    assert_eq!(world.second.seen().len(), before.1 + 1);
    let id = check::decision_id(&reply);
    let reader = world.reader();
    let outcome = loop {
        let entries = reader.find(id).unwrap();
        match entries.get(1) {
            Some(outcome) => break outcome.json.clone(),
            None => world.runtime.block_on(world.log.tick()).unwrap(),
        }
    };
    check::tries(&outcome)
}

#[test]
fn failures_of_one_model_set_the_target_aside_for_every_model() {
    let world = World::routed(PAIR);
    set_aside(&world, OpenAi);
    // `fast` is served by the same provider under the same name.
    let reply = world.ask(OpenAi).send();
    check::refused(&world, OpenAi, &reply, RefusalCode::TargetsSetAside);
    // Another wire form's provider is another target.
    check::forwarded(&world, &world.ask(Dialect::Gemini).send());
}

#[test]
fn a_set_aside_target_stays_so_under_a_new_charter() {
    let world = World::routed(PAIR);
    set_aside(&world, OpenAi);
    world.amend(|files| {
        files.insert("README.md".to_owned(), "Another text.\n".to_owned());
    });
    let expected = [tried("fake", Some("target_set_aside")), tried("second", None)];
    assert_eq!(tries(&world, OpenAi), expected);
}

#[test]
fn when_all_are_set_aside_the_client_is_told_how_long() {
    for dialect in DIALECTS {
        let world = World::routed(PAIR);
        set_aside(&world, dialect);
        world.second.next(Script::RetryAfter(503, "3600"));
        let reply = world.ask(dialect).model("routed").send();
        assert_eq!((reply.status, reply.header("retry-after")), (503, Some("3600")));
        let reply = world.ask(dialect).model("routed").send();
        check::refused(&world, dialect, &reply, RefusalCode::TargetsSetAside);
        // The first of the two to be tried again.
        assert_eq!(reply.header("retry-after"), Some("1"));
        assert_eq!(world.provider.seen().len(), 3);
        assert_eq!(world.second.seen().len(), 4);
    }
}

/// A world with one target that answers its first call with this status and wait.
fn asked_to_wait(status: u16, seconds: &'static str) -> World {
    let world = World::routed(&[("fake", "")]);
    world.provider.next(Script::RetryAfter(status, seconds));
    world
}

#[test]
fn a_wait_that_fits_is_honoured_and_the_target_tried_again() {
    for dialect in DIALECTS {
        for status in [429, 503] {
            let world = asked_to_wait(status, "0");
            let reply = world.ask(dialect).model("routed").send();
            let outcome = check::forwarded(&world, &reply);
            let failure = if status == 429 { "status_429" } else { "status_5xx" };
            let expected = [tried("fake", Some(failure)), tried("fake", None)];
            assert_eq!(check::tries(&outcome), expected);
            assert_eq!(reply.header("portreeve-attempts"), Some("2"));
        }
    }
}

#[test]
fn a_wait_that_does_not_fit_is_the_clients() {
    for dialect in DIALECTS {
        let world = asked_to_wait(429, "3600");
        let reply = world.ask(dialect).model("routed").send();
        assert_eq!((reply.status, reply.header("retry-after")), (429, Some("3600")));
        assert_eq!(world.provider.seen().len(), 1);
        // Until then the target is left alone, whoever asks.
        let reply = world.ask(dialect).model("routed").send();
        check::refused(&world, dialect, &reply, RefusalCode::TargetsSetAside);
        assert_eq!(reply.header("retry-after"), Some("3600"));
        assert_eq!(world.provider.seen().len(), 1);
        world.clock.advance_ms(3_600_000);
        check::forwarded(&world, &world.ask(dialect).model("routed").send());
    }
}

#[test]
fn a_wait_that_one_target_asks_for_keeps_nobody_from_the_next() {
    let world = World::routed(PAIR);
    world.provider.next(Script::RetryAfter(429, "3600"));
    let expected = [tried("fake", Some("status_429")), tried("second", None)];
    assert_eq!(tries(&world, OpenAi), expected);
}

#[test]
fn a_wait_that_cannot_be_read_is_none() {
    for value in ["Wed, 21 Oct 2026 07:28:00 GMT", "soon", "-1", "1e9"] {
        let world = asked_to_wait(503, value);
        let reply = world.ask(OpenAi).model("routed").send();
        check::forwarded(&world, &reply);
        assert_eq!(reply.header("portreeve-attempts"), Some("2"), "{value}");
    }
}

/// Opens a stream that is held at its provider until the gate opens.
fn hold(world: &World, at: &testkit::FakeProvider) -> (testkit::Connection, Gate) {
    let gate = Gate::new();
    at.next(Script::SlowByGate(gate.clone()));
    let held = world.ask(OpenAi).model("routed").stream().open();
    gate.wait_arrived(1);
    (held, gate)
}

#[test]
fn a_full_target_is_passed_over_and_when_all_are_full_the_client_is_told() {
    let world = World::routed(&[("fake", "concurrency_max: 1"), ("second", "concurrency_max: 1")]);
    let (mut first, open_first) = hold(&world, &world.provider);
    assert_eq!(health(&world, OpenAi, "fake").in_flight, 1);
    let (mut second, open_second) = hold(&world, &world.second);
    let full = world.ask(OpenAi).model("routed").send();
    check::refusal_answer(OpenAi, &full, RefusalCode::TargetsBusy);
    assert_eq!(full.header("retry-after"), None, "nobody knows when");
    open_first.open();
    open_second.open();
    let replies: Vec<Reply> = [first.reply(), second.reply()].map(Result::unwrap).into();
    check::refused(&world, OpenAi, &full, RefusalCode::TargetsBusy);
    let outcome = check::forwarded(&world, &replies[1]);
    let expected = [tried("fake", Some("target_busy")), tried("second", None)];
    assert_eq!(check::tries(&outcome), expected);
    // The place is free again.
    assert_eq!(health(&world, OpenAi, "fake").in_flight, 0);
    assert_eq!(tries(&world, OpenAi), [tried("fake", None)]);
}

#[test]
fn a_call_that_is_tried_again_is_not_kept_out_by_itself() {
    for dialect in DIALECTS {
        let world = World::routed(&[("fake", "concurrency_max: 1")]);
        world.provider.next(Script::DropBeforeHeaders);
        let expected = [tried("fake", Some("upstream_dropped")), tried("fake", None)];
        assert_eq!(tries(&world, dialect), expected);
    }
}

#[test]
fn the_words_of_a_failed_target_are_not_put_to_one_that_was_passed_over() {
    let world = World::routed(PAIR);
    // The second is set aside for an hour; the first answers that call's third try.
    world.provider.next(Script::DropBeforeHeaders);
    world.second.next(Script::RetryAfter(503, "3600"));
    assert_eq!(tries(&world, OpenAi).len(), 3);
    world.provider.next(Script::RetryAfter(503, "3600"));
    let reply = world.ask(OpenAi).model("routed").send();
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("3600")));
    let expected = [tried("fake", Some("status_5xx")), tried("second", Some("target_set_aside"))];
    assert_eq!(check::tries(&check::outcome(&world, &reply)), expected);
    assert_eq!(reply.header("portreeve-target"), Some("fake-openai/Up/openai"));
    assert_eq!(reply.header("portreeve-attempts"), Some("1"));
}

#[test]
fn a_full_target_has_not_failed() {
    let world = World::routed(&[("fake", "concurrency_max: 1"), ("second", "")]);
    let (mut held, gate) = hold(&world, &world.provider);
    for _ in 0..5 {
        assert_eq!(world.ask(OpenAi).model("routed").send().status, 200);
    }
    assert_eq!(health(&world, OpenAi, "fake").condition, Condition::Healthy);
    gate.open();
    held.reply().unwrap();
    assert_eq!(world.second.seen().len(), 5);
}

#[test]
fn a_client_that_leaves_during_a_further_try_cancels_it() {
    for dialect in DIALECTS {
        let world = World::routed(PAIR);
        world.provider.next(Script::DropBeforeHeaders);
        world.second.next(Script::HangBeforeHeaders);
        let connection = world.ask(dialect).model("routed").open();
        world.second.wait_seen(1);
        drop(connection);
        world.second.wait_cut(1);
        let outcome = check::only_outcome(&world);
        assert_eq!(outcome["ended"], "client_gone");
        let expected = [tried("fake", Some("upstream_dropped")), tried("second", None)];
        assert_eq!(check::tries(&outcome), expected);
        assert_eq!(health(&world, dialect, "second").condition, Condition::Healthy);
        assert_eq!(health(&world, dialect, "second").in_flight, 0);
    }
}

#[test]
fn a_client_that_leaves_during_a_wait_ends_it() {
    let world = asked_to_wait(503, "20");
    let connection = world.ask(OpenAi).model("routed").open();
    // The answer that asks for the wait has come once the target is set aside for it.
    let failed = async {
        while health(&world, OpenAi, "fake").last_failure.is_none() {
            tokio::task::yield_now().await;
        }
    };
    let failed = world.runtime.block_on(async { tokio::time::timeout(PATIENCE, failed).await });
    failed.expect("the first try fails");
    assert_eq!(health(&world, OpenAi, "fake").in_flight, 0, "who waits carries nothing");
    drop(connection);
    let outcome = check::only_outcome(&world);
    assert_eq!(outcome["ended"], "client_gone");
    assert_eq!(check::tries(&outcome), [tried("fake", Some("status_5xx"))]);
    assert_eq!(world.provider.seen().len(), 1);
}

#[test]
fn a_streams_late_failure_counts_against_its_target() {
    let world = World::with(Setup::routed(PAIR, ""));
    for _ in 0..3 {
        world.provider.next(Script::DropMidStream);
        let reply = world.ask(OpenAi).model("routed").stream().send();
        assert_eq!(check::outcome(&world, &reply)["ended"], "upstream_broken");
    }
    assert_eq!(tries(&world, OpenAi).last(), Some(&tried("second", None)), "it was set aside");
}
