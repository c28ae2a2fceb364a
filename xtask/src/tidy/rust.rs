//! Rules about Rust sources and manifests.

use super::{Finding, Repository};

/// What may stand in no Rust code. Written in halves, so that this file has none of it.
const UNFINISHED: [(&str, &str); 4] = [
    (concat!("#[ig", "nore"), "a test that does not run says nothing: mend it or delete it"),
    (concat!("to", "do!("), "finish it, or leave it out"),
    (concat!("unimple", "mented!("), "finish it, or leave it out"),
    (concat!("un", "safe {"), "no unsafe code"),
];
/// What may stand in no comment either.
const LEFT_FOR_LATER: [(&str, &str); 2] = [
    (concat!("TO", "DO"), "finish it, or say what is so today and why"),
    (concat!("FIX", "ME"), "mend it, or say what is so today and why"),
];

/// Every member takes the workspace's lints.
pub(super) fn lints(repository: &Repository) -> Vec<Finding> {
    let manifests = repository.tree.ending("Cargo.toml").filter(|(path, _)| *path != "Cargo.toml");
    manifests
        .filter(|(path, text)| is_member(path) && !text.contains("[lints]\nworkspace = true"))
        .map(|(path, _)| Finding::new(path, 0, "needs `[lints]` with `workspace = true`"))
        .collect()
}

/// Every file says first what it is for.
pub(super) fn opening(repository: &Repository) -> Vec<Finding> {
    let silent = repository.tree.ending(".rs").filter(|(_, text)| !text.starts_with("//! "));
    silent.map(|(path, _)| Finding::new(path, 1, "opens with `//!`: what is it for?")).collect()
}

/// Nothing is switched off or left for later.
pub(super) fn unfinished(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in repository.tree.ending(".rs") {
        for (index, line) in text.lines().enumerate() {
            // An example in a comment may show what does not compile.
            let code = if line.trim_start().starts_with("//") { "" } else { line };
            let in_code = UNFINISHED.into_iter().find(|(pattern, _)| code.contains(pattern));
            let anywhere =
                || LEFT_FOR_LATER.into_iter().find(|(pattern, _)| line.contains(pattern));
            let found = in_code.or_else(anywhere);
            if let Some((pattern, help)) = found {
                findings.push(Finding::new(path, index + 1, format!("`{pattern}`: {help}")));
            }
        }
    }
    findings
}

/// Whoever switches a lint off says why, in the attribute itself.
pub(super) fn reasons(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in repository.tree.ending(".rs") {
        for start in [concat!("#[al", "low("), concat!("#![al", "low("), "#[expect(", "#![expect("]
        {
            for (at, _) in text.match_indices(start) {
                let (before, after) = text.split_at(at);
                // Attributes stand alone on their line; elsewhere it is a text about them.
                let alone = before.rsplit('\n').next().is_some_and(|line| line.trim().is_empty());
                let attribute = after.split(")]").next().unwrap_or_default();
                if alone && !attribute.contains("reason = \"") {
                    let line = before.matches('\n').count() + 1;
                    findings.push(Finding::new(path, line, "needs `reason = \"...\"`"));
                }
            }
        }
    }
    findings
}

/// Whether a file holds tests and nothing else.
pub(super) fn is_test_file(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs") || path.ends_with("_tests.rs")
}

/// The lines of a file with their numbers, without its `#[cfg(test)]` items.
pub(super) fn shipped_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut part = Part::Shipped;
    text.lines().enumerate().filter_map(move |(index, line)| {
        part = part.after(line);
        matches!(part, Part::Shipped).then_some((index + 1, line))
    })
}

/// The lines of a file's `#[cfg(test)]` items.
pub(super) fn test_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut part = Part::Shipped;
    text.lines().filter(move |line| {
        part = part.after(line);
        !matches!(part, Part::Shipped)
    })
}

/// Where a line stands. An item under `#[cfg(test)]` ends, in formatted code, with a line
/// that is indented as it is and closes it.
#[derive(Debug, Clone, Copy)]
enum Part {
    Shipped,
    /// After the attribute, before the item's first line.
    TestBegins {
        indent: usize,
    },
    Test {
        indent: usize,
    },
    TestEnds,
}

impl Part {
    fn after(self, line: &str) -> Self {
        let indent = line.len() - line.trim_start().len();
        let text = line.trim();
        match self {
            Self::Shipped | Self::TestEnds if text == "#[cfg(test)]" => Self::TestBegins { indent },
            Self::Shipped | Self::TestEnds => Self::Shipped,
            Self::TestBegins { indent } if text.starts_with("#[") => Self::TestBegins { indent },
            Self::TestBegins { .. } if text.ends_with(';') || text.ends_with('}') => Self::TestEnds,
            Self::TestBegins { indent } => Self::Test { indent },
            Self::Test { indent: item } if indent == item && text.starts_with(['}', ')', ']']) => {
                Self::TestEnds
            }
            Self::Test { indent } => Self::Test { indent },
        }
    }
}

fn is_member(path: &str) -> bool {
    path == "xtask/Cargo.toml" || (path.starts_with("crates/") && path.matches('/').count() == 2)
}
