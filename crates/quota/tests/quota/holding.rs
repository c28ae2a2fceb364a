//! Hold, settle, release, drop: what fits, what does not, and what a refusal says.

use model::{Amounts, HeldRecord, Measure, Per};
use quota::{Counters, LIMITS_MAX, Limit, NotHeld, Over};

use crate::desk::{NOW, at, hold, key, limit, over, stands, tokens, tokens_a_day};

#[test]
fn what_is_held_is_settled_released_or_dropped_in_full() {
    let (counters, limits) = (Counters::new(), [tokens_a_day(100)]);
    let stands = || stands(&counters, NOW, &limits[0]);
    let (settled, released, dropped) = (
        hold(&counters, 30, &limits).unwrap(),
        hold(&counters, 30, &limits).unwrap(),
        hold(&counters, 30, &limits).unwrap(),
    );
    assert_eq!(stands(), (0, 90));
    assert_eq!(settled.settle(tokens(10)), tokens(10));
    assert_eq!(stands(), (10, 60));
    released.release();
    assert_eq!(stands(), (10, 30));
    drop(dropped);
    assert_eq!(stands(), (40, 0));
}

#[test]
fn no_more_is_charged_than_was_held() {
    let (counters, limits) = (Counters::new(), [tokens_a_day(100)]);
    let bound = Amounts { requests: 1, tokens: 30, nano_usd: 7 };
    let held = counters.hold(NOW, bound, &limits).unwrap();
    assert_eq!(held.bound(), bound);
    let absurd = Amounts { requests: u64::MAX, tokens: u64::MAX, nano_usd: 3 };
    assert_eq!(held.settle(absurd), Amounts { nano_usd: 3, ..bound });
    assert_eq!(stands(&counters, NOW, &limits[0]), (30, 0));
}

#[test]
fn the_last_unit_fits_and_one_more_does_not() {
    let (counters, limits) = (Counters::new(), [tokens_a_day(100)]);
    let all = hold(&counters, 100, &limits).unwrap();
    assert_eq!(over(&counters, 1, &limits).held, 100);
    all.release();
    let _used = hold(&counters, 60, &limits).unwrap().settle(tokens(40));
    assert_eq!(over(&counters, 61, &limits).used, 40);
    assert!(hold(&counters, 60, &limits).is_ok());
}

#[test]
fn a_refusal_says_what_ran_out_when_it_resets_and_whether_it_can_ever_fit() {
    let (counters, limits) = (Counters::new(), [tokens_a_day(100)]);
    let _first = hold(&counters, 50, &limits).unwrap().settle(tokens(20));
    let _running = hold(&counters, 30, &limits).unwrap();
    let resets = at("2026-11-25T00:00:00Z");
    let expect =
        |asked, never| Over { limit: limits[0].clone(), used: 20, held: 30, asked, resets, never };
    assert_eq!(over(&counters, 51, &limits), expect(51, false));
    assert_eq!(over(&counters, 100, &limits), expect(100, false));
    assert_eq!(over(&counters, 101, &limits), expect(101, true));
    assert_eq!(over(&counters, u64::MAX, &limits), expect(u64::MAX, true));
}

#[test]
fn all_limits_are_held_or_none() {
    let counters = Counters::new();
    let (wide, narrow) = (tokens_a_day(100), limit(Measure::Tokens, Per::Minute, 50));
    for limits in [[wide.clone(), narrow.clone()], [narrow.clone(), wide.clone()]] {
        assert_eq!(over(&counters, 60, &limits).limit, narrow);
        assert_eq!(stands(&counters, NOW, &wide), (0, 0));
        assert_eq!(stands(&counters, NOW, &narrow), (0, 0));
    }
    let held = hold(&counters, 50, &[wide.clone(), narrow.clone()]).unwrap();
    let record = |limit: &Limit, window| HeldRecord {
        counter: limit.key.clone(),
        window: at(window),
        amount: 50,
    };
    let records = [record(&wide, "2026-11-24T00:00:00Z"), record(&narrow, "2026-11-24T09:00:00Z")];
    assert_eq!(held.records(), records);
    assert_eq!(stands(&counters, NOW, &wide), (0, 50));
}

#[test]
fn of_several_limits_the_one_that_keeps_out_longest_is_named() {
    let counters = Counters::new();
    let [minute, day, month] = [(Per::Minute, 10), (Per::Day, 20), (Per::Month, 15)]
        .map(|(per, at_most)| limit(Measure::Tokens, per, at_most));
    let _used = hold(&counters, 10, &[minute.clone(), day.clone(), month.clone()]).unwrap();
    let named = |amount, limits: &[Limit]| over(&counters, amount, limits).limit;
    // The day has 10 left, the minute nothing, the month 5.
    assert_eq!(named(5, &[minute.clone(), day.clone(), month.clone()]), minute);
    assert_eq!(named(6, &[minute.clone(), day.clone(), month.clone()]), month);
    assert_eq!(named(6, &[month.clone(), day.clone(), minute.clone()]), month);
    // More than the minute has at all: no reset helps.
    assert_eq!(named(11, &[month, day, minute.clone()]), minute);
}

#[test]
fn each_measure_is_held_by_its_own_amount() {
    let counters = Counters::new();
    let limits = Measure::ALL.map(|measure| limit(measure, Per::Month, 1000));
    let bound = Amounts { requests: 1, tokens: 20, nano_usd: 300 };
    let held = counters.hold(NOW, bound, &limits).unwrap();
    let stands = || limits.each_ref().map(|limit| stands(&counters, NOW, limit));
    assert_eq!(stands(), [(0, 1), (0, 20), (0, 300)]);
    held.settle(Amounts { requests: 1, tokens: 2, nano_usd: 3 });
    assert_eq!(stands(), [(1, 0), (2, 0), (3, 0)]);
}

#[test]
fn agents_and_quotas_are_counted_apart() {
    let counters = Counters::new();
    let of = |quota: &str, agent: Option<&str>| {
        let mut limit = tokens_a_day(10);
        limit.key = key(quota, Measure::Tokens, Per::Day);
        limit.key.agent = agent.map(|agent| agent.parse().unwrap());
        limit
    };
    let limits = [of("a", None), of("a", Some("ann")), of("a", Some("ben")), of("b", None)];
    for limit in &limits {
        hold(&counters, 10, std::slice::from_ref(limit)).unwrap().settle(tokens(10));
        assert_eq!(stands(&counters, NOW, limit), (10, 0));
    }
}

#[test]
fn what_a_call_cannot_use_is_not_held_and_cannot_run_out() {
    let counters = Counters::new();
    let nothing = limit(Measure::Money, Per::Day, 0);
    let held = hold(&counters, 10, &[nothing.clone(), tokens_a_day(100)]).unwrap();
    assert_eq!(held.records().len(), 1);
    let free = hold(&counters, 0, std::slice::from_ref(&nothing)).unwrap();
    assert_eq!(free.records(), []);
    assert_eq!(free.settle(tokens(5)), tokens(0));
}

#[test]
fn without_limits_everything_is_held() {
    let counters = Counters::new();
    let held = hold(&counters, u64::MAX, &[]).unwrap();
    assert_eq!(held.records(), []);
    assert_eq!(held.settle(tokens(7)), tokens(7));
}

#[test]
fn a_limit_of_nothing_refuses_and_a_limit_of_everything_is_exact() {
    let counters = Counters::new();
    assert!(over(&counters, 1, &[tokens_a_day(0)]).never);
    let most = [tokens_a_day(u64::MAX)];
    let nearly = hold(&counters, u64::MAX - 1, &most).unwrap();
    let last = hold(&counters, 1, &most).unwrap();
    assert_eq!(stands(&counters, NOW, &most[0]), (0, u64::MAX));
    assert_eq!(over(&counters, 1, &most).held, u64::MAX);
    last.release();
    assert_eq!(stands(&counters, NOW, &most[0]), (0, u64::MAX - 1));
    drop(nearly);
    assert_eq!(over(&counters, 2, &most).used, u64::MAX - 1);
}

#[test]
fn a_limit_lowered_below_what_is_used_and_held_refuses_only_what_is_new() {
    let counters = Counters::new();
    let (before, after) = ([tokens_a_day(100)], [tokens_a_day(10)]);
    hold(&counters, 30, &before).unwrap().settle(tokens(30));
    let running = hold(&counters, 50, &before).unwrap();
    let over = over(&counters, 1, &after);
    assert_eq!((over.used, over.held, over.never), (30, 50, false));
    assert_eq!(running.settle(tokens(50)), tokens(50));
    assert_eq!(stands(&counters, NOW, &after[0]), (80, 0));
    // Raised again, what was counted meanwhile still counts.
    assert!(hold(&counters, 21, &before).is_err());
    assert!(hold(&counters, 20, &before).is_ok());
}

#[test]
fn sixteen_limits_apply_at_once_and_no_more() {
    let counters = Counters::new();
    let mut limits: Vec<_> = (0..LIMITS_MAX)
        .map(|number| Limit {
            key: key(&format!("q{number}"), Measure::Tokens, Per::Day),
            ..tokens_a_day(10)
        })
        .collect();
    assert_eq!(hold(&counters, 10, &limits).unwrap().records().len(), LIMITS_MAX);
    limits.push(tokens_a_day(10));
    assert_eq!(hold(&counters, 10, &limits).unwrap_err(), NotHeld::TooManyLimits);
    assert_eq!(stands(&counters, NOW, &tokens_a_day(10)), (0, 0));
}

#[test]
fn a_limit_named_twice_counts_twice_and_ends_at_nothing() {
    let (counters, one) = (Counters::new(), tokens_a_day(100));
    let twice = [one.clone(), one.clone()];
    assert!(hold(&counters, 51, &twice).is_err());
    assert_eq!(stands(&counters, NOW, &one), (0, 0));
    hold(&counters, 50, &twice).unwrap().release();
    assert_eq!(stands(&counters, NOW, &one), (0, 0));
}

#[test]
fn a_million_counters_are_kept_and_no_more_until_their_window_is_past() {
    let counters = Counters::new();
    let agents = quota::COUNTERS_MAX / LIMITS_MAX;
    let limits: Vec<_> = (0..LIMITS_MAX)
        .map(|number| Limit {
            key: key(&format!("q{number}"), Measure::Tokens, Per::Minute),
            ..tokens_a_day(9)
        })
        .collect();
    let of = |agent: usize| {
        let agent = Some(format!("a{agent}").parse().unwrap());
        let mut limits = limits.clone();
        limits.iter_mut().for_each(|limit| limit.key.agent.clone_from(&agent));
        limits
    };
    for agent in 0..agents {
        counters.hold(NOW, tokens(1), &of(agent)).unwrap().release();
    }
    let (known, new) = (of(0), of(agents));
    assert!(hold(&counters, 1, &known).is_ok());
    assert_eq!(hold(&counters, 1, &new).unwrap_err(), NotHeld::Full);
    // What does not fit anyway is refused as such.
    assert!(over(&counters, 10, &new).never);
    let later = NOW.plus_millis(60_000);
    assert!(counters.hold(later, tokens(1), &new).is_ok());
}

#[test]
fn holds_and_counters_go_wherever_a_call_goes() {
    fn travels<T: Send + Sync + 'static>() {}
    travels::<Counters>();
    travels::<quota::Hold>();
    travels::<quota::Replay>();
    travels::<quota::Recent>();
}
