//! The ledger's bounds: queue, batch, times, sizes. Values only.

use std::path::PathBuf;
use std::time::Duration;

use crate::faults::Faults;

/// Where a log lives.
#[derive(Debug, Clone)]
pub struct LogHome {
    /// The log's own directory: WAL, tiles, payloads, checkpoint. Made if missing (0700).
    pub dir: PathBuf,
}

/// Bounds of one log.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Entries that may wait to be written, at most. An intent whose outcome is due holds one
    /// more place until its outcome is durable, so this also bounds the calls under way.
    pub queue_max: usize,
    /// Entries that one sync may cover, at most.
    pub batch_max: usize,
    /// Bytes of entries and sealed facts that one sync may cover, at most.
    pub batch_bytes_max: usize,
    /// How long a batch that has company waits for more, at most; zero turns it off. Entries that come
    /// one by one never wait.
    pub gather_max: Duration,
    /// How long a caller waits for durability before the answer is no.
    pub answer_within: Duration,
    /// How long closing may take.
    pub close_within: Duration,
    /// How often the publisher looks for entries to publish and signs a checkpoint.
    pub checkpoint_every: Duration,
    /// How often a heartbeat entry is written while anything happens; none turns them off.
    pub heartbeat_every: Option<Duration>,
    /// How often a heartbeat entry is written while nothing happens.
    pub heartbeat_idle_every: Duration,
    /// A WAL segment larger than this is followed by a new one.
    pub segment_bytes: u64,
    /// The software that writes, as `epoch_start` names it.
    pub software: String,
    /// Planned failures, for tests.
    #[doc(hidden)]
    pub faults: Faults,
}

impl LogHome {
    /// A log in `dir`.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            queue_max: 8192,
            batch_max: 512,
            batch_bytes_max: 4 << 20,
            gather_max: Duration::from_millis(1),
            answer_within: Duration::from_secs(1),
            close_within: Duration::from_secs(10),
            checkpoint_every: Duration::from_secs(1),
            heartbeat_every: Some(Duration::from_secs(1)),
            heartbeat_idle_every: Duration::from_mins(1),
            segment_bytes: 8 << 20,
            software: concat!("portreeve ", env!("CARGO_PKG_VERSION")).to_owned(),
            faults: Faults::default(),
        }
    }
}
