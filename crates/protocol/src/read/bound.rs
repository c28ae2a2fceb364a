//! How much a call may read and write at most, as far as its body says. Never decides whether
//! that is too much.

use model::{Ask, Beyond, Operation};

use crate::json::{Kind, Value};

/// The most that a provider adds to a prompt by itself, in tokens: the marks of a chat's template
/// and a short instruction of the model's own.
pub const TEMPLATE_TOKENS_MAX: u64 = 256;

/// The same where the request declares tools: Anthropic documents up to 530 tokens of
/// instructions for their use, templates of open models have fewer.
pub const TOOLS_TEMPLATE_TOKENS_MAX: u64 = 1024;

/// An upper bound of what a call uses.
///
/// A token of text stands for at least one byte of the body, so that its bytes bound what is
/// read. Inline media is the exception: an image of a hundred bytes may count as thousands of
/// tokens, a compressed sound or document likewise, and no vendor's rules follow the bytes. Each
/// is counted apart, for the caller to add a bound that somebody declared of the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// How many answers are asked for (`n`, `candidateCount`); at least 1. What is read and what
    /// is written counts for each.
    pub answers: u64,
    /// The bytes that may be read as text: all of the body but its inline media. 0 where nothing
    /// is used whatever stands in it: counts of tokens, and listings.
    pub input_bytes: u64,
    /// What the provider adds to the prompt, in tokens.
    pub template_tokens: u64,
    /// Images, sounds, videos and documents that stand in the body itself.
    pub media: u32,
    /// What may be written.
    pub output: OutputBound,
    /// Tokens that each answer may take beside its cap: those that some vendors let a model think
    /// apart from it.
    pub thinking_tokens: u64,
    /// Why nothing in the body bounds the call, in words that end a sentence; none where it does.
    pub unbounded: Option<&'static str>,
}

/// What bounds the tokens that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputBound {
    /// The client's own cap, for each answer.
    Capped(u64),
    /// Nothing, before a cap is spliced in.
    Uncapped,
    /// Nothing is written: embeddings, counts, listings.
    Nothing,
}

/// What an endpoint's body says of how much may be written.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) answers: u64,
    pub(super) cap: OutputBound,
    pub(super) thinking_tokens: u64,
    pub(super) unbounded: Option<&'static str>,
}

/// Media that stands in a body.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Media {
    pub(super) parts: u32,
    pub(super) bytes: u64,
}

impl Bound {
    /// A call that uses nothing.
    pub(super) const NOTHING: Self = Self {
        answers: 1,
        input_bytes: 0,
        template_tokens: 0,
        media: 0,
        output: OutputBound::Nothing,
        thinking_tokens: 0,
        unbounded: None,
    };

    /// The bound of what is asked.
    pub(super) fn of(ask: &Ask, media: Media, output: &Output) -> Self {
        if counts_nothing(ask.operation) {
            return Self::NOTHING;
        }
        let template_tokens =
            if ask.function_tools > 0 { TOOLS_TEMPLATE_TOKENS_MAX } else { TEMPLATE_TOKENS_MAX };
        Self {
            answers: output.answers.max(1),
            input_bytes: ask.input_bytes.saturating_sub(media.bytes),
            template_tokens,
            media: media.parts,
            output: output.cap,
            thinking_tokens: output.thinking_tokens,
            unbounded: beyond_bounds(&ask.beyond).or(output.unbounded),
        }
    }

    /// The most tokens that may be read, for all answers together. `media_tokens_max` is what one
    /// part of inline media counts at most, as declared of the model: for images the vendor's own
    /// figure, for sounds, videos and documents no less than the model's whole context.
    ///
    /// None where there is inline media and nobody declared that. Says nothing of what is
    /// [`unbounded`](Self::unbounded).
    #[must_use]
    pub fn input_tokens(&self, media_tokens_max: Option<u64>) -> Option<u64> {
        let media = match (self.media, media_tokens_max) {
            (0, _) => 0,
            (parts, Some(each)) => u64::from(parts).saturating_mul(each),
            (_, None) => return None,
        };
        let once = self.input_bytes.saturating_add(self.template_tokens).saturating_add(media);
        Some(once.saturating_mul(self.answers))
    }

    /// The most tokens that may be written, for all answers together, where `cap` is spliced in
    /// if the client sent none.
    #[must_use]
    pub fn output_tokens(&self, cap: u64) -> u64 {
        let each = match self.output {
            OutputBound::Capped(own) => own,
            OutputBound::Uncapped => cap,
            OutputBound::Nothing => return 0,
        };
        each.saturating_add(self.thinking_tokens).saturating_mul(self.answers)
    }
}

impl Output {
    /// One answer, of at most as many tokens as that.
    pub(super) fn one(cap: Option<u64>) -> Self {
        Self::several(1, cap)
    }

    /// As many answers, each of at most as many tokens as that.
    pub(super) fn several(answers: u64, cap: Option<u64>) -> Self {
        Self {
            answers,
            cap: cap.map_or(OutputBound::Uncapped, OutputBound::Capped),
            thinking_tokens: 0,
            unbounded: (cap == Some(0)).then_some(CAP_OF_ZERO),
        }
    }

    /// Nothing is written.
    pub(super) const fn nothing() -> Self {
        Self { answers: 1, cap: OutputBound::Nothing, thinking_tokens: 0, unbounded: None }
    }

    /// The cap on everything together, where the client set one.
    pub(super) const fn tokens_max(&self) -> Option<u64> {
        match self.cap {
            OutputBound::Capped(each) => Some(each.saturating_mul(self.answers)),
            OutputBound::Uncapped | OutputBound::Nothing => None,
        }
    }

    /// The same, unbounded for that reason where `applies`.
    pub(super) fn unbounded_if(mut self, applies: bool, why: &'static str) -> Self {
        if applies {
            self.unbounded = self.unbounded.or(Some(why));
        }
        self
    }
}

/// Summing up a long conversation reads it once more, and writes beside the cap.
pub(super) const SUMS_UP: &str = "the provider would sum up the conversation, beside the cap";

/// Some servers read a cap of zero as no cap at all, and what a client sent is never changed.
pub(super) const CAP_OF_ZERO: &str = "its output cap is 0, which some servers read as none";

/// Nobody documents that images and sounds which are written keep within a cap on tokens.
pub(super) const NOT_TEXT: &str = "the answer may be more than text";

/// Whether a list of what an answer may be has anything but text.
pub(super) fn is_more_than_text(modalities: Value<'_>) -> bool {
    let is_text = |one: Value<'_>| one.string().is_some_and(|one| one.eq_ignore_ascii_case("text"));
    match modalities.kind() {
        Kind::Array => !modalities.elements().all(is_text),
        Kind::Object | Kind::Key | Kind::String | Kind::Number => !is_text(modalities),
        Kind::True | Kind::False | Kind::Null => true,
    }
}

/// Whether nothing is charged for the operation, whatever it is asked about.
const fn counts_nothing(operation: Operation) -> bool {
    match operation {
        Operation::CountMessageTokens | Operation::CountContentTokens | Operation::ListModels => {
            true
        }
        Operation::ChatCompletions
        | Operation::Responses
        | Operation::Embeddings
        | Operation::Messages
        | Operation::GenerateContent => false,
    }
}

/// Why what goes beyond the model's answer has no bound in the body.
fn beyond_bounds(beyond: &Beyond) -> Option<&'static str> {
    if beyond.urls > 0 {
        return Some("the provider would fetch a URL in it");
    }
    if !beyond.names.is_empty() {
        return Some("it names something kept at the provider");
    }
    if !beyond.tools.is_empty() {
        return Some("it declares a tool of the provider's");
    }
    (!beyond.unrecognised.is_empty())
        .then_some("it holds something that this gateway does not know")
}
