//! Windows of requests that prove nothing: an id that was given out is in the log.

use std::time::Duration;

use ledger::read::Reader;
use ledger::{EntryKind, FactKeys, Faults, LogHome, Settings, Step};
use model::Clock as _;
use testkit::ManualClock;
use zeroize::Zeroizing;

use super::*;

/// Runs `future` until it has to wait for the first time.
async fn begin(future: impl Future<Output = DecisionId> + Unpin) {
    let mut future = future;
    let waits = std::future::poll_fn(|context| {
        std::task::Poll::Ready(std::pin::Pin::new(&mut future).poll(context).is_pending())
    });
    assert!(waits.await, "the disk hangs");
}

#[tokio::test]
async fn a_window_is_entered_even_where_the_first_it_counts_leaves() {
    let (folder, faults) = (tempfile::tempdir().unwrap(), Faults::plan());
    let clock = ManualClock::default();
    let settings = Settings {
        // One entry at a time, so that what is queued is not yet with the writer.
        batch_max: 1,
        answer_within: Duration::from_secs(30),
        heartbeat_every: None,
        faults: faults.clone(),
        ..Settings::default()
    };
    let key = tlog::LogKey::generate("example.com/decisions".parse().unwrap(), [7; 32]);
    let facts = FactKeys::open(&folder.path().join("facts"), &Zeroizing::new([9; 32])).unwrap();
    let (home, log) = (LogHome::new(folder.path().join("log")), folder.path().join("log"));
    let (ledger, _) =
        DecisionLog::open(home, key, facts, Arc::new(clock.clone()), settings).unwrap();
    let mint: MintId = Arc::new(|now| DecisionId::new(now.millis().unsigned_abs(), [3; 10]));
    let unproved = Unproved::new();
    let count = || unproved.count(&ledger, RefusalCode::CredentialMissing, clock.now(), &mint);

    faults.hang(Step::WalSync);
    let other = DecisionId::new(1, [4; 10]);
    let note = Note { id: other, kind: NoteKind::CharterLoaded, body: json!({}) };
    begin(Box::pin(async { ledger.note(note).await.map_or(other, |_| other) })).await;
    // It waits for the log and leaves.
    begin(Box::pin(count())).await;
    faults.clear();
    let id = count().await;

    let entries = Reader::open_own(&log).unwrap().find(id).unwrap();
    let kinds: Vec<_> = entries.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [EntryKind::RefusalsOpened]);
    unproved.finish(&ledger, clock.now()).await;
    ledger.close().await.unwrap();
    let closed = Reader::open_own(&log).unwrap().find(id).unwrap();
    let counts = closed.last().map(|entry| entry.json["body"]["counts"].clone());
    assert_eq!(counts, Some(json!({ "credential_missing": 2 })));
}
