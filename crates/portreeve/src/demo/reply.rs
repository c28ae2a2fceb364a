//! Answers of the demo model as HTTP, refusals in the form of the vendor whose endpoint it is.

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Response, StatusCode, header};
use model::Dialect;
use serde_json::{Value, json};

/// What an endpoint answers.
#[derive(Debug)]
pub(super) enum Answer {
    /// One JSON document.
    Whole(Value),
    /// Server-sent events, as they are sent.
    Events(String),
    /// A no, with the reason.
    Refused(StatusCode, &'static str),
}

/// Whose wire form the endpoint at `path` speaks.
pub(super) fn dialect(path: &str) -> Dialect {
    if path.starts_with("/v1beta/") || path.starts_with("/v1/models/") {
        Dialect::Gemini
    } else if path.starts_with("/v1/messages") {
        Dialect::Anthropic
    } else {
        Dialect::OpenAi
    }
}

/// The HTTP response of `answer`.
pub(super) fn response(dialect: Dialect, answer: Answer) -> Response<Full<Bytes>> {
    let (status, content_type, body) = match answer {
        Answer::Whole(body) => (StatusCode::OK, "application/json", body.to_string()),
        Answer::Events(body) => (StatusCode::OK, "text/event-stream", body),
        Answer::Refused(status, why) => {
            (status, "application/json", refused(dialect, status, why).to_string())
        }
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let value = header::HeaderValue::from_static(content_type);
    response.headers_mut().insert(header::CONTENT_TYPE, value);
    response
}

fn refused(dialect: Dialect, status: StatusCode, why: &str) -> Value {
    let (kind, gemini) = match status {
        StatusCode::UNAUTHORIZED => ("authentication_error", "UNAUTHENTICATED"),
        StatusCode::NOT_FOUND => ("not_found_error", "NOT_FOUND"),
        _ => ("invalid_request_error", "INVALID_ARGUMENT"),
    };
    match dialect {
        Dialect::OpenAi => {
            json!({ "error": { "message": why, "type": kind, "param": null, "code": null } })
        }
        Dialect::Anthropic => {
            json!({ "type": "error", "error": { "type": kind, "message": why } })
        }
        Dialect::Gemini => {
            json!({ "error": { "code": status.as_u16(), "message": why, "status": gemini } })
        }
    }
}
