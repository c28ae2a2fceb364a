//! A scenario file as parts, and back: comments, commands, what they print.

/// One part of a scenario file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// A comment or blank line, as written.
    Text(String),
    /// A command and the lines it prints.
    Command {
        /// Without `$ `.
        command: String,
        /// Its output lines, unescaped.
        output: Vec<String>,
    },
}

/// Reads a scenario. Blank lines before a comment or command belong to the layout.
pub(crate) fn read(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut blanks = 0;
    for line in text.lines() {
        if line.is_empty() {
            blanks += 1;
            continue;
        }
        let output_of = match parts.last_mut() {
            Some(Part::Command { output, .. }) if !starts_part(line) => Some(output),
            _ => None,
        };
        if let Some(output) = output_of {
            output.extend(std::iter::repeat_n(String::new(), blanks));
            output.push(line.strip_prefix('\\').unwrap_or(line).to_owned());
        } else {
            parts.extend(std::iter::repeat_n(Part::Text(String::new()), blanks));
            parts.push(match line.strip_prefix("$ ") {
                Some(command) => {
                    Part::Command { command: command.trim().to_owned(), output: Vec::new() }
                }
                None => Part::Text(line.to_owned()),
            });
        }
        blanks = 0;
    }
    parts
}

/// Writes a scenario. Blank lines at the end of an output are left out: they could not be told
/// from the layout.
pub(crate) fn write(parts: &[Part]) -> String {
    let mut text = String::new();
    let mut line = |prefix: &str, line: &str| {
        text.push_str(prefix);
        text.push_str(line);
        text.push('\n');
    };
    for part in parts {
        match part {
            Part::Text(comment) => line("", comment),
            Part::Command { command, output } => {
                line("$ ", command);
                let filled =
                    output.iter().rposition(|line| !line.is_empty()).map_or(0, |at| at + 1);
                for printed in output.iter().take(filled) {
                    let special = starts_part(printed) || printed.starts_with('\\');
                    line(if special { "\\" } else { "" }, printed);
                }
            }
        }
    }
    text
}

fn starts_part(line: &str) -> bool {
    line.starts_with("$ ") || line.starts_with("# ") || line == "#"
}
