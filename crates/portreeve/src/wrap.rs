//! Lines that fit a terminal: broken between words, and hung below the text they go on with. What
//! is no terminal gets its lines whole.

use std::io::IsTerminal;
use std::os::fd::AsFd;

use rustix::termios::tcgetwinsize;

/// Below this many columns nothing is broken by us: no break would be a good one.
const NARROWEST: usize = 20;
/// Within how many columns a line's own columns are looked for.
const COLUMNS: usize = 32;

/// How many columns and lines the terminal has; none where `stream` is none, or it does not know.
pub(crate) fn size(stream: &(impl AsFd + IsTerminal)) -> Option<(usize, usize)> {
    let size = tcgetwinsize(stream).ok().filter(|_| stream.is_terminal())?;
    let known = size.ws_col > 0 && size.ws_row > 0;
    known.then(|| (usize::from(size.ws_col), usize::from(size.ws_row)))
}

/// `text` with its lines broken to fit `stream`, where that is a terminal.
pub(crate) fn fitting(text: &str, label: usize, stream: &(impl AsFd + IsTerminal)) -> String {
    match size(stream) {
        Some((columns, _)) => wrapped(text, label, columns),
        None => text.to_owned(),
    }
}

/// `text` with no line wider than `width`, but for words that are: paths and digests stay whole, for
/// those who copy them. A line goes on below its last column, or at `label` where it has none.
pub(crate) fn wrapped(text: &str, label: usize, width: usize) -> String {
    let lines: Vec<String> = text.split('\n').map(|line| broken(line, label, width)).collect();
    lines.join("\n")
}

fn broken(line: &str, label: usize, width: usize) -> String {
    if width < NARROWEST || line.chars().count() <= width || is_of_a_file(line) {
        return line.to_owned();
    }
    let hang = hang(line, label, width);
    let lead = line.len() - line.trim_start_matches(' ').len();
    let (mut out, rest) = line.split_at(lead);
    let mut done = String::new();
    let mut current = std::mem::take(&mut out).to_owned();
    let mut is_empty = true;
    for word in rest.split_inclusive(' ') {
        let taken = current.chars().count() + word.trim_end().chars().count();
        if taken > width && !is_empty {
            done.push_str(current.trim_end());
            done.push('\n');
            // A word that is too wide for its place begins further left, so that it stays whole.
            let room = width.saturating_sub(word.trim_end().chars().count());
            current = " ".repeat(hang.min(room));
        }
        current.push_str(word);
        is_empty = false;
    }
    done + current.trim_end()
}

/// Where a line goes on: below the last of its columns, which two spaces part.
fn hang(line: &str, label: usize, width: usize) -> usize {
    let mut hang = None;
    let mut spaces = 0;
    for (at, character) in line.chars().enumerate().take(COLUMNS) {
        if character != ' ' && (spaces > 1 || at == spaces && at > 0) {
            hang = Some(at);
        }
        spaces = if character == ' ' { spaces + 1 } else { 0 };
    }
    let hang = hang.unwrap_or(label);
    if hang * 2 > width { 2 } else { hang }
}

/// Whether it shows a line of a file, or points into one: `12 │ text`, `   │   ^^^`.
fn is_of_a_file(line: &str) -> bool {
    let digit = |one: char| one.is_ascii_digit() || one == ' ';
    line.trim_start_matches(digit).starts_with(['|', '│'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, width: usize, expected: &str) {
        let wrapped = wrapped(text, 4, width);
        assert_eq!(wrapped, expected, "\n{wrapped}\n");
        // Whoever copies it has the same words in the same order.
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(&wrapped), words(text));
    }

    #[test]
    fn a_line_goes_on_below_its_last_column() {
        let line = "code  a_code  what it means in a few more words";
        check(line, 100, line);
        check(line, 30, "code  a_code  what it means in\n              a few more words");
        check(line, 22, "code  a_code  what it\n  means in a few more\n  words");
        check("no columns here at all", 20, "no columns here at\n    all");
        check("  indented words that go on", 20, "  indented words\n  that go on");
    }

    #[test]
    fn a_word_that_is_too_wide_stays_whole() {
        let long = "d".repeat(30);
        check(
            &format!("label     {long} since"),
            34,
            &format!("label\n    {long}\n          since"),
        );
        check(&format!("label     {long}"), 25, &format!("label\n{long}"));
        check(&long, 20, &long);
    }

    #[test]
    fn lines_of_a_file_and_terminals_that_are_too_narrow_are_left_as_they_are() {
        for line in ["12 | some text of a file", "   │      ^^^^ here it is"] {
            check(line, 20, line);
        }
        check("a few words that would not fit", 19, "a few words that would not fit");
        check("", 20, "");
        check("\n\n", 20, "\n\n");
    }

    #[test]
    fn nothing_is_wider_than_the_terminal_but_words() {
        let text =
            "label        one two  three ä four\n             five six seven\nx\n  y  z and so on";
        for width in 20..60 {
            for line in wrapped(text, 13, width).lines() {
                assert!(line.chars().count() <= width, "{width}: {line}");
            }
        }
    }
}
