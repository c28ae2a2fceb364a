//! `portreeve check`: every problem of a charter at once, and what it comes to if there is none.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use bundle::{Bundle, Finding};
use charter::SourceTree;
use model::{Problem, Problems};
use serde_json::{Value, json};

use crate::cli::Output;
use crate::codes::ErrorCode;
use crate::commands::schema;
use crate::exit::Failure;
use crate::home::Home;
use crate::{clock, print};

/// Checks the charter in `dir`.
pub(crate) fn run(home: &Home, dir: Option<PathBuf>, output: Output) -> Result<ExitCode> {
    let dir = dir.unwrap_or_else(|| home.working_copy());
    match read(&dir)? {
        Ok((tree, bundle)) => {
            sound(&dir, &bundle, &schema::warnings(&dir, &tree), output)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(problems) => {
            if output.json {
                let all: Vec<Value> =
                    problems.iter().map(|problem| object(problem, "problem")).collect();
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

/// Prints what a charter without problems comes to, and what calls under it will meet.
fn sound(dir: &Path, bundle: &Bundle, editor: &[Problem], output: Output) -> Result<()> {
    let warnings = warnings(bundle);
    if output.json {
        let editor = editor.iter().map(|problem| object(problem, "warning"));
        let all: Vec<Value> = warnings.iter().map(warning).chain(editor).collect();
        print::line(&serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    print::line(&format!(
        "{}: no problems\ncharter {}\n{}, {}, {}, {} passed",
        dir.display(),
        bundle.digest(),
        counted(bundle.agents().count(), "agent"),
        counted(bundle.models().count(), "model"),
        policies(bundle.policies().all().count()),
        counted(bundle.tests_passed(), "policy test"),
    ));
    for warning in &warnings {
        print::line(&format!("warning: {warning}"));
    }
    for problem in editor {
        print::line(&format!("warning: {problem}"));
    }
    print::next(&format!("portreeve change propose {} --apply", dir.display()));
    Ok(())
}

/// What is no problem of the charter, and keeps calls from being served.
pub(crate) fn warnings(bundle: &Bundle) -> Vec<Finding> {
    bundle.unlent(clock::system().now())
}

/// The charter in `dir`, or a failure that lists every problem.
pub(crate) fn checked(dir: &Path) -> Result<(SourceTree, Bundle)> {
    read(dir)?.map_err(|problems| {
        let mut text = count(&problems);
        for problem in &problems {
            text.push_str(&format!("\n\n{problem}"));
        }
        Failure::of(ErrorCode::CharterInvalid, text).into()
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
    counted(problems.len(), "problem")
}

fn policies(count: usize) -> String {
    if count == 1 { "1 policy".to_owned() } else { format!("{count} policies") }
}

/// So many of something whose plural ends in `s`.
fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn warning(found: &Finding) -> Value {
    json!({
        "id": found.code,
        "severity": "warning",
        "what": found.what,
        "who": found.who,
        "help": found.help,
    })
}

fn object(problem: &Problem, severity: &str) -> Value {
    json!({
        "id": problem.code,
        "severity": severity,
        "file": problem.place.file,
        "line": problem.place.line,
        "column": problem.place.column,
        "what": problem.what,
        "who": problem.who,
        "help": problem.help,
    })
}
