//! The offline proof of one entry (C2SP tlog-proof v1): index, inclusion proof, checkpoint.
//! Its extra data is carried, never trusted: `portreeve` puts the entry itself there.

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::key::LogVerifier;
use crate::note::NOTE_BYTES_MAX;
use crate::prove::{ProofError, check_inclusion};
use crate::text::{base64, decimal, from_base64, hash_from_base64};
use crate::tree::{Hash, leaf_hash};

/// Largest proof text that is read, in bytes.
pub const PROOF_BYTES_MAX: usize = 2 * NOTE_BYTES_MAX;
/// Most hashes that an inclusion proof can have.
const PATH_MAX: usize = 64;

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// A proof that an entry is in a log, with everything but the log's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// The entry's index.
    pub index: u64,
    /// Data beside the proof, unauthenticated; here the entry, so that the file stands alone.
    pub extra: Option<Vec<u8>>,
    /// The inclusion proof, from the leaf's sibling to the root's child.
    pub path: Vec<Hash>,
    /// The checkpoint, a signed note, verbatim.
    pub checkpoint: String,
}

/// Why a proof is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlogProofError {
    /// The text is not a tlog-proof.
    #[error("not a {FIRST_LINE} text: {0}")]
    Form(&'static str),
    /// Its checkpoint is refused.
    #[error("the proof's checkpoint is refused: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// Its inclusion proof does not prove.
    #[error("the proof does not show that the entry is in the log: {0}")]
    Inclusion(#[from] ProofError),
    /// There is no entry to check: neither beside the proof nor in it.
    #[error("the proof does not carry its entry: give the entry beside it")]
    NoEntry,
}

impl TlogProof {
    /// The text of a `.tlog-proof` file.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = format!("{FIRST_LINE}\n");
        if let Some(extra) = &self.extra {
            text.push_str(&format!("extra {}\n", base64(extra)));
        }
        text.push_str(&format!("index {}\n", self.index));
        for hash in &self.path {
            text.push_str(&format!("{}\n", base64(hash)));
        }
        text.push('\n');
        text.push_str(&self.checkpoint);
        text
    }

    /// Reads the text of a `.tlog-proof` file.
    ///
    /// # Errors
    /// When it is not exactly in that form, or beyond a limit. The checkpoint is read by
    /// [`verify`](Self::verify).
    pub fn decode(text: &str) -> Result<Self, TlogProofError> {
        if text.len() > PROOF_BYTES_MAX {
            return Err(TlogProofError::Form("it is too large"));
        }
        let no_checkpoint = TlogProofError::Form("no empty line and checkpoint follow the hashes");
        let (head, checkpoint) = text.split_once("\n\n").ok_or(no_checkpoint)?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(FIRST_LINE) {
            return Err(TlogProofError::Form("its first line is another"));
        }
        let extra = match lines.peek().and_then(|line| line.strip_prefix("extra ")) {
            Some(encoded) => {
                lines.next();
                let bytes = from_base64(encoded);
                Some(bytes.ok_or(TlogProofError::Form("its extra data is not base64"))?)
            }
            None => None,
        };
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(decimal);
        let index = index.ok_or(TlogProofError::Form("it has no index line"))?;
        let path: Option<Vec<Hash>> = lines.take(PATH_MAX + 1).map(hash_from_base64).collect();
        let path = path.ok_or(TlogProofError::Form("a line of the proof is not a hash"))?;
        if path.len() > PATH_MAX {
            return Err(TlogProofError::Form("it has too many hashes"));
        }
        Ok(Self { index, extra, path, checkpoint: checkpoint.to_owned() })
    }

    /// Checks that the entry with this leaf hash is in the log of `verifier`, and returns the
    /// checkpoint that covers it.
    ///
    /// # Errors
    /// When the checkpoint is not signed by this key or the entry is not the one proved.
    pub fn verify(
        &self,
        leaf: &Hash,
        verifier: &LogVerifier,
    ) -> Result<Checkpoint, TlogProofError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, verifier)?;
        check_inclusion(leaf, self.index, checkpoint.size, &self.path, &checkpoint.root)?;
        Ok(checkpoint)
    }

    /// As [`verify`](Self::verify), for the entry that the proof carries as its extra data.
    ///
    /// # Errors
    /// As there, and when the proof carries no entry.
    pub fn verify_carried(&self, verifier: &LogVerifier) -> Result<Checkpoint, TlogProofError> {
        let entry = self.extra.as_deref().ok_or(TlogProofError::NoEntry)?;
        self.verify(&leaf_hash(entry), verifier)
    }
}
