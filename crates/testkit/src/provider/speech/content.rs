//! Gemini's content. Every event is an answer like the whole one, and no event says that it is
//! the last; lines end with both characters, as the vendor's do.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{INPUT_TOKENS, OUTPUT_TOKENS, put};
use crate::provider::asked::{Asked, Manner};

pub(super) fn whole(asked: &Asked, text: &str) -> Value {
    match asked.manner {
        Manner::Refusing => blocked(asked),
        Manner::Good | Manner::WithoutUsage => answer(asked, text, Some("STOP"), OUTPUT_TOKENS),
    }
}

/// A prompt that is blocked has no candidates: its one event says so.
pub(super) fn opening(asked: &Asked) -> Bytes {
    match asked.manner {
        Manner::Refusing => event(&blocked(asked)),
        Manner::Good | Manner::WithoutUsage => event(&answer(asked, "", None, 0)),
    }
}

pub(super) fn delta(asked: &Asked, before: usize, text: &str) -> Bytes {
    match asked.manner {
        Manner::Refusing => Bytes::new(),
        Manner::Good | Manner::WithoutUsage => event(&answer(asked, text, None, before + 1)),
    }
}

pub(super) fn ending(asked: &Asked, deltas: usize) -> Bytes {
    match asked.manner {
        Manner::Refusing => Bytes::new(),
        Manner::Good | Manner::WithoutUsage => event(&answer(asked, "", Some("STOP"), deltas)),
    }
}

fn answer(asked: &Asked, text: &str, finish: Option<&str>, output: usize) -> Value {
    let mut candidate =
        json!({"index": 0, "content": {"role": "model", "parts": [{"text": text}]}});
    if let Some(finish) = finish {
        put(&mut candidate, "finishReason", json!(finish));
    }
    let mut answer = json!({"candidates": [candidate], "modelVersion": asked.model,
        "responseId": "content-fake"});
    if asked.manner != Manner::WithoutUsage {
        let usage = json!({"promptTokenCount": INPUT_TOKENS, "candidatesTokenCount": output,
            "totalTokenCount": INPUT_TOKENS + output});
        put(&mut answer, "usageMetadata", usage);
    }
    answer
}

fn blocked(asked: &Asked) -> Value {
    json!({"promptFeedback": {"blockReason": "SAFETY"}, "modelVersion": asked.model,
        "usageMetadata": {"promptTokenCount": INPUT_TOKENS, "totalTokenCount": INPUT_TOKENS}})
}

fn event(value: &Value) -> Bytes {
    Bytes::from(format!("data: {value}\r\n\r\n"))
}
