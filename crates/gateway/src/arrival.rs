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
