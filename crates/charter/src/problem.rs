//! How this crate words a problem. Text from a charter is made safe to print here.

use model::{Place, Problem, printable};

use crate::yaml::Position;

/// Who can fix a file whose owner is not known.
pub(crate) const EDITOR: &str = "whoever edits this file";

/// Longest part of a value that a message repeats, in characters.
const SHOWN_CHARS_MAX: usize = 80;

/// A problem of the whole of `file`, whoever edits it.
pub(crate) fn file(file: &str, code: &'static str, what: String, help: &str) -> Problem {
    Problem {
        place: Place::file(printable(file)),
        code,
        what: printable(&what),
        who: EDITOR.to_owned(),
        help: printable(help),
    }
}

/// A problem at a place.
pub(crate) fn at(place: Place, code: &'static str, what: String, help: &str) -> Problem {
    Problem { place, code, what: printable(&what), who: EDITOR.to_owned(), help: printable(help) }
}

/// A position in `file`.
pub(crate) fn place(file: &str, at: Position) -> Place {
    Place::at(printable(file), at.line, at.column)
}

/// As much of a value as a message repeats.
pub(crate) fn shown(value: &str) -> String {
    let mut short: String = value.chars().take(SHOWN_CHARS_MAX).collect();
    if short.len() < value.len() {
        short.push_str("...");
    }
    short
}
