//! What no client should send: refused, never forwarded, and the gate serves the next one.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use model::Dialect::{Anthropic, Gemini, OpenAi};
use model::RefusalCode;
use serde_json::json;
use testkit::Connection;

use crate::ask::{Ask, DIALECTS, body};
use crate::charter_files::BODY_BYTES_MAX;
use crate::check;
use crate::world::{PATIENCE, World};

/// Sends `bytes` as they are and reads as many answers as there are `expected` statuses, after
/// which the gate hangs up. Asserts that nothing was forwarded and that the gate still serves.
#[track_caller]
fn check_raw(bytes: impl AsRef<[u8]>, expected: &[u16]) {
    let world = World::start();
    let mut connection = Connection::tcp(world.address);
    // The gate may hang up before it has it all.
    let _ = connection.try_send_raw(bytes.as_ref());
    let mut answered = Vec::new();
    while answered.len() < expected.len() {
        match connection.reply() {
            Ok(reply) => answered.push(reply.status),
            Err(_) => break,
        }
    }
    assert_eq!(answered, expected);
    assert!(connection.is_closed_by_peer().unwrap(), "the gate hangs up");
    world.provider.assert_untouched();
    still_serves(&world);
}

#[track_caller]
fn still_serves(world: &World) {
    for dialect in DIALECTS {
        check::forwarded(world, &world.ask(dialect).send());
    }
}

/// A good request as bytes, with a token of its own world: of no use in another.
fn good_request(world: &World) -> String {
    world.ask(OpenAi).raw()
}

#[test]
fn bytes_that_are_no_http_are_refused_by_the_listener() {
    check_raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", &[400]);
    check_raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &[]);
    check_raw("GET / HTTP/9.9\r\n\r\n", &[400]);
    check_raw("\r\n\r\nnonsense\r\n\r\n", &[400]);
    check_raw("POST /v1/messages HTTP/1.1\r\nhost: a\r\nbad header: x\r\n\r\n", &[400]);
    check_raw("POST /v1/messages HTTP/1.1\r\nhost: a\r\nx: a\0b\r\n\r\n", &[400]);
}

#[test]
fn a_head_beyond_the_bounds_is_refused_by_the_listener() {
    let long = format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "y".repeat(128 * 1024));
    check_raw(long, &[431]);
    let many = format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", "x: y\r\n".repeat(200));
    check_raw(many, &[431]);
}

#[test]
fn folded_headers_are_refused() {
    check_raw(
        "POST /v1/messages HTTP/1.1\r\nhost: a\r\nx: b\r\n c\r\ncontent-length: 0\r\n\r\n",
        &[400],
    );
}

/// Asserts that a request with `framing` in place of its own length is not forwarded.
#[track_caller]
fn check_framing(framing: &str, body: &str, expected: &[u16]) {
    let world = World::start();
    let raw = good_request(&world);
    let (head, _) = raw.split_once("\r\ncontent-length").unwrap();
    let mut connection = Connection::tcp(world.address);
    connection.send_raw(format!("{head}\r\n{framing}\r\n\r\n{body}").as_bytes());
    let statuses: Vec<u16> =
        expected.iter().map_while(|_| connection.reply().ok()).map(|reply| reply.status).collect();
    assert_eq!(statuses, expected, "{framing}");
    assert!(connection.is_closed_by_peer().unwrap(), "{framing}: the gate hangs up");
    world.provider.assert_untouched();
    still_serves(&world);
}

#[test]
fn a_request_whose_length_is_said_in_two_ways_is_not_forwarded() {
    let text = body(OpenAi, "fast").to_string();
    let chunked = format!("{:x}\r\n{text}\r\n0\r\n\r\n", text.len());
    let length = text.len();
    check_framing(&format!("content-length: {length}\r\ncontent-length: 1"), &text, &[400]);
    check_framing(&format!("content-length: {length}, 1"), &text, &[400]);
    check_framing(&format!("content-length: +{length}"), &text, &[400]);
    check_framing("content-length: -1", &text, &[400]);
    check_framing("transfer-encoding: chunked, identity", &chunked, &[400]);
    check_framing("transfer-encoding: xchunked", &chunked, &[400]);
}

#[test]
fn a_length_beside_chunks_is_ignored_and_nothing_behind_the_request_is_read() {
    // RFC 9112, 6.3: the chunks alone count, and the connection ends after the answer.
    let text = body(OpenAi, "fast").to_string();
    for first in [
        "content-length: 3\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 3",
    ] {
        let world = World::start();
        let raw = good_request(&world);
        let (head, _) = raw.split_once("\r\ncontent-length").unwrap();
        let chunked = format!("{:x}\r\n{text}\r\n0\r\n\r\n", text.len());
        let smuggled = raw.replace("gate\r\n", "smuggled\r\n");
        let mut connection = Connection::tcp(world.address);
        connection.send_raw(format!("{head}\r\n{first}\r\n\r\n{chunked}{smuggled}").as_bytes());
        check::forwarded(&world, &connection.reply().unwrap());
        assert!(connection.reply().is_err(), "what follows is not answered");
        assert_eq!(world.provider.seen().len(), 1);
        assert_eq!(world.provider.last_seen().header("content-length"), upstream_length(&text));
        still_serves(&world);
    }
}

/// The length of `text` with the provider's name of the model in it.
fn upstream_length(text: &str) -> String {
    text.replace("fast", "Up/openai").len().to_string()
}

/// Asserts that every dialect refuses a request with `code`, and forward nothing.
#[track_caller]
fn check_refused(world: &World, code: RefusalCode, change: impl for<'w> Fn(Ask<'w>) -> Ask<'w>) {
    for dialect in DIALECTS {
        let reply = change(world.ask(dialect)).send();
        check::refused(world, dialect, &reply, code);
    }
    world.provider.assert_untouched();
}

#[test]
fn a_body_that_is_declared_too_large_is_refused_before_it_is_read() {
    let world = World::start();
    for dialect in DIALECTS {
        let raw = world.ask(dialect).raw();
        let (head, _) = raw.split_once("\r\ncontent-length").unwrap();
        let mut connection = Connection::tcp(world.address);
        let length = BODY_BYTES_MAX + 1;
        connection.send_raw(format!("{head}\r\ncontent-length: {length}\r\n\r\n").as_bytes());
        let reply = connection.reply().unwrap();
        check::refused(&world, dialect, &reply, RefusalCode::BodyTooLarge);
        assert!(connection.is_closed_by_peer().unwrap(), "it cannot be read past");
    }
    world.provider.assert_untouched();
    still_serves(&world);
}

#[test]
fn a_body_that_grows_too_large_is_refused_within_it() {
    let world = World::start();
    for dialect in DIALECTS {
        let raw = world.ask(dialect).raw();
        let (head, _) = raw.split_once("\r\ncontent-length").unwrap();
        let mut connection = Connection::tcp(world.address);
        connection.send_raw(format!("{head}\r\ntransfer-encoding: chunked\r\n\r\n").as_bytes());
        // One byte more than the bound, and never an end.
        let chunk = format!("{:x}\r\n{}\r\n", BODY_BYTES_MAX, " ".repeat(BODY_BYTES_MAX));
        connection.send_raw(chunk.as_bytes());
        connection.send_raw(b"1\r\n \r\n");
        let reply = connection.reply().unwrap();
        check::refused(&world, dialect, &reply, RefusalCode::BodyTooLarge);
    }
    world.provider.assert_untouched();
    still_serves(&world);
}

#[test]
fn a_chunked_body_is_forwarded_with_its_length() {
    let world = World::start();
    let raw = good_request(&world);
    let (head, _) = raw.split_once("\r\ncontent-length").unwrap();
    let text = body(OpenAi, "fast").to_string();
    let (one, other) = text.split_at(7);
    let mut connection = Connection::tcp(world.address);
    connection.send_raw(
        format!(
            "{head}\r\ntransfer-encoding: chunked\r\n\r\n{:x};x=y\r\n{one}\r\n{:x}\r\n{other}\r\n\
             0\r\nx-trailer: z\r\n\r\n",
            one.len(),
            other.len()
        )
        .as_bytes(),
    );
    check::forwarded(&world, &connection.reply().unwrap());
    let seen = world.provider.last_seen();
    assert_eq!(seen.header("content-length"), upstream_length(&text));
    assert_eq!((seen.header("transfer-encoding"), seen.header("x-trailer")), ("", ""));
}

/// A body nested as deeply as its size allows.
fn deep(step: &str) -> String {
    let start = "{\"model\":\"fast\",\"x\":";
    format!("{start}{}", step.repeat((BODY_BYTES_MAX - start.len()) / step.len()))
}

#[test]
fn hostile_bodies_are_refused_in_bounded_time() {
    let world = World::start();
    check_refused(&world, RefusalCode::BodyTooDeep, |ask| ask.body(deep("[")));
    check_refused(&world, RefusalCode::BodyTooDeep, |ask| ask.body(deep("{\"a\":")));
    check_refused(&world, RefusalCode::BodyNotJson, |ask| ask.body("[".repeat(BODY_BYTES_MAX)));
    check_refused(&world, RefusalCode::BodyNotJson, |ask| ask.body("\u{0}"));
    check_refused(&world, RefusalCode::BodyNotJson, |ask| ask.body(r#"{"model":"\ud800"}"#));
    check_refused(&world, RefusalCode::BodyNotUtf8, |ask| ask.body(vec![0xff; BODY_BYTES_MAX]));
    check_refused(&world, RefusalCode::ContentTypeRefused, |ask| ask.body(""));
    check_refused(&world, RefusalCode::BodyNotJson, |ask| {
        ask.body("").header("content-type", "application/json")
    });
    check_refused(&world, RefusalCode::BodyDuplicateKey, |ask| {
        ask.body(r#"{"model":"fast","messages":[],"max_tokens":1,"x":{"a":1,"\u0061":2}}"#)
    });
    still_serves(&world);
}

#[test]
fn an_encoded_body_is_refused_whatever_it_holds() {
    let world = World::start();
    for encoding in ["gzip", "br", "identity", "", "gzip, identity"] {
        check_refused(&world, RefusalCode::ContentEncodingRefused, |ask| {
            ask.header("content-encoding", encoding)
        });
    }
}

#[test]
fn a_query_that_is_not_known_is_refused() {
    let world = World::start();
    for (dialect, path) in [
        (OpenAi, "/v1/chat/completions?api-version=1"),
        (OpenAi, "/v1/chat/completions?beta=true"),
        (Anthropic, "/v1/messages?beta=true&beta=true"),
        (Anthropic, "/v1/messages?beta=false"),
        (Anthropic, "/v1/messages?key=sk-in-a-query"),
        (OpenAi, "/v1/responses?include=output"),
        (OpenAi, "/v1/embeddings?key=sk-in-a-query"),
        (Anthropic, "/v1/messages/count_tokens?beta=1"),
        (Gemini, "/v1beta/models/fast:generateContent?key=sk-in-a-query"),
        (Gemini, "/v1beta/models/fast:generateContent?alt=sse"),
        (Gemini, "/v1beta/models/fast:streamGenerateContent"),
        (Gemini, "/v1beta/models/fast:streamGenerateContent?alt=json"),
        (Gemini, "/v1beta/models/fast:streamGenerateContent?alt=sse&key=sk-in-a-query"),
        (Gemini, "/v1beta/models/fast:countTokens?alt=sse"),
    ] {
        let reply = world.ask(dialect).path(path).send();
        check::refused(&world, dialect, &reply, RefusalCode::FieldInvalid);
        assert!(!reply.text().contains("sk-in-a-query"), "it is not repeated");
    }
    world.provider.assert_untouched();
}

#[test]
fn methods_that_the_path_does_not_take_are_refused() {
    let world = World::start();
    for method in ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW", "post"] {
        check_refused(&world, RefusalCode::MethodRefused, |ask| ask.method(method));
    }
    still_serves(&world);
}

#[test]
fn paths_that_look_like_known_ones_are_not_there() {
    let world = World::start();
    for (dialect, path) in [
        (OpenAi, "/v1/chat/completions/"),
        (OpenAi, "//v1/chat/completions"),
        (OpenAi, "/v1/chat/%63ompletions"),
        (OpenAi, "/v1/./chat/completions"),
        (OpenAi, "/v2/chat/completions"),
        (OpenAi, "/v1/v1/chat/completions"),
        (OpenAi, "/v1/responses/resp_1"),
        (OpenAi, "/v1/responses/resp_1/cancel"),
        (OpenAi, "/v1/responses/compact"),
        (OpenAi, "/v1/conversations"),
        (OpenAi, "/v1/files"),
        (OpenAi, "/v1/embeddings/batch"),
        (OpenAi, "/admin"),
        (OpenAi, "*"),
        (Anthropic, "/v1/messages/batches"),
        (Anthropic, "/v1/messages/count_tokens/"),
        (Gemini, "/v1/models/fast"),
        (Gemini, "/v1beta/models/fast:embedContent"),
        (Gemini, "/v1beta/models/fast:batchGenerateContent"),
        (Gemini, "/v1beta/models/fast:GenerateContent"),
        (Gemini, "/v1beta/models/:generateContent"),
        (Gemini, "/v1beta/models/a/b:generateContent"),
        (Gemini, "/v1beta/models/fast:generateContent/"),
        (Gemini, "/v1beta/tunedModels/fast:generateContent"),
        (Gemini, "/v1beta/cachedContents"),
        (Gemini, "/v1beta/interactions"),
    ] {
        let reply = world.ask(dialect).path(path).send();
        check::refused(&world, dialect, &reply, RefusalCode::PathUnknown);
    }
    world.provider.assert_untouched();
}

#[test]
fn two_versions_are_as_bad_as_a_wrong_one() {
    let world = World::start();
    for ask in [
        world
            .ask(Anthropic)
            .header("anthropic-version", "2023-06-01")
            .header("anthropic-version", "2023-06-01"),
        world.ask(Anthropic).header("anthropic-version", ""),
        world.ask(Anthropic).header("anthropic-version", "2023-06-01, 2023-06-01"),
    ] {
        check::refused(&world, Anthropic, &ask.send(), RefusalCode::VersionRefused);
    }
    world.provider.assert_untouched();
}

#[test]
fn a_wish_to_switch_protocols_is_not_followed() {
    let world = World::start();
    for protocol in ["websocket", "h2c"] {
        let ask = world.ask(OpenAi).header("connection", "upgrade, x-internal");
        let ask = ask.header("upgrade", protocol).header("x-internal", "1");
        check::forwarded(&world, &ask.send());
        let seen = world.provider.last_seen();
        assert_eq!((seen.header("upgrade"), seen.header("x-internal")), ("", ""));
    }
    check_raw("CONNECT gate:443 HTTP/1.1\r\nhost: gate:443\r\nconnection: close\r\n\r\n", &[401]);
}

#[test]
fn a_client_of_http_1_0_is_served_and_its_connection_ends() {
    for stream in [false, true] {
        let world = World::start();
        let raw = world.ask(OpenAi).field("stream", json!(stream)).raw();
        let text = read_all(&world, &raw.replacen("HTTP/1.1", "HTTP/1.0", 1));
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.0 200 "), "{head}");
        assert!(!head.contains("transfer-encoding"), "it would not understand chunks: {head}");
        let end = if stream { "data: [DONE]\n\n" } else { "}" };
        assert!(body.ends_with(end), "{body}");
        assert_eq!(check::only_outcome(&world)["ended"], "complete");
    }
}

/// Everything the gate says to `raw` until it hangs up.
fn read_all(world: &World, raw: &str) -> String {
    let mut stream = TcpStream::connect(world.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(raw.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn pipelined_requests_are_each_decided_by_themselves_and_answered_in_order() {
    let world = World::start();
    let good = world.ask(OpenAi);
    let all = [
        good.raw(),
        world.ask(OpenAi).no_token().raw(),
        world.ask(Anthropic).model("hidden").raw(),
        world.ask(Anthropic).raw(),
    ]
    .concat();
    let mut connection = Connection::tcp(world.address);
    connection.send_raw(all.as_bytes());
    check::forwarded(&world, &connection.reply().unwrap());
    let reply = connection.reply().unwrap();
    check::refused(&world, OpenAi, &reply, RefusalCode::CredentialMissing);
    let reply = connection.reply().unwrap();
    check::refused(&world, Anthropic, &reply, RefusalCode::ModelUnknown);
    check::forwarded(&world, &connection.reply().unwrap());
    assert_eq!(world.provider.seen().len(), 2);
}

#[test]
fn who_proves_nothing_is_not_asked_for_a_body() {
    let world = World::start();
    let expecting = |ask: Ask<'_>| {
        let raw = ask.header("expect", "100-continue").raw();
        let (head, body) = raw.split_once("\r\n\r\n").unwrap();
        (format!("{head}\r\n\r\n"), body.to_owned())
    };
    let (head, _) = expecting(world.ask(OpenAi).no_token());
    let mut connection = Connection::tcp(world.address);
    connection.send_raw(head.as_bytes());
    let reply = connection.reply().unwrap();
    check::refused(&world, OpenAi, &reply, RefusalCode::CredentialMissing);
    let (head, body) = expecting(world.ask(OpenAi));
    let mut connection = Connection::tcp(world.address);
    connection.send_raw(head.as_bytes());
    assert_eq!(connection.head().unwrap().status, 100);
    connection.send_raw(body.as_bytes());
    check::forwarded(&world, &connection.reply().unwrap());
}

#[test]
fn a_request_to_an_absolute_address_goes_where_the_charter_says() {
    let world = World::start();
    let reply = world.ask(OpenAi).path("http://elsewhere.test/v1/chat/completions").send();
    check::forwarded(&world, &reply);
    assert_eq!(world.provider.last_seen().header("host"), world.provider.address().to_string());
}

#[test]
fn a_refusal_that_needs_no_body_leaves_the_connection_in_order() {
    let world = World::start();
    let (refused, good) = (world.ask(OpenAi).no_token().raw(), world.ask(OpenAi).raw());
    let (head, body) = refused.split_once("\r\n\r\n").unwrap();
    let mut connection = Connection::tcp(world.address);
    // The body comes after the head was judged.
    connection.send_raw(format!("{head}\r\n\r\n").as_bytes());
    connection.send_raw(body.as_bytes());
    let reply = connection.reply().unwrap();
    check::refused(&world, OpenAi, &reply, RefusalCode::CredentialMissing);
    connection.send_raw(good.as_bytes());
    check::forwarded(&world, &connection.reply().unwrap());
}
