//! Runs `spec/vectors/protocol/requests.json`: what is read, spliced and refused.

#![allow(clippy::expect_used, reason = "what a test is given must be what it says")]

use bytes::Bytes;
use model::{Dialect, Operation};
use protocol::{Limits, read};
use serde_json::{Value, json};

const VECTORS: &str = include_str!("../../../spec/vectors/protocol/requests.json");
const UPSTREAM_MODEL: &str = "up/Model-1";

fn text(case: &Value, name: &str) -> String {
    case[name].as_str().unwrap_or_else(|| panic!("{name} in {case}")).to_owned()
}

/// What `read` makes of a case, in the words of the vectors.
fn outcome(case: &Value) -> Value {
    let (operation, dialect) = match &*text(case, "operation") {
        "chat_completions" => (Operation::ChatCompletions, Dialect::OpenAi),
        "messages" => (Operation::Messages, Dialect::Anthropic),
        other => panic!("no operation is called {other}"),
    };
    let body = Bytes::from(text(case, "body"));
    match read(&body, operation, dialect, &Limits::default()) {
        Err(refusal) => json!({ "refused": refusal.code.as_str(), "detail": refusal.detail }),
        Ok(reading) => {
            let ask = reading.ask();
            assert_eq!((ask.operation, ask.dialect), (operation, dialect));
            assert_eq!(ask.input_bytes, body.len() as u64);
            let forward = reading.forward(UPSTREAM_MODEL);
            assert_eq!(forward.content_length(), forward.clone().into_bytes().len() as u64);
            json!({
                "ask": {
                    "model": ask.model,
                    "stream": ask.stream,
                    "output_tokens_max": ask.output_tokens_max,
                    "function_tools": ask.function_tools,
                },
                "hides_usage": forward.hides_usage(),
                "forward": String::from_utf8_lossy(&forward.into_bytes()),
            })
        }
    }
}

#[test]
fn every_request_vector_holds() {
    let vectors: Value = serde_json::from_str(VECTORS).expect("the vectors are JSON");
    let cases = vectors["cases"].as_array().expect("cases");
    assert!(cases.len() > 100, "{} cases", cases.len());
    for case in cases {
        let mut expected = case.clone();
        for given in ["name", "operation", "body"] {
            expected.as_object_mut().expect("an object").remove(given);
        }
        assert_eq!(outcome(case), expected, "{}", case["name"]);
    }
}

#[test]
fn a_listing_is_read_without_a_body() {
    for dialect in [Dialect::OpenAi, Dialect::Anthropic] {
        let body = Bytes::from_static(b"not JSON");
        let reading = read(&body, Operation::ListModels, dialect, &Limits::default());
        let reading = reading.expect("nothing is read");
        assert_eq!(reading.ask().model, None);
        assert_eq!(reading.ask().dialect, dialect);
        assert_eq!(reading.forward("m").into_bytes(), Bytes::new());
    }
}

#[test]
fn a_name_of_the_provider_is_spliced_as_json() {
    let body = Bytes::from_static(br#"{"model":"m","messages":[]}"#);
    let reading =
        read(&body, Operation::Messages, Dialect::Anthropic, &Limits::default()).expect("it reads");
    let forward = reading.forward("a\"b\\c\n\u{e9}").into_bytes();
    assert_eq!(forward, "{\"model\":\"a\\\"b\\\\c\\n\u{e9}\",\"messages\":[]}");
}

#[test]
fn what_is_not_replaced_is_not_copied() {
    let body = Bytes::from_static(br#"{"model":"m","messages":[],"stream":true}"#);
    let reading = read(&body, Operation::ChatCompletions, Dialect::OpenAi, &Limits::default());
    let chunks = reading.expect("it reads").forward("n").into_chunks();
    let inside = |chunk: &Bytes| body.as_ptr_range().contains(&chunk.as_ptr());
    assert_eq!(chunks.iter().map(inside).collect::<Vec<_>>(), [true, false, false, true]);
    assert!(chunks.iter().all(|chunk| !chunk.is_empty()));
}
