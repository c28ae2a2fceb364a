//! Policy's yes, as a value that nothing else can make. It never holds a secret's value.

use model::{
    Case, Claims, DecisionRecord, HeldRecord, OutcomeDue, PolicyRef, ProviderName, Recordable,
    SecretRecord, TargetRecord, VerdictRecord, WithheldRecord,
};

use crate::facts::SecretFacts;

/// A yes: the case, where the call may go, and why. [`crate::Policies::decide`] alone makes one.
#[derive(Debug)]
pub struct Permit {
    case: Case,
    targets: Targets,
    withheld: Vec<WithheldRecord>,
    holds: Vec<HeldRecord>,
    facts: Vec<u8>,
}

/// The targets a call may go to, in order; never none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Targets {
    first: Target,
    rest: Vec<Target>,
}

/// One place the call may go, and the secret that may be lent for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The provider.
    pub provider: ProviderName,
    /// The provider's own name of the model.
    pub upstream_model: String,
    /// The secret that may be lent, where the provider asks for one.
    pub secret: Option<SecretFacts>,
    /// What is claimed about it.
    pub claims: Claims,
    /// The policies that allowed the model there, then those that allowed what the provider would
    /// do or keep, then those that allowed the secret: each once.
    pub policies: Vec<PolicyRef>,
}

impl Permit {
    pub(crate) const fn new(case: Case, targets: Targets, facts: Vec<u8>) -> Self {
        Self { case, targets, withheld: Vec::new(), holds: Vec::new(), facts }
    }

    /// The same, naming the targets that are not among its own.
    pub(crate) fn withholding(mut self, withheld: Vec<WithheldRecord>) -> Self {
        self.withheld = withheld;
        self
    }

    /// The same, with what the call holds of each budget that applies, in place of any it held.
    /// Policy makes a permit that holds nothing; nothing else about it can change.
    #[must_use]
    pub fn holding(self, holds: Vec<HeldRecord>) -> Self {
        Self { holds, ..self }
    }

    /// The case it answers.
    #[must_use]
    pub const fn case(&self) -> &Case {
        &self.case
    }

    /// Where the call may go, the preferred place first.
    #[must_use]
    pub const fn targets(&self) -> &Targets {
        &self.targets
    }

    /// Where the model is served but the call may not go, and why: first the targets that were
    /// dropped before the question, then those that policy refuses, in their order.
    #[must_use]
    pub fn withheld(&self) -> &[WithheldRecord] {
        &self.withheld
    }

    /// What the call holds of each budget that applies, as its record says.
    #[must_use]
    pub fn holds(&self) -> &[HeldRecord] {
        &self.holds
    }
}

impl Targets {
    /// The targets in order; `None` where there are none.
    pub(crate) fn new(targets: Vec<Target>) -> Option<Self> {
        let mut targets = targets.into_iter();
        Some(Self { first: targets.next()?, rest: targets.collect() })
    }

    /// The preferred target.
    #[must_use]
    pub const fn first(&self) -> &Target {
        &self.first
    }

    /// The target at `index`, counted from 0.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Target> {
        match index.checked_sub(1) {
            None => Some(&self.first),
            Some(index) => self.rest.get(index),
        }
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Target> {
        std::iter::once(&self.first).chain(&self.rest)
    }

    /// How many there are: at least 1.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is always a first target")]
    pub const fn len(&self) -> usize {
        1 + self.rest.len()
    }
}

impl Recordable for Permit {
    fn record(&self) -> DecisionRecord {
        let targets = self.targets.iter().map(TargetRecord::from).collect();
        let (withheld, holds) = (self.withheld.clone(), self.holds.clone());
        let case = self.case.record(VerdictRecord::permitted());
        DecisionRecord { targets, withheld, holds, ..case }
    }

    fn facts(&self) -> &[u8] {
        &self.facts
    }

    fn take_facts(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.facts)
    }

    fn outcome_due(&self) -> OutcomeDue {
        OutcomeDue::Yes
    }
}

impl From<&Target> for TargetRecord {
    fn from(target: &Target) -> Self {
        Self {
            provider: target.provider.clone(),
            upstream_model: target.upstream_model.clone(),
            secret: target.secret.as_ref().map(|secret| SecretRecord {
                name: secret.name.clone(),
                version: secret.version,
                owner: secret.owner.clone(),
            }),
            claims: target.claims.clone(),
            policies: target.policies.clone(),
        }
    }
}
