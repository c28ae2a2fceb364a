//! Rules about pages: what they may not hold, and what they must.

use std::collections::BTreeMap;

use super::{Finding, Repository};
use crate::{bench, docs, docs_run};

/// How paths of one machine begin. Written in halves, so that this file has none of them.
const MACHINE: [&str; 5] = [
    concat!("/wo", "rk/"),
    concat!("/fa", "rm/"),
    concat!("/ro", "ot/"),
    concat!(".cargo/reg", "istry/src"),
    concat!("/tm", "p/t/"),
];
/// Where the decision records are.
const DECISIONS: &str = "docs/decisions/";

/// Nothing names a folder of the machine somebody wrote it on.
pub(super) fn machine_paths(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in repository.tree.files().filter(|(path, _)| *path != "Cargo.lock") {
        for (index, line) in text.lines().enumerate() {
            if let Some(found) = MACHINE.into_iter().find(|start| starts_a_path(line, start)) {
                findings.push(Finding::new(path, index + 1, format!("names a path in `{found}`")));
            }
        }
    }
    findings
}

/// Records are `NNNN-title.md`, each number once, none left out, and their heading says it again.
pub(super) fn decisions(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut by_number = BTreeMap::new();
    for (path, text) in repository.tree.files() {
        let Some(name) = path.strip_prefix(DECISIONS) else { continue };
        let number = name.split('-').next().filter(|digits| digits.len() == 4);
        let Some(number) = number.and_then(|digits| digits.parse::<usize>().ok()) else {
            findings.push(Finding::new(path, 0, "is not named `NNNN-title.md`"));
            continue;
        };
        if !text.starts_with(&format!("# {number:04}: ")) {
            findings.push(Finding::new(path, 1, format!("opens with `# {number:04}: title`")));
        }
        if let Some(other) = by_number.insert(number, path) {
            findings.push(Finding::new(path, 0, format!("has the number of {other}")));
        }
    }
    let expected = 1..=by_number.len();
    if !by_number.keys().copied().eq(expected) {
        findings.push(Finding::new(DECISIONS, 0, "a number is left out"));
    }
    findings
}

/// The change log has a section for what comes next.
pub(super) fn changelog(repository: &Repository) -> Vec<Finding> {
    let log = repository.tree.get("CHANGELOG.md").unwrap_or_default();
    if log.lines().any(|line| line == "## [Unreleased]") {
        return Vec::new();
    }
    vec![Finding::new("CHANGELOG.md", 0, "has no line `## [Unreleased]`")]
}

/// What a reader would type is in a block that a test runs.
pub(super) fn commands(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in repository.tree.ending(".md").filter(|(path, _)| docs_run::is_page(path)) {
        if let Err(problem) = docs_run::parse(text) {
            findings.push(Finding::new(path, problem.line, problem.what));
        }
    }
    findings
}

/// What is generated is as it would be generated now.
pub(super) fn generated(repository: &Repository) -> Vec<Finding> {
    let stale = docs::pages()
        .into_iter()
        .filter(|page| repository.tree.get(&page.path) != Some(page.text.as_str()));
    stale
        .map(|page| Finding::new(&page.path, 0, "is not current: run `cargo xtask docs`"))
        .collect()
}

/// The page of figures says what was measured, and its plots draw it.
pub(super) fn measured(repository: &Repository) -> Vec<Finding> {
    let stale = bench::stale(&|path| repository.tree.get(path).map(str::to_owned));
    stale.into_iter().map(|(path, what)| Finding::new(&path, 0, what)).collect()
}

/// Whether `start` begins a path in `line`, rather than lying inside a longer one.
fn starts_a_path(line: &str, start: &str) -> bool {
    line.match_indices(start).any(|(at, _)| {
        let (before, _) = line.split_at(at);
        let inside = |character: char| character.is_alphanumeric() || "_.-".contains(character);
        !start.starts_with('/') || !before.ends_with(inside)
    })
}
