//! A model that a caller could never use looks to it like one that does not exist.

use model::{Dialect, RefusalCode};
use testkit::Reply;

use crate::ask::DIALECTS;
use crate::check;
use crate::world::World;

/// Everything of the answer, without what may differ: the decision's id, and the time.
#[track_caller]
fn without_id(reply: &Reply) -> String {
    let id = check::decision_id(reply).to_string();
    let headers: String = reply
        .headers
        .iter()
        .filter(|(name, _)| name != "date")
        .map(|(name, value)| format!("{name}: {value}\n"))
        .collect();
    format!("{}\n{headers}\n{}", reply.status, reply.text()).replace(&id, "ID")
}

/// Asserts that asking for a hidden model, for a missing one, and for names that no model can
/// have are answered alike, to the byte.
#[track_caller]
fn check_alike(dialect: Dialect, stream: bool) {
    let world = World::start();
    let answer = |model: &str| {
        let ask = world.ask(dialect).field("stream", stream.into());
        let reply = ask.model(model).send();
        check::refused(&world, dialect, &reply, RefusalCode::ModelUnknown);
        without_id(&reply)
    };
    let hidden = answer("hidden");
    assert!(!hidden.contains("hidden"), "the answer repeats no name: {hidden}");
    for name in ["missing", "MISSING", "Hidden", "", "a b", "\u{fc}ber", &"x".repeat(4_000)] {
        assert_eq!(answer(name), hidden, "{name}");
    }
    world.provider.assert_untouched();
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
            Dialect::Anthropic => "openai",
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
        assert_eq!(without_id(&hidden), without_id(&missing));
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
