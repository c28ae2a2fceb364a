//! Anthropic's messages.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{INPUT_TOKENS, OUTPUT_TOKENS, concat, event, put};
use crate::provider::asked::{Asked, Manner};

pub(super) fn whole(asked: &Asked, text: &str) -> Value {
    let content = match asked.manner {
        Manner::Refusing => json!([]),
        Manner::Good | Manner::WithoutUsage => json!([{"type": "text", "text": text}]),
    };
    let mut message = message(asked, &content, Some(stop_reason(asked)));
    if asked.manner != Manner::WithoutUsage {
        let usage = json!({"input_tokens": INPUT_TOKENS, "output_tokens": OUTPUT_TOKENS});
        put(&mut message, "usage", usage);
    }
    message
}

pub(super) fn opening(asked: &Asked) -> Bytes {
    let mut message = message(asked, &json!([]), None);
    if asked.manner != Manner::WithoutUsage {
        let usage = json!({"input_tokens": INPUT_TOKENS, "output_tokens": 1});
        put(&mut message, "usage", usage);
    }
    let block = json!({"type": "content_block_start", "index": 0,
        "content_block": {"type": "text", "text": ""}});
    concat(&[
        event("message_start", &json!({"type": "message_start", "message": message})),
        event("content_block_start", &block),
        event("ping", &json!({"type": "ping"})),
    ])
}

pub(super) fn delta(text: &str) -> Bytes {
    let delta = json!({"type": "content_block_delta", "index": 0,
        "delta": {"type": "text_delta", "text": text}});
    event("content_block_delta", &delta)
}

pub(super) fn ending(asked: &Asked, deltas: usize) -> Bytes {
    let mut last = json!({"type": "message_delta",
        "delta": {"stop_reason": stop_reason(asked), "stop_sequence": null}});
    if asked.manner != Manner::WithoutUsage {
        put(&mut last, "usage", json!({"output_tokens": deltas}));
    }
    concat(&[
        event("content_block_stop", &json!({"type": "content_block_stop", "index": 0})),
        event("message_delta", &last),
        event("message_stop", &json!({"type": "message_stop"})),
    ])
}

fn message(asked: &Asked, content: &Value, stop_reason: Option<&str>) -> Value {
    json!({"id": "msg_fake", "type": "message", "role": "assistant", "model": asked.model,
        "content": content, "stop_reason": stop_reason, "stop_sequence": null})
}

fn stop_reason(asked: &Asked) -> &'static str {
    if asked.manner == Manner::Refusing { "refusal" } else { "end_turn" }
}
