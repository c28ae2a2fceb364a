//! Every governed path, however it is written: what reaches the provider, what comes back, what
//! is recorded.

use model::Dialect::{self, Anthropic, Gemini, OpenAi};
use model::RefusalCode;
use serde_json::{Value, json};
use testkit::{Canary, Script};

use crate::ask::Ask;
use crate::charter_files::{kind, upstream};
use crate::check;
use crate::world::World;

/// An endpoint as clients and as its provider know it.
struct Endpoint {
    dialect: Dialect,
    /// The path without version and prefix, for the model `fast`.
    path: &'static str,
    operation: &'static str,
    /// Where it reaches the provider.
    upstream: &'static str,
    body: &'static str,
    /// Tokens of a whole answer, where it uses any.
    usage: Option<(u64, u64)>,
}

const CHAT: &str = r#"{"model":"fast","messages":[{"role":"user","content":"hi"}]}"#;
const RESPONSE: &str = r#"{"model":"fast","input":"hi","store":false}"#;
const EMBEDDING: &str = r#"{"model":"fast","input":["hi"]}"#;
const MESSAGE: &str =
    r#"{"model":"fast","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#;
const COUNT: &str = r#"{"model":"fast","messages":[{"role":"user","content":"hi"}]}"#;
const CONTENT: &str = r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#;

const fn endpoint(
    (dialect, path, operation): (Dialect, &'static str, &'static str),
    upstream: &'static str,
    body: &'static str,
    usage: Option<(u64, u64)>,
) -> Endpoint {
    Endpoint { dialect, path, operation, upstream, body, usage }
}

const ENDPOINTS: &[Endpoint] = &[
    endpoint(
        (OpenAi, "/chat/completions", "chat_completions"),
        "/v1/chat/completions",
        CHAT,
        Some((7, 5)),
    ),
    endpoint((OpenAi, "/responses", "responses"), "/v1/responses", RESPONSE, Some((7, 5))),
    endpoint((OpenAi, "/embeddings", "embeddings"), "/v1/embeddings", EMBEDDING, Some((7, 0))),
    endpoint((Anthropic, "/messages", "messages"), "/v1/messages", MESSAGE, Some((7, 5))),
    endpoint(
        (Anthropic, "/messages/count_tokens", "count_message_tokens"),
        "/v1/messages/count_tokens",
        COUNT,
        None,
    ),
    endpoint(
        (Gemini, "/models/fast:generateContent", "generate_content"),
        "/v1beta/models/Up-gemini:generateContent",
        CONTENT,
        Some((7, 5)),
    ),
    endpoint(
        (Gemini, "/models/fast:countTokens", "count_content_tokens"),
        "/v1beta/models/Up-gemini:countTokens",
        CONTENT,
        None,
    ),
];

/// Streams of each endpoint that has them: how the request differs, and a stream that ends well.
const STREAMS: &[(usize, &str, &str)] = &[
    (
        0,
        "/chat/completions",
        "data: {\"choices\" : [{\"delta\":{\"content\":\"\\u00e9\"}}]}\n\n: a comment\n\ndata: [DONE]\n\n",
    ),
    (
        1,
        "/responses",
        "event: response.created\ndata: {\"type\":\"response.created\"}\n\n\
         event: response.completed\ndata: {\"type\" : \"response.completed\",\"response\":{}}\n\n",
    ),
    (
        3,
        "/messages",
        "event: ping\ndata: {\"type\": \"ping\"}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    ),
    (
        5,
        "/models/fast:streamGenerateContent?alt=sse",
        "data: {\"candidates\": [{\"finishReason\": \"STOP\"}]}\r\n\r\n",
    ),
];

impl Endpoint {
    fn ask<'w>(&self, world: &'w World, path: &str) -> Ask<'w> {
        world.ask(self.dialect).path(path).body(self.body)
    }

    /// Every way in which clients write its path.
    fn spellings(&self) -> Vec<String> {
        let versions: &[&str] =
            if self.dialect == Gemini { &["", "/v1", "/v1beta"] } else { &["", "/v1"] };
        let prefixes = ["".to_owned(), format!("/{}", kind(self.dialect))];
        let all = prefixes.iter().flat_map(|prefix| {
            versions.iter().map(move |version| format!("{prefix}{version}{}", self.path))
        });
        all.collect()
    }

    /// The body as the provider gets it.
    fn forwarded(&self) -> String {
        let name = format!("\"{}\"", upstream(self.dialect));
        self.body.replace("\"fast\"", &name)
    }

    const fn credential_header(&self) -> &'static str {
        match self.dialect {
            OpenAi => "authorization",
            Anthropic => "x-api-key",
            Gemini => "x-goog-api-key",
        }
    }
}

/// A good request for the model `fast` to every endpoint, whole and, where there are streams,
/// streamed.
pub(crate) fn every_ask(world: &World) -> Vec<(String, Ask<'_>)> {
    let whole = ENDPOINTS
        .iter()
        .map(|endpoint| (endpoint.operation.to_owned(), endpoint.ask(world, endpoint.path)));
    let streamed = STREAMS.iter().map(|(place, path, _)| {
        let endpoint = &ENDPOINTS[*place];
        let ask = endpoint.ask(world, path);
        let ask = if endpoint.dialect == Gemini { ask } else { ask.field("stream", json!(true)) };
        (format!("{} streamed", endpoint.operation), ask)
    });
    whole.chain(streamed).collect()
}

#[test]
fn every_spelling_of_every_path_reaches_the_provider_under_its_own() {
    let world = World::start();
    let odd = "{ \"answer\" : [1.50,  \"\\u00e9\"],\n\"x\":{} }";
    for endpoint in ENDPOINTS {
        for path in endpoint.spellings() {
            world.provider.next(Script::Status(200, odd.to_owned()));
            let reply = endpoint.ask(&world, &path).send();
            check::forwarded(&world, &reply);
            assert_eq!(reply.text(), odd, "{path}: relayed byte for byte");
            let seen = world.provider.last_seen();
            assert_eq!(seen.path, endpoint.upstream, "{path}");
            assert_eq!(String::from_utf8_lossy(&seen.body), endpoint.forwarded(), "{path}");
            let sent = seen.header(endpoint.credential_header());
            assert!(sent.ends_with(Canary::ProviderKey.value()), "{path}");
            assert_eq!(seen.header("accept"), "application/json", "{path}");
        }
    }
}

#[test]
fn a_whole_answer_says_who_served_it_and_its_usage_is_recorded() {
    let world = World::start();
    for endpoint in ENDPOINTS {
        let reply = endpoint.ask(&world, endpoint.path).send();
        let outcome = check::forwarded(&world, &reply);
        let usage = endpoint.usage.map_or(
            Value::Null,
            |(input, output)| json!({"input_tokens": input, "output_tokens": output}),
        );
        assert_eq!(outcome["usage"], usage, "{}", endpoint.operation);
        let (kind, upstream) = (kind(endpoint.dialect), upstream(endpoint.dialect));
        assert_eq!(reply.header("portreeve-model"), Some("fast"));
        let target = format!("fake-{kind}/{upstream}");
        assert_eq!(reply.header("portreeve-target"), Some(target.as_str()));
        assert_eq!(reply.header("portreeve-attempts"), Some("1"));
        let id = if endpoint.dialect == Anthropic { "request-id" } else { "x-request-id" };
        assert_eq!(reply.header(id), Some("req_fake"), "the provider's own");
        let decision = check::decision(&world, &reply);
        assert_eq!(decision["ask"]["operation"], endpoint.operation);
        assert_eq!(decision["ask"]["stream"], false);
    }
}

#[test]
fn every_stream_is_relayed_byte_for_byte() {
    let world = World::start();
    for (place, path, events) in STREAMS {
        let endpoint = &ENDPOINTS[*place];
        world.provider.next(Script::Events((*events).to_owned()));
        let mut ask = world.ask(endpoint.dialect).path(path).body(endpoint.body);
        if endpoint.dialect != Gemini {
            ask = ask.field("stream", json!(true));
        }
        let reply = ask.send();
        assert_eq!(check::forwarded(&world, &reply)["ended"], "complete", "{path}");
        assert_eq!(reply.text(), *events, "{path}");
        assert_eq!(reply.header("content-type"), Some("text/event-stream"));
        assert_eq!(check::decision(&world, &reply)["ask"]["stream"], true, "{path}");
        let seen = world.provider.last_seen();
        let streamed = endpoint.upstream.replace(":generate", ":streamGenerate");
        let query = if endpoint.dialect == Gemini { "?alt=sse" } else { "" };
        assert_eq!(seen.path, format!("{streamed}{query}"));
        assert_eq!(seen.header("accept"), "text/event-stream", "{path}");
    }
}

#[test]
fn the_usage_of_every_stream_is_recorded() {
    let world = World::start();
    for (place, path, _) in STREAMS {
        let endpoint = &ENDPOINTS[*place];
        let mut ask = world.ask(endpoint.dialect).path(path).body(endpoint.body);
        if endpoint.dialect != Gemini {
            ask = ask.field("stream", json!(true));
        }
        let outcome = check::forwarded(&world, &ask.send());
        let usage = json!({"input_tokens": 7, "output_tokens": 3});
        assert_eq!(outcome["usage"], usage, "{path}");
    }
}

#[test]
fn an_answer_that_does_not_say_what_it_used_is_recorded_without_usage() {
    let world = World::start();
    world.provider.always(Script::NoUsage);
    for endpoint in ENDPOINTS {
        let reply = endpoint.ask(&world, endpoint.path).send();
        assert_eq!(check::forwarded(&world, &reply)["usage"], Value::Null);
    }
}

#[test]
fn a_refusal_speaks_the_dialect_of_its_endpoint() {
    let world = World::start();
    for endpoint in ENDPOINTS {
        for path in endpoint.spellings() {
            let path = path.replace("fast", "hidden");
            let body = endpoint.body.replace("fast", "hidden");
            let reply = world.ask(endpoint.dialect).path(&path).body(body).send();
            check::refused(&world, endpoint.dialect, &reply, RefusalCode::ModelUnknown);
        }
    }
    world.provider.assert_untouched();
}

#[test]
fn the_table_of_these_tests_has_every_governed_path() {
    let known: Vec<String> = ENDPOINTS
        .iter()
        .map(|endpoint| endpoint.path)
        .chain(STREAMS.iter().map(|(_, path, _)| *path))
        .map(|path| path.split('?').next().unwrap().replace("fast", "{model}"))
        .collect();
    for governed in gateway::GOVERNED {
        let listing = governed.path == "/models";
        assert!(listing || known.iter().any(|path| path == governed.path), "{governed:?}");
    }
}
