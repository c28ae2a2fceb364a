//! Requests that prove no identity cost the log two entries a window, however many there are.

use ledger::EntryKind;
use model::Dialect::OpenAi;
use serde_json::json;
use testkit::Connection;

use crate::check;
use crate::world::World;

/// Sends `count` requests without a usable token on one connection, in batches.
fn flood(world: &World, count: usize, token: Option<&str>) {
    let ask = match token {
        None => world.ask(OpenAi).no_token(),
        Some(token) => world.ask(OpenAi).token(token.to_owned()),
    };
    let batch = ask.raw().repeat(100);
    let mut connection = Connection::tcp(world.address);
    for _ in 0..count / 100 {
        connection.send_raw(batch.as_bytes());
        for _ in 0..100 {
            assert_eq!(connection.reply().unwrap().status, 401);
        }
    }
}

#[test]
fn ten_thousand_requests_without_identity_are_two_entries_and_every_one_is_counted() {
    let world = World::start();
    let before = world.entries().len();
    flood(&world, 9_900, None);
    flood(&world, 100, Some("nonsense"));
    world.provider.assert_untouched();
    assert_eq!(world.log.status().in_flight, 0);
    let ended = world.end();
    let written: Vec<_> = ended.entries.iter().skip(before).map(|entry| entry.kind).collect();
    let aggregate = [EntryKind::RefusalsOpened, EntryKind::RefusalsClosed];
    assert!(written.starts_with(&aggregate[..1]), "{written:?}");
    // Beside the two: at most the heartbeats of waiting, and the end of the epoch.
    let others =
        written.iter().filter(|kind| !matches!(kind, EntryKind::Heartbeat | EntryKind::EpochStop));
    assert!(others.eq(&aggregate), "{written:?}");
    assert_eq!(ended.counts(), json!({"credential_missing": 9_900, "credential_malformed": 100}));
}

#[test]
fn a_window_closes_when_its_time_is_over_and_the_next_has_another_id() {
    let world = World::start();
    flood(&world, 200, None);
    let first = check::decision_id(&world.ask(OpenAi).no_token().send());
    world.clock.advance_ms(9_999);
    world.runtime.block_on(world.gate.tick());
    let same = check::decision_id(&world.ask(OpenAi).no_token().send());
    assert_eq!(first, same);
    world.clock.advance_ms(1);
    world.runtime.block_on(world.gate.tick());
    let closed = world.entries_of(first);
    assert_eq!(closed.len(), 2);
    assert_eq!(closed[1].json["body"]["counts"], json!({"credential_missing": 202}));
    let second = check::decision_id(&world.ask(OpenAi).no_token().send());
    assert_ne!(first, second);
    // Without a tick, the next request closes the window that is over.
    world.clock.advance_ms(10_000);
    let third = check::decision_id(&world.ask(OpenAi).no_token().send());
    assert_ne!(second, third);
    assert_eq!(world.entries_of(second).len(), 2);
}

#[test]
fn a_quiet_gate_writes_no_window() {
    let world = World::start();
    world.runtime.block_on(world.gate.tick());
    let ended = world.end();
    let windows = ended.entries.iter().filter(|entry| {
        matches!(entry.kind, EntryKind::RefusalsOpened | EntryKind::RefusalsClosed)
    });
    assert_eq!(windows.count(), 0);
}

#[test]
fn a_flood_from_many_connections_is_counted_to_the_last() {
    let world = World::start();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| flood(&world, 200, None));
        }
    });
    let ended = world.end();
    assert_eq!(ended.counts(), json!({"credential_missing": 1_600}));
}
