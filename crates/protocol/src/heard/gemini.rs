//! Generated content, Gemini's form: the events of a stream are answers like the whole one.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Heard;
use crate::loose::{List, Object, Text, Written};
use crate::usage::GeminiTokens;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Answer {
    candidates: List<Candidate>,
    prompt_feedback: Object<PromptFeedback>,
    usage_metadata: Object<GeminiTokens>,
    error: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Candidate {
    finish_reason: Text,
    content: Object<Content>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Content {
    parts: Written,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PromptFeedback {
    block_reason: Text,
}

/// No event ends such a stream, so that a reason to stop does: that of a candidate, or the one
/// for which the prompt was blocked. Usage may follow it. Counts are cumulative: the largest
/// hold.
pub(super) fn event(heard: &mut Heard, data: &[u8]) -> Option<()> {
    let answer: Answer = serde_json::from_slice(data).ok()?;
    heard.failed |= answer.error.is_some();
    let usage = answer.usage_metadata.0.as_ref();
    heard.report(usage.and_then(GeminiTokens::usage));
    note_written(heard, &answer);
    let feedback = answer.prompt_feedback.0.as_ref();
    heard.done |= answer.candidates.iter().any(Candidate::is_last)
        || feedback.is_some_and(|feedback| is_said(&feedback.block_reason));
    Some(())
}

/// The last event of a candidate often has a part without text in it, so that it counts only
/// where nothing came before.
fn note_written(heard: &mut Heard, answer: &Answer) {
    let is_first = heard.written == 0;
    let written = answer.candidates.iter().filter(|candidate| {
        let has_parts = candidate.content.0.as_ref().is_some_and(|content| content.parts.0);
        has_parts && (is_first || !candidate.is_last())
    });
    heard.wrote(u64::try_from(written.count()).unwrap_or(u64::MAX));
}

impl Candidate {
    fn is_last(&self) -> bool {
        is_said(&self.finish_reason)
    }
}

/// An enumeration's zero value is the same as its absence.
fn is_said(reason: &Text) -> bool {
    reason.get().is_some_and(|reason| {
        !matches!(reason, "" | "FINISH_REASON_UNSPECIFIED" | "BLOCK_REASON_UNSPECIFIED")
    })
}
