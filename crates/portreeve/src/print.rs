//! Printing: data to standard output, everything else to standard error, and neither panics
//! when the other end is gone.

use std::io::Write as _;

/// A line of data on standard output. A closed pipe ends output, not the program.
pub(crate) fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    // `portreeve decisions | head` closes the pipe early; there is nobody left to tell.
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// A notice on standard error.
pub(crate) fn notice(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// An error on standard error. Each line after the first is indented, so that a pasted half
/// still shows where it came from.
pub(crate) fn error(text: &str) {
    notice(&format!("error: {}", text.replace('\n', "\n  ")));
}
