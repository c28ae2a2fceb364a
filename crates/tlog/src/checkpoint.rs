//! Checkpoints (C2SP tlog-checkpoint v1.0.0): the signed statement of a log's size and root.
//! Extension lines are read past and never written: no monitor could audit them.

use crate::key::{LogKey, LogVerifier};
use crate::note::{self, NoteError};
use crate::origin::Origin;
use crate::text::{base64, decimal, hash_from_base64};
use crate::tree::{Hash, empty_root};

/// A log's size and root under its name.
///
/// ```
/// # use tlog::{Checkpoint, LogKey, empty_root};
/// let key = LogKey::generate("example.com/log".parse()?, [7; 32]);
/// let checkpoint = Checkpoint { origin: key.name().clone(), size: 0, root: empty_root() };
/// let note = checkpoint.sign(&key);
/// assert_eq!(Checkpoint::open(&note, &key.verifier()), Ok(checkpoint));
/// assert!(Checkpoint::open(&note.replace("0", "1"), &key.verifier()).is_err());
/// # Ok::<(), tlog::OriginError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: Origin,
    /// The number of entries.
    pub size: u64,
    /// The root over all of them.
    pub root: Hash,
}

/// Why a checkpoint is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note around it is refused.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The signed text is not a checkpoint.
    #[error("the signed text is not a checkpoint: {0}")]
    Form(&'static str),
    /// The key signed a checkpoint of a log of another name.
    #[error("the checkpoint is of the log `{found}`, not of `{expected}`")]
    OriginDiffers {
        /// The name in the checkpoint, at most 128 characters of it.
        found: String,
        /// The name of the key.
        expected: Origin,
    },
}

impl Checkpoint {
    /// The three lines that are signed.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, base64(&self.root))
    }

    /// The checkpoint as a note signed by `key`.
    #[must_use]
    pub fn sign(&self, key: &LogKey) -> String {
        note::signed(&self.text(), key)
    }

    /// Reads a checkpoint that `verifier` signed for the log of its own name.
    ///
    /// # Errors
    /// When it is not signed by this key, is of another log, or is malformed.
    pub fn open(note: &str, verifier: &LogVerifier) -> Result<Self, CheckpointError> {
        let text = note::open(note, verifier)?;
        let mut lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
        let origin = lines.next().filter(|line| !line.is_empty());
        let origin = origin.ok_or(CheckpointError::Form("its first line, the name, is empty"))?;
        if origin != verifier.name().as_str() {
            return Err(CheckpointError::OriginDiffers {
                found: origin.chars().take(128).collect(),
                expected: verifier.name().clone(),
            });
        }
        let size = lines.next().and_then(decimal);
        let size = size.ok_or(CheckpointError::Form("its second line is not a size"))?;
        let root = lines.next().and_then(hash_from_base64);
        let root = root.ok_or(CheckpointError::Form("its third line is not a root"))?;
        if lines.any(str::is_empty) {
            return Err(CheckpointError::Form("an extension line is empty"));
        }
        if size == 0 && root != empty_root() {
            return Err(CheckpointError::Form("it is of an empty log with another root"));
        }
        Ok(Self { origin: verifier.name().clone(), size, root })
    }
}
