//! Links between pages lead somewhere: to a file or folder that exists, and to a heading in it.

use super::tree::Tree;
use super::{Finding, Repository};
use crate::docs_run::prose_lines;

/// Every relative link of every page resolves.
pub(super) fn resolve(repository: &Repository) -> Vec<Finding> {
    broken(&repository.tree)
}

fn broken(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.ending(".md") {
        for (number, line) in prose_lines(text) {
            for target in targets(line).filter(|target| !is_outside(target)) {
                if let Some(what) = problem(tree, path, target) {
                    findings.push(Finding::new(path, number, what));
                }
            }
        }
    }
    findings
}

/// The targets of `[text](target)` in a line, code spans left out.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    let spoken = line.split('`').step_by(2);
    spoken.flat_map(|part| part.split("](").skip(1)).filter_map(|rest| rest.split(')').next())
}

fn is_outside(target: &str) -> bool {
    ["https://", "http://", "mailto:"].iter().any(|scheme| target.starts_with(scheme))
}

fn problem(tree: &Tree, page: &str, target: &str) -> Option<String> {
    let (path, heading) = match target.split_once('#') {
        Some((path, heading)) => (path, Some(heading)),
        None => (target, None),
    };
    let path = if path.is_empty() { Some(page.to_owned()) } else { join(page, path) };
    let Some(path) = path else { return Some(format!("`{target}` leads out of the checkout")) };
    if !tree.has(&path) {
        return Some(format!("`{target}` leads to `{path}`, which is not there"));
    }
    let heading = heading?;
    let known = tree.get(&path).is_some_and(|text| {
        prose_lines(text).any(|(_, line)| anchor(line).is_some_and(|anchor| anchor == heading))
    });
    (!known).then(|| format!("`{path}` has no heading `#{heading}`"))
}

/// `target` as seen from `page`; none where it climbs above the checkout.
fn join(page: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The anchor of a heading: lower case, spaces as `-`, other punctuation dropped.
fn anchor(line: &str) -> Option<String> {
    let title = line.trim_start_matches('#');
    if title.len() == line.len() || !title.starts_with(' ') {
        return None;
    }
    let keep = |character: char| match character {
        ' ' => Some('-'),
        '-' | '_' => Some(character),
        _ => character.is_alphanumeric().then(|| character.to_ascii_lowercase()),
    };
    Some(title.trim().chars().filter_map(keep).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(link: &str, problems: usize) {
        let page = format!("# Top\n\nSee [it]({link}).\n");
        let tree = Tree::of(&[
            ("docs/guide/a.md", page.as_str()),
            ("docs/b.md", "# Two words, and `code`!\n"),
            ("README.md", "# Read\n"),
        ]);
        assert_eq!(broken(&tree).len(), problems, "{link}: {:?}", broken(&tree));
    }

    #[test]
    fn links_that_lead_somewhere_pass() {
        for link in ["../b.md", "../../README.md", "./a.md", "#top", "../b.md#two-words-and-code"] {
            check(link, 0);
        }
        for link in ["https://example.org/x", "mailto:a@example.org", "..", "../../docs"] {
            check(link, 0);
        }
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        for link in ["b.md", "../B.md", "../b.md#two-words", "#bottom", "../../../etc/passwd"] {
            check(link, 1);
        }
    }

    #[test]
    fn code_is_no_link() {
        let text = "`[a](b.md)`\n\n```text\n[a](b.md)\n```\n";
        assert_eq!(broken(&Tree::of(&[("a.md", text)])), []);
    }
}
