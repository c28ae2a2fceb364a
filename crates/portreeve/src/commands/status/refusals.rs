//! The newest refusals, as the end of the decision log tells them: what policy or a budget
//! refused, and calls that failed at their provider. It reads a bounded part of the log.

use std::collections::{HashMap, VecDeque};

use anyhow::{Context as _, Result};
use ledger::{Entry, EntryKind};
use model::{DecisionId, DecisionRecord, Ended, Outcome, RefusalCode, Timestamp};
use serde::Serialize;

use crate::commands::decisions;
use crate::home::Home;

/// How many entries, the newest of those that are published, are looked through; what is not yet
/// published comes beside them.
pub(super) const LOOKED_THROUGH: u64 = 2_000;

/// One refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Refused {
    pub(super) id: DecisionId,
    pub(super) at: Timestamp,
    pub(super) code: String,
    pub(super) agent: Option<String>,
    pub(super) model: Option<String>,
    /// Who can fix it.
    pub(super) fixer: Option<String>,
    /// The seat that the caller was told to ask.
    pub(super) ask: Option<String>,
}

/// Who asked for what, until it is known how that ended.
type Asked = HashMap<DecisionId, (Option<String>, Option<String>)>;

/// The `count` newest refusals, the latest first.
pub(super) fn newest(home: &Home, count: usize) -> Result<Vec<Refused>> {
    let reader = decisions::open(home)?;
    let unreadable = "the decision log cannot be read";
    let published = reader.checkpoint().context(unreadable)?.map_or(0, |point| point.size);
    let mut asked = Asked::new();
    let mut newest = VecDeque::new();
    for entry in reader.entries(published.saturating_sub(LOOKED_THROUGH)).context(unreadable)? {
        if let Some(refused) = refused(&entry.context(unreadable)?, &mut asked)? {
            newest.push_front(refused);
            newest.truncate(count);
        }
    }
    Ok(newest.into())
}

/// What the entry says of a refusal; a permitted call is noted in `asked` instead.
fn refused(entry: &Entry, asked: &mut Asked) -> Result<Option<Refused>> {
    let unread = || format!("entry {} is not one this version reads", entry.index);
    if entry.kind == EntryKind::Decision {
        let record: DecisionRecord =
            serde_json::from_value(entry.json.clone()).with_context(unread)?;
        let agent = record.subject.map(|subject| subject.agent.to_string());
        let model = record.ask.and_then(|ask| ask.model).map(|model| model.to_string());
        if record.verdict.allowed {
            asked.insert(record.id, (agent, model));
            return Ok(None);
        }
        let fixer = fixer(&record.verdict.code);
        let (id, at, code) = (record.id, record.received, record.verdict.code);
        let ask = record.verdict.ask;
        return Ok(Some(Refused { id, at, code, agent, model, fixer, ask }));
    }
    if entry.kind != EntryKind::Outcome {
        return Ok(None);
    }
    let Some(id) = entry.id else { return Ok(None) };
    let outcome: Outcome = serde_json::from_value(entry.json.clone()).with_context(unread)?;
    let (agent, model) = asked.remove(&id).unwrap_or_default();
    Ok(failure(&outcome).map(|code| {
        let fixer = fixer(&code);
        Refused { id, at: entry.ts, code, agent, model, fixer, ask: None }
    }))
}

/// The code of a call that failed at its provider, or was cut.
fn failure(outcome: &Outcome) -> Option<String> {
    match outcome.ended {
        Ended::UpstreamFailed | Ended::UpstreamBroken | Ended::BudgetCut => {
            let code = outcome.attempts.last().and_then(|attempt| attempt.failure.clone());
            Some(code.unwrap_or_else(|| outcome.ended.as_str().to_owned()))
        }
        Ended::Complete | Ended::ClientGone | Ended::NotForwarded | Ended::Interrupted => None,
    }
}

fn fixer(code: &str) -> Option<String> {
    let code: RefusalCode = code.parse().ok()?;
    Some(code.fixer().as_str().to_owned())
}
