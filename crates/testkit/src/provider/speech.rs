//! What the fake provider says: whole answers, events of a stream, errors, in both wire forms.

use bytes::Bytes;
use serde_json::{Value, json};

/// Which wire form the path belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    OpenAi,
    Anthropic,
}

/// One request, as far as the answer depends on it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) form: Form,
    pub(crate) model: String,
    pub(crate) stream: bool,
    pub(crate) usage_wanted: bool,
}

/// Tokens the fake provider always reports as read.
const INPUT_TOKENS: usize = 7;

impl Asked {
    pub(crate) fn new(form: Form, body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let is_true = |value: Option<&Value>| value.and_then(Value::as_bool) == Some(true);
        Self {
            form,
            model: body.get("model").and_then(Value::as_str).unwrap_or_default().to_owned(),
            stream: is_true(body.get("stream")),
            usage_wanted: is_true(body.pointer("/stream_options/include_usage")),
        }
    }

    /// The whole answer, saying `text`.
    pub(crate) fn whole(&self, text: &str) -> Bytes {
        let answer = match self.form {
            Form::OpenAi => json!({
                "id": "chatcmpl-fake", "object": "chat.completion", "created": 1_700_000_000,
                "model": self.model,
                "choices": [{"index": 0, "finish_reason": "stop",
                    "message": {"role": "assistant", "content": text}}],
                "usage": openai_usage(5),
            }),
            Form::Anthropic => json!({
                "id": "msg_fake", "type": "message", "role": "assistant", "model": self.model,
                "content": [{"type": "text", "text": text}],
                "stop_reason": "end_turn", "stop_sequence": null,
                "usage": {"input_tokens": INPUT_TOKENS, "output_tokens": 5},
            }),
        };
        Bytes::from(answer.to_string())
    }

    /// The events before the first delta.
    pub(crate) fn opening(&self) -> Bytes {
        match self.form {
            Form::OpenAi => self.openai_chunk(&json!({"role": "assistant", "content": ""}), None),
            Form::Anthropic => concat(&[
                event(
                    "message_start",
                    &json!({"type": "message_start", "message": {
                    "id": "msg_fake", "type": "message", "role": "assistant", "model": self.model,
                    "content": [], "stop_reason": null, "stop_sequence": null,
                    "usage": {"input_tokens": INPUT_TOKENS, "output_tokens": 1}}}),
                ),
                event(
                    "content_block_start",
                    &json!({"type": "content_block_start", "index": 0,
                    "content_block": {"type": "text", "text": ""}}),
                ),
                event("ping", &json!({"type": "ping"})),
            ]),
        }
    }

    /// One delta, saying `text`.
    pub(crate) fn delta(&self, text: &str) -> Bytes {
        match self.form {
            Form::OpenAi => self.openai_chunk(&json!({"content": text}), None),
            Form::Anthropic => event(
                "content_block_delta",
                &json!({"type": "content_block_delta",
                "index": 0, "delta": {"type": "text_delta", "text": text}}),
            ),
        }
    }

    /// The events after `deltas` deltas.
    pub(crate) fn ending(&self, deltas: usize) -> Bytes {
        match self.form {
            Form::OpenAi => {
                let mut parts = vec![self.openai_chunk(&json!({}), Some("stop"))];
                if self.usage_wanted {
                    parts.push(data(&json!({
                        "id": "chatcmpl-fake", "object": "chat.completion.chunk",
                        "created": 1_700_000_000, "model": self.model,
                        "choices": [], "usage": openai_usage(deltas)})));
                }
                parts.push(Bytes::from_static(b"data: [DONE]\n\n"));
                concat(&parts)
            }
            Form::Anthropic => concat(&[
                event("content_block_stop", &json!({"type": "content_block_stop", "index": 0})),
                event(
                    "message_delta",
                    &json!({"type": "message_delta",
                    "delta": {"stop_reason": "end_turn", "stop_sequence": null},
                    "usage": {"output_tokens": deltas}}),
                ),
                event("message_stop", &json!({"type": "message_stop"})),
            ]),
        }
    }

    fn openai_chunk(&self, delta: &Value, finish: Option<&str>) -> Bytes {
        let mut chunk = json!({
            "id": "chatcmpl-fake", "object": "chat.completion.chunk", "created": 1_700_000_000,
            "model": self.model,
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
        if let (true, Some(fields)) = (self.usage_wanted, chunk.as_object_mut()) {
            fields.insert("usage".to_owned(), Value::Null);
        }
        data(&chunk)
    }
}

/// An error in the provider's own form. Like real ones, it quotes the key that came.
pub(crate) fn refused_key(form: Form, given: &str) -> Bytes {
    let message = format!("Incorrect API key provided: {given}.");
    let body = match form {
        Form::OpenAi => json!({"error": {"message": message, "type": "invalid_request_error",
            "param": null, "code": "invalid_api_key"}}),
        Form::Anthropic => json!({"type": "error",
            "error": {"type": "authentication_error", "message": message}}),
    };
    Bytes::from(body.to_string())
}

fn openai_usage(output: usize) -> Value {
    json!({"prompt_tokens": INPUT_TOKENS, "completion_tokens": output,
        "total_tokens": INPUT_TOKENS + output})
}

fn data(value: &Value) -> Bytes {
    Bytes::from(format!("data: {value}\n\n"))
}

fn event(name: &str, value: &Value) -> Bytes {
    Bytes::from(format!("event: {name}\ndata: {value}\n\n"))
}

fn concat(parts: &[Bytes]) -> Bytes {
    Bytes::from(parts.concat())
}
