//! The counters of the windows that run, and the holds that are open: what [`crate::Counters`]
//! guards. It knows no lock and no clock.

use std::collections::HashMap;
use std::sync::Arc;

use model::{Amounts, CounterKey, DecisionId, HeldRecord, Per, Timestamp};

use crate::{
    COUNTERS_MAX, CounterStatus, HOLDS_MAX, Limit, NotHeld, Over, window_end, window_start,
};

/// Everything that is counted.
#[derive(Debug)]
pub(crate) struct State {
    minute: Window,
    day: Window,
    month: Window,
    open: HashMap<DecisionId, Open>,
}

/// The newest window of its length, and what is counted in it. All counters of a length share it,
/// so that a window that is past goes as a whole.
#[derive(Debug)]
pub(crate) struct Window {
    pub(crate) start: Timestamp,
    end: Timestamp,
    counters: HashMap<CounterKey, Counter>,
}

/// One count.
///
/// `held` is the sum of open holds and wider than each: however large they are, taking one away
/// leaves exactly the others.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counter {
    used: u64,
    held: u128,
}

/// A hold that is neither settled nor released.
#[derive(Debug)]
struct Open {
    held: Arc<[HeldRecord]>,
    origin: Origin,
}

/// How a hold came to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// Made here, or met in the log.
    Known,
    /// From a snapshot: whether its decision was ever recorded is not known yet.
    Snapshot,
}

/// What to count of a hold that ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Charge {
    /// All that was held.
    Full,
    /// This, at most what was held.
    Used(Amounts),
}

/// Counters of windows that are past; dropping many takes time, so that is done outside the lock.
pub(crate) type Retired = Vec<HashMap<CounterKey, Counter>>;

impl State {
    pub(crate) fn new() -> Self {
        let window = |per| Window::new(per, Timestamp::from_millis(0));
        Self {
            minute: window(Per::Minute),
            day: window(Per::Day),
            month: window(Per::Month),
            open: HashMap::new(),
        }
    }

    pub(crate) const fn window(&self, per: Per) -> &Window {
        match per {
            Per::Minute => &self.minute,
            Per::Day => &self.day,
            Per::Month => &self.month,
        }
    }

    const fn window_mut(&mut self, per: Per) -> &mut Window {
        match per {
            Per::Minute => &mut self.minute,
            Per::Day => &mut self.day,
            Per::Month => &mut self.month,
        }
    }

    /// Begins the windows that `now` lies in, where they are newer than those that run.
    pub(crate) fn advance(&mut self, now: Timestamp) -> Retired {
        Per::ALL.iter().filter_map(|per| self.window_mut(*per).advance(*per, now)).collect()
    }

    /// Holds `bound` against every limit, or against none.
    pub(crate) fn hold(
        &mut self,
        id: DecisionId,
        bound: &Amounts,
        limits: &[Limit],
    ) -> Result<Arc<[HeldRecord]>, NotHeld> {
        if self.open.contains_key(&id) {
            return Err(NotHeld::AlreadyHeld);
        }
        if self.open.len() >= HOLDS_MAX {
            return Err(NotHeld::Full);
        }
        let mut held = Vec::with_capacity(limits.len());
        for limit in limits {
            // Of what a call cannot use there is nothing to hold, and nothing it could exceed.
            let asked = bound.of(limit.key.measure);
            if asked == 0 {
                continue;
            }
            match self.add(limit, asked) {
                Ok(record) => held.push(record),
                Err(why) => {
                    self.take_away(&held, Charge::Used(Amounts::default()));
                    return Err(self.worst(why, bound, limits));
                }
            }
        }
        let held: Arc<[HeldRecord]> = held.into();
        if !held.is_empty() {
            self.open.insert(id, Open { held: Arc::clone(&held), origin: Origin::Known });
        }
        Ok(held)
    }

    /// Holds `asked` against one limit.
    fn add(&mut self, limit: &Limit, asked: u64) -> Result<HeldRecord, NotHeld> {
        let full = self.counters() >= COUNTERS_MAX;
        let window = self.window_mut(limit.key.per);
        let start = window.start;
        match window.counters.get_mut(&limit.key) {
            Some(counter) if counter.fits(limit, asked) => {
                counter.held = counter.held.saturating_add(asked.into());
            }
            None if Counter::default().fits(limit, asked) => {
                if full {
                    return Err(NotHeld::Full);
                }
                let counter = Counter { used: 0, held: asked.into() };
                window.counters.insert(limit.key.clone(), counter);
            }
            Some(_) | None => return Err(NotHeld::Over(self.over(limit, asked))),
        }
        Ok(HeldRecord { counter: limit.key.clone(), window: start, amount: asked })
    }

    /// How many counters there are.
    fn counters(&self) -> usize {
        Per::ALL.iter().map(|per| self.window(*per).counters.len()).sum()
    }

    /// Of all limits that leave too little, the one that keeps the call out longest.
    fn worst(&self, first: NotHeld, bound: &Amounts, limits: &[Limit]) -> NotHeld {
        let NotHeld::Over(first) = first else { return first };
        let others = limits.iter().filter_map(|limit| {
            let asked = bound.of(limit.key.measure);
            let fits = self.window(limit.key.per).counter(&limit.key).fits(limit, asked);
            (asked > 0 && !fits).then(|| self.over(limit, asked))
        });
        let longest = |over: &Over| (over.never, over.resets);
        NotHeld::Over(others.fold(first, |worst, other| {
            if longest(&other) > longest(&worst) { other } else { worst }
        }))
    }

    fn over(&self, limit: &Limit, asked: u64) -> Over {
        let window = self.window(limit.key.per);
        let counter = window.counter(&limit.key);
        Over {
            limit: limit.clone(),
            used: counter.used,
            held: counter.held(),
            asked,
            resets: window.end,
            never: asked > limit.at_most,
        }
    }

    /// Ends a hold. Gives back what was held, to be dropped outside the lock; none where no such
    /// hold is open.
    pub(crate) fn close(&mut self, id: DecisionId, charge: Charge) -> Option<Arc<[HeldRecord]>> {
        let open = self.open.remove(&id)?;
        self.take_away(&open.held, charge);
        Some(open.held)
    }

    /// What was held is held no more, and `charge` of it is used. In a window that is past there
    /// is nothing left to count.
    fn take_away(&mut self, held: &[HeldRecord], charge: Charge) {
        for record in held {
            let window = self.window_mut(record.counter.per);
            if window.start != record.window {
                continue;
            }
            if let Some(counter) = window.counters.get_mut(&record.counter) {
                counter.held = counter.held.saturating_sub(record.amount.into());
                counter.used = counter.used.saturating_add(charge.of(record));
            }
        }
    }

    /// Opens a hold that the log or a snapshot tells of. No limit applies: it was granted.
    fn reopen(&mut self, id: DecisionId, records: &[HeldRecord], origin: Origin) {
        let held: Arc<[HeldRecord]> = records.iter().map(aligned).collect();
        for record in held.iter() {
            let per = record.counter.per;
            let window = self.window_mut(per);
            window.advance(per, record.window);
            if window.start == record.window {
                let counter = window.counters.entry(record.counter.clone()).or_default();
                counter.held = counter.held.saturating_add(record.amount.into());
            }
        }
        self.open.insert(id, Open { held, origin });
    }

    /// Folds a decision of the log.
    pub(crate) fn replay_decision(&mut self, id: DecisionId, records: &[HeldRecord]) {
        match self.open.get_mut(&id) {
            Some(open) => open.origin = Origin::Known,
            None if records.is_empty() => {}
            None => self.reopen(id, records, Origin::Known),
        }
    }

    /// Open holds, and those of them of which only a snapshot tells.
    pub(crate) fn open_after_replay(&self) -> (Vec<DecisionId>, Vec<DecisionId>) {
        let of = |origin| {
            let open = self.open.iter().filter(move |(_, open)| open.origin == origin);
            open.map(|(id, _)| *id).collect()
        };
        (of(Origin::Known), of(Origin::Snapshot))
    }

    /// How `limit` stands at `now`.
    pub(crate) fn status(&self, now: Timestamp, limit: &Limit) -> CounterStatus {
        let per = limit.key.per;
        let running = self.window(per);
        let window = window_start(per, now).max(running.start);
        let counter =
            if window == running.start { running.counter(&limit.key) } else { Counter::default() };
        let resets = window_end(per, window);
        CounterStatus {
            key: limit.key.clone(),
            at_most: limit.at_most,
            used: counter.used,
            held: counter.held(),
            window,
            resets,
            forecast: forecast(counter.used, now.millis_since(window), resets.millis_since(window)),
        }
    }

    /// What is used in the window of `per`, counter by counter.
    pub(crate) fn used(&self, per: Per) -> Vec<(CounterKey, u64)> {
        let counters = self.window(per).counters.iter().filter(|(_, counter)| counter.used > 0);
        counters.map(|(key, counter)| (key.clone(), counter.used)).collect()
    }

    /// Every open hold.
    pub(crate) fn holds(&self) -> Vec<(DecisionId, Arc<[HeldRecord]>)> {
        self.open.iter().map(|(id, open)| (*id, Arc::clone(&open.held))).collect()
    }

    /// Counts what a snapshot tells of the window of `key` that begins at `start`.
    pub(crate) fn restore_used(&mut self, start: Timestamp, key: CounterKey, used: u64) {
        let window = self.window_mut(key.per);
        if window.start == start {
            let counter = window.counters.entry(key).or_default();
            counter.used = counter.used.saturating_add(used);
        }
    }

    /// Begins the window of `per` that a snapshot tells of.
    pub(crate) fn restore_window(&mut self, per: Per, start: Timestamp) {
        self.window_mut(per).advance(per, start);
    }

    /// Opens a hold that a snapshot tells of.
    pub(crate) fn restore_hold(&mut self, id: DecisionId, records: &[HeldRecord]) {
        self.reopen(id, records, Origin::Snapshot);
    }
}

impl Window {
    fn new(per: Per, now: Timestamp) -> Self {
        let (start, end) = (window_start(per, now), window_end(per, now));
        Self { start, end, counters: HashMap::new() }
    }

    /// Begins the window `now` lies in, where that is newer, and gives back the past one's
    /// counters. It never goes back: a clock set back counts in the newest window there was.
    fn advance(&mut self, per: Per, now: Timestamp) -> Option<HashMap<CounterKey, Counter>> {
        if now < self.end {
            return None;
        }
        let next = Self::new(per, now);
        (next.start > self.start).then(|| std::mem::replace(self, next).counters)
    }

    fn counter(&self, key: &CounterKey) -> Counter {
        self.counters.get(key).copied().unwrap_or_default()
    }
}

impl Counter {
    fn fits(self, limit: &Limit, asked: u64) -> bool {
        let after = self.held.saturating_add(self.used.into()).saturating_add(asked.into());
        after <= limit.at_most.into()
    }

    fn held(self) -> u64 {
        u64::try_from(self.held).unwrap_or(u64::MAX)
    }
}

impl Charge {
    fn of(self, record: &HeldRecord) -> u64 {
        match self {
            Self::Full => record.amount,
            Self::Used(used) => used.of(record.counter.measure).min(record.amount),
        }
    }
}

/// The record with its window at a window's beginning, whatever it says.
fn aligned(record: &HeldRecord) -> HeldRecord {
    let window = window_start(record.counter.per, record.window);
    HeldRecord { window, ..record.clone() }
}

/// `used` carried on to the window's end; none in its first twentieth.
fn forecast(used: u64, elapsed: u64, length: u64) -> Option<u64> {
    if elapsed == 0 || elapsed.saturating_mul(20) < length {
        return None;
    }
    let whole = u128::from(used).saturating_mul(length.into()) / u128::from(elapsed.min(length));
    Some(u64::try_from(whole).unwrap_or(u64::MAX))
}
