//! A request as it arrives: its decision's id, its time and the client's dialect.

use std::sync::Arc;

use model::{DecisionId, Dialect, Timestamp};

/// Mints a decision's id for a request that arrived at the given time.
pub type MintId = Arc<dyn Fn(Timestamp) -> DecisionId + Send + Sync>;

/// One request as it arrives.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    pub(crate) id: DecisionId,
    pub(crate) received: Timestamp,
    pub(crate) dialect: Dialect,
}
