//! What a candidate charter would change for one recorded call, and which policy makes the
//! difference. It reads both sides and decides neither.

use anyhow::Result;
use bundle::Bundle;
use model::{DecisionRecord, PolicyRef, RefusalCode};
use policy::RecordedFacts;

use super::candidate::Would;
use super::cannot::{Cannot, Reason};
use super::olds::Olds;

/// What would change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Effect {
    /// What was allowed would be refused.
    Loses,
    /// What was refused would be allowed.
    Gains,
    /// It stays allowed, at other places.
    Moves,
}

impl Effect {
    pub(super) const ALL: [Self; 3] = [Self::Loses, Self::Gains, Self::Moves];

    /// The word for programs.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Loses => "loses",
            Self::Gains => "gains",
            Self::Moves => "moves",
        }
    }
}

/// A recorded call, and what the candidate would say of it.
#[derive(Clone, Copy)]
pub(super) struct Call<'r> {
    pub(super) record: &'r DecisionRecord,
    pub(super) facts: &'r RecordedFacts,
    pub(super) would: &'r Would,
}

/// What would change for the call; none where nothing would. A budget is no matter of this: what
/// one refused counts as allowed, as policy allowed it.
pub(super) fn of(record: &DecisionRecord, facts: &RecordedFacts, would: &Would) -> Option<Effect> {
    let by_budget = facts.refused.is_none() && is_of_budgets(record);
    match (record.verdict.allowed || by_budget, would.refused.is_none()) {
        (true, false) => Some(Effect::Loses),
        (false, true) => Some(Effect::Gains),
        (true, true) if record.verdict.allowed => {
            let call = Call { record, facts, would };
            let [gone, new] = call.moved();
            (!gone.is_empty() || !new.is_empty()).then_some(Effect::Moves)
        }
        (true, true) | (false, false) => None,
    }
}

fn is_of_budgets(record: &DecisionRecord) -> bool {
    let code = record.verdict.code.parse::<RefusalCode>();
    code.is_ok_and(|code| {
        [
            RefusalCode::BudgetUnbounded,
            RefusalCode::BudgetUnpriced,
            RefusalCode::BudgetTooSmall,
            RefusalCode::BudgetPaused,
            RefusalCode::BudgetExhausted,
        ]
        .contains(&code)
    })
}

/// Why a refusal cannot be put to another charter: the request named a context that would not do, or
/// its token is bound to one, and the facts do not say which.
pub(super) fn of_a_named_context(record: &DecisionRecord) -> Option<Cannot> {
    let code = record.verdict.code.parse::<RefusalCode>().ok()?;
    let named = [RefusalCode::ContextUnknown, RefusalCode::ContextUnfit];
    named.contains(&code).then(|| Cannot::new(Reason::ContextNamed, ""))
}

impl Call<'_> {
    /// What makes the difference, in words: policies by id and place.
    pub(super) fn because(
        self,
        effect: Effect,
        candidate: &Bundle,
        olds: &mut Olds<'_>,
    ) -> Result<Vec<String>> {
        Ok(match effect {
            Effect::Loses => self.lost(candidate),
            Effect::Gains => self.gained(candidate, olds)?,
            Effect::Moves => {
                let [gone, new] = self.moved();
                let gone = gone.into_iter().map(|place| format!("no longer at {place}"));
                gone.chain(new.into_iter().map(|place| format!("now at {place}"))).collect()
            }
        })
    }

    /// The places that are gone, and those that are new.
    fn moved(self) -> [Vec<String>; 2] {
        let name = |provider: &model::ProviderName, model: &str| format!("{provider} as {model}");
        let was: Vec<String> = self
            .record
            .targets
            .iter()
            .map(|target| name(&target.provider, &target.upstream_model))
            .collect();
        let now: Vec<String> = self
            .would
            .places
            .iter()
            .map(|place| name(&place.provider, &place.upstream_model))
            .collect();
        let less = |one: &[String], other: &[String]| {
            let mut left: Vec<String> =
                one.iter().filter(|place| !other.contains(place)).cloned().collect();
            left.sort();
            left
        };
        [less(&was, &now), less(&now, &was)]
    }

    fn lost(self, candidate: &Bundle) -> Vec<String> {
        let Some(code) = self.would.refused else { return Vec::new() };
        if !self.would.policies.is_empty() {
            let verb =
                if code == RefusalCode::PolicyError { "cannot be evaluated" } else { "forbids it" };
            return self
                .would
                .policies
                .iter()
                .map(|one| format!("{} {verb}", placed(one)))
                .collect();
        }
        let model = &self.facts.asked.model.name;
        if code == RefusalCode::ModelUnknown && candidate.model(model).is_none() {
            return vec![format!("model {model} is not declared")];
        }
        if !is_for_want_of_a_permit(code) {
            return vec![format!("{}: {}", code.as_str(), code.title())];
        }
        let permits = self.record.targets.iter().flat_map(|target| &target.policies);
        let found = changed(permits, candidate);
        // A budget refused it, and the record names no permit.
        if found.is_empty() { vec!["no policy permits it".to_owned()] } else { found }
    }

    fn gained(self, candidate: &Bundle, olds: &mut Olds<'_>) -> Result<Vec<String>> {
        let verdict = &self.record.verdict;
        let mut found = changed(verdict.policies.iter(), candidate);
        let permits = self.would.places.first().map_or(&[][..], |place| &place.policies);
        for permit in permits {
            if !olds.have(&self.record.charter.digest, permit)? {
                found.push(format!("{} permits it", placed(permit)));
            }
        }
        if found.is_empty() {
            found.push(format!("{} no more, by the candidate's declarations", verdict.code));
        }
        Ok(found)
    }
}

/// What became of policies in the candidate: those that are gone or changed, or where none is,
/// those that no longer match.
fn changed<'p>(policies: impl Iterator<Item = &'p PolicyRef>, candidate: &Bundle) -> Vec<String> {
    let (mut changed, mut unmatched) = (Vec::new(), Vec::new());
    for was in policies {
        let (into, words) = match candidate.policies().all().find(|one| one.policy.id == was.id) {
            None => (&mut changed, format!("{} is gone", placed(was))),
            Some(now) if now.policy.text != was.text => {
                (&mut changed, format!("{} was changed", placed(&now.policy)))
            }
            Some(now) => (&mut unmatched, format!("{} no longer matches", placed(&now.policy))),
        };
        if !into.contains(&words) {
            into.push(words);
        }
    }
    if changed.is_empty() { unmatched } else { changed }
}

fn is_for_want_of_a_permit(code: RefusalCode) -> bool {
    [
        RefusalCode::ModelUnknown,
        RefusalCode::PolicyNoPermit,
        RefusalCode::ProviderToolRefused,
        RefusalCode::RemoteMcpRefused,
        RefusalCode::StorageRefused,
        RefusalCode::UnrecognisedRefused,
    ]
    .contains(&code)
}

/// A policy by id and place.
fn placed(policy: &PolicyRef) -> String {
    format!("{} ({}:{})", policy.id, policy.file, policy.line)
}
