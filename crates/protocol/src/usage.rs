//! Tokens used, as the providers count them in their answers.

use model::Usage;
use serde::Deserialize;
use serde::de::Deserializer;

use crate::loose::{List, Loose, Text, loosely};

/// A `usage` object of OpenAI's or of Anthropic's. Counts that are not whole numbers read as
/// absent.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Tokens {
    prompt_tokens: Count,
    completion_tokens: Count,
    total_tokens: Count,
    input_tokens: Count,
    cache_creation_input_tokens: Count,
    cache_read_input_tokens: Count,
    output_tokens: Count,
    iterations: List<Iteration>,
}

/// One of the steps of an Anthropic answer that took several.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Iteration {
    #[serde(rename = "type")]
    kind: Text,
    input_tokens: Count,
    cache_creation_input_tokens: Count,
    cache_read_input_tokens: Count,
    output_tokens: Count,
}

/// A `usageMetadata` object of Gemini's, which leaves out what is zero.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct GeminiTokens {
    prompt_token_count: Option<Count>,
    tool_use_prompt_token_count: Option<Count>,
    candidates_token_count: Option<Count>,
    thoughts_token_count: Option<Count>,
}

/// What an Anthropic answer has reported so far. Its counts are cumulative, so each only grows.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    input: Count,
    cache_creation: Count,
    cache_read: Count,
    output: Count,
    /// Tokens that the totals above leave out.
    apart_input: u64,
    apart_output: u64,
}

/// A count of tokens that may be absent, or be anything but a whole number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Count(Option<u64>);

impl Tokens {
    /// The usage of a chat, if it is complete.
    pub(crate) fn chat(&self) -> Option<Usage> {
        let (input_tokens, written) = (self.prompt_tokens.0?, self.completion_tokens.0?);
        // Some servers leave thoughts out of what was written, but not out of the total.
        let rest = self.total_tokens.or_zero().saturating_sub(input_tokens);
        Some(Usage { input_tokens, output_tokens: written.max(rest) })
    }

    /// The usage of embeddings: nothing is written.
    pub(crate) fn embeddings(&self) -> Option<Usage> {
        Some(Usage { input_tokens: self.prompt_tokens.0?, output_tokens: 0 })
    }

    /// The usage of a response, if it is complete.
    pub(crate) fn responses(&self) -> Option<Usage> {
        Some(Usage { input_tokens: self.input_tokens.0?, output_tokens: self.output_tokens.0? })
    }

    /// The usage in Anthropic's words.
    pub(crate) fn anthropic(&self) -> Tally {
        // Summing up the conversation: the one kind of step whose tokens the totals leave out.
        let apart = || self.iterations.iter().filter(|one| one.kind.get() == Some("compaction"));
        Tally {
            input: self.input_tokens,
            cache_creation: self.cache_creation_input_tokens,
            cache_read: self.cache_read_input_tokens,
            output: self.output_tokens,
            apart_input: apart().map(Iteration::input).fold(0, u64::saturating_add),
            apart_output: apart()
                .map(|one| one.output_tokens.or_zero())
                .fold(0, u64::saturating_add),
        }
    }
}

impl Iteration {
    fn input(&self) -> u64 {
        let cached = self.cache_creation_input_tokens.or_zero();
        let cached = cached.saturating_add(self.cache_read_input_tokens.or_zero());
        self.input_tokens.or_zero().saturating_add(cached)
    }
}

impl GeminiTokens {
    /// The usage, if the prompt is counted and nothing is counted in anything but whole numbers.
    ///
    /// What was read from a cache is part of the prompt's count already.
    pub(crate) fn usage(&self) -> Option<Usage> {
        let or_zero = |count: Option<Count>| count.unwrap_or(Count(Some(0))).0;
        let prompt = self.prompt_token_count?.0?;
        let of_tools = or_zero(self.tool_use_prompt_token_count)?;
        let candidates = or_zero(self.candidates_token_count)?;
        let thoughts = or_zero(self.thoughts_token_count)?;
        Some(Usage {
            input_tokens: prompt.saturating_add(of_tools),
            output_tokens: candidates.saturating_add(thoughts),
        })
    }
}

impl Tally {
    /// Takes note of a later report.
    pub(crate) fn add(&mut self, later: Self) {
        self.input = self.input.max(later.input);
        self.cache_creation = self.cache_creation.max(later.cache_creation);
        self.cache_read = self.cache_read.max(later.cache_read);
        self.output = self.output.max(later.output);
        self.apart_input = self.apart_input.max(later.apart_input);
        self.apart_output = self.apart_output.max(later.apart_output);
    }

    /// The tokens written so far, as far as they were reported.
    pub(crate) fn output(self) -> u64 {
        self.output.or_zero().saturating_add(self.apart_output)
    }

    /// The usage so far; none before both directions were reported.
    pub(crate) fn total(self) -> Option<Usage> {
        let cached = self.cache_creation.or_zero().saturating_add(self.cache_read.or_zero());
        let input = self.input.0?.saturating_add(cached);
        Some(Usage {
            input_tokens: input.saturating_add(self.apart_input),
            output_tokens: self.output.0.map(|_| self.output())?,
        })
    }
}

impl Count {
    fn or_zero(self) -> u64 {
        self.0.unwrap_or(0)
    }
}

impl Loose<'_> for Count {
    fn of_whole_number(count: u64) -> Self {
        Self(Some(count))
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        loosely(deserializer)
    }
}
