//! Text that shows all it holds: a person approves what they read. It judges no text, and changes
//! only how one is shown.

/// Longest text that is shown in one piece, in characters.
const SHOWN_CHARS_MAX: usize = 600;

/// Whether a character is not seen, or moves others (Unicode TR 36, 2.3): bidirectional controls,
/// zero-width characters, line separators that are no line feed, tags.
#[must_use]
pub const fn is_invisible(character: char) -> bool {
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

/// The first character of `text` that is not seen, moves others or drives a terminal. Of the
/// control characters only the line feed passes; who reads the text decides on lines.
#[must_use]
pub fn hidden(text: &str) -> Option<char> {
    let harmless = |character: char| character == '\n' || !character.is_control();
    text.chars().find(|character| !harmless(*character) || is_invisible(*character))
}

/// `text` without anything a terminal would obey, shortened: what is not seen, and every control
/// character, becomes an escape.
///
/// ```
/// assert_eq!(model::printable("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\u{a}");
/// assert_eq!(model::printable("é \u{202e}"), "é \\u{202e}");
/// ```
#[must_use]
pub fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len().min(4 * SHOWN_CHARS_MAX));
    for character in text.chars().take(SHOWN_CHARS_MAX) {
        if character.is_control() || is_invisible(character) {
            safe.extend(character.escape_unicode());
        } else {
            safe.push(character);
        }
    }
    safe
}
