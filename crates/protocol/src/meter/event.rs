//! One event of a stream, as far as it is looked into.

use super::EVENT_BYTES_MAX;
use super::line::{Line, Piece};
use super::skim::Skim;

/// The event under way.
#[derive(Debug, Default)]
pub(super) struct Event {
    /// Its bytes so far, line ends and all.
    size: usize,
    /// It has begun: a line came that is no comment.
    begun: bool,
    /// The outline of its data lines, joined by line feeds.
    data: Skim,
    /// A data line came, be it empty.
    has_data: bool,
    /// Its name, as far as it is of interest.
    name: Vec<u8>,
}

/// Enough of a name to tell it from those that matter, a carriage return behind it included.
const NAME_BYTES_MAX: usize = 32;

impl Event {
    /// Notes that `bytes` more belong to the event.
    pub(super) const fn grow(&mut self, bytes: usize) {
        self.size = self.size.saturating_add(bytes);
    }

    /// Takes a piece of one of its lines.
    pub(super) fn take(&mut self, piece: Piece<'_>) {
        match piece {
            Piece::DataBegins => {
                if self.has_data {
                    self.data.take(b"\n");
                }
                self.has_data = true;
            }
            Piece::Data(text) => self.data.take(text),
            Piece::NameBegins => self.name.clear(),
            Piece::Name(text) => {
                let room = NAME_BYTES_MAX.saturating_sub(self.name.len());
                self.name.extend(text.iter().take(room));
            }
            Piece::End(Line::Comment) => {
                if !self.begun {
                    self.size = 0;
                }
            }
            Piece::End(Line::Field) => self.begun = true,
            Piece::End(Line::Blank) => {}
        }
    }

    /// Whether it counts: one without data does not.
    pub(super) const fn has_data(&self) -> bool {
        self.has_data
    }

    /// The outline of its data; none where that is too much to be looked into.
    pub(super) fn outline(&self) -> Option<&[u8]> {
        self.data.outline()
    }

    /// What it is called; empty where it has no name.
    pub(super) fn name(&self) -> &[u8] {
        self.name.strip_suffix(b"\r").unwrap_or(&self.name)
    }

    /// Whether nothing of it has come yet.
    pub(super) const fn is_new(&self) -> bool {
        self.size == 0
    }

    /// Whether it is too large to be held back.
    pub(super) const fn is_oversize(&self) -> bool {
        self.size > EVENT_BYTES_MAX
    }

    /// Makes room for the next one.
    pub(super) fn clear(&mut self) {
        self.data.clear();
        *self = Self { data: std::mem::take(&mut self.data), ..Self::default() };
    }
}
