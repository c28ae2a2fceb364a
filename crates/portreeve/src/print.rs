//! Printing: data to standard output, everything else to standard error. What a charter or a
//! request wrote cannot steer the terminal, and output that was lost is not called a success.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::wrap::fitting;

/// Whether data could not be written. Only [`drawn`] sets it.
static LOST: AtomicBool = AtomicBool::new(false);

/// A line of data on standard output.
pub(crate) fn line(text: &str) {
    drawn(&plain(text));
}

/// The same, of sentences for people: on a terminal they are broken to fit it, below their columns
/// or at `label`.
pub(crate) fn page(text: &str, label: usize) {
    drawn(&fitting(&plain(text), label, &io::stdout()));
}

/// The same, of text whose colour is ours: nothing in it that others wrote can steer the terminal.
/// A closed pipe ends output, not the program.
pub(crate) fn drawn(text: &str) {
    let mut out = io::stdout().lock();
    let written = writeln!(out, "{text}").and_then(|()| out.flush());
    // `portreeve decisions | head` closes the pipe early; there is nobody left to tell.
    if written.is_err_and(|cause| cause.kind() != io::ErrorKind::BrokenPipe) {
        LOST.store(true, Ordering::Relaxed);
    }
}

/// A notice on standard error.
pub(crate) fn notice(text: &str) {
    // Standard error is where a failure would be told; if it is gone, nobody listens.
    let _ = writeln!(io::stderr().lock(), "{}", plain(text));
}

/// The command that people run next, where one sits at a terminal: scripts and pipes get none.
pub(crate) fn next(command: &str) {
    if io::stderr().is_terminal() {
        notice(&format!("next: {command}"));
    }
}

/// A failure on standard error, as [`crate::diagnostic`] wrote it: its colour is ours, and what
/// others wrote in it cannot steer the terminal already.
pub(crate) fn failure(text: &str) {
    // As for a notice.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// A JSON value as one line of text: a string without its quotes.
pub(crate) fn value(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), |text| text.trim_end().replace('\n', " "))
}

/// Whether text on `stream` is coloured: at a terminal, unless somebody wants no colour.
pub(crate) fn is_coloured(stream: &impl IsTerminal) -> bool {
    obeys(stream) && set("NO_COLOR").is_none()
}

/// Whether `stream` is a terminal that can be steered.
pub(crate) fn obeys(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && set("TERM").is_some_and(|term| term != "dumb")
}

/// A variable of the environment, where it is set to something.
fn set(name: &str) -> Option<OsString> {
    #[expect(clippy::disallowed_methods, reason = "what a terminal can do stands nowhere else")]
    let value = std::env::var_os(name);
    value.filter(|value| !value.is_empty())
}

/// Whether any data was lost on its way to standard output.
pub(crate) fn output_was_lost() -> bool {
    LOST.load(Ordering::Relaxed)
}

/// `text` with every character that steers a terminal written as `\\u` and four digits: control
/// characters other than line breaks and tabs, and those that change the direction of text.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if steers(character) {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{:04x}", u32::from(character));
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

const fn steers(character: char) -> bool {
    matches!(
        character,
        '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_is_printed() {
        assert_eq!(plain("two\nlines\tand ä"), "two\nlines\tand ä");
        let hostile = "\u{1b}]0;x\u{7}\r\u{9b}1m\u{202e}y";
        assert_eq!(plain(hostile), "\\u001b]0;x\\u0007\\u000d\\u009b1m\\u202ey");
    }
}
