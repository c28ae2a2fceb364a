//! What a call may use at most, and the cap that is spliced in, against
//! `spec/vectors/protocol/budgets.json`; and what holds of them for any body.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "what a test is given must be what it says"
)]

use bytes::Bytes;
use model::{Dialect, Operation};
use proptest::prelude::*;
use protocol::{Bound, Cap, CapField, Limits, OutputBound, Reading, Request, read};
use serde_json::{Value, json};

const VECTORS: &str = include_str!("../../../spec/vectors/protocol/budgets.json");

fn cap(tokens: u64, field: CapField) -> Option<Cap> {
    Some(Cap { tokens, field })
}

fn reading(operation: Operation, body: &str) -> Reading {
    let dialect = operation.dialect().unwrap_or(Dialect::OpenAi);
    let model = (dialect == Dialect::Gemini).then_some("fast");
    let request = Request { operation, dialect, model, stream: false, betas: &[] };
    read(&Bytes::from(body.to_owned()), &request, &Limits::default()).expect("it reads")
}

fn forward(reading: &Reading, cap: Option<Cap>) -> String {
    String::from_utf8(reading.forward("up", cap).into_bytes().to_vec()).expect("it is text")
}

/// A bound in the words of the vectors; what says nothing is left out.
fn in_words(bound: &Bound) -> Value {
    let mut words = json!({
        "input": bound.input_bytes,
        "template": bound.template_tokens,
        "output": match bound.output {
            OutputBound::Capped(each) => json!(each),
            OutputBound::Uncapped => Value::Null,
            OutputBound::Nothing => json!(false),
        },
    });
    let more = [
        ("answers", json!(bound.answers), bound.answers != 1),
        ("media", json!(bound.media), bound.media > 0),
        ("thinking", json!(bound.thinking_tokens), bound.thinking_tokens > 0),
        ("unbounded", json!(bound.unbounded), bound.unbounded.is_some()),
    ];
    for (name, value, _) in more.into_iter().filter(|(_, _, said)| *said) {
        words[name] = value;
    }
    words
}

#[test]
fn every_vector_of_bounds_and_caps_holds() {
    let vectors: Value = serde_json::from_str(VECTORS).expect("the vectors are JSON");
    let cases = vectors["cases"].as_array().expect("cases");
    for case in cases {
        let operation = serde_json::from_value(case["operation"].clone()).expect("an operation");
        let reading = reading(operation, case["body"].as_str().expect("a body"));
        let newer = forward(&reading, cap(100, CapField::MaxCompletionTokens));
        let older = forward(&reading, cap(100, CapField::MaxTokens));
        let mut seen = json!({
            "name": case["name"],
            "operation": case["operation"],
            "body": case["body"],
            "bound": in_words(reading.bound()),
            "max_completion_tokens": newer,
        });
        if older != newer {
            seen["max_tokens"] = older.into();
        }
        assert_eq!(&seen, case);
    }
    assert!(cases.len() > 60, "{} cases", cases.len());
}

#[test]
fn a_cap_is_spliced_in_only_where_one_is_given() {
    let reading = reading(Operation::ChatCompletions, r#"{"model":"m","messages":[]}"#);
    assert_eq!(forward(&reading, None), r#"{"model":"up","messages":[]}"#);
    let largest = forward(&reading, cap(u64::MAX, CapField::MaxTokens));
    assert_eq!(largest, r#"{"model":"up","max_tokens":18446744073709551615,"messages":[]}"#);
}

#[test]
fn the_host_decides_which_field_of_a_chat_is_followed() {
    for host in [
        "api.openai.com",
        "API.OpenAI.com.",
        "openai.com",
        "x.openai.azure.com",
        "x.cognitiveservices.azure.com",
        "x.services.ai.azure.com",
    ] {
        assert_eq!(CapField::of_host(host), CapField::MaxCompletionTokens, "{host}");
    }
    for host in [
        "127.0.0.1",
        "",
        ".",
        "localhost",
        "notopenai.com",
        "openai.com.example.org",
        "api.openai.com..",
        "azure.com",
        "api.mistral.ai",
    ] {
        assert_eq!(CapField::of_host(host), CapField::MaxTokens, "{host}");
    }
}

#[test]
fn totals_multiply_by_the_answers_and_never_overflow() {
    let body = r#"{"model":"m","messages":[],"n":3}"#;
    let bound = *reading(Operation::ChatCompletions, body).bound();
    let once = body.len() as u64 + protocol::TEMPLATE_TOKENS_MAX;
    assert_eq!(bound.input_tokens(None), Some(3 * once));
    assert_eq!(bound.input_tokens(Some(9)), Some(3 * once), "there is no media");
    assert_eq!(bound.output_tokens(100), 300);
    assert_eq!(bound.output_tokens(u64::MAX), u64::MAX);

    let bound = Bound { media: 2, thinking_tokens: 5, ..bound };
    assert_eq!(bound.input_tokens(None), None, "nobody said what a part counts");
    assert_eq!(bound.input_tokens(Some(1000)), Some(3 * (once + 2000)));
    assert_eq!(bound.input_tokens(Some(u64::MAX)), Some(u64::MAX));
    assert_eq!(bound.output_tokens(100), 3 * 105);

    let own = Bound { output: OutputBound::Capped(7), ..bound };
    assert_eq!(own.output_tokens(100), 3 * 12, "the client's own cap counts");
    let nothing = Bound { output: OutputBound::Nothing, ..bound };
    assert_eq!(nothing.output_tokens(100), 0);
}

#[test]
fn a_listing_uses_nothing() {
    let bound = *reading(Operation::ListModels, "").bound();
    assert_eq!((bound.input_tokens(None), bound.output_tokens(9)), (Some(0), 0));
    assert_eq!(bound.unbounded, None);
}

/// A body of an endpoint, with the field of its cap in every state, and where the cap belongs.
fn capless() -> impl Strategy<Value = (Operation, String, &'static [&'static str])> {
    let one = |operation, field: &'static [&'static str], states: &'static [&'static str]| {
        (Just(operation), prop::sample::select(states), any::<bool>(), Just(field))
    };
    let chat = one(
        Operation::ChatCompletions,
        &["max_completion_tokens"],
        &[
            "",
            r#","max_completion_tokens":null"#,
            r#", "max_tokens" : null"#,
            r#","stream":true"#,
            r#","stream":true,"stream_options":{}"#,
            r#","stream":true,"stream_options":null,"max_completion_tokens" :null"#,
        ],
    );
    let responses = one(
        Operation::Responses,
        &["max_output_tokens"],
        &["", r#","max_output_tokens":null"#, r#","stream":true"#],
    );
    let messages = one(Operation::Messages, &["max_tokens"], &["", r#", "max_tokens": null"#]);
    let gemini = one(
        Operation::GenerateContent,
        &["generationConfig", "maxOutputTokens"],
        &[
            "",
            r#","generationConfig":null"#,
            r#","generationConfig": { }"#,
            r#","generationConfig":{"topK":1,"stopSequences":["{"]}"#,
            r#","generationConfig":{"maxOutputTokens":null}"#,
            r#","generationConfig":{"topK":1,"maxOutputTokens" : null }"#,
        ],
    );
    prop_oneof![chat, responses, messages, gemini].prop_map(|(operation, state, first, field)| {
        let model = if operation == Operation::GenerateContent { "" } else { r#""model":"fast","# };
        let rest = r#""messages":[],"contents":[],"x":{"max_tokens":1}"#;
        let body = if first {
            format!("{{{model}{rest}{state}}}")
        } else {
            format!(" {{ {rest}{state}, {model} \"y\" :0}}")
        };
        (operation, body, field)
    })
}

proptest! {
    #[test]
    fn a_capped_body_says_what_the_received_one_said_but_for_the_cap(
        (operation, body, field) in capless(),
        tokens in any::<u64>(),
    ) {
        let reading = reading(operation, &body);
        prop_assert_eq!(reading.bound().output, OutputBound::Uncapped);
        prop_assert_eq!(reading.ask().output_tokens_max, None);
        let cap = cap(tokens, CapField::MaxCompletionTokens);
        let sent = forward(&reading, cap);
        let mut expected: Value = serde_json::from_str(&forward(&reading, None)).expect("JSON");
        let place = field.iter().fold(&mut expected, |object, name| &mut object[*name]);
        *place = tokens.into();
        prop_assert_eq!(serde_json::from_str::<Value>(&sent).expect("JSON"), expected);

        // What was sent reads as capped, and no second gateway changes the cap.
        let again = self::reading(operation, &sent);
        let zero = operation == Operation::GenerateContent && tokens == 0;
        let capped = if zero { OutputBound::Uncapped } else { OutputBound::Capped(tokens) };
        prop_assert_eq!(again.bound().output, capped);
        let lower = Some(Cap { tokens: 1, field: CapField::MaxCompletionTokens });
        prop_assert_eq!(forward(&again, lower), forward(&again, None));
    }
}
