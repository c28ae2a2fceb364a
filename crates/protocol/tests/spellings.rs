//! Gemini's bodies say the same in either spelling: every vector again, in snake case.

#![allow(clippy::expect_used, reason = "what a test is given must be what it says")]

use bytes::Bytes;
use model::{Ask, Dialect, Operation, RefusalCode};
use protocol::{Limits, Request, read};
use serde_json::{Map, Value};

const VECTORS: &str = include_str!("../../../spec/vectors/protocol/requests-gemini.json");

/// Every name in snake case, at any depth.
fn in_snake_case(value: Value) -> Value {
    match value {
        Value::Array(list) => list.into_iter().map(in_snake_case).collect(),
        Value::Object(members) => {
            let spelt = members.into_iter().map(|(key, one)| (snake(&key), in_snake_case(one)));
            Value::Object(spelt.collect::<Map<_, _>>())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

fn snake(name: &str) -> String {
    // A name that does not begin in camel case is in none.
    if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        return name.to_owned();
    }
    let mut spelt = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            spelt.push('_');
        }
        spelt.push(letter.to_ascii_lowercase());
    }
    spelt
}

fn ask(case: &Value, body: &Value) -> Result<Ask, RefusalCode> {
    let operation = match case["operation"].as_str() {
        Some("generate_content") => Operation::GenerateContent,
        Some("count_content_tokens") => Operation::CountContentTokens,
        other => panic!("{other:?}"),
    };
    let request = Request {
        operation,
        dialect: Dialect::Gemini,
        model: case.pointer("/path/model").and_then(Value::as_str),
        stream: case.pointer("/path/stream") == Some(&Value::Bool(true)),
        betas: &[],
    };
    let body = Bytes::from(body.to_string());
    let reading = read(&body, &request, &Limits::default()).map_err(|refusal| refusal.code)?;
    let mut ask = reading.ask().clone();
    ask.input_bytes = 0;
    for one in &mut ask.beyond.unrecognised {
        // What no table knows stands in records as it was written.
        one.name = one.name.split('.').map(snake).collect::<Vec<_>>().join(".");
    }
    ask.beyond.unrecognised.sort();
    Ok(ask)
}

#[test]
fn every_body_says_the_same_in_snake_case() {
    let vectors: Value = serde_json::from_str(VECTORS).expect("the vectors are JSON");
    let mut respelt = 0;
    for case in vectors["cases"].as_array().expect("cases") {
        let body = case["body"].as_str().expect("a body");
        let body: Value = serde_json::from_str(body).expect("JSON");
        let other = in_snake_case(body.clone());
        let said = ask(case, &body);
        let says_twice = case["detail"].as_str().is_some_and(|detail| detail.contains("twice"));
        // Names that are alike in both spellings of this test, and no reading takes for one.
        if says_twice || case["name"] == "a third spelling" {
            continue;
        }
        respelt += usize::from(other != body);
        assert_eq!(ask(case, &other), said, "{}", case["name"]);
    }
    assert!(respelt > 30, "{respelt}");
}
