//! What happens at a window's end, and to a clock that steps.

use model::{Measure, Per, Timestamp};
use quota::{Counters, NotHeld, Replay, Snapshot};

use crate::desk::{LOG, NOW, at, code, id, limit, stands, status, tokens, tokens_a_day};

/// Holds and settles so many tokens of `per` at `now`; whether they fitted.
fn spend(counters: &Counters, now: &str, per: Per, at_most: u64) -> bool {
    let limits = [limit(Measure::Tokens, per, at_most)];
    match counters.hold(at(now), tokens(10), &limits) {
        Ok(hold) => hold.settle(tokens(10)) == tokens(10),
        Err(NotHeld::Over(_)) => false,
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn a_window_ends_at_its_last_millisecond() {
    for (per, last, first) in [
        (Per::Minute, "2026-11-24T09:00:59.999Z", "2026-11-24T09:01:00Z"),
        (Per::Day, "2026-11-24T23:59:59.999Z", "2026-11-25T00:00:00Z"),
        (Per::Month, "2028-02-29T23:59:59.999Z", "2028-03-01T00:00:00Z"),
    ] {
        let counters = Counters::new();
        assert!(spend(&counters, last, per, 10));
        assert!(!spend(&counters, last, per, 10));
        assert!(spend(&counters, first, per, 10), "{}", per.as_str());
        assert!(!spend(&counters, first, per, 10));
    }
}

#[test]
fn a_clock_set_back_counts_in_the_newest_window() {
    let (new, old) = ("2026-12-01T00:00:00Z", "2026-11-30T23:59:59.999Z");
    for per in Per::ALL {
        let counters = Counters::new();
        // What was used before is past; what is used after counts, whatever the clock says.
        assert!(spend(&counters, old, per, 10));
        assert!(spend(&counters, new, per, 10));
        assert!(!spend(&counters, old, per, 10), "{}", per.as_str());
        assert!(spend(&counters, old, per, 20));
        assert!(!spend(&counters, new, per, 20));
        let limit = limit(Measure::Tokens, per, 20);
        let status = status(&counters, at(old), &limit);
        assert_eq!((status.used, status.window, status.forecast), (20, at(new), None));
        assert!(status.resets > at(new));
    }
}

#[test]
fn a_call_counts_in_the_window_it_was_held_in() {
    let (counters, limit) = (Counters::new(), limit(Measure::Tokens, Per::Minute, 100));
    let limits = std::slice::from_ref(&limit);
    let long = counters.hold(NOW, tokens(60), limits).unwrap();
    let next = NOW.plus_millis(60_000);
    let hold = counters.hold(next, tokens(90), limits).unwrap();
    assert_eq!(stands(&counters, next, &limit), (0, 90));
    assert_eq!(long.settle(tokens(60)), tokens(60));
    assert_eq!(stands(&counters, next, &limit), (0, 90));
    hold.settle(tokens(5));
    assert_eq!(stands(&counters, next, &limit), (5, 0));
}

#[test]
fn looking_changes_nothing() {
    let (counters, limit) = (Counters::new(), tokens_a_day(100));
    let limits = std::slice::from_ref(&limit);
    let _held = counters.hold(NOW, tokens(60), limits).unwrap();
    let next_year = NOW.plus_millis(400 * 86_400_000);
    assert_eq!(stands(&counters, next_year, &limit), (0, 0));
    assert_eq!(stands(&counters, NOW, &limit), (0, 60));
}

#[test]
fn a_forecast_carries_what_is_used_on_to_the_end_of_the_window() {
    let (counters, limit) = (Counters::new(), tokens_a_day(u64::MAX));
    let limits = std::slice::from_ref(&limit);
    let midnight = at("2026-11-24T00:00:00Z");
    counters.hold(midnight, tokens(1000), limits).unwrap().settle(tokens(1000));
    let _running = counters.hold(midnight, tokens(500), limits).unwrap();
    let forecast = |now| status(&counters, at(now), &limit).forecast;
    assert_eq!(forecast("2026-11-24T00:00:00Z"), None);
    assert_eq!(forecast("2026-11-24T01:11:59.999Z"), None);
    // A twentieth of the day.
    assert_eq!(forecast("2026-11-24T01:12:00Z"), Some(20_000));
    assert_eq!(forecast("2026-11-24T06:00:00Z"), Some(4000));
    assert_eq!(forecast("2026-11-24T16:00:00Z"), Some(1500));
    assert_eq!(forecast("2026-11-24T23:59:59.999Z"), Some(1000));
    assert_eq!(forecast("2026-11-25T12:00:00Z"), Some(0));
}

#[test]
fn a_forecast_beyond_counting_is_the_most_there_is() {
    let (counters, limit) = (Counters::new(), tokens_a_day(u64::MAX));
    let all = tokens(u64::MAX - 1);
    counters.hold(NOW, all, std::slice::from_ref(&limit)).unwrap().settle(all);
    assert_eq!(status(&counters, NOW, &limit).forecast, Some(u64::MAX));
}

#[test]
fn absurd_clocks_are_counted_like_any_other() {
    for millis in [i64::MIN, -1, i64::MAX] {
        let (counters, limit) = (Counters::new(), tokens_a_day(10));
        let now = Timestamp::from_millis(millis);
        let limits = std::slice::from_ref(&limit);
        counters.hold(now, tokens(10), limits).unwrap().settle(tokens(10));
        assert!(counters.hold(now, tokens(1), limits).is_err());
        assert_eq!(stands(&counters, now, &limit), (10, 0));
        // And can be written down.
        let other = Counters::new().hold(now, tokens(10), limits).unwrap();
        let mut replay = Replay::new();
        replay.decision(id(1), &other.records());
        let file = replay.snapshot(LOG, 1).to_json(code).unwrap();
        let after = Replay::restore(Snapshot::read(&file, (LOG, 1), code).unwrap()).counters();
        assert_eq!(stands(&after, now, &limit), (10, 0));
    }
}
