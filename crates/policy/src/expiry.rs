//! `@expires`: until when a permit counts. It reads the text; the question brings the time.

use model::Timestamp;

const DAY_MS: i64 = 86_400_000;

/// The first instant at which a permit with `@expires(text)` no longer counts: the instant
/// itself, or for a date (`2026-12-31`) the end of that day in UTC.
pub(crate) fn read(text: &str) -> Option<Timestamp> {
    if is_date(text) {
        let midnight: Timestamp = format!("{text}T00:00:00Z").parse().ok()?;
        return Some(midnight.plus_millis(DAY_MS));
    }
    is_instant(text).then(|| text.parse().ok()).flatten()
}

/// `YYYY-MM-DD`.
fn is_date(text: &str) -> bool {
    let shaped = |(position, byte): (usize, u8)| match position {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    text.len() == 10 && text.bytes().enumerate().all(shaped)
}

/// A date, `T`, and a time with an offset (RFC 3339 5.6): the looser forms that a parser of
/// times also takes are not for policies.
fn is_instant(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_digit() || b":.+-Z".contains(&byte);
    match text.split_once('T') {
        Some((date, time)) => is_date(date) && time.len() >= 9 && time.bytes().all(allowed),
        None => false,
    }
}
