//! The counters as a file: one JSON document that says which log it belongs to, how far it goes,
//! and the authentication code of all that under a key of the gateway's. It can always be made
//! again from the whole log. The code itself is the caller's to compute: no key comes here.

use model::{
    AgentName, BudgetScope, CounterKey, DecisionId, Digest, HeldRecord, Measure, Per, QuotaName,
    Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

const FORMAT: &str = "portreeve-counters";
const VERSION: u32 = 2;

/// The authentication code of a snapshot's content: HMAC-SHA-256, or as good.
pub type Code = [u8; 32];

/// The fold of the first [`upto`](Self::upto) entries of a log: what is used in the windows that
/// run, and the decisions that have no outcome among those entries, by their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    content: Content,
}

/// Why a file is no snapshot that could be used: count again from the whole log.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It is not a snapshot at all, or cut short.
    #[error("not a snapshot of budget counters")]
    Unreadable(#[source] serde_json::Error),
    /// It is another kind of document.
    #[error("not a snapshot of budget counters, but a document of format `{0}`")]
    OtherFormat(String),
    /// It was written by a version that writes it differently.
    #[error("a snapshot of budget counters in version {0}; this program reads version {VERSION}")]
    OtherVersion(u32),
    /// Its content is not what was written under this gateway's key.
    #[error("the snapshot of budget counters was not written by this gateway, or changed since")]
    Unproved,
    /// It counts what another log records.
    #[error("the snapshot of budget counters belongs to the log `{0}`")]
    OtherLog(String),
    /// It knows more entries than the log has.
    #[error("the snapshot of budget counters goes up to entry {upto}, the log to entry {size}")]
    BeyondLog {
        /// How many entries it includes.
        upto: u64,
        /// How many the log has.
        size: u64,
    },
    /// It could not be written as JSON.
    #[error("the snapshot of budget counters could not be written")]
    Unwritable(#[source] serde_json::Error),
}

/// What is authenticated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Content {
    pub(crate) log: String,
    pub(crate) upto: u64,
    pub(crate) windows: Vec<WindowContent>,
    pub(crate) open: Vec<OpenHold>,
}

/// The window that runs, and what is used in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WindowContent {
    pub(crate) per: Per,
    pub(crate) start: Timestamp,
    pub(crate) counters: Vec<Counted>,
}

/// One counter of a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Counted {
    quota: QuotaName,
    #[serde(rename = "for", skip_serializing_if = "Option::is_none", default)]
    scope: Option<BudgetScope>,
    measure: Measure,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    agent: Option<AgentName>,
    pub(crate) used: u64,
}

/// A decision without an outcome, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenHold {
    pub(crate) id: DecisionId,
    pub(crate) holds: Vec<HeldRecord>,
}

/// What every version begins with.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

/// This version, whole.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document<'a> {
    format: String,
    version: u32,
    /// In hexadecimal.
    code: String,
    #[serde(borrow)]
    content: &'a RawValue,
}

impl Snapshot {
    pub(crate) const fn of(content: Content) -> Self {
        Self { content }
    }

    pub(crate) fn into_content(self) -> Content {
        self.content
    }

    /// The index of the first entry of the log that is to be replayed after it.
    #[must_use]
    pub const fn upto(&self) -> u64 {
        self.content.upto
    }

    /// The file's bytes; `code` computes the authentication code of what it is given.
    ///
    /// # Errors
    /// [`SnapshotError::Unwritable`], which only memory could cause.
    pub fn to_json(&self, code: impl FnOnce(&[u8]) -> Code) -> Result<Vec<u8>, SnapshotError> {
        let written = serde_json::value::to_raw_value(&self.content);
        let content = written.map_err(SnapshotError::Unwritable)?;
        let document = Document {
            format: FORMAT.to_owned(),
            version: VERSION,
            code: hexadecimal(code(content.get().as_bytes())),
            content: &content,
        };
        serde_json::to_vec(&document).map_err(SnapshotError::Unwritable)
    }

    /// Reads a file's bytes, as a snapshot of the log named `log`, which has `size` entries;
    /// `code` as in [`to_json`](Self::to_json).
    ///
    /// # Errors
    /// [`SnapshotError`]: then begin with [`crate::Replay::new`] and replay the whole log.
    pub fn read(
        bytes: &[u8],
        (log, size): (&str, u64),
        code: impl FnOnce(&[u8]) -> Code,
    ) -> Result<Self, SnapshotError> {
        let head: Head = serde_json::from_slice(bytes).map_err(SnapshotError::Unreadable)?;
        if head.format != FORMAT {
            return Err(SnapshotError::OtherFormat(head.format.chars().take(64).collect()));
        }
        if head.version != VERSION {
            return Err(SnapshotError::OtherVersion(head.version));
        }
        let document: Document<'_> =
            serde_json::from_slice(bytes).map_err(SnapshotError::Unreadable)?;
        if !same(&hexadecimal(code(document.content.get().as_bytes())), &document.code) {
            return Err(SnapshotError::Unproved);
        }
        let content: Content =
            serde_json::from_str(document.content.get()).map_err(SnapshotError::Unreadable)?;
        if content.log != log {
            return Err(SnapshotError::OtherLog(content.log.chars().take(256).collect()));
        }
        if content.upto > size {
            return Err(SnapshotError::BeyondLog { upto: content.upto, size });
        }
        Ok(Self { content })
    }
}

impl Counted {
    pub(crate) fn new(key: CounterKey, used: u64) -> Self {
        Self { quota: key.quota, scope: key.scope, measure: key.measure, agent: key.agent, used }
    }

    pub(crate) fn into_key(self, per: Per) -> CounterKey {
        let Self { quota, scope, measure, agent, .. } = self;
        CounterKey { quota, scope, measure, per, agent }
    }
}

/// A code in hexadecimal.
fn hexadecimal(code: Code) -> String {
    Digest::from_bytes(code).hex()
}

/// Whether two codes are the same, in a time that says nothing of where they differ.
fn same(one: &str, other: &str) -> bool {
    let pairs = one.bytes().zip(other.bytes());
    let differing = pairs.fold(0, |differing, (one, other)| differing | (one ^ other));
    one.len() == other.len() && differing == 0
}
