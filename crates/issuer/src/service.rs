//! The token service: one key, one issuer, one audience, one trust domain (`spec/token.md`).
//!
//! It signs what it is told for at most five minutes; it never decides who may ask.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::{AgentName, ContextName, Environment, Timestamp, TrustDomain};
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::key::{KeyError, PublicKey, SigningKey, jwks};
use crate::token::Token;

/// Longest life of a token, in seconds. A verifier refuses longer ones whoever signed them.
pub const LIFETIME_SECONDS_MAX: u32 = 300;

/// Longest `iss` or `aud`, in bytes.
const NAME_BYTES_MAX: usize = 512;

/// The names a service puts into every token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceNames {
    /// The `iss` claim, exactly.
    pub issuer: String,
    /// The `aud` claim, exactly: the gateway the token is for.
    pub audience: String,
    /// The trust domain of the agents.
    pub trust_domain: TrustDomain,
}

/// Mints tokens for agents of one trust domain.
#[derive(Debug)]
pub struct TokenService {
    key: SigningKey,
    names: ServiceNames,
    /// The header part of every token, encoded once.
    header: String,
}

/// What a token says of its agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentClaims {
    /// Whose token it is.
    pub agent: AgentName,
    /// The agent's epoch now; raising it revokes every token of the ones before.
    pub epoch: u64,
    /// Where the agent runs.
    pub environment: Environment,
    /// The approved context the token is bound to; a token without is bound to none.
    pub context: Option<ContextName>,
}

/// Why a token service cannot be set up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// The issuer or audience is empty, too long, or not plain printable ASCII.
    #[error(
        "the token service's {0} must be 1 to 512 printable ASCII characters without spaces, quotes and backslashes"
    )]
    Name(&'static str),
}

/// Why a token was not minted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MintError {
    /// A lifetime of zero, or above [`LIFETIME_SECONDS_MAX`].
    #[error("a token lives 1 to {LIFETIME_SECONDS_MAX} seconds; {0} were asked for")]
    Lifetime(u32),
    /// The key could not sign.
    #[error("the token could not be signed")]
    Sign(#[source] KeyError),
    /// The claims could not be written as JSON.
    #[error("the token's claims could not be written")]
    Claims,
}

/// The claims on the wire, in the order they are written.
#[derive(Serialize)]
struct WireClaims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    client_id: &'a str,
    iat: i64,
    exp: i64,
    jti: &'a str,
    agent: &'a str,
    epoch: u64,
    env: &'static str,
    #[serde(rename = "portreeve_context", skip_serializing_if = "Option::is_none")]
    context: Option<&'a str>,
}

impl TokenService {
    /// A service that signs with `key` under `names`.
    ///
    /// # Errors
    /// [`ServiceError::Name`] where the issuer or audience is not one a verifier takes.
    pub fn new(key: SigningKey, names: ServiceNames) -> Result<Self, ServiceError> {
        check_name("issuer", &names.issuer)?;
        check_name("audience", &names.audience)?;
        let kid = key.public_key().kid();
        let header =
            URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{kid}"}}"#));
        Ok(Self { key, names, header })
    }

    /// A token for `claims`, valid from `now` for `lifetime_seconds` (1 to 300).
    ///
    /// `random` makes the token's id (`jti`): 16 bytes from a cryptographic source, never reused.
    ///
    /// # Errors
    /// [`MintError::Lifetime`] for a lifetime out of bounds; the others where the
    /// cryptographic library fails.
    pub fn mint(
        &self,
        claims: &AgentClaims,
        now: Timestamp,
        lifetime_seconds: u32,
        random: [u8; 16],
    ) -> Result<Token, MintError> {
        if !(1..=LIFETIME_SECONDS_MAX).contains(&lifetime_seconds) {
            return Err(MintError::Lifetime(lifetime_seconds));
        }
        let issued = now.seconds();
        let expires = issued.saturating_add(i64::from(lifetime_seconds));
        let payload = serde_json::to_vec(&WireClaims {
            iss: &self.names.issuer,
            sub: &self.names.trust_domain.agent_id(&claims.agent),
            aud: &self.names.audience,
            client_id: claims.agent.as_str(),
            iat: issued,
            exp: expires,
            jti: &hexadecimal(random),
            agent: claims.agent.as_str(),
            epoch: claims.epoch,
            env: claims.environment.as_str(),
            context: claims.context.as_ref().map(ContextName::as_str),
        })
        .map_err(|_| MintError::Claims)?;
        let text = self.signed(&payload).map_err(MintError::Sign)?;
        Ok(Token::new(text, Timestamp::from_millis(expires.saturating_mul(1000))))
    }

    /// The key that verifies this service's tokens.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    /// The names this service puts into tokens: a verifier expects the same.
    #[must_use]
    pub const fn names(&self) -> &ServiceNames {
        &self.names
    }

    /// The key set to publish (RFC 7517).
    #[must_use]
    pub fn jwks(&self) -> Value {
        jwks([self.public_key()])
    }

    fn signed(&self, payload: &[u8]) -> Result<Zeroizing<String>, KeyError> {
        // The signature part takes 86 characters, the dots two: reserved in full, so that no
        // copy of a token is left behind by a move.
        let capacity = self.header.len() + payload.len().div_ceil(3) * 4 + 88;
        let mut text = Zeroizing::new(String::with_capacity(capacity));
        text.push_str(&self.header);
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut text);
        let signature = self.key.sign(text.as_bytes())?;
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut text);
        Ok(text)
    }
}

fn check_name(what: &'static str, name: &str) -> Result<(), ServiceError> {
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    let fits = !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.bytes().all(plain);
    if fits { Ok(()) } else { Err(ServiceError::Name(what)) }
}

fn hexadecimal(bytes: [u8; 16]) -> String {
    bytes.iter().fold(String::with_capacity(32), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
