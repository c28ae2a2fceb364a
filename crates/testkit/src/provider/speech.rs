//! What the fake provider says: whole answers, events of a stream, errors, in the wire form of
//! each endpoint.

mod chat;
mod content;
mod messages;
mod responses;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::asked::{Asked, Form, Vendor};

/// Tokens the fake provider always reports as read.
const INPUT_TOKENS: usize = 7;
/// Tokens of an answer that is not streamed.
const OUTPUT_TOKENS: usize = 5;

impl Asked {
    /// The whole answer, saying `text`.
    pub(crate) fn whole(&self, text: &str) -> Bytes {
        let answer = match self.form {
            Form::Chat => chat::whole(self, text),
            Form::Responses => responses::whole(self, text, OUTPUT_TOKENS),
            Form::Embeddings => chat::embeddings(self),
            Form::Messages => messages::whole(self, text),
            Form::CountMessages => json!({"input_tokens": INPUT_TOKENS}),
            Form::Content => content::whole(self, text),
            Form::CountContent => json!({"totalTokens": INPUT_TOKENS}),
        };
        Bytes::from(answer.to_string())
    }

    /// The events before the first delta. Nothing for what is never streamed; so below.
    pub(crate) fn opening(&self) -> Bytes {
        match self.form {
            Form::Chat => chat::opening(self),
            Form::Responses => responses::opening(self),
            Form::Messages => messages::opening(self),
            Form::Content => content::opening(self),
            Form::Embeddings | Form::CountMessages | Form::CountContent => Bytes::new(),
        }
    }

    /// The delta after `before` others, saying `text`.
    pub(crate) fn delta(&self, before: usize, text: &str) -> Bytes {
        match self.form {
            Form::Chat => chat::delta(self, text),
            Form::Responses => responses::delta(self, before, text),
            Form::Messages => messages::delta(text),
            Form::Content => content::delta(self, before, text),
            Form::Embeddings | Form::CountMessages | Form::CountContent => Bytes::new(),
        }
    }

    /// The events after `deltas` deltas that each said `text`.
    pub(crate) fn ending(&self, deltas: usize, text: &str) -> Bytes {
        match self.form {
            Form::Chat => chat::ending(self, deltas),
            Form::Responses => responses::ending(self, deltas, text),
            Form::Messages => messages::ending(self, deltas),
            Form::Content => content::ending(self, deltas),
            Form::Embeddings | Form::CountMessages | Form::CountContent => Bytes::new(),
        }
    }

    /// An error of this status in the vendor's form.
    pub(crate) fn error(&self, status: u16) -> Bytes {
        error(self.form.vendor(), status, &format!("The fake provider says {status}."))
    }
}

/// The refusal of a key, with its status. Like those of real providers, it quotes the key that
/// came; Gemini's API says why in a detail, beside the status of a bad request.
pub(crate) fn refused_key(vendor: Vendor, given: &str) -> (StatusCode, Bytes) {
    let message = format!("Incorrect API key provided: {given}.");
    match vendor {
        Vendor::OpenAi | Vendor::Anthropic => {
            (StatusCode::UNAUTHORIZED, error(vendor, 401, &message))
        }
        Vendor::Gemini => {
            let info = json!({"@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "API_KEY_INVALID", "domain": "googleapis.com"});
            let body = json!({"error": {"code": 400, "message": message,
                "status": "INVALID_ARGUMENT", "details": [info]}});
            (StatusCode::BAD_REQUEST, Bytes::from(body.to_string()))
        }
    }
}

fn error(vendor: Vendor, status: u16, message: &str) -> Bytes {
    let body = match vendor {
        Vendor::OpenAi => json!({"error": {"message": message, "type": "an_error",
            "param": null, "code": format!("status_{status}")}}),
        Vendor::Anthropic => json!({"type": "error",
            "error": {"type": "an_error", "message": message}, "request_id": "req_fake"}),
        Vendor::Gemini => json!({"error": {"code": status, "message": message,
            "status": "AN_ERROR"}}),
    };
    Bytes::from(body.to_string())
}

fn put(object: &mut Value, name: &str, value: Value) {
    object.as_object_mut().expect("an object").insert(name.to_owned(), value);
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
