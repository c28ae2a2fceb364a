//! ARCHITECTURE.md is the law: who may use whom, and who does no I/O.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::Graph;
use super::{Finding, Repository};

const PAGE: &str = "ARCHITECTURE.md";
/// How the table of imports begins.
const TABLE_HEAD: &str = "| crate | may use |";
/// How the list of pure crates begins.
const PURE: &str = "Pure crates:";
/// How the list of what they may not reach begins.
const FORBIDDEN: &str = "They reach none of:";
/// What the source of a pure crate may not name: effects the standard library offers.
const EFFECTS: [&str; 6] =
    ["std::fs", "std::net::Tcp", "std::net::Udp", "std::process", "std::thread", "std::env"];

/// Each crate uses only the members its row of the table names.
pub(super) fn imports(repository: &Repository) -> Vec<Finding> {
    let Some(table) = repository.tree.get(PAGE).and_then(table) else {
        return vec![Finding::new(PAGE, 0, format!("has no table that begins `{TABLE_HEAD}`"))];
    };
    let members = &repository.graph.members;
    let mut findings = Vec::new();
    for (name, member) in members {
        let Some(row) = table.get(name.as_str()) else {
            findings.push(Finding::new(PAGE, 0, format!("the table has no row for `{name}`")));
            continue;
        };
        for used in member.uses.iter().filter(|used| !row.allows(used)) {
            let what = format!("`{name}` uses `{used}`: change the table first, or the code");
            findings.push(Finding::new(PAGE, row.line, what));
        }
    }
    for (name, row) in table.iter().filter(|(name, _)| !members.contains_key(**name)) {
        findings.push(Finding::new(PAGE, row.line, format!("there is no crate `{name}`")));
    }
    findings
}

/// Crates that only compute reach no runtime, HTTP stack or database, and name no effect.
pub(super) fn purity(repository: &Repository) -> Vec<Finding> {
    let page = repository.tree.get(PAGE).unwrap_or_default();
    let (Some(pure), Some(forbidden)) = (words_after(page, PURE), words_after(page, FORBIDDEN))
    else {
        return vec![Finding::new(PAGE, 0, format!("needs the lines `{PURE}` and `{FORBIDDEN}`"))];
    };
    let mut findings = reached(&repository.graph, &pure, &forbidden);
    for name in pure {
        let folder = format!("crates/{name}/src/");
        let files = repository.tree.ending(".rs").filter(|(path, _)| path.starts_with(&folder));
        for (path, text) in files.filter(|(path, _)| !super::rust::is_test_file(path)) {
            findings.extend(effects(path, text));
        }
    }
    findings
}

/// Whoever looks for a crate finds it on the page.
pub(super) fn names_every_crate(repository: &Repository) -> Vec<Finding> {
    let page = repository.tree.get(PAGE).unwrap_or_default();
    let named = |name: &str| page.contains(&format!("`{name}`"));
    let missing = repository.graph.members.keys().filter(|name| !named(name));
    missing
        .map(|name| Finding::new(PAGE, 0, format!("does not say what `{name}` is for")))
        .collect()
}

/// One row: what a crate may use, and where that is written.
struct Row {
    line: usize,
    may: May,
}

enum May {
    Use(BTreeSet<String>),
    UseAnything,
}

impl Row {
    fn allows(&self, used: &str) -> bool {
        match &self.may {
            May::Use(names) => names.contains(used),
            May::UseAnything => true,
        }
    }
}

/// The table by crate. `all of the above` means every crate of the rows before it.
fn table(page: &str) -> Option<BTreeMap<&str, Row>> {
    let mut lines = page.lines().enumerate().skip_while(|(_, line)| line.trim() != TABLE_HEAD);
    lines.next()?;
    let mut table = BTreeMap::new();
    for (index, line) in lines.skip(1).take_while(|(_, line)| line.starts_with('|')) {
        let mut cells = line.trim_matches('|').split('|').map(str::trim);
        let names: Vec<&str> = cells.next()?.split(',').map(bare).collect();
        let right = cells.next()?;
        let above: BTreeSet<String> = table.keys().map(|name: &&str| (*name).to_owned()).collect();
        for name in names {
            let may = match right {
                "anything" => May::UseAnything,
                "all of the above" => May::Use(above.clone()),
                _ => May::Use(right.split(',').map(|word| bare(word).to_owned()).collect()),
            };
            table.insert(name, Row { line: index + 1, may });
        }
    }
    Some(table)
}

/// A name without its code marks and without a remark in parentheses.
fn bare(cell: &str) -> &str {
    cell.split('(').next().unwrap_or_default().trim().trim_matches('`')
}

/// The names after `start` on its line, without code marks.
fn words_after<'a>(page: &'a str, start: &str) -> Option<BTreeSet<&'a str>> {
    let line = page.lines().find_map(|line| line.strip_prefix(start))?;
    Some(line.trim_end_matches('.').split(',').map(bare).filter(|word| !word.is_empty()).collect())
}

fn reached(graph: &Graph, pure: &BTreeSet<&str>, forbidden: &BTreeSet<&str>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in pure {
        let Some(member) = graph.members.get(*name) else {
            findings.push(Finding::new(PAGE, 0, format!("there is no pure crate `{name}`")));
            continue;
        };
        for package in graph.reached(member).filter(|package| forbidden.contains(package)) {
            let what = format!("is pure, but reaches `{package}`: see `cargo tree -p {name}`");
            findings.push(Finding::new(*name, 0, what));
        }
    }
    findings
}

fn effects(path: &str, text: &str) -> Vec<Finding> {
    let shipped = super::rust::shipped_lines(text);
    let named = |line: &str| EFFECTS.into_iter().find(|effect| line.contains(effect));
    shipped
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .filter_map(|(number, line)| Some((number, named(line)?)))
        .map(|(number, effect)| {
            Finding::new(
                path,
                number,
                format!("`{effect}` in a pure crate: take the value instead"),
            )
        })
        .collect()
}
