//! JSON strings: from their written form to text, and names that differ only in case.

use std::borrow::Cow;

/// The text of a quoted string that passed the scan. Borrows unless it holds an escape.
pub(super) fn unescape(quoted: &str, escaped: bool) -> Option<Cow<'_, str>> {
    if escaped {
        return serde_json::from_str(quoted).ok().map(Cow::Owned);
    }
    quoted.strip_prefix('"')?.strip_suffix('"').map(Cow::Borrowed)
}

/// Whether some reader would take `key` for `name` (ASCII): they are equal, or differ in case.
///
/// Go's `encoding/json` and others match field names without regard to case, so to them
/// `MODEL` is `model`. Unicode case counts: U+017F is an `s` to them, U+212A a `k`.
pub(crate) fn same_name(key: &str, name: &str) -> bool {
    if key.len() == name.len() {
        return key.eq_ignore_ascii_case(name);
    }
    // Only letters outside ASCII take more bytes than the letters they fold to, and none takes
    // more than four.
    key.len() > name.len()
        && key.len() <= name.len().saturating_mul(4)
        && !key.is_ascii()
        && key.chars().count() == name.len()
        && key.chars().zip(name.chars()).all(|(one, other)| {
            one.to_lowercase().eq(other.to_lowercase())
                || one.to_uppercase().eq(other.to_uppercase())
        })
}
