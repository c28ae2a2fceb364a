//! The one credential of a request, taken from its headers. It never judges what it holds.

use std::fmt;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use model::RefusalCode;
use zeroize::Zeroizing;

/// Longest header value that is looked at, in bytes.
pub const CREDENTIAL_BYTES_MAX: usize = 16 * 1024;

/// The header in which Anthropic's clients send their key.
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// The only scheme taken in `Authorization` (RFC 6750), in any case.
const BEARER: &str = "bearer";

/// What a caller presented. Zeroized when dropped; no `Display`, and `Debug` shows no part of it.
#[derive(Clone)]
pub struct Credential(Zeroizing<String>);

/// The credential that came with a request: `Authorization: Bearer ...`, `x-api-key`, or both
/// with the same value. A header with nothing in it counts as absent.
///
/// # Errors
/// - `CredentialMissing`: neither header says anything;
/// - `CredentialAmbiguous`: the two differ, or one of them came on several lines;
/// - `CredentialMalformed`: another scheme, other than visible ASCII, or longer than
///   [`CREDENTIAL_BYTES_MAX`].
pub fn credential(headers: &HeaderMap) -> Result<Credential, RefusalCode> {
    let bearer = match only(headers, &AUTHORIZATION)? {
        Some(value) => bearer_token(value)?,
        None => None,
    };
    let api_key = match only(headers, &API_KEY)? {
        Some(value) => filled(text(value)?),
        None => None,
    };
    match (bearer, api_key) {
        (None, None) => Err(RefusalCode::CredentialMissing),
        (Some(one), Some(other)) if one != other => Err(RefusalCode::CredentialAmbiguous),
        (Some(token), _) | (None, Some(token)) => Ok(Credential(Zeroizing::new(token.to_owned()))),
    }
}

impl Credential {
    /// What was presented, as it came.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Credential(not shown)")
    }
}

/// The value of a header that may come once.
fn only<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'a HeaderValue>, RefusalCode> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(RefusalCode::CredentialAmbiguous);
    }
    Ok(first)
}

fn text(value: &HeaderValue) -> Result<&str, RefusalCode> {
    if value.len() > CREDENTIAL_BYTES_MAX {
        return Err(RefusalCode::CredentialMalformed);
    }
    value.to_str().map_err(|_| RefusalCode::CredentialMalformed)
}

/// What follows `Bearer` and its spaces; nothing where nothing follows.
fn bearer_token(value: &HeaderValue) -> Result<Option<&str>, RefusalCode> {
    let value = text(value)?;
    if value.is_empty() {
        return Ok(None);
    }
    let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case(BEARER) {
        return Err(RefusalCode::CredentialMalformed);
    }
    Ok(filled(rest.trim_start_matches(' ')))
}

fn filled(text: &str) -> Option<&str> {
    if text.is_empty() { None } else { Some(text) }
}
