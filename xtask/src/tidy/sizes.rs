//! Files stay small enough to read: 300 lines aimed at, 500 with a sentence, 800 never.

use super::rust::{is_test_file, shipped_lines};
use super::{Finding, Repository};

/// Shipped lines a file aims for.
const AIM: usize = 300;
/// Shipped lines from which a file must say why.
const EXPLAINED: usize = 500;
/// Shipped lines no file reaches.
const NEVER: usize = 800;
/// How that sentence begins, in the file's `//!`.
const WHY: &str = "Long because";

/// Files above the limits. Lines of tests do not count.
pub(super) fn files(repository: &Repository) -> Vec<Finding> {
    let sources = repository.tree.ending(".rs").filter(|(path, _)| !is_test_file(path));
    sources.filter_map(|(path, text)| Some(Finding::new(path, 0, too_long(text)?))).collect()
}

fn too_long(text: &str) -> Option<String> {
    let lines = shipped_lines(text).count();
    let opening: String = text.lines().take_while(|line| line.starts_with("//!")).collect();
    match lines {
        NEVER.. => Some(format!("{lines} lines: split it (aim {AIM}; {NEVER} is too much)")),
        EXPLAINED.. if !opening.contains(WHY) => {
            Some(format!("{lines} lines: split it (aim {AIM}), or say `{WHY} ...` in its `//!`"))
        }
        _ => None,
    }
}
