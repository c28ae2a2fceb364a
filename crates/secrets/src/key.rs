//! The sealing key: wraps each secret's own key. It lives in a file that only its owner may
//! read, and never leaves this type again.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM_SIV, RandomizedNonceKey};
use aws_lc_rs::{hmac, rand};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::disk::Disk;

/// Bytes of a key.
pub(crate) const KEY_BYTES: usize = 32;
/// What a key file begins with; base64 of the key and a line end follow.
const FILE_PREFIX: &str = "portreeve-sealing-key-1:";
/// Longest key file that is read, in bytes.
const FILE_BYTES_MAX: usize = 256;
/// What the key's id is derived over.
const ID_CONTEXT: &[u8] = b"portreeve sealing key id v1";
/// What the key of fingerprints is derived over.
const FINGERPRINT_CONTEXT: &[u8] = b"portreeve secret fingerprint key v1";

/// The key under which the gateway's secrets are sealed (256 bits). Clones share it.
#[derive(Clone)]
pub struct SealingKey {
    wrapping: Arc<RandomizedNonceKey>,
    fingerprinting: hmac::Key,
    id: String,
}

/// Tells two values apart without giving either away: a keyed hash, so that nobody without the
/// sealing key can test a guess.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 8]);

/// A sealing key's file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error("cannot read the sealing key {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file cannot be made; nothing that exists was replaced.
    #[error("cannot make the sealing key {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A symbolic link or something else that is not a plain file.
    #[error("the sealing key {0} is not a plain file (symbolic links are not followed)")]
    NotAFile(PathBuf),
    /// Others may read or change the file.
    #[error("the sealing key {path} is open to others (mode {mode:03o}); run: chmod 600 {path}")]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not a key.
    #[error("{0} does not hold a sealing key; restore it from a backup")]
    Malformed(PathBuf),
    /// No randomness, or the library refuses the key.
    #[error("the cryptographic library failed")]
    Crypto,
}

impl SealingKey {
    /// Reads the key at `path`, or makes one there where nothing is.
    ///
    /// # Errors
    /// See [`Self::read`] and [`Self::make`].
    pub fn read_or_make(path: &Path) -> Result<Self, KeyError> {
        match Self::read(path) {
            Err(KeyError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Self::make(path)
            }
            read => read,
        }
    }

    /// Reads the key at `path`.
    ///
    /// # Errors
    /// Where it is not a plain file holding a key, or anybody but its owner may use it.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let unreadable = |source| KeyError::Read { path: path.to_owned(), source };
        let named = fs::symlink_metadata(path).map_err(unreadable)?;
        if !named.is_file() {
            return Err(KeyError::NotAFile(path.to_owned()));
        }
        let file = File::open(path).map_err(unreadable)?;
        let opened = file.metadata().map_err(unreadable)?;
        // Somebody may have put a link in its place in between.
        if (named.dev(), named.ino()) != (opened.dev(), opened.ino()) {
            return Err(KeyError::NotAFile(path.to_owned()));
        }
        let mode = opened.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::OpenToOthers { path: path.to_owned(), mode });
        }
        // With room for all that is read, so that growing leaves no copy of it behind.
        let mut text = Zeroizing::new(Vec::with_capacity(2 * FILE_BYTES_MAX));
        file.take(FILE_BYTES_MAX as u64).read_to_end(&mut text).map_err(unreadable)?;
        let bytes = decode(&text).ok_or_else(|| KeyError::Malformed(path.to_owned()))?;
        Self::from_bytes(&bytes).ok_or(KeyError::Crypto)
    }

    /// Makes a new key at `path`, readable by its owner only. It never replaces a file.
    ///
    /// A crash in between leaves no key, or the whole key; an unfinished file beside it is
    /// removed by the next attempt.
    ///
    /// # Errors
    /// Where something is there already, or the file cannot be made durable.
    pub fn make(path: &Path) -> Result<Self, KeyError> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        rand::fill(bytes.as_mut_slice()).map_err(|_| KeyError::Crypto)?;
        let encoded = Zeroizing::new(STANDARD.encode(bytes.as_slice()));
        let mut text = Zeroizing::new(Vec::with_capacity(FILE_BYTES_MAX));
        text.extend_from_slice(FILE_PREFIX.as_bytes());
        text.extend_from_slice(encoded.as_bytes());
        text.push(b'\n');
        Disk::default()
            .publish(path, &text)
            .map_err(|source| KeyError::Write { path: path.to_owned(), source })?;
        // The file decides, should two processes have been at it.
        Self::read(path)
    }

    /// The key's id: tells keys apart, gives nothing away.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn from_bytes(bytes: &[u8; KEY_BYTES]) -> Option<Self> {
        let root = hmac::Key::new(hmac::HMAC_SHA256, bytes);
        let id = hmac::sign(&root, ID_CONTEXT);
        let fingerprinting = hmac::sign(&root, FINGERPRINT_CONTEXT);
        Some(Self {
            wrapping: Arc::new(RandomizedNonceKey::new(&AES_256_GCM_SIV, bytes).ok()?),
            fingerprinting: hmac::Key::new(hmac::HMAC_SHA256, fingerprinting.as_ref()),
            id: hex(id.as_ref().iter().take(8)),
        })
    }

    pub(crate) fn wrapping(&self) -> &RandomizedNonceKey {
        &self.wrapping
    }

    pub(crate) fn fingerprint(&self, value: &[u8]) -> Fingerprint {
        let tag = hmac::sign(&self.fingerprinting, value);
        let mut short = [0; 8];
        short.iter_mut().zip(tag.as_ref()).for_each(|(short, full)| *short = *full);
        Fingerprint(short)
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SealingKey({})", self.id)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&hex(self.0.iter()))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Fingerprint({self})")
    }
}

fn decode(text: &[u8]) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
    let text = text.strip_prefix(FILE_PREFIX.as_bytes())?.strip_suffix(b"\n")?;
    let bytes = Zeroizing::new(STANDARD.decode(text).ok()?);
    Some(Zeroizing::new(bytes.as_slice().try_into().ok()?))
}

fn hex<'a>(bytes: impl Iterator<Item = &'a u8>) -> String {
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
