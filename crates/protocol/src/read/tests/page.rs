//! Holds the page that says what is read and refused to the tables that decide it.

use model::{Ask, Operation, ProviderToolKind, RefusalCode};

use super::super::form::{Act, Member, Shape, Unknown, Versions};
use super::super::refused::REFUSED;
use super::super::{Request, read};
use super::spots::{Thing, condition, visit_all};
use super::{ENDPOINTS, Endpoint, read_at};
use crate::json::Limits;

const PAGE: &str = include_str!("../../../../../docs/reference/wire.md");

/// A field that code reads without a table, for which the page has a row all the same: a body of
/// the endpoint in which it is used, and what then stands in the ask.
struct Coded {
    operation: Operation,
    field: &'static str,
    what: &'static str,
    decides: &'static str,
    body: &'static str,
    found: fn(&Ask) -> bool,
}

const MCP: &str = "tool set: `UseProviderTool` `remote_mcp`";
const OWN: &str = "counted in `function_tools`";
const SERVERS: &str = r#"{"messages":[],"model":"m","mcp_servers":[{"url":"https://t.test"}]}"#;
const TOOLSET: &str = r#"{"messages":[],"model":"m","tools":[{"type":"mcp_toolset"}]}"#;

fn reaches_mcp(ask: &Ask) -> bool {
    ask.beyond.tools.iter().any(|tool| tool.kind == ProviderToolKind::RemoteMcp)
}

fn searches(ask: &Ask) -> bool {
    ask.beyond.tools.iter().any(|tool| tool.kind == ProviderToolKind::WebSearch)
}

const fn coded(
    (operation, field): (Operation, &'static str),
    (what, decides): (&'static str, &'static str),
    body: &'static str,
    found: fn(&Ask) -> bool,
) -> Coded {
    Coded { operation, field, what, decides, body, found }
}

const CODED: &[Coded] = &[
    coded(
        (Operation::Messages, "mcp_servers"),
        ("MCP servers, by `url`, unless empty", MCP),
        SERVERS,
        reaches_mcp,
    ),
    coded(
        (Operation::Messages, "tools[mcp_toolset, _DATE]"),
        ("the tools of an MCP server, by `mcp_server_name`", MCP),
        TOOLSET,
        reaches_mcp,
    ),
    coded(
        (Operation::CountMessageTokens, "mcp_servers"),
        ("MCP servers, by `url`, unless empty", MCP),
        SERVERS,
        reaches_mcp,
    ),
    coded(
        (Operation::CountMessageTokens, "tools[mcp_toolset, _DATE]"),
        ("the tools of an MCP server, by `mcp_server_name`", MCP),
        TOOLSET,
        reaches_mcp,
    ),
    coded(
        (Operation::GenerateContent, "tools.mcpServers"),
        ("MCP servers, by the `url` of their transport", MCP),
        r#"{"contents":[],"tools":[{"mcpServers":[{"name":"a"}]}]}"#,
        reaches_mcp,
    ),
    coded(
        (Operation::GenerateContent, "tools.functionDeclarations"),
        ("tools of the caller's own", OWN),
        r#"{"contents":[],"tools":[{"functionDeclarations":[{"name":"a"}]}]}"#,
        |ask| ask.function_tools == 1,
    ),
    coded(
        (Operation::CountContentTokens, "generateContentRequest.tools"),
        ("as `tools` of generate_content", "the same"),
        r#"{"generateContentRequest":{"contents":[],"tools":[{"googleSearch":{}}]}}"#,
        searches,
    ),
];

/// The table on the page, as the code has it.
fn table() -> String {
    let mut rows = vec![
        "| dialect | endpoint | field or type | what it is | what decides it |".to_owned(),
        "|---|---|---|---|---|".to_owned(),
    ];
    for endpoint in ENDPOINTS {
        let dialect = endpoint.dialect.as_str();
        let operation = endpoint.operation.as_str();
        visit_all(endpoint, &mut |spot, thing| {
            let (field, act, when) = match thing {
                Thing::Member(member) if is_refused_everywhere(member) => return,
                Thing::Member(member) => {
                    let dot = if spot.shown.is_empty() { "" } else { "." };
                    let field = format!("{}{dot}{}", spot.shown, member.name);
                    (field, member.act, condition(member.used))
                }
                Thing::Variant(variant, _) => {
                    let more = match variant.versions {
                        Versions::Exact => "",
                        Versions::Dated => ", _DATE",
                    };
                    (format!("{}[{}{more}]", spot.shown, variant.name), variant.act, "")
                }
                Thing::Variants(variants) => {
                    let Unknown::Tool = variants.unknown else { return };
                    let row = "| a kind of tool that is not known | `tool_unknown` |";
                    rows.push(format!("| {dialect} | {operation} | `{}[?]` {row}", spot.shown));
                    return;
                }
                Thing::Form(_) => return,
            };
            if let Some((what, decides)) = words(act) {
                let place = format!("| {dialect} | {operation} | `{field}`");
                rows.push(format!("{place} | {what}{when} | {decides} |"));
            }
        });
    }
    for Coded { operation, field, what, decides, .. } in CODED {
        let dialect = operation.dialect().expect("a body").as_str();
        let operation = operation.as_str();
        rows.push(format!("| {dialect} | {operation} | `{field}` | {what} | {decides} |"));
    }
    let gemini = Operation::GenerateContent.as_str();
    let unknown = "any other member | a kind of tool that is not known | `tool_unknown` |";
    rows.push(format!("| gemini | {gemini} | `tools`, {unknown}"));
    let unknown = "a member, part or item in no table | is not known | tool set:";
    rows.push(format!("| every | every | {unknown} `PassUnrecognised`, by its name |"));
    let unknown = "`anthropic-beta`, `openai-beta`: a value in no table | is not known | tool set:";
    rows.push(format!("| every | every | {unknown} `PassUnrecognised`, by its name |"));
    for member in REFUSED {
        if let Some((what, decides)) = words(member.act) {
            let when = condition(member.used);
            rows.push(format!("| every | every | `{}` | {what}{when} | {decides} |", member.name));
        }
    }
    rows.join("\n") + "\n"
}

fn is_refused_everywhere(member: &Member) -> bool {
    matches!(member.act, Act::Refused(..)) && REFUSED.iter().any(|one| one.name == member.name)
}

/// What an act is, and what decides it; nothing for what does not act.
fn words(act: Act) -> Option<(String, String)> {
    let tool = |kind| format!("tool set: `UseProviderTool` `{kind}`");
    Some(match act {
        Act::Nothing => return None,
        Act::ClientTool => {
            ("a tool of the caller's own".to_owned(), "counted in `function_tools`".to_owned())
        }
        Act::Tool(kind) => ("a tool of the provider's".to_owned(), tool(kind)),
        Act::Picks(kind) => ("a tool, where none of its kind is declared".to_owned(), tool(kind)),
        Act::Mcp(url, ids) => {
            let ids: String = ids.iter().map(|id| format!(" or `{id}`")).collect();
            (format!("an MCP server, by `{url}`{ids}"), tool(model::ProviderToolKind::RemoteMcp))
        }
        Act::Names(kind) => (
            format!("names a stored {kind}").replace('_', " "),
            "whose it is: `stored_object_refused`".to_owned(),
        ),
        Act::NamesItemWithout(data) => (
            format!("names a stored item by `id`, where it has no `{}`", data.join("` and no `")),
            "whose it is: `stored_object_refused`".to_owned(),
        ),
        Act::NamesOrUrl(kind, _) => (
            format!("names a stored {kind}, or a URL that the provider fetches"),
            "whose it is: `stored_object_refused`; or counted in `urls`".to_owned(),
        ),
        Act::Media => ("media that stands in the body".to_owned(), "counted as media".to_owned()),
        Act::Stores => {
            ("keeps the conversation".to_owned(), "tool set: `StoreAtProvider`".to_owned())
        }
        Act::Refused(code, remark) => (remark.to_owned(), format!("`{}`", code.as_str())),
    })
}

/// The list on the page of the fields at the top of each body that do nothing by themselves.
fn idle() -> String {
    let mut text = String::new();
    for endpoint in ENDPOINTS {
        let members = endpoint.form.members.iter().copied().flatten();
        let idle = members.filter(|member| {
            matches!(member.act, Act::Nothing) && !matches!(member.shape, Shape::Code)
        });
        let mut names: Vec<_> = idle.map(named).collect();
        names.sort_unstable();
        let operation = endpoint.operation.as_str();
        text += &wrapped(&format!("- {operation}:{}.", names.join(",")));
    }
    text
}

/// A field's name, and with which values it does nothing where that is not all of them.
fn named(member: &Member) -> String {
    let Shape::Words(words) = member.shape else { return format!(" `{}`", member.name) };
    format!(" `{}` (`{}`)", member.name, words.join("`, `"))
}

/// Lines of at most 100 characters, of which those after the first stand further in.
fn wrapped(item: &str) -> String {
    let mut lines = String::new();
    let mut line = String::new();
    for word in item.split(' ') {
        if !line.is_empty() && line.len() + word.len() >= 100 {
            lines += line.trim_end();
            lines += "\n";
            line = "  ".to_owned();
        }
        line += word;
        line.push(' ');
    }
    lines + line.trim_end() + "\n"
}

fn check(expected: &str, begin: &str, end: &str) {
    let (_, rest) = PAGE.split_once(begin).expect("the beginning");
    let (actual, _) = rest.split_once(end).expect("the end");
    assert!(actual == expected, "docs/reference/wire.md should have:\n{begin}{expected}{end}");
}

#[test]
fn the_page_has_the_table_of_every_field_that_acts() {
    check(
        &table(),
        "<!-- every field that acts or remembers: begin -->\n",
        "<!-- every field that acts or remembers: end -->\n",
    );
}

#[test]
fn the_page_has_the_list_of_every_field_that_does_nothing_by_itself() {
    check(
        &idle(),
        "<!-- every field that does nothing by itself: begin -->\n",
        "<!-- every field that does nothing by itself: end -->\n",
    );
}

#[test]
fn the_page_says_what_every_field_must_be_that_code_reads() {
    for endpoint in ENDPOINTS {
        for member in endpoint.form.members.iter().copied().flatten() {
            let row = format!("| `{}` |", member.name);
            let known = !matches!(member.shape, Shape::Code) || PAGE.contains(&row);
            assert!(known, "docs/reference/wire.md has no row for {}", member.name);
        }
    }
}

#[test]
fn what_code_reads_without_a_table_stands_in_the_ask_as_the_page_says() {
    for coded in CODED {
        let at = |endpoint: &&Endpoint| endpoint.operation == coded.operation;
        let endpoint = ENDPOINTS.iter().find(at).expect("an endpoint");
        let body = serde_json::from_str(coded.body).expect("JSON");
        let reading =
            read_at(endpoint, &body).unwrap_or_else(|no| panic!("{}: {no:?}", coded.field));
        assert!((coded.found)(reading.ask()), "{}: {:?}", coded.field, reading.ask());
        let least = serde_json::from_str(endpoint.least).expect("JSON");
        let plain = read_at(endpoint, &least).expect("the least body");
        assert!(!(coded.found)(plain.ask()), "{}: found where it is not", coded.field);
    }
}

#[test]
fn a_member_of_geminis_tools_that_nobody_knows_is_refused_and_an_unknown_beta_is_put_to_policy() {
    let at = |operation| ENDPOINTS.iter().find(move |one| one.operation == operation);
    let gemini = at(Operation::GenerateContent).expect("an endpoint");
    let body = serde_json::json!({"contents": [], "tools": [{"tomorrowsTool": {}}]});
    let refusal = read_at(gemini, &body).expect_err("nobody knows it");
    assert_eq!(refusal.code, RefusalCode::ToolUnknown);
    let request = Request {
        operation: Operation::Messages,
        dialect: model::Dialect::Anthropic,
        model: None,
        stream: false,
        betas: &["tomorrows-tool-2027-01-01"],
    };
    let body = bytes::Bytes::from_static(br#"{"model":"m","messages":[]}"#);
    let reading = read(&body, &request, &Limits::default()).expect("it is put to policy");
    let [unknown] = reading.ask().beyond.unrecognised.as_slice() else { panic!("one unknown") };
    assert_eq!(unknown.place, model::UnrecognisedPlace::Beta);
    assert_eq!(unknown.name, "tomorrows-tool-2027-01-01");
}
