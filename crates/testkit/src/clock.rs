//! A clock that stands still until a test moves it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use model::{Clock, Timestamp};

/// A clock moved by hand. Clones show the same time.
#[derive(Debug, Clone)]
pub struct ManualClock {
    millis: Arc<AtomicI64>,
}

impl ManualClock {
    /// A clock that shows `time`.
    #[must_use]
    pub fn at(time: Timestamp) -> Self {
        Self { millis: Arc::new(AtomicI64::new(time.millis())) }
    }

    /// Moves the clock forward, or back where `milliseconds` is negative.
    pub fn advance_ms(&self, milliseconds: i64) {
        self.millis.fetch_add(milliseconds, Ordering::SeqCst);
    }

    /// Sets the clock.
    pub fn set(&self, time: Timestamp) {
        self.millis.store(time.millis(), Ordering::SeqCst);
    }
}

impl Default for ManualClock {
    /// 2026-11-24T09:00:00Z.
    fn default() -> Self {
        Self::at(Timestamp::from_millis(1_795_510_800_000))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.millis.load(Ordering::SeqCst))
    }
}
