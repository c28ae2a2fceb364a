//! OpenAI's chat completions.

use serde_json::{Value, json};

use super::reply::Answer;
use super::spoken::{Spoken, model_of, said, wants_stream};

pub(super) fn answer(ask: &Value) -> Answer {
    let cap =
        ["max_completion_tokens", "max_tokens"].iter().find_map(|field| ask.get(field)?.as_u64());
    let spoken = Spoken::to(model_of(ask), &said(ask, "messages", "content"), cap);
    if wants_stream(ask) {
        Answer::Events(streamed(ask, &spoken))
    } else {
        Answer::Whole(completion(&spoken))
    }
}

fn completion(spoken: &Spoken) -> Value {
    json!({
        "id": "chatcmpl-portreeve-demo",
        "object": "chat.completion",
        "created": 0,
        "model": spoken.model,
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": spoken.text },
            "finish_reason": finish(spoken),
        }],
        "usage": usage(spoken),
    })
}

const fn finish(spoken: &Spoken) -> &'static str {
    if spoken.cut { "length" } else { "stop" }
}

fn usage(spoken: &Spoken) -> Value {
    json!({
        "prompt_tokens": spoken.input,
        "completion_tokens": spoken.output,
        "total_tokens": spoken.input + spoken.output,
    })
}

fn streamed(ask: &Value, spoken: &Spoken) -> String {
    let chunk = |choices: Value, usage: Value| {
        let event = json!({
            "id": "chatcmpl-portreeve-demo",
            "object": "chat.completion.chunk",
            "created": 0,
            "model": spoken.model,
            "choices": choices,
            "usage": usage,
        });
        format!("data: {event}\n\n")
    };
    let delta = |delta: Value, finish: Value| {
        chunk(json!([{ "index": 0, "delta": delta, "finish_reason": finish }]), Value::Null)
    };
    let mut stream = delta(json!({ "role": "assistant", "content": "" }), Value::Null);
    for word in spoken.pieces() {
        stream.push_str(&delta(json!({ "content": word }), Value::Null));
    }
    stream.push_str(&delta(json!({}), json!(finish(spoken))));
    let wants_usage = ask.pointer("/stream_options/include_usage").and_then(Value::as_bool);
    if wants_usage == Some(true) {
        stream.push_str(&chunk(json!([]), usage(spoken)));
    }
    stream.push_str("data: [DONE]\n\n");
    stream
}
