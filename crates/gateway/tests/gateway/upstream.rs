//! A provider that hangs, breaks off, lies or never ends: what the client is told, how long it
//! takes, and what the log says of it.

use model::Dialect::{self, Anthropic, Gemini, OpenAi};
use model::RefusalCode;
use serde_json::{Value, json};
use testkit::{Canary, Connection, Reply, Script, assert_clean};

use crate::ask::DIALECTS;
use crate::canned::Canned;
use crate::check;
use crate::world::World;

/// Asserts that a provider which acts out `script` before anything of its answer is relayed
/// comes to the refusal `code`.
#[track_caller]
fn check_refused(script: &Script, code: RefusalCode) {
    let world = World::start();
    for dialect in DIALECTS {
        for stream in [false, true] {
            world.provider.next(script.clone());
            let ask = world.ask(dialect).streamed(stream).model(model_for(script));
            check::refused(&world, dialect, &ask.send(), code);
        }
    }
    // Each was tried once, and none of it was followed or tried again.
    assert_eq!(world.provider.seen().len(), 2 * DIALECTS.len());
    check::forwarded(&world, &world.ask(OpenAi).send());
}

/// Short waits where the script is about one; every other call waits as long as it takes.
const fn model_for(script: &Script) -> &'static str {
    let waits =
        matches!(script, Script::HangBeforeHeaders | Script::HangMidStream | Script::EndlessStream);
    if waits { "hasty" } else { "fast" }
}

#[test]
fn a_provider_that_never_answers_is_given_up() {
    check_refused(&Script::HangBeforeHeaders, RefusalCode::UpstreamTimeout);
}

#[test]
fn a_provider_that_hangs_up_is_not_asked_again() {
    check_refused(&Script::DropBeforeHeaders, RefusalCode::UpstreamDropped);
}

#[test]
fn a_page_is_no_answer() {
    check_refused(&Script::Html, RefusalCode::UpstreamNotJson);
}

#[test]
fn a_redirect_is_not_followed() {
    check_refused(&Script::Redirect, RefusalCode::UpstreamRedirect);
}

#[test]
fn a_head_beyond_the_bound_is_refused() {
    check_refused(&Script::HugeHead { bytes: 128 * 1024 }, RefusalCode::UpstreamTooLarge);
    check_refused(&Script::ManyHeaders, RefusalCode::UpstreamTooLarge);
}

#[test]
fn a_body_that_ends_early_is_refused_whole() {
    check_refused(&Script::TruncatedBody, RefusalCode::UpstreamDropped);
}

#[test]
fn a_refused_credential_is_the_platforms_matter_and_its_text_stays_here() {
    for status in [401, 403] {
        let quoting = format!("{{\"error\":\"bad key {}\"}}", Canary::ProviderKey.value());
        let world = World::start();
        for dialect in DIALECTS {
            world.provider.next(Script::Status(status, quoting.clone()));
            let reply = world.ask(dialect).send();
            check::refused(&world, dialect, &reply, RefusalCode::UpstreamCredential);
            assert_clean(&reply.everything(), "the answer", &[Canary::ProviderKey]);
            let outcome = world.entries_of(check::decision_id(&reply))[1].json.clone();
            assert_eq!(outcome["attempts"][0]["status"], status);
        }
    }
}

#[test]
fn an_error_of_the_provider_is_relayed_with_its_status_and_text() {
    for status in [400, 404, 422, 429, 500, 503, 529] {
        let world = World::start();
        for dialect in DIALECTS {
            let text = format!("{{\"error\":{{\"message\":\"status {status}\"}}}}");
            world.provider.next(Script::Status(status, text.clone()));
            let reply = world.ask(dialect).stream().send();
            assert_eq!((reply.status, reply.text()), (status, text));
            let entries = world.entries_of(check::decision_id(&reply));
            let outcome = &entries[1].json;
            assert_eq!(outcome["ended"], "complete", "its answer was relayed to its end");
            assert_eq!((&outcome["status"], &outcome["usage"]), (&json!(status), &Value::Null));
            assert_eq!(outcome["attempts"][0]["status"], status);
            let failure = match status {
                429 => json!("status_429"),
                500.. => json!("status_5xx"),
                _ => Value::Null,
            };
            assert_eq!(outcome["attempts"][0]["failure"], failure, "{status}");
            assert_eq!(reply.header("portreeve-receipt").map(|_| ()), Some(()));
            assert_eq!(reply.header("x-should-retry"), None);
        }
    }
}

/// Asserts that a stream which `script` ends badly after it began ends for the client with an
/// error event of its dialect, and is recorded as broken.
#[track_caller]
fn check_broken(dialect: Dialect, script: Script, code: RefusalCode) -> Reply {
    let world = World::start();
    let model = model_for(&script);
    world.provider.next(script);
    let reply = world.ask(dialect).model(model).stream().send();
    assert_eq!(reply.status, 200);
    let text = reply.text();
    let between = if dialect == Gemini { "\r\n\r\n" } else { "\n\n" };
    let (before, event) = text.trim_end().rsplit_once(between).expect("events");
    assert!(before.contains("fake"), "what came is relayed: {before}");
    let data = match dialect {
        OpenAi | Gemini => event.strip_prefix("data: "),
        Anthropic => event.strip_prefix("event: error\ndata: "),
    };
    let data: Value = serde_json::from_str(data.expect("an error event")).unwrap();
    assert_eq!(check::own(dialect, &data)["code"], code.as_str());
    let id = check::decision_id(&reply).to_string();
    assert_eq!(check::own(dialect, &data)["decision"], id);
    let ended = ["[DONE]", "message_stop", "finishReason"].iter().any(|end| text.contains(end));
    assert!(!ended, "it did not end well: {text}");
    check_broken_outcome(&world, &reply, code);
    reply
}

#[track_caller]
fn check_broken_outcome(world: &World, reply: &Reply, code: RefusalCode) {
    let outcome = check::forwarded(world, reply);
    assert_eq!(outcome["ended"], "upstream_broken");
    assert_eq!(outcome["attempts"][0]["failure"], code.as_str());
    assert_eq!(outcome["status"], 200);
}

#[test]
fn a_stream_that_falls_silent_is_given_up() {
    for dialect in DIALECTS {
        check_broken(dialect, Script::HangMidStream, RefusalCode::UpstreamTimeout);
    }
}

#[test]
fn a_stream_that_breaks_off_between_two_events_ends_with_an_error_event() {
    for dialect in DIALECTS {
        check_broken(dialect, Script::DropMidStream, RefusalCode::UpstreamDropped);
    }
}

#[test]
fn a_stream_without_end_is_cut_when_its_time_is_over() {
    let world = World::start();
    for dialect in DIALECTS {
        world.provider.next(Script::EndlessStream);
        let mut connection = world.ask(dialect).model("hasty").stream().open();
        let head = connection.head().unwrap();
        let mut last = Vec::new();
        while let Some(chunk) = connection.chunk().unwrap() {
            last = chunk;
        }
        let last = String::from_utf8(last).unwrap();
        assert!(last.contains("upstream_timeout"), "{last}");
        check_broken_outcome(&world, &head, RefusalCode::UpstreamTimeout);
    }
    world.provider.wait_cut(DIALECTS.len());
}

/// A chunked answer of `content_type` that holds `body` and, unless `ended`, breaks off after it.
fn chunked(content_type: &str, body: &str, ended: bool) -> String {
    let last = if ended { "0\r\n\r\n" } else { "" };
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\n\r\n\
         {:x}\r\n{body}\r\n{last}",
        body.len()
    )
}

/// Opens a stream at a provider that answers with `answer`, and reads it to whatever end.
fn odd_stream(world: &World, dialect: Dialect) -> (Reply, std::io::Result<()>) {
    let mut connection = world.ask(dialect).model("odd").stream().open();
    let mut reply = connection.head().unwrap();
    loop {
        match connection.chunk() {
            Ok(Some(chunk)) => reply.body.extend(chunk),
            Ok(None) => return (reply, Ok(())),
            Err(error) => return (reply, Err(error)),
        }
    }
}

#[test]
fn a_stream_that_breaks_off_within_an_event_breaks_off_for_the_client() {
    let canned = Canned::start(chunked("text/event-stream", "event: x\ndata: {\"a\"", false));
    let world = World::with_odd(canned.base_url());
    let (reply, end) = odd_stream(&world, Anthropic);
    assert_eq!(reply.text(), "event: x\ndata: {\"a\"", "nothing of ours is put after it");
    assert!(end.is_err(), "the client sees that it is not complete");
    check_broken_outcome(&world, &reply, RefusalCode::UpstreamDropped);
}

#[test]
fn an_event_that_was_held_back_when_the_stream_broke_off_is_not_shown() {
    let canned = Canned::start(chunked("text/event-stream", "data: {\"a\"", false));
    let world = World::with_odd(canned.base_url());
    let (reply, end) = odd_stream(&world, OpenAi);
    assert!(reply.text().starts_with("data: {\"error\":"), "{}", reply.text());
    assert!(end.is_ok());
    check_broken_outcome(&world, &reply, RefusalCode::UpstreamDropped);
}

#[test]
fn a_stream_that_ends_without_saying_so_is_not_complete() {
    for dialect in DIALECTS {
        let body = "data: {\"choices\":[{\"delta\":{}}]}\n\n";
        let canned = Canned::start(chunked("text/event-stream", body, true));
        let world = World::with_odd(canned.base_url());
        let (reply, end) = odd_stream(&world, dialect);
        assert!(reply.text().starts_with(body), "{}", reply.text());
        assert!(reply.text().contains("upstream_dropped"), "{}", reply.text());
        assert!(end.is_ok());
        check_broken_outcome(&world, &reply, RefusalCode::UpstreamDropped);
    }
}

#[test]
fn an_error_that_the_provider_reports_in_its_stream_is_its_own_end() {
    for (dialect, body) in [
        (OpenAi, "data: {\"error\":{\"message\":\"busy\"}}\n\n"),
        (Anthropic, "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"x\"}}\n\n"),
        (Gemini, "data: {\"error\":{\"code\":503,\"message\":\"busy\"}}\r\n\r\n"),
    ] {
        let canned = Canned::start(chunked("text/event-stream", body, true));
        let world = World::with_odd(canned.base_url());
        let (reply, end) = odd_stream(&world, dialect);
        assert_eq!(reply.text(), body, "nothing is added");
        assert!(end.is_ok());
        assert_eq!(check::forwarded(&world, &reply)["ended"], "complete");
    }
}

#[test]
fn garbage_in_place_of_events_passes_without_harm_and_is_no_complete_answer() {
    let world = World::start();
    for dialect in DIALECTS {
        world.provider.next(Script::GarbageSse);
        let mut connection = world.ask(dialect).stream().open();
        let head = connection.head().unwrap();
        let end = loop {
            match connection.chunk() {
                Ok(Some(_)) => {}
                end => break end,
            }
        };
        assert!(end.is_err(), "it broke off within what it called an event");
        check_broken_outcome(&world, &head, RefusalCode::UpstreamDropped);
    }
    check::forwarded(&world, &world.ask(OpenAi).send());
}

/// Asserts that an answer of these bytes is refused with `code`, streamed or not.
#[track_caller]
fn check_odd(answer: impl Into<Vec<u8>>, code: RefusalCode) {
    let canned = Canned::start(answer);
    let world = World::with_odd(canned.base_url());
    for dialect in DIALECTS {
        for stream in [false, true] {
            let ask = world.ask(dialect).model("odd").streamed(stream);
            check::refused(&world, dialect, &ask.send(), code);
        }
    }
    assert_eq!(canned.answered(), 2 * DIALECTS.len(), "each call was sent once");
}

/// An answer with a body of JSON and `more` in its head.
fn with_head(more: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{more}content-length: 2\r\n\r\n{{}}"
    )
}

#[test]
fn an_encoded_answer_is_refused_for_nobody_here_could_read_it() {
    check_odd(with_head("content-encoding: gzip\r\n"), RefusalCode::UpstreamNotJson);
    check_odd(with_head("content-encoding: identity, br\r\n"), RefusalCode::UpstreamNotJson);
}

#[test]
fn an_answer_of_another_kind_is_refused() {
    let plain = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\n{}";
    check_odd(plain, RefusalCode::UpstreamNotJson);
    check_odd("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", RefusalCode::UpstreamNotJson);
    check_odd("HTTP/1.1 204 No Content\r\n\r\n", RefusalCode::UpstreamNotJson);
    let error = "HTTP/1.1 500 X\r\ncontent-type: text/event-stream\r\ncontent-length: 0\r\n\r\n";
    check_odd(error, RefusalCode::UpstreamNotJson);
}

#[test]
fn what_is_not_http_is_a_broken_answer() {
    check_odd("SSH-2.0-OpenSSH_9.9\r\n", RefusalCode::UpstreamDropped);
    check_odd("HTTP/1.1 200 OK\r\ncontent-type", RefusalCode::UpstreamDropped);
    check_odd("", RefusalCode::UpstreamDropped);
    check_odd(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n",
        RefusalCode::UpstreamDropped,
    );
    let two = "content-length: 3\r\n";
    check_odd(with_head(two), RefusalCode::UpstreamDropped);
}

#[test]
fn a_stream_of_events_for_a_whole_answer_is_refused() {
    let canned = Canned::start(chunked("text/event-stream", "data: [DONE]\n\n", true));
    let world = World::with_odd(canned.base_url());
    for dialect in DIALECTS {
        let reply = world.ask(dialect).model("odd").send();
        check::refused(&world, dialect, &reply, RefusalCode::UpstreamNotJson);
    }
}

#[test]
fn headers_of_the_provider_stay_here_but_for_those_a_client_needs() {
    let head = "set-cookie: a=b\r\nserver: x\r\nauthorization: y\r\nlocation: /z\r\n\
        x-internal: 1\r\nconnection: close\r\nalt-svc: h3\r\nportreeve-decision: forged\r\n\
        portreeve-receipt: forged\r\nx-should-retry: true\r\nretry-after: 3\r\n\
        x-ratelimit-remaining-tokens: 9\r\nopenai-processing-ms: 5\r\nx-request-id: req_up\r\n";
    let canned = Canned::start(with_head(head));
    let world = World::with_odd(canned.base_url());
    let reply = world.ask(OpenAi).model("odd").send();
    let mut names: Vec<_> = reply.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "content-length",
            "content-type",
            "date",
            "openai-processing-ms",
            "portreeve-attempts",
            "portreeve-decision",
            "portreeve-model",
            "portreeve-receipt",
            "portreeve-target",
            "retry-after",
            "x-ratelimit-remaining-tokens",
            "x-request-id"
        ]
    );
    assert_eq!(reply.header("x-request-id"), Some("req_up"));
    assert_eq!(check::forwarded(&world, &reply)["attempts"][0]["upstream_request_id"], "req_up");
}

#[test]
fn a_secret_that_comes_back_in_a_stream_is_cut_out_with_the_rest() {
    for dialect in DIALECTS {
        let world = World::start();
        world.provider.next(Script::EchoHeaders);
        let mut connection: Connection = world.ask(dialect).stream().open();
        let mut reply = connection.head().unwrap();
        while let Ok(Some(chunk)) = connection.chunk() {
            reply.body.extend(chunk);
        }
        assert_clean(&reply.everything(), "the stream", &[Canary::ProviderKey]);
        check_broken_outcome(&world, &reply, RefusalCode::UpstreamEchoedSecret);
    }
}

#[test]
fn a_secret_in_a_header_reaches_neither_the_client_nor_the_log() {
    let key = Canary::ProviderKey.value();
    for header in ["x-request-id", "x-ratelimit-owner", "content-type", "set-cookie"] {
        let answer = format!(
            "HTTP/1.1 200 OK\r\n{header}: application/json; of={key}\r\ncontent-length: 2\r\n\r\n{{}}"
        );
        let canned = Canned::start(answer);
        let world = World::with_odd(canned.base_url());
        let reply = world.ask(OpenAi).model("odd").send();
        check::refused(&world, OpenAi, &reply, RefusalCode::UpstreamEchoedSecret);
        assert_clean(&reply.everything(), header, &[Canary::ProviderKey]);
    }
}

#[test]
fn not_even_the_beginning_of_a_secret_is_streamed() {
    let key = Canary::ProviderKey.value();
    let (most, _) = key.split_at(key.len() - 1);
    let body = format!("data: {{\"content\":\"{most}");
    let canned = Canned::start(chunked("text/event-stream", &body, false));
    let world = World::with_odd(canned.base_url());
    let (reply, _) = odd_stream(&world, Anthropic);
    assert!(!reply.text().contains("canary") && !reply.text().contains(&most[..8]));
}
