//! What a log entry is: one canonical JSON object of at most 65,535 bytes, as `spec/ledger.md`
//! section 2 describes it. Drafts are entries that do not know their place yet.
//!
//! Nothing here touches a file.

use model::{DecisionId, Timestamp};
use serde::Serialize;
use serde_json::Value;

use crate::canonical::Members;
use crate::head::Head;

/// The largest entry, set by the two-byte length of tlog-tiles' entry bundles.
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// What the ledger itself adds to a draft, at most: order, time, commitment.
const ADDED_BYTES_MAX: usize = 640;

/// The form of entries this software writes.
pub(crate) const VERSION: u64 = 1;

/// Fields the ledger sets; a draft may not.
const RESERVED: [&str; 5] = ["v", "type", "epoch", "seq", "ts"];

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What an entry says.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EntryKind {
            $($(#[$doc])* $variant,)*
        }

        impl EntryKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name in the entry's `type`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }
    };
}

kinds! {
    /// A verdict on one request.
    Decision = "decision",
    /// How a forwarded call ended.
    Outcome = "outcome",
    /// From here on, requests that prove no identity are counted, not recorded one by one.
    RefusalsOpened = "unauthenticated_refusals_opened",
    /// How many there were since.
    RefusalsClosed = "unauthenticated_refusals_closed",
    /// The gateway serves another charter from here on.
    CharterLoaded = "charter_loaded",
    /// A writer began.
    EpochStart = "epoch_start",
    /// A writer ended in good order.
    EpochStop = "epoch_stop",
    /// Counters, so that a silent stretch can be told from a missing one.
    Heartbeat = "heartbeat",
    /// Control log: how it all began.
    Genesis = "genesis",
    /// Control log: one administrative request, signed.
    Act = "act",
    /// Control log: a charter came into force.
    CharterApplied = "charter_applied",
    /// Control log: a decision log's checkpoint.
    Checkpoint = "checkpoint",
}

/// An entry as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its place in the log, from 0.
    pub index: u64,
    /// What it says.
    pub kind: EntryKind,
    /// The decision it belongs to, where it belongs to one.
    pub id: Option<DecisionId>,
    /// Which run of the writer wrote it.
    pub epoch: u64,
    /// When it was written, by the writer's clock.
    pub ts: Timestamp,
    /// All of it.
    pub json: Value,
    /// Whether the signed checkpoint covers it.
    pub published: bool,
}

/// Why bytes are not an entry of this log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Not JSON, not canonical, or a field is missing or of the wrong type.
    #[error("it is not an entry: {0}")]
    Malformed(String),
    /// A type this software does not know.
    #[error("its type `{0}` is unknown here; newer software may have written it")]
    KindUnknown(String),
    /// It says that it stands elsewhere.
    #[error("it says it stands at {says}")]
    Misplaced {
        /// The place it names.
        says: u64,
    },
}

/// Why something cannot become an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// Larger than an entry may be.
    #[error("the entry would have {bytes} bytes; {} are allowed", ENTRY_BYTES_MAX - ADDED_BYTES_MAX)]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// It cannot be written as canonical JSON.
    #[error("the entry cannot be written as canonical JSON: {0}")]
    NotCanonical(String),
}

/// An entry that does not know its place yet: its fields, written.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    kind: EntryKind,
    fields: Members,
}

impl Draft {
    /// A draft of `kind` whose fields are those of `value` as serde writes it.
    pub(crate) fn of(kind: EntryKind, value: &impl Serialize) -> Result<Self, DraftError> {
        let fields = Members::of(value)?;
        if let Some(key) = RESERVED.iter().find(|key| fields.has(key)) {
            return Err(DraftError::NotCanonical(format!("`{key}` is the ledger's own field")));
        }
        let bytes = fields.bytes();
        if bytes > ENTRY_BYTES_MAX - ADDED_BYTES_MAX {
            return Err(DraftError::TooLarge { bytes });
        }
        Ok(Self { kind, fields })
    }

    /// Sets one field. What the ledger adds by this after the size check fits its allowance.
    pub(crate) fn put(&mut self, key: &str, value: &impl Serialize) -> Result<(), DraftError> {
        self.fields.put(key, value)
    }

    pub(crate) const fn kind(&self) -> EntryKind {
        self.kind
    }

    /// Roughly how many bytes it will have: a batch's measure.
    pub(crate) fn bytes(&self) -> usize {
        self.fields.bytes() + ADDED_BYTES_MAX
    }

    /// The entry at place `seq` of epoch `epoch`, written at `ts`.
    pub(crate) fn render(&self, epoch: u64, seq: u64, ts: &str) -> Vec<u8> {
        let own: [(&[u8], String); 5] = [
            (b"epoch", format!("\"epoch\":{epoch}")),
            (b"seq", format!("\"seq\":{seq}")),
            (b"ts", format!("\"ts\":\"{ts}\"")),
            (b"type", format!("\"type\":\"{}\"", self.kind.as_str())),
            (b"v", format!("\"v\":{VERSION}")),
        ];
        let mut own = own.iter().map(|(key, whole)| (*key, whole.as_bytes())).peekable();
        let mut text = Vec::with_capacity(self.fields.bytes() + 160);
        let mut separator = b'{';
        let mut write = |whole: &[u8]| {
            text.push(separator);
            separator = b',';
            text.extend_from_slice(whole);
        };
        for (key, whole) in self.fields.iter() {
            while let Some((_, own_whole)) = own.next_if(|(own_key, _)| *own_key < key) {
                write(own_whole);
            }
            write(whole);
        }
        for (_, own_whole) in own {
            write(own_whole);
        }
        text.push(b'}');
        text
    }
}

impl Entry {
    /// Reads the entry that stands at `index`.
    ///
    /// # Errors
    /// It is not canonical JSON of a known type, or names another place.
    pub fn parse(bytes: &[u8], index: u64, published: bool) -> Result<Self, EntryError> {
        let Head { kind, epoch, ts, id, .. } = Head::read(bytes, index)?;
        let json = serde_json::from_slice(bytes)
            .map_err(|error| EntryError::Malformed(error.to_string()))?;
        Ok(Self { index, kind, id, epoch, ts, json, published })
    }

    /// A whole-number field.
    pub(crate) fn number(&self, key: &str) -> Option<u64> {
        self.json.get(key)?.as_u64()
    }

    /// Whether an outcome entry must follow this one.
    #[must_use]
    pub fn outcome_due(&self) -> bool {
        self.kind == EntryKind::Decision
            && self.json.get("outcome").and_then(Value::as_str) == Some("due")
    }
}

impl std::str::FromStr for EntryKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or(())
    }
}

#[cfg(test)]
mod tests;
