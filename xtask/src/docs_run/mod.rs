//! Runs every command that README.md, the guide and the concepts show, so that no page lies.
//!
//! The convention, for whoever writes a page:
//!
//! - A fenced block marked `sh` is run. The blocks of a page run in order, in one shell, in an
//!   empty home folder that is also the current folder, with `portreeve` and `portreeve-verify`
//!   on the PATH. `cargo run ... -- ARGS` and `target/release/portreeve` are the same programs:
//!   they are built already.
//! - `sh background` is one command that starts a server in a terminal of its own. The page
//!   goes on when it has said where it listens, and stops it at its end.
//! - `sh exit=1` must end with that exit code; every other block must end with 0.
//! - `sh skip="reason"` is shown and not run. The reason is printed with the run.
//! - A block marked `text` right after it is what it prints. Values that differ from run to run
//!   (ids, times, digests, tokens, ports, durations) match any value of their kind, and a line
//!   `...` matches any number of lines.
//! - The address 127.0.0.1:8484 in a command stands for the one that this run listens on.

mod block;
mod redact;
mod run;
mod shell;

use anyhow::{Context as _, Result};

pub(crate) use block::{parse, prose_lines};

use crate::Verdict;
use crate::count::Count;
use crate::place::Place;
use crate::python::{LEDGER, Python};
use crate::tally::Tally;
use crate::test::build_binaries;

/// The folders whose pages are run.
const FOLDERS: [&str; 2] = ["docs/concepts", "docs/guide"];

/// Whether the commands of this page are run.
pub(crate) fn is_page(path: &str) -> bool {
    let below = |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    path == "README.md" || (path.ends_with(".md") && FOLDERS.iter().any(|folder| below(folder)))
}

/// Builds the binary, installs what pages call beside it, and runs every page.
pub(crate) fn run_alone() -> Result<Verdict> {
    let place = Place::find()?;
    let mut tally = Tally::default();
    tally.step("packages", || Python::with(&place, &[LEDGER]).map(|_| Count::PASSED));
    if tally.step("build", || build_binaries(&place)) == Verdict::Passed {
        tally.step("pages", || run_all(&place));
    }
    Ok(tally.finish())
}

/// Runs every page; each of its blocks is one check. A checkout without pages passes nothing.
pub(crate) fn run_all(place: &Place) -> Result<Count> {
    let mut paths = vec!["README.md".to_owned()];
    for folder in FOLDERS {
        if let Ok(entries) = std::fs::read_dir(place.root.join(folder)) {
            let names = entries.flatten().map(|entry| entry.file_name());
            paths.extend(names.map(|name| format!("{folder}/{}", name.to_string_lossy())));
        }
    }
    paths.retain(|path| is_page(path) && place.root.join(path).is_file());
    paths.sort_unstable();
    let mut count = Count::default();
    for path in paths {
        count = count + run_page(place, &path)?;
    }
    Ok(count)
}

fn run_page(place: &Place, path: &str) -> Result<Count> {
    let text = std::fs::read_to_string(place.root.join(path))
        .with_context(|| format!("cannot read {path}"))?;
    let blocks = match parse(&text) {
        Ok(blocks) => blocks,
        Err(problem) => {
            println!("FAIL {path}:{}: {}", problem.line, problem.what);
            return Ok(Count::FAILED);
        }
    };
    let binary = place.binary("portreeve");
    let python = place.cache.join("python/bin");
    run::Page { path, blocks: &blocks, binary: &binary, python: &python }.run()
}
