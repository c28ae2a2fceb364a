//! OpenAI's embeddings: small vectors drawn from a digest of the text, so that the same text has
//! the same vector everywhere. They say nothing of what the text means.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hyper::StatusCode;
use model::Digest;
use serde_json::{Value, json};

use super::reply::Answer;
use super::spoken::{model_of, words_of};

/// Numbers in a vector where the request does not say.
const DIMENSIONS: usize = 16;
/// Most numbers in a vector.
const DIMENSIONS_MAX: usize = 1536;
/// Most texts in a request.
const TEXTS_MAX: usize = 2048;

pub(super) fn answer(ask: &Value) -> Answer {
    let refused = |why| Answer::Refused(StatusCode::BAD_REQUEST, why);
    let texts = texts(ask.get("input"));
    if texts.is_empty() || texts.len() > TEXTS_MAX {
        return refused("input must hold between 1 and 2048 texts");
    }
    let Some(dimensions) = dimensions(ask.get("dimensions")) else {
        return refused("dimensions must be a number between 1 and 1536");
    };
    let base64 = match ask.get("encoding_format").and_then(Value::as_str) {
        None | Some("float") => false,
        Some("base64") => true,
        Some(_) => return refused("encoding_format must be float or base64"),
    };
    let embedding = |(index, text): (usize, &String)| {
        let vector = vector(text, dimensions);
        let vector = if base64 { json!(encoded(&vector)) } else { json!(vector) };
        json!({ "object": "embedding", "index": index, "embedding": vector })
    };
    let data: Vec<Value> = texts.iter().enumerate().map(embedding).collect();
    let tokens = words_of(&texts);
    Answer::Whole(json!({
        "object": "list",
        "data": data,
        "model": model_of(ask),
        "usage": { "prompt_tokens": tokens, "total_tokens": tokens },
    }))
}

/// The texts of an input: one, or a list of them, each a string or a list of tokens.
fn texts(input: Option<&Value>) -> Vec<String> {
    match input {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(items)) if items.iter().all(Value::is_number) && !items.is_empty() => {
            vec![tokens(items)]
        }
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| match item.as_array() {
                Some(of) => tokens(of),
                None => item.as_str().unwrap_or_default().to_owned(),
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Tokens as a text in which each is a word.
fn tokens(items: &[Value]) -> String {
    items.iter().map(Value::to_string).collect::<Vec<_>>().join(" ")
}

fn dimensions(asked: Option<&Value>) -> Option<usize> {
    match asked {
        None | Some(Value::Null) => Some(DIMENSIONS),
        Some(value) => usize::try_from(value.as_u64()?)
            .ok()
            .filter(|count| (1..=DIMENSIONS_MAX).contains(count)),
    }
}

/// A vector of length 1.
fn vector(text: &str, dimensions: usize) -> Vec<f32> {
    let seed = Digest::of(text.as_bytes()).hex();
    let drawn = (0_u32..)
        .flat_map(|block| Digest::of(format!("{seed}{block}").as_bytes()).as_bytes().to_owned())
        // No byte gives 0, so the length is never 0.
        .map(|byte| f32::from(byte) - 127.5)
        .take(dimensions);
    let numbers: Vec<f32> = drawn.collect();
    let length = numbers.iter().map(|number| number * number).sum::<f32>().sqrt();
    numbers.into_iter().map(|number| number / length).collect()
}

/// As the API writes it: base64 of 32-bit numbers, the least significant byte first.
fn encoded(vector: &[f32]) -> String {
    BASE64.encode(vector.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>())
}
