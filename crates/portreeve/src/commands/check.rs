//! `portreeve check`: every problem of a charter at once, and what it comes to if there is none.

mod excerpt;
mod paint;
mod report;
mod token;
mod told;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use bundle::{Bundle, Finding};
use charter::SourceTree;
use model::{Problem, Problems};
use serde_json::json;

use crate::cli::{ErrorFormat, Output};
use crate::codes::ErrorCode;
use crate::commands::schema;
use crate::exit::Failure;
use crate::home::Home;
use crate::{clock, print};
use report::{Form, Report};
use told::Severity;

/// A charter as it was read: its files, where they could be, and what they come to.
struct Reading {
    tree: Option<SourceTree>,
    bundle: Result<Bundle, Problems>,
}

/// Checks the charter in `dir`.
pub(crate) fn run(
    home: &Home,
    dir: Option<PathBuf>,
    output: Output,
    format: ErrorFormat,
) -> Result<ExitCode> {
    let dir = dir.unwrap_or_else(|| home.working_copy());
    let Reading { tree, bundle } = read(&dir)?;
    let editor = tree.as_ref().map(|tree| schema::warnings(&dir, tree)).unwrap_or_default();
    let form = if output.json { Form::Document } else { Form::Text(format) };
    let mut report = Report::new(form, tree.as_ref());
    let code = match &bundle {
        Ok(bundle) => {
            if form.is_prose() {
                print::line(&sound(&dir, bundle));
            }
            report.findings(&warnings(bundle));
            report.findings(&bundle.findings(clock::system().now()));
            ExitCode::SUCCESS
        }
        Err(problems) => {
            report.problems(problems, Severity::Problem);
            ExitCode::from(1)
        }
    };
    report.problems(&editor, Severity::Warning);
    report.end()?;
    if bundle.is_ok() && form.is_prose() {
        print::next(&format!("portreeve change propose {} --apply", dir.display()));
    }
    Ok(code)
}

/// What a charter without problems comes to.
fn sound(dir: &Path, bundle: &Bundle) -> String {
    format!(
        "{}: no problems\ncharter {}\n{}, {}, {}, {} passed",
        dir.display(),
        bundle.digest(),
        counted(bundle.agents().count(), "agent"),
        counted(bundle.models().count(), "model"),
        policies(bundle.policies().all().count()),
        counted(bundle.tests_passed(), "policy test"),
    )
}

/// What is no problem of the charter, and keeps calls from being served.
pub(crate) fn warnings(bundle: &Bundle) -> Vec<Finding> {
    bundle.unlent(clock::system().now())
}

/// The charter in `dir`, or a failure that lists every problem.
pub(crate) fn checked(dir: &Path) -> Result<(SourceTree, Bundle)> {
    let Reading { tree, bundle } = read(dir)?;
    let problems = match (tree, bundle) {
        (Some(tree), Ok(bundle)) => return Ok((tree, bundle)),
        (_, Err(problems)) => problems,
        (None, Ok(_)) => Problems::new(),
    };
    let mut text = count(&problems);
    for problem in &problems {
        text.push_str(&format!("\n\n{problem}"));
    }
    Err(Failure::of(ErrorCode::CharterInvalid, text).into())
}

fn read(dir: &Path) -> Result<Reading> {
    if !dir.is_dir() {
        let text = format!("{} is not a directory: name the charter's directory", dir.display());
        return Err(Failure::usage(text).into());
    }
    Ok(match govern::read_tree(dir) {
        Ok(tree) => Reading { bundle: bundle::check(&tree), tree: Some(tree) },
        Err(problems) => Reading { tree: None, bundle: Err(problems) },
    })
}

fn count(problems: &[Problem]) -> String {
    counted(problems.len(), "problem")
}

fn policies(count: usize) -> String {
    if count == 1 { "1 policy".to_owned() } else { format!("{count} policies") }
}

/// So many of something whose plural ends in `s`.
fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// A finding about a charter that has no problem.
fn finding(found: &Finding) -> serde_json::Value {
    json!({
        "id": found.code,
        "severity": "warning",
        "what": found.what,
        "who": found.who,
        "help": found.help,
    })
}
