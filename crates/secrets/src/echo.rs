//! Notices a lent secret in what its provider answers: a provider that echoes it must not hand
//! it to the agent, not even the beginning of it.
//!
//! It looks for the exact value. A provider that sends it encoded, or in pieces with something
//! between them, is not noticed.

use std::fmt;

use bytes::Bytes;
use memchr::memmem;
use zeroize::Zeroizing;

/// Shorter values than this are not looked for: they would be found by chance.
const VALUE_BYTES_MIN: usize = 8;

/// In pieces of as many bytes the value is looked for without making ready for it first, which would
/// take longer than the search.
const FEW_BYTES: usize = 4096;

/// Watches one answer for one lent secret, however the answer is cut into pieces.
pub struct EchoWatch {
    /// What is looked for; empty where the value is too short.
    value: Zeroizing<Vec<u8>>,
    /// A byte of the value that text seldom has, and how many stand before it.
    rare: (u8, usize),
    /// The end of what came so far, where it could be the beginning of the value.
    held: Zeroizing<Vec<u8>>,
}

/// The value was in the answer. What comes with it must not be passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer holds the secret it was asked with")]
pub struct Echoed;

impl EchoWatch {
    pub(crate) fn new(value: &[u8]) -> Self {
        let wanted = if value.len() < VALUE_BYTES_MIN { &[][..] } else { value };
        let held = Zeroizing::new(Vec::with_capacity(wanted.len()));
        Self { rare: rare(wanted), value: Zeroizing::new(wanted.to_vec()), held }
    }

    /// Whether `whole`, which nothing precedes or follows, holds the value.
    #[must_use]
    pub fn is_in(&self, whole: &[u8]) -> bool {
        if self.value.is_empty() {
            return false;
        }
        if whole.len() > FEW_BYTES {
            return memmem::find(whole, &self.value).is_some();
        }
        let (rare, before) = self.rare;
        memchr::memchr_iter(rare, whole).any(|at| {
            let from = at.checked_sub(before).and_then(|start| whole.get(start..));
            from.is_some_and(|from| from.starts_with(&self.value))
        })
    }

    /// Takes the next piece of an answer and gives what may be passed on: all that came and is
    /// not the possible beginning of the value.
    ///
    /// # Errors
    /// [`Echoed`] where the value is complete.
    pub fn pass(&mut self, piece: Bytes) -> Result<Bytes, Echoed> {
        if self.value.is_empty() {
            return Ok(piece);
        }
        let joined = if self.held.is_empty() {
            piece
        } else {
            self.held.extend_from_slice(&piece);
            let joined = Bytes::copy_from_slice(&self.held);
            self.held.clear();
            joined
        };
        if self.is_in(&joined) {
            return Err(Echoed);
        }
        let clear = joined.len() - self.possible_beginning(&joined);
        self.held.extend_from_slice(joined.get(clear..).unwrap_or_default());
        Ok(joined.slice(..clear))
    }

    /// The end of the answer: what was held and was no secret after all.
    pub fn rest(&mut self) -> Bytes {
        let rest = Bytes::copy_from_slice(&self.held);
        self.held.clear();
        rest
    }

    /// How many bytes at the end of `bytes` are the beginning of the value.
    fn possible_beginning(&self, bytes: &[u8]) -> usize {
        let longest = self.value.len().saturating_sub(1).min(bytes.len());
        let end = bytes.get(bytes.len().saturating_sub(longest)..).unwrap_or_default();
        let first = self.value.first().copied().unwrap_or_default();
        memchr::memchr_iter(first, end)
            .filter_map(|at| end.get(at..))
            .find(|end| self.value.starts_with(end))
            .map_or(0, <[u8]>::len)
    }
}

/// The byte of `value` that a JSON text is least likely to have, and its place.
fn rare(value: &[u8]) -> (u8, usize) {
    let likelihood = |byte: u8| match byte {
        b'A'..=b'Z' => 0,
        b'0'..=b'9' => 1,
        b'a'..=b'z' => 2,
        _ => 3,
    };
    let places = value.iter().copied().enumerate();
    places.min_by_key(|(_, byte)| likelihood(*byte)).map_or((0, 0), |(at, byte)| (byte, at))
}

impl fmt::Debug for EchoWatch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("EchoWatch(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: &[u8] = b"sk-abcabcabd";

    /// What passes of `pieces`, and whether the value was noticed.
    fn passed(pieces: &[&[u8]]) -> (Vec<u8>, bool) {
        let mut watch = EchoWatch::new(VALUE);
        let mut out = Vec::new();
        for piece in pieces {
            match watch.pass(Bytes::copy_from_slice(piece)) {
                Ok(clear) => out.extend_from_slice(&clear),
                Err(Echoed) => return (out, true),
            }
        }
        out.extend_from_slice(&watch.rest());
        (out, false)
    }

    #[test]
    fn no_byte_of_the_value_passes_wherever_the_answer_is_cut() {
        let before = &b"{\"key\": \"sk-abcabcab"[..];
        let answer = [before, VALUE, b"\"}"].concat();
        for first in 0..=answer.len() {
            for second in first..=answer.len() {
                let (start, end) = answer.split_at(second);
                let (start, middle) = start.split_at(first);
                let (out, noticed) = passed(&[start, middle, end]);
                assert!(noticed, "cut at {first} and {second}");
                assert!(before.starts_with(&out), "cut at {first} and {second}");
            }
        }
        let single: Vec<&[u8]> = answer.chunks(1).collect();
        let (out, noticed) = passed(&single);
        assert!(noticed && before.starts_with(&out), "byte by byte");
    }

    #[test]
    fn the_value_is_found_in_short_and_long_texts_wherever_it_stands() {
        for value in [VALUE, b"sk-A1a2B3c4", b"--------", b"aaaaaaaa", b"Zzzzzzzz", b"zzzzzzzZ"] {
            let watch = EchoWatch::new(value);
            for length in [0, 1, 7, FEW_BYTES - value.len(), FEW_BYTES, 3 * FEW_BYTES] {
                let filler = b"sk-aA1-z".repeat(length.div_ceil(8));
                let (before, after) = filler.get(..length).unwrap_or_default().split_at(length / 3);
                assert!(watch.is_in(&[before, value, after].concat()), "in {length}");
                let (most, _) = value.split_at(value.len() - 1);
                assert!(!watch.is_in(&[before, most, b"?", after].concat()), "in {length}");
            }
        }
    }

    #[test]
    fn what_only_looks_alike_passes_whole_and_short_values_are_not_looked_for() {
        let pieces = [&b"sk-abcabcab"[..], b"cabx", b"", b"sk-abcabc", b"xabd", b"sk-"];
        assert_eq!(passed(&pieces), (pieces.concat(), false));
        let mut short = EchoWatch::new(b"short");
        assert_eq!(short.pass(Bytes::from_static(b"short")), Ok(Bytes::from_static(b"short")));
        assert!(!short.is_in(b"short"));
        assert_eq!(format!("{short:?}"), "EchoWatch(redacted)");
    }
}
