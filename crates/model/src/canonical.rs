//! Canonical JSON, checked where it stands: keys sorted by their bytes, no white space, whole
//! numbers only, one spelling of each text (`spec/ledger.md`, section 2).
//!
//! One pass over the bytes, nothing copied, nothing built. It accepts exactly what would be
//! written again as the same bytes; what a value means is the reader's business.

use std::borrow::Cow;

use memchr::memchr2;

/// How deep values may stand in each other: what serde_json reads, too.
const DEPTH_MAX: usize = 127;
/// Digits that fit 64 bits whatever they are.
const SHORT_NUMBER: usize = 18;

/// Bytes that are not one canonical JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not canonical JSON, at byte {at}")]
pub struct NotCanonical {
    /// The first byte that cannot stand there, as far as one can be named.
    pub at: usize,
}

/// Checks that `bytes` are one canonical JSON object, and hands each of its members to `take`:
/// the key as it is written between its quotes, and the text of the value.
///
/// What was handed out counts only if the whole is accepted in the end.
///
/// ```
/// let mut seen = Vec::new();
/// model::canonical::members(br#"{"a":[1,{"b":null}],"c":"x"}"#, |key, value| {
///     seen.push((key, value));
/// })?;
/// assert_eq!(seen, [("a", r#"[1,{"b":null}]"#), ("c", r#""x""#)]);
/// assert!(model::canonical::members(br#"{"b":1,"a":2}"#, |_, _| ()).is_err());
/// # Ok::<(), model::canonical::NotCanonical>(())
/// ```
///
/// # Errors
/// They are anything else.
pub fn members<'a>(
    bytes: &'a [u8],
    take: impl FnMut(&'a str, &'a str),
) -> Result<(), NotCanonical> {
    let text =
        std::str::from_utf8(bytes).map_err(|error| NotCanonical { at: error.valid_up_to() })?;
    let mut scan = Scan { text, bytes, at: 0 };
    // A byte below the space stands nowhere in canonical JSON. Looked for as a whole because
    // that is many times faster than string by string.
    let control = bytes.iter().fold(false, |found, byte| found | (*byte < b' '));
    let whole = !control && scan.object(1, take).is_some() && scan.at == bytes.len();
    if whole { Ok(()) } else { Err(NotCanonical { at: scan.at }) }
}

/// The whole number that the text of a value is.
#[must_use]
pub fn number(value: &str) -> Option<u64> {
    value.parse().ok()
}

/// The text that the text of a value is, its escapes undone.
#[must_use]
pub fn text(value: &str) -> Option<Cow<'_, str>> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return serde_json::from_str(value).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

/// Where the check stands.
struct Scan<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scan<'a> {
    fn object(&mut self, depth: usize, mut take: impl FnMut(&'a str, &'a str)) -> Option<()> {
        self.expect(b'{')?;
        if self.skip(b'}') {
            return Some(());
        }
        let mut before: Option<(&'a str, bool)> = None;
        loop {
            let start = self.at + 1;
            let escaped = self.string()?;
            let key = self.text.get(start..self.at - 1)?;
            let in_order = match before {
                None => true,
                Some((before, false)) if !escaped => before < key,
                Some((before, _)) => is_before(before, key),
            };
            if !in_order {
                return None;
            }
            before = Some((key, escaped));
            self.expect(b':')?;
            let start = self.at;
            self.value(depth)?;
            take(key, self.text.get(start..self.at)?);
            if !self.skip(b',') {
                return self.expect(b'}');
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<()> {
        self.expect(b'[')?;
        if self.skip(b']') {
            return Some(());
        }
        loop {
            self.value(depth)?;
            if !self.skip(b',') {
                return self.expect(b']');
            }
        }
    }

    /// A value within `depth` objects and arrays.
    fn value(&mut self, depth: usize) -> Option<()> {
        match self.bytes.get(self.at)? {
            b'"' => self.string().map(|_| ()),
            b'{' if depth < DEPTH_MAX => self.object(depth + 1, |_, _| ()),
            b'[' if depth < DEPTH_MAX => self.array(depth + 1),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            _ => self.whole_number(),
        }
    }

    fn literal(&mut self, word: &str) -> Option<()> {
        self.bytes.get(self.at..)?.starts_with(word.as_bytes()).then_some(())?;
        self.at += word.len();
        Some(())
    }

    /// A whole number that 64 bits hold, in its one spelling.
    fn whole_number(&mut self) -> Option<()> {
        let start = self.at;
        let negative = self.skip(b'-');
        let rest = self.bytes.get(self.at..)?;
        let digits = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
        let leading_zero = rest.first() == Some(&b'0') && (digits > 1 || negative);
        if digits == 0 || leading_zero {
            return None;
        }
        self.at += digits;
        if digits > SHORT_NUMBER {
            let whole = self.text.get(start..self.at)?;
            let fits = whole.parse::<u64>().is_ok() || whole.parse::<i64>().is_ok();
            return fits.then_some(());
        }
        Some(())
    }

    /// A text in its one spelling, from quote to quote; whether it holds escapes.
    fn string(&mut self) -> Option<bool> {
        self.expect(b'"')?;
        let mut escaped = false;
        loop {
            let rest = self.bytes.get(self.at..)?;
            self.at += memchr2(b'"', b'\\', rest)?;
            if self.skip(b'"') {
                return Some(escaped);
            }
            escaped = true;
            self.at += escape(self.bytes.get(self.at + 1..)?)?;
        }
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.skip(byte).then_some(())
    }

    fn skip(&mut self, byte: u8) -> bool {
        let there = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(there);
        there
    }
}

/// Bytes of the escape whose backslash stands before `rest`, if it is one that must be.
fn escape(rest: &[u8]) -> Option<usize> {
    match rest {
        [b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't', ..] => Some(2),
        [b'u', b'0', b'0', high @ (b'0' | b'1'), low, ..] => {
            let hex = low.is_ascii_digit() || (b'a'..=b'f').contains(low);
            // Five control characters have a shorter spelling.
            let shorter = *high == b'0' && matches!(low, b'8' | b'9' | b'a' | b'c' | b'd');
            (hex && !shorter).then_some(6)
        }
        _ => None,
    }
}

/// Whether a key stands before another, both as written and at least one with escapes.
fn is_before(key: &str, other: &str) -> bool {
    let bare = |key: &str| serde_json::from_str::<String>(&format!("\"{key}\"")).ok();
    bare(key).zip(bare(other)).is_some_and(|(key, other)| key < other)
}

#[cfg(test)]
mod tests;
