//! What a log entry is: one canonical JSON object of at most 65,535 bytes, as `spec/ledger.md`
//! section 2 describes it. Drafts are entries that do not know their place yet.
//!
//! Nothing here touches a file.

use std::collections::BTreeMap;

use model::{DecisionId, Timestamp};
use serde_json::{Map, Value};

/// The largest entry, set by the two-byte length of tlog-tiles' entry bundles.
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// What the ledger itself adds to a draft, at most: order, time, commitment.
const ADDED_BYTES_MAX: usize = 640;

/// The form of entries this software writes.
const VERSION: u64 = 1;

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

/// An entry that does not know its place yet: fields in canonical order, values rendered.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    kind: EntryKind,
    fields: BTreeMap<String, String>,
    bytes: usize,
}

impl Draft {
    /// A draft of `kind` with `fields`.
    pub(crate) fn new(kind: EntryKind, fields: &Map<String, Value>) -> Result<Self, DraftError> {
        let mut draft = Self { kind, fields: BTreeMap::new(), bytes: 0 };
        for (key, value) in fields {
            if RESERVED.contains(&key.as_str()) {
                return Err(DraftError::NotCanonical(format!("`{key}` is the ledger's own field")));
            }
            draft.put(key, value)?;
        }
        if draft.bytes > ENTRY_BYTES_MAX - ADDED_BYTES_MAX {
            return Err(DraftError::TooLarge { bytes: draft.bytes });
        }
        Ok(draft)
    }

    /// A draft of `kind` whose fields are those of `value` as serde writes it.
    pub(crate) fn of(kind: EntryKind, value: &impl serde::Serialize) -> Result<Self, DraftError> {
        match serde_json::to_value(value) {
            Ok(Value::Object(fields)) => Self::new(kind, &fields),
            Ok(_) => Err(DraftError::NotCanonical("it is not an object".to_owned())),
            Err(error) => Err(DraftError::NotCanonical(error.to_string())),
        }
    }

    /// Sets one field. What the ledger adds by this after the size check fits its allowance.
    pub(crate) fn put(&mut self, key: &str, value: &Value) -> Result<(), DraftError> {
        let text = canonical(value)?;
        self.bytes += key.len() + text.len() + 4;
        self.fields.insert(key.to_owned(), text);
        Ok(())
    }

    pub(crate) const fn kind(&self) -> EntryKind {
        self.kind
    }

    /// Roughly how many bytes it will have: a batch's measure.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes + ADDED_BYTES_MAX
    }

    /// The entry at place `seq` of epoch `epoch`, written at `ts`.
    pub(crate) fn render(&self, epoch: u64, seq: u64, ts: Timestamp) -> Vec<u8> {
        let own = [
            ("epoch", epoch.to_string()),
            ("seq", seq.to_string()),
            ("ts", format!("\"{ts}\"")),
            ("type", format!("\"{}\"", self.kind.as_str())),
            ("v", VERSION.to_string()),
        ];
        let mut text = String::with_capacity(self.bytes + 160);
        let mut own = own.iter().map(|(key, value)| (*key, value)).peekable();
        let mut separator = '{';
        let mut write = |key: &str, value: &str| {
            text.push(separator);
            separator = ',';
            // Keys come from our own records or passed `canonical` as part of a value.
            text.push_str(&Value::from(key).to_string());
            text.push(':');
            text.push_str(value);
        };
        for (key, value) in &self.fields {
            while let Some((own_key, own_value)) =
                own.next_if(|(own_key, _)| *own_key < key.as_str())
            {
                write(own_key, own_value);
            }
            write(key, value);
        }
        for (own_key, own_value) in own {
            write(own_key, own_value);
        }
        text.push('}');
        text.into_bytes()
    }
}

impl Entry {
    /// Reads the entry that stands at `index`.
    ///
    /// # Errors
    /// It is not canonical JSON of a known type, or names another place.
    pub fn parse(bytes: &[u8], index: u64, published: bool) -> Result<Self, EntryError> {
        let json: Value = serde_json::from_slice(bytes)
            .map_err(|error| EntryError::Malformed(error.to_string()))?;
        let rendered =
            canonical(&json).map_err(|error| EntryError::Malformed(error.to_string()))?;
        if rendered.as_bytes() != bytes {
            return Err(EntryError::Malformed("it is not canonical".to_owned()));
        }
        if number(&json, "v")? != VERSION {
            return Err(EntryError::Malformed("its version is unknown here".to_owned()));
        }
        let says = number(&json, "seq")?;
        if says != index {
            return Err(EntryError::Misplaced { says });
        }
        let name = text(&json, "type")?;
        let kind = name.parse().map_err(|()| EntryError::KindUnknown(name.to_owned()))?;
        let ts = parsed(&json, "ts")?;
        let id = json.get("id").map(|_| parsed(&json, "id")).transpose()?;
        Ok(Self { index, kind, id, epoch: number(&json, "epoch")?, ts, json, published })
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

fn number(json: &Value, key: &str) -> Result<u64, EntryError> {
    json.get(key).and_then(Value::as_u64).ok_or_else(|| wrong(key, "whole number"))
}

fn text<'a>(json: &'a Value, key: &str) -> Result<&'a str, EntryError> {
    json.get(key).and_then(Value::as_str).ok_or_else(|| wrong(key, "text"))
}

fn parsed<T: std::str::FromStr>(json: &Value, key: &str) -> Result<T, EntryError> {
    text(json, key)?.parse().map_err(|_| wrong(key, "value of its form"))
}

fn wrong(key: &str, what: &str) -> EntryError {
    EntryError::Malformed(format!("`{key}` is not a {what}"))
}

impl std::str::FromStr for EntryKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// Canonical JSON: keys sorted by their bytes, no white space, whole numbers only.
///
/// # Errors
/// A number is not whole.
pub fn canonical(value: &Value) -> Result<String, DraftError> {
    let mut text = String::new();
    write_canonical(value, &mut text)?;
    Ok(text)
}

fn write_canonical(value: &Value, text: &mut String) -> Result<(), DraftError> {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => text.push_str(&value.to_string()),
        Value::Number(number) if number.is_f64() => {
            return Err(DraftError::NotCanonical(format!("{number} is not a whole number")));
        }
        Value::Number(number) => text.push_str(&number.to_string()),
        Value::Array(items) => {
            text.push('[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                write_canonical(item, text)?;
            }
            text.push(']');
        }
        Value::Object(fields) => {
            // Sorted here because another crate's feature may make the map keep insertion order.
            let sorted: BTreeMap<_, _> = fields.iter().collect();
            text.push('{');
            for (position, (key, item)) in sorted.into_iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                write_canonical(item, text)?;
            }
            text.push('}');
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
