//! Every step on the disk fails once, before, half-way and after it took effect, and the process
//! dies there. Then the log is opened again on a sound disk and checked in full.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says where"
)]

mod common;

use common::{Home, check_place, key, permit, refusal};
use ledger::{DecisionLog, Note, NoteKind, Settings, When};
use model::{Ended, Outcome};
use tlog::{Checkpoint, CompactRange, Receipt, leaf_hash};

/// Rounds of each life.
const ROUNDS: u64 = 2;

/// What the outside holds of a log.
#[derive(Default)]
struct Held {
    receipts: Vec<Receipt>,
    checkpoints: Vec<Checkpoint>,
}

fn settings(home: &Home) -> Settings {
    // Small segments, so that every few batches begin a new one.
    Settings { segment_bytes: 1000, ..home.settings() }
}

/// A life of a log: decisions, outcomes, publications, an end in good order. It hands out
/// `2 * rounds + 1` receipts.
async fn live(log: DecisionLog, home: &Home, held: &mut Held, rounds: u64) {
    for number in 0..rounds {
        if let Ok(recorded) = log.intend(permit(number)).await {
            held.receipts.push(recorded.receipt().clone());
            recorded.conclude(&Outcome::bare(Ended::Complete, 1));
        }
        if let Ok(recorded) = log.intend(refusal(100 + number)).await {
            held.receipts.push(recorded.receipt().clone());
        }
        if number % 2 == 1 {
            // It fails where the disk does; what the checkpoint then says is held all the same.
            let _ = log.publish().await;
            held.checkpoints.extend(home.reader().checkpoint().unwrap());
        }
    }
    let last = log.intend(permit(99)).await;
    if let Ok(recorded) = &last {
        held.receipts.push(recorded.receipt().clone());
    }
    let _ = log.close().await;
    held.checkpoints.extend(home.reader().checkpoint().unwrap());
}

/// Opens the log on a sound disk, lives on, and checks everything the outside holds.
async fn check(home: &Home, held: &mut Held, rounds: u64, what: &str) {
    let (log, _) = home.open_with(settings(home)).unwrap_or_else(|error| panic!("{what}: {error}"));
    let before = held.receipts.len();
    live(log, home, held, rounds).await;
    let promised = before + 2 * usize::try_from(rounds).unwrap() + 1;
    assert_eq!(held.receipts.len(), promised, "{what}");
    let report = home.verify().unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!((report.tail, &report.unpaired), (0, &vec![]), "{what}");

    let entries = home.entries();
    for receipt in &held.receipts {
        check_place(&entries, receipt);
    }
    let leaf =
        |entry: &ledger::Entry| leaf_hash(ledger::canonical(&entry.json).unwrap().as_bytes());
    for checkpoint in &held.checkpoints {
        let mut tree = CompactRange::new();
        let covered = usize::try_from(checkpoint.size).unwrap();
        entries[..covered].iter().for_each(|entry| tree.push(leaf(entry)));
        assert_eq!(tree.root(), checkpoint.root, "{what}: checkpoint {covered}");
    }
    let found = home.reader().find(common::id(1)).unwrap();
    let expected = entries.iter().filter(|entry| entry.id == Some(common::id(1)));
    assert_eq!(found, expected.cloned().collect::<Vec<_>>(), "{what}");
    assert!(found.iter().any(|entry| entry.kind == ledger::EntryKind::Decision), "{what}");
    let facts = home.reader().facts(common::id(1), &home.fact_keys());
    assert_eq!(facts.unwrap_or_else(|error| panic!("{what}: {error}")), permit(1).facts);
}

/// Runs a life of two rounds over and over, from a copy of `base` each time, dying first at
/// operation `from` and each time one later, until it gets through.
async fn die_everywhere(base: Option<&Home>, receipts: &[Receipt], from: u64) -> u64 {
    for operation in from.. {
        let mut died = false;
        for when in [When::Before, When::Torn, When::After] {
            let home = base.map_or_else(Home::new, Home::copy);
            let mut held = Held { receipts: receipts.to_vec(), ..Held::default() };
            home.faults.die_at(operation, when);
            if let Ok((log, _)) = home.open_with(settings(&home)) {
                live(log, &home, &mut held, ROUNDS).await;
            }
            died |= home.faults.seen().1;
            if when == When::Torn && !home.faults.tore() {
                // Only a write can tear; anything else failed `Before` already.
                continue;
            }
            home.faults.clear();
            check(&home, &mut held, ROUNDS, &format!("operation {operation}, {when:?}")).await;
        }
        if !died {
            return operation;
        }
    }
    unreachable!("every life ends")
}

#[tokio::test]
async fn a_new_log_survives_death_at_every_step() {
    let operations = die_everywhere(None, &[], 0).await;
    assert!(operations > 100, "{operations}");
}

#[tokio::test]
async fn a_log_that_fills_a_bundle_survives_death_at_every_step() {
    let base = Home::new();
    let (log, _) = base.open_with(settings(&base)).unwrap();
    let mut receipts = Vec::new();
    for number in 1000..1249 {
        let body = serde_json::json!({"count": number});
        let note = Note { id: common::id(number), kind: NoteKind::RefusalsClosed, body };
        receipts.push(log.note(note).await.unwrap());
    }
    log.publish().await.unwrap();
    // Not closed: the copies begin with an epoch that did not end, and a decision under way.
    let recorded = log.intend(permit(5000)).await.unwrap();
    receipts.push(recorded.receipt().clone());
    let crashed = base.copy();
    drop(recorded);
    log.close().await.unwrap();
    // Opening is the same for every log: dying there is the other test's business.
    let opened = crashed.copy();
    let (log, _) = opened.open_with(settings(&opened)).unwrap();
    let from = opened.faults.seen().0;
    log.close().await.unwrap();
    let operations = die_everywhere(Some(&crashed), &receipts, from).await;
    assert!(operations > from + 50, "{operations}");
    assert_eq!(key().vkey(), crashed.reader().verifier().vkey());
}
