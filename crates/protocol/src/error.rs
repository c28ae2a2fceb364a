//! Refusals in the client's own dialect, so that vendors' libraries raise the error they document.

use model::{Dialect, Operation, Refusal, RefusalCode};
use serde::Serialize;

use crate::heard::Form;

/// The body of a refusal: an error object of the dialect, with this gateway's own object inside.
///
/// `id` is the decision's. The stable code stands in `error.portreeve.code`, and in OpenAI's
/// `error.code` except where clients look for that vendor's own (`model_not_found`). Gemini's
/// errors have a place of their own for this: the `metadata` of their one detail, whose `reason`
/// is the code in capitals.
///
/// # Examples
/// ```
/// use model::{Dialect, Refusal, RefusalCode};
///
/// let refusal = Refusal::new(RefusalCode::PolicyForbids, "").asking("seat:policy-lead");
/// let body = protocol::error_body(Dialect::Anthropic, &refusal, "018f");
/// assert!(body.starts_with(br#"{"type":"error","error":{"type":"permission_error","#));
/// ```
#[must_use]
pub fn error_body(dialect: Dialect, refusal: &Refusal, id: &str) -> Vec<u8> {
    let (text, own) = (message(refusal, id), own(refusal, id));
    match dialect {
        Dialect::OpenAi => json(&OpenAiBody { error: open_ai_error(refusal, text, own) }),
        Dialect::Anthropic => json(&AnthropicBody {
            kind: "error",
            error: AnthropicError {
                kind: anthropic_type(refusal.code),
                message: text,
                portreeve: own,
            },
            request_id: id,
        }),
        Dialect::Gemini => json(&GeminiBody { error: gemini_error(refusal, text, own) }),
    }
}

/// The same as the last event of a stream that cannot go on, in the form of the answers to
/// `operation`: an event of its own, never the stream's proper end. Only at the end of another
/// event, see [`Meter::is_inside_event`](crate::Meter::is_inside_event).
///
/// Responses have an event for errors; what its fields say stands in an `error` object too, for
/// that is what OpenAI's libraries raise. Its `sequence_number` is 0: events are not counted here.
#[must_use]
pub fn error_event(operation: Operation, refusal: &Refusal, id: &str) -> Vec<u8> {
    let form = Form::of(operation);
    let (name, data): (&[u8], _) = match (form, form.dialect()) {
        (Form::Responses, _) => (b"event: error\n", responses_error(refusal, id)),
        (_, Dialect::Anthropic) => (b"event: error\n", error_body(Dialect::Anthropic, refusal, id)),
        (_, dialect @ (Dialect::OpenAi | Dialect::Gemini)) => {
            (b"", error_body(dialect, refusal, id))
        }
    };
    [name, b"data: ", &data, b"\n\n"].concat()
}

#[derive(Serialize)]
struct OpenAiBody<'r> {
    error: OpenAiError<'r>,
}

#[derive(Serialize)]
struct OpenAiError<'r> {
    message: String,
    #[serde(rename = "type")]
    kind: &'static str,
    param: Option<&'static str>,
    code: &'static str,
    portreeve: Own<'r>,
}

#[derive(Serialize)]
struct ResponsesEvent<'r> {
    #[serde(rename = "type")]
    kind: &'static str,
    code: &'static str,
    message: &'r str,
    param: Option<&'static str>,
    sequence_number: u64,
    error: &'r OpenAiError<'r>,
}

#[derive(Serialize)]
struct GeminiBody<'r> {
    error: GeminiError<'r>,
}

/// A `google.rpc.Status` in JSON.
#[derive(Serialize)]
struct GeminiError<'r> {
    code: u16,
    message: String,
    status: &'static str,
    details: [ErrorInfo<'r>; 1],
}

/// A `google.rpc.ErrorInfo` in JSON.
#[derive(Serialize)]
struct ErrorInfo<'r> {
    #[serde(rename = "@type")]
    kind: &'static str,
    reason: String,
    domain: &'static str,
    metadata: Own<'r>,
}

#[derive(Serialize)]
struct AnthropicBody<'r> {
    #[serde(rename = "type")]
    kind: &'static str,
    error: AnthropicError<'r>,
    request_id: &'r str,
}

#[derive(Serialize)]
struct AnthropicError<'r> {
    #[serde(rename = "type")]
    kind: &'static str,
    message: String,
    portreeve: Own<'r>,
}

/// What this gateway adds, the same in every dialect.
#[derive(Serialize)]
struct Own<'r> {
    code: &'static str,
    decision: &'r str,
    who: &'r str,
}

fn json(body: &impl Serialize) -> Vec<u8> {
    // Strings and a fixed shape always serialise; an empty body would still carry its status.
    serde_json::to_vec(body).unwrap_or_default()
}

fn own<'r>(refusal: &'r Refusal, id: &'r str) -> Own<'r> {
    Own { code: refusal.code.as_str(), decision: id, who: who(refusal) }
}

/// Whom to turn to: as the charter names them, or in a word.
fn who(refusal: &Refusal) -> &str {
    if refusal.ask_whom.is_empty() { refusal.code.fixer().as_str() } else { &refusal.ask_whom }
}

/// What people read: what is wrong, what exactly, who can fix it, and under which id it stands.
fn message(refusal: &Refusal, id: &str) -> String {
    let title = refusal.code.title();
    let detail = refusal.detail.trim();
    let mut text = title.to_owned();
    if !detail.is_empty() {
        text.push(' ');
        text.push_str(detail);
        if !detail.ends_with(['.', '!', '?']) {
            text.push('.');
        }
    }
    text.push_str(" Who can fix it: ");
    text.push_str(refusal.code.fixer().as_str());
    if !refusal.ask_whom.is_empty() {
        text.push_str("; ask ");
        text.push_str(&refusal.ask_whom);
    }
    text.push_str(". Decision ");
    text.push_str(id);
    text.push('.');
    text
}

fn open_ai_error<'r>(refusal: &Refusal, message: String, portreeve: Own<'r>) -> OpenAiError<'r> {
    OpenAiError {
        message,
        kind: open_ai_type(refusal.code.status()),
        param: None,
        code: open_ai_code(refusal.code),
        portreeve,
    }
}

fn responses_error(refusal: &Refusal, id: &str) -> Vec<u8> {
    let error = open_ai_error(refusal, message(refusal, id), own(refusal, id));
    json(&ResponsesEvent {
        kind: "error",
        code: error.code,
        message: &error.message,
        param: error.param,
        sequence_number: 0,
        error: &error,
    })
}

fn gemini_error<'r>(refusal: &Refusal, message: String, metadata: Own<'r>) -> GeminiError<'r> {
    let info = ErrorInfo {
        kind: "type.googleapis.com/google.rpc.ErrorInfo",
        reason: metadata.code.to_ascii_uppercase(),
        domain: "portreeve",
        metadata,
    };
    GeminiError {
        code: refusal.code.status(),
        message,
        status: gemini_status(refusal.code.status()),
        details: [info],
    }
}

/// OpenAI's `type`. Its libraries choose the exception by status alone.
const fn open_ai_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        403 => "permission_error",
        429 => "rate_limit_error",
        500.. => "server_error",
        _ => "invalid_request_error",
    }
}

/// OpenAI's `code`: the stable code, except for what its clients match on.
fn open_ai_code(code: RefusalCode) -> &'static str {
    if code == RefusalCode::ModelUnknown { "model_not_found" } else { code.as_str() }
}

/// Anthropic's `type`, which its documentation gives for each status.
fn anthropic_type(code: RefusalCode) -> &'static str {
    match code.status() {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        // Its libraries retry both; the second says that it is only for now.
        503 if matches!(code, RefusalCode::Overloaded | RefusalCode::Draining) => {
            "overloaded_error"
        }
        500.. => "api_error",
        _ => "invalid_request_error",
    }
}

/// Gemini's `status`: the word that `google.rpc.Code` has for an HTTP status.
const fn gemini_status(status: u16) -> &'static str {
    match status {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        408 | 504 => "DEADLINE_EXCEEDED",
        429 => "RESOURCE_EXHAUSTED",
        502 | 503 => "UNAVAILABLE",
        500.. => "INTERNAL",
        _ => "INVALID_ARGUMENT",
    }
}
