//! Who was lent which secret last, folded from the decision log. It is handed entries in the
//! log's order and reads nothing itself.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context as _, Result};
use ledger::{Entry, EntryKind};
use model::{
    AgentName, DecisionId, DecisionRecord, LeaseRecord, Outcome, SecretName, SecretVersion,
    Timestamp,
};
use serde::Deserialize as _;

/// What the log says of leases.
#[derive(Debug, Default)]
pub(super) struct Uses {
    /// The decisions whose outcome has not come yet: as many as were under way at one time.
    awaited: HashMap<DecisionId, Asked>,
    last: BTreeMap<SecretName, BTreeMap<Option<AgentName>, LastUse>>,
    scanned: u64,
}

/// Who asked, and when.
#[derive(Debug)]
struct Asked {
    agent: Option<AgentName>,
    received: Timestamp,
}

/// The last lease of one secret to one agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LastUse {
    /// The agent; none where the log holds the outcome and not its decision.
    pub(super) agent: Option<AgentName>,
    /// When the request came that it was lent for.
    pub(super) at: Timestamp,
    /// The decision that permitted it.
    pub(super) decision: DecisionId,
    /// The version that was lent.
    pub(super) version: SecretVersion,
    /// How often this agent was lent the secret, in all versions together.
    pub(super) leases: u64,
}

impl Uses {
    /// Takes the next entry.
    ///
    /// # Errors
    /// The entry is a decision or an outcome that this version does not read.
    pub(super) fn take(&mut self, entry: &Entry) -> Result<()> {
        self.scanned += 1;
        let Some(id) = entry.id else { return Ok(()) };
        if entry.outcome_due() {
            let record = DecisionRecord::deserialize(&entry.json).with_context(|| {
                format!("entry {} is not a decision this version reads", entry.index)
            })?;
            let agent = record.subject.map(|subject| subject.agent);
            self.awaited.insert(id, Asked { agent, received: record.received });
        } else if entry.kind == EntryKind::Outcome {
            let outcome = Outcome::deserialize(&entry.json).with_context(|| {
                format!("entry {} is not an outcome this version reads", entry.index)
            })?;
            let asked = self.awaited.remove(&id);
            let asked = asked.unwrap_or(Asked { agent: None, received: entry.ts });
            for lease in outcome.attempts.iter().filter_map(|attempt| attempt.lease.as_ref()) {
                self.lent(lease, id, &asked);
            }
        }
        Ok(())
    }

    /// The last use of `name` by each agent, the latest first.
    pub(super) fn of(&self, name: &SecretName) -> Vec<LastUse> {
        let mut uses: Vec<LastUse> =
            self.last.get(name).into_iter().flat_map(BTreeMap::values).cloned().collect();
        uses.sort_by_key(|one| std::cmp::Reverse(one.at));
        uses
    }

    /// Every secret that was ever lent.
    pub(super) fn names(&self) -> impl Iterator<Item = &SecretName> {
        self.last.keys()
    }

    /// How many entries were taken.
    pub(super) const fn scanned(&self) -> u64 {
        self.scanned
    }

    fn lent(&mut self, lease: &LeaseRecord, decision: DecisionId, asked: &Asked) {
        let used = LastUse {
            agent: asked.agent.clone(),
            at: asked.received,
            decision,
            version: lease.version,
            leases: 1,
        };
        let of_secret = self.last.entry(lease.name.clone()).or_default();
        let last = of_secret
            .entry(asked.agent.clone())
            .or_insert_with(|| LastUse { leases: 0, ..used.clone() });
        let leases = last.leases.saturating_add(1);
        // Outcomes stand in the log as calls ended, not as they began.
        if used.at >= last.at {
            *last = used;
        }
        last.leases = leases;
    }
}
