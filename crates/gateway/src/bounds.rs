//! How much one gate carries: the product's values, unless whoever makes the gate says less.

use std::time::Duration;

/// The bounds of a gate that no charter sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Requests carried at a time, streams included; one more is refused (`overloaded`).
    pub requests_max: usize,
    /// Time a request's body may take to arrive (`body_timeout`).
    pub body_within: Duration,
    /// Pause before the same target is tried again for one call; it doubles each time.
    pub backoff: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            requests_max: 4_096,
            body_within: Duration::from_secs(30),
            backoff: Duration::from_millis(250),
        }
    }
}
