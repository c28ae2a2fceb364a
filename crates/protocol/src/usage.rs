//! Tokens used, as the providers report them: in a whole answer, or event by event in a stream.

use model::{Dialect, Usage};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The usage that a whole answer reports; none where it reports none or not in whole numbers.
///
/// `input_tokens` counts every token that was read, those from or into a cache included, and both
/// counts include what summing up a long conversation took, which Anthropic reports apart.
#[must_use]
pub fn usage(dialect: Dialect, body: &[u8]) -> Option<Usage> {
    let answer: Answer = serde_json::from_slice(body).ok()?;
    match dialect {
        Dialect::OpenAi | Dialect::Gemini => answer.usage?.open_ai(),
        Dialect::Anthropic => answer.usage?.anthropic().total(),
    }
}

/// A whole answer, as far as it matters here.
#[derive(Deserialize)]
struct Answer {
    usage: Option<Tokens>,
}

/// A `usage` object of either dialect. Counts that are not whole numbers read as absent.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Tokens {
    prompt_tokens: Count,
    completion_tokens: Count,
    input_tokens: Count,
    cache_creation_input_tokens: Count,
    cache_read_input_tokens: Count,
    output_tokens: Count,
    iterations: Option<Vec<Iteration>>,
}

/// One of the steps of an Anthropic answer that took several.
#[derive(Debug, Clone, Deserialize)]
struct Iteration {
    #[serde(rename = "type")]
    kind: IterationKind,
    #[serde(default)]
    input_tokens: Count,
    #[serde(default)]
    cache_creation_input_tokens: Count,
    #[serde(default)]
    cache_read_input_tokens: Count,
    #[serde(default)]
    output_tokens: Count,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum IterationKind {
    /// Summing up the conversation: the one kind whose tokens the totals leave out.
    Compaction,
    #[serde(other)]
    Other,
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

impl Tokens {
    /// The usage in OpenAI's words, if it is complete.
    pub(crate) fn open_ai(&self) -> Option<Usage> {
        Some(Usage {
            input_tokens: self.prompt_tokens.0?,
            output_tokens: self.completion_tokens.0?,
        })
    }

    /// The usage in Anthropic's words.
    pub(crate) fn anthropic(&self) -> Tally {
        let iterations = self.iterations.iter().flatten();
        let apart = || iterations.clone().filter(|one| one.kind == IterationKind::Compaction);
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

    /// The usage so far; none before both directions were reported.
    pub(crate) fn total(self) -> Option<Usage> {
        let cached = self.cache_creation.or_zero().saturating_add(self.cache_read.or_zero());
        let input = self.input.0?.saturating_add(cached);
        Some(Usage {
            input_tokens: input.saturating_add(self.apart_input),
            output_tokens: self.output.0?.saturating_add(self.apart_output),
        })
    }
}

/// A count of tokens that may be absent, or be anything but a whole number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Count(Option<u64>);

impl Count {
    fn or_zero(self) -> u64 {
        self.0.unwrap_or(0)
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CountVisitor)
    }
}

struct CountVisitor;

impl<'de> Visitor<'de> for CountVisitor {
    type Value = Count;

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("any value")
    }

    fn visit_u64<E>(self, count: u64) -> Result<Count, E> {
        Ok(Count(Some(count)))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Count, E> {
        Ok(Count(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Count, E> {
        Ok(Count(None))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Count, E> {
        Ok(Count(None))
    }

    fn visit_str<E>(self, _: &str) -> Result<Count, E> {
        Ok(Count(None))
    }

    fn visit_unit<E>(self) -> Result<Count, E> {
        Ok(Count(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Count, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Count(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Count, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Count(None))
    }
}
