//! The rules of this repository as checks. A rule that is not checked here is only advice.
//!
//! Each rule takes what it reads as values and returns findings, so that its own tests can
//! hand it a tree that breaks it. No rule changes a file.

mod architecture;
mod codes;
mod dependencies;
mod graph;
mod links;
mod pages;
mod rust;
mod sizes;
mod tree;

#[cfg(test)]
mod tests;

use anyhow::Result;

use crate::Verdict;
use crate::count::Count;
use crate::place::Place;
use graph::Graph;
use tree::Tree;

/// Everything a rule may read.
#[derive(Debug)]
struct Repository {
    tree: Tree,
    graph: Graph,
}

/// One place that breaks a rule, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    /// The file, or the crate.
    place: String,
    /// The line, from 1; 0 for the whole file.
    line: usize,
    /// What is wrong and what mends it.
    what: String,
}

/// A named rule.
struct Rule {
    name: &'static str,
    check: fn(&Repository) -> Vec<Finding>,
}

const RULES: &[Rule] = &[
    Rule { name: "crates use only what the import table allows", check: architecture::imports },
    Rule { name: "pure crates stay pure", check: architecture::purity },
    Rule { name: "ARCHITECTURE.md names every crate", check: architecture::names_every_crate },
    Rule { name: "every crate carries the workspace's lints", check: rust::lints },
    Rule { name: "every Rust file opens with what it is for", check: rust::opening },
    Rule { name: "nothing is ignored, unfinished or unsafe", check: rust::unfinished },
    Rule { name: "every exemption from a lint has a reason", check: rust::reasons },
    Rule { name: "files stay small", check: sizes::files },
    Rule { name: "each outside dependency earns its line", check: dependencies::listed },
    Rule { name: "every refusal code is met by a test", check: codes::tested },
    Rule { name: "no path of anybody's machine", check: pages::machine_paths },
    Rule { name: "decision records are numbered once", check: pages::decisions },
    Rule { name: "CHANGELOG.md has an Unreleased section", check: pages::changelog },
    Rule { name: "links resolve", check: links::resolve },
    Rule { name: "commands in pages are run", check: pages::commands },
    Rule { name: "generated pages are current", check: pages::generated },
    Rule { name: "figures are those that were measured", check: pages::measured },
];

impl Repository {
    fn read(place: &Place) -> Result<Self> {
        Ok(Self { tree: Tree::read(&place.root)?, graph: Graph::read()? })
    }
}

impl Finding {
    fn new(place: impl Into<String>, line: usize, what: impl Into<String>) -> Self {
        Self { place: place.into(), line, what: what.into() }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => write!(out, "{}: {}", self.place, self.what),
            line => write!(out, "{}:{line}: {}", self.place, self.what),
        }
    }
}

/// Checks every rule and prints one line for each, and each finding below its rule.
pub(crate) fn run() -> Result<Verdict> {
    let count = check(&Place::find()?)?;
    println!("\n{} passed, {} failed", count.passed, count.failed);
    Ok(if count.failed == 0 { Verdict::Passed } else { Verdict::Failed })
}

/// The same, counted.
pub(crate) fn check(place: &Place) -> Result<Count> {
    let repository = Repository::read(place)?;
    let mut count = Count::default();
    for rule in RULES {
        let findings = (rule.check)(&repository);
        println!("{} {}", if findings.is_empty() { "ok  " } else { "FAIL" }, rule.name);
        for finding in &findings {
            println!("       {finding}");
        }
        count = count + Count::of(findings.is_empty());
    }
    Ok(count)
}
