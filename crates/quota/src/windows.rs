//! The counters of the windows that run: what [`crate::Counters`] guards and [`crate::Replay`]
//! finds again. It knows no lock and no clock.

use std::collections::HashMap;

use model::{Amounts, CounterKey, HeldRecord, Per, Timestamp};

use crate::{COUNTERS_MAX, CounterStatus, Limit, NotHeld, Over, window_end, window_start};

/// Everything that is counted.
#[derive(Debug, Clone)]
pub(crate) struct Windows {
    minute: Window,
    day: Window,
    month: Window,
}

/// The newest window of its length, and what is counted in it. All counters of a length share it,
/// so that a window that is past goes as a whole.
#[derive(Debug, Clone)]
struct Window {
    start: Timestamp,
    end: Timestamp,
    counters: HashMap<CounterKey, Counter>,
    /// Some were recorded by a version that did not say for whom: they count for everybody whom a
    /// budget of that name is for.
    unnamed: bool,
}

/// One count.
///
/// `held` is the sum of what calls hold and wider than each: however large they are, taking one
/// away leaves exactly the others.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counter {
    used: u64,
    held: u128,
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

impl Windows {
    pub(crate) fn new() -> Self {
        let window = |per| Window::new(per, Timestamp::from_millis(0));
        Self { minute: window(Per::Minute), day: window(Per::Day), month: window(Per::Month) }
    }

    const fn get(&self, per: Per) -> &Window {
        match per {
            Per::Minute => &self.minute,
            Per::Day => &self.day,
            Per::Month => &self.month,
        }
    }

    const fn get_mut(&mut self, per: Per) -> &mut Window {
        match per {
            Per::Minute => &mut self.minute,
            Per::Day => &mut self.day,
            Per::Month => &mut self.month,
        }
    }

    /// Begins the windows that `now` lies in, where they are newer than those that run.
    pub(crate) fn advance(&mut self, now: Timestamp) -> Retired {
        Per::ALL.iter().filter_map(|per| self.begin(*per, now)).collect()
    }

    /// The same for one length.
    pub(crate) fn begin(
        &mut self,
        per: Per,
        now: Timestamp,
    ) -> Option<HashMap<CounterKey, Counter>> {
        self.get_mut(per).advance(per, now)
    }

    /// Holds `bound` against every limit, or against none.
    pub(crate) fn hold(
        &mut self,
        bound: &Amounts,
        limits: &[Limit],
    ) -> Result<Vec<HeldRecord>, NotHeld> {
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
                    self.end(&held, Charge::Used(Amounts::default()));
                    return Err(self.worst(why, bound, limits));
                }
            }
        }
        Ok(held)
    }

    /// Holds `asked` against one limit.
    fn add(&mut self, limit: &Limit, asked: u64) -> Result<HeldRecord, NotHeld> {
        let full = self.counters() >= COUNTERS_MAX;
        let window = self.get_mut(limit.key.per);
        let start = window.start;
        let unnamed = window.unnamed(&limit.key);
        match window.counters.get_mut(&limit.key) {
            Some(counter) if counter.and(unnamed).fits(limit, asked) => {
                counter.held = counter.held.saturating_add(asked.into());
            }
            None if unnamed.fits(limit, asked) => {
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
        Per::ALL.iter().map(|per| self.get(*per).counters.len()).sum()
    }

    /// Of all limits that leave too little, the one that keeps the call out longest.
    fn worst(&self, first: NotHeld, bound: &Amounts, limits: &[Limit]) -> NotHeld {
        let NotHeld::Over(first) = first else { return first };
        let others = limits.iter().filter_map(|limit| {
            let asked = bound.of(limit.key.measure);
            let fits = self.get(limit.key.per).counter(&limit.key).fits(limit, asked);
            (asked > 0 && !fits).then(|| self.over(limit, asked))
        });
        let longest = |over: &Over| (over.never, over.resets);
        NotHeld::Over(others.fold(first, |worst, other| {
            if longest(&other) > longest(&worst) { other } else { worst }
        }))
    }

    fn over(&self, limit: &Limit, asked: u64) -> Over {
        let window = self.get(limit.key.per);
        let counter = window.counter(&limit.key);
        Over {
            limit: limit.clone(),
            used: counter.used,
            held: counter.held(),
            asked,
            resets: window.end,
            never: asked > limit.at_most || asked == u64::MAX,
        }
    }

    /// What was held is held no more, and `charge` of it is used. In a window that is past there
    /// is nothing left to count.
    pub(crate) fn end(&mut self, held: &[HeldRecord], charge: Charge) {
        for record in held {
            let window = self.get_mut(record.counter.per);
            if window.start != record.window {
                continue;
            }
            if let Some(counter) = window.counters.get_mut(&record.counter) {
                counter.held = counter.held.saturating_sub(record.amount.into());
                counter.used = counter.used.saturating_add(charge.of(record));
            }
        }
    }

    /// Counts `used` in the window of `key` that begins at `start`, unless that is past. No limit
    /// applies: it is what was.
    pub(crate) fn count(&mut self, key: CounterKey, start: Timestamp, used: u64) {
        let window = self.get_mut(key.per);
        if window.start == start {
            window.unnamed |= key.scope.is_none();
            let counter = window.counters.entry(key).or_default();
            counter.used = counter.used.saturating_add(used);
        }
    }

    /// How `limit` stands at `now`.
    pub(crate) fn status(&self, now: Timestamp, limit: &Limit) -> CounterStatus {
        let per = limit.key.per;
        let running = self.get(per);
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

    /// The first instant of the window of `per`.
    pub(crate) const fn start(&self, per: Per) -> Timestamp {
        self.get(per).start
    }

    /// The first instant of the window of `per`, and what is used in it, counter by counter.
    pub(crate) fn used(&self, per: Per) -> (Timestamp, impl Iterator<Item = (&CounterKey, u64)>) {
        let window = self.get(per);
        let used = window.counters.iter().map(|(key, counter)| (key, counter.used));
        (window.start, used.filter(|(_, used)| *used > 0))
    }
}

impl Window {
    fn new(per: Per, now: Timestamp) -> Self {
        let (start, end) = (window_start(per, now), window_end(per, now));
        Self { start, end, counters: HashMap::new(), unnamed: false }
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
        self.counters.get(key).copied().unwrap_or_default().and(self.unnamed(key))
    }

    /// What is counted beside the counter of `key`, by entries that did not say for whom.
    fn unnamed(&self, key: &CounterKey) -> Counter {
        if !self.unnamed || key.scope.is_none() {
            return Counter::default();
        }
        let unnamed = CounterKey { scope: None, ..key.clone() };
        self.counters.get(&unnamed).copied().unwrap_or_default()
    }
}

impl Counter {
    const fn and(self, other: Self) -> Self {
        let used = self.used.saturating_add(other.used);
        Self { used, held: self.held.saturating_add(other.held) }
    }

    /// A bound at the end of what can be counted stands for all above it, so it fits nowhere.
    fn fits(self, limit: &Limit, asked: u64) -> bool {
        let after = self.held.saturating_add(self.used.into()).saturating_add(asked.into());
        asked < u64::MAX && after <= limit.at_most.into()
    }

    fn held(self) -> u64 {
        u64::try_from(self.held).unwrap_or(u64::MAX)
    }
}

impl Charge {
    /// What is used of what `record` held.
    pub(crate) fn of(self, record: &HeldRecord) -> u64 {
        match self {
            Self::Full => record.amount,
            Self::Used(used) => used.of(record.counter.measure).min(record.amount),
        }
    }
}

/// `used` carried on to the window's end; none in its first twentieth.
fn forecast(used: u64, elapsed: u64, length: u64) -> Option<u64> {
    if elapsed == 0 || elapsed.saturating_mul(20) < length {
        return None;
    }
    let whole = u128::from(used).saturating_mul(length.into()) / u128::from(elapsed.min(length));
    Some(u64::try_from(whole).unwrap_or(u64::MAX))
}
