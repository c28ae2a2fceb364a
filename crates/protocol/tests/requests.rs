//! Runs `spec/vectors/protocol/requests*.json`: what is read, spliced and refused.

#![allow(clippy::expect_used, reason = "what a test is given must be what it says")]

use bytes::Bytes;
use model::{Dialect, Operation, StoredKind};
use protocol::{Limits, Request, read, stored_name};
use serde_json::{Map, Value, json};

const VECTORS: [&str; 3] = [
    include_str!("../../../spec/vectors/protocol/requests.json"),
    include_str!("../../../spec/vectors/protocol/requests-anthropic.json"),
    include_str!("../../../spec/vectors/protocol/requests-gemini.json"),
];
const UPSTREAM_MODEL: &str = "up/Model-1";

fn text<'v>(case: &'v Value, name: &str) -> &'v str {
    case[name].as_str().unwrap_or_else(|| panic!("{name} in {case}"))
}

/// The endpoint of that name, and whose it is.
fn endpoint(name: &str) -> (Operation, Dialect) {
    let operation = Operation::ALL.iter().find(|operation| operation.as_str() == name);
    let operation = *operation.unwrap_or_else(|| panic!("no operation is called {name}"));
    let dialect = operation.dialect().unwrap_or(Dialect::OpenAi);
    (operation, dialect)
}

/// What is known of a request besides its body, where nothing else is said.
fn request<'r>(operation: Operation, dialect: Dialect) -> Request<'r> {
    Request { operation, dialect, model: None, stream: false, betas: &[] }
}

/// What `read` makes of a case, in the words of the vectors.
fn outcome(case: &Value) -> Value {
    let (operation, dialect) = endpoint(text(case, "operation"));
    let betas: Vec<_> =
        case["betas"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let request = Request {
        model: case.pointer("/path/model").and_then(Value::as_str),
        stream: case.pointer("/path/stream") == Some(&Value::Bool(true)),
        betas: &betas,
        ..request(operation, dialect)
    };
    let body = Bytes::from(text(case, "body").to_owned());
    match read(&body, &request, &Limits::default()) {
        Err(refusal) => json!({ "refused": refusal.code.as_str(), "detail": refusal.detail }),
        Ok(reading) => {
            let ask = reading.ask();
            assert_eq!((ask.operation, ask.dialect), (operation, dialect));
            assert_eq!(ask.input_bytes, body.len() as u64);
            let forward = reading.forward(UPSTREAM_MODEL, None);
            assert_eq!(forward.content_length(), forward.clone().into_bytes().len() as u64);
            let mut seen = Map::from_iter([
                ("model".to_owned(), json!(ask.model)),
                ("stream".to_owned(), json!(ask.stream)),
                ("output_tokens_max".to_owned(), json!(ask.output_tokens_max)),
                ("function_tools".to_owned(), json!(ask.function_tools)),
            ]);
            if !ask.beyond.is_nothing() {
                seen.insert("beyond".to_owned(), json!(ask.beyond));
            }
            json!({
                "ask": seen,
                "hides_usage": forward.hides_usage(),
                "forward": String::from_utf8_lossy(&forward.into_bytes()),
            })
        }
    }
}

/// What a case expects. Stored objects are named by their ids there, by digests in an ask.
fn expected(case: &Value) -> Value {
    let mut expected = case.clone();
    for given in ["name", "operation", "body", "path", "betas"] {
        expected.as_object_mut().expect("an object").remove(given);
    }
    let names = expected.pointer_mut("/ask/beyond/names").and_then(Value::as_array_mut);
    for name in names.into_iter().flatten() {
        let kind: StoredKind = text(name, "kind").parse().expect("a kind of stored object");
        *name = json!(stored_name(kind, text(name, "id")));
    }
    expected
}

#[test]
fn every_request_vector_holds() {
    let mut count = 0;
    for file in VECTORS {
        let vectors: Value = serde_json::from_str(file).expect("the vectors are JSON");
        for case in vectors["cases"].as_array().expect("cases") {
            assert_eq!(outcome(case), expected(case), "{}", case["name"]);
            count += 1;
        }
    }
    assert!(count > 200, "{count} cases");
}

#[test]
fn a_listing_is_read_without_a_body() {
    for dialect in Dialect::ALL {
        let body = Bytes::from_static(b"not JSON");
        let reading = read(&body, &request(Operation::ListModels, dialect), &Limits::default());
        let reading = reading.expect("nothing is read");
        assert_eq!(reading.ask().model, None);
        assert_eq!(reading.ask().dialect, dialect);
        assert_eq!(reading.forward("m", None).into_bytes(), Bytes::new());
    }
}

#[test]
fn a_name_of_the_provider_is_spliced_as_json() {
    let body = Bytes::from_static(br#"{"model":"m","messages":[]}"#);
    let request = request(Operation::Messages, Dialect::Anthropic);
    let reading = read(&body, &request, &Limits::default()).expect("it reads");
    let forward = reading.forward("a\"b\\c\n\u{e9}", None).into_bytes();
    assert_eq!(forward, "{\"model\":\"a\\\"b\\\\c\\n\u{e9}\",\"messages\":[]}");
}

#[test]
fn what_is_not_replaced_is_not_copied() {
    let body = Bytes::from_static(br#"{"model":"m","messages":[],"stream":true}"#);
    let request = request(Operation::ChatCompletions, Dialect::OpenAi);
    let reading = read(&body, &request, &Limits::default());
    let chunks = reading.expect("it reads").forward("n", None).into_chunks();
    let inside = |chunk: &Bytes| body.as_ptr_range().contains(&chunk.as_ptr());
    assert_eq!(chunks.iter().map(inside).collect::<Vec<_>>(), [true, false, false, true]);
    assert!(chunks.iter().all(|chunk| !chunk.is_empty()));
}
