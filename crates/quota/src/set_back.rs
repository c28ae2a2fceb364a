//! Where a log tells that a clock which had been ahead was right again. Windows never go back by
//! themselves; whoever starts a gateway may say that its clock is right now, and from then on calls
//! are held in windows that begin earlier than those before. What was counted in the later ones was
//! counted before that moment, whatever the clock had said, and is counted at that moment.

use std::collections::BTreeMap;

use model::{HeldRecord, Per, Timestamp};

/// How far ahead of a call the windows it is held in may begin without telling of a clock that was
/// ahead: within it a clock comes back by itself, and entries of two windows may stand crosswise.
pub const AHEAD_MAX_MS: i64 = 3_600_000;

/// The places of a log at which a clock was right again.
#[derive(Debug, Clone, Default)]
pub struct SetBacks {
    /// The window in which a call was last held, by its length.
    last: BTreeMap<Per, Timestamp>,
    /// The entries, in the log's order, and the time at each. There is one for each start at which
    /// somebody said so.
    found: Vec<(u64, Timestamp)>,
}

impl SetBacks {
    /// Nothing seen of the log but that calls were last held in these windows.
    pub(crate) const fn after(last: BTreeMap<Per, Timestamp>) -> Self {
        Self { last, found: Vec::new() }
    }

    /// The entry at `index` is a decision about a request that came `at` that time, and holds this.
    /// Hand it every decision, in order.
    pub fn see(&mut self, index: u64, at: Timestamp, holds: &[HeldRecord]) {
        let limit = at.plus_millis(AHEAD_MAX_MS);
        let ahead = |per| self.last.get(&per).is_some_and(|last: &Timestamp| *last > limit);
        let back = |held: &HeldRecord| held.window <= at && ahead(held.counter.per);
        if holds.iter().any(back) {
            self.found.push((index, at));
        }
        self.last.extend(holds.iter().map(|held| (held.counter.per, held.window)));
    }

    /// Somebody says that the clock is right `now`, with the next entry at `index`.
    pub fn say(&mut self, index: u64, now: Timestamp) {
        self.found.push((index, now));
    }

    /// Whether the clock was always right, as far as the log tells.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The time after which nothing was used that entries before `index` tell of; none where
    /// nothing bounds it.
    #[must_use]
    pub fn bound(&self, index: u64) -> Option<Timestamp> {
        let later = self.found.iter().filter(|(place, _)| *place > index);
        later.map(|(_, at)| *at).min()
    }
}
