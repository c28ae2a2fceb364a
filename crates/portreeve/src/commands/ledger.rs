//! `portreeve ledger`: verify the logs, prove a decision, say how they stand.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use ledger::EntryKind;
use ledger::read::Reader;
use ledger::verify::Watch;
use portreeve_verify::Bar;
use serde_json::{Value, json};
use tlog::Checkpoint;

use crate::anchors::{self, Extent};
use crate::begun::Begun;
use crate::cli::{Ledger, Output};
use crate::codes::ErrorCode;
use crate::commands::decisions::open;
use crate::commands::ids;
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

/// Recomputes both logs from their entries and holds them against each other; a finding is one
/// sentence and exit code 1.
fn verify(home: &Home, output: Output) -> Result<ExitCode> {
    let begun = match Begun::demand(home) {
        // A log that is there and cannot be read is what this command is asked about.
        Err(_) if home.control_log().is_dir() => None,
        begun => Some(begun?),
    };
    let (keys, anchored) = match &begun {
        Some(begun) => (
            anchors::expected_keys(home, begun)?,
            anchors::anchored(home, begun).unwrap_or_default(),
        ),
        None => ([None, None], Vec::new()),
    };
    let mut cited = begun.as_ref().map(anchors::Cited::new);
    let mut all = Vec::new();
    for ((name, dir), key) in logs(home).into_iter().zip(keys) {
        let held = if name == "decisions" { anchored.as_slice() } else { &[] };
        let mut bar = Bar::on_terminal();
        all.push(verified((name, &dir), key, held, &mut |passed| {
            bar.show(passed.index, passed.of);
            if name == "decisions" {
                cited.iter_mut().for_each(|cited| cited.take(&passed));
            }
        }));
    }
    // Where the decision log was passed to its end, what its entries name is known by now.
    let passed = all.last().is_some_and(is_sound);
    let extent = if passed { Extent::Newest } else { Extent::Whole };
    let unknown = cited.and_then(anchors::Cited::finding).filter(|_| passed);
    let together = unknown.map_or_else(|| together(home, begun.as_ref(), extent), |one| vec![one]);
    all.extend(together.into_iter().map(
        |text| json!({ "name": "together", "sound": false, "text": format!("together: {text}") }),
    ));
    if output.json {
        print::line(&serde_json::to_string_pretty(&all)?);
    } else {
        for one in &all {
            print::line(one.get("text").and_then(Value::as_str).unwrap_or_default());
        }
    }
    let sound = all.iter().all(is_sound);
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn is_sound(one: &Value) -> bool {
    one.get("sound") == Some(&Value::Bool(true))
}

/// What the two logs say of each other that cannot be true, or why that cannot be told.
fn together(home: &Home, begun: Option<&Begun>, extent: Extent) -> Vec<String> {
    let Some(begun) = begun else {
        return vec!["the control log cannot be read, so nothing can be held against it".into()];
    };
    anchors::findings(home, begun, extent).unwrap_or_else(|cause| {
        vec![format!("the logs cannot be held against each other: {cause}")]
    })
}

/// What one log comes to, under the key it must have.
fn verified(
    (name, dir): (&str, &Path),
    key: Option<String>,
    held: &[Checkpoint],
    watch: &mut Watch<'_>,
) -> Value {
    let unsound = |finding: String| json!({ "name": name, "sound": false, "text": format!("{name}: {finding}") });
    let reader = match Reader::open_own(dir) {
        Ok(reader) => reader,
        Err(cause) => return unsound(format!("the log cannot be read: {cause}")),
    };
    let vkey = key.unwrap_or_else(|| reader.verifier().vkey());
    match ledger::verify::verify_dir_watched(dir, &vkey, held, watch) {
        Err(finding) => unsound(finding.to_string()),
        // A log that is being begun has entries in its write-ahead file at least.
        Ok(report) if report.published == 0 && report.tail == 0 && dir.join("tile").is_dir() => {
            unsound("entries were published, but the checkpoint that signs them is gone".into())
        }
        Ok(report) => {
            let text = format!(
                "{name}: {} entries match the signed checkpoint of {}; {} more are durable and not \
                 yet published",
                report.published,
                reader.verifier().name(),
                report.tail
            );
            json!({
                "name": name,
                "sound": true,
                "published": report.published,
                "unpublished": report.tail,
                "decisions": report.decisions,
                "unclean_epochs": report.unclean_epochs,
                "without_outcome": report.unpaired,
                "text": text,
            })
        }
    }
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
        let text = |key: &str| one.get(key).map(print::value).unwrap_or_default();
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
    let reader = open(home)?;
    let id = ids::decision(&reader, id)?;
    let found = reader.find(id).context("the decision log cannot be read")?;
    let entry = found
        .iter()
        .find(|entry| entry.kind == EntryKind::Decision)
        .ok_or_else(|| ids::absent(&id))?;
    let proof = reader.prove(entry.index).map_err(|cause| {
        Failure::unavailable(format!(
            "{cause}; if the call was made just now, try again in a second"
        ))
    })?;
    print::line(proof.trim_end());
    print::next("portreeve-verify proof FILE, where an auditor keeps the log's key");
    Ok(ExitCode::SUCCESS)
}

fn reader(dir: &std::path::Path) -> Result<Reader> {
    Reader::open_own(dir)
        .map_err(|cause| Failure::of(ErrorCode::LogUnreadable, cause.to_string()).into())
}
