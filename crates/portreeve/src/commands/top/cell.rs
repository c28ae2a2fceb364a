//! Pieces of a line: text that fits its place, in a tone. Whatever came from outside is printable
//! ASCII here, so that it can neither steer the terminal nor be wider than it seems.

/// How a piece of text looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Tone {
    #[default]
    Plain,
    /// A heading.
    Head,
    /// What matters less.
    Dim,
    /// What is about to need somebody.
    Warn,
    /// What needs somebody.
    Bad,
}

/// A piece of text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Cell {
    text: String,
    pub(super) tone: Tone,
}

/// One line of a frame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Line(pub(super) Vec<Cell>);

impl Tone {
    /// What turns it on.
    const fn begins(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Head => "\u{1b}[1m",
            Self::Dim => "\u{1b}[2m",
            Self::Warn => "\u{1b}[33m",
            Self::Bad => "\u{1b}[1;31m",
        }
    }
}

impl Cell {
    /// A piece in a tone. A character that is no printable ASCII is shown as `?`.
    pub(super) fn new(text: &str, tone: Tone) -> Self {
        let shown = |character: char| if matches!(character, ' '..='~') { character } else { '?' };
        Self { text: text.chars().map(shown).collect(), tone }
    }

    /// A piece in the plain tone.
    pub(super) fn plain(text: &str) -> Self {
        Self::new(text, Tone::Plain)
    }

    /// Columns it takes.
    pub(super) fn width(&self) -> usize {
        self.text.len()
    }

    /// At most so wide: `~` says that something is left out.
    pub(super) fn clipped(mut self, width: usize) -> Self {
        if self.text.len() > width {
            self.text.truncate(width.saturating_sub(1));
            self.text.extend((width > 0).then_some('~'));
        }
        self
    }

    /// Exactly so wide, with the room to the right of it, or to the left.
    pub(super) fn padded(self, width: usize, to_right: bool) -> Self {
        let mut cell = self.clipped(width);
        let room = " ".repeat(width - cell.text.len());
        cell.text = if to_right { room + &cell.text } else { cell.text + &room };
        cell
    }
}

impl Line {
    /// A line of one piece.
    pub(super) fn of(text: &str, tone: Tone) -> Self {
        Self(vec![Cell::new(text, tone)])
    }

    /// The line, at most so wide, without room at its end.
    pub(super) fn text(&self, width: usize, colour: bool) -> String {
        let mut out = String::new();
        let mut left = width;
        let said = self.0.iter().rposition(|piece| !piece.text.trim_end().is_empty());
        let count = said.map_or(0, |last| last + 1);
        for (nth, piece) in self.0.iter().take(count).enumerate() {
            let clipped = piece.clone().clipped(left);
            left -= clipped.width();
            let is_last = nth + 1 == count;
            let text = if is_last { clipped.text.trim_end() } else { clipped.text.as_str() };
            let tone = if colour { piece.tone.begins() } else { "" };
            out.push_str(tone);
            out.push_str(text);
            if !tone.is_empty() {
                out.push_str("\u{1b}[0m");
            }
        }
        out
    }
}
