//! Lists of models and approved contexts: a list is made in the context that a call would be made
//! in, has what a call of it would be let do, and is refused where a call would be.

use model::Dialect::{self, Gemini, OpenAi};
use model::RefusalCode::{
    self, ContextBound, ContextRequired, ContextUnfit, ContextUnknown, FieldInvalid,
};
use testkit::Reply;

use crate::ask::{Ask, DIALECTS};
use crate::budgets::at;
use crate::check;
use crate::contexts::{HEADER, OFFICE, add, asking, require, world};
use crate::world::{Setup, World};

/// The names in a list of models.
#[track_caller]
fn names(ask: &Ask<'_>) -> Vec<String> {
    let reply = ask.send();
    assert_eq!(reply.status, 200, "{}", reply.text());
    let body = reply.json();
    let (list, field) =
        if ask.dialect() == Gemini { (&body["models"], "name") } else { (&body["data"], "id") };
    let name = |model: &serde_json::Value| {
        model[field].as_str().unwrap().trim_start_matches("models/").to_owned()
    };
    list.as_array().unwrap().iter().map(name).collect()
}

#[test]
fn a_list_has_what_the_only_context_allows_while_it_is_open() {
    for dialect in DIALECTS {
        let world = world(|files| {
            asking(files);
            files.remove("contexts/support.yaml");
            let text = files.get_mut("contexts/sales.yaml").unwrap();
            text.push_str(OFFICE);
        });
        let has = |agent: &str, model: &str| {
            let ask = world.ask_list(dialect).token(world.token(agent));
            names(&ask).iter().any(|name| name == model)
        };
        for model in ["hidden", "routed", "fast"] {
            assert!(has("dev", model), "{model}");
        }
        assert!(!has("twin", "hidden") && !has("twin", "routed") && has("twin", "fast"));
        world.clock.set(at("2026-11-24T10:00:00Z"));
        assert!(!has("dev", "hidden") && !has("dev", "routed") && has("dev", "fast"));
    }
}

/// Whose token, bound to which context if to any, and the header.
type Caller<'c> = (Option<&'c str>, Option<&'c str>);

fn as_caller<'w>(world: &'w World, ask: Ask<'w>, (bound, header): Caller<'_>) -> Ask<'w> {
    let token = match bound {
        Some(context) => world.token_in("dev", context),
        None => world.token("dev"),
    };
    let ask = ask.token(token);
    match header {
        Some(value) => ask.header(HEADER, value),
        None => ask,
    }
}

/// Models of each fate: for all, for one context, for any context, forbidden, of nobody's.
const FATES: [&str; 5] = ["fast", "hidden", "routed", "guarded", "whole-only"];

#[test]
fn a_list_has_exactly_what_calls_are_let_do_in_the_context_chosen() {
    let callers: [Caller<'_>; 10] = [
        (None, None),
        (None, Some("support")),
        (None, Some("sales")),
        (None, Some("sales; tools=none")),
        (None, Some("sales; models=hidden")),
        (None, Some("support; models=hidden")),
        (Some("support"), None),
        (Some("sales"), None),
        (Some("sales"), Some("sales")),
        (Some("sales"), Some("sales; models=fast,routed")),
    ];
    for dialect in DIALECTS {
        let world = world(asking);
        let mut lists = Vec::new();
        for caller in callers {
            let listed = names(&as_caller(&world, world.ask_list(dialect), caller));
            for model in FATES {
                let call = as_caller(&world, world.ask(dialect).model(model), caller).send();
                let has = listed.iter().any(|name| name == model);
                assert_eq!(has, call.status == 200, "{model} for {caller:?}: {}", call.text());
            }
            lists.push(listed);
        }
        // They differ, so that the test is about something.
        assert!(lists[2].len() > lists[1].len() && lists[2].len() > lists[9].len());
        assert_eq!(lists[4], ["hidden"]);
        assert!(lists[5].is_empty());
        assert_eq!((&lists[6], &lists[7]), (&lists[1], &lists[2]));
    }
}

#[test]
fn a_list_is_recorded_with_the_context_it_was_made_in() {
    for dialect in DIALECTS {
        let world = world(asking);
        for (caller, context) in [
            ((None, None), None),
            ((None, Some("sales")), Some("sales")),
            ((Some("support"), None), Some("support")),
        ] {
            let reply = as_caller(&world, world.ask_list(dialect), caller).send();
            let decision = check::decision(&world, &reply);
            assert_eq!(decision["context"].as_str(), context);
            assert_eq!(decision["subject"]["context"].as_str(), caller.0);
        }
    }
}

#[track_caller]
fn refused(world: &World, dialect: Dialect, caller: Caller<'_>, code: RefusalCode) -> Reply {
    let reply = as_caller(world, world.ask_list(dialect), caller).send();
    check::refused(world, dialect, &reply, code);
    let decision = check::decision(world, &reply);
    assert!(decision["context"].is_null());
    assert_eq!(decision["ask"]["operation"], "list_models");
    reply
}

#[test]
fn a_list_is_refused_where_a_call_would_be_whatever_it_called() {
    for dialect in DIALECTS {
        let world = world(|files| {
            asking(files);
            add(files, "theirs", ("fast", "twin"), "");
            add(files, "closed", ("fast", "dev"), "until: 2026-11-23\n");
        });
        let refused = |caller, code| refused(&world, dialect, caller, code).text();
        for name in ["theirs", "nobodys"] {
            let text = refused((None, Some(name)), ContextUnknown);
            assert!(text.contains("These would do: sales, support."), "{text}");
        }
        let text = refused((None, Some("closed")), ContextUnfit);
        assert!(text.contains("it is not the time it is approved for"), "{text}");
        refused((Some("closed"), None), ContextUnfit);
        for name in ["", "Sales", "sales; tools=all"] {
            refused((None, Some(name)), FieldInvalid);
            refused((Some("sales"), Some(name)), FieldInvalid);
        }
        for name in ["support", "theirs", "nobodys", "closed"] {
            let text = refused((Some("sales"), Some(name)), ContextBound);
            let stay = "Leave the header out, or name `sales` in it. \
                        These would do, each with a token for it: support.";
            assert!(text.contains(stay), "{text}");
        }
        // What it is bound to is not advised where that would not do either.
        let text = refused((Some("closed"), Some("sales")), ContextBound);
        let others = "names another. These would do, each with a token for it: sales, support.";
        assert!(text.contains(others), "{text}");
        refused((Some("gone"), None), ContextBound);
    }
}

#[test]
fn a_list_of_an_agent_that_needs_a_context_is_made_in_one() {
    for dialect in DIALECTS {
        let world = world(|files| {
            asking(files);
            require(files, "agents/dev.yaml");
        });
        let text = refused(&world, dialect, (None, None), ContextRequired).text();
        assert!(text.contains("These would do: sales, support;"), "{text}");
        for caller in [(None, Some("sales")), (Some("sales"), None)] {
            let listed = names(&as_caller(&world, world.ask_list(dialect), caller));
            assert!(listed.contains(&"hidden".to_owned()), "{listed:?}");
        }
    }
}

#[test]
fn a_model_that_needs_a_context_is_in_no_list_that_is_made_in_none() {
    let world = world(|files| {
        asking(files);
        require(files, "models/fast.yaml");
    });
    let list = |caller| names(&as_caller(&world, world.ask_list(OpenAi), caller));
    let fast = "fast".to_owned();
    assert!(!list((None, None)).contains(&fast));
    assert!(list((None, Some("support"))).contains(&fast));
    assert!(list((Some("support"), None)).contains(&fast));
}

fn as_agent<'w>(world: &World, ask: Ask<'w>, agent: &str, context: Option<&str>) -> Ask<'w> {
    let ask = ask.token(world.token(agent));
    match context {
        Some(context) => ask.header(HEADER, context),
        None => ask,
    }
}

/// A model's targets may each be for some contexts, or for some agents: where none is left, a call
/// is refused, and a list does not promise otherwise.
#[test]
fn a_model_without_a_target_for_the_context_is_in_no_list() {
    let targets = [
        ("fake", "when: {contexts: [night]}"),
        ("second", "when: {contexts: [day], environments: [staging]}"),
    ];
    let setup = Setup::routed(&targets, "").edited(|files| {
        for (name, agents) in [("night", "dev"), ("day", "dev, staged"), ("never", "dev")] {
            add(files, name, ("routed, fast", agents), "");
        }
    });
    let world = World::with(setup);
    for (agent, context, expected) in [
        ("dev", Some("night"), true),
        ("dev", Some("day"), false),
        ("dev", Some("never"), false),
        ("dev", None, false),
        ("staged", Some("day"), true),
        ("staged", None, true),
        ("twin", None, false),
    ] {
        let listed = names(&as_agent(&world, world.ask_list(OpenAi), agent, context));
        let has = listed.iter().any(|name| name == "routed");
        assert_eq!(has, expected, "{agent} in {context:?}: {listed:?}");
        let call = as_agent(&world, world.ask(OpenAi).model("routed"), agent, context).send();
        assert_eq!(call.status == 200, expected, "{agent} in {context:?}: {}", call.text());
        assert!(listed.iter().any(|name| name == "fast"), "{listed:?}");
    }
}
