//! A commitment to a secret's value: the signer is bound to the bytes, and a reader of the act
//! learns nothing of them (`spec/act.md`).
//!
//! A plain digest would let anyone who reads the log try values of little entropy. The salt
//! prevents that as long as it is never written down, so it has no `Display`.

use std::fmt;
use std::str::FromStr;

use model::{Digest, DigestError, SecretName};
use sha2::Digest as _;
use zeroize::Zeroizing;

use crate::hexadecimal;

/// Separates these digests from every other digest of the same bytes.
const DOMAIN: &[u8] = b"portreeve secret commitment v1\n";

/// SHA-256 over the domain, the secret's name, the salt and the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Commitment(Digest);

/// 32 random bytes that open a commitment. It travels in the request beside the act, and is
/// dropped with the value; `Debug` shows no part of it.
#[derive(Clone)]
pub struct Salt(Zeroizing<[u8; 32]>);

impl Commitment {
    /// The commitment to `value` as the secret `name`.
    #[must_use]
    pub fn of(name: &SecretName, value: &[u8], salt: &Salt) -> Self {
        // The name ends at the line feed, which no name holds, and the salt has a fixed
        // length: no two inputs give the same bytes.
        let digest = sha2::Sha256::new()
            .chain_update(DOMAIN)
            .chain_update(name.as_str())
            .chain_update(b"\n")
            .chain_update(*salt.0)
            .chain_update(value)
            .finalize();
        Self(Digest::from_bytes(digest.into()))
    }

    /// Whether it is the commitment to exactly this value of this secret under this salt.
    #[must_use]
    pub fn opens_to(&self, name: &SecretName, value: &[u8], salt: &Salt) -> bool {
        *self == Self::of(name, value, salt)
    }
}

impl fmt::Display for Commitment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, out)
    }
}

impl FromStr for Commitment {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        text.parse().map(Self)
    }
}

impl Salt {
    /// A salt of 32 bytes from a cryptographic random source, used for one act only.
    #[must_use]
    pub fn new(random: Zeroizing<[u8; 32]>) -> Self {
        Self(random)
    }

    /// The salt in the 64 hexadecimal characters of a request's body.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        hexadecimal::decode(text).map(|bytes| Self(Zeroizing::new(bytes)))
    }

    /// The salt as a request's body carries it. Never log it.
    #[must_use]
    pub fn expose_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(hexadecimal::encode(&*self.0))
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Salt(not shown)")
    }
}
