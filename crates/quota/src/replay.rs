//! What the decision log says was used: the fold that finds the counters again, and of which
//! snapshots are made.
//!
//! Snapshots are never made of the counters that serve. Those are ahead of the log: they hold what
//! is not recorded yet, and settle what has no outcome yet, so after a crash they would know of
//! calls that the log tells otherwise, or not at all. A fold of the first N entries is nothing but
//! those entries, so a snapshot and the entries from N on count each call once, whenever it is
//! made.

use std::collections::HashMap;

use model::{Amounts, DecisionId, HeldRecord, Per, Timestamp};

use crate::calendar::window_start;
use crate::snapshot::{Content, Counted, OpenHold, Snapshot, WindowContent};
use crate::windows::{Charge, Windows};
use crate::{AHEAD_MAX_MS, Counters, SetBacks};

/// The fold of a decision log: hand it every entry, in order, from [`Snapshot::upto`] or else from
/// the first.
///
/// What a decision holds counts when its outcome says what was charged. No limit and no bound
/// applies: what the log says, was.
#[derive(Debug)]
pub struct Replay {
    windows: Windows,
    /// Decisions without an outcome so far.
    open: HashMap<DecisionId, Vec<HeldRecord>>,
}

impl Replay {
    /// The fold of no entry.
    #[must_use]
    pub fn new() -> Self {
        Self { windows: Windows::new(), open: HashMap::new() }
    }

    /// The fold of the entries that `snapshot` includes.
    #[must_use]
    pub fn restore(snapshot: Snapshot) -> Self {
        let mut replay = Self::new();
        let content = snapshot.into_content();
        for WindowContent { per, start, counters } in content.windows {
            let start = window_start(per, start);
            replay.windows.begin(per, start);
            for counted in counters {
                let used = counted.used;
                replay.windows.count(counted.into_key(per), start, used);
            }
        }
        for open in content.open {
            replay.decision(open.id, &open.holds);
        }
        replay
    }

    /// The next entry is a decision, which holds this; for a refusal, nothing.
    pub fn decision(&mut self, id: DecisionId, holds: &[HeldRecord]) {
        self.decision_by(id, holds, None);
    }

    /// The same of a decision that was made no later than `bound`, whichever windows its clock said:
    /// see [`SetBacks::bound`].
    pub fn decision_by(&mut self, id: DecisionId, holds: &[HeldRecord], bound: Option<Timestamp>) {
        if holds.is_empty() {
            return;
        }
        let holds: Vec<_> = holds.iter().map(|held| aligned(held, bound)).collect();
        for record in &holds {
            self.windows.begin(record.counter.per, record.window);
        }
        self.open.insert(id, holds);
    }

    /// The next entry is an outcome, which charges this, or all that was held where it does not
    /// say.
    pub fn outcome(&mut self, id: DecisionId, charged: Option<Amounts>) {
        if let Some(held) = self.open.remove(&id) {
            count(&mut self.windows, held, charged.map_or(Charge::Full, Charge::Used));
        }
    }

    /// The counters to serve with: a decision that has no outcome counts in full.
    ///
    /// The fold itself stays as it is, so that it can follow the log and make snapshots.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let mut windows = self.windows.clone();
        for held in self.open.values() {
            count(&mut windows, held.clone(), Charge::Full);
        }
        Counters::of(windows)
    }

    /// Whether calls were counted in windows that begin more than [`AHEAD_MAX_MS`] after `now`. They
    /// stay the windows that run until their time comes, or until somebody says that the clock was
    /// ahead and is right now.
    #[must_use]
    pub fn is_ahead_of(&self, now: Timestamp) -> bool {
        let limit = now.plus_millis(AHEAD_MAX_MS);
        Per::ALL.iter().any(|per| self.windows.start(*per) > limit)
    }

    /// What finds in the entries that follow where a clock was right again.
    #[must_use]
    pub fn set_backs(&self) -> SetBacks {
        SetBacks::after(Per::ALL.iter().map(|per| (*per, self.windows.start(*per))).collect())
    }

    /// Everything it folded, as a file's content: the first `upto` entries of the log named `log`.
    #[must_use]
    pub fn snapshot(&self, log: &str, upto: u64) -> Snapshot {
        let windows = Per::ALL.map(|per| {
            let (start, used) = self.windows.used(per);
            let counters = used.map(|(key, used)| Counted::new(key.clone(), used)).collect();
            WindowContent { per, start, counters }
        });
        let open = self.open.iter().map(|(id, holds)| OpenHold { id: *id, holds: holds.clone() });
        Snapshot::of(Content {
            log: log.to_owned(),
            upto,
            windows: windows.into(),
            open: open.collect(),
        })
    }
}

impl Default for Replay {
    fn default() -> Self {
        Self::new()
    }
}

fn count(windows: &mut Windows, held: Vec<HeldRecord>, charge: Charge) {
    for record in held {
        let used = charge.of(&record);
        windows.count(record.counter, record.window, used);
    }
}

/// The record with its window at a window's beginning, whatever it says, and none that begins after
/// `bound`.
fn aligned(record: &HeldRecord, bound: Option<Timestamp>) -> HeldRecord {
    let at = bound.map_or(record.window, |bound| record.window.min(bound));
    HeldRecord { window: window_start(record.counter.per, at), ..record.clone() }
}
