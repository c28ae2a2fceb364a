//! What an agent did lately is a fact for policies: a guardrail forbids after too many refusals,
//! requests or targets, and lets go when they are ten minutes old.

use model::Dialect::OpenAi;
use model::RefusalCode;

use crate::ask::DIALECTS;
use crate::charter_files::{AGENT, TWIN};
use crate::check;
use crate::world::{Setup, World};

const TEN_MINUTES_MS: i64 = 11 * 60_000;

/// A world whose guardrail forbids `fast` when `when` holds.
fn guarded(when: &str) -> World {
    let text = format!(
        "@id(\"lately\") @owner(\"seat:policy-lead\") @rationale(\"A loop.\")\n\
         forbid (principal, action == Action::\"InvokeModel\", resource == Model::\"fast\")\n\
         when {{ {when} }};\n"
    );
    World::with(Setup::default().edited(move |files| {
        files.insert("policies/guardrails/60-recent.cedar".to_owned(), text);
    }))
}

#[test]
fn a_guardrail_forbids_after_so_many_refusals_and_recovers() {
    for dialect in DIALECTS {
        let world = guarded("context.recent.refusals >= 3");
        check::forwarded(&world, &world.ask(dialect).send());
        for model in ["no-such-model", "guarded", "whole-only-not"] {
            check::forwarded(&world, &world.ask(dialect).send());
            assert_ne!(world.ask(dialect).model(model).send().status, 200);
        }
        let reply = world.ask(dialect).send();
        check::refused(&world, dialect, &reply, RefusalCode::PolicyForbids);
        let policies = &check::decision(&world, &reply)["verdict"]["policies"];
        assert_eq!(policies[0]["id"], "guardrails/lately", "{policies}");
        // Nobody else is kept out for it.
        check::forwarded(&world, &world.ask(dialect).token(world.token(TWIN)).send());
        world.clock.advance_ms(9 * 60_000);
        let reply = world.ask(dialect).send();
        check::refused(&world, dialect, &reply, RefusalCode::PolicyForbids);
        // The three are forgotten; those that came of them are two, and keep nobody out.
        world.clock.advance_ms(2 * 60_000);
        check::forwarded(&world, &world.ask(dialect).send());
        world.clock.advance_ms(TEN_MINUTES_MS);
        check::forwarded(&world, &world.ask(dialect).send());
    }
}

#[test]
fn who_keeps_asking_stays_refused() {
    let world = guarded("context.recent.refusals >= 2");
    for _ in 0..2 {
        assert_eq!(world.ask(OpenAi).model("no-such-model").send().status, 404);
    }
    for _ in 0..10 {
        world.clock.advance_ms(4 * 60_000);
        let reply = world.ask(OpenAi).send();
        check::refused(&world, OpenAi, &reply, RefusalCode::PolicyForbids);
    }
    world.clock.advance_ms(TEN_MINUTES_MS);
    check::forwarded(&world, &world.ask(OpenAi).send());
}

#[test]
fn requests_and_targets_are_facts_too() {
    let world = guarded("context.recent.requests >= 5 || context.recent.targets >= 3");
    for _ in 0..5 {
        check::forwarded(&world, &world.ask(OpenAi).send());
    }
    let reply = world.ask(OpenAi).send();
    check::refused(&world, OpenAi, &reply, RefusalCode::PolicyForbids);
    // Another agent: few requests, many targets.
    let ask = |model: &str| world.ask(OpenAi).token(world.token(TWIN)).model(model).send();
    for model in ["routed", "openai-only"] {
        check::forwarded(&world, &ask(model));
    }
    check::forwarded(&world, &ask("fast"));
    check::refused(&world, OpenAi, &ask("fast"), RefusalCode::PolicyForbids);
}

#[test]
fn requests_that_prove_no_identity_are_nobodys() {
    let world = guarded("context.recent.requests >= 2");
    for _ in 0..5 {
        assert_eq!(world.ask(OpenAi).no_token().send().status, 401);
        let expired = world.ask(OpenAi).token(world.token_at(AGENT, 1, 400)).send();
        assert_eq!(expired.status, 401);
    }
    check::forwarded(&world, &world.ask(OpenAi).send());
}
