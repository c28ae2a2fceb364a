//! The few headers whose form belongs to the wire: what a body is, and a request's id.

use model::Dialect;

/// Whether a `content-type` says JSON: `application/json`, in any case, and if it names a
/// character set, that is UTF-8.
///
/// # Examples
/// ```
/// assert!(protocol::content_type_ok(b"application/json; charset=UTF-8"));
/// assert!(!protocol::content_type_ok(b"text/plain"));
/// ```
#[must_use]
pub fn content_type_ok(value: &[u8]) -> bool {
    let Ok(value) = std::str::from_utf8(value) else { return false };
    let mut parts = value.split(';').map(str::trim);
    let json = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    json && parts.all(parameter_ok)
}

/// Any parameter may come along, except a character set other than UTF-8.
fn parameter_ok(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else { return parameter.is_empty() };
    !name.trim().eq_ignore_ascii_case("charset")
        || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
}

/// The header in which a vendor names a request, and its clients look for the name.
///
/// Google's documentation promises none and its libraries look for none; `x-request-id` is what
/// most others use.
#[must_use]
pub const fn request_id_header(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenAi | Dialect::Gemini => "x-request-id",
        Dialect::Anthropic => "request-id",
    }
}
