//! The built-in demo model behind the gateway: every governed path is answered, whole and streamed.

use ledger::EntryKind;
use serde_json::{Value, json};
use testkit::Reply;

use crate::common::{Home, Server, decision};

const SAID: &str =
    "I am portreeve's built-in demo model. I repeat the last thing I was told: hello";

/// One call with the key where the vendor's clients put it.
fn ask(server: &Server, path: &str, key: (&str, &str), body: &Value) -> Reply {
    let headers = [key, ("anthropic-version", "2023-06-01")];
    let headers = if path.contains("messages") { &headers[..] } else { &headers[..1] };
    testkit::post(server.address, path, headers, body.to_string().as_bytes())
}

#[test]
fn the_first_run_answers_every_governed_path() {
    let home = Home::new();
    let server = home.up();
    let token = home.token("demo-agent");
    let bearer = format!("Bearer {token}");
    let openai = ("authorization", bearer.as_str());
    let (anthropic, gemini) = (("x-api-key", token.as_str()), ("x-goog-api-key", token.as_str()));
    let messages = json!([{ "role": "user", "content": "hello" }]);
    let contents = json!({ "contents": [{ "role": "user", "parts": [{ "text": "hello" }] }] });
    let named = |mut body: Value| {
        body["model"] = json!("portreeve-demo");
        body
    };
    let asked = |stream: bool| named(json!({ "input": "hello", "store": false, "stream": stream }));
    let message =
        |stream: bool| named(json!({ "messages": messages, "max_tokens": 64, "stream": stream }));
    let model = "/v1beta/models/portreeve-demo";
    let cases = [
        ("/v1/responses".to_owned(), openai, asked(false), SAID),
        ("/v1/responses".to_owned(), openai, asked(true), "event: response.completed\n"),
        (
            "/v1/embeddings".to_owned(),
            openai,
            named(json!({ "input": "hello" })),
            "\"embedding\":[",
        ),
        ("/v1/messages".to_owned(), anthropic, message(false), SAID),
        ("/v1/messages".to_owned(), anthropic, message(true), "event: message_stop\n"),
        (
            "/v1/messages/count_tokens".to_owned(),
            anthropic,
            named(json!({ "messages": messages })),
            "{\"input_tokens\":1}",
        ),
        (format!("{model}:generateContent"), gemini, contents.clone(), SAID),
        (format!("{model}:streamGenerateContent?alt=sse"), gemini, contents.clone(), "\"STOP\""),
        (format!("{model}:countTokens"), gemini, contents, "{\"totalTokens\":1}"),
    ];
    for (path, key, body, expect) in cases {
        let reply = ask(&server, &path, key, &body);
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        assert!(reply.text().contains(expect), "{path}: {}", reply.text());
        assert!(!decision(&reply).is_empty(), "{path}");
    }
    server.stop();
    let entries = home.entries("decisions");
    let silent: Vec<&str> = entries
        .iter()
        .filter(|entry| entry.kind == EntryKind::Outcome && !entry.json["usage"].is_object())
        .filter_map(|entry| {
            let decision = entry.json["decision"].as_u64()?;
            let decision = entries.iter().find(|other| other.json["seq"] == decision)?;
            decision.json.pointer("/ask/operation")?.as_str()
        })
        .collect();
    assert_eq!(silent, ["count_message_tokens", "count_content_tokens"], "a count uses nothing");
}
