//! The outline of a JSON text that passes piece by piece: what may be large in it is left out.
//!
//! An answer's last event may repeat the whole answer, images and all. What is read of it stands
//! near its top and is short, so the outline is kept and the event is not.

#[cfg(test)]
mod tests;

use memchr::memchr2;

use super::OUTLINE_BYTES_MAX;
use crate::loose::LEFT_OUT;

/// Strings longer than this many bytes, as they are written, become [`LEFT_OUT`]: no id is so
/// long.
const STRING_BYTES_MAX: usize = 256;
/// Objects and lists inside this many others become empty ones.
const DEPTH_MAX: usize = 5;
/// An outline that took more room than this gives it back.
const ROOM_KEPT: usize = 16 * 1024;

/// The outline so far.
#[derive(Debug, Default)]
pub(super) struct Skim {
    text: Vec<u8>,
    /// Brackets open.
    depth: usize,
    /// A string is open: where it began in `text`.
    string: Option<usize>,
    /// The next byte of the string is escaped.
    escaped: bool,
    /// The string is too long and was left out.
    long: bool,
    /// The outline itself grew too large and was dropped.
    overflowed: bool,
}

impl Skim {
    /// Takes the next bytes.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() && !self.overflowed {
            rest = match self.string {
                Some(start) => self.inside_string(start, rest),
                None => self.outside_string(rest),
            };
            if self.text.len() > OUTLINE_BYTES_MAX {
                self.text = Vec::new();
                self.overflowed = true;
            }
        }
    }

    /// The outline; none where it grew too large.
    pub(super) fn outline(&self) -> Option<&[u8]> {
        (!self.overflowed).then_some(&*self.text)
    }

    /// Makes room for the next text.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.text.shrink_to(ROOM_KEPT);
        *self = Self { text: std::mem::take(&mut self.text), ..Self::default() };
    }

    /// Takes what lies before the next quote.
    fn outside_string<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let mark = |byte: &u8| matches!(byte, b'"' | b'{' | b'[' | b'}' | b']');
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(mark) {
            let (plain, marked) = rest.split_at(at);
            self.keep(plain);
            let (mark, behind) = marked.split_at(1);
            rest = behind;
            match mark {
                b"{" | b"[" => {
                    self.keep(mark);
                    self.depth = self.depth.saturating_add(1);
                }
                b"}" | b"]" => {
                    self.depth = self.depth.saturating_sub(1);
                    self.keep(mark);
                }
                _ => {
                    self.keep(mark);
                    self.string = Some(self.text.len());
                    return rest;
                }
            }
        }
        self.keep(rest);
        &[]
    }

    /// Takes what lies before the string's closing quote, and that.
    fn inside_string<'b>(&mut self, start: usize, bytes: &'b [u8]) -> &'b [u8] {
        if std::mem::take(&mut self.escaped) {
            let (escaped, rest) = bytes.split_at(1.min(bytes.len()));
            self.keep_text(start, escaped);
            return rest;
        }
        let stop = memchr2(b'"', b'\\', bytes);
        let (plain, rest) = bytes.split_at(stop.unwrap_or(bytes.len()));
        self.keep_text(start, plain);
        let Some((mark, rest)) = rest.split_first() else { return rest };
        if *mark == b'\\' {
            self.escaped = true;
            self.keep_text(start, b"\\");
        } else {
            if self.long && self.depth <= DEPTH_MAX {
                self.text.extend_from_slice(LEFT_OUT.as_bytes());
            }
            self.string = None;
            self.long = false;
            self.keep(b"\"");
        }
        rest
    }

    /// Keeps bytes that stand outside strings, or a quote.
    fn keep(&mut self, bytes: &[u8]) {
        if self.depth <= DEPTH_MAX {
            self.text.extend_from_slice(bytes);
        }
    }

    /// Keeps text of a string, unless that grows too long: then none of it.
    fn keep_text(&mut self, start: usize, bytes: &[u8]) {
        let length = self.text.len().saturating_sub(start).saturating_add(bytes.len());
        if length > STRING_BYTES_MAX {
            self.text.truncate(start);
            self.long = true;
        }
        if !self.long && self.depth <= DEPTH_MAX {
            self.text.extend_from_slice(bytes);
        }
    }
}
