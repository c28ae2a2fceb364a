//! Tokens that are bound to an approved context: every call is made in exactly that one, whatever
//! a header says, and in none once the charter took it away.

use model::Dialect::OpenAi;
use model::RefusalCode::{self, ContextBound, ContextUnfit, FieldInvalid};

use crate::ask::DIALECTS;
use crate::budgets::{at, replace};
use crate::charter_files::{Files, grant};
use crate::check;
use crate::contexts::{HEADER, OFFICE, add, asking, passes, refused, require, searching, world};

/// Two contexts of the agent that both cover `fast`, and one that is another agent's.
fn two(files: &mut Files) {
    add(files, "support", ("fast", "dev"), "");
    add(files, "sales", ("fast, routed", "dev"), "tools: [web_search]\n");
    add(files, "theirs", ("fast", "twin"), "");
    grant(files);
}

#[test]
fn a_bound_tokens_calls_are_made_in_its_context_without_a_word() {
    for dialect in DIALECTS {
        let world = world(two);
        for name in ["support", "sales"] {
            let ask = world.ask(dialect).token(world.token_in("dev", name));
            passes(&world, &ask, Some(name));
            passes(&world, &ask.clone().header(HEADER, name), Some(name));
            let decision = check::decision(&world, &ask.send());
            assert_eq!(decision["subject"]["context"], name);
        }
        let decision = check::decision(&world, &world.ask(dialect).send());
        assert!(decision["subject"].get("context").is_none(), "{decision}");
    }
}

#[test]
fn what_its_context_is_not_approved_for_is_refused_though_none_is_required() {
    for dialect in DIALECTS {
        let world = world(two);
        let bound = || world.ask(dialect).token(world.token_in("dev", "support"));
        passes(&world, &world.ask(dialect).model("routed"), None);
        let reply = refused(&world, &bound().model("routed"), ContextUnfit);
        let text = reply.text();
        assert!(text.contains("Context `support`: it does not cover the model."), "{text}");
        assert!(text.contains("These would do, each with a token for it: sales."), "{text}");
        assert_eq!(check::own(dialect, &reply.json())["who"], "seat:platform-lead");
        refused(&world, &searching(bound()), ContextUnfit);
        let sales = world.ask(dialect).token(world.token_in("dev", "sales"));
        passes(&world, &searching(sales), Some("sales"));
    }
}

#[test]
fn no_header_leaves_the_tokens_context() {
    for dialect in DIALECTS {
        let world = world(two);
        let answer = |name: &str| {
            let ask = world.ask(dialect).token(world.token_in("dev", "support"));
            check::without_id(&refused(&world, &ask.header(HEADER, name), ContextBound))
        };
        let other = answer("sales");
        assert!(other.contains("bound to `support`"), "{other}");
        let stay = "Leave the header out, or name `support` in it. \
                    These would do, each with a token for it: sales.";
        assert!(other.contains(stay), "{other}");
        // The same words for another agent's, for nobody's, and with whatever narrows it.
        for name in ["theirs", "nobodys", "sales; tools=none", "sales; models=fast"] {
            assert_eq!(answer(name), other, "{name}");
        }
    }
}

#[test]
fn a_header_narrows_the_tokens_context() {
    for dialect in DIALECTS {
        let world = world(two);
        let narrowed = |value: &str| {
            world.ask(dialect).token(world.token_in("dev", "sales")).header(HEADER, value)
        };
        passes(&world, &narrowed("sales; models=fast; tools=none"), Some("sales"));
        refused(&world, &narrowed("sales; models=routed"), ContextUnfit);
        passes(&world, &searching(narrowed("sales")), Some("sales"));
        refused(&world, &searching(narrowed("sales; tools=none")), ContextUnfit);
        for value in ["", "Sales", "sales; tools=all", "sales, support"] {
            refused(&world, &narrowed(value), FieldInvalid);
        }
        let twice = narrowed("sales").header(HEADER, "sales");
        refused(&world, &twice, FieldInvalid);
    }
}

#[test]
fn a_context_that_the_charter_took_away_refuses_the_token_that_is_bound_to_it() {
    for dialect in DIALECTS {
        let taken: [fn(&mut Files); 2] = [
            |files| assert!(files.remove("contexts/support.yaml").is_some()),
            |files| replace(files, "contexts/support.yaml", "agents: [dev]", "agents: [twin]"),
        ];
        for take in taken {
            let world = world(two);
            let token = world.token_in("dev", "support");
            let bound = || world.ask(dialect).token(token.clone());
            passes(&world, &bound(), Some("support"));
            world.amend(take);
            let reply = refused(&world, &bound(), ContextBound);
            let text = reply.text();
            assert!(text.contains("has no context `support` any more"), "{text}");
            assert!(text.contains("each with a token for it: sales."), "{text}");
            assert_eq!(check::own(dialect, &reply.json())["who"], "seat:platform-lead");
            for header in ["support", "sales"] {
                refused(&world, &bound().header(HEADER, header), ContextBound);
            }
            // Its agent is served with other tokens, now in the only context it has left.
            passes(&world, &world.ask(dialect), Some("sales"));
        }
    }
}

#[test]
fn a_token_of_the_only_context_does_not_fall_back_to_none() {
    let world = world(|files| add(files, "support", ("fast", "dev"), ""));
    let token = world.token_in("dev", "support");
    world.amend(|files| {
        files.remove("contexts/support.yaml");
    });
    let reply = refused(&world, &world.ask(OpenAi).token(token), ContextBound);
    let text = reply.text();
    assert!(text.contains("None of this agent's other contexts would do"), "{text}");
    // A token for what was never the agent's: nothing but a fault of ours would sign one.
    let reply =
        refused(&world, &world.ask(OpenAi).token(world.token_in("twin", "x")), ContextBound);
    assert!(reply.text().contains("has no context `x` any more"), "{}", reply.text());
}

#[test]
fn a_context_that_ended_or_closed_since_refuses_the_token_that_is_bound_to_it() {
    for (more, open, closed) in [
        ("until: 2026-11-24\n", "2026-11-24T23:59:00Z", "2026-11-25T00:00:00Z"),
        (OFFICE, "2026-11-24T09:59:00Z", "2026-11-24T10:00:00Z"),
    ] {
        for dialect in DIALECTS {
            let world = world(move |files| {
                add(files, "support", ("fast", "dev"), more);
                add(files, "sales", ("fast", "dev"), "");
            });
            world.clock.set(at(open));
            let ask = world.ask(dialect).token(world.token_in("dev", "support"));
            passes(&world, &ask, Some("support"));
            world.clock.set(at(closed));
            let text = refused(&world, &ask, ContextUnfit).text();
            assert!(text.contains("it is not the time it is approved for"), "{text}");
            assert!(text.contains("each with a token for it: sales."), "{text}");
        }
    }
}

#[test]
fn a_context_that_changed_since_is_as_the_charter_in_force_has_it() {
    let world = world(two);
    let ask = world.ask(OpenAi).token(world.token_in("dev", "support"));
    refused(&world, &ask.clone().model("routed"), ContextUnfit);
    world.amend(|files| replace(files, "contexts/support.yaml", "[fast]", "[routed]"));
    passes(&world, &ask.clone().model("routed"), Some("support"));
    refused(&world, &ask, ContextUnfit);
}

#[test]
fn where_a_context_is_required_the_token_names_it() {
    for dialect in DIALECTS {
        for file in ["agents/dev.yaml", "models/fast.yaml"] {
            let world = world(move |files| {
                two(files);
                require(files, file);
            });
            check::refusal_answer(
                dialect,
                &world.ask(dialect).send(),
                RefusalCode::ContextRequired,
            );
            let ask = world.ask(dialect).token(world.token_in("dev", "sales"));
            passes(&world, &ask, Some("sales"));
        }
    }
}

#[test]
fn policy_sees_the_tokens_context() {
    for dialect in DIALECTS {
        let world = world(asking);
        let hidden =
            |context| world.ask(dialect).model("hidden").token(world.token_in("dev", context));
        passes(&world, &hidden("sales"), Some("sales"));
        check::refused(&world, dialect, &hidden("support").send(), ContextUnfit);
    }
}

#[test]
fn whatever_a_token_is_bound_to_a_hidden_model_looks_like_a_missing_one() {
    for dialect in DIALECTS {
        let world = world(|files| {
            add(files, "support", ("fast", "dev"), "");
            add(files, "sales", ("hidden, fast", "dev"), "");
        });
        let answer = |model: &str, context: &str, header: Option<&str>| {
            let mut ask = world.ask(dialect).model(model).token(world.token_in("dev", context));
            if let Some(header) = header {
                ask = ask.header(HEADER, header);
            }
            let reply = ask.send();
            check::refused(&world, dialect, &reply, RefusalCode::ModelUnknown);
            check::without_id(&reply)
        };
        let missing = answer("no-such-model", "support", None);
        for context in ["support", "sales", "gone"] {
            for header in [None, Some("support"), Some("nobodys"), Some("NO GOOD")] {
                assert_eq!(answer("hidden", context, header), missing, "{context} {header:?}");
                let other = answer("no-such-model", context, header);
                assert_eq!(other, missing, "{context} {header:?}");
            }
        }
    }
}
