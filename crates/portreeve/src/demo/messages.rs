//! Anthropic's messages, and the count of their tokens.

use serde_json::{Value, json};

use super::reply::Answer;
use super::spoken::{Spoken, model_of, said, wants_stream, words_of};

pub(super) fn answer(ask: &Value) -> Answer {
    let cap = ask.get("max_tokens").and_then(Value::as_u64);
    let spoken = Spoken::to(model_of(ask), &said(ask, "messages", "content"), cap);
    if wants_stream(ask) {
        Answer::Events(streamed(&spoken))
    } else {
        Answer::Whole(message(&spoken))
    }
}

/// How many tokens the same messages would be counted as.
pub(super) fn count(ask: &Value) -> Answer {
    Answer::Whole(json!({ "input_tokens": words_of(&said(ask, "messages", "content")) }))
}

const fn stop(spoken: &Spoken) -> &'static str {
    if spoken.cut { "max_tokens" } else { "end_turn" }
}

fn message(spoken: &Spoken) -> Value {
    json!({
        "id": "msg_portreeve_demo",
        "type": "message",
        "role": "assistant",
        "model": spoken.model,
        "content": [{ "type": "text", "text": spoken.text }],
        "stop_reason": stop(spoken),
        "stop_sequence": null,
        "usage": { "input_tokens": spoken.input, "output_tokens": spoken.output },
    })
}

fn streamed(spoken: &Spoken) -> String {
    let mut stream = String::new();
    let mut event = |name: &str, data: Value| {
        stream.push_str(&format!("event: {name}\ndata: {data}\n\n"));
    };
    let mut start = message(spoken);
    if let Some(fields) = start.as_object_mut() {
        fields.insert("content".to_owned(), json!([]));
        fields.insert("stop_reason".to_owned(), Value::Null);
        let usage = json!({ "input_tokens": spoken.input, "output_tokens": 1 });
        fields.insert("usage".to_owned(), usage);
    }
    event("message_start", json!({ "type": "message_start", "message": start }));
    let block = json!({ "type": "text", "text": "" });
    event(
        "content_block_start",
        json!({ "type": "content_block_start", "index": 0, "content_block": block }),
    );
    for word in spoken.pieces() {
        let delta = json!({ "type": "text_delta", "text": word });
        event(
            "content_block_delta",
            json!({ "type": "content_block_delta", "index": 0, "delta": delta }),
        );
    }
    event("content_block_stop", json!({ "type": "content_block_stop", "index": 0 }));
    let delta = json!({ "stop_reason": stop(spoken), "stop_sequence": null });
    let usage = json!({ "output_tokens": spoken.output });
    event("message_delta", json!({ "type": "message_delta", "delta": delta, "usage": usage }));
    event("message_stop", json!({ "type": "message_stop" }));
    stream
}
