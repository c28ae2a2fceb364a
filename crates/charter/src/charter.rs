//! The charter as declared: every file read, nothing compiled. Whoever uses it must have seen
//! that there were no problems; with problems, it holds what could be read.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    AgentName, ContextName, ModelName, PersonName, PolicySetKind, ProviderName, QuotaName,
    SeatName, SecretName, TeamName,
};

use crate::agent::Agent;
use crate::context::Context;
use crate::located::Located;
use crate::model_file::Model;
use crate::people::People;
use crate::policy_test::PolicyTest;
use crate::provider::Provider;
use crate::quota::Quota;
use crate::root::CharterFile;
use crate::secret::Secret;

/// Everything a charter declares.
#[derive(Debug, Clone, Default)]
pub struct Charter {
    /// `charter.yaml`; missing only where a problem says why.
    pub charter: Option<CharterFile>,
    /// `people.yaml`.
    pub people: People,
    /// The agents.
    pub agents: BTreeMap<AgentName, Agent>,
    /// The providers.
    pub providers: BTreeMap<ProviderName, Provider>,
    /// The models.
    pub models: BTreeMap<ModelName, Model>,
    /// The secrets.
    pub secrets: BTreeMap<SecretName, Secret>,
    /// The approved contexts.
    pub contexts: BTreeMap<ContextName, Context>,
    /// The budgets.
    pub quotas: BTreeMap<QuotaName, Quota>,
    /// The policy files as text, sorted by path.
    pub policies: Vec<PolicyFile>,
    /// The policy tests, in the order of the files.
    pub tests: Vec<PolicyTest>,
}

/// One Cedar file, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFile {
    /// The set it belongs to: the folder it lies in.
    pub set: PolicySetKind,
    /// Its path in the charter.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl Charter {
    /// The seat that answers for something that names `owner`, or none: then the accountable
    /// one. Missing only where `charter.yaml` could not be read.
    #[must_use]
    pub fn owner<'a>(&'a self, owner: Option<&'a Located<SeatName>>) -> Option<&'a SeatName> {
        owner
            .map(|seat| &seat.value)
            .or_else(|| self.charter.as_ref().map(|file| &file.accountable.value))
    }

    /// The team that runs `agent`: its own, or the charter's.
    #[must_use]
    pub fn operator<'a>(&'a self, agent: &'a Agent) -> Option<&'a TeamName> {
        agent
            .operator
            .as_ref()
            .or_else(|| self.charter.as_ref().map(|file| &file.operator))
            .map(|team| &team.value)
    }

    /// Who holds a seat.
    #[must_use]
    pub fn holder(&self, seat: &SeatName) -> Option<&PersonName> {
        self.people.seats.get(seat).map(|seat| &seat.holder.value)
    }

    /// The four governing seats: accountable, policy, platform, response. Empty where
    /// `charter.yaml` could not be read.
    pub fn governing_seats(&self) -> impl Iterator<Item = &SeatName> {
        self.charter.iter().flat_map(|file| {
            let secondary = &file.secondary;
            [&file.accountable, &secondary.policy, &secondary.platform, &secondary.response]
                .map(|seat| &seat.value)
        })
    }

    /// The different persons who hold the four governing seats. One alone is genesis.
    #[must_use]
    pub fn distinct_holders(&self) -> BTreeSet<&PersonName> {
        self.governing_seats().filter_map(|seat| self.holder(seat)).collect()
    }

    /// Whether `text` names a seat of this charter, written `seat:...` as policies' `@owner` is.
    #[must_use]
    pub fn has_seat(&self, text: &str) -> bool {
        text.strip_prefix("seat:").is_some_and(|name| self.people.seats.contains_key(name))
    }
}
