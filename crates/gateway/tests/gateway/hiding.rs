//! A model that a caller could never use looks to it like one that does not exist.

use model::{Dialect, RefusalCode};
use serde_json::{Value, json};

use crate::ask::DIALECTS;
use crate::charter_files::grant;
use crate::check;
use crate::world::{Setup, World};

/// Asserts that asking for a hidden model, for a missing one, and for names that no model can
/// have are answered alike, to the byte.
#[track_caller]
fn check_alike(dialect: Dialect, stream: bool) {
    let world = World::start();
    let answer = |model: &str| {
        let reply = world.ask(dialect).streamed(stream).model(model).send();
        check::refused(&world, dialect, &reply, RefusalCode::ModelUnknown);
        check::without_id(&reply)
    };
    let hidden = answer("hidden");
    assert!(!hidden.contains("hidden"), "the answer repeats no name: {hidden}");
    for name in ["missing", "MISSING", "Hidden", impossible(dialect), &"x".repeat(4_000)] {
        assert_eq!(answer(name), hidden, "{name}");
    }
    world.provider.assert_untouched();
}

/// A name that no model can have, as the dialect can say it.
const fn impossible(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenAi => "a b\u{fc}",
        Dialect::Anthropic => "",
        Dialect::Gemini => "a%20b",
    }
}

#[test]
fn hidden_missing_and_impossible_models_are_answered_alike() {
    for dialect in DIALECTS {
        check_alike(dialect, false);
        check_alike(dialect, true);
    }
}

#[test]
fn a_hidden_model_of_the_other_dialect_is_no_mismatch() {
    for dialect in DIALECTS {
        let world = World::start();
        // Of one dialect only, and allowed to another agent alone.
        let other = match dialect {
            Dialect::OpenAi => "anthropic",
            Dialect::Anthropic => "gemini",
            Dialect::Gemini => "openai",
        };
        world.amend(|files| {
            let model = files.get_mut("models/hidden.yaml").unwrap();
            let (head, _) = model.split_once("targets:").unwrap();
            *model =
                format!("{head}targets:\n  - provider: fake-{other}\n    upstream_model: up\n");
        });
        let hidden = world.ask(dialect).model("hidden").send();
        check::refused(&world, dialect, &hidden, RefusalCode::ModelUnknown);
        let missing = world.ask(dialect).model("missing").send();
        assert_eq!(check::without_id(&hidden), check::without_id(&missing));
    }
}

/// What is in a request besides the model's name: each would be refused for itself, or pass with
/// a grant, if the caller might use the model.
fn extras(dialect: Dialect) -> Vec<(&'static str, Value)> {
    let mut extras = vec![("tomorrow", json!({"tools": []}))];
    extras.extend(match dialect {
        Dialect::OpenAi => vec![
            ("tools", json!([{"type": "web_search"}])),
            ("tools", json!([{"type": "tomorrow"}])),
            ("store", json!(true)),
            ("previous_response_id", json!("resp_1")),
        ],
        Dialect::Anthropic => vec![
            ("tools", json!([{"type": "web_search_20250305", "name": "web_search"}])),
            ("tools", json!([{"type": "tomorrow_20270101", "name": "tomorrow"}])),
            ("mcp_servers", json!([{"type": "url", "url": "https://tools.test", "name": "x"}])),
            ("container", json!("container_1")),
        ],
        Dialect::Gemini => vec![
            ("tools", json!([{"googleSearch": {}}])),
            ("tools", json!([{"tomorrow": {}}])),
            ("cachedContent", json!("cachedContents/1")),
        ],
    });
    extras
}

#[test]
fn nothing_else_in_a_request_tells_a_hidden_model_from_a_missing_one() {
    for dialect in DIALECTS {
        for world in [World::start(), World::with(Setup::default().edited(grant))] {
            for (field, value) in extras(dialect) {
                let answer = |model| {
                    let reply = world.ask(dialect).field(field, value.clone()).model(model).send();
                    check::without_id(&reply)
                };
                assert_eq!(answer("hidden"), answer("missing"), "{dialect:?}: {field} {value}");
            }
            world.provider.assert_untouched();
        }
    }
}

#[test]
fn the_log_tells_apart_what_the_caller_cannot() {
    for dialect in DIALECTS {
        let world = World::start();
        for (name, owner) in
            [("hidden", "seat:policy-lead".into()), ("missing", serde_json::Value::Null)]
        {
            let reply = world.ask(dialect).model(name).send();
            let entries = world.entries_of(check::decision_id(&reply));
            assert_eq!(entries[0].json["ask"]["model"], name);
            assert_eq!(entries[0].json["target_owner"], owner);
        }
    }
}
