//! Entries as bytes, in order: the published ones from their bundles, then those of the WAL.
//!
//! It reads while a writer appends, publishes and removes segments, and never writes.

use tlog::tile::WIDTH;
use tlog::{CompactRange, LogVerifier, leaf_hash};

use crate::published::{Published, PublishedError};
use crate::wal::{Cursor, WalError};

/// An entry's bytes and place.
#[derive(Debug)]
pub(crate) struct RawEntry {
    pub(crate) index: u64,
    pub(crate) bytes: Vec<u8>,
    /// Its sealed facts, where it came from the WAL and has any.
    pub(crate) sealed: Vec<u8>,
    pub(crate) published: bool,
}

/// Where a reader of bytes stands.
#[derive(Debug)]
pub(crate) struct RawEntries {
    published: Published,
    verifier: LogVerifier,
    next: u64,
    /// Entries that the checkpoint covered when it was last read.
    size: u64,
    bundle: Option<(u64, u64, Vec<Vec<u8>>)>,
    cursor: Cursor,
    /// The tree of the published entries that were read, where it is to be shown what they are.
    tree: Option<CompactRange>,
}

/// Why raw entries cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RawError {
    #[error(transparent)]
    Published(#[from] PublishedError),
    #[error(transparent)]
    Wal(#[from] WalError),
    #[error("the {0} published entries do not give the signed root")]
    OtherRoot(u64),
}

impl RawEntries {
    /// The entries from `from` on.
    pub(crate) fn new(
        published: &Published,
        verifier: &LogVerifier,
        from: u64,
    ) -> Result<Self, RawError> {
        let published = published.clone();
        let size = published.checkpoint(verifier)?.map_or(0, |checkpoint| checkpoint.size);
        let cursor =
            Cursor::new(&published.dir().join("wal"), verifier.name().as_str(), from.max(size));
        Ok(Self {
            published,
            verifier: verifier.clone(),
            next: from,
            size,
            bundle: None,
            cursor,
            tree: None,
        })
    }

    /// Hashes what it reads from here on, and holds it against each checkpoint it comes to.
    pub(crate) fn shown(mut self) -> Self {
        if self.next == 0 {
            self.tree = Some(CompactRange::new());
        }
        self
    }

    /// The index of the entry that comes next.
    pub(crate) const fn next_index(&self) -> u64 {
        self.next
    }

    /// The next entry; none at the end. Later calls return what came meanwhile.
    pub(crate) fn next(&mut self) -> Result<Option<RawEntry>, RawError> {
        // The second round is for entries that moved from the WAL to bundles meanwhile.
        for _ in 0..2 {
            if self.next < self.size {
                if let Some(entry) = self.next_in_bundle()? {
                    return Ok(Some(entry));
                }
            } else if let Some(frame) = self.cursor.next()? {
                self.next = frame.index + 1;
                // What follows is not signed yet, and was shown as far as anything can be.
                self.tree = None;
                return Ok(Some(RawEntry {
                    index: frame.index,
                    bytes: frame.entry,
                    sealed: frame.sealed,
                    published: false,
                }));
            }
            if !self.look_again()? {
                break;
            }
        }
        Ok(None)
    }

    fn next_in_bundle(&mut self) -> Result<Option<RawEntry>, RawError> {
        let number = self.next / u64::from(WIDTH);
        if self.bundle.as_ref().is_none_or(|(at, size, _)| *at != number || *size != self.size) {
            let entries = self.published.bundle(number, self.size)?;
            self.bundle = entries.map(|entries| (number, self.size, entries));
        }
        let position = usize::try_from(self.next % u64::from(WIDTH)).unwrap_or(usize::MAX);
        let bytes = self.bundle.as_ref().and_then(|(_, _, entries)| entries.get(position));
        let Some(bytes) = bytes.cloned() else { return Ok(None) };
        let index = self.next;
        self.next += 1;
        self.show(&bytes)?;
        Ok(Some(RawEntry { index, bytes, sealed: Vec::new(), published: true }))
    }

    /// Counts a published entry; the last that the checkpoint covers must give its root.
    fn show(&mut self, bytes: &[u8]) -> Result<(), RawError> {
        let Some(tree) = &mut self.tree else { return Ok(()) };
        tree.push(leaf_hash(bytes));
        if self.next < self.size {
            return Ok(());
        }
        // It may have grown since: then the entries that came are read from bundles, too.
        match self.published.checkpoint(&self.verifier)? {
            Some(signed) if signed.size > self.next => {
                self.size = signed.size;
                self.cursor.seek(signed.size);
                Ok(())
            }
            Some(signed) if signed.size == self.next && signed.root == tree.root() => Ok(()),
            Some(_) | None => Err(RawError::OtherRoot(self.next)),
        }
    }

    /// Reads the checkpoint again; whether it grew.
    fn look_again(&mut self) -> Result<bool, RawError> {
        let size = self.published.checkpoint(&self.verifier)?.map_or(0, |found| found.size);
        let grew = size > self.size;
        self.size = size;
        self.cursor.seek(self.next.max(size));
        Ok(grew)
    }
}
