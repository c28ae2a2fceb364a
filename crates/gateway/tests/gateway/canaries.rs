//! Nothing that is secret, and nothing that was said, comes out where it does not belong: one
//! scenario that goes every way, then a search of every answer and every file.

use std::path::Path;

use model::Dialect::OpenAi;
use serde_json::json;
use testkit::{Canary, Connection, Reply, Script, assert_clean, assert_clean_dir, forms};

use crate::ask::DIALECTS;
use crate::charter_files::AGENT;
use crate::world::World;

/// Every answer of a scenario, and every token that was presented.
#[derive(Default)]
struct Told {
    replies: Vec<Reply>,
    tokens: Vec<String>,
}

impl Told {
    /// Sends the same request in every dialect, whole and streamed, while the provider acts out
    /// `script`.
    fn ask(&mut self, world: &World, script: &Script, model: &str) {
        for dialect in DIALECTS {
            for stream in [false, true] {
                // A target that failed is tried again by now.
                world.clock.advance_ms(60_000);
                world.provider.next(script.clone());
                let token = world.token(AGENT);
                let ask = world
                    .ask(dialect)
                    .model(model)
                    .streamed(stream)
                    .field("tools", tool(dialect))
                    .header("cookie", Canary::ForeignCredential.value())
                    .header("x-person", Canary::Person.value())
                    .token(token.clone());
                self.tokens.push(token);
                self.replies.push(read(&mut ask.open()));
            }
        }
    }

    /// Sends the token `token` of somebody who is refused.
    fn refused(&mut self, world: &World, token: String) {
        for dialect in DIALECTS {
            self.replies.push(world.ask(dialect).token(token.clone()).send());
        }
        self.tokens.push(token);
    }
}

/// A function tool whose description holds a canary.
fn tool(dialect: model::Dialect) -> serde_json::Value {
    let text = Canary::Argument.value();
    match dialect {
        OpenAi => json!([{"type": "function", "function": {"name": "f", "description": text}}]),
        model::Dialect::Anthropic => {
            json!([{"name": "f", "description": text, "input_schema": {}}])
        }
        model::Dialect::Gemini => {
            json!([{"functionDeclarations": [{"name": "f", "description": text}]}])
        }
    }
}

/// The answer as far as it comes: some of these break off.
fn read(connection: &mut Connection) -> Reply {
    let mut reply = connection.head().unwrap();
    match reply.header("content-length").map(|length| length.parse().unwrap()) {
        Some(length) => reply.body = connection.take(length).unwrap(),
        None => {
            while let Ok(Some(chunk)) = connection.chunk() {
                reply.body.extend(chunk);
            }
        }
    }
    reply
}

#[test]
fn no_secret_and_no_word_of_a_prompt_comes_out_of_any_way_a_request_can_go() {
    let world = World::start();
    let mut told = Told::default();
    let quoting = format!("{{\"error\":\"{} is wrong\"}}", Canary::ProviderKey.value());
    for script in [
        Script::Answer,
        Script::DropBeforeHeaders,
        Script::DropMidStream,
        Script::Html,
        Script::Redirect,
        Script::Status(401, quoting.clone()),
        Script::Status(500, quoting),
        Script::EchoHeaders,
        Script::TruncatedBody,
        Script::HugeHead { bytes: 128 * 1024 },
    ] {
        told.ask(&world, &script, "fast");
    }
    for model in ["hidden", "guarded", "overflowing", "locked", "keyless", "damaged", "unreachable"]
    {
        // The script stays queued for a call that never reaches the provider.
        told.ask(&world, &Script::Answer, model);
    }
    told.refused(&world, world.forged_token(AGENT));
    told.refused(&world, world.token_at(AGENT, 1, 300));
    told.refused(&world, world.token_for_another_gateway(AGENT));
    told.refused(&world, world.token("resting"));
    told.refused(&world, Canary::ForeignCredential.value().to_owned());
    world.faults.fail(ledger::Step::WalAppend, ledger::When::Before, 1);
    told.refused(&world, world.token(AGENT));
    told.replies.push(world.ask(OpenAi).body(Canary::Prompt.value()).send());
    let path = format!("/v1/messages?x={}", Canary::Prompt.value().replace('>', ""));
    told.replies.push(world.ask(OpenAi).path(&path).send());
    world.runtime.block_on(world.log.publish()).unwrap();
    let reached = world.provider.seen();
    let key = Some(Canary::ProviderKey.value().to_owned());
    assert!(reached.iter().any(|seen| seen.credential() == key), "the secret was lent");
    let debug = format!("{:?} {:?}", world.gate, world.log.status());
    let ended = world.end();

    for reply in &told.replies {
        assert_clean(&reply.everything(), "an answer", &Canary::ALL);
        assert_no_token(&reply.everything(), "an answer", &told.tokens);
    }
    assert_clean(debug.as_bytes(), "the gate's own words", &Canary::ALL);
    for seen in reached {
        let sent = format!("{:?}{}", seen.headers, String::from_utf8_lossy(&seen.body));
        let only_here = [Canary::ForeignCredential, Canary::Person];
        assert_clean(sent.as_bytes(), "what the provider saw", &only_here);
        assert_no_token(sent.as_bytes(), "what the provider saw", &told.tokens);
    }
    assert_clean_dir(ended.home.path(), &Canary::ALL);
    assert_no_token_dir(ended.home.path(), &told.tokens);
}

/// Asserts that no token, nor its signature alone, is in `bytes` in any form.
#[track_caller]
fn assert_no_token(bytes: &[u8], place: &str, tokens: &[String]) {
    let text = String::from_utf8_lossy(bytes);
    for token in tokens {
        let signature = token.rsplit('.').next().unwrap();
        for (form, needle) in forms(signature) {
            let needle = String::from_utf8(needle).unwrap();
            assert!(!text.contains(&needle), "{place} holds a token ({form})");
        }
    }
}

/// Asserts the same of every file below `dir`.
fn assert_no_token_dir(dir: &Path, tokens: &[String]) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_no_token_dir(&path, tokens);
        } else if path.is_file() {
            assert_no_token(&std::fs::read(&path).unwrap(), &path.display().to_string(), tokens);
        }
    }
}
