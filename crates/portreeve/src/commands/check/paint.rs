//! How a problem is drawn: a heading, a rule that binds what belongs to it, lines that fit. What
//! others wrote cannot steer the terminal.

/// Colour for people at a terminal, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paint {
    /// Only characters.
    Bare,
    /// The heading in red or yellow, the rule dim.
    Coloured,
}

impl Paint {
    /// The line that says what is wrong, behind the word for how grave it is.
    pub(super) fn heading(self, word: &str, what: &str) -> String {
        let what = crate::print::plain(what);
        let colour = if word == "warning" { 33 } else { 31 };
        match self {
            Self::Bare => format!("{word}: {what}\n"),
            Self::Coloured => format!("\u{1b}[1;{colour}m{word}:\u{1b}[0m {what}\n"),
        }
    }

    /// A line behind the rule that binds what belongs together.
    pub(super) fn rule(self, rule: char, line: &str) -> String {
        let line = crate::print::plain(line);
        match self {
            Self::Bare => format!("{}\n", format!("{rule} {line}").trim_end()),
            Self::Coloured => {
                format!("{}\n", format!("\u{1b}[2m{rule}\u{1b}[0m {line}").trim_end())
            }
        }
    }
}

/// `text` in lines of at most `width` characters, broken between words; at least one.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last_mut();
        match last {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("  äöü\nx ", 5), ["äöü x"]);
        assert_eq!(wrapped("unbreakable x", 4), ["unbreakable", "x"]);
        assert_eq!(wrapped("", 4), [""]);
    }

    #[test]
    fn colour_is_ours_alone() {
        let heading = Paint::Coloured.heading("error", "\u{1b}[2Jx");
        assert_eq!(heading, "\u{1b}[1;31merror:\u{1b}[0m \\u001b[2Jx\n");
        assert_eq!(Paint::Bare.rule('│', ""), "│\n");
    }
}
