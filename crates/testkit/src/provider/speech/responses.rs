//! OpenAI's responses. The ids of the first are `resp_fake1` and `msg_fake1`, and so on.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{INPUT_TOKENS, concat, event, put};
use crate::provider::asked::{Asked, Manner};

/// How many events come before the first delta.
const OPENING: usize = 4;

pub(super) fn whole(asked: &Asked, text: &str, output_tokens: usize) -> Value {
    let mut response = response(asked, "completed", &json!([item(asked, Some(text))]));
    if asked.manner != Manner::WithoutUsage {
        let usage = json!({"input_tokens": INPUT_TOKENS, "output_tokens": output_tokens,
            "total_tokens": INPUT_TOKENS + output_tokens});
        put(&mut response, "usage", usage);
    }
    response
}

pub(super) fn opening(asked: &Asked) -> Bytes {
    let begun = response(asked, "in_progress", &json!([]));
    let added = json!({"output_index": 0, "item": item(asked, None)});
    concat(&[
        numbered("response.created", 0, json!({ "response": begun })),
        numbered("response.in_progress", 1, json!({ "response": begun })),
        numbered("response.output_item.added", 2, added),
        numbered("response.content_part.added", 3, within(asked, "part", part(asked, ""))),
    ])
}

pub(super) fn delta(asked: &Asked, before: usize, text: &str) -> Bytes {
    let name = format!("response.{}.delta", said(asked));
    numbered(&name, OPENING + before, within(asked, "delta", json!(text)))
}

pub(super) fn ending(asked: &Asked, deltas: usize, text: &str) -> Bytes {
    let text = text.repeat(deltas);
    let after = OPENING + deltas;
    let done = json!({"output_index": 0, "item": item(asked, Some(&text))});
    let field = if asked.manner == Manner::Refusing { "refusal" } else { "text" };
    let name = format!("response.{}.done", said(asked));
    let ended = json!({"response": whole(asked, &text, deltas)});
    concat(&[
        numbered(&name, after, within(asked, field, json!(text))),
        numbered(
            "response.content_part.done",
            after + 1,
            within(asked, "part", part(asked, &text)),
        ),
        numbered("response.output_item.done", after + 2, done),
        numbered("response.completed", after + 3, ended),
    ])
}

fn response(asked: &Asked, status: &str, output: &Value) -> Value {
    json!({"id": format!("resp_fake{}", asked.nth), "object": "response",
        "created_at": 1_700_000_000, "status": status, "model": asked.model,
        "store": asked.store, "output": output, "error": null, "incomplete_details": null,
        "usage": null})
}

/// The one item of the output: ended, with its text, or begun.
fn item(asked: &Asked, text: Option<&str>) -> Value {
    let status = if text.is_some() { "completed" } else { "in_progress" };
    let content: Vec<Value> = text.iter().map(|text| part(asked, text)).collect();
    json!({"id": format!("msg_fake{}", asked.nth), "type": "message", "status": status,
        "role": "assistant", "content": content})
}

fn part(asked: &Asked, text: &str) -> Value {
    match asked.manner {
        Manner::Refusing => json!({"type": "refusal", "refusal": text}),
        Manner::Good | Manner::WithoutUsage => {
            json!({"type": "output_text", "text": text, "annotations": []})
        }
    }
}

fn said(asked: &Asked) -> &'static str {
    if asked.manner == Manner::Refusing { "refusal" } else { "output_text" }
}

/// An event's fields about the one part of the one item.
fn within(asked: &Asked, name: &str, value: Value) -> Value {
    let mut fields = json!({"item_id": format!("msg_fake{}", asked.nth), "output_index": 0,
        "content_index": 0});
    put(&mut fields, name, value);
    fields
}

fn numbered(kind: &str, number: usize, mut fields: Value) -> Bytes {
    put(&mut fields, "type", json!(kind));
    put(&mut fields, "sequence_number", json!(number));
    event(kind, &fields)
}
