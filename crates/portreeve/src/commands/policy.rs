//! `portreeve policy`: run the charter's tests, list its policies, print the schema.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use model::PolicySetKind;
use serde_json::{Value, json};

use crate::cli::{Output, Policy};
use crate::codes::ErrorCode;
use crate::commands::check::checked;
use crate::exit::Failure;
use crate::home::Home;
use crate::print;

/// Runs one of the policies' commands.
pub(crate) fn run(home: &Home, command: Policy) -> Result<ExitCode> {
    match command {
        Policy::Test { dir, output } => test(home, dir, output),
        Policy::List { dir, output } => list(home, dir, output),
        Policy::Schema { set } => {
            let kind = PolicySetKind::ALL
                .into_iter()
                .find(|kind| kind.as_str() == set)
                .ok_or_else(|| {
                    Failure::usage(format!(
                        "no policy set {set}: use guardrails, model, tool, secret or downstream"
                    ))
                })?;
            print::line(policy::schema_text(kind).trim_end());
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn test(home: &Home, dir: Option<PathBuf>, output: Output) -> Result<ExitCode> {
    let dir = dir.unwrap_or_else(|| home.working_copy());
    let tree = govern::read_tree(&dir).map_err(|problems| {
        Failure::of(
            ErrorCode::CharterInvalid,
            format!("{} problems; run `portreeve check`", problems.len()),
        )
    })?;
    let results = bundle::test(&tree).map_err(|problems| {
        Failure::of(
            ErrorCode::CharterInvalid,
            format!("{} problems; run `portreeve check`", problems.len()),
        )
    })?;
    let failed = results.iter().filter(|result| result.failure.is_some()).count();
    if output.json {
        let all: Vec<Value> = results
            .iter()
            .map(|result| {
                json!({
                    "name": result.name,
                    "place": result.place.to_string(),
                    "passed": result.failure.is_none(),
                    "failure": result.failure,
                })
            })
            .collect();
        print::line(&serde_json::to_string_pretty(&all)?);
    } else {
        for result in &results {
            match &result.failure {
                None => print::line(&format!("ok    {}   {}", result.name, result.place)),
                Some(failure) => {
                    print::line(&format!(
                        "FAIL  {}   {}\n      {failure}",
                        result.name, result.place
                    ));
                }
            }
        }
        print::line(&format!("{} passed, {failed} failed", results.len() - failed));
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn list(home: &Home, dir: Option<PathBuf>, output: Output) -> Result<ExitCode> {
    let (_, bundle) = checked(&dir.unwrap_or_else(|| home.working_copy()))?;
    let all: Vec<Value> = bundle
        .policies()
        .all()
        .map(|listed| {
            json!({
                "id": listed.policy.id,
                "effect": listed.policy.effect,
                "file": listed.policy.file,
                "line": listed.policy.line,
                "owner": listed.policy.owner,
                "text": listed.policy.text,
                "rationale": listed.rationale,
            })
        })
        .collect();
    if output.json {
        print::line(&serde_json::to_string_pretty(&all)?);
        return Ok(ExitCode::SUCCESS);
    }
    for listed in bundle.policies().all() {
        let policy = &listed.policy;
        let effect = match policy.effect {
            model::Effect::Permit => "permit",
            model::Effect::Forbid => "forbid",
        };
        print::line(&format!(
            "{effect} {}   {}:{}   {}\n       {}",
            policy.id, policy.file, policy.line, policy.owner, listed.rationale
        ));
    }
    Ok(ExitCode::SUCCESS)
}
