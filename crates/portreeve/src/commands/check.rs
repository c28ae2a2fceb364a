//! `portreeve check`: every problem of a charter at once, and what it comes to if there is none.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use bundle::Bundle;
use charter::SourceTree;
use model::Problems;
use serde_json::{Value, json};

use crate::cli::Output;
use crate::exit::Failure;
use crate::home::Home;
use crate::print;

/// Checks the charter in `dir`.
pub(crate) fn run(home: &Home, dir: Option<PathBuf>, output: Output) -> Result<ExitCode> {
    let dir = dir.unwrap_or_else(|| home.working_copy());
    match read(&dir)? {
        Ok((_, bundle)) => {
            if output.json {
                print::line("[]");
            } else {
                print::line(&format!(
                    "{}: no problems\ncharter {}\n{} agents, {} models, {} policies, {} policy tests passed",
                    dir.display(),
                    bundle.digest(),
                    bundle.agents().count(),
                    bundle.models().count(),
                    bundle.policies().all().count(),
                    bundle.tests_passed()
                ));
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(problems) => {
            if output.json {
                let all: Vec<Value> = problems.iter().map(object).collect();
                print::line(&serde_json::to_string_pretty(&all)?);
            } else {
                for problem in &problems {
                    print::line(&format!("{problem}\n"));
                }
                print::line(&count(&problems));
            }
            Ok(ExitCode::from(1))
        }
    }
}

/// The charter in `dir`, or a failure that lists every problem.
pub(crate) fn checked(dir: &Path) -> Result<(SourceTree, Bundle)> {
    read(dir)?.map_err(|problems| {
        let mut text = count(&problems);
        for problem in &problems {
            text.push_str(&format!("\n\n{problem}"));
        }
        Failure::denied(text).into()
    })
}

fn read(dir: &Path) -> Result<Result<(SourceTree, Bundle), Problems>> {
    if !dir.is_dir() {
        let text = format!("{} is not a directory: name the charter's directory", dir.display());
        return Err(Failure::usage(text).into());
    }
    let tree = match govern::read_tree(dir) {
        Ok(tree) => tree,
        Err(problems) => return Ok(Err(problems)),
    };
    Ok(bundle::check(&tree).map(|bundle| (tree, bundle)))
}

fn count(problems: &Problems) -> String {
    match problems.len() {
        1 => "1 problem".to_owned(),
        count => format!("{count} problems"),
    }
}

fn object(problem: &model::Problem) -> Value {
    json!({
        "id": problem.code,
        "file": problem.place.file,
        "line": problem.place.line,
        "column": problem.place.column,
        "what": problem.what,
        "who": problem.who,
        "help": problem.help,
    })
}
