//! What a walk can find, each in one sentence that an auditor can read aloud.

use crate::bundle::{Bundle, BundleError};
use crate::checkpoint::CheckpointError;
use crate::key::LogVerifier;
use crate::note::NoteError;
use crate::tile::WIDTH;

/// What is wrong with a log, each in one sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// The checkpoint carries no signature of the key.
    #[error("the checkpoint is not signed by the key {key}")]
    NotSigned {
        /// The key's name and id.
        key: String,
    },
    /// The checkpoint carries a signature that claims to be of the key.
    #[error(
        "the checkpoint claims to be signed by the key {key}, and its text or signature was changed"
    )]
    Forged {
        /// The key's name and id.
        key: String,
    },
    /// The checkpoint cannot be read.
    #[error("the checkpoint cannot be read: {why}")]
    CheckpointUnreadable {
        /// Why.
        why: String,
    },
    /// The checkpoint is of a log of another name.
    #[error("the checkpoint is of the log `{found}`, but the key is of `{expected}`")]
    OriginDiffers {
        /// The name in the checkpoint.
        found: String,
        /// The name of the key.
        expected: String,
    },
    /// The entries end before the checkpoint does.
    #[error("the log is shorter than its checkpoint: {entries} entries are there of {size} signed")]
    LogShorter {
        /// Entries that are there.
        entries: u64,
        /// Entries that the checkpoint covers.
        size: u64,
    },
    /// A bundle is missing while later ones are there.
    #[error("the entry bundle {path} is missing, though the checkpoint covers {size} entries")]
    BundleMissing {
        /// The bundle's path.
        path: String,
        /// Entries that the checkpoint covers.
        size: u64,
    },
    /// A bundle's bytes are not entries.
    #[error("the entry bundle {path} cannot be read: {why}")]
    BundleUnreadable {
        /// The bundle's path.
        path: String,
        /// Why.
        why: BundleError,
    },
    /// One entry is not the one that was signed.
    #[error(
        "entry {index} (number {position} of bundle {path}) is not what checkpoint {size} signed: \
         the signed tree holds another hash there"
    )]
    EntryDiffers {
        /// The entry's index in the log.
        index: u64,
        /// Its position in the bundle, from 0.
        position: u64,
        /// The bundle's path.
        path: String,
        /// Entries that the checkpoint covers.
        size: u64,
    },
    /// The entries are not those that were signed; which, cannot be told.
    #[error(
        "the entries give the root {computed}, but checkpoint {size} signed {signed}: at least one \
         entry was changed, moved or replaced"
    )]
    RootDiffers {
        /// Entries that the checkpoint covers.
        size: u64,
        /// The root that the entries give, in base64.
        computed: String,
        /// The root that was signed, in base64.
        signed: String,
    },
    /// A checkpoint seen earlier is larger than the log's.
    #[error(
        "the log was rolled back: a checkpoint of {held} entries was seen, this one has {size}"
    )]
    RolledBack {
        /// The size seen earlier.
        held: u64,
        /// The size now.
        size: u64,
    },
    /// A checkpoint seen earlier is of another history.
    #[error(
        "the log's history was rewritten: its first {held} entries are not those that a checkpoint \
         seen earlier signed"
    )]
    Forked {
        /// The size of the checkpoint seen earlier.
        held: u64,
    },
    /// The caller refuses an entry's content.
    #[error("entry {index} (number {position} of bundle {path}) {why}")]
    EntryRefused {
        /// The entry's index in the log.
        index: u64,
        /// Its position in the bundle, from 0.
        position: u64,
        /// The bundle's path.
        path: String,
        /// What the caller says of it, as the rest of a sentence: "is not a JSON object".
        why: String,
    },
    /// A tile is missing.
    #[error("the tile {path} is missing; the entries are intact")]
    TileMissing {
        /// The tile's path.
        path: String,
    },
    /// A tile has another length.
    #[error("the tile {path} has {bytes} bytes, not {expected}; the entries are intact")]
    TileLength {
        /// The tile's path.
        path: String,
        /// Bytes it has.
        bytes: usize,
        /// Bytes it should have.
        expected: usize,
    },
    /// A tile holds something else than the entries give.
    #[error("the tile {path} differs from the entries at hash {hash}; the entries are intact")]
    TileDiffers {
        /// The tile's path.
        path: String,
        /// The first hash that differs, from 0.
        hash: usize,
    },
}

impl Finding {
    /// The entry at `index`, which a log of `size` entries holds in the bundle named.
    pub(super) fn entry_differs(index: u64, size: u64) -> Self {
        let number = index / u64::from(WIDTH);
        let last = Bundle::last(size).filter(|last| last.index() == number);
        let bundle = last.map_or_else(|| Bundle::new(number, WIDTH), Ok);
        let path = bundle.map_or_else(|_| String::new(), |bundle| bundle.path());
        Self::EntryDiffers { index, position: index % u64::from(WIDTH), path, size }
    }

    /// Why a note is not the checkpoint that `verifier` vouches for.
    pub(super) fn of_checkpoint(error: CheckpointError, verifier: &LogVerifier) -> Self {
        let key = verifier.to_string();
        match error {
            CheckpointError::Note(NoteError::NotSigned) => Self::NotSigned { key },
            CheckpointError::Note(NoteError::Forged) => Self::Forged { key },
            CheckpointError::OriginDiffers { found, expected } => {
                Self::OriginDiffers { found, expected: expected.to_string() }
            }
            error @ (CheckpointError::Note(_) | CheckpointError::Form(_)) => {
                Self::CheckpointUnreadable { why: error.to_string() }
            }
        }
    }
}
