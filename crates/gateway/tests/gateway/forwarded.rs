//! Calls that are allowed: what the provider gets, what the client gets, what the log holds.

use model::Dialect::{self, Anthropic, Gemini, OpenAi};
use serde_json::json;
use testkit::{Canary, Reply, Script};

use crate::ask::DIALECTS;
use crate::charter_files::{AGENT, TWIN, grant, kind, upstream};
use crate::check;
use crate::world::{Setup, World};

/// Sends `ask` and asserts what is the same for every good call: it is recorded, paired with its
/// outcome, and reached the provider once, with the sealed key and not with the agent's token.
#[track_caller]
fn check_good(dialect: Dialect, stream: bool) -> (World, Reply) {
    let world = World::start();
    let token = world.token(AGENT);
    let ask = world.ask(dialect).token(token.clone());
    let reply = if stream { ask.stream().send() } else { ask.send() };
    let outcome = check::forwarded(&world, &reply);
    assert_eq!(outcome["ended"], "complete");
    assert_eq!(outcome["status"], 200);
    assert_eq!(outcome["output_bytes"], reply.body.len());
    assert_eq!(
        outcome["attempts"],
        json!([{"provider": format!("fake-{}", kind(dialect)), "upstream_model": upstream(dialect),
            "lease": {"name": "fake-key", "version": 1}, "status": 200,
            "upstream_request_id": "req_fake"}])
    );
    assert!(outcome["first_byte_ms"].is_u64() && outcome["duration_ms"].is_u64());
    assert_eq!(world.provider.seen().len(), 1);
    let seen = world.provider.last_seen();
    assert_eq!(seen.credential().as_deref(), Some(Canary::ProviderKey.value()));
    let sent = format!("{:?} {}", seen.headers, String::from_utf8_lossy(&seen.body));
    assert!(!sent.contains(&token), "the agent's token stays here");
    (world, reply)
}

#[test]
fn a_whole_answer_of_openai_is_relayed_as_it_came() {
    let (world, reply) = check_good(OpenAi, false);
    assert_eq!(reply.json()["choices"][0]["message"]["content"], "Hello from the fake provider.");
    assert_eq!(reply.json()["model"], "Up/openai", "nothing of the answer is rewritten");
    assert_eq!(
        check::only_outcome(&world)["usage"],
        json!({"input_tokens": 7, "output_tokens": 5})
    );
    assert_eq!(world.provider.last_seen().path, "/v1/chat/completions");
}

#[test]
fn a_whole_answer_of_anthropic_is_relayed_as_it_came() {
    let (world, reply) = check_good(Anthropic, false);
    assert_eq!(reply.json()["content"][0]["text"], "Hello from the fake provider.");
    assert_eq!(
        check::only_outcome(&world)["usage"],
        json!({"input_tokens": 7, "output_tokens": 5})
    );
    assert_eq!(world.provider.last_seen().path, "/v1/messages");
    assert_eq!(world.provider.last_seen().header("anthropic-version"), "2023-06-01");
}

#[test]
fn a_whole_answer_of_gemini_is_relayed_as_it_came() {
    let (world, reply) = check_good(Gemini, false);
    let text = "Hello from the fake provider.";
    assert_eq!(reply.json()["candidates"][0]["content"]["parts"][0]["text"], text);
    assert_eq!(
        check::only_outcome(&world)["usage"],
        json!({"input_tokens": 7, "output_tokens": 5})
    );
    assert_eq!(world.provider.last_seen().path, "/v1beta/models/Up-gemini:generateContent");
}

#[test]
fn a_streamed_answer_of_gemini_is_relayed_byte_for_byte() {
    let (world, reply) = check_good(Gemini, true);
    let text = reply.text();
    assert_eq!(reply.header("content-type"), Some("text/event-stream"));
    assert!(text.starts_with("data: {") && text.ends_with("}\r\n\r\n"), "{text}");
    assert_eq!(text.matches("Hello from").count(), 3);
    assert_eq!(
        check::only_outcome(&world)["usage"],
        json!({"input_tokens": 7, "output_tokens": 3})
    );
    let path = "/v1beta/models/Up-gemini:streamGenerateContent?alt=sse";
    assert_eq!(world.provider.last_seen().path, path);
}

#[test]
fn a_streamed_answer_of_openai_hides_the_usage_that_only_the_gate_asked_for() {
    let (world, reply) = check_good(OpenAi, true);
    let text = reply.text();
    assert_eq!(reply.header("content-type"), Some("text/event-stream"));
    assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
    assert!(!text.contains("prompt_tokens"), "{text}");
    assert_eq!(
        check::only_outcome(&world)["usage"],
        json!({"input_tokens": 7, "output_tokens": 3})
    );
}

#[test]
fn usage_that_the_client_asked_for_is_shown() {
    let world = World::start();
    let options = json!({"include_usage": true});
    let reply = world.ask(OpenAi).stream().field("stream_options", options).send();
    assert!(reply.text().contains("\"prompt_tokens\":7"), "{}", reply.text());
    let outcome = check::forwarded(&world, &reply);
    assert_eq!(outcome["usage"], json!({"input_tokens": 7, "output_tokens": 3}));
}

#[test]
fn a_streamed_answer_of_anthropic_is_relayed_byte_for_byte() {
    let (world, reply) = check_good(Anthropic, true);
    let text = reply.text();
    assert!(text.starts_with("event: message_start\n"), "{text}");
    assert!(text.contains("\"output_tokens\":3"), "{text}");
    assert!(text.ends_with("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"), "{text}");
    assert_eq!(
        check::only_outcome(&world)["usage"],
        json!({"input_tokens": 7, "output_tokens": 3})
    );
}

#[test]
fn a_long_stream_keeps_its_order_and_its_end() {
    let world = World::start();
    world.provider.next(Script::StreamChunks { n: 2_000 });
    let reply = world.ask(OpenAi).stream().send();
    assert_eq!(reply.text().matches("Hello from").count(), 2_000);
    assert_eq!(check::forwarded(&world, &reply)["usage"]["output_tokens"], 2_000);
}

/// Asserts that of `sent` nothing but the model's name, and `added` after it, is changed.
#[track_caller]
fn check_bytes(dialect: Dialect, sent: &str, added: &str) {
    // The texts have a field that this gateway does not know.
    let world = World::with(Setup::default().edited(grant));
    let reply = world.ask(dialect).body(sent).send();
    check::forwarded(&world, &reply);
    let name = upstream(dialect);
    let expected = sent.replacen("\"f\\u0061st\"", &format!("\"{name}\"{added}"), 1);
    assert_eq!(String::from_utf8_lossy(&world.provider.last_seen().body), expected);
}

#[test]
fn forwarded_bytes_are_the_received_ones_but_for_the_model() {
    let text = "\n{ \"messages\" : [ {\"role\":\"user\",\"content\":\"h\\u00e9 \\\"fast\\\" \u{1f600}\"} ],\t\
        \"temperature\":0.50,\"model\" : \"f\\u0061st\",\"max_tokens\":1,\"x\":[1e3,-0.0,null] } \r\n";
    check_bytes(OpenAi, text, "");
    check_bytes(Anthropic, text, "");
    // Gemini's model stands in the path: nothing at all is changed.
    let text = "\n{ \"contents\" : [ {\"parts\":[{\"text\":\"h\\u00e9 \u{1f600}\"}]} ],\t\"x\":[1e3,-0.0] } \r\n";
    check_bytes(Gemini, text, "");
}

#[test]
fn a_streamed_chat_differs_by_the_wish_for_usage_as_well() {
    let text = "{\"model\":\"f\\u0061st\",\"messages\":[],\"stream\":true,\"max_tokens\":1}";
    check_bytes(OpenAi, text, ",\"stream_options\":{\"include_usage\":true}");
    check_bytes(Anthropic, text, "");
}

#[test]
fn no_header_of_the_agent_reaches_the_provider_but_those_the_vendors_define() {
    for dialect in DIALECTS {
        // Previews are part of what is asked: these two are permitted, and pass.
        let world = World::with(Setup::default().edited(grant));
        let mut ask = world.ask(dialect);
        for name in [
            "cookie",
            "forwarded",
            "x-forwarded-for",
            "via",
            "x-real-ip",
            "user-agent",
            "origin",
            "openai-organization",
            "openai-project",
            "x-stainless-lang",
            "x-request-id",
            "te",
            "proxy-authorization",
            "api-key",
            "x-goog-user-project",
            "x-goog-api-client",
            "portreeve-decision",
            "accept",
            "accept-encoding",
            "expect-ct",
            "baggage",
            "traceparent",
            "x-internal",
        ] {
            ask = ask.header(name, Canary::ForeignCredential.value());
        }
        ask = ask.header("anthropic-beta", "beta-1").header("openai-beta", "beta-2");
        ask = ask.header("idempotency-key", "once");
        check::forwarded(&world, &ask.send());
        let seen = world.provider.last_seen();
        let mut names: Vec<_> = seen.headers.keys().map(http::HeaderName::as_str).collect();
        names.sort_unstable();
        let credential = match dialect {
            OpenAi => "authorization",
            Anthropic => "x-api-key",
            Gemini => "x-goog-api-key",
        };
        let mut expected = vec![
            "accept",
            "accept-encoding",
            "anthropic-beta",
            "content-length",
            "content-type",
            "host",
            "idempotency-key",
            "openai-beta",
            "user-agent",
            credential,
        ];
        if dialect == Anthropic {
            expected.push("anthropic-version");
        }
        expected.sort_unstable();
        assert_eq!(names, expected);
        let sent = format!("{:?}", seen.headers);
        assert!(!sent.contains(Canary::ForeignCredential.value()), "{sent}");
        assert_eq!(seen.header("host"), world.provider.address().to_string());
        assert_eq!(seen.header("accept-encoding"), "identity");
        assert!(seen.header("user-agent").starts_with("portreeve/"));
    }
}

#[test]
fn every_way_to_write_a_path_reaches_the_provider_under_its_own() {
    for (dialect, path, expected) in [
        (OpenAi, "/chat/completions", "/v1/chat/completions"),
        (OpenAi, "/openai/v1/chat/completions", "/v1/chat/completions"),
        (Anthropic, "/messages", "/v1/messages"),
        (Anthropic, "/anthropic/v1/messages?beta=true", "/v1/messages?beta=true"),
        (Gemini, "/models/fast:generateContent", "/v1beta/models/Up-gemini:generateContent"),
        (Gemini, "/v1/models/fast:generateContent", "/v1beta/models/Up-gemini:generateContent"),
        (
            Gemini,
            "/gemini/v1beta/models/fast:generateContent?alt=json",
            "/v1beta/models/Up-gemini:generateContent",
        ),
    ] {
        let world = World::start();
        check::forwarded(&world, &world.ask(dialect).path(path).send());
        assert_eq!(world.provider.last_seen().path, expected);
    }
}

#[test]
fn an_entry_with_a_receipt_is_in_the_published_log() {
    let world = World::start();
    let reply = world.ask(OpenAi).send();
    check::forwarded(&world, &reply);
    let receipt = tlog::Receipt::decode(reply.header("portreeve-receipt").unwrap()).unwrap();
    let published = world.runtime.block_on(world.log.publish()).unwrap();
    assert!(published > receipt.index);
    let reader = world.reader();
    assert!(reader.entry(receipt.index).unwrap().unwrap().published);
    let proof = reader.prove(receipt.index).unwrap();
    let proof = tlog::proof::TlogProof::decode(&proof).unwrap();
    proof.verify_carried(&world.verifier()).unwrap();
    assert_eq!(tlog::leaf_hash(&proof.extra.unwrap()), receipt.leaf);
    let mut forged = receipt;
    forged.index += 1;
    assert!(forged.verify(&world.verifier()).is_err());
}

#[test]
fn the_record_names_who_what_where_and_under_which_charter() {
    let world = World::start();
    let token = world.token(AGENT);
    let reply = world.ask(OpenAi).token(token.clone()).stream().send();
    check::forwarded(&world, &reply);
    let decision = world.entries_of(check::decision_id(&reply))[0].json.clone();
    assert_eq!(decision["subject"]["agent"], AGENT);
    let digest = model::Digest::of(token.as_bytes()).to_string();
    assert_eq!(decision["subject"]["credential"], digest);
    assert_eq!(decision["ask"]["model"], "fast");
    assert_eq!(decision["ask"]["stream"], true);
    assert_eq!(decision["targets"].as_array().unwrap().len(), 1, "the dialect's target only");
    let target = &decision["targets"][0];
    assert_eq!(target["provider"], "fake-openai");
    assert_eq!(target["secret"]["name"], "fake-key");
    assert!(target["policies"].to_string().contains("model/team"));
    assert!(target["policies"].to_string().contains("secret/lend"));
    assert_eq!(decision["agent_owner"], "seat:platform-lead");
    assert_eq!(decision["target_owner"], "seat:policy-lead");
    assert_eq!(decision["charter"]["genesis"], true);
    let in_force = world.gate.in_force();
    let digest = in_force.snapshot().charter().digest.to_string();
    assert_eq!(decision["charter"]["digest"], digest);
}

#[test]
fn a_listing_shows_what_may_be_used_as_it_is_asked_and_is_recorded() {
    for dialect in DIALECTS {
        let world = World::start();
        let reply = world.ask_list(dialect).send();
        assert_eq!(reply.status, 200, "{}", reply.text());
        let body = reply.json();
        let (list, name, id) = match dialect {
            OpenAi => ("data", "id", "x-request-id"),
            Anthropic => ("data", "id", "request-id"),
            Gemini => ("models", "name", "x-request-id"),
        };
        let names: Vec<_> = body[list]
            .as_array()
            .unwrap()
            .iter()
            .map(|model| model[name].as_str().unwrap().trim_start_matches("models/").to_owned())
            .collect();
        // Not those of others, nor what a guardrail, a missing lend or an error would refuse.
        assert_eq!(
            json!(names),
            json!([
                "anthropic-only",
                "damaged",
                "fast",
                "gemini-only",
                "hasty",
                "keyless",
                "odd",
                "openai-only",
                "routed",
                "unreachable",
                "whole-only"
            ])
        );
        let entries = world.entries_of(check::decision_id(&reply));
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].json["verdict"]["code"], "permitted");
        assert_eq!(entries[0].json["ask"]["operation"], "list_models");
        assert_eq!(reply.header(id), reply.header("portreeve-decision"));
        world.provider.assert_untouched();
    }
}

#[test]
fn the_same_idempotency_key_of_two_agents_is_two_keys_at_the_provider() {
    let world = World::start();
    let key = |agent: &str, key: &str| {
        let ask = world.ask(OpenAi).token(world.token(agent)).header("idempotency-key", key);
        check::forwarded(&world, &ask.send());
        world.provider.last_seen().header("idempotency-key").to_owned()
    };
    let first = key(AGENT, "once");
    assert_eq!(key(AGENT, "once"), first, "a retry is known again");
    assert_ne!(key(AGENT, "twice"), first);
    assert_ne!(key(TWIN, "once"), first);
    assert!(first.starts_with("portreeve-") && !first.contains("once"), "{first}");
}
