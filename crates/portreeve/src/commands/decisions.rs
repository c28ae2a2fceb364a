//! `portreeve decisions`: the decision log, filtered, as lines or as JSON.

use std::collections::VecDeque;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use ledger::read::Reader;
use ledger::{Entry, EntryKind};
use model::{DecisionRecord, Timestamp};
use serde_json::{Value, json};

use crate::cli::Decisions;
use crate::commands::when::instant;
use crate::exit::Failure;
use crate::home::Home;
use crate::print;

/// How often a followed log is looked at.
const FOLLOW_EVERY: Duration = Duration::from_millis(200);

/// Which decisions are wanted.
struct Filter {
    agent: Option<String>,
    since: Option<Timestamp>,
    denied: bool,
    code: Option<String>,
    model: Option<String>,
}

/// Prints the decisions that match.
pub(crate) async fn run(home: &Home, options: Decisions) -> Result<ExitCode> {
    if options.follow && options.output.json {
        return Err(Failure::usage(
            "--follow prints lines as they come and --json prints one array; choose one",
        )
        .into());
    }
    let filter = Filter {
        since: options.since.as_deref().map(|text| instant("--since", text)).transpose()?,
        agent: options.agent,
        denied: options.denied,
        code: options.code,
        model: options.model,
    };
    let reader = open(home)?;
    let mut entries = reader.entries(0).context("the decision log cannot be read")?;
    let mut newest = VecDeque::new();
    for entry in entries.by_ref() {
        let entry = entry.context("the decision log cannot be read")?;
        if let Some(record) = filter.wants(&entry)? {
            if newest.len() == options.limit {
                newest.pop_front();
            }
            newest.push_back((entry.index, record));
        }
    }
    if options.output.json {
        let all: Vec<Value> = newest.iter().map(|(index, record)| object(*index, record)).collect();
        print::line(&serde_json::to_string_pretty(&all)?);
        return Ok(ExitCode::SUCCESS);
    }
    for (_, record) in &newest {
        print::line(&line(record));
    }
    if !options.follow {
        return Ok(ExitCode::SUCCESS);
    }
    loop {
        tokio::time::sleep(FOLLOW_EVERY).await;
        for entry in entries.by_ref() {
            let entry = entry.context("the decision log cannot be read")?;
            if let Some(record) = filter.wants(&entry)? {
                print::line(&line(&record));
            }
        }
    }
}

/// The decision log of a home that was begun.
pub(crate) fn open(home: &Home) -> Result<Reader> {
    let dir = home.decision_log();
    Reader::open_own(&dir).map_err(|cause| {
        let text = format!("no decisions can be read in {}: {cause}", home.root().display());
        Failure::unavailable(text).into()
    })
}

impl Filter {
    /// The record, if the entry is a decision that is wanted.
    fn wants(&self, entry: &Entry) -> Result<Option<DecisionRecord>> {
        if entry.kind != EntryKind::Decision {
            return Ok(None);
        }
        let record: DecisionRecord =
            serde_json::from_value(entry.json.clone()).with_context(|| {
                format!("entry {} is not a decision this version reads", entry.index)
            })?;
        let agent = record.subject.as_ref().map(|subject| subject.agent.as_str());
        let model = record.ask.as_ref().and_then(|ask| ask.model.as_ref()).map(AsRef::as_ref);
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        let wanted = is(&self.agent, agent)
            && is(&self.model, model)
            && is(&self.code, Some(&record.verdict.code))
            && self.since.is_none_or(|since| record.received >= since)
            && !(self.denied && record.verdict.allowed);
        Ok(wanted.then_some(record))
    }
}

fn line(record: &DecisionRecord) -> String {
    let verdict = if record.verdict.allowed { "allow" } else { "deny " };
    let agent = record.subject.as_ref().map_or("-", |subject| subject.agent.as_str());
    let (operation, model) = record.ask.as_ref().map_or(("-", "-"), |ask| {
        (ask.operation.as_str(), ask.model.as_ref().map_or("-", |model| model.as_str()))
    });
    let cited = record
        .verdict
        .policies
        .first()
        .or_else(|| record.targets.first().and_then(|target| target.policies.first()));
    let policy =
        cited.map(|policy| format!("  {}:{}", policy.file, policy.line)).unwrap_or_default();
    let context = record.context.as_ref().map(|context| format!(" in {context}"));
    let ask = record.verdict.ask.as_ref().map(|seat| format!("  ask {seat}"));
    let genesis = if record.charter.genesis { "  unreviewed" } else { "" };
    format!(
        "{}  {verdict} {:<22} {agent}  {operation} {model}{}{policy}{}{genesis}  {}",
        record.received,
        record.verdict.code,
        context.unwrap_or_default(),
        ask.unwrap_or_default(),
        record.id
    )
}

fn object(index: u64, record: &DecisionRecord) -> Value {
    let mut object = json!({ "index": index });
    if let (Some(fields), Ok(Value::Object(record))) =
        (object.as_object_mut(), serde_json::to_value(record))
    {
        fields.extend(record);
    }
    object
}
