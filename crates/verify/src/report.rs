//! What a check found, as lines for people or as JSON for programs.

use serde_json::{Map, Value};

/// A good report: what was checked, and what to be careful about.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// What to say loudly, before anything else.
    warnings: Vec<String>,
    lines: Vec<(&'static str, String)>,
    json: Map<String, Value>,
}

impl Report {
    /// Adds a warning, where there is one.
    pub(crate) fn warn(&mut self, warning: Option<&str>) {
        self.warnings.extend(warning.map(str::to_owned));
    }

    /// Adds a line for people.
    pub(crate) fn line(&mut self, label: &'static str, text: impl Into<String>) {
        self.lines.push((label, text.into()));
    }

    /// Adds a field for programs.
    pub(crate) fn field(&mut self, name: &str, value: impl Into<Value>) {
        self.json.insert(name.to_owned(), value.into());
    }

    /// The text that is printed.
    pub(crate) fn render(mut self, json: bool) -> String {
        if json {
            self.field("warnings", self.warnings.clone());
            self.field("ok", true);
            return format!("{}\n", Value::Object(self.json));
        }
        let warnings = self.warnings.iter().map(|warning| format!("WARNING: {warning}\n\n"));
        let lines = self.lines.iter().map(|(label, text)| format!("{label:<11}{text}\n"));
        warnings.chain(lines).collect()
    }

    /// The text of a finding.
    pub(crate) fn finding(sentence: &str, json: bool) -> String {
        if json {
            return format!("{}\n", serde_json::json!({ "ok": false, "finding": sentence }));
        }
        format!("FINDING: {}\n", plain(sentence))
    }
}

/// Text out of a log, made safe for a terminal: whoever wrote the log chose these characters.
pub(crate) fn plain(text: &str) -> String {
    let escaped = |each: char| {
        if each.is_ascii() && !each.is_ascii_control() {
            each.to_string()
        } else {
            each.escape_unicode().to_string()
        }
    };
    text.chars().map(escaped).collect()
}
