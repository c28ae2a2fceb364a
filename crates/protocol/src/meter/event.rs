//! One event of a stream, and what the events so far have said.

use model::{Dialect, Usage};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::EVENT_BYTES_MAX;
use crate::usage::{Tally, Tokens};

/// What a line is to an event stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// The end of an event.
    Blank,
    /// Anything else.
    Field,
}

/// The event under way.
#[derive(Debug, Default)]
pub(super) struct Event {
    /// Its bytes so far, line ends and all.
    size: usize,
    /// It has begun: a line came that is no comment.
    begun: bool,
    /// Its data lines, joined by line feeds.
    data: Vec<u8>,
    /// A data line came, be it empty.
    has_data: bool,
    /// It is called `error`.
    is_error: bool,
}

/// What the events so far have said.
#[derive(Debug)]
pub(super) struct Tail {
    dialect: Dialect,
    pub(super) done: bool,
    pub(super) failed: bool,
    open_ai: Option<Usage>,
    anthropic: Tally,
}

/// The data of an event of the OpenAI dialect.
#[derive(Deserialize)]
struct Chunk {
    // No room is taken: the element has no size.
    choices: Option<Vec<IgnoredAny>>,
    usage: Option<Tokens>,
    error: Option<IgnoredAny>,
    /// What the client asked for beside usage: a chunk that brings it is not withheld.
    moderation: Option<IgnoredAny>,
}

/// The data of an event of the Anthropic dialect.
#[derive(Deserialize)]
struct Step {
    #[serde(rename = "type")]
    kind: StepKind,
    message: Option<StepMessage>,
    usage: Option<Tokens>,
}

#[derive(Deserialize)]
struct StepMessage {
    usage: Option<Tokens>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum StepKind {
    MessageStart,
    MessageDelta,
    MessageStop,
    Error,
    #[serde(other)]
    Other,
}

impl Event {
    /// Notes that `bytes` more belong to the event.
    pub(super) const fn grow(&mut self, bytes: usize) {
        self.size = self.size.saturating_add(bytes);
    }

    /// Takes a whole line, without its end.
    pub(super) fn take(&mut self, line: &[u8]) -> Line {
        if line.is_empty() {
            return Line::Blank;
        }
        if line.starts_with(b":") {
            if !self.begun {
                self.size = 0;
            }
            return Line::Field;
        }
        self.begun = true;
        if self.is_oversize() {
            self.data = Vec::new();
        } else if let Some(value) = value_of(line, b"data") {
            if self.has_data {
                self.data.push(b'\n');
            }
            self.data.extend_from_slice(value);
            self.has_data = true;
        } else if let Some(value) = value_of(line, b"event") {
            self.is_error = value == b"error";
        }
        Line::Field
    }

    /// Whether nothing of it has come yet.
    pub(super) const fn is_new(&self) -> bool {
        self.size == 0
    }

    /// Whether it is too large to be looked into.
    pub(super) const fn is_oversize(&self) -> bool {
        self.size > EVENT_BYTES_MAX
    }

    /// Makes room for the next one.
    pub(super) fn clear(&mut self) {
        self.data.clear();
        *self = Self { data: std::mem::take(&mut self.data), ..Self::default() };
    }
}

/// The value of a line if its field is called `name`, one leading space left out.
fn value_of<'l>(line: &'l [u8], name: &[u8]) -> Option<&'l [u8]> {
    let rest = line.strip_prefix(name)?;
    match rest.split_first() {
        None => Some(rest),
        Some((b':', value)) => Some(value.strip_prefix(b" ").unwrap_or(value)),
        Some(_) => None,
    }
}

impl Tail {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self { dialect, done: false, failed: false, open_ai: None, anthropic: Tally::default() }
    }

    /// Takes note of an event that ended; says whether it carries usage and nothing else.
    pub(super) fn note(&mut self, event: &Event) -> bool {
        if event.is_oversize() || !event.has_data {
            return false;
        }
        self.failed |= event.is_error;
        match self.dialect {
            Dialect::OpenAi | Dialect::Gemini => self.note_open_ai(&event.data),
            Dialect::Anthropic => {
                self.note_anthropic(&event.data);
                false
            }
        }
    }

    pub(super) fn usage(&self) -> Option<Usage> {
        match self.dialect {
            Dialect::OpenAi | Dialect::Gemini => self.open_ai,
            Dialect::Anthropic => self.anthropic.total(),
        }
    }

    fn note_open_ai(&mut self, data: &[u8]) -> bool {
        if data.trim_ascii() == b"[DONE]" {
            self.done = true;
            return false;
        }
        let Ok(chunk) = serde_json::from_slice::<Chunk>(data) else { return false };
        self.failed |= chunk.error.is_some();
        self.open_ai = chunk.usage.as_ref().and_then(Tokens::open_ai).or(self.open_ai);
        chunk.usage.is_some()
            && chunk.error.is_none()
            && chunk.moderation.is_none()
            && chunk.choices.is_some_and(|choices| choices.is_empty())
    }

    fn note_anthropic(&mut self, data: &[u8]) {
        let Ok(step) = serde_json::from_slice::<Step>(data) else { return };
        let usage = match step.kind {
            StepKind::MessageStart => step.message.and_then(|message| message.usage),
            StepKind::MessageDelta => step.usage,
            StepKind::MessageStop => {
                self.done = true;
                None
            }
            StepKind::Error => {
                self.failed = true;
                None
            }
            StepKind::Other => None,
        };
        if let Some(usage) = usage {
            self.anthropic.add(usage.anthropic());
        }
    }
}
