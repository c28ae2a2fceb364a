//! Bytes to text that shows all it holds: UTF-8, no byte order mark, nothing invisible.
//!
//! A person approves what they read. Characters that are not seen, or that change the order in
//! which others are seen, could make them approve something else (Unicode TR 36, 2.3).

use model::{Place, Problems};

use crate::{code, problem};

/// Most invisible characters that are reported of one file.
const REPORTED_MAX: usize = 20;

/// The text of a file, and what is wrong with it as a text.
pub(crate) fn read<'a>(file: &str, bytes: &'a [u8]) -> (Option<&'a str>, Problems) {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
            let what = "the file is not UTF-8 from here on".to_owned();
            let place =
                Place { line, ..problem::file(file, code::NOT_UTF8, String::new(), "").place };
            let help = "save the file as UTF-8";
            return (None, vec![problem::at(place, code::NOT_UTF8, what, help)]);
        }
    };
    if text.starts_with('\u{feff}') {
        let what = "the file begins with a byte order mark".to_owned();
        let help = "save the file as UTF-8 without a byte order mark";
        return (Some(text), vec![problem::file(file, code::BYTE_ORDER_MARK, what, help)]);
    }
    (Some(text), invisible(file, text))
}

/// Whether a character is not seen, or moves others: bidirectional controls, zero-width
/// characters, line separators that are no line feed, tags.
pub(crate) const fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// The first character of a value that is not seen, moves others or drives a terminal. Of the
/// control characters only the line feed passes; who reads the value decides on lines.
pub(crate) fn hidden(value: &str) -> Option<char> {
    let harmless = |character: char| character == '\n' || !character.is_control();
    value.chars().find(|character| !harmless(*character) || is_invisible(*character))
}

fn invisible(file: &str, text: &str) -> Problems {
    let mut problems = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        // A carriage return is seen only as part of a line's end.
        let line = line.strip_suffix('\r').unwrap_or(line);
        for (column, character) in line.chars().enumerate() {
            let harmless = character == '\t' || !character.is_control();
            if harmless && !is_invisible(character) {
                continue;
            }
            if problems.len() >= REPORTED_MAX {
                return problems;
            }
            let what = format!("the character U+{:04X} is not seen here", u32::from(character));
            let place =
                problem::place(file, crate::yaml::Position { line: index + 1, column: column + 1 });
            let help = "remove it, so that what is read is what holds";
            problems.push(problem::at(place, code::INVISIBLE_CHARACTER, what, help));
        }
    }
    problems
}
