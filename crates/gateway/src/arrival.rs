//! A request as it arrives: its decision's id, its time and the client's dialect.

use std::sync::Arc;

use model::{DecisionId, Dialect, Operation, Timestamp};
use tokio::time::Instant;

/// Mints a decision's id for a request that arrived at the given time.
pub type MintId = Arc<dyn Fn(Timestamp) -> DecisionId + Send + Sync>;

/// One request as it arrives.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    pub(crate) id: DecisionId,
    pub(crate) received: Timestamp,
    /// The same instant on a clock that nobody sets: what steps are measured by.
    pub(crate) began: Instant,
    pub(crate) dialect: Dialect,
    /// What its path asks for; none where that leads nowhere.
    pub(crate) operation: Option<Operation>,
}

impl Arrival {
    /// `now` as a time: what it arrived at, and what has passed since on a clock that nobody sets.
    pub(crate) fn at(&self, now: Instant) -> Timestamp {
        let passed = now.saturating_duration_since(self.began).as_millis();
        self.received.plus_millis(i64::try_from(passed).unwrap_or(i64::MAX))
    }
}
