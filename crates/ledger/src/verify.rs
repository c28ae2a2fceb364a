//! The full check of a log's directory: tree, entries, order, pairing, and the WAL's tail.
//!
//! The walk over the published part is tlog's; this adds what only the ledger knows of entries.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tlog::Checkpoint;
use tlog::walk::{self, Stopped};

use crate::disk::read_if_there;
use crate::entry::EntryKind;
use crate::head::Head;
use crate::raw::RawEntry;
use crate::read::{ReadError, Reader};

/// What an intact log holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Entries that the checkpoint covers.
    pub published: u64,
    /// Entries in the WAL beyond it.
    pub tail: u64,
    /// Epochs begun.
    pub epochs: u64,
    /// Epochs that did not end in good order; the one under way is not counted.
    pub unclean_epochs: u64,
    /// Decisions.
    pub decisions: u64,
    /// Decisions whose outcome is due and missing; those under way are among them.
    pub unpaired: Vec<u64>,
}

/// What is wrong with a log, in one sentence.
#[derive(Debug, thiserror::Error)]
pub enum Finding {
    /// The published part is not what was signed.
    #[error("{0}")]
    Published(Box<walk::Finding>),
    /// An entry contradicts those before it.
    #[error("entry {index} {what}")]
    Order {
        /// Its place.
        index: u64,
        /// What is wrong, as the rest of a sentence.
        what: String,
    },
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// How it failed.
        source: std::io::Error,
    },
    /// The WAL's tail cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// An entry as the check passes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed<'a> {
    /// Its place.
    pub index: u64,
    /// Entries that the checkpoint covers.
    pub of: u64,
    /// What it says.
    pub kind: EntryKind,
    /// The charter that it names, as the entry writes it: of a decision and of what says that a
    /// charter was loaded.
    pub cites: Option<&'a str>,
}

/// Hears of each entry that is in order, before the whole is known to be what was signed.
pub type Watch<'a> = dyn FnMut(Passed<'_>) + 'a;

/// What the entries so far say.
#[derive(Debug, Default)]
struct Fold {
    next: u64,
    epoch: u64,
    stopped: bool,
    unclean: u64,
    decisions: u64,
    open: BTreeSet<u64>,
}

/// Checks the log in `dir` against its key: recomputes the tree from the entries, never trusting
/// a tile, and follows the entries' own order, epochs and pairing, the WAL's tail included.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify_dir(dir: &Path, vkey: &str) -> Result<Report, Finding> {
    verify_dir_against(dir, vkey, &[])
}

/// The same, and that the log continues each checkpoint somebody held of it.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify_dir_against(dir: &Path, vkey: &str, held: &[Checkpoint]) -> Result<Report, Finding> {
    verify_dir_watched(dir, vkey, held, &mut |_| ())
}

/// The same, and `watch` hears of each entry on the way.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify_dir_watched(
    dir: &Path,
    vkey: &str,
    held: &[Checkpoint],
    watch: &mut Watch<'_>,
) -> Result<Report, Finding> {
    let reader = Reader::open(dir, vkey)?;
    let mut fold = Fold::default();
    let published = match reader.checkpoint_note()? {
        None => 0,
        Some(note) => walk_published(dir, (&note, held), &reader, (&mut fold, watch))?,
    };
    let mut tail = reader.raw(published)?;
    while let Some(RawEntry { index, bytes, .. }) = tail.next().map_err(ReadError::from)? {
        let head =
            Head::read(&bytes, index).map_err(|source| ReadError::Entry { index, source })?;
        fold.take(index, &head).map_err(|what| Finding::Order { index, what })?;
        watch(Passed { index, of: published, kind: head.kind, cites: head.cites });
    }
    Ok(Report {
        published,
        tail: fold.next - published,
        epochs: fold.epoch,
        unclean_epochs: fold.unclean,
        decisions: fold.decisions,
        unpaired: fold.open.into_iter().collect(),
    })
}

fn walk_published(
    dir: &Path,
    (note, held): (&str, &[Checkpoint]),
    reader: &Reader,
    (fold, watch): (&mut Fold, &mut Watch<'_>),
) -> Result<u64, Finding> {
    let found = |finding| Finding::Published(Box::new(finding));
    let checkpoint = walk::open(note, reader.verifier()).map_err(found)?;
    let mut read = |path: &str| read_if_there(&dir.join(path));
    let mut judge = |index: u64, bytes: &[u8]| {
        let head = Head::read(bytes, index).map_err(|error| format!("is refused: {error}"));
        head.and_then(|head| {
            fold.take(index, &head)?;
            let of = checkpoint.size;
            watch(Passed { index, of, kind: head.kind, cites: head.cites });
            Ok(())
        })
    };
    match walk::walk(&checkpoint, held, &mut read, &mut judge) {
        Ok(walked) => Ok(walked.entries),
        Err(Stopped::Found(finding)) => Err(found(finding)),
        Err(Stopped::Unreadable { path, source }) => {
            Err(Finding::Io { path: dir.join(path), source })
        }
    }
}

impl Fold {
    fn take(&mut self, index: u64, head: &Head<'_>) -> Result<(), String> {
        if index != self.next {
            return Err(format!("stands where entry {} must", self.next));
        }
        self.next += 1;
        match head.kind {
            EntryKind::EpochStart => self.start(index, head)?,
            _ if head.epoch != self.epoch => {
                return Err(format!("is of epoch {}, within epoch {}", head.epoch, self.epoch));
            }
            _ if self.stopped => return Err("follows the end of its epoch".to_owned()),
            EntryKind::EpochStop => self.stopped = true,
            EntryKind::Decision => {
                self.decisions += 1;
                if head.outcome_due {
                    self.open.insert(index);
                }
            }
            EntryKind::Outcome => {
                let decision = head.decision;
                if !decision.is_some_and(|decision| self.open.remove(&decision)) {
                    return Err("is the outcome of no decision that lacks one".to_owned());
                }
            }
            EntryKind::RefusalsOpened
            | EntryKind::RefusalsClosed
            | EntryKind::CharterLoaded
            | EntryKind::Heartbeat
            | EntryKind::Genesis
            | EntryKind::Act
            | EntryKind::CharterApplied
            | EntryKind::Checkpoint => {}
        }
        Ok(())
    }

    fn start(&mut self, index: u64, head: &Head<'_>) -> Result<(), String> {
        if head.epoch != self.epoch + 1 {
            return Err(format!("begins epoch {}, after epoch {}", head.epoch, self.epoch));
        }
        let expected = (self.epoch > 0).then_some((self.epoch, index.saturating_sub(1)));
        if head.previous != expected {
            return Err("does not name the end of the epoch before it".to_owned());
        }
        self.unclean += u64::from(self.epoch > 0 && !self.stopped);
        self.epoch = head.epoch;
        self.stopped = false;
        Ok(())
    }
}
