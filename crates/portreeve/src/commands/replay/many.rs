//! The recorded decisions of a time, put to a candidate charter: who would gain, who would lose.
//!
//! It reads the log once, in order, and holds what the limits below allow and no more.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use ledger::read::Reader;
use ledger::{SealedDecision, Unsealing};
use model::{AgentName, DecisionRecord, Operation, RefusalCode, Timestamp};
use policy::RecordedFacts;
use serde::Deserialize as _;

use super::candidate::{Candidate, SITUATIONS_MAX};
use super::cannot::{Cannot, Reason};
use super::effect::Call;
use super::groups::Groups;
use super::olds::Olds;
use super::{begin, effect, sealed, tell};
use crate::begun::Begun;
use crate::cli::Replay;
use crate::commands::checked;
use crate::commands::decisions::open;
use crate::commands::when::instant;
use crate::exit::Failure;
use crate::home::Home;
use crate::names::{self, Given};
use crate::print;

const UNREADABLE: &str = "the decision log cannot be read";

/// Which decisions are replayed.
pub(super) struct Wanted {
    pub(super) since: Timestamp,
    pub(super) until: Option<Timestamp>,
    pub(super) agent: Option<AgentName>,
}

/// What came of it.
pub(super) struct Report {
    /// How many decisions were put to the candidate.
    pub(super) replayed: u64,
    /// How many could not be, by reason.
    pub(super) not: BTreeMap<Reason, u64>,
    /// How many of those asked for a model that was not declared then and is in the candidate.
    pub(super) declared_now: u64,
    /// What the candidate would decide otherwise.
    pub(super) groups: Groups,
}

/// Replays what is wanted under the charter in `dir`.
pub(super) fn run(home: &Home, options: &Replay, dir: &Path) -> Result<ExitCode> {
    let wanted = Wanted::of(options)?;
    let begun = Begun::demand(home)?;
    let reader = open(home)?;
    let (_, bundle) = checked(dir)?;
    let keys = match sealed::fact_keys(home)? {
        Ok(keys) => keys,
        Err(cannot) => return Err(Failure::unavailable(cannot.why).into()),
    };
    let mut replaying = Replaying {
        wanted: &wanted,
        candidate: Candidate::new(&bundle, SITUATIONS_MAX),
        olds: Olds::new(&begun.charters),
        unsealing: Unsealing::with(keys),
        report: Report {
            replayed: 0,
            not: BTreeMap::new(),
            declared_now: 0,
            groups: Groups::default(),
        },
    };
    for decision in reader.decisions(first(&reader, wanted.since)?).context(UNREADABLE)? {
        replaying.take(&decision.context(UNREADABLE)?)?;
    }
    let Replaying { candidate, report, .. } = replaying;
    if let (0, true, Some(agent)) = (report.replayed, report.not.is_empty(), &wanted.agent)
        && let Some(name) = names::meant(home, Given::Agent(agent.as_str()))
    {
        print::notice(&format!("no decision is of agent {agent}. Did you mean `{name}`?"));
    }
    let seen = candidate.seen();
    let shown = if options.output.json {
        let object = tell::json((dir, &bundle), &wanted, &report, seen);
        serde_json::to_string_pretty(&object)?
    } else {
        tell::text((dir, &bundle), &wanted, &report, seen)
    };
    print::line(&shown);
    Ok(match (report.groups.is_empty(), report.replayed) {
        (false, _) => ExitCode::from(1),
        // Nothing could be said of any of them.
        (true, 0) if !report.not.is_empty() => ExitCode::from(4),
        (true, _) => ExitCode::SUCCESS,
    })
}

/// Where the log of that time begins.
fn first(reader: &Reader, since: Timestamp) -> Result<u64> {
    let published = reader.checkpoint().context(UNREADABLE)?.map_or(0, |point| point.size);
    begin::first(published, since, |index| {
        let entry = reader.entry(index).context(UNREADABLE)?;
        Ok(entry.map(|entry| entry.ts))
    })
}

impl Wanted {
    fn of(options: &Replay) -> Result<Self> {
        let since = options.since.as_deref().map(|text| instant("--since", text)).transpose()?;
        let until = options.until.as_deref().map(|text| instant("--until", text)).transpose()?;
        let since = since.ok_or_else(|| Failure::usage("--bundle needs --since"))?;
        if let Some(until) = until.filter(|until| *until <= since) {
            let text = format!("--until {until} is not after --since {since}");
            return Err(Failure::usage(text).into());
        }
        Ok(Self { since, until, agent: options.agent.clone() })
    }

    fn covers(&self, record: &DecisionRecord) -> bool {
        let agent = record.subject.as_ref().map(|subject| &subject.agent);
        self.since <= record.received
            && self.until.is_none_or(|until| record.received < until)
            && (self.agent.is_none() || self.agent.as_ref() == agent)
    }
}

struct Replaying<'r> {
    wanted: &'r Wanted,
    candidate: Candidate<'r>,
    olds: Olds<'r>,
    unsealing: Unsealing,
    report: Report,
}

impl Replaying<'_> {
    fn take(&mut self, decision: &SealedDecision) -> Result<()> {
        let entry = &decision.entry;
        let record = DecisionRecord::deserialize(&entry.json).with_context(|| {
            format!("entry {} is not a decision this version reads", entry.index)
        })?;
        if !self.wanted.covers(&record) {
            return Ok(());
        }
        let facts = match self.facts(&record, decision)? {
            Ok(facts) => facts,
            Err(Cannot { reason, .. }) => {
                *self.report.not.entry(reason).or_default() += 1;
                return Ok(());
            }
        };
        self.report.replayed += 1;
        let bound = record.subject.as_ref().and_then(|subject| subject.context.as_ref());
        let would = self.candidate.would(&facts, bound);
        if let Some(direction) = effect::of(&record, &facts, &would) {
            let call = Call { record: &record, facts: &facts, would: &would };
            let because = call.because(direction, self.candidate.bundle(), &mut self.olds)?;
            self.report.groups.add(&record, &would, (direction, because));
        }
        Ok(())
    }

    /// The facts of a decision that can be put to another charter.
    fn facts(
        &mut self,
        record: &DecisionRecord,
        decision: &SealedDecision,
    ) -> Result<std::result::Result<RecordedFacts, Cannot>> {
        let Some(commit) = &decision.commit else {
            return Ok(Err(self.without_facts(record)));
        };
        if let Some(cannot) = effect::of_a_named_context(record) {
            return Ok(Err(cannot));
        }
        let Some(sealed) = &decision.sealed else {
            return Ok(Err(Cannot::new(Reason::FactsLost, "")));
        };
        match self.unsealing.unseal(record.id, commit, sealed) {
            Ok(bytes) => Ok(sealed::read(&bytes)),
            Err(cause) => sealed::out_of_reach(cause).map(Err),
        }
    }

    fn without_facts(&mut self, record: &DecisionRecord) -> Cannot {
        let ask = record.ask.as_ref();
        if record.verdict.allowed && ask.is_some_and(|ask| ask.operation == Operation::ListModels) {
            return Cannot::new(Reason::NotEvaluated, "");
        }
        let unknown = record.verdict.code == RefusalCode::ModelUnknown.as_str();
        let model = ask.and_then(|ask| ask.model.as_ref()).filter(|_| unknown);
        if model.is_some_and(|model| self.candidate.bundle().model(model).is_some()) {
            self.report.declared_now += 1;
        }
        Cannot::new(Reason::BeforePolicy, "")
    }
}
