//! The fake provider and the test client, against each other.

use testkit::{Connection, FakeProvider, Gate, PROVIDER_KEY, Reply, Script, get, post};

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";

fn bearer() -> String {
    format!("Bearer {PROVIDER_KEY}")
}

fn chat(provider: &FakeProvider, body: &str) -> Reply {
    post(provider.address(), CHAT, &[("authorization", &bearer())], body.as_bytes())
}

/// Opens a streamed chat and reads its head.
fn open_stream(provider: &FakeProvider) -> Connection {
    let mut connection = Connection::tcp(provider.address());
    let body = br#"{"model":"m","stream":true}"#;
    connection.request("POST", CHAT, &[("authorization", &bearer())], body);
    let streams = |head: Reply| head.header("content-type") == Some("text/event-stream");
    assert!(connection.head().is_ok_and(streams));
    connection
}

#[test]
fn whole_answers_speak_both_wire_forms() {
    let provider = FakeProvider::start();
    provider.assert_untouched();
    let reply = chat(&provider, r#"{"model":"gpt"}"#);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["model"], "gpt");
    assert_eq!(reply.json()["usage"]["total_tokens"], 12);
    let reply =
        post(provider.address(), MESSAGES, &[("x-api-key", PROVIDER_KEY)], b"{\"model\":\"c\"}");
    assert_eq!(reply.json()["content"][0]["text"], "Hello from the fake provider.");
    assert_eq!(provider.seen().len(), 2);
    assert_eq!(provider.last_seen().json()["model"], "c");
    assert_eq!(provider.last_seen().credential().as_deref(), Some(PROVIDER_KEY));
}

#[test]
fn streams_hold_the_deltas_asked_for_and_usage_where_it_is_wanted() {
    let provider = FakeProvider::start();
    provider.always(Script::StreamChunks { n: 5 });
    let text = chat(&provider, r#"{"model":"m","stream":true}"#).text();
    assert_eq!(text.matches("\"content\":\"Hello").count(), 5);
    assert!(text.ends_with("data: [DONE]\n\n") && !text.contains("usage"), "{text}");
    let text = chat(&provider, r#"{"stream":true,"stream_options":{"include_usage":true}}"#).text();
    assert!(text.contains("\"choices\":[]") && text.contains("\"completion_tokens\":5"), "{text}");
    let body = b"{\"stream\":true}";
    let text = post(provider.address(), MESSAGES, &[("x-api-key", PROVIDER_KEY)], body).text();
    assert_eq!(text.matches("event: content_block_delta\n").count(), 5);
    assert!(text.starts_with("event: message_start\n") && text.contains("event: message_stop\n"));
}

/// Posts `body` to `path` with the key where the vendor puts it.
fn ask(provider: &FakeProvider, path: &str, body: &str) -> Reply {
    let bearer = bearer();
    let header = match path {
        _ if path.starts_with("/v1beta/") => ("x-goog-api-key", PROVIDER_KEY),
        _ if path.starts_with(MESSAGES) => ("x-api-key", PROVIDER_KEY),
        _ => ("authorization", bearer.as_str()),
    };
    post(provider.address(), path, &[header], body.as_bytes())
}

/// Every endpoint that answers whole, and what stands where in its answer.
const WHOLE: &[(&str, &str, &str)] = &[
    ("/v1/chat/completions", "/usage/completion_tokens", "5"),
    ("/v1/responses", "/usage/output_tokens", "5"),
    ("/v1/embeddings", "/usage/prompt_tokens", "7"),
    ("/v1/messages", "/usage/output_tokens", "5"),
    ("/v1/messages/count_tokens", "/input_tokens", "7"),
    ("/v1beta/models/m:generateContent", "/usageMetadata/candidatesTokenCount", "5"),
    ("/v1beta/models/m:countTokens", "/totalTokens", "7"),
];

#[test]
fn every_endpoint_answers_in_its_own_form() {
    let provider = FakeProvider::start();
    for (path, pointer, expected) in WHOLE {
        let reply = ask(&provider, path, r#"{"model":"m"}"#);
        assert_eq!(reply.status, 200, "{path}");
        let told = reply.json().pointer(pointer).map(ToString::to_string);
        assert_eq!(told.as_deref(), Some(*expected), "{path}: {}", reply.text());
        assert_eq!(provider.last_seen().credential().as_deref(), Some(PROVIDER_KEY), "{path}");
    }
}

#[test]
fn every_stream_begins_and_ends_as_its_vendor_says() {
    let provider = FakeProvider::start();
    for (path, begins, ends) in [
        (CHAT, "data: {", "data: [DONE]\n\n"),
        ("/v1/responses", "event: response.created\n", "}\n\n"),
        (MESSAGES, "event: message_start\n", "data: {\"type\":\"message_stop\"}\n\n"),
        ("/v1beta/models/m:streamGenerateContent?alt=sse", "data: {", "}\r\n\r\n"),
    ] {
        let reply = ask(&provider, path, r#"{"model":"m","stream":true}"#);
        assert_eq!(reply.header("content-type"), Some("text/event-stream"), "{path}");
        let text = reply.text();
        assert!(text.starts_with(begins) && text.ends_with(ends), "{path}: {text}");
        assert!(text.contains("Hello from the fake provider."), "{path}: {text}");
        let last = text.trim_end().rsplit("\n\n").next().expect("an event");
        assert!(!path.ends_with("responses") || last.starts_with("event: response.completed\n"));
    }
    // Without the query Gemini's method answers otherwise, and this provider does not.
    assert_eq!(ask(&provider, "/v1beta/models/m:streamGenerateContent", "{}").status, 404);
    assert_eq!(ask(&provider, "/v1beta/models/m:embedContent", "{}").status, 404);
}

#[test]
fn responses_are_numbered_and_say_whether_they_are_kept() {
    let provider = FakeProvider::start();
    let first = ask(&provider, "/v1/responses", r#"{"model":"m"}"#).json();
    assert_eq!((&first["id"], &first["store"]), (&"resp_fake1".into(), &true.into()));
    assert_eq!(first["output"][0]["id"], "msg_fake1");
    let second = ask(&provider, "/v1/responses", r#"{"stream":true,"store":false}"#).text();
    let created = second.split("\n\n").next().expect("an event");
    assert!(created.contains("resp_fake2") && created.contains("\"store\":false"), "{created}");
    let numbers: Vec<usize> = second
        .split("\"sequence_number\":")
        .skip(1)
        .filter_map(|rest| rest.split([',', '}']).next()?.parse().ok())
        .collect();
    assert_eq!(numbers, (0..numbers.len()).collect::<Vec<_>>(), "{second}");
    assert_eq!(numbers.len(), 4 + 3 + 4);
}

#[test]
fn each_vendor_refuses_for_safety_in_its_own_way_and_may_hide_its_usage() {
    let provider = FakeProvider::start();
    provider.always(Script::SafetyRefusal);
    for (path, said) in [
        (CHAT, "\"finish_reason\":\"content_filter\""),
        ("/v1/responses", "\"type\":\"refusal\""),
        (MESSAGES, "\"stop_reason\":\"refusal\""),
        ("/v1beta/models/m:generateContent", "\"blockReason\":\"SAFETY\""),
        ("/v1beta/models/m:streamGenerateContent?alt=sse", "\"blockReason\":\"SAFETY\""),
    ] {
        for body in [r#"{"stream":false}"#, r#"{"stream":true}"#] {
            let reply = ask(&provider, path, body);
            assert_eq!(reply.status, 200, "{path}");
            assert!(reply.text().contains(said), "{path}: {}", reply.text());
            assert!(!reply.text().contains("Hello"), "{path}");
        }
    }
    provider.always(Script::NoUsage);
    for (path, ..) in WHOLE.iter().filter(|(path, ..)| !path.to_lowercase().contains("count")) {
        assert!(!ask(&provider, path, "{}").text().contains("okens\":7"), "{path}");
    }
}

#[test]
fn a_wrong_key_is_refused_and_seen() {
    let provider = FakeProvider::start();
    for headers in [&[][..], &[("authorization", "Bearer other")], &[("x-api-key", PROVIDER_KEY)]] {
        let reply = post(provider.address(), CHAT, headers, b"{}");
        assert_eq!(reply.status, 401);
    }
    let gemini = "/v1beta/models/m:countTokens";
    let reply = post(provider.address(), gemini, &[("x-goog-api-key", "other")], b"{}");
    assert_eq!(reply.status, 400);
    assert_eq!(reply.json()["error"]["details"][0]["reason"], "API_KEY_INVALID");
    provider.expect_key("second");
    assert_eq!(chat(&provider, "{}").status, 401);
    assert_eq!(provider.seen().len(), 5);
    assert_eq!(get(provider.address(), "/v1/elsewhere?q=1", &[]).status, 404);
    assert_eq!(provider.last_seen().path, "/v1/elsewhere?q=1");
}

#[test]
fn answers_that_are_none() {
    let provider = FakeProvider::start();
    provider.next(Script::Status(500, "{\"error\":{}}".to_owned()));
    provider.next(Script::Html);
    provider.next(Script::Redirect);
    provider.next(Script::GarbageSse);
    provider.next(Script::EchoHeaders);
    provider.next(Script::RetryAfter(429, "7"));
    provider.next(Script::Events("data: 1\n\n".to_owned()));
    assert_eq!(chat(&provider, "{}").status, 500);
    assert_eq!(chat(&provider, "{}").header("content-type"), Some("text/html"));
    assert_eq!(chat(&provider, "{}").header("location"), Some("/v1/followed"));
    assert!(chat(&provider, "{}").body.len() > 1024 * 1024);
    assert!(chat(&provider, "{}").text().contains("host: gateway.test"));
    let busy = chat(&provider, "{}");
    assert_eq!((busy.status, busy.header("retry-after")), (429, Some("7")));
    assert_eq!(chat(&provider, "{}").text(), "data: 1\n\n");
    assert_eq!(chat(&provider, "{}").status, 200);
}

#[test]
fn connections_break_where_the_script_says() {
    let provider = FakeProvider::start();
    for script in [Script::DropBeforeHeaders, Script::TruncatedBody] {
        provider.next(script);
        let mut connection = Connection::tcp(provider.address());
        connection.request("POST", CHAT, &[("authorization", &bearer())], b"{}");
        assert!(connection.reply().is_err());
    }
    provider.next(Script::DropMidStream);
    let mut stream = open_stream(&provider);
    assert!(stream.chunk().expect("the first event").is_some());
    assert!(stream.chunk().is_err(), "no last chunk: the stream was broken off");
    provider.next(Script::DropMidEvent);
    let mut stream = open_stream(&provider);
    assert!(stream.chunk().expect("the first event").is_some());
    let half = stream.chunk().expect("half an event").expect("not the end");
    assert!(half.starts_with(b"data: {") && !half.ends_with(b"\n\n"));
    assert!(stream.chunk().is_err());
    provider.next(Script::DropAfterHead);
    assert!(open_stream(&provider).chunk().is_err(), "not a byte of the body");
    for script in [Script::HangMidStream, Script::HangAfterHead] {
        provider.next(script);
    }
    let mut stream = open_stream(&provider);
    assert!(stream.chunk().expect("the first event").is_some());
    drop(stream);
    provider.wait_cut(1);
    drop(open_stream(&provider));
    provider.wait_cut(2);
}

#[test]
fn endless_and_hanging_answers_end_when_the_client_leaves() {
    let provider = FakeProvider::start();
    provider.next(Script::EndlessStream);
    let mut stream = open_stream(&provider);
    for _ in 0..20 {
        assert!(stream.chunk().expect("another event").is_some());
    }
    drop(stream);
    provider.wait_cut(1);
    for (already, script) in [(1, Script::HangBeforeHeaders), (2, Script::EndlessBody)] {
        provider.next(script);
        let mut connection = Connection::tcp(provider.address());
        connection.request("POST", CHAT, &[("authorization", &bearer())], b"{}");
        provider.wait_seen(already + 1);
        drop(connection);
        provider.wait_cut(already + 1);
    }
}

#[test]
fn a_gate_holds_a_stream_until_it_is_opened() {
    let provider = FakeProvider::start();
    let gate = Gate::new();
    provider.next(Script::SlowByGate(gate.clone()));
    let mut stream = open_stream(&provider);
    assert!(stream.chunk().expect("the first event").is_some());
    gate.wait_arrived(1);
    gate.open();
    let late = stream.chunk().expect("an event").expect("not the end");
    assert!(String::from_utf8_lossy(&late).contains("late"));
}

#[test]
fn a_gate_holds_a_whole_answer_and_the_rest_of_given_events() {
    let provider = FakeProvider::start();
    let gate = Gate::new();
    provider.next(Script::AnswerByGate(gate.clone()));
    let mut connection = Connection::tcp(provider.address());
    connection.request("POST", CHAT, &[("authorization", &bearer())], b"{\"model\":\"m\"}");
    gate.wait_arrived(1);
    gate.open();
    let reply = connection.reply().expect("an answer");
    assert_eq!((reply.status, &reply.json()["model"]), (200, &"m".into()));
    let gate = Gate::new();
    provider.next(Script::EventsByGate("data: {".into(), gate.clone(), "}\n\n".into()));
    let mut stream = open_stream(&provider);
    assert_eq!(stream.chunk().expect("the first").expect("not the end"), b"data: {");
    gate.open();
    assert_eq!(stream.chunk().expect("the second").expect("not the end"), b"}\n\n");
    assert!(stream.chunk().expect("the end").is_none());
}

#[test]
fn malformed_requests_can_be_sent() {
    let provider = FakeProvider::start();
    let mut connection = Connection::tcp(provider.address());
    connection.send_raw(b"\x16\x03\x01 not http\r\n\r\n");
    assert_eq!(connection.reply().expect("an answer").status, 400);
    let mut connection = Connection::tcp(provider.address());
    connection.send_raw(b"POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf");
    connection.finish_sending();
    assert!(connection.is_closed_by_peer().expect("an end"));
    provider.assert_untouched();
}
