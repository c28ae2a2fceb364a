//! Which targets of a model a call may be put to policy for, and in which order.
//!
//! Nothing here permits: what is left over is still decided, target by target.

use model::{
    Ask, ContextName, DecisionId, Dialect, Operation, Refusal, RefusalCode, SecretName, Timestamp,
    WithheldRecord,
};
use policy::{AgentFacts, TargetFacts};
use secrets::{Lifetime, SecretStore};

use crate::live::{Model, Target};
use crate::stored::StoredObjects;

/// The code of a withheld target that the charter sends this agent past.
const CONDITION: &str = "condition";

/// The targets that are left, in the order they are to be tried, and those that are not.
#[derive(Debug)]
pub(crate) struct Eligible {
    /// What policy is asked about.
    pub(crate) targets: Vec<TargetFacts>,
    /// What the record says of the others.
    pub(crate) withheld: Vec<WithheldRecord>,
    /// Where none is left: the refusal of the one that came nearest.
    pub(crate) refusal: Option<Refusal>,
}

/// Why one target is out of the question, the nearer to serving the later.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Unfit {
    Dialect,
    Condition,
    NotThisAgents,
    SecretMissing(SecretName, String),
    SecretExpired(SecretName, String),
}

/// What a target is measured by.
#[derive(Clone, Copy)]
pub(crate) struct Measure<'m> {
    pub(crate) agent: &'m AgentFacts,
    /// The approved context the call is made in.
    pub(crate) context: Option<&'m ContextName>,
    pub(crate) ask: &'m Ask,
    pub(crate) now: Timestamp,
    pub(crate) secrets: &'m SecretStore,
    pub(crate) stored: &'m StoredObjects,
}

impl Eligible {
    /// Sorts the targets of `model`; `id` decides among those that share the load, so that the
    /// order of a recorded decision can be found again.
    pub(crate) fn of(model: &Model, id: DecisionId, measure: Measure<'_>) -> Self {
        let mut eligible = Self { targets: Vec::new(), withheld: Vec::new(), refusal: None };
        let mut nearest = None;
        for target in ordered(&model.targets, id) {
            match measure.fits(target) {
                Ok(()) => eligible.targets.push(target.facts.clone()),
                Err(unfit) => {
                    eligible.withheld.push(unfit.record(&target.facts));
                    nearest = nearest.max(Some(unfit));
                }
            }
        }
        if eligible.targets.is_empty() {
            eligible.refusal = nearest.map(|unfit| unfit.refusal(model, measure.ask));
        }
        eligible
    }
}

impl Measure<'_> {
    fn fits(self, target: &Target) -> Result<(), Unfit> {
        if !target.facts.kind.speaks(self.ask.dialect) {
            return Err(Unfit::Dialect);
        }
        if !target.when.admits(self.agent, self.context) {
            return Err(Unfit::Condition);
        }
        let names = &self.ask.beyond.names;
        if !self.stored.are_of(&self.agent.name, &target.facts.provider, names) {
            return Err(Unfit::NotThisAgents);
        }
        let Some(secret) = &target.facts.secret else { return Ok(()) };
        let Some(sealed) = self.secrets.sealed_at(&secret.name, secret.version) else {
            return Err(Unfit::SecretMissing(secret.name.clone(), secret.owner.clone()));
        };
        let may_be_lent = target
            .secret_age_max_days
            .is_some_and(|days| Lifetime::new(sealed, days).age(self.now).may_be_lent());
        if may_be_lent {
            Ok(())
        } else {
            Err(Unfit::SecretExpired(secret.name.clone(), secret.owner.clone()))
        }
    }
}

impl Unfit {
    const fn code(&self) -> &'static str {
        match self {
            Self::Dialect => RefusalCode::DialectMismatch.as_str(),
            Self::Condition => CONDITION,
            Self::NotThisAgents => RefusalCode::StoredObjectRefused.as_str(),
            Self::SecretMissing(..) => RefusalCode::SecretMissing.as_str(),
            Self::SecretExpired(..) => RefusalCode::SecretExpired.as_str(),
        }
    }

    /// The secret it is about.
    const fn secret(&self) -> Option<&SecretName> {
        match self {
            Self::SecretMissing(name, _) | Self::SecretExpired(name, _) => Some(name),
            Self::Dialect | Self::Condition | Self::NotThisAgents => None,
        }
    }

    fn record(&self, target: &TargetFacts) -> WithheldRecord {
        WithheldRecord {
            provider: target.provider.clone(),
            upstream_model: target.upstream_model.clone(),
            code: self.code().to_owned(),
            policies: Vec::new(),
            detail: None,
            secret: self.secret().cloned(),
        }
    }

    fn refusal(self, model: &Model, ask: &Ask) -> Refusal {
        match self {
            Self::Dialect => {
                let detail = format!("This model is reached through {}.", endpoints(model, ask));
                Refusal::new(RefusalCode::DialectMismatch, detail)
            }
            Self::Condition => {
                let detail = "Every target of the model is declared for other agents or contexts.";
                Refusal::new(RefusalCode::NoTarget, detail).asking(&model.facts.owner)
            }
            // The same whether another agent made it, nobody did, or it was guessed.
            Self::NotThisAgents => {
                let detail = "Name only what this agent's own calls through this gateway made.";
                Refusal::new(RefusalCode::StoredObjectRefused, detail)
            }
            Self::SecretMissing(name, owner) => {
                Refusal::new(RefusalCode::SecretMissing, "").asking(owner).about(&name)
            }
            Self::SecretExpired(name, owner) => {
                Refusal::new(RefusalCode::SecretExpired, "").asking(owner).about(&name)
            }
        }
    }
}

/// The endpoints at which the targets of `model` do what `ask` wants, as near as they can.
fn endpoints(model: &Model, ask: &Ask) -> String {
    let counts =
        matches!(ask.operation, Operation::CountMessageTokens | Operation::CountContentTokens);
    let spoken = Dialect::ALL
        .into_iter()
        .filter(|dialect| model.targets.iter().any(|target| target.facts.kind.speaks(*dialect)));
    let endpoint = |dialect| match dialect {
        Dialect::OpenAi => "/v1/chat/completions, /v1/responses or /v1/embeddings",
        Dialect::Anthropic if counts => "/v1/messages/count_tokens",
        Dialect::Anthropic => "/v1/messages",
        Dialect::Gemini if counts => "/v1beta/models/{model}:countTokens",
        Dialect::Gemini => "/v1beta/models/{model}:generateContent",
    };
    spoken.map(endpoint).collect::<Vec<_>>().join(" or ")
}

/// The targets in the order they are to be tried: as listed, but neighbours that carry a weight
/// change places by lot, each as likely to come first as its weight says.
fn ordered(targets: &[Target], id: DecisionId) -> Vec<&Target> {
    let mut lot = Lot::of(id);
    let mut ordered = Vec::with_capacity(targets.len());
    for group in targets.chunk_by(|one, next| one.weight.is_some() && next.weight.is_some()) {
        let mut group: Vec<&Target> = group.iter().collect();
        while !group.is_empty() {
            let weights = group.iter().map(|target| u64::from(target.weight.unwrap_or(1)));
            let drawn = lot.draw(weights.collect::<Vec<_>>().as_slice());
            ordered.push(group.remove(drawn));
        }
    }
    ordered
}

/// Draws lots from the random part of a decision's id (`SplitMix64`).
struct Lot(u64);

impl Lot {
    fn of(id: DecisionId) -> Self {
        // The id's last 8 bytes are random, but for two bits.
        Self(id.uuid().as_u64_pair().1)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The place of one of `weights`, of which at least one is not 0.
    fn draw(&mut self, weights: &[u64]) -> usize {
        let total: u64 = weights.iter().sum();
        let mut left = self.next() % total.max(1);
        for (place, weight) in weights.iter().enumerate() {
            match left.checked_sub(*weight) {
                None => return place,
                Some(rest) => left = rest,
            }
        }
        weights.len().saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lots_fall_as_the_weights_say() {
        let mut first = [0_u32; 3];
        for nth in 0..30_000_u32 {
            let [a, b, c, d] = nth.to_be_bytes();
            let id = DecisionId::new(1, [a, b, c, d, 0, 0, 0, 0, 0, 0]);
            first[Lot::of(id).draw(&[1, 2, 7])] += 1;
        }
        for (count, expected) in first.into_iter().zip([3_000, 6_000, 21_000]) {
            assert!(count.abs_diff(expected) < 500, "{first:?}");
        }
    }

    #[test]
    fn the_same_decision_draws_the_same_lot() {
        let id = DecisionId::new(1, [7; 10]);
        let draw = || Lot::of(id).draw(&[5, 5, 5, 5, 5]);
        assert_eq!(draw(), draw());
    }
}
