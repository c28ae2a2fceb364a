//! How this crate words a problem. The one place that makes text from a charter safe to print.

use model::{Place, Problem};

use crate::yaml::Position;

/// Who can fix a file whose owner is not known.
pub(crate) const EDITOR: &str = "whoever edits this file";

/// Longest part of a value that a message repeats, in characters.
const SHOWN_CHARS_MAX: usize = 80;

/// Longest message, in characters.
const MESSAGE_CHARS_MAX: usize = 600;

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

/// The text without anything a terminal would obey: control characters become escapes.
fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars().take(MESSAGE_CHARS_MAX) {
        if character.is_control() || crate::text::is_invisible(character) {
            safe.extend(character.escape_unicode());
        } else {
            safe.push(character);
        }
    }
    safe
}
