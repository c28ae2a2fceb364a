//! A JWS in compact form, taken apart strictly before any library sees it (`spec/token.md`).
//!
//! The header and the claims are closed sets: a member that is unknown or comes twice is a
//! refusal, so nothing that this file does not name can change how a token is read. It verifies
//! no signature.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

/// Longest token that is looked at, in bytes; the gateway's own take about 700.
const TOKEN_BYTES_MAX: usize = 4096;
/// Longest encoded header, in bytes.
const HEADER_BYTES_MAX: usize = 512;
/// An ES256 signature (64 bytes) in base64url.
const SIGNATURE_BYTES: usize = 86;

/// A compact JWS whose header was read and whose signature was not yet verified.
pub(crate) struct Jws<'a> {
    /// The key the token says it is signed with.
    pub(crate) kid: String,
    /// What the signature covers: the first two parts and the dot between them.
    pub(crate) message: &'a str,
    /// The signature part: 64 bytes in strict base64url.
    pub(crate) signature: &'a str,
    claims: &'a str,
}

/// The token is not in the one form this gateway writes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// The header: exactly these members.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireHeader {
    alg: String,
    typ: String,
    kid: String,
}

/// The claims on the wire: exactly these members, of which the last may be missing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireClaims {
    pub(crate) iss: String,
    pub(crate) sub: String,
    pub(crate) aud: String,
    pub(crate) client_id: String,
    pub(crate) iat: i64,
    pub(crate) exp: i64,
    pub(crate) jti: String,
    pub(crate) agent: String,
    pub(crate) epoch: u64,
    pub(crate) env: String,
    #[serde(rename = "portreeve_context", default, deserialize_with = "text")]
    pub(crate) context: Option<String>,
}

impl<'a> Jws<'a> {
    /// `token` taken apart: three parts of strict base64url, and a header that says `ES256`,
    /// `at+jwt` and a key id, and nothing else.
    pub(crate) fn parse(token: &'a str) -> Result<Self, Malformed> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Malformed);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(Malformed)?;
        let (header, claims) = message.split_once('.').ok_or(Malformed)?;
        if header.len() > HEADER_BYTES_MAX || signature.len() != SIGNATURE_BYTES {
            return Err(Malformed);
        }
        // A fourth part leaves a dot in one of these, which base64url refuses.
        URL_SAFE_NO_PAD.decode(signature).map_err(|_| Malformed)?;
        URL_SAFE_NO_PAD.decode(claims).map_err(|_| Malformed)?;
        let WireHeader { alg, typ, kid } = object(header)?;
        if alg != "ES256" || typ != "at+jwt" {
            return Err(Malformed);
        }
        Ok(Self { kid, message, signature, claims })
    }

    /// The claims. Call it once the signature is verified.
    pub(crate) fn claims(&self) -> Result<WireClaims, Malformed> {
        object(self.claims)
    }
}

/// A member that is text where it stands: `null` is not the same as its absence.
fn text<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    String::deserialize(value).map(Some)
}

/// The JSON object in one encoded part. Serde refuses members that come twice or are unknown;
/// it would take an array for a struct, and spaces around, which the first and last byte exclude.
fn object<T: DeserializeOwned>(part: &str) -> Result<T, Malformed> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| Malformed)?;
    match bytes.as_slice() {
        [b'{', .., b'}'] => serde_json::from_slice(&bytes).map_err(|_| Malformed),
        _ => Err(Malformed),
    }
}
