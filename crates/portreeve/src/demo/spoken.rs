//! What the demo model says, whichever wire form it was asked in.

use serde_json::Value;

/// Most characters of the caller's words it repeats.
const REPEATED_MAX: usize = 200;
/// What every answer begins with.
const GREETING: &str = "I am portreeve's built-in demo model. I repeat the last thing I was told:";

/// What the demo model answers with.
#[derive(Debug)]
pub(super) struct Spoken {
    pub(super) model: String,
    pub(super) text: String,
    /// Words read.
    pub(super) input: usize,
    /// Words said.
    pub(super) output: usize,
    /// Whether the caller's own cap cut the answer short.
    pub(super) cut: bool,
}

impl Spoken {
    /// The answer to whoever `said` these things to `model`, in at most `cap` words.
    pub(super) fn to(model: &str, said: &[String], cap: Option<u64>) -> Self {
        let last = said.last().map_or("", String::as_str);
        let repeated: String = last.chars().take(REPEATED_MAX).collect();
        let whole = format!("{GREETING} {repeated}");
        let words: Vec<&str> = whole.split_inclusive(' ').collect();
        let cap = cap.map_or(words.len(), |cap| usize::try_from(cap).unwrap_or(usize::MAX));
        let spoken: Vec<&str> = words.iter().copied().take(cap).collect();
        Self {
            model: model.to_owned(),
            text: spoken.concat(),
            input: words_of(said),
            output: spoken.len(),
            cut: spoken.len() < words.len(),
        }
    }

    /// The text in the pieces in which it is streamed.
    pub(super) fn pieces(&self) -> impl Iterator<Item = &str> {
        self.text.split_inclusive(' ')
    }
}

/// How many words these are.
pub(super) fn words_of(said: &[String]) -> usize {
    said.iter().map(|text| text.split_whitespace().count()).sum()
}

/// The text of each item of the list `ask[list]`, whose text stands in `content`; a list that is
/// a plain string is one item.
pub(super) fn said(ask: &Value, list: &str, content: &str) -> Vec<String> {
    match ask.get(list) {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(items)) => {
            items.iter().map(|item| text_of(item.get(content).unwrap_or(&Value::Null))).collect()
        }
        _ => Vec::new(),
    }
}

/// A plain string, or the text parts of a list.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts: Vec<&str> =
                parts.iter().filter_map(|part| part.get("text")?.as_str()).collect();
            texts.join(" ")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => String::new(),
    }
}

/// The model that a body names.
pub(super) fn model_of(ask: &Value) -> &str {
    ask.get("model").and_then(Value::as_str).unwrap_or("portreeve-demo")
}

/// Whether a body asks for a stream.
pub(super) fn wants_stream(ask: &Value) -> bool {
    ask.get("stream").and_then(Value::as_bool).unwrap_or(false)
}
