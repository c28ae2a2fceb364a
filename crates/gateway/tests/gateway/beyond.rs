//! What a provider would do beyond answering: a grant of the model covers none of it, in whatever
//! place of a request it is asked for.

use model::Dialect::{self, Anthropic, Gemini, OpenAi};
use model::RefusalCode::{
    self, ProviderToolRefused, RemoteMcpRefused, ToolUnknown, UnrecognisedRefused,
};
use serde_json::{Value, json};

use crate::ask::{Ask, DIALECTS, body};
use crate::charter_files::{grant, upstream};
use crate::check;
use crate::world::{Setup, World};

/// A request that asks for one thing beyond the model's answer.
struct Case {
    dialect: Dialect,
    /// Where it goes, where not to the dialect's main endpoint.
    path: Option<&'static str>,
    /// What is in its body besides a good request.
    more: Value,
    code: RefusalCode,
}

fn case(dialect: Dialect, code: RefusalCode, more: Value) -> Case {
    Case { dialect, path: None, more, code }
}

fn tool(dialect: Dialect, tool: Value) -> Case {
    case(dialect, ProviderToolRefused, json!({ "tools": [tool] }))
}

/// One tool of a request to `/v1/responses`.
fn response(code: RefusalCode, more: Value) -> Case {
    Case { path: Some("/v1/responses"), ..case(OpenAi, code, more) }
}

fn response_tool(code: RefusalCode, tool: Value) -> Case {
    response(code, json!({ "tools": [tool] }))
}

impl Case {
    fn ask<'w>(&self, world: &'w World) -> Ask<'w> {
        let mut whole = match self.path {
            None => body(self.dialect, "fast"),
            Some(_) => json!({"model": "fast", "input": "hi", "store": false}),
        };
        whole.as_object_mut().unwrap().extend(self.more.as_object().unwrap().clone());
        let ask = world.ask(self.dialect).body(whole.to_string());
        match self.path {
            None => ask,
            Some(path) => ask.path(path),
        }
    }
}

/// Tools that providers run by themselves, or define for the caller to run.
fn tools() -> Vec<Case> {
    let server = "https://tools.test/mcp";
    let mcp = json!({"type": "mcp", "server_label": "x", "server_url": server});
    vec![
        tool(OpenAi, json!({"type": "web_search"})),
        tool(OpenAi, json!({"type": "web_search_preview_2025_03_11"})),
        case(OpenAi, ProviderToolRefused, json!({"web_search_options": {}})),
        response_tool(ProviderToolRefused, json!({"type": "web_search"})),
        response_tool(ProviderToolRefused, json!({"type": "image_generation"})),
        response_tool(ProviderToolRefused, json!({"type": "local_shell"})),
        response_tool(
            ProviderToolRefused,
            json!({"type": "code_interpreter", "container": {"type": "auto"}}),
        ),
        response_tool(
            ProviderToolRefused,
            json!({"type": "computer_use_preview", "display_width": 1, "display_height": 1,
                "environment": "browser"}),
        ),
        response_tool(RemoteMcpRefused, mcp.clone()),
        response_tool(
            RemoteMcpRefused,
            json!({"type": "mcp", "server_label": "x", "connector_id": "connector_gmail"}),
        ),
        // Not at the top: tools that an item brings, and tools of a group of tools.
        response(
            ProviderToolRefused,
            json!({"input": [{"type": "additional_tools", "role": "developer",
                "tools": [{"type": "web_search"}]}]}),
        ),
        response(
            RemoteMcpRefused,
            json!({"tools": [{"type": "namespace", "name": "n", "description": "d",
                "tools": [mcp]}]}),
        ),
        tool(Anthropic, json!({"type": "web_search_20250305", "name": "web_search"})),
        tool(Anthropic, json!({"type": "web_fetch_20250910", "name": "web_fetch"})),
        tool(Anthropic, json!({"type": "code_execution_20250825", "name": "code_execution"})),
        tool(Anthropic, json!({"type": "bash_20250124", "name": "bash"})),
        tool(
            Anthropic,
            json!({"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"}),
        ),
        tool(Anthropic, json!({"type": "memory_20250818", "name": "memory"})),
        case(
            Anthropic,
            RemoteMcpRefused,
            json!({"mcp_servers": [{"type": "url", "url": server, "name": "x"}]}),
        ),
        tool(Gemini, json!({"googleSearch": {}})),
        tool(Gemini, json!({"google_search": {}})),
        tool(Gemini, json!({"codeExecution": {}})),
        tool(Gemini, json!({"urlContext": {}})),
        tool(Gemini, json!({"googleMaps": {}})),
        // Beside a function of the caller's own, in one object.
        tool(Gemini, json!({"functionDeclarations": [{"name": "f"}], "googleSearch": {}})),
    ]
}

/// What no table of this gateway has: at the top, inside known objects, as a part.
fn unrecognised() -> Vec<Case> {
    let hidden = json!({"tools": [{"type": "web_search"}]});
    vec![
        case(OpenAi, UnrecognisedRefused, json!({ "tomorrow": hidden })),
        case(OpenAi, UnrecognisedRefused, json!({"reasoning": {"tomorrow": 1}})),
        case(
            OpenAi,
            UnrecognisedRefused,
            json!({"messages": [{"role": "user", "content": [{"type": "tomorrow"}]}]}),
        ),
        response(UnrecognisedRefused, json!({"input": [{"type": "tomorrow_call"}]})),
        response(UnrecognisedRefused, json!({"text": {"tomorrow": hidden}})),
        case(Anthropic, UnrecognisedRefused, json!({ "tomorrow": hidden })),
        case(
            Anthropic,
            UnrecognisedRefused,
            json!({"messages": [{"role": "user", "content": [{"type": "tomorrow"}]}]}),
        ),
        case(
            Anthropic,
            UnrecognisedRefused,
            json!({"tools": [{"name": "f", "input_schema": {}, "tomorrow": 1}]}),
        ),
        case(Gemini, UnrecognisedRefused, json!({ "tomorrow": hidden })),
        case(Gemini, UnrecognisedRefused, json!({"generationConfig": {"tomorrow": 1}})),
        case(
            Gemini,
            UnrecognisedRefused,
            json!({"contents": [{"role": "user", "parts": [{"tomorrow": {}}]}]}),
        ),
    ]
}

/// Asserts that a grant of the model lets none of `cases` through, and that a grant of the tool
/// set lets each through as it came.
#[track_caller]
fn check_granted(cases: &[Case]) {
    let world = World::start();
    for case in cases {
        let reply = case.ask(&world).send();
        let detail = format!("{}: {}", case.more, reply.text());
        assert_eq!(check::own(case.dialect, &reply.json())["code"], case.code.as_str(), "{detail}");
        check::refused(&world, case.dialect, &reply, case.code);
    }
    world.provider.assert_untouched();
    let world = World::with(Setup::default().edited(grant));
    for case in cases {
        let ask = case.ask(&world);
        let reply = ask.send();
        assert_eq!(reply.status, 200, "{}: {}", case.more, reply.text());
        check::forwarded(&world, &reply);
        let name = format!("\"model\":\"{}\"", upstream(case.dialect));
        let expected = ask.body_text().replace("\"model\":\"fast\"", &name);
        let sent = world.provider.last_seen().body;
        assert_eq!(String::from_utf8_lossy(&sent), expected, "byte for byte");
    }
}

#[test]
fn a_provider_runs_no_tool_on_the_strength_of_a_model_grant() {
    check_granted(&tools());
}

#[test]
fn what_is_not_known_passes_with_a_grant_only_and_unchanged() {
    check_granted(&unrecognised());
}

#[test]
fn a_grant_of_one_tool_is_none_of_another_nor_at_another_place() {
    let policy = r#"
@id("search") @owner("seat:policy-lead") @rationale("The public web, and nothing more.")
permit (principal in Team::"platform", action == Action::"UseProviderTool",
    resource == ProviderTool::"fake-openai/web_search");
"#;
    let setup = Setup::routed(&[("second", ""), ("fake", "")], "").edited(|files| {
        files.insert("policies/tool/50-tests.cedar".to_owned(), policy.to_owned());
    });
    let world = World::with(setup);
    let search = json!([{"type": "web_search"}]);
    let reply = world.ask(OpenAi).model("routed").field("tools", search.clone()).send();
    check::forwarded(&world, &reply);
    // The first target is passed over: the tool is permitted at the other one alone.
    assert_eq!(reply.header("portreeve-target"), Some("fake-openai/Up/openai"));
    world.second.assert_untouched();
    let decision = check::decision(&world, &reply);
    let expected = [("second".to_owned(), "provider_tool_refused".to_owned())];
    assert_eq!(check::withheld(&decision, "openai"), expected);
    assert!(decision["targets"][0]["policies"].to_string().contains("tool/search"));
    let kinds = decision["ask"]["beyond"]["tools"][0]["kind"].clone();
    assert_eq!(kinds, "web_search");
    let both = json!([{"type": "web_search"}, {"type": "code_interpreter"}]);
    let reply = world.ask(OpenAi).model("routed").field("tools", both).send();
    check::refused(&world, OpenAi, &reply, ProviderToolRefused);
    let search = json!([{"type": "web_search_20250305", "name": "web_search"}]);
    let reply = world.ask(Anthropic).model("routed").field("tools", search).send();
    check::refused(&world, Anthropic, &reply, ProviderToolRefused);
    assert_eq!(world.provider.seen().len(), 1);
}

#[test]
fn a_tool_of_tomorrows_type_is_refused_whatever_is_granted() {
    for world in [World::start(), World::with(Setup::default().edited(grant))] {
        for (dialect, tool) in [
            (OpenAi, json!({"type": "tomorrow"})),
            (OpenAi, json!({"type": "web_searches"})),
            (OpenAi, json!({"type": "Web_Search"})),
            (Anthropic, json!({"type": "tomorrow_20270101", "name": "tomorrow"})),
            (Gemini, json!({"tomorrow": {}})),
        ] {
            let reply = world.ask(dialect).field("tools", json!([tool])).send();
            check::refused(&world, dialect, &reply, ToolUnknown);
        }
        world.provider.assert_untouched();
    }
}

#[test]
fn a_preview_that_is_not_known_needs_a_grant() {
    let granted = World::with(Setup::default().edited(grant));
    let plain = World::start();
    for dialect in DIALECTS {
        for header in ["anthropic-beta", "openai-beta"] {
            let reply = plain.ask(dialect).header(header, "tomorrow-2027-01-01").send();
            check::refused(&plain, dialect, &reply, UnrecognisedRefused);
            assert!(reply.text().contains("tomorrow-2027-01-01"), "{}", reply.text());
            let reply = granted.ask(dialect).header(header, "tomorrow-2027-01-01").send();
            check::forwarded(&granted, &reply);
            assert_eq!(granted.provider.last_seen().header(header), "tomorrow-2027-01-01");
            let decision = check::decision(&granted, &reply);
            let expected = json!([{"place": "beta", "name": "tomorrow-2027-01-01"}]);
            assert_eq!(decision["ask"]["beyond"]["unrecognised"], expected);
        }
    }
    plain.provider.assert_untouched();
}

#[test]
fn tools_that_the_caller_runs_itself_need_no_grant() {
    let world = World::start();
    for (dialect, tool) in [
        (OpenAi, json!({"type": "function", "function": {"name": "f", "parameters": {}}})),
        (Anthropic, json!({"name": "web_search", "input_schema": {"type": "object"}})),
        (Gemini, json!({"functionDeclarations": [{"name": "googleSearch"}]})),
    ] {
        let reply = world.ask(dialect).field("tools", json!([tool])).send();
        check::forwarded(&world, &reply);
        let decision = check::decision(&world, &reply);
        assert_eq!(decision["ask"]["function_tools"], 1);
        assert_eq!(decision["ask"].get("beyond"), None);
    }
}
