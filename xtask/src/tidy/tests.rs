//! Each rule on this checkout, and each rule on a tree that breaks it.

use serde_json::{Value, json};

use super::graph::Graph;
use super::tree::Tree;
use super::*;

#[test]
fn this_checkout_keeps_every_rule() {
    let place = Place::find().expect("run by cargo");
    let repository = Repository::read(&place).expect("readable");
    let findings: Vec<_> = RULES
        .iter()
        .flat_map(|rule| (rule.check)(&repository))
        .map(|finding| finding.to_string())
        .collect();
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

/// Runs one rule on files and an optional graph, and demands findings at exactly these places.
fn check(rule: fn(&Repository) -> Vec<Finding>, files: &[(&str, &str)], expect: &[&str]) {
    check_with(rule, files, Graph::default(), expect);
}

fn check_with(
    rule: fn(&Repository) -> Vec<Finding>,
    files: &[(&str, &str)],
    graph: Graph,
    expect: &[&str],
) {
    let repository = Repository { tree: Tree::of(files), graph };
    let findings = rule(&repository);
    let places: Vec<_> = findings
        .iter()
        .map(|finding| match finding.line {
            0 => finding.place.clone(),
            line => format!("{}:{line}", finding.place),
        })
        .collect();
    assert_eq!(places, expect, "{findings:?}");
}

/// A workspace of crates with normal and development dependencies between them, and outside
/// packages (no path) that depend on each other.
fn graph(packages: &[(&str, &[&str], &[&str])], members: &[&str]) -> Graph {
    let path = |name: &str| format!("{}/crates/{name}", "");
    let package = |(name, normal, dev): &(&str, &[&str], &[&str])| {
        let dependency = |to: &&str, kind: Value| {
            let path = members.contains(to).then(|| path(to));
            json!({"name": to, "kind": kind, "path": path})
        };
        let normal = normal.iter().map(|to| dependency(to, Value::Null));
        let dev = dev.iter().map(|to| dependency(to, json!("dev")));
        json!({"id": name, "name": name, "manifest_path": format!("{}/Cargo.toml", path(name)),
               "dependencies": normal.chain(dev).collect::<Vec<_>>()})
    };
    let node = |(name, normal, dev): &(&str, &[&str], &[&str])| {
        let edge = |to: &&str, kind: Value| json!({"pkg": to, "dep_kinds": [{"kind": kind}]});
        let normal = normal.iter().map(|to| edge(to, Value::Null));
        let dev = dev.iter().map(|to| edge(to, json!("dev")));
        json!({"id": name, "deps": normal.chain(dev).collect::<Vec<_>>()})
    };
    Graph::from_metadata(&json!({
        "workspace_members": members,
        "packages": packages.iter().map(package).collect::<Vec<_>>(),
        "resolve": {"nodes": packages.iter().map(node).collect::<Vec<_>>()},
    }))
    .expect("the graph is complete")
}

const TABLE: &str = "\
| crate | may use |
|---|---|
| `a`, `b` | — |
| `c` | `a` (only its nouns) |
| `top` | all of the above |
| `tool` | anything |
";

#[test]
fn an_arrow_that_is_not_in_the_table_is_found() {
    let page = [("ARCHITECTURE.md", TABLE)];
    let members = ["a", "b", "c", "top", "tool"];
    let rule = architecture::imports;
    let fine: &[(&str, &[&str], &[&str])] = &[
        ("a", &[], &["tool"]),
        ("b", &[], &[]),
        ("c", &["a"], &["b"]),
        ("top", &["a", "b", "c"], &[]),
        ("tool", &["top"], &[]),
    ];
    check_with(rule, &page, graph(fine, &members), &[]);
    let broken: &[(&str, &[&str], &[&str])] = &[
        ("a", &["b"], &[]),
        ("b", &[], &[]),
        ("c", &["a", "b"], &[]),
        ("top", &["tool"], &[]),
        ("tool", &[], &[]),
    ];
    let expect = ["ARCHITECTURE.md:3", "ARCHITECTURE.md:4", "ARCHITECTURE.md:5"];
    check_with(rule, &page, graph(broken, &members), &expect);
}

#[test]
fn a_crate_without_a_row_and_a_row_without_a_crate_are_found() {
    let page = [("ARCHITECTURE.md", TABLE)];
    let packages: &[(&str, &[&str], &[&str])] = &[
        ("a", &[], &[]),
        ("c", &[], &[]),
        ("new", &[], &[]),
        ("top", &[], &[]),
        ("tool", &[], &[]),
    ];
    let graph = graph(packages, &["a", "c", "new", "top", "tool"]);
    check_with(architecture::imports, &page, graph, &["ARCHITECTURE.md", "ARCHITECTURE.md:3"]);
    check(architecture::imports, &[], &["ARCHITECTURE.md"]);
}

#[test]
fn a_pure_crate_reaches_no_runtime_by_any_way_and_names_no_effect() {
    let page = ("ARCHITECTURE.md", "Pure crates: `a`, `b`.\nThey reach none of: `tokio`.\n");
    let packages: &[(&str, &[&str], &[&str])] = &[
        ("a", &["far"], &[]),
        ("b", &[], &["far"]),
        ("far", &["tokio"], &[]),
        ("tokio", &[], &[]),
    ];
    let read = "//! A.\nlet x = std::fs::read(p);\n// std::fs is only named here\n";
    let test = "//! A.\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n";
    let files = [page, ("crates/b/src/read.rs", read), ("crates/b/src/lib.rs", test)];
    let graph = graph(packages, &["a", "b"]);
    check_with(architecture::purity, &files, graph, &["a", "crates/b/src/read.rs:2"]);
}

#[test]
fn a_crate_nobody_describes_is_found() {
    let packages: &[(&str, &[&str], &[&str])] = &[("a", &[], &[]), ("b", &[], &[])];
    let page = [("ARCHITECTURE.md", "`a` is there; b is not marked.")];
    let rule = architecture::names_every_crate;
    check_with(rule, &page, graph(packages, &["a", "b"]), &["ARCHITECTURE.md"]);
}

#[test]
fn sources_and_manifests_that_break_a_rule_are_found() {
    let with = "[package]\n\n[lints]\nworkspace = true\n";
    let manifests = [
        ("Cargo.toml", "[workspace]\n"),
        ("crates/a/Cargo.toml", with),
        ("crates/b/Cargo.toml", "[package]\n"),
        ("xtask/Cargo.toml", "[package]\n[lints.rust]\n"),
    ];
    check(rust::lints, &manifests, &["crates/b/Cargo.toml", "xtask/Cargo.toml"]);
    let files = [("a.rs", "//! What for.\n"), ("b.rs", "use x;\n"), ("c.rs", "//!What\n")];
    check(rust::opening, &files, &["b.rs:1", "c.rs:1"]);
    let ignored = concat!("//! A.\n#[test]\n#[ig", "nore]\nfn t() {}\n");
    let later = concat!("//! A.\nfn f() { to", "do!() }\n");
    let shown = concat!("//! A.\n/// ```compile_fail\n/// unimple", "mented!()\n/// ```\n");
    let comment = concat!("//! A.\n// TO", "DO: more\n");
    let files = [("a.rs", ignored), ("b.rs", later), ("c.rs", shown), ("d.rs", comment)];
    check(rust::unfinished, &files, &["a.rs:3", "b.rs:2", "d.rs:2"]);
}

#[test]
fn an_exemption_without_a_reason_is_found_on_however_many_lines_it_stands() {
    let start = concat!("#[al", "low(");
    let none = format!("//! A.\n{start}dead_code)]\nfn f() {{}}\n");
    let with = format!("//! A.\n{start}dead_code, reason = \"why\")]\nfn f() {{}}\n");
    let long = format!("//! A.\n{start}\n    dead_code,\n    reason = \"why\"\n)]\nfn f() {{}}\n");
    let outer = "//! A.\n#![expect(dead_code)]\n";
    let files = [("a.rs", none.as_str()), ("b.rs", &with), ("c.rs", &long), ("d.rs", outer)];
    check(rust::reasons, &files, &["a.rs:2", "d.rs:2"]);
}

#[test]
fn only_shipped_lines_count_towards_a_files_size() {
    let lines = |number: usize| "fn f() {}\n".repeat(number);
    let tests = |number: usize| format!("#[cfg(test)]\nmod tests {{\n{}}}\n", lines(number));
    let short = format!("//! A.\n{}{}", lines(498), tests(900));
    let long = format!("//! A.\n{}", lines(499));
    let said = format!("//! A.\n//! Long because one table belongs together.\n{}", lines(797));
    let never = format!("//! Long because.\n{}", lines(799));
    let test_file = format!("//! A.\n{}", lines(900));
    let files = [
        ("crates/a/src/a.rs", short.as_str()),
        ("crates/a/src/b.rs", &long),
        ("crates/a/src/c.rs", &said),
        ("crates/a/src/d.rs", &never),
        ("crates/a/src/a/tests.rs", &test_file),
        ("crates/a/tests/api.rs", &test_file),
    ];
    check(sizes::files, &files, &["crates/a/src/b.rs", "crates/a/src/d.rs"]);
}

#[test]
fn a_test_item_ends_where_its_indentation_closes() {
    let text = "a\n#[cfg(test)]\n#[derive(X)]\nmod t {\n    fn f() {\n    }\n}\nb\n#[cfg(test)]\nmod u;\nc\n\
                mod m {\n    #[cfg(test)]\n    fn g() {\n    }\n    d\n}\n";
    let shipped: Vec<_> = rust::shipped_lines(text).map(|(_, line)| line.trim()).collect();
    assert_eq!(shipped, ["a", "b", "c", "mod m {", "d", "}"]);
    assert_eq!(rust::test_lines(text).count(), text.lines().count() - shipped.len());
}

#[test]
fn a_dependency_without_a_row_and_a_row_without_a_dependency_are_found() {
    let record = "docs/decisions/0002-dependencies.md";
    let packages: &[(&str, &[&str], &[&str])] =
        &[("a", &["bytes"], &["proptest"]), ("bytes", &[], &[]), ("proptest", &[], &[])];
    let rows = "| name | x |\n|---|---|\n| bytes (no features) | y |\n| gone | z |\n";
    let graph = graph(packages, &["a"]);
    check_with(dependencies::listed, &[(record, rows)], graph, &[record, record]);
}

#[test]
fn more_than_forty_dependencies_are_too_many() {
    let names: Vec<String> = (0..41).map(|number| format!("d{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let rows: String = std::iter::once("|-|-|\n".to_owned())
        .chain(names.iter().map(|name| format!("| {name} | x |\n")))
        .collect();
    let record = ("docs/decisions/0002-dependencies.md", rows.as_str());
    let all = graph(&[("a", &names, &[])], &["a"]);
    check_with(dependencies::listed, &[record], all, &["Cargo.toml"]);
}

#[test]
fn pages_that_break_a_rule_are_found() {
    let path = concat!("see /wo", "rk/main and x/wo", "rk/main\n");
    let inside = concat!("docs/fa", "rm/x is a path of ours\n");
    check(pages::machine_paths, &[("a.md", path), ("b.md", inside)], &["a.md:1"]);
    check(pages::changelog, &[("CHANGELOG.md", "# Changelog\n")], &["CHANGELOG.md"]);
    check(pages::changelog, &[("CHANGELOG.md", "# C\n\n## [Unreleased]\n")], &[]);
    let page = "```bash\nls\n```\n";
    let run = ["README.md", "docs/concepts/a.md", "docs/guide/a.md"];
    let files = [run[0], run[1], run[2], "docs/guides/a.md", "docs/a.md"].map(|path| (path, page));
    check(
        pages::commands,
        &files,
        &run.map(|path| format!("{path}:1")).each_ref().map(|at| at.as_str()),
    );
    let written = crate::docs::pages();
    let stale: Vec<_> = written.iter().map(|page| page.path.as_str()).collect();
    let some = [
        "docs/reference/charter.md",
        "docs/reference/metrics.md",
        "docs/reference/refusals.md",
        "docs/reference/schema/agents.json",
        "examples/charter/.schema/agents.json",
    ];
    assert!(some.iter().all(|page| stale.contains(page)), "{stale:?}");
    check(pages::generated, &[(some[0], "# By hand\n")], &stale);
}

#[test]
fn decision_records_out_of_order_are_found() {
    let one = ("docs/decisions/0001-a.md", "# 0001: A\n");
    let two = ("docs/decisions/0002-b.md", "# 0002: B\n");
    check(pages::decisions, &[one, two], &[]);
    let twice = ("docs/decisions/0002-c.md", "# 0002: C\n");
    check(pages::decisions, &[one, two, twice], &["docs/decisions/0002-c.md"]);
    check(pages::decisions, &[two], &["docs/decisions/"]);
    let odd = [one, ("docs/decisions/2-b.md", "# 2\n"), ("docs/decisions/0002-b.md", "# Two\n")];
    check(pages::decisions, &odd, &["docs/decisions/0002-b.md:1", "docs/decisions/2-b.md"]);
}
