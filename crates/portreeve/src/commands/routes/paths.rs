//! The paths that agents may call, and what each passes. There are no others.

use std::process::ExitCode;

use anyhow::Result;
use gateway::{GOVERNED, GovernedPath};
use model::{Operation, Stage};
use serde_json::{Value, json};

use crate::cli::Output;
use crate::print;

/// What every request passes before anything leaves.
const CONTROLS: [Stage; 4] = [Stage::Authenticate, Stage::Read, Stage::Decide, Stage::Record];

pub(super) fn run(output: Output) -> Result<ExitCode> {
    if output.json {
        let all: Vec<Value> = GOVERNED.iter().map(object).collect();
        print::line(&serde_json::to_string_pretty(&all)?);
        return Ok(ExitCode::SUCCESS);
    }
    for governed in GOVERNED {
        let name = name(governed);
        print::line(&format!("{name:<58} {}", governed.operation.as_str()));
    }
    print::line(&format!(
        "\nEach passes {} before anything leaves. There is no other path.",
        controls().join(", ")
    ));
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
