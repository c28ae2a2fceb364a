//! An input taken apart: the first bytes choose what is done, the rest is what is read.

use std::borrow::Cow;

/// What is left of an input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// All of an input.
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next byte; 0 at the end.
    pub(crate) fn byte(&mut self) -> u8 {
        match self.0 {
            [first, rest @ ..] => {
                self.0 = rest;
                *first
            }
            [] => 0,
        }
    }

    /// The next two bytes as a number below `end`, or 0 where `end` is.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let number = usize::from(u16::from_le_bytes([self.byte(), self.byte()]));
        number.checked_rem(end).unwrap_or(0)
    }

    /// One of `choices`; the first where there is no byte left.
    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> Option<T> {
        let at = usize::from(self.byte()).checked_rem(choices.len())?;
        choices.get(at).copied()
    }

    /// What is left.
    pub(crate) const fn rest(self) -> &'a [u8] {
        self.0
    }

    /// What is left, as text; what is none is replaced.
    pub(crate) fn text(self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.0)
    }
}

/// `bytes` in pieces, whose lengths `pattern` gives in turn; all at once where it is 0.
pub(crate) fn pieces(bytes: &[u8], pattern: [u8; 2]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut rest = bytes;
    let mut lengths = pattern.iter().cycle().map(|length| usize::from(*length));
    while !rest.is_empty() {
        let length = match pattern {
            [0, 0] => rest.len(),
            _ => lengths.next().unwrap_or(1).clamp(1, rest.len()),
        };
        let (piece, behind) = rest.split_at(length);
        pieces.push(piece);
        rest = behind;
    }
    pieces
}
