//! Every counter of this gateway, shared by all requests: hold, look, recover.
//!
//! One lock guards them all, for the few microseconds in which a call is counted. It makes "all
//! limits or none" true without an order of locks, and a call takes it twice; what a lock for each
//! counter would save is less than a hundredth of what the same call spends on its signatures and
//! its record (figures: `docs/reference/quota-figures.md`). Nothing waits while holding it: no
//! I/O, no callback but [`Counters::snapshot`]'s, and what may take long to drop is dropped after.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::{Amounts, DecisionId, HeldRecord, Per, Timestamp};

use crate::hold::Hold;
use crate::snapshot::{Counted, OpenHold, Snapshot, WindowContent};
use crate::state::{Charge, State};
use crate::{CounterStatus, LIMITS_MAX, Limit, NotHeld, window_start};

/// The counters of every budget.
///
/// Windows are those of the calendar in UTC and never go back: while a clock is set back, calls
/// are counted in the newest window there was. A call is counted in the window it was held in,
/// even if it ends in another.
#[derive(Debug)]
pub struct Counters {
    shared: Arc<Shared>,
}

/// What holds and counters share.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
}

impl Counters {
    /// Nothing counted.
    #[must_use]
    pub fn new() -> Self {
        Self::of(State::new())
    }

    /// What `snapshot` counted. Replay the log's entries from [`Snapshot::upto`] on, then
    /// [`end_replay`](Self::end_replay), before anything is held.
    #[must_use]
    pub fn restore(snapshot: Snapshot) -> Self {
        let mut state = State::new();
        let content = snapshot.into_content();
        for WindowContent { per, start, counters } in content.windows {
            let start = window_start(per, start);
            state.restore_window(per, start);
            for counted in counters {
                let used = counted.used;
                state.restore_used(start, counted.into_key(per), used);
            }
        }
        for open in content.open {
            state.restore_hold(open.id, &open.holds);
        }
        Self::of(state)
    }

    fn of(state: State) -> Self {
        Self { shared: Arc::new(Shared { state: Mutex::new(state) }) }
    }

    /// Holds `bound` against each of `limits`, or against none of them.
    ///
    /// Do it before the decision is recorded, and let its entry say [`Hold::records`].
    ///
    /// # Errors
    /// [`NotHeld`]: what ran out, and when it resets.
    pub fn hold(
        &self,
        now: Timestamp,
        id: DecisionId,
        bound: Amounts,
        limits: &[Limit],
    ) -> Result<Hold, NotHeld> {
        if limits.len() > LIMITS_MAX {
            return Err(NotHeld::TooManyLimits);
        }
        if limits.is_empty() {
            return Ok(Hold::new(Arc::clone(&self.shared), id, bound, None));
        }
        let mut state = self.shared.lock();
        let retired = state.advance(now);
        let held = state.hold(id, &bound, limits);
        drop(state);
        drop(retired);
        Ok(Hold::new(Arc::clone(&self.shared), id, bound, Some(held?)))
    }

    /// How each of `limits` stands. It changes nothing.
    #[must_use]
    pub fn status(&self, now: Timestamp, limits: &[Limit]) -> Vec<CounterStatus> {
        let state = self.shared.lock();
        limits.iter().map(|limit| state.status(now, limit)).collect()
    }

    /// Everything counted, as it stands between two holds.
    ///
    /// `log` names the decision log. `upto` says how many entries it has; it is asked while nothing
    /// can be held or settled, which is what makes the snapshot exact, so it must answer at once
    /// from memory, and count every entry by which anything was let through. The snapshot then
    /// holds every decision below that index, and those after it are told apart by their ids.
    #[must_use]
    pub fn snapshot(&self, log: &str, upto: impl FnOnce() -> u64) -> Snapshot {
        let state = self.shared.lock();
        let upto = upto();
        let windows = Per::ALL.map(|per| (per, state.window(per).start, state.used(per)));
        let open = state.holds();
        drop(state);
        let windows = windows.map(|(per, start, used)| {
            let counters = used.into_iter().map(|(key, used)| Counted::new(key, used)).collect();
            WindowContent { per, start, counters }
        });
        let open = open.into_iter().map(|(id, held)| OpenHold { id, holds: held.to_vec() });
        Snapshot::new(log, upto, windows.into(), open.collect())
    }

    /// Folds a decision of the log: it holds what its entry says. An entry that the snapshot holds
    /// already changes nothing.
    pub fn replay_decision(&self, id: DecisionId, holds: &[HeldRecord]) {
        self.shared.lock().replay_decision(id, holds);
    }

    /// Folds an outcome of the log: `charged` is used, or all that was held where the log does not
    /// say. An outcome of a call that the snapshot counted as used already changes nothing.
    pub fn replay_outcome(&self, id: DecisionId, charged: Option<Amounts>) {
        self.shared.close(id, charged.map_or(Charge::Full, Charge::Used));
    }

    /// Ends the replay: every decision without an outcome counts in full.
    ///
    /// A hold that only the snapshot tells of may have been ended before its decision was ever
    /// written; then nothing was let through for it. `was_recorded` says whether the log has its
    /// decision; where that cannot be found out, answer yes.
    pub fn end_replay(&self, now: Timestamp, was_recorded: impl Fn(DecisionId) -> bool) {
        let (known, unsure) = self.shared.lock().open_after_replay();
        for id in known {
            self.shared.close(id, Charge::Full);
        }
        for id in unsure {
            let nothing = Charge::Used(Amounts::default());
            self.shared.close(id, if was_recorded(id) { Charge::Full } else { nothing });
        }
        let retired = self.shared.lock().advance(now);
        drop(retired);
    }
}

impl Default for Counters {
    fn default() -> Self {
        Self::new()
    }
}

impl Shared {
    /// The state; nothing panics while holding the lock, so there is no half-made one.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn close(&self, id: DecisionId, charge: Charge) {
        let held = self.lock().close(id, charge);
        drop(held);
    }
}
