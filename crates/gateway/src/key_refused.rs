//! Whether a provider refused the gateway's own key, where its status alone does not say so.

use http::StatusCode;
use model::Dialect;
use serde_json::Value;

/// The reason Google gives for a key that it does not take. The status beside it is 400, that of
/// a request the caller got wrong.
const GEMINI_REASON: &str = "API_KEY_INVALID";

/// Whether `body`, a whole answer of this status, refuses the key it was sent.
pub(crate) fn key_refused(dialect: Dialect, status: StatusCode, body: &[u8]) -> bool {
    if dialect != Dialect::Gemini || status != StatusCode::BAD_REQUEST {
        return false;
    }
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let details = body.pointer("/error/details").and_then(Value::as_array);
    let reasons = details.into_iter().flatten().filter_map(|detail| detail.get("reason"));
    reasons.into_iter().any(|reason| reason == GEMINI_REASON)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Google's answer to a key it does not know, in its form.
    const REFUSED: &str = r#"{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"No.",
        "details":[{"reason":"OTHER"},{"@type":"t","reason":"API_KEY_INVALID"}]}}"#;

    fn refused(dialect: Dialect, status: u16, body: &str) -> bool {
        key_refused(dialect, StatusCode::from_u16(status).expect("a status"), body.as_bytes())
    }

    #[test]
    fn only_geminis_own_words_for_it_are_a_refused_key() {
        assert!(refused(Dialect::Gemini, 400, REFUSED));
        assert!(!refused(Dialect::Gemini, 200, REFUSED));
        assert!(!refused(Dialect::OpenAi, 400, REFUSED));
        assert!(!refused(Dialect::Gemini, 400, &REFUSED.replace("API_KEY", "ARGUMENT")));
        for other in ["", "[]", "{\"error\":{\"details\":\"API_KEY_INVALID\"}}"] {
            assert!(!refused(Dialect::Gemini, 400, other), "{other}");
        }
    }
}
