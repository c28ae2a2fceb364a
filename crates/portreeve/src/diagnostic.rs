//! A failure as it is told on standard error: for people, plainly, or for programs. It prints
//! nothing itself.

use serde_json::json;

use crate::cli::ErrorFormat;
use crate::codes::ErrorCode;
use crate::wrap::wrapped;

/// Everything that is told of a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Diagnostic {
    pub(crate) code: ErrorCode,
    /// What went wrong, in sentences; the first line is the heading.
    pub(crate) what: String,
    /// On what: a file with its line, an address.
    pub(crate) place: Option<String>,
    /// What to do next.
    pub(crate) help: Option<String>,
}

impl Diagnostic {
    /// A failure of which no more is known than this.
    pub(crate) fn new(code: ErrorCode, what: impl Into<String>) -> Self {
        Self { code, what: what.into(), place: None, help: None }
    }

    /// The text in `format`. `colour` and `width` are for people at a terminal.
    pub(crate) fn text(&self, format: ErrorFormat, colour: bool, width: Option<usize>) -> String {
        match format {
            ErrorFormat::Human => self.human(colour, width),
            ErrorFormat::Plain => self.plain(),
            ErrorFormat::Json => self.json(),
        }
    }

    fn help(&self) -> &str {
        self.help.as_deref().unwrap_or(self.code.help())
    }

    /// A heading, and below it a rule on the left that ends with the failure: people paste parts.
    /// Lines that find no room in `width` go on below themselves, beside the rule.
    fn human(&self, colour: bool, width: Option<usize>) -> String {
        let (red, dim, off) =
            if colour { ("\u{1b}[1;31m", "\u{1b}[2m", "\u{1b}[0m") } else { ("", "", "") };
        let mut text = format!("error: {}", shown(&self.what));
        text.extend(self.place.as_ref().map(|place| format!("\nat    {}", shown(place))));
        text.push_str(&format!("\ncode  {}\nhelp  {}", self.code.as_str(), shown(self.help())));
        if let Some(width) = width {
            // The rule takes two columns.
            text = wrapped(&text, 2, width.saturating_sub(2));
        }
        let mut lines = text.lines();
        let heading = lines.next().unwrap_or_default().trim_start_matches("error:");
        let mut told = format!("{red}error:{off}{heading}\n");
        for line in lines {
            told.push_str(format!("{dim}│{off} {line}").trim_end());
            told.push('\n');
        }
        told.push_str(&format!("{dim}╰{off} read  {}", self.code.page()));
        told
    }

    /// Sentences with a word before each, without rules: for those who have it read to them.
    fn plain(&self) -> String {
        let place = self.place.as_ref().map(|place| format!("\nat: {}", shown(place)));
        format!(
            "error: {}{}\ncode: {}\nhelp: {}\nread: {}",
            shown(&self.what),
            place.unwrap_or_default(),
            self.code.as_str(),
            shown(self.help()),
            self.code.page()
        )
    }

    /// One object on one line.
    fn json(&self) -> String {
        json!({
            "code": self.code.as_str(),
            "exit": self.code.exit(),
            "what": self.what,
            "where": self.place,
            "help": self.help(),
            "page": self.code.page(),
        })
        .to_string()
    }
}

/// Text that came from elsewhere, which cannot steer the terminal.
fn shown(text: &str) -> String {
    crate::print::plain(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure() -> Diagnostic {
        let what = "the charter has 1 problem\nfile.yaml:3: \u{1b}[2Jno";
        Diagnostic {
            place: Some("file.yaml:3".to_owned()),
            help: Some("mend it".to_owned()),
            ..Diagnostic::new(ErrorCode::ActDenied, what)
        }
    }

    #[test]
    fn people_see_a_rule_from_the_heading_to_the_end() {
        let text = failure().text(ErrorFormat::Human, false, None);
        let expected = "\
error: the charter has 1 problem
│ file.yaml:3: \\u001b[2Jno
│ at    file.yaml:3
│ code  act_denied
│ help  mend it
╰ read  docs/reference/errors.md";
        assert_eq!(text, expected);
        let coloured = failure().text(ErrorFormat::Human, true, None);
        assert!(coloured.starts_with("\u{1b}[1;31merror:\u{1b}[0m "), "{coloured}");
        assert!(!coloured.contains("[2J\u{1b}") && coloured.contains("\\u001b[2J"), "{coloured}");
    }

    #[test]
    fn the_rule_stands_beside_lines_that_go_on() {
        let what = "what somebody asked for cannot be done\n1 | a line of a file that is long";
        let failure = Diagnostic { what: what.to_owned(), ..failure() };
        let text = failure.text(ErrorFormat::Human, false, Some(26));
        let expected = "\
error: what somebody
│   asked for cannot be
│   done
│ 1 | a line of a file that is long
│ at    file.yaml:3
│ code  act_denied
│ help  mend it
╰ read  docs/reference/errors.md";
        assert_eq!(text, expected, "\n{text}");
    }

    #[test]
    fn plain_text_has_no_rules_and_no_colour() {
        let text = failure().text(ErrorFormat::Plain, true, Some(20));
        assert!(text.is_ascii(), "{text}");
        for part in
            ["error: the charter", "\nat: file.yaml:3", "\ncode: act_denied", "\nhelp: mend"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn programs_get_one_object_on_one_line() {
        let text = failure().text(ErrorFormat::Json, true, Some(20));
        assert_eq!(text.lines().count(), 1);
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let members: Vec<_> = json.as_object().expect("an object").keys().collect();
        assert_eq!(members, ["code", "exit", "what", "where", "help", "page"]);
        assert_eq!((&json["code"], &json["exit"]), (&"act_denied".into(), &1.into()));
        assert_eq!(json["what"], failure().what);
    }
}
