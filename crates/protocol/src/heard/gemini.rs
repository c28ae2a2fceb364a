//! Generated content, Gemini's form: the events of a stream are answers like the whole one.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Heard;
use crate::loose::{List, Object, Text};
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
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PromptFeedback {
    block_reason: Text,
}

/// No event ends such a stream, so that a reason to stop does: that of a candidate, or the one
/// for which the prompt was blocked. Usage may follow it. Counts are cumulative: the last ones
/// hold.
pub(super) fn event(heard: &mut Heard, data: &[u8]) -> Option<()> {
    let answer: Answer = serde_json::from_slice(data).ok()?;
    heard.failed |= answer.error.is_some();
    let usage = answer.usage_metadata.0.as_ref();
    heard.usage = usage.and_then(GeminiTokens::usage).or(heard.usage);
    let feedback = answer.prompt_feedback.0.as_ref();
    heard.done |= answer.candidates.iter().any(|candidate| is_said(&candidate.finish_reason))
        || feedback.is_some_and(|feedback| is_said(&feedback.block_reason));
    Some(())
}

/// An enumeration's zero value is the same as its absence.
fn is_said(reason: &Text) -> bool {
    reason.get().is_some_and(|reason| {
        !matches!(reason, "" | "FINISH_REASON_UNSPECIFIED" | "BLOCK_REASON_UNSPECIFIED")
    })
}
