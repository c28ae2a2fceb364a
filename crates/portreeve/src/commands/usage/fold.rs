//! Pairs each decision with its outcome: one call that ended. It adds nothing up.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use ledger::{Entry, EntryKind};
use model::{Amounts, DecisionId, DecisionRecord, Ended, HeldRecord, Measure, Outcome, Timestamp};
use serde::{Deserialize as _, Serialize};

/// When the calls that count came: from `since` on, before `until`.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Period {
    pub(super) since: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
}

/// Whose call it was.
#[derive(Debug, Default)]
pub(super) struct Whose {
    pub(super) owner: Option<String>,
    pub(super) agent: Option<String>,
    pub(super) model: Option<String>,
}

/// One call that ended.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) whose: Whose,
    pub(super) received: Timestamp,
    pub(super) outcome: Outcome,
    /// What budgets were charged: what the outcome says, or else all that was held.
    pub(super) charged: Amounts,
}

/// A decision whose outcome has not come yet.
#[derive(Debug)]
struct Open {
    whose: Whose,
    received: Timestamp,
    held: Amounts,
}

/// Reads entries in order.
#[derive(Debug)]
pub(super) struct Fold {
    period: Period,
    open: HashMap<DecisionId, Option<Open>>,
}

impl Fold {
    pub(super) fn new(period: Period) -> Self {
        Self { period, open: HashMap::new() }
    }

    pub(super) const fn period(&self) -> Period {
        self.period
    }

    /// How many calls of the period have no outcome so far.
    pub(super) fn without_outcome(&self) -> usize {
        self.open.values().flatten().count()
    }

    /// The next entry; gives the call that it ends, where it does and the call is of the period.
    pub(super) fn take(&mut self, entry: &Entry) -> Result<Option<Call>> {
        let Some(id) = entry.id else { return Ok(None) };
        let unreadable = || format!("entry {} is not one this version reads", entry.index);
        if entry.outcome_due() {
            let record = DecisionRecord::deserialize(&entry.json).with_context(unreadable)?;
            let counts = self.period.covers(record.received);
            self.open.insert(id, counts.then(|| Open::from(record)));
            return Ok(None);
        }
        if entry.kind != EntryKind::Outcome {
            return Ok(None);
        }
        let outcome = Outcome::deserialize(&entry.json).with_context(unreadable)?;
        let open = match self.open.remove(&id) {
            Some(open) => open,
            // No decision: the log is not sound, and nobody answers for it.
            None => self.period.covers(entry.ts).then(|| Open::of_nobody(entry.ts)),
        };
        Ok(open.map(|open| open.ended(outcome)))
    }
}

impl Open {
    fn of_nobody(received: Timestamp) -> Self {
        Self { whose: Whose::default(), received, held: Amounts::default() }
    }

    fn ended(self, outcome: Outcome) -> Call {
        let Self { whose, received, held } = self;
        let unsaid = match outcome.ended {
            Ended::NotForwarded => Amounts::default(),
            Ended::Complete
            | Ended::ClientGone
            | Ended::UpstreamFailed
            | Ended::UpstreamBroken
            | Ended::BudgetCut
            | Ended::Interrupted => held,
        };
        let charged = outcome.charged.unwrap_or(unsaid);
        Call { whose, received, outcome, charged }
    }
}

impl From<DecisionRecord> for Open {
    fn from(record: DecisionRecord) -> Self {
        let model = record.ask.and_then(|ask| ask.model).map(|model| model.to_string());
        let whose = Whose {
            owner: record.agent_owner,
            agent: record.subject.map(|subject| subject.agent.to_string()),
            model,
        };
        Self { whose, received: record.received, held: held(&record.holds) }
    }
}

/// How much of each measure is held: every budget of one measure holds the same.
fn held(holds: &[HeldRecord]) -> Amounts {
    let of = |measure| {
        let same = holds.iter().filter(|held| held.counter.measure == measure);
        same.map(|held| held.amount).max().unwrap_or(0)
    };
    Amounts {
        requests: of(Measure::Requests),
        tokens: of(Measure::Tokens),
        nano_usd: of(Measure::Money),
    }
}

impl Period {
    fn covers(self, at: Timestamp) -> bool {
        self.since.is_none_or(|since| since <= at) && self.until.is_none_or(|until| at < until)
    }
}
