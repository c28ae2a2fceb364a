//! Lines out of pieces: what arrived in one piece is borrowed, the rest is put together.

use std::borrow::Cow;

/// How much of a line too long to keep is kept: enough to see that it is not blank.
const STUB: usize = 2;

/// Puts lines together.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The line under way, as far as it came in earlier pieces.
    begun: Vec<u8>,
}

impl Lines {
    /// Takes a piece that ends with a line feed or breaks off; gives the line if it is whole,
    /// without its end. With `stub`, only the beginning of a line that breaks off is kept.
    pub(super) fn take<'p>(&mut self, piece: &'p [u8], stub: bool) -> Option<Cow<'p, [u8]>> {
        let end = piece.strip_suffix(b"\n");
        if let (Some(end), true) = (end, self.begun.is_empty()) {
            return Some(Cow::Borrowed(without_cr(end)));
        }
        let more = end.unwrap_or(piece);
        if stub {
            self.begun = self.begun.iter().chain(more).copied().take(STUB).collect();
        } else {
            self.begun.extend_from_slice(more);
        }
        end?;
        let mut line = std::mem::take(&mut self.begun);
        line.truncate(without_cr(&line).len());
        Some(Cow::Owned(line))
    }

    /// The line that the end of the stream ends.
    pub(super) fn end(&mut self) -> Option<Vec<u8>> {
        (!self.begun.is_empty()).then(|| std::mem::take(&mut self.begun))
    }

    /// Whether no line is under way.
    pub(super) const fn is_new(&self) -> bool {
        self.begun.is_empty()
    }
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}
