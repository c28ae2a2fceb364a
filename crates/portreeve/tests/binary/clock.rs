//! A clock that was far ahead for a while: what budgets counted then keeps its windows in the future
//! until somebody says that the clock is right, and is counted where that is said.

use std::fs;
use std::sync::Arc;

use ledger::{DecisionLog, EntryKind, FactKeys, LogHome, Settings};
use model::{
    Amounts, Clock, DecisionId, DecisionRecord, Ended, Outcome, OutcomeDue, Recordable, Timestamp,
};
use serde::Deserialize as _;
use serde_json::Value;
use tlog::LogKey;
use zeroize::Zeroizing;

use crate::common::Home;

/// What the clock said while it was ahead: 2030-05-01T00:00:30Z.
const AHEAD: Timestamp = Timestamp::from_millis(1_903_824_030_000);
const CALLS: u8 = 2;
const QUOTA: &str = "name: demo-month\npurpose: A test.\nfor: {agent: demo-agent}\nlimits:\n  \
                     - {what: requests, per: month, at_most: 6}\n  \
                     - {what: requests, per: day, at_most: 50}\n";

#[derive(Debug)]
struct AheadClock;

impl Clock for AheadClock {
    fn now(&self) -> Timestamp {
        AHEAD
    }
}

struct Permit(DecisionRecord);

impl Recordable for Permit {
    fn record(&self) -> DecisionRecord {
        self.0.clone()
    }

    fn facts(&self) -> &[u8] {
        &[]
    }

    fn outcome_due(&self) -> OutcomeDue {
        OutcomeDue::Yes
    }
}

/// Calls like the last one, as a process records them whose clock is ahead.
fn calls_ahead(home: &Home) {
    let entries = home.entries("decisions");
    let holds = |entry: &&ledger::Entry| entry.json["holds"].is_array();
    let last = entries.iter().rfind(holds).unwrap();
    let mut record = DecisionRecord::deserialize(&last.json).unwrap();
    record.received = AHEAD;
    for held in &mut record.holds {
        held.window = quota::window_start(held.counter.per, AHEAD);
    }
    let key = fs::read_to_string(home.path("keys/log-decisions.skey")).unwrap();
    let key = LogKey::from_skey(key.trim()).unwrap();
    let wrapping: [u8; 32] = fs::read(home.path("keys/facts.key")).unwrap().try_into().unwrap();
    let facts = FactKeys::open(&home.path("keys/facts"), &Zeroizing::new(wrapping)).unwrap();
    let place = LogHome::new(home.path("logs/decisions"));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let clock = Arc::new(AheadClock);
        let opened = DecisionLog::open(place, key, facts, clock, Settings::default());
        let (log, _) = opened.unwrap();
        for number in 0..CALLS {
            let millis = u64::try_from(AHEAD.millis()).unwrap();
            record.id = DecisionId::new(millis, [number; 10]);
            let recorded = log.intend(Permit(record.clone())).await.map_err(|(_, why)| why);
            let charged = Some(Amounts { requests: 1, ..Amounts::default() });
            recorded.unwrap().conclude(&Outcome { charged, ..Outcome::bare(Ended::Complete, 1) });
        }
        log.close().await.unwrap();
    });
}

/// What is used in the month, when it ends, and what was told.
#[track_caller]
fn month(home: &Home) -> (u64, String, String) {
    let run = home.run(&["budgets", "demo-month", "--json"]);
    let budgets: Value = serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{run:?}"));
    let counters = budgets[0]["counters"].as_array().unwrap();
    let month = counters.iter().find(|counter| counter["per"] == "month").unwrap();
    let resets = month["resets"].as_str().unwrap().to_owned();
    (month["used"].as_u64().unwrap(), resets, run.err)
}

#[test]
fn windows_come_back_when_somebody_says_that_the_clock_is_right() {
    let home = Home::new();
    let server = home.up();
    home.write("quotas/demo-month.yaml", QUOTA);
    home.apply();
    let token = home.token("demo-agent");
    assert_eq!(server.call(&token).status, 200);
    server.stop();
    let (used, now, told) = month(&home);
    assert_eq!((used, told.as_str()), (1, ""));
    calls_ahead(&home);

    // Nobody said so: it counts where the log left off, and says how that is mended.
    let (used, resets, told) = month(&home);
    assert_eq!((used, resets.as_str()), (2, "2030-06-01T00:00:00.000Z"));
    assert!(told.contains("--clock-is-right"), "{told}");
    let server = home.up();
    server.wait_says("--clock-is-right");
    assert_eq!(server.call(&home.token("demo-agent")).status, 200);
    server.stop();
    assert_eq!(month(&home).0, 3);

    // All of it was used this month: three ahead, one before, and two more there may be.
    let server = home.up_with(&["--clock-is-right"]);
    server.wait_says("is counted where the clock was right again");
    let token = home.token("demo-agent");
    for status in [200, 200, 429] {
        assert_eq!(server.call(&token).status, status);
    }
    server.stop();
    assert_eq!(month(&home), (6, now.clone(), String::new()));

    // The log tells it from then on, with the snapshot or without.
    let server = home.up_with(&["--clock-is-right"]);
    assert_eq!(server.call(&home.token("demo-agent")).status, 429);
    let told = server.stop();
    assert!(!told.contains("right again"), "{told}");
    fs::remove_file(home.path("quota/counters.json")).unwrap();
    let (used, resets, told) = month(&home);
    assert_eq!((used, resets), (6, now));
    assert!(told.contains("right again") && !told.contains("--clock-is-right"), "{told}");
    let held = home.entries("decisions").into_iter();
    let held =
        held.filter(|entry| entry.kind == EntryKind::Decision && entry.json["holds"].is_array());
    assert_eq!(held.count(), 6);
}
