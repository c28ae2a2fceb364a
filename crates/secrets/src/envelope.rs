//! One sealed secret as bytes: a value under a key of its own, that key under the sealing key.
//!
//! AES-256-GCM-SIV (RFC 8452) both times, with random nonces. What is authenticated beside the
//! ciphertext names the gateway, secret, version, time and purpose, so that a file copied onto
//! another name or into another gateway does not open.

use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{SecretName, SecretVersion, Timestamp};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::key::KEY_BYTES;
use crate::{SealingKey, SecretError, SecretValue};

/// The format's version.
const FORMAT: u32 = 1;
/// Bytes that sealing adds.
const TAG_BYTES: usize = 16;

/// What a sealed value is, as its authenticated data says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Label<'a> {
    pub(crate) gateway: &'a str,
    pub(crate) name: &'a SecretName,
    pub(crate) version: SecretVersion,
}

/// A value, opened, and when it was sealed.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) value: SecretValue,
    pub(crate) created: Timestamp,
}

/// The file's form.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SealedForm {
    v: u32,
    gateway: String,
    name: SecretName,
    version: SecretVersion,
    created: Timestamp,
    /// The id of the sealing key.
    kek: String,
    wrapped_key: Ciphertext,
    value: Ciphertext,
}

/// A nonce and a ciphertext with its tag, both in base64.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ciphertext {
    nonce: String,
    sealed: String,
}

/// What a ciphertext is for. Authenticated, so that one cannot stand in for the other.
#[derive(Debug, Clone, Copy)]
enum Purpose {
    WrappedKey,
    Value,
}

/// Seals `value` as `label` says, under a new random key of its own.
pub(crate) fn seal(
    label: Label<'_>,
    value: &SecretValue,
    key: &SealingKey,
    created: Timestamp,
) -> Result<Vec<u8>, SecretError> {
    let mut own_key = Zeroizing::new([0; KEY_BYTES]);
    rand::fill(own_key.as_mut_slice()).map_err(|_| SecretError::Crypto)?;
    let sealing_value = cipher(&own_key)?;
    let form = SealedForm {
        v: FORMAT,
        gateway: label.gateway.to_owned(),
        name: label.name.clone(),
        version: label.version,
        created,
        kek: key.id().to_owned(),
        wrapped_key: Ciphertext::seal(
            key.wrapping(),
            &label.authenticated(created, Purpose::WrappedKey),
            own_key.as_slice(),
        )?,
        value: Ciphertext::seal(
            &sealing_value,
            &label.authenticated(created, Purpose::Value),
            value.expose(),
        )?,
    };
    let mut bytes = serde_json::to_vec_pretty(&form).map_err(|_| SecretError::Crypto)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Opens what [`seal`] made under the same label and key. `path` is for errors only.
pub(crate) fn open(
    label: Label<'_>,
    bytes: &[u8],
    key: &SealingKey,
    path: &Path,
) -> Result<Opened, SecretError> {
    let form: SealedForm = serde_json::from_slice(bytes).map_err(|error| {
        // serde's own text may quote the file; its kind and place are enough.
        let kind = format!("{:?}", error.classify()).to_lowercase();
        malformed(path, format!("{kind} error at line {}", error.line()))
    })?;
    if form.v != FORMAT {
        return Err(malformed(path, format!("format {} is unknown to this release", form.v)));
    }
    if form.gateway != label.gateway || form.name != *label.name || form.version != label.version {
        let sealed_as = format!("{} {} of gateway {}", form.name, form.version, form.gateway);
        return Err(SecretError::Foreign { path: path.to_owned(), sealed_as });
    }
    if form.kek != key.id() {
        return Err(SecretError::OtherKey {
            path: path.to_owned(),
            sealed_under: form.kek,
            ours: key.id().to_owned(),
        });
    }
    let tampered = || SecretError::Tampered { path: path.to_owned() };
    let authenticated = |purpose| label.authenticated(form.created, purpose);
    let own_key = form
        .wrapped_key
        .open(key.wrapping(), &authenticated(Purpose::WrappedKey), path)?
        .as_slice()
        .try_into()
        .map(Zeroizing::new)
        .map_err(|_| tampered())?;
    let value = form.value.open(&cipher(&own_key)?, &authenticated(Purpose::Value), path)?;
    let value = SecretValue::from_bytes(value).map_err(|_| tampered())?;
    Ok(Opened { value, created: form.created })
}

impl Label<'_> {
    /// The authenticated data: each part with its length in front, so that no two labels give
    /// the same bytes.
    fn authenticated(&self, created: Timestamp, purpose: Purpose) -> Vec<u8> {
        let purpose = match purpose {
            Purpose::WrappedKey => "wrapped key",
            Purpose::Value => "value",
        };
        let version = self.version.to_string();
        let created = created.millis().to_string();
        let parts = [
            "portreeve sealed secret v1",
            self.gateway,
            self.name.as_str(),
            &version,
            &created,
            purpose,
        ];
        let mut bytes = Vec::new();
        for part in parts {
            bytes.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }
}

impl Ciphertext {
    fn seal(
        cipher: &RandomizedNonceKey,
        authenticated: &[u8],
        plaintext: &[u8],
    ) -> Result<Self, SecretError> {
        // With room for the tag, so that growing leaves no copy of the plaintext behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(plaintext.len() + TAG_BYTES));
        bytes.extend_from_slice(plaintext);
        let (nonce, tag) = cipher
            .seal_in_place_separate_tag(Aad::from(authenticated), &mut bytes)
            .map_err(|_| SecretError::Crypto)?;
        bytes.extend_from_slice(tag.as_ref());
        Ok(Self { nonce: STANDARD.encode(nonce.as_ref()), sealed: STANDARD.encode(&*bytes) })
    }

    fn open(
        &self,
        cipher: &RandomizedNonceKey,
        authenticated: &[u8],
        path: &Path,
    ) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        let decode = |text: &str| {
            STANDARD.decode(text).map_err(|_| malformed(path, "not base64".to_owned()))
        };
        let nonce: [u8; NONCE_LEN] = decode(&self.nonce)?
            .try_into()
            .map_err(|_| malformed(path, "a nonce is not 12 bytes long".to_owned()))?;
        let nonce = Nonce::assume_unique_for_key(nonce);
        let mut bytes = Zeroizing::new(decode(&self.sealed)?);
        let length = cipher
            .open_in_place(nonce, Aad::from(authenticated), &mut bytes)
            .map_err(|_| SecretError::Tampered { path: path.to_owned() })?
            .len();
        bytes.truncate(length);
        Ok(bytes)
    }
}

fn cipher(key: &[u8; KEY_BYTES]) -> Result<RandomizedNonceKey, SecretError> {
    RandomizedNonceKey::new(&AES_256_GCM_SIV, key).map_err(|_| SecretError::Crypto)
}

fn malformed(path: &Path, cause: String) -> SecretError {
    SecretError::Malformed { path: path.to_owned(), cause }
}

#[cfg(test)]
mod tests;
