//! What an answer says about itself: tokens used, objects left at the provider, how it ended.
//!
//! Whole answers and the events of streamed ones are read by the same code, one file a form.

mod announced;
mod chat;
mod gemini;
mod messages;
mod responses;

use model::{Dialect, Operation, StoredName, Usage};

use crate::usage::Tally;
use announced::Announced;

pub use announced::STORED_MAX;

/// What a whole answer says about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Tokens used, as the provider counts them: both directions, in whole numbers, or none.
    ///
    /// `input_tokens` counts every token that was read, those from or into a cache and those a
    /// tool's results took included; `output_tokens` counts thinking too, and both what summing up
    /// a long conversation took.
    pub usage: Option<Usage>,
    /// A lower bound of the tokens written, whatever the provider says: see
    /// [`Meter::tokens_at_least`](crate::Meter::tokens_at_least).
    pub tokens_at_least: u64,
    /// Objects that the answer left at the provider, each once, at most [`STORED_MAX`].
    pub stored: Vec<StoredName>,
    /// Whether it is JSON at all, as its content type says.
    pub is_json: bool,
}

/// What the whole answer to `operation` says about itself; nothing where it is no JSON object of
/// the operation's form.
///
/// Counting tokens uses none. An answer of OpenAI's newer form announces itself and its items
/// unless it says `"store": false`; containers of code, files made in them and spoken answers are
/// announced in every form that has them.
///
/// # Examples
/// ```
/// use model::{Operation, StoredKind, Usage};
///
/// let body = br#"{"id":"resp_1","usage":{"input_tokens":9,"output_tokens":1}}"#;
/// let told = protocol::told(Operation::Responses, body);
/// assert_eq!(told.usage, Some(Usage { input_tokens: 9, output_tokens: 1 }));
/// assert_eq!(told.stored, [protocol::stored_name(StoredKind::Response, "resp_1")]);
/// ```
#[must_use]
pub fn told(operation: Operation, body: &[u8]) -> Told {
    let mut heard = Heard::new(Form::of(operation));
    // What was read as the operation's form is JSON; only of the rest it is looked at again.
    let is_json = heard.whole(body) || is_json(body);
    Told {
        is_json,
        usage: heard.usage(),
        tokens_at_least: heard.tokens_at_least(),
        stored: heard.take_stored(),
    }
}

impl Told {
    /// What to charge for the answer: see [`Meter::charge`](crate::Meter::charge).
    #[must_use]
    pub fn charge(&self) -> Option<Usage> {
        charge(self.usage, self.tokens_at_least)
    }
}

fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}

/// What to charge where a provider reported `usage`, and at least so many tokens were seen.
pub(crate) fn charge(usage: Option<Usage>, tokens_at_least: u64) -> Option<Usage> {
    let usage = usage?;
    // Every prompt has a token, and so has every answer that is not empty.
    let is_false = usage.input_tokens == 0 || (usage.output_tokens == 0 && tokens_at_least > 0);
    let output_tokens = usage.output_tokens.max(tokens_at_least);
    (!is_false).then_some(Usage { output_tokens, ..usage })
}

/// Which form an operation's answers have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Chat,
    Embeddings,
    Responses,
    Messages,
    Gemini,
    /// A count of tokens, or a list: nothing is used, kept or streamed.
    Apart(Dialect),
}

/// What an answer has said so far.
#[derive(Debug)]
pub(crate) struct Heard {
    form: Form,
    usage: Option<Usage>,
    /// How many times a piece of an answer was written: each is a token at least.
    written: u64,
    tally: Tally,
    stored: Announced,
    /// The answer says that it is not kept.
    is_unkept: bool,
    done: bool,
    failed: bool,
}

/// What an event of a stream carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carries {
    /// Usage and nothing else.
    UsageOnly,
    /// Anything else.
    More,
}

impl Form {
    pub(crate) const fn of(operation: Operation) -> Self {
        match operation {
            Operation::ChatCompletions => Self::Chat,
            Operation::Embeddings => Self::Embeddings,
            Operation::Responses => Self::Responses,
            Operation::Messages => Self::Messages,
            Operation::GenerateContent => Self::Gemini,
            Operation::CountMessageTokens => Self::Apart(Dialect::Anthropic),
            Operation::CountContentTokens => Self::Apart(Dialect::Gemini),
            // Each dialect lists models; none does so in a stream.
            Operation::ListModels => Self::Apart(Dialect::OpenAi),
        }
    }

    pub(crate) const fn dialect(self) -> Dialect {
        match self {
            Self::Chat | Self::Embeddings | Self::Responses => Dialect::OpenAi,
            Self::Messages => Dialect::Anthropic,
            Self::Gemini => Dialect::Gemini,
            Self::Apart(dialect) => dialect,
        }
    }
}

impl Heard {
    pub(crate) fn new(form: Form) -> Self {
        Self {
            form,
            usage: None,
            written: 0,
            tally: Tally::default(),
            stored: Announced::default(),
            is_unkept: false,
            done: false,
            failed: false,
        }
    }

    /// Takes note of a whole answer, and says whether it is of the form; what is not says nothing.
    fn whole(&mut self, body: &[u8]) -> bool {
        let read = match self.form {
            Form::Chat => chat::whole(self, body),
            Form::Embeddings => chat::embeddings(self, body),
            Form::Responses => responses::whole(self, body),
            Form::Messages => messages::whole(self, body),
            Form::Gemini => gemini::event(self, body),
            Form::Apart(_) => None,
        };
        read.is_some()
    }

    /// Takes note of an event that ended: its name, and its data unless that is too large.
    pub(crate) fn event(&mut self, name: &[u8], data: Option<&[u8]>) -> Carries {
        self.failed |= name == b"error";
        let Some(data) = data else {
            if self.form == Form::Responses {
                responses::unread(self, name);
            }
            return Carries::More;
        };
        // What is not of the form says nothing.
        let _ = match self.form {
            Form::Chat => return chat::event(self, data).unwrap_or(Carries::More),
            Form::Responses => responses::event(self, data),
            Form::Messages => messages::event(self, data),
            Form::Gemini => gemini::event(self, data),
            Form::Embeddings | Form::Apart(_) => None,
        };
        Carries::More
    }

    /// What was used, as far as it is known.
    pub(crate) fn usage(&self) -> Option<Usage> {
        match self.form {
            Form::Messages => self.tally.total(),
            Form::Chat | Form::Embeddings | Form::Responses | Form::Gemini | Form::Apart(_) => {
                self.usage
            }
        }
    }

    /// A lower bound of the tokens written.
    pub(crate) fn tokens_at_least(&self) -> u64 {
        let reported = match self.form {
            Form::Messages => self.tally.output(),
            Form::Chat | Form::Embeddings | Form::Responses | Form::Gemini | Form::Apart(_) => {
                self.usage.map_or(0, |usage| usage.output_tokens)
            }
        };
        self.written.max(reported)
    }

    /// Takes note of another report of what was used: each count that is larger holds.
    fn report(&mut self, usage: Option<Usage>) {
        let Some(later) = usage else { return };
        let before = self.usage.unwrap_or_default();
        self.usage = Some(Usage {
            input_tokens: before.input_tokens.max(later.input_tokens),
            output_tokens: before.output_tokens.max(later.output_tokens),
        });
    }

    /// Takes note of so many pieces that were written.
    const fn wrote(&mut self, pieces: u64) {
        self.written = self.written.saturating_add(pieces);
    }

    /// The names announced since this was last called.
    pub(crate) fn take_stored(&mut self) -> Vec<StoredName> {
        self.stored.take()
    }

    /// The provider said that the answer is over.
    pub(crate) const fn is_done(&self) -> bool {
        self.done
    }

    /// The provider reported an error.
    pub(crate) const fn has_failed(&self) -> bool {
        self.failed
    }
}
