//! Rounding, the edges of what can be counted, and that no cost is above its bound.

use model::Timestamp;
use proptest::prelude::*;

use super::{Price, bound};

fn price(input: u64, output: u64) -> Price {
    let since = Timestamp::from_millis(0);
    Price { input_nano_per_million: input, output_nano_per_million: output, since }
}

fn check(price: Price, tokens: (u64, u64), cost: u64) {
    assert_eq!(price.cost(tokens.0, tokens.1), cost, "{price:?} {tokens:?}");
}

#[test]
fn a_cost_is_exact_or_rounded_up() {
    // 3 USD per million read and 15 written.
    let usual = price(3_000_000_000, 15_000_000_000);
    check(usual, (1_000_000, 0), 3_000_000_000);
    check(usual, (1000, 100), 4_500_000);
    check(usual, (0, 0), 0);
    check(price(1, 0), (1, 0), 1);
    check(price(1, 0), (1_000_000, 0), 1);
    check(price(1, 0), (1_000_001, 0), 2);
    // It is rounded once, over both.
    check(price(500_000, 500_000), (1, 1), 1);
    check(price(0, 0), (u64::MAX, u64::MAX), 0);
}

#[test]
fn a_cost_beyond_counting_is_the_most_there_is() {
    check(price(u64::MAX, u64::MAX), (u64::MAX, u64::MAX), u64::MAX);
    check(price(u64::MAX, 0), (1_000_001, 0), u64::MAX);
    check(price(u64::MAX, 0), (1_000_000, 0), u64::MAX);
    check(price(u64::MAX, 0), (1, 0), u64::MAX / 1_000_000 + 1);
}

#[test]
fn a_bound_is_that_of_the_dearest_target_and_none_without_a_price() {
    let (cheap, dear) = (price(1_000_000, 0), price(2_000_000, 0));
    assert_eq!(bound([Some(&cheap), Some(&dear)], 7, 9), Some(14));
    assert_eq!(bound([Some(&dear), Some(&cheap)], 7, 9), Some(14));
    assert_eq!(bound([Some(&price(0, 0))], u64::MAX, u64::MAX), Some(0));
    assert_eq!(bound([Some(&cheap), None], 7, 9), None);
    assert_eq!(bound([None, Some(&cheap)], 7, 9), None);
    assert_eq!(bound([], 7, 9), None);
}

#[test]
fn a_price_of_the_future_is_none_yet() {
    let since = |millis| Price { since: Timestamp::from_millis(millis), ..price(1, 1) };
    let prices = [since(20), since(10), since(30)];
    let at = |millis| Price::in_force(&prices, Timestamp::from_millis(millis)).copied();
    assert_eq!(at(9), None);
    assert_eq!(at(10), Some(since(10)));
    assert_eq!(at(19), Some(since(10)));
    assert_eq!(at(20), Some(since(20)));
    assert_eq!(at(i64::MAX), Some(since(30)));
    assert_eq!(Price::in_force(&[], Timestamp::from_millis(9)), None);
}

proptest! {
    #[test]
    fn what_a_call_costs_is_never_above_its_bound(
        prices in prop::collection::vec((any::<u64>(), any::<u64>()), 1..4),
        input in (any::<u64>(), any::<u64>()),
        output in (any::<u64>(), any::<u64>()),
    ) {
        let prices: Vec<_> = prices.into_iter().map(|(read, write)| price(read, write)).collect();
        let most = bound(prices.iter().map(Some), input.0, output.0).unwrap();
        for price in prices {
            let used = price.cost(input.0.min(input.1), output.0.min(output.1));
            prop_assert!(used <= most);
        }
    }
}
