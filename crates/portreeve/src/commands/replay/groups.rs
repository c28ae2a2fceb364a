//! Calls for which the candidate would change the same, in the same words: counted, with the first
//! and last of them and one to look at.

use std::collections::BTreeMap;

use model::{DecisionId, DecisionRecord, Timestamp};

use super::candidate::Would;
use super::effect::Effect;

/// Most groups that are told apart; calls of further ones are counted together.
pub(super) const GROUPS_MAX: usize = 1_000;

/// What calls of one group have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Alike {
    pub(super) effect: Effect,
    pub(super) agent: String,
    pub(super) operation: &'static str,
    pub(super) model: String,
    /// The provider's tools that were asked for, by kind.
    pub(super) tools: Vec<&'static str>,
    /// The recorded verdict's code.
    pub(super) was: String,
    /// The candidate's.
    pub(super) would: &'static str,
    /// What makes the difference.
    pub(super) because: Vec<String>,
}

/// How many, when, and which to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Calls {
    pub(super) count: u64,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    pub(super) example: DecisionId,
}

/// The groups.
#[derive(Debug, Default)]
pub(super) struct Groups {
    all: BTreeMap<Alike, Calls>,
    over: BTreeMap<Effect, u64>,
}

impl Groups {
    /// Counts a call for which the candidate would change something.
    pub(super) fn add(
        &mut self,
        record: &DecisionRecord,
        would: &Would,
        (effect, because): (Effect, Vec<String>),
    ) {
        let alike = alike(record, would, (effect, because));
        let at = record.received;
        if let Some(calls) = self.all.get_mut(&alike) {
            calls.count += 1;
            calls.first = calls.first.min(at);
            calls.last = calls.last.max(at);
        } else if self.all.len() < GROUPS_MAX {
            self.all.insert(alike, Calls { count: 1, first: at, last: at, example: record.id });
        } else {
            *self.over.entry(effect).or_default() += 1;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Those of one effect, most calls first.
    pub(super) fn of(&self, effect: Effect) -> Vec<(&Alike, &Calls)> {
        let mut found: Vec<_> = self.all.iter().filter(|(one, _)| one.effect == effect).collect();
        found.sort_by_key(|(_, calls)| std::cmp::Reverse(calls.count));
        found
    }

    /// Calls of an effect that are of no group, because there were too many.
    pub(super) fn over(&self, effect: Effect) -> u64 {
        self.over.get(&effect).copied().unwrap_or(0)
    }

    /// All calls of an effect.
    pub(super) fn count(&self, effect: Effect) -> u64 {
        let counts = self.of(effect).into_iter().map(|(_, calls)| calls.count);
        counts.sum::<u64>() + self.over(effect)
    }
}

fn alike(
    record: &DecisionRecord,
    would: &Would,
    (effect, because): (Effect, Vec<String>),
) -> Alike {
    let ask = record.ask.as_ref();
    let agent = record.subject.as_ref().map(|subject| subject.agent.to_string());
    let model = ask.and_then(|ask| ask.model.as_ref()).map(ToString::to_string);
    let tools = ask.map(|ask| ask.beyond.tools.iter().map(|tool| tool.kind.as_str()).collect());
    let mut tools: Vec<&'static str> = tools.unwrap_or_default();
    tools.sort_unstable();
    tools.dedup();
    Alike {
        effect,
        agent: agent.unwrap_or_default(),
        operation: ask.map_or("", |ask| ask.operation.as_str()),
        model: model.unwrap_or_default(),
        tools,
        was: record.verdict.code.clone(),
        would: would.refused.map_or("permitted", model::RefusalCode::as_str),
        because,
    }
}

#[cfg(test)]
mod tests;
