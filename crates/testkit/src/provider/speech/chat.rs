//! OpenAI's chat completions and embeddings.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{INPUT_TOKENS, OUTPUT_TOKENS, concat, data, put};
use crate::provider::asked::{Asked, Manner};

/// When these answers were made, in seconds.
const CREATED: u64 = 1_700_000_000;

pub(super) fn whole(asked: &Asked, text: &str) -> Value {
    let (message, finish) = match asked.manner {
        Manner::Refusing => {
            (json!({"role": "assistant", "content": null, "refusal": text}), "content_filter")
        }
        Manner::Good | Manner::WithoutUsage => {
            (json!({"role": "assistant", "content": text}), "stop")
        }
    };
    let mut answer = json!({
        "id": "chatcmpl-fake", "object": "chat.completion", "created": CREATED,
        "model": asked.model,
        "choices": [{"index": 0, "finish_reason": finish, "message": message}],
    });
    if asked.manner != Manner::WithoutUsage {
        put(&mut answer, "usage", usage(OUTPUT_TOKENS));
    }
    answer
}

pub(super) fn embeddings(asked: &Asked) -> Value {
    let mut answer = json!({
        "object": "list", "model": asked.model,
        "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -0.25]}],
    });
    if asked.manner != Manner::WithoutUsage {
        let usage = json!({"prompt_tokens": INPUT_TOKENS, "total_tokens": INPUT_TOKENS});
        put(&mut answer, "usage", usage);
    }
    answer
}

pub(super) fn opening(asked: &Asked) -> Bytes {
    chunk(asked, &json!({"role": "assistant", "content": ""}), None)
}

pub(super) fn delta(asked: &Asked, text: &str) -> Bytes {
    let said = if asked.manner == Manner::Refusing { "refusal" } else { "content" };
    chunk(asked, &json!({ said: text }), None)
}

pub(super) fn ending(asked: &Asked, deltas: usize) -> Bytes {
    let finish = if asked.manner == Manner::Refusing { "content_filter" } else { "stop" };
    let mut parts = vec![chunk(asked, &json!({}), Some(finish))];
    if asked.usage_wanted && asked.manner != Manner::WithoutUsage {
        parts.push(data(&json!({
            "id": "chatcmpl-fake", "object": "chat.completion.chunk", "created": CREATED,
            "model": asked.model, "choices": [], "usage": usage(deltas)})));
    }
    parts.push(Bytes::from_static(b"data: [DONE]\n\n"));
    concat(&parts)
}

fn chunk(asked: &Asked, delta: &Value, finish: Option<&str>) -> Bytes {
    let mut chunk = json!({
        "id": "chatcmpl-fake", "object": "chat.completion.chunk", "created": CREATED,
        "model": asked.model,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
    if asked.usage_wanted {
        put(&mut chunk, "usage", Value::Null);
    }
    data(&chunk)
}

fn usage(output: usize) -> Value {
    json!({"prompt_tokens": INPUT_TOKENS, "completion_tokens": output,
        "total_tokens": INPUT_TOKENS + output})
}
