//! The governing role's log: genesis, administrative acts, charters applied, and the decision
//! logs' checkpoints. The same engine as the decision log, without outcomes and facts.

use std::sync::Arc;

use model::Clock;
use serde_json::{Value, json};
use tlog::{Checkpoint, LogKey, Receipt};

use crate::engine::{Engine, Intent};
use crate::entry::{Draft, EntryKind};
use crate::recovery::{OpenError, Opening, Recovered};
use crate::settings::{LogHome, Settings};
use crate::status::{Status, Unavailable};

/// The control log. Clones are handles to the same log.
#[derive(Debug, Clone)]
pub struct ControlLog(Arc<Engine>);

/// What a control entry says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControlKind {
    /// How it all began.
    Genesis,
    /// One administrative request, signed.
    Act,
    /// A charter came into force.
    CharterApplied,
    /// A decision log's checkpoint.
    Checkpoint,
}

/// Where a control entry stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Its index.
    pub index: u64,
    /// The log's promise of it.
    pub receipt: Receipt,
}

impl ControlKind {
    const fn entry_kind(self) -> EntryKind {
        match self {
            Self::Genesis => EntryKind::Genesis,
            Self::Act => EntryKind::Act,
            Self::CharterApplied => EntryKind::CharterApplied,
            Self::Checkpoint => EntryKind::Checkpoint,
        }
    }
}

impl ControlLog {
    /// Opens the log and begins an epoch.
    ///
    /// # Errors
    /// Somebody else writes it, it is damaged, or the disk fails.
    pub fn open(
        home: LogHome,
        key: LogKey,
        clock: Arc<dyn Clock>,
        settings: Settings,
    ) -> Result<(Self, Recovered), OpenError> {
        let (engine, recovered) = Opening { home, key, facts: None, clock, settings }.open()?;
        Ok((Self(Arc::new(engine)), recovered))
    }

    /// Makes one entry durable; `body` stands in the entry's field of that name.
    ///
    /// # Errors
    /// It is not known to be durable. After `Late` it may still become so: whoever folds the
    /// log sees it, so ask the log before trying again.
    pub async fn append(&self, kind: ControlKind, body: Value) -> Result<Position, Unavailable> {
        let draft = Draft::of(kind.entry_kind(), &json!({ "body": body }))?;
        let receipt = self.0.append(Intent { draft, facts: None, owes: None }).await?.receipt;
        Ok(Position { index: receipt.index, receipt })
    }

    /// Records a decision log's checkpoint, given as its signed note, so that a missing or
    /// shortened decision log shows.
    ///
    /// # Errors
    /// It is not known to be durable.
    pub async fn record_checkpoint(
        &self,
        checkpoint: &Checkpoint,
        note: &str,
    ) -> Result<Position, Unavailable> {
        let body = json!({
            "origin": checkpoint.origin.as_str(),
            "size": checkpoint.size,
            "note": note,
        });
        self.append(ControlKind::Checkpoint, body).await
    }

    /// How the log is doing.
    #[must_use]
    pub fn status(&self) -> Status {
        self.0.status()
    }

    /// Publishes what is durable now; returns how many entries the checkpoint covers.
    ///
    /// # Errors
    /// The disk failed, or the log is closed.
    pub async fn publish(&self) -> Result<u64, Unavailable> {
        self.0.publish().await
    }

    /// Has the writer look now whether a heartbeat or a retry is due.
    ///
    /// # Errors
    /// The log is closed, or does not answer in time.
    pub async fn tick(&self) -> Result<(), Unavailable> {
        self.0.tick().await
    }

    /// Ends the epoch in good order, publishes everything, gives up the lock.
    ///
    /// # Errors
    /// Something of that failed; the next start finds it and says so.
    pub async fn close(self) -> Result<(), Unavailable> {
        self.0.close().await
    }
}
