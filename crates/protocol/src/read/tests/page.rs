//! Holds the page that says what is read and refused to the tables that decide it.

use super::super::form::{Act, Member, Shape, Unknown, Versions};
use super::super::refused::REFUSED;
use super::ENDPOINTS;
use super::spots::{Thing, condition, visit_all};

const PAGE: &str = include_str!("../../../../../docs/reference/wire.md");
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
