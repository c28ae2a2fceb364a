//! The ES256 key that signs tokens, its public half, and the names of both (RFC 7638).
//!
//! A private key leaves this file only as the PEM text its owner asks for.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, ParsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::Digest;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::pem;

/// Bytes of an uncompressed P-256 point (SEC 1, 2.3.3): `04`, x, y.
const POINT_BYTES: usize = 65;

/// An ES256 signing key. It has no `Display`, and its `Debug` shows the key id only.
pub struct SigningKey {
    pair: EcdsaKeyPair,
    public: PublicKey,
}

/// The half of a signing key that anyone may have.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    kid: String,
    point: [u8; POINT_BYTES],
}

/// Why a key could not be made, read or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text is not one PEM block of a PKCS#8 P-256 private key.
    #[error("the key text is not a PKCS#8 P-256 private key in PEM; restore it from a backup")]
    Text,
    /// The cryptographic library could not make or use a key; it names no cause.
    #[error("the cryptographic library refused the operation; the platform team must look")]
    Library,
}

impl SigningKey {
    /// A new key from the library's own random source.
    ///
    /// # Errors
    /// [`KeyError::Library`] where that source fails.
    pub fn generate() -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .map_err(|_| KeyError::Library)?;
        Self::of(pair)
    }

    /// The key in a PKCS#8 PEM text. The public half inside the text must match.
    ///
    /// # Errors
    /// [`KeyError::Text`] where the text is anything else.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let der = pem::decode(text).ok_or(KeyError::Text)?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der)
            .map_err(|_| KeyError::Text)?;
        Self::of(pair)
    }

    /// The key as PKCS#8 PEM text, for a file that only the gateway may read.
    ///
    /// # Errors
    /// [`KeyError::Library`] where the library cannot write the key.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        let der = self.pair.to_pkcs8v1().map_err(|_| KeyError::Library)?;
        Ok(pem::encode(der.as_ref()))
    }

    /// The public half.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The ES256 signature of `message`: r and s, 32 bytes each (RFC 7518, section 3.4).
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let signature =
            self.pair.sign(&SystemRandom::new(), message).map_err(|_| KeyError::Library)?;
        Ok(signature.as_ref().to_vec())
    }

    fn of(pair: EcdsaKeyPair) -> Result<Self, KeyError> {
        let point: [u8; POINT_BYTES] =
            pair.public_key().as_ref().try_into().map_err(|_| KeyError::Library)?;
        Ok(Self { public: PublicKey::of(point), pair })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SigningKey(kid {}, private half not shown)", self.public.kid)
    }
}

impl PublicKey {
    /// A public key from its uncompressed point.
    ///
    /// # Errors
    /// [`KeyError::Text`] where the bytes are not a point of the curve.
    pub fn from_point(point: [u8; POINT_BYTES]) -> Result<Self, KeyError> {
        ParsedPublicKey::new(&aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED, point)
            .map_err(|_| KeyError::Text)?;
        Ok(Self::of(point))
    }

    /// The key's id: its RFC 7638 thumbprint in base64url.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The uncompressed point: `04`, then x and y, 32 bytes each.
    #[must_use]
    pub const fn point(&self) -> &[u8; POINT_BYTES] {
        &self.point
    }

    /// The key as a JSON Web Key (RFC 7517) that says what it is for.
    #[must_use]
    pub fn jwk(&self) -> Value {
        let (x, y) = coordinates(&self.point);
        json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y,
                "kid": self.kid, "use": "sig", "alg": "ES256" })
    }

    fn of(point: [u8; POINT_BYTES]) -> Self {
        let (x, y) = coordinates(&point);
        // RFC 7638, 3.2: the required members only, in lexicographic order, without spaces.
        let required = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let kid = URL_SAFE_NO_PAD.encode(Digest::of(required.as_bytes()).as_bytes());
        Self { kid, point }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "PublicKey(kid {})", self.kid)
    }
}

/// The set of `keys` as a JSON Web Key Set: the one in use first, then those still accepted.
#[must_use]
pub fn jwks<'a>(keys: impl IntoIterator<Item = &'a PublicKey>) -> Value {
    json!({ "keys": keys.into_iter().map(PublicKey::jwk).collect::<Vec<_>>() })
}

fn coordinates(point: &[u8; POINT_BYTES]) -> (String, String) {
    let [_, coordinates @ ..] = point;
    let (x, y) = coordinates.split_at(32);
    (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y))
}
