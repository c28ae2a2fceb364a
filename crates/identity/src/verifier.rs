//! The gateway's own tokens, verified (`spec/token.md`): from a credential to a subject.
//!
//! Everything is checked here except live state; nothing is taken from a token that decides how
//! the token itself is verified, beyond which of our keys to try.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use jsonwebtoken::{Algorithm, DecodingKey};
use model::{
    AgentName, ContextName, Digest, Environment, Proof, RefusalCode, Subject, Timestamp,
    TrustDomain,
};

use crate::Credential;
use crate::cache::Cache;
use crate::jws::{Jws, WireClaims};

/// Longest life of a token, in seconds, whoever signed it.
const LIFETIME_SECONDS_MAX: i64 = 300;
/// How far ahead of our clock a token's `iat` may be, in seconds.
const LEEWAY_SECONDS: i64 = 5;
/// Length of a `jti`: 16 bytes in hexadecimal.
const JTI_BYTES: usize = 32;
/// How many verified tokens are remembered.
const CACHE_ENTRIES_MAX: usize = 16 * 1024;

/// A public key whose tokens are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedKey {
    /// Its id, as tokens name it.
    pub kid: String,
    /// The uncompressed P-256 point: `04`, x, y.
    pub point: [u8; 65],
}

/// What every token must say, exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The `iss` claim.
    pub issuer: String,
    /// The `aud` claim.
    pub audience: String,
    /// The trust domain of `sub`.
    pub trust_domain: TrustDomain,
}

/// Verifies tokens of one issuer for one audience. It is immutable: other keys or names make
/// a new verifier, whose cache starts empty.
#[derive(Debug)]
pub struct TokenVerifier {
    keys: BTreeMap<String, DecodingKey>,
    expected: Expected,
    cache: Cache,
}

/// Why a verifier cannot be set up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifierError {
    /// Not a point of P-256.
    #[error("token key `{0}` is not an uncompressed P-256 point")]
    Key(String),
    /// Two keys under one id.
    #[error("token key `{0}` is given twice")]
    Twice(String),
}

impl TokenVerifier {
    /// A verifier that trusts exactly `keys`. Without any it refuses every token.
    ///
    /// # Errors
    /// [`VerifierError`] where a key is not a point of the curve, or an id comes twice.
    pub fn new(keys: Vec<TrustedKey>, expected: Expected) -> Result<Self, VerifierError> {
        let mut trusted = BTreeMap::new();
        for TrustedKey { kid, point } in keys {
            if ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).is_err() {
                return Err(VerifierError::Key(kid));
            }
            let key = DecodingKey::from_ec_der(&point);
            if trusted.insert(kid.clone(), key).is_some() {
                return Err(VerifierError::Twice(kid));
            }
        }
        Ok(Self { keys: trusted, expected, cache: Cache::new(CACHE_ENTRIES_MAX) })
    }

    /// The subject that `credential` proves at `now`. It takes no lock across an await: it is
    /// not asynchronous, and takes tens of microseconds at most.
    ///
    /// # Errors
    /// `CredentialMalformed`, `CredentialForged`, `CredentialWrongAudience`,
    /// `CredentialNotYetValid` or `CredentialExpired`.
    pub fn verify(&self, credential: &Credential, now: Timestamp) -> Result<Subject, RefusalCode> {
        let token = credential.expose();
        let digest = Digest::of(token.as_bytes());
        if let Some(subject) = self.cache.get(&digest) {
            check_time(subject.issued.seconds(), subject.expires.seconds(), now)?;
            return Ok(Subject::clone(&subject));
        }
        let claims = self.verified_claims(token)?;
        let subject = self.subject(&claims, digest)?;
        check_time(claims.iat, claims.exp, now)?;
        self.cache.insert(Arc::new(subject.clone()));
        Ok(subject)
    }

    /// The claims of a token that one of our keys signed.
    fn verified_claims(&self, token: &str) -> Result<WireClaims, RefusalCode> {
        let jws = Jws::parse(token).map_err(|_| RefusalCode::CredentialMalformed)?;
        let key = self.keys.get(&jws.kid).ok_or(RefusalCode::CredentialForged)?;
        if !is_signed(&jws, key) {
            return Err(RefusalCode::CredentialForged);
        }
        jws.claims().map_err(|_| RefusalCode::CredentialMalformed)
    }

    /// What the claims say, where they say exactly what is expected.
    fn subject(&self, claims: &WireClaims, credential: Digest) -> Result<Subject, RefusalCode> {
        let malformed = RefusalCode::CredentialMalformed;
        if claims.iss != self.expected.issuer {
            return Err(malformed);
        }
        if claims.aud != self.expected.audience {
            return Err(RefusalCode::CredentialWrongAudience);
        }
        let agent: AgentName = claims.agent.parse().map_err(|_| malformed)?;
        let id = self.expected.trust_domain.agent_id(&agent);
        if claims.sub != id || claims.client_id != claims.agent || !is_jti(&claims.jti) {
            return Err(malformed);
        }
        claims.env.parse::<Environment>().map_err(|()| malformed)?;
        let context = claims.context.as_deref().map(str::parse::<ContextName>).transpose();
        let lifetime = claims.exp.checked_sub(claims.iat).ok_or(malformed)?;
        if !(1..=LIFETIME_SECONDS_MAX).contains(&lifetime) {
            return Err(malformed);
        }
        Ok(Subject {
            agent,
            proof: Proof::EmbeddedToken,
            trust_domain: self.expected.trust_domain.to_string(),
            credential,
            issued: instant(claims.iat)?,
            expires: instant(claims.exp)?,
            epoch: claims.epoch,
            context: context.map_err(|_| malformed)?,
        })
    }
}

/// The one call into the library: ES256 over the first two parts, with a key of our own.
#[expect(
    clippy::disallowed_methods,
    reason = "the token was taken apart and its header checked by `Jws` before this"
)]
fn is_signed(jws: &Jws<'_>, key: &DecodingKey) -> bool {
    let message = jws.message.as_bytes();
    jsonwebtoken::crypto::verify(jws.signature, message, key, Algorithm::ES256).unwrap_or(false)
}

/// Whether a token of this `iat` and `exp` (seconds) may be used at `now`.
fn check_time(issued: i64, expires: i64, now: Timestamp) -> Result<(), RefusalCode> {
    let now = now.seconds();
    if issued > now.saturating_add(LEEWAY_SECONDS) {
        return Err(RefusalCode::CredentialNotYetValid);
    }
    if now >= expires {
        return Err(RefusalCode::CredentialExpired);
    }
    Ok(())
}

fn instant(seconds: i64) -> Result<Timestamp, RefusalCode> {
    let milliseconds = seconds.checked_mul(1000).ok_or(RefusalCode::CredentialMalformed)?;
    Ok(Timestamp::from_millis(milliseconds))
}

fn is_jti(text: &str) -> bool {
    let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == JTI_BYTES && text.bytes().all(hexadecimal)
}
