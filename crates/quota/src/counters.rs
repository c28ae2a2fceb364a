//! Every counter of this gateway, shared by all requests: hold, and look.
//!
//! One lock guards them all, for the microsecond in which a call is counted. It makes "all limits
//! or none" true without an order of locks, and a call takes it twice; what a lock for each
//! counter would save is a hundredth of what the same call spends on its signatures and its
//! record (figures: `docs/reference/quota-figures.md`). Nothing waits while holding it: no I/O
//! and no callback, and what may take long to drop is dropped after.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::{Amounts, HeldRecord, Timestamp};

use crate::hold::Hold;
use crate::windows::{Charge, Windows};
use crate::{CounterStatus, LIMITS_MAX, Limit, NotHeld};

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
    windows: Mutex<Windows>,
}

impl Counters {
    /// Nothing counted. What was counted before a restart is found by [`crate::Replay`].
    #[must_use]
    pub fn new() -> Self {
        Self::of(Windows::new())
    }

    pub(crate) fn of(windows: Windows) -> Self {
        Self { shared: Arc::new(Shared { windows: Mutex::new(windows) }) }
    }

    /// Holds `bound` against each of `limits`, or against none of them.
    ///
    /// Do it before the decision is recorded, and let its entry say [`Hold::records`].
    ///
    /// # Errors
    /// [`NotHeld`]: what ran out, and when it resets.
    pub fn hold(&self, now: Timestamp, bound: Amounts, limits: &[Limit]) -> Result<Hold, NotHeld> {
        if limits.len() > LIMITS_MAX {
            return Err(NotHeld::TooManyLimits);
        }
        let held = if limits.is_empty() { Vec::new() } else { self.held(now, &bound, limits)? };
        Ok(Hold::new(Arc::clone(&self.shared), bound, held))
    }

    fn held(
        &self,
        now: Timestamp,
        bound: &Amounts,
        limits: &[Limit],
    ) -> Result<Vec<HeldRecord>, NotHeld> {
        let mut windows = self.shared.lock();
        let retired = windows.advance(now);
        let held = windows.hold(bound, limits);
        drop(windows);
        drop(retired);
        held
    }

    /// How each of `limits` stands. It changes nothing.
    #[must_use]
    pub fn status(&self, now: Timestamp, limits: &[Limit]) -> Vec<CounterStatus> {
        let windows = self.shared.lock();
        limits.iter().map(|limit| windows.status(now, limit)).collect()
    }
}

impl Default for Counters {
    fn default() -> Self {
        Self::new()
    }
}

impl Shared {
    /// The windows; nothing panics while holding the lock, so they are never half changed.
    fn lock(&self) -> MutexGuard<'_, Windows> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn end(&self, held: &[HeldRecord], charge: Charge) {
        self.lock().end(held, charge);
    }
}
