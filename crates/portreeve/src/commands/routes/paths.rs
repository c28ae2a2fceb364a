//! The paths that agents may call, and what each passes; and those that are open. There are no
//! others.

use std::process::ExitCode;

use anyhow::Result;
use gateway::{GOVERNED, GovernedPath, OPEN, OpenPath};
use model::{Operation, Stage};
use serde_json::{Value, json};

use crate::cli::Output;
use crate::print;

/// What every request passes before anything leaves.
const CONTROLS: [Stage; 4] = [Stage::Authenticate, Stage::Read, Stage::Decide, Stage::Record];

pub(super) fn run(output: Output) -> Result<ExitCode> {
    if output.json {
        let all: Vec<Value> =
            GOVERNED.iter().map(object).chain(OPEN.iter().map(open_object)).collect();
        print::line(&serde_json::to_string_pretty(&all)?);
        return Ok(ExitCode::SUCCESS);
    }
    for governed in GOVERNED {
        let name = name(governed);
        print::line(&format!("{name:<58} {}", governed.operation.as_str()));
    }
    print::line(&format!(
        "\nEach of them passes {} before anything leaves. Each is there\nwith /v1, with /v1beta and \
         without a version, and behind /openai, /anthropic or /gemini, which\nsays in whose form \
         errors and the list of models are.\n",
        controls().join(", ")
    ));
    for open in OPEN {
        print::line(&format!("{:<58} {}", open_name(open), open.says));
    }
    print::line("\nThese are open, lead nowhere and are not recorded. There is no other path.");
    Ok(ExitCode::SUCCESS)
}

fn object(governed: &GovernedPath) -> Value {
    json!({
        "name": name(governed),
        "method": governed.method,
        "path": path(governed),
        "operation": governed.operation,
        "controls": controls(),
    })
}

fn open_object(open: &OpenPath) -> Value {
    json!({
        "name": open_name(open),
        "method": "GET",
        "path": open.path,
        "operation": null,
        "controls": [],
    })
}

fn open_name(open: &OpenPath) -> String {
    format!("GET {}", open.path)
}

fn controls() -> Vec<&'static str> {
    CONTROLS.iter().map(|stage| stage.as_str()).collect()
}

fn name(governed: &GovernedPath) -> String {
    format!("{} {}", governed.method, path(governed))
}

/// The path with the version with which the vendor's clients call it.
fn path(governed: &GovernedPath) -> String {
    let version = match governed.operation {
        Operation::GenerateContent | Operation::CountContentTokens => "/v1beta",
        Operation::ChatCompletions
        | Operation::Responses
        | Operation::Embeddings
        | Operation::Messages
        | Operation::CountMessageTokens
        | Operation::ListModels => "/v1",
    };
    format!("{version}{}", governed.path)
}
