//! The one credential of a request, taken from its headers. It never judges what it holds.

use std::fmt;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use model::RefusalCode;
use zeroize::Zeroizing;

/// Longest header value that is looked at, in bytes.
pub const CREDENTIAL_BYTES_MAX: usize = 16 * 1024;

/// The headers that hold a key and nothing else: Anthropic's, then the Gemini API's.
const KEY_HEADERS: [HeaderName; 2] =
    [HeaderName::from_static("x-api-key"), HeaderName::from_static("x-goog-api-key")];
/// The only scheme taken in `Authorization` (RFC 6750), in any case.
const BEARER: &str = "bearer";

/// What a caller presented. Zeroized when dropped; no `Display`, and `Debug` shows no part of it.
#[derive(Clone)]
pub struct Credential(Zeroizing<String>);

/// The credential that came with a request: `Authorization: Bearer ...`, `x-api-key`,
/// `x-goog-api-key`, or several of them with the same value. A header with nothing in it counts
/// as absent.
///
/// # Errors
/// - `CredentialMissing`: none of the headers says anything;
/// - `CredentialAmbiguous`: two of them differ, or one of them came on several lines;
/// - `CredentialMalformed`: another scheme, other than visible ASCII, or longer than
///   [`CREDENTIAL_BYTES_MAX`].
pub fn credential(headers: &HeaderMap) -> Result<Credential, RefusalCode> {
    let mut found = match only(headers, &AUTHORIZATION)? {
        Some(value) => bearer_token(value)?,
        None => None,
    };
    for name in &KEY_HEADERS {
        let Some(value) = only(headers, name)? else { continue };
        let Some(key) = filled(text(value)?) else { continue };
        if found.is_some_and(|other| other != key) {
            return Err(RefusalCode::CredentialAmbiguous);
        }
        found = Some(key);
    }
    let token = found.ok_or(RefusalCode::CredentialMissing)?;
    Ok(Credential(Zeroizing::new(token.to_owned())))
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
