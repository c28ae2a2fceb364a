//! `portreeve ledger`: verify the logs, prove a decision, say how they stand.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use ledger::EntryKind;
use ledger::read::Reader;
use model::DecisionId;
use serde_json::{Value, json};

use crate::cli::{Ledger, Output};
use crate::commands::decisions::open;
use crate::exit::Failure;
use crate::home::Home;
use crate::print;

/// Runs one of the ledger's commands.
pub(crate) fn run(home: &Home, command: Ledger) -> Result<ExitCode> {
    match command {
        Ledger::Verify(output) => verify(home, output),
        Ledger::Status(output) => status(home, output),
        Ledger::Prove { id } => prove(home, &id),
    }
}

fn logs(home: &Home) -> [(&'static str, std::path::PathBuf); 2] {
    [("control", home.control_log()), ("decisions", home.decision_log())]
}

/// Recomputes both logs from their entries; a finding is one sentence and exit code 1.
fn verify(home: &Home, output: Output) -> Result<ExitCode> {
    let mut all = Vec::new();
    let mut sound = true;
    for (name, dir) in logs(home) {
        let reader = reader(&dir)?;
        match ledger::verify::verify_dir(&dir, &reader.verifier().vkey()) {
            Ok(report) => {
                let text = format!(
                    "{name}: {} entries match the signed checkpoint of {}; {} more are durable and not \
                     yet published",
                    report.published,
                    reader.verifier().name(),
                    report.tail
                );
                all.push(json!({
                    "name": name,
                    "sound": true,
                    "published": report.published,
                    "unpublished": report.tail,
                    "decisions": report.decisions,
                    "unclean_epochs": report.unclean_epochs,
                    "without_outcome": report.unpaired,
                    "text": text,
                }));
            }
            Err(finding) => {
                sound = false;
                all.push(
                    json!({ "name": name, "sound": false, "text": format!("{name}: {finding}") }),
                );
            }
        }
    }
    if output.json {
        print::line(&serde_json::to_string_pretty(&all)?);
    } else {
        for one in &all {
            print::line(one.get("text").and_then(Value::as_str).unwrap_or_default());
        }
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn status(home: &Home, output: Output) -> Result<ExitCode> {
    let mut all = Vec::new();
    for (name, dir) in logs(home) {
        let reader = reader(&dir)?;
        let published = reader.checkpoint()?.map_or(0, |checkpoint| checkpoint.size);
        let mut size = published;
        for entry in reader.entries(published)? {
            entry.context("the log cannot be read")?;
            size += 1;
        }
        all.push(json!({
            "name": name,
            "origin": reader.verifier().name().to_string(),
            "vkey": reader.verifier().vkey(),
            "entries": size,
            "published": published,
        }));
    }
    if output.json {
        print::line(&serde_json::to_string_pretty(&all)?);
        return Ok(ExitCode::SUCCESS);
    }
    for one in &all {
        let text = |key: &str| one.get(key).map(plain).unwrap_or_default();
        print::line(&format!(
            "{}: {} entries, {} published\n  verifier key {}",
            text("origin"),
            text("entries"),
            text("published"),
            text("vkey")
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn prove(home: &Home, id: &str) -> Result<ExitCode> {
    let id: DecisionId = id.parse().map_err(|cause| Failure::usage(format!("{cause}")))?;
    let reader = open(home)?;
    let found = reader.find(id).context("the decision log cannot be read")?;
    let entry = found
        .iter()
        .find(|entry| entry.kind == EntryKind::Decision)
        .ok_or_else(|| Failure::denied(format!("no decision {id} stands in this log")))?;
    let proof =
        reader.prove(entry.index).map_err(|cause| Failure::unavailable(cause.to_string()))?;
    print::line(proof.trim_end());
    Ok(ExitCode::SUCCESS)
}

fn reader(dir: &std::path::Path) -> Result<Reader> {
    Reader::open_own(dir).map_err(|cause| Failure::unavailable(cause.to_string()).into())
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
