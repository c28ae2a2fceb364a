//! Facts, sealed: what a verdict depended on, readable only while its subject's key exists.
//!
//! A leaf holds a salted commitment; the salt travels inside the sealed payload, so that once the
//! key is gone the commitment can be neither read nor confirmed by guessing. Keys never leave
//! this module, and no key or plain fact reaches an error or a log.

mod keys;

pub use keys::{Erased, FactKeys, KeySubject};

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use model::{DecisionId, Digest};
use serde::Serialize;
use serde_json::Value;

/// The most facts one decision may carry, in bytes.
pub const FACTS_BYTES_MAX: usize = 1 << 20;

const FORM: u8 = 1;
const SALT_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;

/// Why facts cannot be sealed or read.
#[derive(Debug, thiserror::Error)]
pub enum FactsError {
    /// The subject's key was erased: nobody can read or confirm these facts any more.
    #[error("the facts were sealed under `{key}`, which was erased")]
    Erased {
        /// The key's id.
        key: String,
    },
    /// No such key, and no trace of an erasure.
    #[error("the facts were sealed under `{key}`, which is not here")]
    KeyMissing {
        /// The key's id.
        key: String,
    },
    /// The key file is not what this product wrote, or another key-encryption key wrapped it.
    #[error("the key `{key}` cannot be unwrapped: wrong key-encryption key or a damaged file")]
    KeyDamaged {
        /// The key's id.
        key: String,
    },
    /// The payload is not what was sealed for this decision.
    #[error("the sealed facts of decision {id} are damaged or belong to another decision")]
    Damaged {
        /// The decision.
        id: DecisionId,
    },
    /// The facts do not match the commitment in the log.
    #[error("the facts of decision {id} are not those the log committed to")]
    OtherFacts {
        /// The decision.
        id: DecisionId,
    },
    /// A file operation failed.
    #[error("cannot use the facts key file {path}")]
    Io {
        /// Which file.
        path: String,
        /// How it failed.
        source: std::io::Error,
    },
    /// The system gave no random bytes.
    #[error("the system gives no random bytes")]
    NoRandomness,
}

/// What a leaf says of its decision's facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// SHA-256 over the salt and the facts.
    pub sha256: Digest,
    /// Bytes of the facts.
    pub bytes: u64,
    /// The id of the key they are sealed under.
    pub key: String,
}

/// A commitment as an entry holds it.
#[derive(Debug, Serialize)]
pub(crate) struct CommitRecord<'a> {
    sha256: String,
    bytes: u64,
    key: &'a str,
}

/// One subject's data key, ready for use.
#[derive(Debug)]
pub(crate) struct DataKey {
    id: String,
    key: LessSafeKey,
}

impl Commit {
    pub(crate) fn record(&self) -> CommitRecord<'_> {
        CommitRecord { sha256: self.sha256.hex(), bytes: self.bytes, key: &self.key }
    }

    /// The commitment of a decision entry; none if it carries none.
    #[must_use]
    pub fn of(entry: &Value) -> Option<Self> {
        let commit = entry.get("commit")?;
        Some(Self {
            sha256: format!("sha256:{}", commit.get("sha256")?.as_str()?).parse().ok()?,
            bytes: commit.get("bytes")?.as_u64()?,
            key: commit.get("key")?.as_str()?.to_owned(),
        })
    }
}

impl DataKey {
    pub(crate) fn new(id: String, bytes: &[u8; 32]) -> Result<Self, FactsError> {
        let damaged = || FactsError::KeyDamaged { key: id.clone() };
        let key = UnboundKey::new(&AES_256_GCM_SIV, bytes).map_err(|_| damaged())?;
        Ok(Self { key: LessSafeKey::new(key), id })
    }

    /// Seals `facts` for decision `id`: what the leaf says, and the payload.
    pub(crate) fn seal(
        &self,
        id: DecisionId,
        facts: &[u8],
    ) -> Result<(Commit, Vec<u8>), FactsError> {
        let mut payload =
            Vec::with_capacity(1 + NONCE_BYTES + SALT_BYTES + facts.len() + TAG_BYTES);
        payload.push(FORM);
        payload.extend_from_slice(&random::<{ NONCE_BYTES + SALT_BYTES }>()?);
        payload.extend_from_slice(facts);
        let failed = FactsError::Damaged { id };
        let (nonce, plain) = payload
            .get_mut(1..)
            .and_then(<[u8]>::split_first_chunk_mut::<NONCE_BYTES>)
            .ok_or(failed)?;
        let sha256 = Digest::of(plain);
        let tag = self
            .key
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(payload_aad(id, &self.id)),
                plain,
            )
            .map_err(|_| FactsError::Damaged { id })?;
        payload.extend_from_slice(tag.as_ref());
        Ok((Commit { sha256, bytes: facts.len() as u64, key: self.id.clone() }, payload))
    }

    /// Opens a payload of decision `id` and checks it against the leaf's commitment.
    pub(crate) fn unseal(
        &self,
        id: DecisionId,
        commit: &Commit,
        sealed: &[u8],
    ) -> Result<Vec<u8>, FactsError> {
        let damaged = || FactsError::Damaged { id };
        let rest = sealed.strip_prefix(&[FORM]).ok_or_else(damaged)?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE_BYTES>().ok_or_else(damaged)?;
        let mut buffer = rest.to_vec();
        let plain = self
            .key
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(payload_aad(id, &self.id)),
                &mut buffer,
            )
            .map_err(|_| damaged())?;
        if Digest::of(plain) != commit.sha256 {
            return Err(FactsError::OtherFacts { id });
        }
        plain.get(SALT_BYTES..).map(<[u8]>::to_vec).ok_or_else(damaged)
    }
}

fn payload_aad(id: DecisionId, key: &str) -> Vec<u8> {
    format!("portreeve facts v1\n{id}\n{key}\n").into_bytes()
}

fn random<const N: usize>() -> Result<[u8; N], FactsError> {
    let mut bytes = [0_u8; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| FactsError::NoRandomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
