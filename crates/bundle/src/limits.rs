//! Which limits apply to a call, worked out once, when a charter is compiled: those of its agent,
//! its team and the gateway together, and those of each context. Nothing is counted here.

use std::collections::BTreeMap;

use charter::{Applies, Charter, Quota};
use model::{AgentName, BudgetScope, ContextName, CounterKey, QuotaName};

use crate::compiled::Agent;

/// One limit that applies to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitFacts {
    /// The counter.
    pub key: CounterKey,
    /// How much at most: calls, tokens, or nano-USD.
    pub at_most: u64,
    /// The seat that can raise it, as `seat:NAME`.
    pub owner: String,
}

/// A budget as declared, with each of its counters.
#[derive(Debug, Clone)]
pub struct QuotaFacts {
    /// Its name.
    pub name: QuotaName,
    /// What it is for.
    pub purpose: String,
    /// The seat that can raise it, as `seat:NAME`.
    pub owner: String,
    /// Whose calls it counts.
    pub scope: BudgetScope,
    /// It counts each agent apart.
    pub each_agent: bool,
    /// Its limits: where it counts each agent apart, those of every agent.
    pub limits: Vec<LimitFacts>,
}

/// The limits of a charter, by whom they apply to.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    /// By agent: its own, its team's, the gateway's.
    agents: BTreeMap<AgentName, Vec<LimitFacts>>,
    /// By context; an agent counted apart is not filled in yet.
    contexts: BTreeMap<ContextName, Vec<Shared>>,
    /// Every budget, by name.
    quotas: Vec<QuotaFacts>,
}

/// A limit that more than one agent may share.
#[derive(Debug, Clone)]
struct Shared {
    limit: LimitFacts,
    /// Each agent has it for itself.
    each: bool,
}

impl Limits {
    /// The limits of `charter` for these agents; `owner` says which seat answers for a quota.
    pub(crate) fn of(
        charter: &Charter,
        agents: &BTreeMap<AgentName, Agent>,
        owner: impl Fn(&Quota) -> String,
    ) -> Self {
        let mut limits = Self {
            agents: agents.keys().map(|name| (name.clone(), Vec::new())).collect(),
            contexts: BTreeMap::new(),
            quotas: Vec::new(),
        };
        for quota in charter.quotas.values() {
            let owner = owner(quota);
            let shared = shared(quota, &owner);
            limits.quotas.push(facts(quota, owner, &shared, agents));
            let of_team = |agent: &&Agent| match &quota.applies {
                Applies::Agent(name) => agent.facts.name == name.value,
                Applies::Team(team) => agent.facts.team == team.value,
                Applies::Gateway => true,
                Applies::Context(_) => false,
            };
            for Agent { facts, .. } in agents.values().filter(of_team) {
                let own = shared.iter().map(|shared| shared.to(&facts.name));
                limits.agents.entry(facts.name.clone()).or_default().extend(own);
            }
            if let Applies::Context(context) = &quota.applies {
                limits.contexts.entry(context.value.clone()).or_default().extend(shared);
            }
        }
        limits
    }

    /// Every budget, by name.
    pub(crate) fn quotas(&self) -> &[QuotaFacts] {
        &self.quotas
    }

    /// Those that apply to a call of `agent` in `context`, by counter.
    pub(crate) fn applying(
        &self,
        agent: &AgentName,
        context: Option<&ContextName>,
    ) -> Vec<LimitFacts> {
        let always = self.agents.get(agent).map(Vec::as_slice).unwrap_or_default();
        let within = context.and_then(|name| self.contexts.get(name));
        let within = within.into_iter().flatten().map(|shared| shared.to(agent));
        let mut applying: Vec<LimitFacts> = always.iter().cloned().chain(within).collect();
        applying.sort_by(|one, other| one.key.cmp(&other.key));
        applying
    }
}

impl Shared {
    /// The limit as it applies to `agent`.
    fn to(&self, agent: &AgentName) -> LimitFacts {
        let mut limit = self.limit.clone();
        limit.key.agent = self.each.then(|| agent.clone());
        limit
    }
}

/// The budget with each counter that a call of these agents may be counted on.
fn facts(
    quota: &Quota,
    owner: String,
    shared: &[Shared],
    agents: &BTreeMap<AgentName, Agent>,
) -> QuotaFacts {
    let scope = scope(&quota.applies);
    let limits = if quota.each_agent {
        let counted = agents.values().filter(|agent| may_count(&scope, agent));
        let of_each = |agent: &Agent| {
            shared.iter().map(|shared| shared.to(&agent.facts.name)).collect::<Vec<_>>()
        };
        counted.flat_map(of_each).collect()
    } else {
        shared.iter().map(|shared| shared.limit.clone()).collect()
    };
    let (name, purpose) = (quota.name.clone(), quota.purpose.clone());
    QuotaFacts { name, purpose, owner, scope, each_agent: quota.each_agent, limits }
}

fn scope(applies: &Applies) -> BudgetScope {
    match applies {
        Applies::Agent(name) => BudgetScope::Agent(name.value.clone()),
        Applies::Team(team) => BudgetScope::Team(team.value.clone()),
        Applies::Context(context) => BudgetScope::Context(context.value.clone()),
        Applies::Gateway => BudgetScope::Gateway,
    }
}

/// Whether calls of the agent may be counted.
fn may_count(scope: &BudgetScope, agent: &Agent) -> bool {
    match scope {
        BudgetScope::Agent(name) => agent.facts.name == *name,
        BudgetScope::Team(team) => agent.facts.team == *team,
        BudgetScope::Context(context) => agent.contexts.contains(context),
        BudgetScope::Gateway => true,
    }
}

fn shared(quota: &Quota, owner: &str) -> Vec<Shared> {
    let limit = |limit: &charter::QuotaLimit| Shared {
        limit: LimitFacts {
            key: CounterKey {
                quota: quota.name.clone(),
                scope: Some(scope(&quota.applies)),
                measure: limit.measure,
                per: limit.per,
                agent: None,
            },
            at_most: limit.at_most,
            owner: owner.to_owned(),
        },
        each: quota.each_agent,
    };
    quota.limits.iter().map(limit).collect()
}
