//! The control log, and a reader that follows a log while it grows, rotates and is published.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod common;

use std::time::Duration;

use common::{Home, check_receipt, id, permit, refusal};
use ledger::{ControlKind, ControlLog, EntryKind, LogHome, Settings, Unavailable};
use model::{Ended, Outcome};
use serde_json::json;

fn control(home: &Home) -> ControlLog {
    let place = LogHome::new(home.log());
    ControlLog::open(place, common::key(), home.clock.clone(), home.settings()).unwrap().0
}

#[tokio::test]
async fn control_entries_stand_in_order_and_survive() {
    let home = Home::new();
    let log = control(&home);
    let genesis = log.append(ControlKind::Genesis, json!({"name": "acme"})).await.unwrap();
    let act = log.append(ControlKind::Act, json!({"verb": "secret_put"})).await.unwrap();
    assert_eq!((genesis.index, act.index), (1, 2));
    assert!(matches!(
        log.append(ControlKind::Act, json!({"x": "y".repeat(70_000)})).await,
        Err(Unavailable::Unfit(_))
    ));
    log.close().await.unwrap();

    let log = control(&home);
    let applied = log.append(ControlKind::CharterApplied, json!({})).await.unwrap();
    log.close().await.unwrap();
    let entries = home.entries();
    let kinds: Vec<_> = entries.iter().map(|entry| entry.kind).collect();
    use EntryKind::{Act, CharterApplied, EpochStart, EpochStop, Genesis};
    assert_eq!(kinds, [EpochStart, Genesis, Act, EpochStop, EpochStart, CharterApplied, EpochStop]);
    [genesis, act, applied].iter().for_each(|at| check_receipt(&entries, &at.receipt));
    assert_eq!(home.verify().unwrap().epochs, 2);
}

#[tokio::test]
async fn a_decision_logs_checkpoint_is_recorded_as_it_was_signed() {
    let decisions = Home::new();
    let (log, _) = decisions.open();
    log.intend(refusal(1)).await.unwrap();
    log.publish().await.unwrap();
    let note = decisions.reader().checkpoint_note().unwrap().unwrap();
    let checkpoint = decisions.reader().checkpoint().unwrap().unwrap();

    let home = Home::new();
    let control = control(&home);
    let at = control.record_checkpoint(&checkpoint, &note).await.unwrap();
    control.publish().await.unwrap();
    let body = home.reader().entry(at.index).unwrap().unwrap().json["body"].clone();
    let verifier = common::key().verifier();
    let read = tlog::Checkpoint::open(body["note"].as_str().unwrap(), &verifier).unwrap();
    assert_eq!((read, &body["size"]), (checkpoint, &json!(2)));
    control.close().await.unwrap();
    log.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_follows_a_log_that_grows_rotates_and_is_published() {
    const DECISIONS: u64 = 700;
    let home = Home::new();
    let settings = Settings {
        segment_bytes: 20_000,
        checkpoint_every: Duration::from_millis(1),
        ..home.settings()
    };
    let (log, _) = home.open_with(settings).unwrap();
    let reader = home.reader();
    let follower = std::thread::spawn(move || {
        let mut entries = reader.entries(0).unwrap();
        let mut next = 0;
        while next < 1 + 2 * DECISIONS {
            match entries.next() {
                Some(entry) => {
                    assert_eq!(entry.unwrap().index, next);
                    next += 1;
                }
                None => std::thread::yield_now(),
            }
        }
    });
    let finder = home.reader();
    for number in 0..DECISIONS {
        let recorded = log.intend(permit(number)).await.unwrap();
        let wanted = id(number / 2);
        if number % 50 == 0 {
            let found = finder.find(wanted).unwrap();
            assert_eq!(found.first().map(|entry| entry.kind), Some(EntryKind::Decision));
        }
        recorded.conclude(&Outcome::bare(Ended::Complete, 1));
    }
    tokio::task::spawn_blocking(|| follower.join().unwrap()).await.unwrap();
    log.close().await.unwrap();
    assert_eq!(home.verify().unwrap().decisions, DECISIONS);
}
