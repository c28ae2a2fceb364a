//! Many at once: no budget is overshot, and nothing is lost.

use std::sync::Barrier;

use model::{Measure, Per};
use quota::{Counters, NotHeld};

use crate::desk::{NOW, hold, limit, stands, tokens, tokens_a_day};

const CALLERS: u64 = 500;

/// What each of so many threads came to.
fn at_once<T: Send>(callers: u64, call: &(impl Fn(u64) -> T + Sync)) -> Vec<T> {
    std::thread::scope(|scope| {
        let callers: Vec<_> =
            (0..callers).map(|caller| scope.spawn(move || call(caller))).collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    })
}

#[test]
fn five_hundred_callers_against_a_budget_for_fifty_are_fifty() {
    let (counters, limits) = (Counters::new(), [limit(Measure::Requests, Per::Day, 50)]);
    let gate = Barrier::new(500);
    let call = |_| {
        gate.wait();
        hold(&counters, 10, &limits)
    };
    let held = at_once(CALLERS, &call);
    let refused = held.iter().filter(|one| matches!(one, Err(NotHeld::Over(_)))).count();
    assert_eq!((held.iter().flatten().count(), refused), (50, 450));
    assert_eq!(stands(&counters, NOW, &limits[0]), (0, 50));
    drop(held);
    assert_eq!(stands(&counters, NOW, &limits[0]), (50, 0));
}

#[test]
fn concurrent_calls_on_several_limits_end_at_the_sum_of_what_they_used() {
    let counters = Counters::new();
    let limits = [tokens_a_day(1000), limit(Measure::Tokens, Per::Month, 700)];
    let call = |_| -> u64 {
        let calls = (0..20).filter_map(|round: u64| {
            let held = hold(&counters, 30, &limits).ok()?;
            let (used, held_now) = stands(&counters, NOW, &limits[1]);
            assert!(used + held_now <= 700);
            match round % 3 {
                0 => Some(held.settle(tokens(round)).tokens),
                1 => Some(0).inspect(|_| held.release()),
                _ => Some(held.settle(tokens(u64::MAX)).tokens),
            }
        });
        calls.sum()
    };
    let charged: u64 = at_once(64, &call).into_iter().sum();
    for limit in &limits {
        assert_eq!(stands(&counters, NOW, limit), (charged, 0));
    }
}
