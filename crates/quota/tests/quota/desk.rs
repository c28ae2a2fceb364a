//! What every test here needs: a day, ids, limits, and how a limit stands.

use model::{Amounts, BudgetScope, CounterKey, DecisionId, Digest, Measure, Per, Timestamp};
use quota::{Code, CounterStatus, Counters, Hold, Limit, NotHeld, Over};

/// 2026-11-24T09:00:00Z, a Tuesday.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_795_510_800_000);
pub(crate) const LOG: &str = "example.org/decisions";

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn id(number: u64) -> DecisionId {
    let mut random = [0; 10];
    random[..8].copy_from_slice(&number.to_be_bytes());
    DecisionId::new(1, random)
}

pub(crate) fn key(quota: &str, measure: Measure, per: Per) -> CounterKey {
    let scope = Some(BudgetScope::Gateway);
    CounterKey { quota: quota.parse().unwrap(), scope, measure, per, agent: None }
}

/// The authentication code of these tests.
pub(crate) fn code(content: &[u8]) -> Code {
    *Digest::of(&[b"a key", content].concat()).as_bytes()
}

pub(crate) fn limit(measure: Measure, per: Per, at_most: u64) -> Limit {
    Limit { key: key("team", measure, per), at_most, owner: "seat:finance".to_owned() }
}

pub(crate) fn tokens_a_day(at_most: u64) -> Limit {
    limit(Measure::Tokens, Per::Day, at_most)
}

pub(crate) const fn tokens(tokens: u64) -> Amounts {
    Amounts { requests: 1, tokens, nano_usd: 0 }
}

/// Holds so many tokens at [`NOW`].
pub(crate) fn hold(counters: &Counters, amount: u64, limits: &[Limit]) -> Result<Hold, NotHeld> {
    counters.hold(NOW, tokens(amount), limits)
}

/// Why so many tokens are not held at [`NOW`].
pub(crate) fn over(counters: &Counters, amount: u64, limits: &[Limit]) -> Over {
    match hold(counters, amount, limits) {
        Err(NotHeld::Over(over)) => over,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn status(counters: &Counters, now: Timestamp, limit: &Limit) -> CounterStatus {
    counters.status(now, std::slice::from_ref(limit)).pop().unwrap()
}

/// What is used and held of a limit at `now`.
pub(crate) fn stands(counters: &Counters, now: Timestamp, limit: &Limit) -> (u64, u64) {
    let status = status(counters, now, limit);
    (status.used, status.held)
}
