//! Refusals in the client's own dialect, so that vendors' libraries raise the error they document.

use model::{Dialect, Refusal, RefusalCode};
use serde::Serialize;

/// The body of a refusal: an error object of the dialect, with this gateway's own object inside.
///
/// `id` is the decision's. The stable code stands in `error.portreeve.code` in both dialects, and
/// in OpenAI's `error.code` except where clients look for that vendor's own (`model_not_found`).
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
    let own = Own { code: refusal.code.as_str(), decision: id, who: who(refusal) };
    let text = message(refusal, id);
    match dialect {
        Dialect::OpenAi | Dialect::Gemini => json(&OpenAiBody {
            error: OpenAiError {
                message: text,
                kind: open_ai_type(refusal.code.status()),
                param: None,
                code: open_ai_code(refusal.code),
                portreeve: own,
            },
        }),
        Dialect::Anthropic => json(&AnthropicBody {
            kind: "error",
            error: AnthropicError {
                kind: anthropic_type(refusal.code),
                message: text,
                portreeve: own,
            },
            request_id: id,
        }),
    }
}

/// The same as the last event of a stream that cannot go on: an event of its own, never the
/// stream's proper end. Only at the end of another event, see
/// [`Meter::is_inside_event`](crate::Meter::is_inside_event).
#[must_use]
pub fn error_event(dialect: Dialect, refusal: &Refusal, id: &str) -> Vec<u8> {
    let name: &[u8] = match dialect {
        Dialect::OpenAi | Dialect::Gemini => b"",
        Dialect::Anthropic => b"event: error\n",
    };
    [name, b"data: ", &error_body(dialect, refusal, id), b"\n\n"].concat()
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

/// What this gateway adds, the same in both dialects.
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
