//! Reading a log, whether its writer runs or not: the published entries and the WAL's tail.
//!
//! A reader never writes and takes no lock. Entries of the tail may not be durable yet, and one
//! that nobody was promised may vanish again; `published` tells them apart.

use std::path::{Path, PathBuf};

use model::DecisionId;
use tlog::proof::TlogProof;
use tlog::{Checkpoint, LogVerifier};

use crate::entry::{Entry, EntryError, EntryKind};
use crate::facts::{Commit, FactKeys, FactsError};
use crate::head::Head;
use crate::payloads;
use crate::published::{Published, PublishedError};
use crate::raw::{RawEntries, RawEntry, RawError};
use crate::wal::WalError;

/// Why a log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The directory holds no log.
    #[error("{} holds no log", .0.display())]
    NoLog(PathBuf),
    /// The verifier key cannot be read.
    #[error("the log's verifier key cannot be read: {0}")]
    Key(String),
    /// The published part is damaged.
    #[error(transparent)]
    Published(#[from] PublishedError),
    /// The WAL cannot be read.
    #[error(transparent)]
    Wal(#[from] WalError),
    /// An entry is not what it must be.
    #[error("entry {index} cannot be read: {source}")]
    Entry {
        /// Its place.
        index: u64,
        /// What is wrong with it.
        source: EntryError,
    },
    /// The entry is not covered by a checkpoint yet.
    #[error("entry {index} is not published yet; the checkpoint covers {size}")]
    Unpublished {
        /// The place asked for.
        index: u64,
        /// Entries that the checkpoint covers.
        size: u64,
    },
    /// The entry cannot be proved from what is on the disk.
    #[error("entry {index} cannot be proved: {why}. Run `portreeve ledger verify`")]
    Unprovable {
        /// The place asked for.
        index: u64,
        /// Why.
        why: String,
    },
    /// The published entries are not those that were signed.
    #[error(
        "the {0} published entries do not give the root that the checkpoint signs: something in \
         them was changed. Run `portreeve ledger verify`"
    )]
    OtherRoot(u64),
    /// No such decision.
    #[error("the log has no decision {0}")]
    NoDecision(DecisionId),
    /// The decision has no facts: nothing was evaluated, or its payload is missing.
    #[error("decision {0} has no facts")]
    NoFacts(DecisionId),
    /// The facts cannot be unsealed.
    #[error(transparent)]
    Facts(#[from] FactsError),
}

/// A log, read only.
#[derive(Debug, Clone)]
pub struct Reader {
    pub(crate) published: Published,
    verifier: LogVerifier,
}

/// Entries in order. After `None`, later calls return what came meanwhile: to follow a log, ask
/// again after a while.
#[derive(Debug)]
pub struct Entries {
    raw: RawEntries,
    /// Entries that hold none of these are passed over; where there are none, no entry is.
    holding: &'static [&'static str],
}

/// Of entries in order, the members that were asked for: for whoever reads many and needs little
/// of each. See [`Entries::parts`].
#[derive(Debug)]
pub struct Parts {
    entries: Entries,
    names: &'static [&'static str],
}

/// Members of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its place in the log, from 0.
    pub index: u64,
    /// What it says.
    pub kind: EntryKind,
    /// The decision it belongs to, where it belongs to one.
    pub id: Option<DecisionId>,
    members: Vec<(&'static str, Box<str>)>,
}

impl Reader {
    /// The log in `dir`, whose verifier key is `vkey`.
    ///
    /// # Errors
    /// The key is not one, or there is no log.
    pub fn open(dir: &Path, vkey: &str) -> Result<Self, ReadError> {
        let verifier = LogVerifier::from_vkey(vkey.trim())
            .map_err(|error| ReadError::Key(error.to_string()))?;
        if !dir.join("wal").is_dir() {
            return Err(ReadError::NoLog(dir.to_owned()));
        }
        Ok(Self { published: Published::new(dir), verifier })
    }

    /// The log in `dir`, by the key the log keeps beside itself: for whoever trusts the
    /// directory. An auditor brings the key.
    ///
    /// # Errors
    /// There is no log, or its key file is not one.
    pub fn open_own(dir: &Path) -> Result<Self, ReadError> {
        let path = dir.join("vkey");
        let bytes = crate::published::read(&path)?.ok_or(ReadError::NoLog(dir.to_owned()))?;
        Self::open(dir, &String::from_utf8_lossy(&bytes))
    }

    /// The log's verifier key.
    #[must_use]
    pub const fn verifier(&self) -> &LogVerifier {
        &self.verifier
    }

    /// The signed checkpoint; none before the first publication.
    ///
    /// # Errors
    /// The file cannot be read, or is not signed by the log's key.
    pub fn checkpoint(&self) -> Result<Option<Checkpoint>, ReadError> {
        Ok(self.published.checkpoint(&self.verifier)?)
    }

    /// The signed checkpoint as its note's text.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn checkpoint_note(&self) -> Result<Option<String>, ReadError> {
        Ok(self.published.note()?)
    }

    /// The entries from index `from` on.
    ///
    /// # Errors
    /// The checkpoint cannot be read.
    pub fn entries(&self, from: u64) -> Result<Entries, ReadError> {
        Ok(Entries { raw: self.raw(from)?, holding: &[] })
    }

    /// The entry at `index`; none if the log does not reach that far.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn entry(&self, index: u64) -> Result<Option<Entry>, ReadError> {
        self.entries(index)?.next().transpose()
    }

    /// The proof, as the text of a `.tlog-proof` file, that the entry at `index` is in the log;
    /// it carries the entry and is checked before it is handed out.
    ///
    /// # Errors
    /// The entry is not published yet, or what is on the disk does not prove it.
    pub fn prove(&self, index: u64) -> Result<String, ReadError> {
        let published = &self.published;
        let signed = published.signed(&self.verifier)?;
        let size = signed.as_ref().map_or(0, |(_, checkpoint)| checkpoint.size);
        let Some((checkpoint, _)) = signed.filter(|_| index < size) else {
            return Err(ReadError::Unpublished { index, size });
        };
        let unprovable = |why: String| ReadError::Unprovable { index, why };
        let raw = self.raw(index)?.next().map_err(ReadError::from)?;
        let entry = raw.ok_or_else(|| unprovable("its bundle is missing".to_owned()))?.bytes;
        let path = tlog::inclusion_proof(
            &|level, at| tlog::tile::subtree(level, at, size, &|tile| published.tile(tile)),
            index,
            size,
        )
        .map_err(|error| unprovable(error.to_string()))?;
        let proof = TlogProof { index, extra: Some(entry), path, checkpoint };
        proof.verify_carried(&self.verifier).map_err(|error| unprovable(error.to_string()))?;
        Ok(proof.encode())
    }

    /// The facts of decision `id`, unsealed and checked against the log's commitment.
    ///
    /// # Errors
    /// There is no such decision, it has no facts, or its key was erased.
    pub fn facts(&self, id: DecisionId, keys: &FactKeys) -> Result<Vec<u8>, ReadError> {
        let entries = self.find(id)?;
        let decision = entries
            .iter()
            .find(|entry| entry.kind == EntryKind::Decision)
            .ok_or(ReadError::NoDecision(id))?;
        let commit = Commit::of(&decision.json).ok_or(ReadError::NoFacts(id))?;
        let sealed = self.sealed(decision.index)?.ok_or(ReadError::NoFacts(id))?;
        Ok(keys.unseal(id, &commit, &sealed)?)
    }

    /// The sealed facts of entry `index`: from the WAL, or from the payloads once published.
    fn sealed(&self, index: u64) -> Result<Option<Vec<u8>>, ReadError> {
        match self.raw(index)?.next()? {
            Some(raw) if !raw.published => Ok(Some(raw.sealed).filter(|bytes| !bytes.is_empty())),
            Some(_) => Ok(payloads::find(self.published.dir(), index)?),
            None => Ok(None),
        }
    }

    /// Where the log lies.
    pub(crate) fn dir(&self) -> &Path {
        self.published.dir()
    }

    pub(crate) fn raw(&self, from: u64) -> Result<RawEntries, ReadError> {
        Ok(RawEntries::new(&self.published, &self.verifier, from)?)
    }
}

impl Entries {
    /// Only those whose bytes hold one of `texts`. The others are passed over unparsed, so that a
    /// long log is searched about as fast as it is read; a text may stand anywhere in an entry.
    #[must_use]
    pub fn holding(self, texts: &'static [&'static str]) -> Self {
        Self { holding: texts, ..self }
    }

    /// The same entries, and on the way it is shown that the published ones are what the
    /// checkpoint signs: the last of them is followed by an error where they are not. What was
    /// handed out before is then worth nothing. It takes effect where nothing was read yet and
    /// reading begins with entry 0; the WAL's tail is not signed, and not shown.
    #[must_use]
    pub fn shown(self) -> Self {
        Self { raw: self.raw.shown(), ..self }
    }

    /// The same entries, of which only the members called `names` are read. Those that the ledger
    /// itself reads of an entry are never among them: what orders and pairs entries, and the
    /// `charter` and `body` by which one cites what it was decided under.
    #[must_use]
    pub const fn parts(self, names: &'static [&'static str]) -> Parts {
        Parts { entries: self, names }
    }

    /// The index of the entry that is looked at next: of all before it, those that are wanted
    /// were handed out.
    #[must_use]
    pub const fn next_index(&self) -> u64 {
        self.raw.next_index()
    }

    /// The next entry that is wanted, as bytes.
    fn next_wanted(&mut self) -> Result<Option<RawEntry>, ReadError> {
        while let Some(raw) = self.raw.next()? {
            if self.wants(&raw.bytes) {
                return Ok(Some(raw));
            }
        }
        Ok(None)
    }

    /// Whether an entry is wanted. What is not UTF-8 is: it is no entry, and reading it says so.
    fn wants(&self, bytes: &[u8]) -> bool {
        self.holding.is_empty()
            || std::str::from_utf8(bytes)
                .map_or(true, |entry| self.holding.iter().any(|text| entry.contains(text)))
    }
}

impl Iterator for Entries {
    type Item = Result<Entry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let RawEntry { index, bytes, published, .. } = match self.next_wanted() {
            Ok(raw) => raw?,
            Err(error) => return Some(Err(error)),
        };
        let entry = Entry::parse(&bytes, index, published);
        Some(entry.map_err(|source| ReadError::Entry { index, source }))
    }
}

impl Parts {
    /// As [`Entries::next_index`].
    #[must_use]
    pub const fn next_index(&self) -> u64 {
        self.entries.next_index()
    }
}

impl Iterator for Parts {
    type Item = Result<Part, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let RawEntry { index, bytes, .. } = match self.entries.next_wanted() {
            Ok(raw) => raw?,
            Err(error) => return Some(Err(error)),
        };
        let mut members = Vec::new();
        let head = Head::read_with(&bytes, index, |key, value| {
            if let Some(name) = self.names.iter().find(|name| **name == key) {
                members.push((*name, value.into()));
            }
        });
        let part = head.map(|Head { kind, id, .. }| Part { index, kind, id, members });
        Some(part.map_err(|source| ReadError::Entry { index, source }))
    }
}

impl Part {
    /// The text of the member called `name`, as JSON.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&str> {
        self.members.iter().find(|(known, _)| *known == name).map(|(_, text)| &**text)
    }
}

impl From<RawError> for ReadError {
    fn from(error: RawError) -> Self {
        match error {
            RawError::Published(error) => error.into(),
            RawError::Wal(error) => error.into(),
            RawError::OtherRoot(size) => Self::OtherRoot(size),
        }
    }
}
