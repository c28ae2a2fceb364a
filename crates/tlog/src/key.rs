//! A log's Ed25519 key, and the text forms of C2SP signed-note for its two halves.
//! The private half is never shown by `Debug` and signs only the texts this crate composes.

use std::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::origin::Origin;
use crate::text::{base64, from_base64};

/// The signature type of Ed25519 in signed-note.
const ED25519: u8 = 0x01;

const PRIVATE_PREFIX: &str = "PRIVATE+KEY+";

/// A log's signing key together with the log's name.
pub struct LogKey {
    key: SigningKey,
    verifier: LogVerifier,
}

/// The public half: what an auditor keeps to check a log's signatures.
#[derive(Clone, PartialEq, Eq)]
pub struct LogVerifier {
    name: Origin,
    id: [u8; 4],
    key: VerifyingKey,
}

/// Why a text is not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is not in the three-part form.
    #[error("a log's key reads NAME+ID+KEY, as in example.com/log+530d903a+AekyeRrm...")]
    Form,
    /// The private key's beginning is missing.
    #[error("a log's private key begins with {PRIVATE_PREFIX}")]
    NotPrivate,
    /// The name cannot name a log.
    #[error("the key's name is not a log's name: {0}")]
    Name(#[from] crate::OriginError),
    /// The id was computed from another name or key.
    #[error("the key's id does not belong to its name and key: a character was changed or lost")]
    Id,
    /// The key is of a type this product does not use.
    #[error("the key is of type {0:#04x}: only Ed25519, 0x01, is read")]
    Type(u8),
    /// The key bytes are no usable Ed25519 key.
    #[error("the key is not a usable Ed25519 key")]
    Unusable,
}

impl LogKey {
    /// The key of the log `name` whose private half is `seed`; the caller draws the seed at
    /// random and keeps it nowhere else.
    #[must_use]
    pub fn generate(name: Origin, seed: [u8; 32]) -> Self {
        let key = SigningKey::from_bytes(&Zeroizing::new(seed));
        let verifier = LogVerifier::new(name, key.verifying_key());
        Self { key, verifier }
    }

    /// Reads the text of [`skey`](Self::skey).
    ///
    /// # Errors
    /// When the text is not an Ed25519 signed-note private key, or its id does not fit.
    pub fn from_skey(text: &str) -> Result<Self, KeyError> {
        let text = text.trim_end_matches('\n');
        let rest = text.strip_prefix(PRIVATE_PREFIX).ok_or(KeyError::NotPrivate)?;
        let (name, id, seed) = parts(rest)?;
        let key = Self::generate(name, seed);
        if key.verifier.id == id { Ok(key) } else { Err(KeyError::Id) }
    }

    /// The private key as text, `PRIVATE+KEY+NAME+ID+KEY`: a secret, for a file of mode 0600.
    #[must_use]
    pub fn skey(&self) -> Zeroizing<String> {
        let seed = Zeroizing::new(self.key.to_bytes());
        let text = Zeroizing::new(key_text(&self.verifier, &seed));
        Zeroizing::new(format!("{PRIVATE_PREFIX}{}", *text))
    }

    /// The public key as text, `NAME+ID+KEY`: what auditors and witnesses are given.
    #[must_use]
    pub fn vkey(&self) -> String {
        self.verifier.vkey()
    }

    /// The log's name.
    #[must_use]
    pub const fn name(&self) -> &Origin {
        &self.verifier.name
    }

    /// The public half.
    #[must_use]
    pub fn verifier(&self) -> LogVerifier {
        self.verifier.clone()
    }

    /// Signs a text that this crate composed, so that no caller can have one kind of text
    /// signed in place of another.
    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }

    pub(crate) const fn id(&self) -> [u8; 4] {
        self.verifier.id
    }
}

impl LogVerifier {
    fn new(name: Origin, key: VerifyingKey) -> Self {
        let id = key_id(&name, &key);
        Self { name, id, key }
    }

    /// Reads a public key, `NAME+ID+KEY`.
    ///
    /// # Errors
    /// When the text is not an Ed25519 signed-note key, its id does not fit, or the key is one
    /// under which signatures can be forged.
    pub fn from_vkey(text: &str) -> Result<Self, KeyError> {
        let (name, id, bytes) = parts(text.trim_end_matches('\n'))?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::Unusable)?;
        if key.is_weak() {
            return Err(KeyError::Unusable);
        }
        let verifier = Self::new(name, key);
        if verifier.id == id { Ok(verifier) } else { Err(KeyError::Id) }
    }

    /// The key as text, `NAME+ID+KEY`.
    #[must_use]
    pub fn vkey(&self) -> String {
        key_text(self, self.key.as_bytes())
    }

    /// The log's name.
    #[must_use]
    pub const fn name(&self) -> &Origin {
        &self.name
    }

    /// Whether `signature` is this key's over `message`.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }

    /// Whether a note's signature line with this name and id claims to be of this key.
    pub(crate) fn is_named(&self, name: &str, id: [u8; 4]) -> bool {
        self.name.as_str() == name && self.id == id
    }
}

impl fmt::Display for LogVerifier {
    /// The name and id, without the key: for people to compare.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}+{:08x}", self.name, u32::from_be_bytes(self.id))
    }
}

impl fmt::Debug for LogVerifier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "LogVerifier({self})")
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "LogKey({}, private)", self.verifier)
    }
}

fn key_id(name: &Origin, key: &VerifyingKey) -> [u8; 4] {
    let digest: [u8; 32] = Sha256::new()
        .chain_update(name.as_str())
        .chain_update([b'\n', ED25519])
        .chain_update(key.as_bytes())
        .finalize()
        .into();
    let [a, b, c, d, ..] = digest;
    [a, b, c, d]
}

fn key_text(verifier: &LogVerifier, key: &[u8; 32]) -> String {
    let mut typed = Zeroizing::new([ED25519; 33]);
    if let Some((_, rest)) = typed.split_first_mut() {
        rest.copy_from_slice(key);
    }
    format!("{verifier}+{}", *Zeroizing::new(base64(&*typed)))
}

/// Splits `NAME+ID+KEY`; the name has no `+`, base64 may.
fn parts(text: &str) -> Result<(Origin, [u8; 4], [u8; 32]), KeyError> {
    let mut fields = text.splitn(3, '+');
    let (Some(name), Some(id), Some(key)) = (fields.next(), fields.next(), fields.next()) else {
        return Err(KeyError::Form);
    };
    let lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if id.len() != 8 || !id.bytes().all(lower_hex) {
        return Err(KeyError::Form);
    }
    let id = u32::from_str_radix(id, 16).map_err(|_| KeyError::Form)?.to_be_bytes();
    let typed = Zeroizing::new(from_base64(key).ok_or(KeyError::Form)?);
    match typed.split_first() {
        Some((&ED25519, key)) => {
            let key = key.try_into().map_err(|_| KeyError::Unusable)?;
            Ok((name.parse()?, id, key))
        }
        Some((&other, _)) => Err(KeyError::Type(other)),
        None => Err(KeyError::Form),
    }
}
