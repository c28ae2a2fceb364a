//! Whether an answer is the one that was asked for: every byte of text, every chunk in its place,
//! the end mark, what was used.

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;

use super::answer::{INPUT_TOKENS, OUTPUT_TOKENS, chunk_text, text};
use super::wish::Wish;

/// Longest event of a stream that is kept until its end.
const EVENT_BYTES_MAX: usize = 64 * 1024;

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    choices: Vec<Choice<'a>>,
    usage: Usage,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    message: Content<'a>,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    choices: Vec<Delta<'a>>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow)]
    delta: Content<'a>,
    finish_reason: Option<&'a str>,
}

#[derive(Deserialize)]
struct Content<'a> {
    content: Option<&'a str>,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
}

/// Checks an answer in one piece.
pub(crate) fn whole(number: u64, body: &[u8]) -> Result<()> {
    let answer: Answer<'_> = serde_json::from_slice(body).context("the answer is no chat")?;
    let [Choice { message: Content { content: Some(content) } }] = answer.choices.as_slice() else {
        bail!("an answer has one choice with a text");
    };
    ensure!(*content == text(number), "the text is that of another answer: {content:.40}");
    let Usage { prompt_tokens, completion_tokens } = answer.usage;
    ensure!(
        (prompt_tokens, completion_tokens) == (INPUT_TOKENS, OUTPUT_TOKENS),
        "the usage is {prompt_tokens} and {completion_tokens}"
    );
    Ok(())
}

/// A stream as it comes.
#[derive(Debug)]
pub(crate) struct Stream {
    wish: Wish,
    /// What has come of an event whose end has not.
    pending: Vec<u8>,
    /// Content chunks that have come.
    chunks: u64,
    part: Part,
}

/// What of a stream has come already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Chunks,
    Finished,
    Counted,
    Ended,
}

impl Stream {
    /// The stream that answers `wish`.
    pub(crate) const fn new(wish: Wish) -> Self {
        Self { wish, pending: Vec::new(), chunks: 0, part: Part::Chunks }
    }

    /// Takes the next bytes; how many content chunks they completed.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<u64> {
        let before = self.chunks;
        let mut joined;
        let mut rest = bytes;
        if !self.pending.is_empty() {
            joined = std::mem::take(&mut self.pending);
            joined.extend_from_slice(bytes);
            rest = &joined;
            while let Some(left) = self.next_event(rest)? {
                rest = left;
            }
            self.pending.extend_from_slice(rest);
        } else {
            while let Some(left) = self.next_event(rest)? {
                rest = left;
            }
            self.pending.extend_from_slice(rest);
        }
        ensure!(self.pending.len() <= EVENT_BYTES_MAX, "an event has no end");
        Ok(self.chunks - before)
    }

    /// Whether everything has come, once the body has ended.
    pub(crate) fn end(&self) -> Result<()> {
        ensure!(self.part == Part::Ended, "the stream ended after {} chunks", self.chunks);
        ensure!(self.pending.is_empty(), "the stream went on after its end mark");
        Ok(())
    }

    /// Reads one event off the front; what is left, or none where its end has not come.
    fn next_event<'a>(&mut self, bytes: &'a [u8]) -> Result<Option<&'a [u8]>> {
        let Some(end) = memchr::memmem::find(bytes, b"\n\n") else { return Ok(None) };
        let (event, rest) = bytes.split_at(end);
        let data = event.strip_prefix(b"data: ").context("an event has no data")?;
        self.event(data)?;
        Ok(rest.get(2..))
    }

    fn event(&mut self, data: &[u8]) -> Result<()> {
        if data == b"[DONE]" {
            ensure!(self.part == Part::Counted, "the end mark comes before the usage");
            self.part = Part::Ended;
            return Ok(());
        }
        let event: Event<'_> = serde_json::from_slice(data).context("an event is no chat chunk")?;
        if let Some(usage) = event.usage {
            ensure!(self.part == Part::Finished, "the usage comes before the finish");
            let used = (usage.prompt_tokens, usage.completion_tokens);
            ensure!(used == (INPUT_TOKENS, self.wish.chunks), "the usage is {used:?}");
            self.part = Part::Counted;
            return Ok(());
        }
        let [Delta { delta, finish_reason }] = event.choices.as_slice() else {
            bail!("an event has one choice");
        };
        ensure!(self.part == Part::Chunks, "a chunk comes after the finish");
        if finish_reason.is_some() {
            ensure!(self.chunks == self.wish.chunks, "it finished after {} chunks", self.chunks);
            self.part = Part::Finished;
            return Ok(());
        }
        match delta.content {
            Some("") | None => Ok(()),
            Some(content) => self.chunk(content),
        }
    }

    fn chunk(&mut self, content: &str) -> Result<()> {
        let expected = chunk_text(self.wish.number, self.chunks);
        ensure!(content == expected, "chunk {content:.40} came where {expected} belongs");
        self.chunks += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
