//! What a forwarded body may differ in from the one received, read off the bytes: it knows the
//! documented splices (`docs/reference/wire.md`) and none of the code that makes them.

use bytes::Bytes;
use serde_json::Value;

/// The model's name at the provider in all targets; it has what JSON need not escape and ids have.
pub(crate) const UPSTREAM: &str = "up/Model-1";
/// The cap that is spliced in where one is.
pub(crate) const CAP: u64 = 77;

/// Texts put in where nothing stood, `N` for a number.
const ADDED: &[&str] = &[
    r#","stream_options":{"include_usage":true}"#,
    r#""include_usage":true"#,
    r#""include_usage":true,"#,
    r#","max_completion_tokens":N"#,
    r#","max_tokens":N"#,
    r#","max_output_tokens":N"#,
    r#""maxOutputTokens":N"#,
    r#""maxOutputTokens":N,"#,
    r#""generationConfig":{"maxOutputTokens":N},"#,
];
/// Texts put in the place of a `null` (or, of the last, of a `false`).
const IN_PLACE: &[&str] = &[r#"{"include_usage":true}"#, r#"{"maxOutputTokens":N}"#, "N", "true"];
/// Where the two may say different things.
const PATHS: &[&str] = &[
    "/model",
    "/stream_options",
    "/stream_options/include_usage",
    "/max_completion_tokens",
    "/max_tokens",
    "/max_output_tokens",
    "/generationConfig",
    "/generationConfig/maxOutputTokens",
    "/generationConfig/max_output_tokens",
    "/generation_config",
    "/generation_config/maxOutputTokens",
    "/generation_config/max_output_tokens",
    "/generateContentRequest/model",
    "/generate_content_request/model",
];

/// Fails unless `sent` is `body` but for documented splices.
pub(crate) fn check(body: &Bytes, sent: &[Bytes]) {
    let mut behind = 0;
    let mut added: Vec<&Bytes> = Vec::new();
    for piece in sent {
        match place_in(body, piece) {
            Some(at) => {
                assert!(at >= behind, "a piece of the body is sent twice or out of order");
                check_gap(part(body, behind, at), &added);
                added.clear();
                behind = at + piece.len();
            }
            None => added.push(piece),
        }
    }
    check_gap(part(body, behind, body.len()), &added);
    let whole = sent.concat();
    match (json(body), json(&whole)) {
        (Some(received), Some(sent)) => compare(&received, &sent, ""),
        (received, _) => assert!(received.is_none(), "what was JSON is none when it is sent"),
    }
}

/// Where `piece` stands in `body`, if it is a piece of that very memory.
fn place_in(body: &Bytes, piece: &Bytes) -> Option<usize> {
    let at = piece.as_ptr().addr().checked_sub(body.as_ptr().addr())?;
    let inside = at.checked_add(piece.len()).is_some_and(|end| end <= body.len());
    inside.then_some(at)
}

fn part(body: &Bytes, from: usize, to: usize) -> &[u8] {
    body.get(from..to).unwrap_or_default()
}

/// `removed` went and `added` came in its place, the first for what was removed.
fn check_gap(removed: &[u8], added: &[&Bytes]) {
    let mut added = added.iter();
    if !removed.is_empty() {
        let first = added.next().map(|text| pattern(text)).unwrap_or_default();
        let names = [format!("\"{UPSTREAM}\""), format!("\"models/{UPSTREAM}\"")];
        let name = names.contains(&first) && serde_json::from_slice::<String>(removed).is_ok();
        let in_place = IN_PLACE.contains(&first.as_str())
            && (removed == b"null" || (removed == b"false" && first == "true"));
        let removed = String::from_utf8_lossy(removed);
        assert!(name || in_place, "`{removed}` was replaced by `{first}`");
    }
    for text in added {
        let text = pattern(text);
        assert!(ADDED.contains(&text.as_str()), "`{text}` was put in");
    }
}

/// A text with its numbers as `N`. The name of the model has one, too, and stays as it is.
fn pattern(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    if text.contains(UPSTREAM) {
        return text.into_owned();
    }
    let mut pattern = String::new();
    for letter in text.chars() {
        match letter {
            '0'..='9' if pattern.ends_with('N') => {}
            '0'..='9' => pattern.push('N'),
            letter => pattern.push(letter),
        }
    }
    pattern
}

fn json(bytes: &[u8]) -> Option<Value> {
    serde_json::from_slice(bytes).ok()
}

/// Fails where the two differ at another place than a documented one.
fn compare(received: &Value, sent: &Value, path: &str) {
    if received == sent {
        return;
    }
    if let (Value::Object(one), Value::Object(other)) = (received, sent) {
        for name in one.keys().chain(other.keys()) {
            let (one, other) = (one.get(name), other.get(name));
            let path = format!("{path}/{}", name.replace('/', "~1"));
            match (one, other) {
                (Some(one), Some(other)) => compare(one, other, &path),
                (None, Some(_)) => assert!(PATHS.contains(&path.as_str()), "{path} was put in"),
                (Some(_), None) => panic!("{path} was taken out"),
                (None, None) => {}
            }
        }
        return;
    }
    assert!(PATHS.contains(&path), "{path} says something else");
}
