//! `portreeve decisions`: the decision log, filtered, as lines or as JSON, with how each call
//! ended where that is known.

use std::collections::{HashMap, VecDeque};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use ledger::read::Reader;
use ledger::{Entry, EntryKind};
use model::{DecisionId, DecisionRecord, Ended, Outcome, RefusalCode, Timestamp};
use serde_json::{Value, json};

use crate::cli::Decisions;
use crate::codes::ErrorCode;
use crate::commands::when::instant;
use crate::exit::Failure;
use crate::home::Home;
use crate::names::{self, Given};
use crate::{print, suggest};

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

/// The newest decisions that are wanted, with how they ended.
struct Newest {
    limit: usize,
    records: VecDeque<(u64, DecisionRecord)>,
    /// One for each record: how it ended, as far as the log has come.
    outcomes: HashMap<DecisionId, Option<Outcome>>,
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
    let mut entries = reader.entries(0).context("the decision log cannot be read")?.shown();
    let mut newest = Newest::of(options.limit);
    for entry in entries.by_ref() {
        let entry = entry.context("the decision log cannot be read")?;
        if let Some(record) = filter.wants(&entry)? {
            newest.push(entry.index, record);
        } else if entry.kind == EntryKind::Outcome {
            newest.ended(&entry)?;
        }
    }
    if options.output.json {
        let all: Vec<Value> =
            newest.all().map(|(index, record, outcome)| object(index, record, outcome)).collect();
        print::line(&serde_json::to_string_pretty(&all)?);
        return Ok(ExitCode::SUCCESS);
    }
    for (_, record, outcome) in newest.all() {
        print::line(&line(record, outcome));
    }
    if newest.records.is_empty() {
        filter.guess(home);
    }
    if !options.follow {
        return Ok(ExitCode::SUCCESS);
    }
    loop {
        tokio::time::sleep(FOLLOW_EVERY).await;
        for entry in entries.by_ref() {
            let entry = entry.context("the decision log cannot be read")?;
            if let Some(record) = filter.wants(&entry)? {
                // A line is printed when the decision falls; how the call ends comes later.
                print::line(&line(&record, None));
            }
        }
    }
}

/// The decision log of a home that was begun.
pub(crate) fn open(home: &Home) -> Result<Reader> {
    let dir = home.decision_log();
    Reader::open_own(&dir).map_err(|cause| {
        let text = format!("no decisions can be read in {}: {cause}", home.root().display());
        Failure::of(ErrorCode::LogUnreadable, text).into()
    })
}

impl Filter {
    /// Says of a name that nothing was found of what may have been meant. It may be right all the
    /// same: what was refused may have named anything.
    fn guess(&self, home: &Home) {
        let codes = || RefusalCode::ALL.iter().map(|code| code.as_str());
        let agent = self.agent.as_deref().map(Given::Agent);
        let model = self.model.as_deref().map(Given::Model);
        let declared = [agent, model].into_iter().flatten();
        let mut meant: Vec<String> =
            declared.filter_map(|given| names::meant(home, given)).collect();
        let code = self.code.as_deref().filter(|code| codes().all(|known| known != *code));
        let known = codes().chain(["permitted"]);
        meant.extend(code.and_then(|code| suggest::nearest(code, known)).map(str::to_owned));
        for name in meant {
            print::notice(&format!("no decision is of that name. Did you mean `{name}`?"));
        }
    }

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

impl Newest {
    fn of(limit: usize) -> Self {
        Self { limit, records: VecDeque::new(), outcomes: HashMap::new() }
    }

    /// Takes the next decision; the oldest goes where there are too many.
    fn push(&mut self, index: u64, record: DecisionRecord) {
        if self.records.len() == self.limit
            && let Some((_, oldest)) = self.records.pop_front()
        {
            self.outcomes.remove(&oldest.id);
        }
        self.outcomes.insert(record.id, None);
        self.records.push_back((index, record));
    }

    /// Takes an outcome, if its decision is among them.
    fn ended(&mut self, entry: &Entry) -> Result<()> {
        let Some(ended) = entry.id.and_then(|id| self.outcomes.get_mut(&id)) else { return Ok(()) };
        let outcome = serde_json::from_value(entry.json.clone()).with_context(|| {
            format!("entry {} is not an outcome this version reads", entry.index)
        })?;
        *ended = Some(outcome);
        Ok(())
    }

    fn all(&self) -> impl Iterator<Item = (u64, &DecisionRecord, Option<&Outcome>)> {
        self.records.iter().map(|(index, record)| {
            (*index, record, self.outcomes.get(&record.id).and_then(Option::as_ref))
        })
    }
}

/// How a call ended, and where it was tried last.
fn ending(outcome: &Outcome) -> String {
    let status = outcome.status.map(|status| status.to_string());
    let said = match (outcome.ended, status) {
        (Ended::Complete, Some(status)) => status,
        (ended, Some(status)) => format!("{} {status}", ended.as_str()),
        (ended, None) => ended.as_str().to_owned(),
    };
    match outcome.attempts.last() {
        Some(last) => format!("  {said} at {}", last.provider),
        None => format!("  {said}"),
    }
}

fn line(record: &DecisionRecord, outcome: Option<&Outcome>) -> String {
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
        "{}  {verdict} {:<22} {agent}  {operation} {model}{}{}{policy}{}{genesis}  {}",
        record.received,
        record.verdict.code,
        context.unwrap_or_default(),
        outcome.map(ending).unwrap_or_default(),
        ask.unwrap_or_default(),
        record.id
    )
}

fn object(index: u64, record: &DecisionRecord, outcome: Option<&Outcome>) -> Value {
    let mut object = json!({ "index": index });
    if let (Some(fields), Ok(Value::Object(record))) =
        (object.as_object_mut(), serde_json::to_value(record))
    {
        fields.extend(record);
        fields.insert("outcome".to_owned(), json!(outcome));
    }
    object
}
