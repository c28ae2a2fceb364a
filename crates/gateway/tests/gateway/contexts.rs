//! In which approved context a call is made: the agent's only one, one that a header selects or
//! narrows, never more than that.

use model::Dialect::{Anthropic, Gemini, OpenAi};
use model::RefusalCode::{self, ContextRequired, ContextUnfit, ContextUnknown, FieldInvalid};
use serde_json::json;
use testkit::{Gate, Reply, Script};

use crate::ask::{Ask, DIALECTS};
use crate::budgets::{at, replace};
use crate::charter_files::{Files, grant};
use crate::check;
use crate::world::{Setup, World};

pub(crate) const HEADER: &str = "portreeve-context";
/// A Tuesday, 2026-11-24, is the day of these tests.
pub(crate) const OFFICE: &str = "hours: {days: [tue], from: 08:00, until: 10:00}\n";

/// Adds a context of `agents` that covers `models`; `more` are further fields.
pub(crate) fn add(files: &mut Files, name: &str, (models, agents): (&str, &str), more: &str) {
    let text = format!(
        "name: {name}\npurpose: What {name} is for.\nowner: platform-lead\n\
         approver: policy-lead\ndata_class: public\nmodels: [{models}]\nagents: [{agents}]\n{more}"
    );
    assert!(files.insert(format!("contexts/{name}.yaml"), text).is_none());
}

pub(crate) fn world(edit: impl FnOnce(&mut Files) + 'static) -> World {
    World::with(Setup::default().edited(edit))
}

pub(crate) fn require(files: &mut Files, file: &str) {
    replace(files, file, "purpose: A test.\n", "purpose: A test.\ncontext_required: true\n");
}

/// A web search, as the dialect asks for one.
pub(crate) fn searching(ask: Ask<'_>) -> Ask<'_> {
    let tool = match ask.dialect() {
        OpenAi => json!({"type": "web_search"}),
        Anthropic => json!({"type": "web_search_20250305", "name": "web_search"}),
        Gemini => json!({"googleSearch": {}}),
    };
    ask.field("tools", json!([tool]))
}

#[track_caller]
pub(crate) fn passes(world: &World, ask: &Ask<'_>, context: Option<&str>) {
    let reply = ask.send();
    check::forwarded(world, &reply);
    assert_eq!(check::decision(world, &reply)["context"].as_str(), context);
}

#[track_caller]
pub(crate) fn refused(world: &World, ask: &Ask<'_>, code: RefusalCode) -> Reply {
    let before = world.provider.seen().len();
    let reply = ask.send();
    check::refused(world, ask.dialect(), &reply, code);
    assert_eq!(world.provider.seen().len(), before);
    assert!(check::decision(world, &reply)["context"].is_null());
    reply
}

#[test]
fn an_agent_without_contexts_needs_none() {
    for dialect in DIALECTS {
        let world = World::start();
        passes(&world, &world.ask(dialect), None);
        let reply = refused(&world, &world.ask(dialect).header(HEADER, "support"), ContextUnknown);
        assert!(reply.text().contains("None of this agent's contexts would do"));
    }
}

#[test]
fn the_only_context_is_used_without_a_word_where_it_fits() {
    for dialect in DIALECTS {
        let world = world(|files| add(files, "support", ("fast", "dev"), ""));
        passes(&world, &world.ask(dialect), Some("support"));
        passes(&world, &world.ask(dialect).header(HEADER, "support"), Some("support"));
        // What it does not cover is called in none, where none is required.
        passes(&world, &world.ask(dialect).model("routed"), None);
        let named = world.ask(dialect).model("routed").header(HEADER, "support");
        let reply = refused(&world, &named, ContextUnfit);
        assert!(reply.text().contains("it does not cover the model"), "{}", reply.text());
        assert_eq!(check::own(dialect, &reply.json())["who"], "seat:platform-lead");
        // Another agent is in none of it.
        passes(&world, &world.ask(dialect).token(world.token("twin")), None);
    }
}

#[test]
fn among_several_nothing_is_guessed() {
    for dialect in DIALECTS {
        let world = world(|files| {
            add(files, "support", ("fast", "dev"), "");
            add(files, "sales", ("fast, routed", "dev"), "");
        });
        passes(&world, &world.ask(dialect), None);
        for name in ["support", "sales"] {
            passes(&world, &world.ask(dialect).header(HEADER, name), Some(name));
        }
        let routed = world.ask(dialect).model("routed");
        passes(&world, &routed.clone().header(HEADER, "sales"), Some("sales"));
        let reply = refused(&world, &routed.header(HEADER, "support"), ContextUnfit);
        assert!(reply.text().contains("These would do: sales."), "{}", reply.text());
    }
}

#[test]
fn where_one_is_required_the_refusal_says_which_would_do() {
    for dialect in DIALECTS {
        for file in ["agents/dev.yaml", "models/fast.yaml"] {
            let world = world(move |files| {
                add(files, "support", ("fast", "dev"), "");
                add(files, "sales", ("fast, routed", "dev"), "");
                add(files, "closed", ("fast", "dev"), "until: 2026-11-23\n");
                require(files, file);
            });
            let reply = refused(&world, &world.ask(dialect), ContextRequired);
            assert!(reply.text().contains("These would do: sales, support;"), "{}", reply.text());
            assert_eq!(check::own(dialect, &reply.json())["who"], "seat:platform-lead");
            passes(&world, &world.ask(dialect).header(HEADER, "sales"), Some("sales"));
            let routed = world.ask(dialect).model("routed");
            if file.starts_with("agents") {
                let reply = refused(&world, &routed, ContextRequired);
                assert!(reply.text().contains("These would do: sales;"), "{}", reply.text());
            } else {
                passes(&world, &routed, None);
            }
            let twin = world.ask(dialect).token(world.token("twin"));
            if file.starts_with("agents") {
                passes(&world, &twin, None);
            } else {
                refused(&world, &twin, ContextRequired);
            }
        }
    }
}

#[test]
fn a_required_context_that_is_the_only_one_is_used_or_said_to_be_unfit() {
    for dialect in DIALECTS {
        let world = world(|files| {
            add(files, "support", ("fast", "dev"), "");
            require(files, "agents/dev.yaml");
        });
        passes(&world, &world.ask(dialect), Some("support"));
        refused(&world, &world.ask(dialect).model("routed"), ContextUnfit);
    }
}

#[test]
fn another_agents_context_is_as_unknown_as_none_at_all() {
    for dialect in DIALECTS {
        let world = world(|files| {
            add(files, "support", ("fast", "dev"), "");
            add(files, "theirs", ("fast", "twin"), "");
        });
        let answer = |name: &str| {
            let ask = world.ask(dialect).header(HEADER, name);
            check::without_id(&refused(&world, &ask, ContextUnknown))
        };
        assert_eq!(answer("theirs"), answer("nobodys"));
        assert!(!answer("theirs").contains("theirs"), "no name is repeated");
    }
}

#[test]
fn a_header_that_is_malformed_or_comes_twice_is_refused() {
    for dialect in DIALECTS {
        let world = world(|files| add(files, "support", ("fast", "dev"), ""));
        for value in [
            "",
            "Support",
            "support, sales",
            "support; models=",
            "support; tools=all",
            "support; purpose=more",
            "support;",
            "*",
        ] {
            refused(&world, &world.ask(dialect).header(HEADER, value), FieldInvalid);
        }
        let twice = world.ask(dialect).header(HEADER, "support").header(HEADER, "support");
        let reply = refused(&world, &twice, FieldInvalid);
        assert!(reply.text().contains("`portreeve-context` came more than once."));
        refused(&world, &world.ask(dialect).header(HEADER, &"x".repeat(2_000)), FieldInvalid);
    }
}

#[test]
fn a_header_narrows_to_fewer_models_and_to_no_tools() {
    for dialect in DIALECTS {
        let world = world(|files| {
            add(files, "support", ("fast, routed", "dev"), "tools: [web_search]\n");
            grant(files);
        });
        let narrowed = |value: &str| world.ask(dialect).header(HEADER, value);
        passes(&world, &narrowed("support; models=fast"), Some("support"));
        passes(&world, &narrowed("support; models=fast,routed; tools=none"), Some("support"));
        let reply = refused(&world, &narrowed("support; models=routed"), ContextUnfit);
        let why = "narrowed it to other models. Not narrowed, it would do.";
        assert!(reply.text().contains(why), "{}", reply.text());
        passes(&world, &searching(narrowed("support")), Some("support"));
        let reply = refused(&world, &searching(narrowed("support; tools=none")), ContextUnfit);
        assert!(reply.text().contains("narrowed it to no tools"), "{}", reply.text());
    }
}

#[test]
fn a_header_never_widens() {
    for dialect in DIALECTS {
        let world = world(|files| {
            add(files, "support", ("fast", "dev"), "");
            add(files, "sales", ("routed", "dev"), "tools: [web_search]\n");
            grant(files);
        });
        let routed = |value: &str| world.ask(dialect).model("routed").header(HEADER, value);
        refused(&world, &routed("support; models=routed"), ContextUnfit);
        refused(&world, &routed("support; models=fast,routed"), ContextUnfit);
        let search = searching(world.ask(dialect)).header(HEADER, "support");
        let reply = refused(&world, &search, ContextUnfit);
        assert!(reply.text().contains("does not cover a tool"), "{}", reply.text());
        // A context covers what policy must allow all the same.
        let world = self::world(|files| add(files, "all", ("fast, guarded", "dev"), ""));
        let ask = world.ask(dialect).model("guarded").header(HEADER, "all");
        check::refused(&world, dialect, &ask.send(), RefusalCode::PolicyForbids);
        let world = self::world(|files| {
            add(files, "all", ("fast", "dev"), "tools: [web_search]\n");
        });
        let ask = searching(world.ask(dialect)).header(HEADER, "all");
        check::refused(&world, dialect, &ask.send(), RefusalCode::ProviderToolRefused);
    }
}

#[test]
fn a_context_is_open_on_its_days_and_in_its_hours() {
    for (more, open, closed) in [
        (OFFICE, "2026-11-24T09:59:59.999Z", "2026-11-24T10:00:00Z"),
        (OFFICE, "2026-12-01T08:00:00Z", "2026-12-01T07:59:59.999Z"),
        (OFFICE, "2026-11-24T09:00:00Z", "2026-11-25T09:00:00Z"),
        ("until: 2026-11-30\n", "2026-11-30T23:59:59.999Z", "2026-12-01T00:00:00Z"),
        ("from: 2026-12-01\n", "2026-12-01T00:00:00Z", "2026-11-30T23:59:59.999Z"),
    ] {
        let world = world(move |files| {
            add(files, "support", ("fast", "dev"), more);
            require(files, "models/fast.yaml");
        });
        world.clock.set(at(open));
        passes(&world, &world.ask(OpenAi), Some("support"));
        world.clock.set(at(closed));
        let reply = refused(&world, &world.ask(OpenAi), ContextUnfit);
        assert!(reply.text().contains("not the time it is approved for"), "{}", reply.text());
        refused(&world, &world.ask(OpenAi).header(HEADER, "support"), ContextUnfit);
    }
}

#[test]
fn a_context_is_open_where_its_agents_run() {
    // That an agent runs elsewhere than its contexts are open is a problem of the charter.
    let world = world(|files| {
        add(files, "support", ("fast", "dev"), "environments: [dev]\n");
        add(files, "trial", ("fast", "staged"), "environments: [staging, prod]\n");
        require(files, "models/fast.yaml");
    });
    passes(&world, &world.ask(OpenAi), Some("support"));
    passes(&world, &world.ask(OpenAi).token(world.token("staged")), Some("trial"));
    refused(&world, &world.ask(OpenAi).header(HEADER, "trial"), ContextUnknown);
}

#[test]
fn a_context_that_closes_within_a_stream_lets_it_end_and_the_next_call_not_begin() {
    for dialect in DIALECTS {
        let world = world(|files| {
            add(files, "support", ("fast", "dev"), OFFICE);
            require(files, "models/fast.yaml");
        });
        let gate = Gate::new();
        world.provider.next(Script::SlowByGate(gate.clone()));
        let mut under_way = world.ask(dialect).stream().open();
        gate.wait_arrived(1);
        world.clock.set(at("2026-11-24T10:00:00Z"));
        let next = world.ask(dialect).send();
        check::refusal_answer(dialect, &next, ContextUnfit);
        gate.open();
        let reply = under_way.reply().unwrap();
        assert_eq!(check::forwarded(&world, &reply)["ended"], "complete");
        assert_eq!(check::decision(&world, &reply)["context"], "support");
    }
}

#[test]
fn a_call_under_way_keeps_the_context_it_began_in_whatever_becomes_of_it() {
    for dialect in DIALECTS {
        let world = world(|files| {
            add(files, "support", ("fast", "dev"), "until: 2026-11-24\n");
            add(files, "overlapping", ("fast, routed", "dev"), "");
            require(files, "models/fast.yaml");
        });
        let gate = Gate::new();
        world.provider.next(Script::SlowByGate(gate.clone()));
        let mut under_way = world.ask(dialect).header(HEADER, "support").stream().open();
        gate.wait_arrived(1);
        // Its last day ends, it is withdrawn, and the model may be called in the other alone.
        world.clock.set(at("2026-11-25T00:00:00Z"));
        let named = world.ask(dialect).header(HEADER, "support");
        check::refusal_answer(dialect, &named.send(), ContextUnfit);
        world.amend(|files| {
            files.remove("contexts/support.yaml");
        });
        check::refusal_answer(dialect, &named.send(), ContextUnknown);
        gate.open();
        let reply = under_way.reply().unwrap();
        assert_eq!(check::forwarded(&world, &reply)["ended"], "complete");
        assert_eq!(check::decision(&world, &reply)["context"], "support");
        passes(&world, &world.ask(dialect), Some("overlapping"));
    }
}

#[test]
fn a_context_that_is_withdrawn_is_unknown_at_once() {
    let world = world(|files| add(files, "support", ("fast", "dev"), ""));
    let ask = world.ask(OpenAi).header(HEADER, "support");
    passes(&world, &ask, Some("support"));
    world.amend(|files| {
        files.remove("contexts/support.yaml");
    });
    refused(&world, &ask, ContextUnknown);
    passes(&world, &world.ask(OpenAi), None);
}

/// Policies of a charter in which `hidden` is for calls in context `sales` alone, and `routed`
/// for calls in some context.
const ASKING: &str = r#"
@id("in-sales") @owner("seat:policy-lead") @rationale("For this purpose alone.")
permit (principal in Team::"platform", action == Action::"InvokeModel",
    resource == Model::"hidden")
when { context has approved && context.approved.name == "sales"
    && context.approved.data_class == DataClass::"public"
    && context.approved.purpose == "What sales is for."
    && context.approved.owner == "seat:platform-lead" };
"#;

const FORBIDDING: &str = r#"
@id("in-some-context") @owner("seat:policy-lead") @rationale("It says what for.")
forbid (principal, action == Action::"InvokeModel", resource == Model::"routed")
unless { context has approved };
"#;

pub(crate) fn asking(files: &mut Files) {
    add(files, "support", ("fast", "dev"), "");
    add(files, "sales", ("fast, hidden, routed", "dev"), "");
    files.insert("policies/model/60-contexts.cedar".to_owned(), ASKING.to_owned());
    files.insert("policies/guardrails/60-contexts.cedar".to_owned(), FORBIDDING.to_owned());
}

#[test]
fn the_same_ask_is_allowed_in_one_context_and_refused_in_another() {
    for dialect in DIALECTS {
        let world = world(asking);
        let hidden = world.ask(dialect).model("hidden");
        passes(&world, &hidden.clone().header(HEADER, "sales"), Some("sales"));
        let reply = hidden.clone().header(HEADER, "support").send();
        check::refused(&world, dialect, &reply, ContextUnfit);
        let reply = hidden.send();
        check::refused(&world, dialect, &reply, RefusalCode::PolicyNoPermit);
        let routed = world.ask(dialect).model("routed");
        check::refused(&world, dialect, &routed.send(), RefusalCode::PolicyForbids);
        passes(&world, &routed.header(HEADER, "sales"), Some("sales"));
    }
}

#[test]
fn whatever_the_header_says_a_hidden_model_looks_like_a_missing_one() {
    for dialect in DIALECTS {
        for required in [false, true] {
            let world = world(move |files| {
                add(files, "support", ("fast", "dev"), "");
                add(files, "sales", ("hidden, fast", "dev"), "");
                add(files, "theirs", ("hidden", "twin"), "");
                if required {
                    require(files, "agents/dev.yaml");
                    require(files, "models/hidden.yaml");
                }
            });
            let answer = |model: &str, header: Option<&str>| {
                let mut ask = world.ask(dialect).model(model);
                if let Some(header) = header {
                    ask = ask.header(HEADER, header);
                }
                let reply = ask.send();
                check::refused(&world, dialect, &reply, RefusalCode::ModelUnknown);
                check::without_id(&reply)
            };
            let missing = answer("no-such-model", None);
            for header in [
                None,
                Some("support"),
                Some("sales"),
                Some("theirs"),
                Some("nobodys"),
                Some("NO GOOD"),
                Some("sales; models=hidden"),
                Some("support; models=fast"),
            ] {
                assert_eq!(answer("hidden", header), missing, "{header:?}");
                assert_eq!(answer("no-such-model", header), missing, "{header:?}");
            }
        }
    }
}

#[test]
fn a_target_may_be_for_calls_in_some_contexts_only() {
    let targets = [("fake", "when: {contexts: [night]}"), ("second", "when: {contexts: [day]}")];
    let setup = Setup::routed(&targets, "").edited(|files| {
        for name in ["night", "day", "never"] {
            add(files, name, ("routed", "dev"), "");
        }
    });
    let world = World::with(setup);
    let routed = || world.ask(OpenAi).model("routed");
    for (context, target) in [("night", "fake-openai"), ("day", "second-openai")] {
        let reply = routed().header(HEADER, context).send();
        check::forwarded(&world, &reply);
        let served = reply.header("portreeve-target").unwrap();
        assert!(served.starts_with(target), "{context}: {served}");
        let decision = check::decision(&world, &reply);
        let sent_away = check::withheld(&decision, "openai");
        assert_eq!(sent_away.len(), 1, "{sent_away:?}");
        assert!(sent_away.iter().all(|(_, code)| code == "condition"), "{sent_away:?}");
    }
    for ask in [routed(), routed().header(HEADER, "never")] {
        let reply = ask.send();
        check::refused(&world, OpenAi, &reply, RefusalCode::NoTarget);
    }
}
