//! `portreeve change`: propose a charter, apply it, and read back the changes that were made.

mod accounts;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use approval::{Object, Verb};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use charter::SourceTree;
use govern::Applied;
use govern::admin::PostedPayload;
use model::Digest;
use serde_json::{Map, Value, json};

use self::accounts::Moved;
use crate::admin_client;
use crate::begun::Begun;
use crate::cli::{Change, Output, Signing};
use crate::commands::check::{checked, warnings};
use crate::commands::signing::signer;
use crate::exit::Failure;
use crate::home::Home;
use crate::print;

/// Runs one of the changes' commands.
pub(crate) async fn run(home: &Home, command: Change) -> Result<ExitCode> {
    match command {
        Change::Propose { dir, apply, signing, output } => {
            propose(home, &dir, apply, (&signing, output)).await
        }
        Change::List(output) => list(home, output),
        Change::Show { id, output } => show(home, &id, output),
    }
}

async fn propose(
    home: &Home,
    dir: &Path,
    apply: bool,
    (signing, output): (&Signing, Output),
) -> Result<ExitCode> {
    let (tree, bundle) = checked(dir)?;
    let digest = *bundle.digest();
    let begun = Begun::demand(home)?;
    let base = begun.current()?.charter;
    let differing = differences(&begun.charters.get(&base)?, &tree);
    if !output.json {
        print::line(&format!("charter {digest}\n  replaces {base}"));
        for (path, what) in &differing {
            print::line(&format!("  {what:8} {path}"));
        }
    }
    for warning in warnings(&bundle) {
        print::notice(&format!("warning: {warning}"));
    }
    // A charter of before may not compile any more; then nothing can be said of its budgets.
    for moved in begun.bundle(&base).iter().flat_map(|old| accounts::moved(old, &bundle)) {
        print::notice(&format!("note: {moved}"));
    }
    if !apply {
        if output.json {
            let proposed = proposal(digest, base, &differing);
            print::line(&serde_json::to_string_pretty(&proposed)?);
            return Ok(ExitCode::SUCCESS);
        }
        let text = "checked, not applied. In genesis mode no gate is due: add --apply to put it \
                    into force. Proposals that wait for votes come with change control.";
        print::notice(text);
        return Ok(ExitCode::SUCCESS);
    }
    let (_, signer) = signer(home, signing)?;
    let signed = signer.sign(Verb::CharterApply, Object::Charter(digest))?;
    let files = tree.files().map(|(path, bytes)| (path.to_owned(), BASE64.encode(bytes))).collect();
    let payload = PostedPayload::Charter { files, base };
    let answer = admin_client::post(&home.admin_socket(), &signed, payload).await?;
    let change =
        answer.get("change").and_then(Value::as_str).context("the answer has no change")?;
    if output.json {
        let index = answer.get("index").cloned().unwrap_or_default();
        let mut applied = proposal(digest, base, &differing);
        applied.insert("id".to_owned(), Value::from(change));
        applied.insert("change".to_owned(), Value::from(change));
        applied.insert("control_index".to_owned(), index);
        applied.insert("applied".to_owned(), Value::from(true));
        let findings = answer.get("findings").cloned().unwrap_or_default();
        applied.insert("findings".to_owned(), findings);
        print::line(&serde_json::to_string_pretty(&applied)?);
    } else {
        print::line(&format!(
            "applied as change {change}, UNREVIEWED: one person holds every seat"
        ));
        let findings = answer.get("findings").and_then(Value::as_array);
        for finding in findings.into_iter().flatten() {
            print::notice(&format!("warning: {}", print::value(finding)));
        }
        print::next("portreeve status");
    }
    Ok(ExitCode::SUCCESS)
}

fn list(home: &Home, output: Output) -> Result<ExitCode> {
    let begun = Begun::demand(home)?;
    let all: Vec<Value> = begun
        .state
        .changes()
        .iter()
        .map(|applied| {
            json!({
                "id": applied.change,
                "at": applied.at,
                "signed_by": applied.actor,
                "charter": applied.charter,
                "base": applied.base,
                "reviewed": applied.reviewed,
                "control_index": applied.index,
            })
        })
        .collect();
    if output.json {
        print::line(&serde_json::to_string_pretty(&all)?);
        return Ok(ExitCode::SUCCESS);
    }
    for applied in begun.state.changes() {
        let reviewed = if applied.reviewed { "reviewed" } else { "unreviewed" };
        print::line(&format!(
            "{}  {}  by {}  charter {}  {reviewed}",
            applied.at,
            applied.change,
            applied.actor,
            applied.charter.short()
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn show(home: &Home, id: &str, output: Output) -> Result<ExitCode> {
    let begun = Begun::demand(home)?;
    let applied = begun
        .state
        .changes()
        .iter()
        .find(|applied| applied.change.to_string() == id)
        .ok_or_else(|| Failure::not_known(format!("no change {id} was applied here")))?;
    let new = begun.charters.get(&applied.charter)?;
    let old = applied.base.map(|base: Digest| begun.charters.get(&base)).transpose()?;
    let differing = differences(&old.unwrap_or_default(), &new);
    let moved = moved(&begun, applied);
    let act: Value = serde_json::to_value(&applied.act)?;
    if output.json {
        let files: BTreeMap<&String, &&str> =
            differing.iter().map(|(path, what)| (path, what)).collect();
        let object = json!({
            "id": applied.change,
            "at": applied.at,
            "signed_by": applied.actor,
            "charter": applied.charter,
            "base": applied.base,
            "reviewed": applied.reviewed,
            "control_index": applied.index,
            "act": act,
            "files": files,
            "budgets": moved,
        });
        print::line(&serde_json::to_string_pretty(&object)?);
        return Ok(ExitCode::SUCCESS);
    }
    let reviewed = if applied.reviewed { "reviewed" } else { "UNREVIEWED (genesis mode)" };
    print::line(&format!("change {}   {}   {reviewed}", applied.change, applied.at));
    print::line(&format!("signed by {}, control log entry {}", applied.actor, applied.index));
    print::line(&format!("charter   {}", applied.charter));
    if let Some(base) = applied.base {
        print::line(&format!("replaces  {base}"));
    }
    for (path, what) in &differing {
        print::line(&format!("  {what:8} {path}"));
    }
    for moved in &moved {
        print::line(&format!("note: {moved}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// The budgets that a change made count for others, as far as both charters still compile.
fn moved(begun: &Begun, applied: &Applied) -> Vec<Moved> {
    let bundles = applied.base.map(|base| (begun.bundle(&base), begun.bundle(&applied.charter)));
    match bundles {
        Some((Ok(old), Ok(new))) => accounts::moved(&old, &new),
        Some((Err(_), _) | (_, Err(_))) | None => Vec::new(),
    }
}

/// A proposal for programs: named by its charter until it is a change.
fn proposal(
    digest: Digest,
    base: Digest,
    differing: &[(String, &'static str)],
) -> Map<String, Value> {
    let files = differing.iter().map(|(path, what)| (path.clone(), Value::from(*what))).collect();
    Map::from_iter([
        ("id".to_owned(), Value::from(digest.to_string())),
        ("charter".to_owned(), Value::from(digest.to_string())),
        ("base".to_owned(), Value::from(base.to_string())),
        ("files".to_owned(), Value::Object(files)),
        ("applied".to_owned(), Value::from(false)),
    ])
}

/// Files that differ between two charters, and how.
fn differences(old: &SourceTree, new: &SourceTree) -> Vec<(String, &'static str)> {
    let before: BTreeMap<&str, &[u8]> = old.files().collect();
    let after: BTreeMap<&str, &[u8]> = new.files().collect();
    let mut differing = Vec::new();
    for (path, bytes) in &after {
        match before.get(path) {
            None => differing.push(((*path).to_owned(), "added")),
            Some(earlier) if earlier != bytes => differing.push(((*path).to_owned(), "changed")),
            Some(_) => {}
        }
    }
    for path in before.keys().filter(|path| !after.contains_key(*path)) {
        differing.push(((*path).to_owned(), "removed"));
    }
    differing.sort();
    differing
}
