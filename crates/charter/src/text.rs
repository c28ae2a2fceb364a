//! Bytes to text that shows all it holds: UTF-8, no byte order mark, nothing invisible.
//!
//! A person approves what they read. Characters that are not seen, or that change the order in
//! which others are seen, could make them approve something else (Unicode TR 36, 2.3).

use model::{Problems, is_invisible};

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
            let before = valid.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
            let column = String::from_utf8_lossy(before).chars().count() + 1;
            let at = crate::yaml::Position { line, column };
            let place = problem::place(file, at).spanning(1);
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
