//! What a crash leaves: the snapshot, the log after it, and that each call counts once.

use model::{Amounts, BudgetScope, CounterKey, Digest, HeldRecord, Measure, Per};
use quota::{Counters, Limit, Replay, Snapshot, SnapshotError};

use crate::desk::{LOG, NOW, at, code, hold, id, limit, stands, tokens, tokens_a_day};

const SIZE: u64 = 1000;

fn limits() -> [Limit; 2] {
    [tokens_a_day(1000), limit(Measure::Tokens, Per::Minute, 1000)]
}

/// The fold as a file, and back.
fn restored(replay: &Replay) -> Replay {
    let bytes = replay.snapshot(LOG, SIZE).to_json(code).unwrap();
    Replay::restore(Snapshot::read(&bytes, (LOG, SIZE), code).unwrap())
}

/// What stands after a restart at this point of the log.
#[track_caller]
fn check(replay: &Replay, used: u64) {
    for limit in limits() {
        assert_eq!(stands(&replay.counters(), NOW, &limit), (used, 0));
    }
}

/// What a decision entry says that holds so much.
fn records(amount: u64) -> Vec<HeldRecord> {
    hold(&Counters::new(), amount, &limits()).unwrap().records()
}

#[test]
fn the_log_alone_gives_what_the_counters_said() {
    let counters = Counters::new();
    let mut replay = Replay::new();
    for (number, charged) in [(1, Some(tokens(40))), (2, None), (3, Some(Amounts::default()))] {
        let hold = hold(&counters, 100, &limits()).unwrap();
        replay.decision(id(number), &hold.records());
        match charged {
            Some(charged) => drop(hold.settle(charged)),
            None => drop(hold),
        }
        replay.outcome(id(number), charged);
    }
    assert_eq!(stands(&counters, NOW, &limits()[0]), (140, 0));
    check(&replay, 140);
}

#[test]
fn a_snapshot_and_the_entries_after_it_count_each_call_once() {
    let mut replay = Replay::new();
    replay.decision(id(1), &records(100));
    replay.decision(id(2), &records(300));
    replay.outcome(id(1), Some(tokens(40)));
    let mut after = restored(&replay);
    check(&after, 340);
    after.outcome(id(2), Some(tokens(7)));
    check(&after, 47);
    after.decision(id(3), &records(5));
    after.outcome(id(3), Some(tokens(5)));
    check(&restored(&after), 52);
}

#[test]
fn a_decision_without_an_outcome_counts_in_full_until_the_log_has_one() {
    let mut replay = Replay::new();
    replay.decision(id(1), &records(100));
    check(&replay, 100);
    replay.outcome(id(1), Some(tokens(30)));
    check(&replay, 30);
}

#[test]
fn an_outcome_charges_no_more_than_its_decision_held_and_only_once() {
    let mut replay = Replay::new();
    replay.decision(id(1), &records(100));
    replay.outcome(id(2), Some(tokens(100)));
    replay.outcome(id(1), Some(tokens(u64::MAX)));
    replay.outcome(id(1), Some(tokens(u64::MAX)));
    check(&replay, 100);
}

#[test]
fn decisions_that_hold_nothing_count_nothing() {
    let mut replay = Replay::new();
    replay.decision(id(1), &[]);
    replay.outcome(id(1), None);
    check(&replay, 0);
    assert_eq!(replay.snapshot(LOG, 0), Replay::new().snapshot(LOG, 0));
}

#[test]
fn windows_do_not_go_back_over_a_restart() {
    let month = [limit(Measure::Tokens, Per::Month, 100)];
    let december = at("2026-12-01T00:00:00Z");
    let hold = Counters::new().hold(december, tokens(100), &month).unwrap();
    let mut replay = Replay::new();
    replay.decision(id(1), &hold.records());
    for replay in [restored(&replay), replay] {
        assert!(replay.counters().hold(NOW, tokens(1), &month).is_err());
    }
}

#[test]
fn records_of_past_windows_are_past() {
    let yesterday = NOW.plus_millis(-86_400_000);
    let old = Counters::new().hold(yesterday, tokens(100), &limits()).unwrap().records();
    let mut replay = Replay::new();
    replay.decision(id(2), &records(200));
    replay.decision(id(1), &old);
    check(&restored(&replay), 200);
    replay.outcome(id(1), None);
    check(&replay, 200);
}

#[test]
fn absurd_records_break_nothing() {
    let mut absurd = records(1);
    for record in &mut absurd {
        record.amount = u64::MAX;
        // Not a window's beginning, but in it.
        record.window = record.window.plus_millis(59_999);
    }
    let mut replay = Replay::new();
    for number in 1..4 {
        replay.decision(id(number), &absurd);
    }
    check(&restored(&replay), u64::MAX);
    for number in 1..4 {
        replay.outcome(id(number), Some(tokens(5)));
    }
    check(&restored(&replay), 15);
    for number in 1..4 {
        replay.decision(id(number), &absurd);
        replay.outcome(id(number), None);
    }
    check(&restored(&replay), u64::MAX);
    assert!(hold(&replay.counters(), 1, &[tokens_a_day(u64::MAX)]).is_err());
}

fn refused(bytes: &[u8]) -> SnapshotError {
    Snapshot::read(bytes, (LOG, SIZE), code).unwrap_err()
}

#[test]
fn a_damaged_snapshot_is_refused_whichever_byte_it_is() {
    let mut replay = Replay::new();
    replay.decision(id(1), &records(100));
    replay.outcome(id(1), Some(tokens(40)));
    replay.decision(id(2), &records(300));
    let whole = replay.snapshot(LOG, SIZE).to_json(code).unwrap();
    for place in 0..whole.len() {
        assert!(Snapshot::read(&whole[..place], (LOG, SIZE), code).is_err(), "cut at {place}");
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        assert!(Snapshot::read(&bytes, (LOG, SIZE), code).is_err(), "changed at {place}");
    }
    let text = String::from_utf8(whole).unwrap();
    let other = text.replace("\"used\":40", "\"used\":41");
    assert!(matches!(refused(other.as_bytes()), SnapshotError::Unproved));
    // Whoever has not the key can compute a digest of what was made up, and no code.
    let forge = |content: &[u8]| *Digest::of(content).as_bytes();
    let forged = replay.snapshot(LOG, SIZE).to_json(forge).unwrap();
    assert!(matches!(refused(&forged), SnapshotError::Unproved));
    let twice = format!("{text}{text}");
    assert!(matches!(refused(twice.as_bytes()), SnapshotError::Unreadable(_)));
}

#[test]
fn a_snapshot_of_something_else_is_refused() {
    let bytes = Replay::new().snapshot("other.org/decisions", 1).to_json(code).unwrap();
    let text = refused(&bytes).to_string();
    assert_eq!(text, "the snapshot of budget counters belongs to the log `other.org/decisions`");
    let ahead = Replay::new().snapshot(LOG, SIZE + 1).to_json(code).unwrap();
    assert!(matches!(refused(&ahead), SnapshotError::BeyondLog { upto: 1001, size: 1000 }));
    let text = String::from_utf8(ahead).unwrap();
    let newer = text.replace("\"version\":2", "\"version\":3");
    assert!(matches!(refused(newer.as_bytes()), SnapshotError::OtherVersion(3)));
    let older = text.replace("\"version\":2", "\"version\":1");
    assert!(matches!(refused(older.as_bytes()), SnapshotError::OtherVersion(1)));
    let foreign = text.replace("portreeve-counters", "portreeve-health");
    assert!(matches!(refused(foreign.as_bytes()), SnapshotError::OtherFormat(_)));
    for nothing in ["", "null", "[]", "{}", "\u{feff}{}", "\0"] {
        assert!(matches!(refused(nothing.as_bytes()), SnapshotError::Unreadable(_)));
    }
}

/// A budget that is for somebody else, or for each agent apart, is another account: it begins at
/// nothing, and what was counted stays with the former, over a restart and back again.
#[test]
fn who_a_budget_is_for_is_part_of_what_it_counts() {
    let former = limits();
    let agent: model::AgentName = "dev".parse().unwrap();
    let others = [
        (Some(BudgetScope::Agent(agent.clone())), None),
        (Some(BudgetScope::Team("dev".parse().unwrap())), None),
        (Some(BudgetScope::Context("dev".parse().unwrap())), None),
        (Some(BudgetScope::Gateway), Some(agent)),
    ];
    let mut replay = Replay::new();
    replay.decision(id(1), &records(1000));
    replay.outcome(id(1), None);
    for replay in [restored(&replay), replay] {
        let counters = replay.counters();
        assert!(hold(&counters, 1, &former).is_err());
        for (scope, agent) in others.clone() {
            let changed = former.clone().map(|limit| {
                let key = CounterKey { scope: scope.clone(), agent: agent.clone(), ..limit.key };
                Limit { key, ..limit }
            });
            drop(hold(&counters, 1000, &changed).unwrap());
            assert!(hold(&counters, 1, &changed).is_err());
        }
        assert!(hold(&counters, 1, &former).is_err(), "changed back");
    }
}

/// Entries of a version that did not say for whom a budget was counted: nothing of it is forgotten.
#[test]
fn what_was_counted_for_nobody_named_counts_for_whomever_the_budget_is_for() {
    let mut unnamed = records(600);
    unnamed.iter_mut().for_each(|record| record.counter.scope = None);
    let text = serde_json::to_string(&unnamed).unwrap();
    assert!(!text.contains("\"for\""), "{text}");
    let mut replay = Replay::new();
    replay.decision(id(1), &unnamed);
    replay.outcome(id(1), Some(tokens(550)));
    replay.decision(id(2), &records(50));
    for replay in [restored(&replay), replay] {
        let counters = replay.counters();
        check(&replay, 600);
        assert!(hold(&counters, 401, &limits()).is_err());
        let hold = hold(&counters, 400, &limits()).unwrap();
        assert_eq!(stands(&counters, NOW, &limits()[0]), (600, 400));
        hold.release();
        // The next window knows nothing of it.
        let tomorrow = NOW.plus_millis(86_400_000);
        drop(counters.hold(tomorrow, tokens(1000), &limits()).unwrap());
    }
}
