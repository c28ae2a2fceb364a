//! Every dependency from outside earns its place: it is counted, and says what it replaces.

use std::collections::BTreeSet;

use super::{Finding, Repository};

/// Direct outside dependencies of the whole workspace.
const MOST: usize = 40;
/// Where each has its line.
const RECORD: &str = "docs/decisions/0002-dependencies.md";

/// Each direct outside dependency has a row in the record, and each row a dependency.
pub(super) fn listed(repository: &Repository) -> Vec<Finding> {
    let members = repository.graph.members.values();
    let used: BTreeSet<&str> =
        members.flat_map(|member| &member.outside).map(String::as_str).collect();
    let record = repository.tree.get(RECORD).unwrap_or_default();
    let rows: BTreeSet<&str> = rows(record).collect();
    let missing = used.difference(&rows).map(|name| {
        Finding::new(RECORD, 0, format!("has no row for `{name}`: what does it replace?"))
    });
    let stale = rows.difference(&used);
    let stale = stale.map(|name| Finding::new(RECORD, 0, format!("nobody uses `{name}`")));
    let mut findings: Vec<_> = missing.chain(stale).collect();
    if used.len() > MOST {
        let what = format!("{} direct outside dependencies; the limit is {MOST}", used.len());
        findings.push(Finding::new("Cargo.toml", 0, what));
    }
    findings
}

/// The first word of every row below the table's head.
fn rows(record: &str) -> impl Iterator<Item = &str> {
    let below = record.lines().skip_while(|line| !line.starts_with("|-")).skip(1);
    below.filter_map(|line| line.strip_prefix('|')?.split_whitespace().next())
}
