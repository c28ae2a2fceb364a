//! Pairs each decision with its outcome: one call that ended. It adds nothing up.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use ledger::{Entry, EntryKind};
use model::{
    Amounts, DecisionId, DecisionRecord, Ended, HeldRecord, Measure, Outcome, TargetRecord,
    Timestamp,
};
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

/// Where a call must have gone if it went anywhere: what all its permitted targets share.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Permitted {
    pub(super) provider: Option<String>,
    pub(super) upstream_model: Option<String>,
}

/// One call that ended.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) whose: Whose,
    pub(super) received: Timestamp,
    pub(super) permitted: Permitted,
    pub(super) outcome: Outcome,
    /// What budgets were charged: what the outcome says, or else all that was held.
    pub(super) charged: Amounts,
}

/// A decision whose outcome has not come yet.
#[derive(Debug)]
struct Open {
    whose: Whose,
    received: Timestamp,
    permitted: Permitted,
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
        let (whose, permitted) = (Whose::default(), Permitted::default());
        Self { whose, received, permitted, held: Amounts::default() }
    }

    fn ended(self, outcome: Outcome) -> Call {
        let Self { whose, received, permitted, held } = self;
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
        Call { whose, received, permitted, outcome, charged }
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
        let permitted = Permitted::of(&record.targets);
        Self { whose, received: record.received, permitted, held: held(&record.holds) }
    }
}

impl Permitted {
    fn of(targets: &[TargetRecord]) -> Self {
        let [first, others @ ..] = targets else { return Self::default() };
        let same_provider = others.iter().all(|other| other.provider == first.provider);
        let same = others.iter().all(|other| other.upstream_model == first.upstream_model);
        Self {
            provider: same_provider.then(|| first.provider.to_string()),
            upstream_model: (same_provider && same).then(|| first.upstream_model.clone()),
        }
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ALWAYS: Period = Period { since: None, until: None };

    fn entry(kind: EntryKind, id: u8, json: Value) -> Entry {
        let id = Some(DecisionId::new(1_795_510_800_000, [id; 10]));
        let ts = Timestamp::from_millis(1_795_510_800_000);
        Entry { index: 7, kind, id, epoch: 1, ts, json, published: true }
    }

    fn decision(id: u8) -> Entry {
        let digest = model::Digest::of(b"charter");
        let change = model::ChangeId::new(1, [0; 10]);
        let counter = json!({ "quota": "q", "measure": "tokens", "per": "day" });
        let window = "2026-11-24T00:00:00.000Z";
        let json = json!({
            "id": DecisionId::new(1_795_510_800_000, [id; 10]),
            "received": "2026-11-24T09:00:00.000Z",
            "verdict": { "allowed": true, "code": "permitted" },
            "outcome": "due",
            "holds": [
                { "counter": counter, "window": window, "amount": 90 },
                { "counter": counter, "window": window, "amount": 90 },
            ],
            "agent_owner": "seat:risk-lead",
            "charter": {
                "digest": digest, "change": change, "control_index": 0, "genesis": true,
                "accountable": "seat:risk-lead",
                "secondary": ["seat:a", "seat:b", "seat:c"],
            },
        });
        entry(EntryKind::Decision, id, json)
    }

    fn outcome(id: u8, more: Value) -> Entry {
        let mut json = json!({ "output_bytes": 0, "duration_ms": 1 });
        json.as_object_mut().expect("an object").extend(more.as_object().expect("one").clone());
        entry(EntryKind::Outcome, id, json)
    }

    #[test]
    fn what_an_outcome_does_not_say_is_charged_as_budgets_count_it() {
        let charged = json!({ "requests": 1, "tokens": 12, "nano_usd": 0 });
        for (more, tokens) in [
            (json!({ "ended": "complete", "charged": charged }), 12),
            (json!({ "ended": "interrupted" }), 90),
            (json!({ "ended": "not_forwarded" }), 0),
        ] {
            let mut fold = Fold::new(ALWAYS);
            assert!(fold.take(&decision(1)).expect("a decision").is_none());
            assert_eq!(fold.without_outcome(), 1);
            let call = fold.take(&outcome(1, more.clone())).expect("an outcome").expect("a call");
            assert_eq!(call.charged.tokens, tokens, "{more}");
            assert_eq!(call.whose.owner.as_deref(), Some("seat:risk-lead"));
            assert_eq!(fold.without_outcome(), 0);
        }
    }

    #[test]
    fn where_a_call_went_is_what_its_permitted_targets_share() {
        let check = |targets: &[(&str, &str)], expect: [Option<&str>; 2]| {
            let target = |(provider, upstream_model): &(&str, &str)| TargetRecord {
                provider: provider.parse().expect("a name"),
                upstream_model: (*upstream_model).to_owned(),
                secret: None,
                claims: model::Claims::default(),
                policies: Vec::new(),
            };
            let targets: Vec<_> = targets.iter().map(target).collect();
            let [provider, upstream_model] = expect.map(|name| name.map(str::to_owned));
            assert_eq!(Permitted::of(&targets), Permitted { provider, upstream_model });
        };
        check(&[], [None, None]);
        check(&[("east", "m")], [Some("east"), Some("m")]);
        check(&[("east", "m"), ("east", "m")], [Some("east"), Some("m")]);
        check(&[("east", "m"), ("east", "n")], [Some("east"), None]);
        check(&[("east", "m"), ("west", "m")], [None, None]);
    }

    #[test]
    fn an_outcome_without_a_decision_is_nobodys_and_another_times_is_none() {
        let ended = json!({ "ended": "complete" });
        let mut fold = Fold::new(ALWAYS);
        let call = fold.take(&outcome(1, ended.clone())).expect("an outcome").expect("a call");
        assert!(call.whose.owner.is_none() && call.whose.agent.is_none());
        let later = Period { since: Some(Timestamp::from_millis(1_800_000_000_000)), until: None };
        let mut fold = Fold::new(later);
        assert!(fold.take(&decision(1)).expect("a decision").is_none());
        assert_eq!(fold.without_outcome(), 0, "it is of another time");
        assert!(fold.take(&outcome(1, ended)).expect("an outcome").is_none());
        fold.take(&outcome(2, json!({ "ended": "somehow" }))).expect_err("no such end");
    }
}
