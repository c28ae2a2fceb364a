//! What a policy test may ask for beyond a model.

use charter::{TestAsk, parse};
use model::{Operation, ProviderToolKind, StoredKind, Stores, UnrecognisedPlace};

use crate::disk::example_with;

/// The ask, or the codes of what is wrong with it.
fn read(fields: &str) -> Result<TestAsk, Vec<&'static str>> {
    let text = format!(
        "tests:\n  - name: t\n    agent: stock-forecaster\n    \
         ask: {{model: numbers, {fields}}}\n    expect: {{verdict: deny}}\n"
    );
    let (charter, problems) = parse(&example_with(&[("tests/x.yaml", Some(&text))]));
    assert!(problems.iter().all(|one| one.place.file == "tests/x.yaml" && one.place.line == 4));
    if problems.is_empty() {
        Ok(charter.tests.iter().find(|test| test.name == "t").unwrap().ask.clone())
    } else {
        Err(problems.iter().map(|one| one.code).collect())
    }
}

fn check(fields: &str, expected: &[&'static str]) {
    assert_eq!(read(fields).err().unwrap_or_default(), expected, "{fields}");
}

#[test]
fn an_ask_that_says_no_more_asks_for_no_more() {
    let ask = read("").unwrap();
    assert_eq!(ask.operation, Operation::ChatCompletions);
    assert!(ask.beyond.is_nothing() && ask.provider.is_none());
}

#[test]
fn every_operation_but_a_listing_is_a_word() {
    for operation in Operation::ALL {
        let read = read(&format!("operation: {}", operation.as_str()));
        if *operation == Operation::ListModels {
            assert_eq!(read, Err(vec!["bad-value"]));
        } else {
            assert_eq!(read.unwrap().operation, *operation);
        }
    }
    check("operation: completions", &["bad-value"]);
}

#[test]
fn a_tool_is_a_word_or_says_more() {
    for kind in ProviderToolKind::ALL {
        let ask = read(&format!("tools: [{kind}]")).unwrap();
        let tool = &ask.beyond.tools[0];
        assert_eq!(
            (tool.kind, tool.declared.as_str(), &tool.server),
            (*kind, kind.as_str(), &None)
        );
    }
    let mcp = "kind: remote_mcp, server: mcp.example";
    let ask = read(&format!("tools: [web_search, {{{mcp}, declared: mcp_2}}, {{{mcp}}}]")).unwrap();
    let servers: Vec<_> = ask.beyond.tools.iter().map(|tool| tool.server.as_deref()).collect();
    assert_eq!(servers, [None, Some("mcp.example"), Some("mcp.example")]);
    let declared: Vec<_> = ask.beyond.tools.iter().map(|tool| tool.declared.as_str()).collect();
    assert_eq!(declared, ["web_search", "mcp_2", "remote_mcp"]);
    check("tools: [websearch]", &["bad-value"]);
    check("tools: [{server: mcp.example}]", &["missing-field"]);
    check("tools: [{kind: remote_mcp, host: x}]", &["unknown-field"]);
    check("tools: [web_search, web_search]", &["duplicate"]);
    check("tools: [web_search, {kind: web_search}]", &["duplicate"]);
    check("tools: web_search", &["wrong-type"]);
    check("tools: [[web_search]]", &["wrong-type"]);
    check("tools: [{kind: shell, declared: \"a b\"}]", &["bad-value"]);
}

/// A server that no request is ever known by would be a test that says nothing.
#[test]
fn a_server_is_written_as_requests_name_it() {
    for good in ["mcp.example", "connector_dropbox", "127.0.0.1", "[::1]", "x-1.y_2"] {
        check(&format!("tools: [{{kind: remote_mcp, server: \"{good}\"}}]"), &[]);
    }
    let long = "a".repeat(254);
    for bad in [
        "MCP.example",
        "https://mcp.example",
        "mcp.example/x",
        "mcp.example:443",
        "[::1",
        "[::1]:443",
        "[x]",
        "a b",
        &long,
    ] {
        check(&format!("tools: [{{kind: remote_mcp, server: \"{bad}\"}}]"), &["bad-value"]);
    }
}

#[test]
fn storage_names_and_urls_are_counted() {
    assert_eq!(read("stores: asked").unwrap().beyond.stores, Some(Stores::Asked));
    assert_eq!(read("stores: by_default").unwrap().beyond.stores, Some(Stores::ByDefault));
    check("stores: true", &["bad-value"]);
    let names = read("names: 64").unwrap().beyond.names;
    assert!(names.len() == 64 && names.iter().all(|name| name.kind == StoredKind::Response));
    let distinct: std::collections::BTreeSet<_> = names.iter().collect();
    assert_eq!(distinct.len(), 64);
    check("names: 65", &["bad-value"]);
    check("names: -1", &["wrong-type"]);
    assert_eq!(read("urls: 4294967295").unwrap().beyond.urls, u32::MAX);
    check("urls: 4294967296", &["bad-value"]);
}

#[test]
fn the_unrecognised_is_a_place_and_a_name() {
    let ask = read("unrecognised: [\"field:reasoning.foo\", \"part:x\", \"beta:a-1:b\"]").unwrap();
    let found: Vec<_> =
        ask.beyond.unrecognised.iter().map(|one| (one.place, one.name.as_str())).collect();
    let (field, part, beta) =
        (UnrecognisedPlace::Field, UnrecognisedPlace::Part, UnrecognisedPlace::Beta);
    assert_eq!(found, [(field, "reasoning.foo"), (part, "x"), (beta, "a-1:b")]);
    let longest = "a".repeat(64);
    check(&format!("unrecognised: [\"field:{longest}\"]"), &[]);
    for bad in [
        "field",
        "field:",
        "header:x",
        "Field:x",
        "field:a b",
        "field:é",
        &format!("field:{longest}a"),
    ] {
        check(&format!("unrecognised: [\"{bad}\"]"), &["bad-value"]);
    }
    check("unrecognised: [\"field:x\", \"field:x\"]", &["duplicate"]);
}
