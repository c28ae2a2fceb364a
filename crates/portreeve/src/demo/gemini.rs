//! Gemini's content: made, streamed and counted. The model stands in the path.

use serde_json::{Value, json};

use super::reply::Answer;
use super::spoken::{Spoken, said, words_of};

/// The answer of the endpoint at `path`; none where Gemini has none there.
pub(super) fn answer((path, query): (&str, Option<&str>), ask: &Value) -> Option<Answer> {
    let versioned = ["/v1beta/models/", "/v1/models/"];
    let rest = versioned.iter().find_map(|prefix| path.strip_prefix(prefix))?;
    let (model, method) = rest.split_once(':')?;
    let cap = ask.pointer("/generationConfig/maxOutputTokens").and_then(Value::as_u64);
    let spoken = || Spoken::to(model, &said(ask, "contents", "parts"), cap);
    match method {
        "generateContent" => Some(Answer::Whole(whole(&spoken()))),
        "streamGenerateContent" => Some(streamed(&spoken(), query)),
        "countTokens" => Some(count(ask)),
        _ => None,
    }
}

/// What is counted stands in the body itself, or in the request for content that it holds.
fn count(ask: &Value) -> Answer {
    let request = ask.get("generateContentRequest").unwrap_or(ask);
    let tokens = words_of(&said(request, "contents", "parts"));
    Answer::Whole(json!({ "totalTokens": tokens }))
}

fn whole(spoken: &Spoken) -> Value {
    chunk(spoken, &spoken.text, Some(finish(spoken)), spoken.output)
}

const fn finish(spoken: &Spoken) -> &'static str {
    if spoken.cut { "MAX_TOKENS" } else { "STOP" }
}

/// One piece of an answer, with the count of all words said so far.
fn chunk(spoken: &Spoken, text: &str, finish: Option<&str>, said: usize) -> Value {
    let mut candidate = json!({
        "content": { "parts": [{ "text": text }], "role": "model" },
        "index": 0,
    });
    if let (Some(fields), Some(finish)) = (candidate.as_object_mut(), finish) {
        fields.insert("finishReason".to_owned(), json!(finish));
    }
    json!({
        "candidates": [candidate],
        "usageMetadata": {
            "promptTokenCount": spoken.input,
            "candidatesTokenCount": said,
            "totalTokenCount": spoken.input + said,
        },
        "modelVersion": spoken.model,
        "responseId": "portreeve-demo",
    })
}

/// Events where the query asks for them; otherwise the same pieces as one list.
fn streamed(spoken: &Spoken, query: Option<&str>) -> Answer {
    let mut chunks: Vec<Value> =
        (1..).zip(spoken.pieces()).map(|(said, piece)| chunk(spoken, piece, None, said)).collect();
    chunks.push(chunk(spoken, "", Some(finish(spoken)), spoken.output));
    let events = query.is_some_and(|query| query.split('&').any(|pair| pair == "alt=sse"));
    if !events {
        return Answer::Whole(Value::Array(chunks));
    }
    // The vendor ends its lines with both characters, and so does its stand-in.
    Answer::Events(chunks.iter().map(|chunk| format!("data: {chunk}\r\n\r\n")).collect())
}
