//! How a log is doing, and why it could not do something. Values only.

use std::time::Duration;

use crate::entry::DraftError;

/// How a log is doing at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The log's name.
    pub origin: String,
    /// Both the last write and the last publication succeeded.
    pub healthy: bool,
    /// This run of the writer.
    pub epoch: u64,
    /// Entries that are durable.
    pub size: u64,
    /// Entries that the signed checkpoint covers.
    pub published: u64,
    /// Durable entries that it does not cover yet.
    pub unpublished: u64,
    /// Decisions whose outcome is still due.
    pub in_flight: u64,
    /// Batches that this process made durable, each by one sync.
    pub syncs: u64,
    /// How long writing and syncing them took in all.
    pub sync_time: Duration,
    /// Places free in the queue.
    pub queue_free: usize,
    /// The last failure in words; it stays here after the log healed, for whoever asks why.
    pub last_error: Option<String>,
}

/// Why something was not recorded. Nothing may be forwarded on the strength of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// No place in the queue became free in time.
    #[error("the log's queue stayed full for {0:?}")]
    Full(Duration),
    /// The disk did not answer in time. The entry may still become durable; a decision's is then
    /// followed by an outcome `not_forwarded`.
    #[error("the log did not make the entry durable within {0:?}")]
    Late(Duration),
    /// The disk failed; the text says which file and how.
    #[error("the log cannot be written: {0}")]
    Disk(String),
    /// The facts cannot be sealed; the text says why.
    #[error("the decision's facts cannot be sealed: {0}")]
    Facts(String),
    /// It is not something an entry can hold.
    #[error(transparent)]
    Unfit(#[from] DraftError),
    /// The log is closed, or closing.
    #[error("the log is closed")]
    Closed,
}
