//! `portreeve explain ID`: the whole chain of accountability behind one decision.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use bundle::Bundle;
use ledger::read::Reader;
use ledger::{Entry, EntryKind};
use model::{DecisionRecord, Outcome};
use serde_json::{Value, json};

use crate::begun::Begun;
use crate::cli::Output;
use crate::commands::account::{self, Account, ChangeAccount, Nearly, ProofState};
use crate::commands::decisions::open;
use crate::commands::ids;
use crate::commands::replay::sealed;
use crate::home::Home;
use crate::print;

/// Prints the account of one decision.
pub(crate) fn run(home: &Home, id: &str, output: Output) -> Result<ExitCode> {
    let begun = Begun::demand(home)?;
    let reader = open(home)?;
    let id = ids::decision(&reader, id)?;
    let found = reader.find(id).context("the decision log cannot be read")?;
    if let Some(window) = found.iter().rfind(|entry| is_aggregate(entry.kind)) {
        if output.json {
            print::line(&serde_json::to_string_pretty(&aggregate_json(window))?);
        } else {
            print::page(&aggregate(window), account::LABEL);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let decision = found
        .iter()
        .find(|entry| entry.kind == EntryKind::Decision)
        .ok_or_else(|| ids::absent(&id))?;
    let account = account(home, &begun, &reader, (decision, &found))?;
    if output.json {
        print::line(&serde_json::to_string_pretty(&account.json())?);
    } else {
        print::page(account.text().trim_end(), account::LABEL);
    }
    Ok(ExitCode::SUCCESS)
}

fn account(
    home: &Home,
    begun: &Begun,
    reader: &Reader,
    (entry, found): (&Entry, &[Entry]),
) -> Result<Account> {
    let decision: DecisionRecord = serde_json::from_value(entry.json.clone())
        .context("the entry is not a decision this version reads")?;
    let outcome = found
        .iter()
        .find(|other| other.kind == EntryKind::Outcome)
        .map(|other| {
            serde_json::from_value::<Outcome>(other.json.clone())
                .map(|outcome| (other.index, outcome))
        })
        .transpose()
        .context("the outcome entry is not one this version reads")?;
    let bundle = begun.bundle(&decision.charter.digest)?;
    let change =
        begun.state.changes().iter().find(|applied| applied.change == decision.charter.change);
    let mut account = Account {
        recorded: entry.ts,
        index: entry.index,
        outcome,
        outcome_due: entry.outcome_due(),
        origin: reader.verifier().name().to_string(),
        proof: proof(reader, entry)?,
        change: ChangeAccount {
            actor: change.map(|applied| applied.actor.to_string()),
            at: change.map(|applied| applied.at),
            reviewed: change.is_some_and(|applied| applied.reviewed),
        },
        context: None,
        nearly: Nearly::of(&decision, bundle.policies(), || {
            let read = sealed::recorded(home, reader, decision.id);
            read.unwrap_or_else(|error| Err(format!("{error:#}")))
        }),
        texts: Vec::new(),
        seats: Vec::new(),
        names: Vec::new(),
        decision,
    };
    let context = account.decision.context.as_ref().and_then(|name| bundle.context(name));
    account.context =
        context.map(|context| (context.purpose.trim().replace('\n', " "), context.owner.clone()));
    account.texts = texts(&bundle, &account);
    account.seats = seats(&bundle, &account);
    account.names = names(&bundle, &account);
    Ok(account)
}

/// Checks the entry's inclusion in the signed checkpoint, if one covers it.
fn proof(reader: &Reader, entry: &Entry) -> Result<ProofState> {
    let bytes = ledger::canonical(&entry.json).context("the entry cannot be written again")?;
    let leaf = model::Digest::from_bytes(tlog::leaf_hash(bytes.as_bytes())).hex();
    let covered = reader.checkpoint()?.filter(|checkpoint| entry.index < checkpoint.size);
    match covered {
        Some(checkpoint) => {
            // `prove` checks what it made against the signed root before it hands it out.
            reader
                .prove(entry.index)
                .context("the entry cannot be proved: run `portreeve ledger verify`")?;
            Ok(ProofState::Included { size: checkpoint.size, leaf })
        }
        None => Ok(ProofState::Durable { leaf }),
    }
}

fn texts(bundle: &Bundle, account: &Account) -> Vec<(String, String)> {
    account
        .cited()
        .into_iter()
        .filter_map(|cited| {
            let listed = bundle.policies().all().find(|one| one.policy.id == cited.id)?;
            Some((cited.id.to_string(), listed.text.clone()))
        })
        .collect()
}

/// Every seat the account names, with its holder in the charter of that time.
fn seats(bundle: &Bundle, account: &Account) -> Vec<(String, String)> {
    let decision = &account.decision;
    let mut named: Vec<&str> = vec![&decision.charter.accountable];
    named.extend(decision.charter.secondary.iter().map(String::as_str));
    named.extend(decision.verdict.ask.as_deref());
    named.extend(decision.agent_owner.as_deref());
    named.extend(decision.target_owner.as_deref());
    named.extend(account.context.as_ref().map(|(_, owner)| owner.as_str()));
    named.extend(account.cited().into_iter().map(|policy| policy.owner.as_str()));
    named.extend(account.nearly.misses().iter().map(|miss| miss.policy.owner.as_str()));
    let secrets = decision.targets.iter().filter_map(|target| target.secret.as_ref());
    named.extend(secrets.map(|secret| secret.owner.as_str()));
    named.sort_unstable();
    named.dedup();
    named
        .into_iter()
        .filter_map(|seat| Some((seat.to_owned(), bundle.holder(seat)?.to_string())))
        .collect()
}

/// Full names of the persons who hold the seats.
fn names(bundle: &Bundle, account: &Account) -> Vec<(String, String)> {
    let holders = bundle.holders().into_iter();
    let held = account.seats.iter().filter_map(|(seat, _)| bundle.holder(seat));
    let mut names: Vec<(String, String)> = holders
        .chain(held)
        .filter_map(|person| Some((person.to_string(), bundle.full_name(person)?.to_owned())))
        .collect();
    names.sort();
    names.dedup();
    names
}

fn is_aggregate(kind: EntryKind) -> bool {
    matches!(kind, EntryKind::RefusalsOpened | EntryKind::RefusalsClosed)
}

/// A window for programs; its counts are none while it is open.
fn aggregate_json(window: &Entry) -> Value {
    json!({
        "id": window.id,
        "kind": "aggregate",
        "at": window.ts,
        "counts": window.json.pointer("/body/counts"),
    })
}

fn aggregate(window: &Entry) -> String {
    let id = window.id.map(|id| id.to_string()).unwrap_or_default();
    let mut text = format!(
        "Aggregate {id}   {}\n\nRequests that proved no identity were refused and counted, not\nrecorded one by one.",
        window.ts
    );
    match window.json.pointer("/body/counts").and_then(Value::as_object) {
        Some(counts) => {
            for (code, count) in counts {
                text.push_str(&format!("\n  {code}: {count}"));
            }
        }
        None => {
            text.push_str("\n  The window is still open: its counts are recorded when it closes.")
        }
    }
    text
}
