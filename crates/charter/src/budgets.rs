//! What quotas, contexts and agents say of each other: that a context fits the agents it is bound
//! to, and that no call is held on more counters than one request should pay for.

use std::collections::BTreeMap;

use model::{ContextName, Problem, TeamName};

use crate::agent::Agent;
use crate::charter::Charter;
use crate::context::Context;
use crate::quota::{Applies, Quota};
use crate::suggest::listed;
use crate::{code, problem};

/// Most limits that may apply to one call.
const APPLYING_MAX: usize = 16;

/// Everything about budgets and contexts that needs more than one file.
pub(crate) fn problems(charter: &Charter) -> Vec<Problem> {
    let mut found: Vec<Problem> =
        charter.contexts.values().flat_map(|context| bound(charter, context)).collect();
    let applying = Applying::of(charter);
    found.extend(charter.agents.values().filter_map(|agent| applying.too_many(charter, agent)));
    found
}

/// Whether a context fits each of its agents.
fn bound(charter: &Charter, context: &Context) -> Vec<Problem> {
    let mut found = Vec::new();
    for named in &context.agents {
        let Some(agent) = charter.agents.get(&named.value) else { continue };
        let here = agent.environment.value;
        if !context.environments.is_empty() && !context.environments.contains(&here) {
            let what = format!(
                "agent `{}` runs in {}, where the context is not open",
                agent.name,
                here.as_str()
            );
            let help = "unbind the agent, or open the context there";
            let place = named.place.clone();
            found.push(problem::at(place, code::CONTEXT_ELSEWHERE, what, help));
        }
        let class = context.data_class.value;
        if class > agent.data_class {
            let what = format!(
                "the context is for {class} data, and agent `{}` may handle {} at most",
                agent.name, agent.data_class
            );
            let help = "lower the context's `data_class`, or unbind the agent";
            let place = context.data_class.place.clone();
            found.push(problem::at(place, code::CONTEXT_ABOVE_AGENT, what, help));
        }
    }
    found
}

/// Quotas by what they are for.
#[derive(Default)]
struct Applying<'c> {
    gateway: Vec<&'c Quota>,
    agents: BTreeMap<&'c str, Vec<&'c Quota>>,
    teams: BTreeMap<&'c TeamName, Vec<&'c Quota>>,
    contexts: BTreeMap<&'c ContextName, Vec<&'c Quota>>,
    /// The contexts that each agent is bound to.
    bound: BTreeMap<&'c str, Vec<&'c ContextName>>,
}

impl<'c> Applying<'c> {
    fn of(charter: &'c Charter) -> Self {
        let mut applying = Self::default();
        for quota in charter.quotas.values() {
            match &quota.applies {
                Applies::Agent(agent) => applying.agents.entry(agent.as_str()).or_default(),
                Applies::Team(team) => applying.teams.entry(&team.value).or_default(),
                Applies::Context(context) => applying.contexts.entry(&context.value).or_default(),
                Applies::Gateway => &mut applying.gateway,
            }
            .push(quota);
        }
        for context in charter.contexts.values() {
            for agent in &context.agents {
                applying.bound.entry(agent.as_str()).or_default().push(&context.name);
            }
        }
        applying
    }

    /// Whether more limits apply to a call of `agent` than may, in the context that adds most.
    fn too_many(&self, charter: &Charter, agent: &Agent) -> Option<Problem> {
        let own = self.agents.get(agent.name.as_str());
        let team = charter.operator(agent).and_then(|team| self.teams.get(team));
        let always: Vec<&Quota> =
            [own, team, Some(&self.gateway)].into_iter().flatten().flatten().copied().collect();
        let contexts = self.bound.get(agent.name.as_str()).into_iter().flatten();
        let worst = contexts
            .filter_map(|name| self.contexts.get(name).map(|quotas| (*name, quotas)))
            .max_by_key(|(_, quotas)| count(quotas));
        let added = worst.map_or(&[][..], |(_, quotas)| quotas);
        let total = count(&always) + count(added);
        if total <= APPLYING_MAX {
            return None;
        }
        let names: Vec<&str> =
            always.iter().chain(added).map(|quota| quota.name.as_str()).collect();
        let within = match worst {
            Some((context, _)) => format!(" in context `{context}`"),
            None => String::new(),
        };
        let what = format!(
            "{total} limits apply to a call of agent `{}`{within}, more than {APPLYING_MAX}: \
             those of {}",
            agent.name,
            listed(&names, "and")
        );
        let help = "merge quotas or drop limits: each is counted on every call";
        Some(problem::at(agent.place.clone(), code::TOO_MANY_LIMITS, what, help))
    }
}

/// How many limits the quotas have.
fn count(quotas: &[&Quota]) -> usize {
    quotas.iter().map(|quota| quota.limits.len()).sum()
}
