//! A charter compiled: every name resolved, every owner filled in, nothing left to decide.

use std::collections::BTreeMap;

use approval::Keyring;
use model::{
    AgentName, ContextName, Digest, Environment, ModelName, PersonName, ProviderName, SeatName,
    SecretName, SecretVersion,
};
use policy::{AgentFacts, DataClass, ModelFacts, Policies, ProviderKind, TargetFacts};

use crate::context::Context;
use crate::limits::{LimitFacts, Limits, QuotaFacts};
use crate::price::Price;

/// A compiled charter. Made by [`crate::check`] alone; immutable.
#[derive(Debug)]
pub struct Bundle {
    pub(crate) digest: Digest,
    pub(crate) gateway: String,
    pub(crate) trust_domain: String,
    pub(crate) body_bytes_max: usize,
    /// Accountable, then policy, platform and response, as `seat:NAME`.
    pub(crate) seats: [String; 4],
    pub(crate) agents: BTreeMap<AgentName, Agent>,
    pub(crate) providers: BTreeMap<ProviderName, Provider>,
    pub(crate) models: BTreeMap<ModelName, Model>,
    pub(crate) secrets: BTreeMap<SecretName, Secret>,
    pub(crate) contexts: BTreeMap<ContextName, Context>,
    pub(crate) limits: Limits,
    pub(crate) policies: Policies,
    pub(crate) people: Persons,
    pub(crate) tests_passed: usize,
}

/// Persons, seats and keys, resolved.
#[derive(Debug, Clone)]
pub(crate) struct Persons {
    /// Full names.
    pub(crate) names: BTreeMap<PersonName, String>,
    /// Who holds which seat.
    pub(crate) holders: BTreeMap<SeatName, PersonName>,
    /// Key lines as the charter writes them.
    pub(crate) keys: Vec<(PersonName, String)>,
    pub(crate) keyring: Keyring,
}

/// An agent.
#[derive(Debug, Clone)]
pub struct Agent {
    /// What policy sees of it.
    pub facts: AgentFacts,
    /// What it is for.
    pub purpose: String,
    /// The seat that answers for it, as `seat:NAME`.
    pub owner: String,
    /// Raising it revokes every token of the epochs before.
    pub epoch: u64,
    /// Whether it is in service.
    pub active: bool,
    /// When its owner must look at it again, as written.
    pub review_by: String,
    /// The contexts it is bound to, by name.
    pub contexts: Vec<ContextName>,
    /// Its calls must be made in one of them.
    pub context_required: bool,
    /// Who pays for its calls: what its owner's seat names, else what the accountable one does.
    pub cost_center: Option<String>,
}

/// A provider.
#[derive(Debug, Clone)]
pub struct Provider {
    /// Its name.
    pub name: ProviderName,
    /// The wire form it speaks.
    pub kind: ProviderKind,
    /// Where it is; none for the built-in demo model.
    pub base_url: Option<String>,
    /// The seat that answers for it.
    pub owner: String,
    /// How long a call may wait.
    pub timeouts: Timeouts,
}

/// How long a call may wait, per phase, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection.
    pub connect_ms: u64,
    /// For the head of the answer.
    pub first_byte_ms: u64,
    /// Between two pieces of the answer.
    pub idle_ms: u64,
    /// For the whole answer.
    pub total_ms: u64,
}

/// A model and where it is served.
#[derive(Debug, Clone)]
pub struct Model {
    /// What policy sees of it.
    pub facts: ModelFacts,
    /// What it is for.
    pub purpose: String,
    /// Calls of it must be made in an approved context.
    pub context_required: bool,
    /// The cap on output tokens for a call that sets none, where a budget counts it.
    pub output_tokens_max: u64,
    /// The most tokens that one inline image, sound or document counts as; none where nobody says.
    pub media_tokens_max: Option<u64>,
    /// How often one call is tried.
    pub retries: Retries,
    /// Where it is served, the preferred place first; never empty.
    pub targets: Vec<Target>,
}

/// The budget of tries for one call, over all targets together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// Most tries, the first included: 1 to 10 as declared; none is one for each target that a
    /// call is permitted.
    pub attempts_max: Option<u32>,
    /// No try begins later than this after the first, in milliseconds.
    pub within_ms: u64,
}

/// One place where a model is served.
#[derive(Debug, Clone)]
pub struct Target {
    /// What policy sees of it.
    pub facts: TargetFacts,
    /// Its share among the targets next to it that carry a weight too: 1 to 1000. None where it
    /// shares with nobody.
    pub weight: Option<u32>,
    /// Which agents' calls it serves.
    pub when: Condition,
    /// How long a call may wait there: the target's own limits, else its provider's.
    pub timeouts: Timeouts,
    /// Most calls it carries at once; none where it has no bound of its own.
    pub concurrency_max: Option<usize>,
    /// What it costs; none where nobody says.
    pub price: Option<Price>,
}

/// Which agents' calls a target serves. An empty list is no condition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// Where the agent runs: one of these.
    pub environments: Vec<Environment>,
    /// The most sensitive data the agent may handle: one of these.
    pub data_classes: Vec<DataClass>,
    /// The approved context the call is made in: one of these.
    pub contexts: Vec<ContextName>,
}

/// A secret as declared; never its value.
#[derive(Debug, Clone)]
pub struct Secret {
    /// Its name.
    pub name: SecretName,
    /// What it is for.
    pub purpose: String,
    /// The seat that answers for it.
    pub owner: String,
    /// The version in use.
    pub active: SecretVersion,
    /// How old a value may become, in days.
    pub max_age_days: u32,
}

impl Condition {
    /// Whether the target serves calls that this agent makes in this context, or in none.
    #[must_use]
    pub fn admits(&self, agent: &AgentFacts, context: Option<&ContextName>) -> bool {
        let Self { environments, data_classes, contexts } = self;
        (environments.is_empty() || environments.contains(&agent.environment))
            && (data_classes.is_empty() || data_classes.contains(&agent.data_class))
            && (contexts.is_empty() || context.is_some_and(|context| contexts.contains(context)))
    }
}

impl Bundle {
    /// The digest of the charter it was compiled from. Compiling is deterministic, so it names
    /// the bundle too.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The gateway's name.
    #[must_use]
    pub fn gateway(&self) -> &str {
        &self.gateway
    }

    /// The embedded trust domain.
    #[must_use]
    pub fn trust_domain(&self) -> &str {
        &self.trust_domain
    }

    /// Largest request body, in bytes.
    #[must_use]
    pub const fn body_bytes_max(&self) -> usize {
        self.body_bytes_max
    }

    /// The accountable seat, then those of policy, platform and response, as `seat:NAME`.
    #[must_use]
    pub const fn seats(&self) -> &[String; 4] {
        &self.seats
    }

    /// One agent.
    #[must_use]
    pub fn agent(&self, name: &AgentName) -> Option<&Agent> {
        self.agents.get(name)
    }

    /// Every agent, by name.
    pub fn agents(&self) -> impl Iterator<Item = &Agent> {
        self.agents.values()
    }

    /// Every provider, by name.
    pub fn providers(&self) -> impl Iterator<Item = &Provider> {
        self.providers.values()
    }

    /// One model.
    #[must_use]
    pub fn model(&self, name: &ModelName) -> Option<&Model> {
        self.models.get(name)
    }

    /// Every model, by name.
    pub fn models(&self) -> impl Iterator<Item = &Model> {
        self.models.values()
    }

    /// One secret.
    #[must_use]
    pub fn secret(&self, name: &SecretName) -> Option<&Secret> {
        self.secrets.get(name)
    }

    /// Every secret, by name.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.secrets.values()
    }

    /// One approved context.
    #[must_use]
    pub fn context(&self, name: &ContextName) -> Option<&Context> {
        self.contexts.get(name)
    }

    /// Every approved context, by name.
    pub fn contexts(&self) -> impl Iterator<Item = &Context> {
        self.contexts.values()
    }

    /// The limits that apply to a call of `agent`, made in `context` or in none, by counter: its
    /// own, its team's, the gateway's and the context's. At most 16; none for an agent or a context
    /// that is not declared.
    #[must_use]
    pub fn limits(&self, agent: &AgentName, context: Option<&ContextName>) -> Vec<LimitFacts> {
        self.limits.applying(agent, context)
    }

    /// Every budget, by name.
    #[must_use]
    pub fn quotas(&self) -> &[QuotaFacts] {
        self.limits.quotas()
    }

    /// The compiled policies.
    #[must_use]
    pub const fn policies(&self) -> &Policies {
        &self.policies
    }

    /// The keys that sign acts.
    #[must_use]
    pub const fn keyring(&self) -> &Keyring {
        &self.people.keyring
    }

    /// How many of the charter's own policy tests passed: all of them.
    #[must_use]
    pub const fn tests_passed(&self) -> usize {
        self.tests_passed
    }

    /// Who holds `seat` (`seat:NAME`).
    #[must_use]
    pub fn holder(&self, seat: &str) -> Option<&PersonName> {
        self.people.holders.get(seat.strip_prefix("seat:")?)
    }

    /// A person's full name.
    #[must_use]
    pub fn full_name(&self, person: &PersonName) -> Option<&str> {
        self.people.names.get(person).map(String::as_str)
    }

    /// The distinct persons who hold the accountable and the secondary seats.
    #[must_use]
    pub fn holders(&self) -> Vec<&PersonName> {
        let mut holders: Vec<&PersonName> =
            self.seats.iter().filter_map(|seat| self.holder(seat)).collect();
        holders.sort();
        holders.dedup();
        holders
    }

    /// The person whose key `line` is; the comment at the end of a key line does not count.
    #[must_use]
    pub fn person_of_key(&self, line: &str) -> Option<PersonName> {
        let wanted = key_of(line)?;
        let found = self.people.keys.iter().find(|(_, line)| key_of(line) == Some(wanted))?;
        Some(found.0.clone())
    }
}

/// The kind and the key of an SSH key line, without its comment.
fn key_of(line: &str) -> Option<(&str, &str)> {
    let mut words = line.split_whitespace();
    Some((words.next()?, words.next()?))
}
