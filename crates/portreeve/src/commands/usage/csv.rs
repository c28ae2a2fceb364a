//! CSV as RFC 4180 describes it, one line at a time. A field that a spreadsheet would run as a
//! formula is made text.

use std::fmt::Display;

/// One line, field by field.
#[derive(Debug, Default)]
pub(super) struct Line {
    text: String,
    begun: bool,
}

impl Line {
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn number(&mut self, number: impl Display) -> &mut Self {
        self.text(&number.to_string())
    }

    pub(super) fn text(&mut self, field: &str) -> &mut Self {
        if self.begun {
            self.text.push(',');
        }
        self.begun = true;
        let formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']);
        let field = if formula { format!("'{field}") } else { field.to_owned() };
        if field.contains([',', '"', '\n', '\r']) {
            self.text.push_str(&format!("\"{}\"", field.replace('"', "\"\"")));
        } else {
            self.text.push_str(&field);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be_and_never_run() {
        let mut line = Line::default();
        line.text("plain").text("").text("a,b").text("say \"no\"").text("=1+1").number(7);
        line.text("two\nlines").text("-5");
        assert_eq!(line.as_str(), "plain,,\"a,b\",\"say \"\"no\"\"\",'=1+1,7,\"two\nlines\",'-5");
    }
}
