//! Notices a lent secret in what its provider answers: a provider that echoes it must not hand
//! it to the agent.
//!
//! It looks for the exact value. A provider that sends it encoded, or in pieces with something
//! between them, is not noticed.

use std::fmt;

use memchr::memmem;
use zeroize::Zeroizing;

/// Shorter values than this are not looked for: they would be found by chance.
const VALUE_BYTES_MIN: usize = 8;

/// Watches one answer for one lent secret, however the answer is cut into pieces.
pub struct EchoWatch {
    value: Zeroizing<Vec<u8>>,
    /// The end of what was seen: too short to hold the value, long enough to begin it.
    tail: Zeroizing<Vec<u8>>,
}

impl EchoWatch {
    pub(crate) fn new(value: &[u8]) -> Self {
        let tail = Zeroizing::new(Vec::with_capacity(value.len().saturating_mul(2)));
        Self { value: Zeroizing::new(value.to_vec()), tail }
    }

    /// Takes the next piece; true if the value is complete in it, or in it and what came before.
    pub fn sees(&mut self, piece: &[u8]) -> bool {
        let length = self.value.len();
        if length < VALUE_BYTES_MIN {
            return false;
        }
        let keep = length - 1;
        // Across the border: what was kept, and as much of the piece as could complete it.
        self.tail.extend_from_slice(piece.get(..keep).unwrap_or(piece));
        let found = memmem::find(&self.tail, &self.value).is_some()
            || memmem::find(piece, &self.value).is_some();
        if piece.len() >= keep {
            self.tail.clear();
            self.tail.extend_from_slice(piece.get(piece.len() - keep..).unwrap_or(piece));
        } else {
            let excess = self.tail.len().saturating_sub(keep);
            self.tail.drain(..excess);
        }
        found
    }
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

    #[test]
    fn a_value_is_seen_wherever_the_answer_is_cut() {
        let answer = [b"{\"key\": \"sk-abcabcab", VALUE, b"\"}"].concat();
        for first in 0..=answer.len() {
            for second in first..=answer.len() {
                let mut watch = EchoWatch::new(VALUE);
                let (start, end) = answer.split_at(second);
                let (start, middle) = start.split_at(first);
                let seen = [start, middle, end].map(|piece| watch.sees(piece));
                assert!(seen.contains(&true), "cut at {first} and {second}");
            }
        }
        let mut watch = EchoWatch::new(VALUE);
        assert!(answer.iter().any(|byte| watch.sees(&[*byte])), "byte by byte");
    }

    #[test]
    fn what_only_looks_alike_passes_and_short_values_are_not_looked_for() {
        let mut watch = EchoWatch::new(VALUE);
        for piece in [&b"sk-abcabcab"[..], b"cabd", b"", b"sk-abcabc", b"xabd"] {
            assert!(!watch.sees(piece), "{piece:?}");
        }
        assert!(!EchoWatch::new(b"short").sees(b"short"));
        assert_eq!(format!("{watch:?}"), "EchoWatch(redacted)");
    }
}
