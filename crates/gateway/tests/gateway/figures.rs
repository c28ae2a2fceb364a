//! What went through lately, as the gate tells it: counted once, under the right names, and never
//! under a name that whoever asks made up.

use gateway::{Traffic, TrafficRow};
use model::Dialect::OpenAi;
use model::RefusalCode;
use testkit::{Gate, Script};

use crate::charter_files::AGENT;
use crate::world::World;

/// The first target of `routed`, as rows name it.
const FIRST: &str = "fake-openai/Up/openai";

fn row<'t>(rows: &'t [TrafficRow], name: &str) -> &'t TrafficRow {
    let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    rows.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("{name}: {names:?}"))
}

fn traffic(world: &World) -> Traffic {
    world.settle();
    world.gate.traffic()
}

#[test]
fn a_call_is_counted_under_its_agent_model_and_target() {
    let world = World::routed(&[("fake", "")]);
    world.clock.advance_ms(2_000);
    world.ask(OpenAi).model("routed").send();
    world.clock.advance_ms(500);
    let seen = traffic(&world);
    assert_eq!((seen.in_flight, seen.streams, seen.draining), (0, 0, false));
    assert_eq!((seen.whole.requests, seen.whole.refusals), (1, 0));
    assert_eq!(seen.whole.covered_ms, 2_500, "not longer than the gate is there");
    assert_eq!(seen.recent, seen.whole, "both began with the gate");
    for spread in [seen.whole.own, seen.whole.provider, seen.whole.answer] {
        assert_eq!(spread.expect("it was timed").count, 1);
    }
    for (rows, name) in [(&seen.agents, AGENT), (&seen.models, "routed"), (&seen.targets, FIRST)] {
        let row = row(rows, name);
        assert_eq!((row.window.requests, row.window.refusals, row.in_flight), (1, 0, 0), "{name}");
        assert!(row.window.tokens > 0, "{name}");
        assert_eq!(row.last_refusal, None, "{name}");
    }
    // The agents' seconds are over before the gateway's minutes.
    world.clock.advance_ms(20_000);
    let later = traffic(&world);
    assert_eq!(row(&later.agents, AGENT).window.requests, 0);
    assert_eq!((later.whole.requests, later.recent.requests), (1, 0));
    world.clock.advance_ms(300_000);
    assert_eq!(traffic(&world).whole.requests, 0);
}

#[test]
fn refusals_are_counted_where_they_belong_and_made_up_names_have_no_row() {
    let world = World::start();
    world.ask(OpenAi).model("made-up").send();
    world.ask(OpenAi).token("no token".to_owned()).send();
    let seen = traffic(&world);
    assert_eq!((seen.whole.requests, seen.whole.refusals), (2, 2));
    let known = row(&seen.agents, AGENT);
    assert_eq!(known.last_refusal.map(|(code, _)| code), Some(RefusalCode::ModelUnknown));
    let unproved = row(&seen.agents, "(unproved)");
    let code = unproved.last_refusal.map(|(code, _)| code);
    assert_eq!(code, Some(RefusalCode::CredentialMalformed));
    assert_eq!(row(&seen.models, "(undeclared)").window.refusals, 1);
    for code in ["model_unknown", "credential_malformed"] {
        let window = row(&seen.codes, code).window;
        assert_eq!((window.requests, window.refusals), (1, 1), "{code}");
    }
    // Only the refusal that stands in the log by itself is kept, with what its caller asked for.
    let [refused] = seen.newest.as_slice() else { panic!("{:?}", seen.newest) };
    assert_eq!(refused.code, RefusalCode::ModelUnknown);
    assert_eq!(
        (refused.agent.as_deref(), refused.model.as_deref()),
        (Some(AGENT), Some("made-up"))
    );
    assert!(seen.models.iter().all(|row| row.name != "made-up"));
    assert!(seen.targets.is_empty(), "nothing was sent");
}

#[test]
fn calls_under_way_and_streams_are_counted_until_they_end() {
    let world = World::routed(&[("fake", "")]);
    let gate = Gate::new();
    world.provider.next(Script::SlowByGate(gate.clone()));
    let mut connection = world.ask(OpenAi).model("routed").stream().open();
    assert_eq!(connection.head().unwrap().status, 200);
    let seen = world.gate.traffic();
    assert_eq!((seen.in_flight, seen.streams), (1, 1));
    assert_eq!(row(&seen.agents, AGENT).in_flight, 1);
    assert_eq!(row(&seen.targets, FIRST).in_flight, 1);
    gate.open();
    while connection.chunk().unwrap().is_some() {}
    let seen = traffic(&world);
    assert_eq!((seen.in_flight, seen.streams), (0, 0));
    assert_eq!(row(&seen.models, "routed").in_flight, 0);
}

#[test]
fn a_target_that_failed_shows_it_and_the_one_that_answered_does_not() {
    let world = World::routed(&[("fake", ""), ("second", "")]);
    world.provider.next(Script::DropBeforeHeaders);
    world.ask(OpenAi).model("routed").send();
    let seen = traffic(&world);
    assert_eq!((seen.whole.requests, seen.whole.refusals), (1, 0), "the client got its answer");
    let failed = row(&seen.targets, FIRST);
    let code = failed.last_refusal.map(|(code, _)| code);
    assert_eq!((failed.window.refusals, code), (1, Some(RefusalCode::UpstreamDropped)));
    let second = row(&seen.targets, "second-openai/Up/openai");
    assert_eq!((second.window.requests, second.window.refusals), (1, 0));
    // Where nobody answers, it is the client's refusal too.
    for provider in [&world.provider, &world.second] {
        provider.always(Script::DropBeforeHeaders);
    }
    world.ask(OpenAi).model("routed").send();
    let seen = traffic(&world);
    assert_eq!((seen.whole.requests, seen.whole.refusals), (2, 1));
    let agent = row(&seen.agents, AGENT);
    let code = agent.last_refusal.map(|(code, _)| code);
    assert_eq!((agent.window.refusals, code), (1, Some(RefusalCode::UpstreamDropped)));
    assert_eq!(row(&seen.codes, "upstream_dropped").window.refusals, 1);
    let refused = seen.newest.first().expect("it is the newest");
    assert_eq!(
        (refused.code, refused.model.as_deref()),
        (RefusalCode::UpstreamDropped, Some("routed"))
    );
}
