//! Decisions in order, each with its sealed facts: for whoever reads many. A file of payloads is
//! read once and not once for each decision. It unseals nothing and never writes.

use std::collections::HashMap;

use model::DecisionId;

use crate::entry::{Entry, EntryKind};
use crate::facts::{Commit, DataKey, FactKeys, FactsError};
use crate::payloads;
use crate::raw::{RawEntries, RawEntry};
use crate::read::{ReadError, Reader};

/// Entries for each file of payloads.
const PER_FILE: u64 = 256;
/// Most keys that [`Unsealing`] keeps at a time.
const KEYS_MAX: usize = 1_000;
/// What the bytes of every decision hold.
const MARK: &str = r#""type":"decision""#;

/// A decision and its facts, sealed.
#[derive(Debug)]
pub struct SealedDecision {
    /// The entry.
    pub entry: Entry,
    /// What it says of its facts; none where nothing was evaluated.
    pub commit: Option<Commit>,
    /// The sealed facts; none where there are none, or no sound record of them is left.
    pub sealed: Option<Vec<u8>>,
}

/// The decisions of a log, in order. After `None`, later calls return what came meanwhile.
#[derive(Debug)]
pub struct Decisions {
    reader: Reader,
    raw: RawEntries,
    payloads: Payloads,
}

/// One file of payloads: which, and what it held when it was read.
#[derive(Debug, Default)]
struct Payloads {
    file: Option<u64>,
    held: HashMap<u64, Vec<u8>>,
}

/// The keys of facts, each read once for many decisions. One that is erased meanwhile stays open until
/// this is dropped.
#[derive(Debug)]
pub struct Unsealing {
    keys: FactKeys,
    open: HashMap<String, DataKey>,
}

impl Reader {
    /// The decisions from entry `from` on.
    ///
    /// # Errors
    /// The checkpoint cannot be read.
    pub fn decisions(&self, from: u64) -> Result<Decisions, ReadError> {
        let raw = self.raw(from)?;
        Ok(Decisions { reader: self.clone(), raw, payloads: Payloads::default() })
    }
}

impl Decisions {
    fn sealed(&mut self, raw: RawEntry) -> Result<Option<Vec<u8>>, ReadError> {
        if !raw.published {
            return Ok(Some(raw.sealed).filter(|sealed| !sealed.is_empty()));
        }
        let file = raw.index / PER_FILE;
        // The file may have grown since it was read, while the log was written.
        for again in [false, true] {
            if again || self.payloads.file != Some(file) {
                let held = payloads::all(self.reader.dir(), file)?.into_iter().collect();
                self.payloads = Payloads { file: Some(file), held };
            }
            if let Some(sealed) = self.payloads.held.remove(&raw.index) {
                return Ok(Some(sealed));
            }
        }
        Ok(None)
    }
}

impl Iterator for Decisions {
    type Item = Result<SealedDecision, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let raw = match self.raw.next() {
                Ok(raw) => raw?,
                Err(error) => return Some(Err(error.into())),
            };
            // What is not UTF-8 is no entry, and reading it says so.
            if std::str::from_utf8(&raw.bytes).is_ok_and(|text| !text.contains(MARK)) {
                continue;
            }
            let index = raw.index;
            let entry = match Entry::parse(&raw.bytes, index, raw.published) {
                Ok(entry) if entry.kind != EntryKind::Decision => continue,
                Ok(entry) => entry,
                Err(source) => return Some(Err(ReadError::Entry { index, source })),
            };
            let commit = Commit::of(&entry.json);
            let sealed = match &commit {
                Some(_) => self.sealed(raw),
                None => Ok(None),
            };
            return Some(sealed.map(|sealed| SealedDecision { entry, commit, sealed }));
        }
    }
}

impl Unsealing {
    /// Opens each key of `keys` when it is first needed.
    #[must_use]
    pub fn with(keys: FactKeys) -> Self {
        Self { keys, open: HashMap::new() }
    }

    /// The facts of decision `id`, from its sealed payload and the commitment in its leaf.
    ///
    /// # Errors
    /// The key is erased, missing or damaged, or the payload is not the one committed to.
    pub fn unseal(
        &mut self,
        id: DecisionId,
        commit: &Commit,
        sealed: &[u8],
    ) -> Result<Vec<u8>, FactsError> {
        if let Some(key) = self.open.get(&commit.key) {
            return key.unseal(id, commit, sealed);
        }
        let key = self.keys.data_key(&commit.key)?;
        let facts = key.unseal(id, commit, sealed);
        if self.open.len() >= KEYS_MAX {
            self.open.clear();
        }
        self.open.insert(commit.key.clone(), key);
        facts
    }
}
