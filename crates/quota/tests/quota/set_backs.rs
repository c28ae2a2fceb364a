//! A clock that was ahead and is right again: what was counted is counted where it was used, no more
//! may be used than was granted, and nothing but somebody's word sets a window back.

use model::{Amounts, HeldRecord, Measure, Per, Timestamp};
use proptest::prelude::*;
use quota::{Counters, Limit, Replay, SetBacks, window_start};

use crate::desk::{NOW, at, id, limit, stands, tokens};

const LIMITS: [Per; 3] = Per::ALL;

fn limits() -> [Limit; 3] {
    LIMITS.map(|per| limit(Measure::Tokens, per, 1000))
}

/// A call as the log tells of it: when it came by the clock of that time, what it held in which
/// windows, and what it was charged.
#[derive(Debug, Clone)]
struct Call {
    at: Timestamp,
    holds: Vec<HeldRecord>,
    used: u64,
}

fn call(at: Timestamp, used: u64) -> Call {
    let hold = Counters::new().hold(at, tokens(used), &limits()).unwrap();
    Call { at, holds: hold.records(), used }
}

/// The same by a clock that was set back while a process ran: its windows stay where they were.
fn call_held_as(held: &Call, at: Timestamp, used: u64) -> Call {
    Call { at, used, ..held.clone() }
}

fn see(calls: &[Call]) -> SetBacks {
    let mut set_backs = SetBacks::default();
    for (index, call) in (0..).zip(calls) {
        set_backs.see(index, call.at, &call.holds);
    }
    set_backs
}

fn fold(calls: &[Call], set_backs: &SetBacks) -> Replay {
    let mut replay = Replay::new();
    for (index, call) in (0..).zip(calls) {
        replay.decision_by(id(index), &call.holds, set_backs.bound(index));
        replay.outcome(id(index), Some(Amounts { tokens: call.used, ..Amounts::default() }));
    }
    replay
}

/// What is used at `now` in the window of each length.
fn used(replay: &Replay, now: Timestamp) -> [u64; 3] {
    let counters = replay.counters();
    limits().map(|limit| {
        let status = crate::desk::status(&counters, now, &limit);
        assert_eq!(status.window, window_start(limit.key.per, now), "a window of now");
        stands(&counters, now, &limit).0
    })
}

#[test]
fn what_a_clock_counted_ahead_counts_where_it_is_set_right() {
    let ahead = at("2030-05-01T00:00:30Z");
    let calls = [call(NOW, 40), call(ahead, 30), call(ahead.plus_millis(60_000), 20)];
    let told = NOW.plus_millis(10_000);
    let mut set_backs = see(&calls);
    assert!(set_backs.is_empty(), "nobody said so yet");
    let replay = fold(&calls, &set_backs);
    assert!(replay.is_ahead_of(told));
    assert!(replay.counters().hold(told, tokens(981), &limits()).is_err(), "it stays ahead");
    set_backs.say(3, told);
    let replay = fold(&calls, &set_backs);
    assert!(!replay.is_ahead_of(told));
    assert_eq!(used(&replay, told), [90, 90, 90]);
    // All of it is used: no more than was granted may follow.
    assert!(replay.counters().hold(told, tokens(911), &limits()).is_err());
    assert!(replay.counters().hold(told, tokens(910), &limits()).is_ok());
    // A later day knows nothing of it, and the month still does.
    let tomorrow = told.plus_millis(86_400_000);
    assert_eq!(used(&replay, tomorrow), [0, 0, 90]);
}

#[test]
fn the_log_alone_tells_it_once_a_call_was_held_again() {
    let ahead = at("2030-05-01T00:00:30Z");
    let calls = [call(NOW, 40), call(ahead, 30), call(NOW.plus_millis(10_000), 5)];
    let set_backs = see(&calls);
    assert!(!set_backs.is_empty());
    let now = NOW.plus_millis(20_000);
    assert_eq!(used(&fold(&calls, &set_backs), now), [75, 75, 75]);
    // And a second time, in another month: what was settled once does not come back.
    let january = at("2027-01-10T09:00:00Z");
    let mut calls = calls.to_vec();
    calls.extend([call(january, 7), call(ahead, 8), call(january.plus_millis(10_000), 9)]);
    let now = january.plus_millis(20_000);
    assert_eq!(used(&fold(&calls, &see(&calls)), now), [24, 24, 24]);
}

/// A process whose clock is set back goes on in its newest windows; entries of two windows may stand
/// crosswise; and a clock that is an hour ahead comes back by itself.
#[test]
fn without_somebodys_word_nothing_is_set_back() {
    let ahead = call(at("2030-05-01T00:00:30Z"), 30);
    let kept = call_held_as(&ahead, NOW, 10);
    let (late, early) = ("2026-11-30T23:59:59.999Z", "2026-12-01T00:00:00Z");
    for calls in [
        vec![call(NOW, 40), ahead.clone(), kept.clone(), kept],
        vec![call(NOW, 40), call(at(early), 1), call(at(late), 2), call(at(early), 3)],
        vec![call(NOW.plus_millis(3_600_000), 40), call(NOW, 1)],
    ] {
        let set_backs = see(&calls);
        assert!(set_backs.is_empty(), "{calls:?}");
        assert_eq!(set_backs.bound(0), None);
    }
    let hour = [call(NOW.plus_millis(3_600_000), 40)];
    assert!(!fold(&hour, &SetBacks::default()).is_ahead_of(NOW));
    let more = [call(NOW.plus_millis(3_660_000), 40)];
    assert!(fold(&more, &SetBacks::default()).is_ahead_of(NOW));
}

#[test]
fn a_snapshot_of_what_is_ahead_is_known_for_it() {
    let ahead = call(at("2030-05-01T00:00:30Z"), 30);
    let replay = fold(&[call(NOW, 40), ahead], &SetBacks::default());
    let mut set_backs = replay.set_backs();
    let call = call(NOW, 5);
    set_backs.see(2, call.at, &call.holds);
    assert!(!set_backs.is_empty());
    assert_eq!(set_backs.bound(1), Some(NOW));
    assert!(Replay::new().set_backs().is_empty());
}

proptest! {
    /// Whatever a clock was ahead, and how often: once it is said to be right, each window that
    /// runs has used at least what was used in it by the true time, and the day and the month no
    /// more than all there was.
    #[test]
    fn nothing_used_is_forgotten(
        stretches in prop::collection::vec(
            (any::<bool>(), 1_u32..40 * 24, prop::collection::vec((1_u32..6 * 60, 1_u64..50), 1..5)),
            1..8,
        ),
    ) {
        let (mut truth, mut calls, mut log) = (NOW, Vec::new(), Vec::new());
        let mut set_backs = SetBacks::default();
        for (is_ahead, hours, of) in stretches {
            for (minutes, used) in of {
                truth = truth.plus_millis(i64::from(minutes) * 60_000);
                calls.push((truth, used));
                let by = if is_ahead { i64::from(hours + 2) * 3_600_000 } else { 0 };
                log.push(call(truth.plus_millis(by), used));
            }
            if is_ahead {
                truth = truth.plus_millis(1_000);
                set_backs.say(u64::try_from(log.len()).unwrap(), truth);
            }
        }
        let replay = fold(&log, &set_backs);
        let found = used(&replay, truth);
        for (per, found) in LIMITS.into_iter().zip(found) {
            let start = window_start(per, truth);
            let true_use: u64 =
                calls.iter().filter(|(at, _)| *at >= start).map(|(_, used)| used).sum();
            prop_assert!(found >= true_use, "{per:?}: {found} of {true_use}");
        }
        let all: u64 = calls.iter().map(|(_, used)| used).sum();
        prop_assert!(found.iter().all(|found| *found <= all));
    }
}
