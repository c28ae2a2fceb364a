//! One decision replayed: its sealed facts put once more to the charter of that time.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use ledger::read::Reader;
use ledger::{Commit, Entry, EntryKind};
use model::{DecisionId, DecisionRecord, Operation, RefusalCode};
use policy::{Engine, RecordedFacts};

use super::against::{Difference, Differences, is_policys};
use super::cannot::{Cannot, Reason};
use super::page;
use super::sealed::{self, Reached};
use crate::begun::Begun;
use crate::cli::Output;
use crate::commands::decisions::open;
use crate::exit::Failure;
use crate::home::Home;
use crate::print;

/// What replaying a decision came to.
pub(super) struct Replayed {
    pub(super) id: DecisionId,
    /// What the log says; none where it has no such decision.
    pub(super) record: Option<DecisionRecord>,
    pub(super) result: std::result::Result<Compared, Cannot>,
}

/// The recorded verdict and the one reached again.
pub(super) struct Compared {
    pub(super) differences: Vec<Difference>,
    pub(super) basis: Basis,
}

/// What the verdict was reached from.
pub(super) enum Basis {
    /// The sealed facts, and what of the record is not policy's.
    Facts {
        facts: Box<RecordedFacts>,
        key: String,
        engine: Engine,
        schema_differs: bool,
        /// The record's own refusal, made beside policy.
        beside: Option<String>,
    },
    /// The charter alone: the model that was asked for is not declared in it.
    NoSuchModel,
}

/// Replays decision `id` and prints what it comes to.
pub(super) fn run(home: &Home, id: &str, output: Output) -> Result<ExitCode> {
    let id: DecisionId = id.parse().map_err(|cause| Failure::name(&cause))?;
    let begun = Begun::demand(home)?;
    let reader = open(home)?;
    let entries = reader.find(id).context("the decision log cannot be read")?;
    let (record, result) = replay(home, &begun, &reader, (id, &entries))?;
    let replayed = Replayed { id, record, result };
    let shown = if output.json {
        serde_json::to_string_pretty(&page::json(&replayed))?
    } else {
        page::text(&replayed)
    };
    print::line(&shown);
    Ok(match &replayed.result {
        Ok(compared) if compared.differences.is_empty() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(_) => ExitCode::from(4),
    })
}

fn replay(
    home: &Home,
    begun: &Begun,
    reader: &Reader,
    (id, entries): (DecisionId, &[Entry]),
) -> Result<(Option<DecisionRecord>, std::result::Result<Compared, Cannot>)> {
    let Some(entry) = entries.iter().find(|entry| entry.kind == EntryKind::Decision) else {
        return Ok((None, Err(no_decision(id, entries))));
    };
    let record: DecisionRecord = serde_json::from_value(entry.json.clone())
        .context("the entry is not a decision this version reads")?;
    let result = match Commit::of(&entry.json) {
        Some(commit) => from_facts(home, begun, reader, &record, commit)?,
        None => without_facts(begun, &record)?,
    };
    Ok((Some(record), result))
}

fn no_decision(id: DecisionId, entries: &[Entry]) -> Cannot {
    if entries.is_empty() {
        return Cannot::new(Reason::NotInLog, format!("no decision {id} stands in this log"));
    }
    let why = "it counts requests that proved no identity; policy was not asked about them";
    Cannot::new(Reason::Aggregate, why)
}

/// A decision that commits to facts.
fn from_facts(
    home: &Home,
    begun: &Begun,
    reader: &Reader,
    record: &DecisionRecord,
    commit: Commit,
) -> Reached<Compared> {
    let keys = match sealed::fact_keys(home)? {
        Ok(keys) => keys,
        Err(cannot) => return Ok(Err(cannot)),
    };
    let bytes = match sealed::facts(reader, record.id, &keys)? {
        Ok(bytes) => bytes,
        Err(cannot) => return Ok(Err(cannot)),
    };
    let facts = match sealed::read(&bytes) {
        Ok(facts) => facts,
        Err(cannot) => return Ok(Err(cannot)),
    };
    let bundle = match sealed::charter(&begun.charters, &record.charter.digest)? {
        Ok(bundle) => bundle,
        Err(cannot) => return Ok(Err(cannot)),
    };
    let [policy_seat, ..] = &record.charter.secondary;
    let again = bundle.policies().decide_again(&facts, policy_seat);
    let mut differences = Differences::of(record, &facts, &bundle, &again);
    let engine = Engine::current();
    let schema_differs =
        RecordedFacts::read(&again.facts).is_ok_and(|now| now.schema != facts.schema);
    // The same software writes the same facts, to the byte.
    if differences.is_empty() && engine == facts.engine && again.facts != bytes {
        differences.push(Difference {
            what: "the facts as a whole".to_owned(),
            recorded: model::Digest::of(&bytes).to_string(),
            now: model::Digest::of(&again.facts).to_string(),
        });
    }
    let beside = (!is_policys(record, &facts)).then(|| record.verdict.code.clone());
    let (facts, key) = (Box::new(facts), commit.key);
    let basis = Basis::Facts { facts, key, engine, schema_differs, beside };
    Ok(Ok(Compared { differences, basis }))
}

/// A decision without facts: nothing was put to policy, but a model that no charter declares can
/// still be looked for.
fn without_facts(begun: &Begun, record: &DecisionRecord) -> Reached<Compared> {
    let code = record.verdict.code.as_str();
    let ask = record.ask.as_ref();
    if record.verdict.allowed && ask.is_some_and(|ask| ask.operation == Operation::ListModels) {
        let why =
            "it is a list of models: policy was asked about each, and no facts of it are kept";
        return Ok(Err(Cannot::new(Reason::NotEvaluated, why)));
    }
    let asked_for = ask.and_then(|ask| ask.model.as_ref());
    let unknown = code == RefusalCode::ModelUnknown.as_str();
    let Some(name) = asked_for.filter(|_| unknown) else {
        let title = code.parse::<RefusalCode>().map_or("", RefusalCode::title);
        let why = format!("it was refused before policy was asked. {code}: {title}");
        return Ok(Err(Cannot::new(Reason::BeforePolicy, why)));
    };
    let bundle = match sealed::charter(&begun.charters, &record.charter.digest)? {
        Ok(bundle) => bundle,
        Err(cannot) => return Ok(Err(cannot)),
    };
    let declared = bundle.model(name).map(|_| Difference {
        what: format!("model {name}, in the charter"),
        recorded: "not declared".to_owned(),
        now: "declared".to_owned(),
    });
    let differences = declared.into_iter().collect();
    Ok(Ok(Compared { differences, basis: Basis::NoSuchModel }))
}
