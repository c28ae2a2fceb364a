//! The policies of a charter, compiled: immutable, indexed, ready to decide.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{Policy, Request};
use model::{PolicyRef, PolicySetKind, Timestamp};

use crate::evaluate::{Answer, World};
use crate::index::Index;
use crate::query::{Domain, Query};

/// Every policy of a charter. Made by [`crate::compile`], never changed.
#[derive(Debug)]
pub struct Policies {
    pub(crate) listings: BTreeMap<String, PolicyListing>,
    /// Guardrails and the model set.
    model: Index,
    /// Guardrails and the tool set.
    tool: Index,
    /// Guardrails and the secret set.
    secret: Index,
    /// What is left of the model set's permits without the context: who could ever match.
    pub(crate) reach: Index,
    /// The permits, for explaining which of them nearly matched.
    pub(crate) permits: Vec<Compiled>,
}

/// One policy as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyListing {
    /// How decisions cite it: id, effect, file, lines, digest of its text, owner.
    pub policy: PolicyRef,
    /// The set it belongs to.
    pub set: PolicySetKind,
    /// Why it exists (`@rationale`).
    pub rationale: String,
    /// Which controls it implements (`@control`), as written.
    pub control: Option<String>,
    /// The first instant at which it no longer counts (`@expires`).
    pub expires: Option<Timestamp>,
    /// Its text, from the first annotation to the semicolon.
    pub text: String,
    /// What it names, as sorted pairs of type and id: `("Agent", "demo-agent")`. Actions are left
    /// out. Who names a tool of a provider names the provider too.
    pub names: Vec<(String, String)>,
}

/// A policy that passed every check.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    pub(crate) listing: PolicyListing,
    pub(crate) cedar: Policy,
    /// Its scope and those of its conditions that do not look at the context.
    pub(crate) reach: Policy,
}

impl Policies {
    /// The policies `compiled`, whose ids are distinct.
    pub(crate) fn new(compiled: Vec<Compiled>) -> Self {
        let with_guardrails = |set| {
            let wanted = move |policy: &&Compiled| {
                policy.listing.set == set || policy.listing.set == PolicySetKind::Guardrails
            };
            Index::new(compiled.iter().filter(wanted).map(|policy| &policy.cedar))
        };
        let is_permit = |policy: &&Compiled| policy.listing.policy.effect == model::Effect::Permit;
        let of_model = |policy: &&Compiled| policy.listing.set == PolicySetKind::Model;
        let reach = compiled.iter().filter(is_permit).filter(of_model);
        Self {
            model: with_guardrails(PolicySetKind::Model),
            tool: with_guardrails(PolicySetKind::Tool),
            secret: with_guardrails(PolicySetKind::Secret),
            reach: Index::new(reach.map(|policy| &policy.reach)),
            permits: compiled.iter().filter(is_permit).cloned().collect(),
            listings: compiled
                .into_iter()
                .map(|policy| (policy.listing.policy.id.to_string(), policy.listing))
                .collect(),
        }
    }

    /// Every policy, in the order of its id.
    pub fn all(&self) -> impl Iterator<Item = &PolicyListing> {
        self.listings.values()
    }

    /// What the guardrails and the query's own set answer.
    pub(crate) fn answer(
        &self,
        query: &Query,
        request: &Request,
        world: &World,
        now: Timestamp,
    ) -> Answer {
        let index = match query.domain {
            Domain::Model => &self.model,
            Domain::Tool => &self.tool,
            Domain::Secret => &self.secret,
        };
        let matches = index.matches(request, world);
        let counting = |ids: BTreeSet<String>| -> Vec<String> {
            ids.into_iter().filter(|id| self.counts(id, now)).collect()
        };
        let errors = counting(matches.errors);
        if !errors.is_empty() {
            return Answer::Error(errors);
        }
        if !matches.forbids.is_empty() {
            return Answer::Forbid(matches.forbids.into_iter().collect());
        }
        let permits = counting(matches.permits);
        if permits.is_empty() { Answer::Nothing } else { Answer::Permit(permits) }
    }

    /// Whether the policy `id` counts at `now`: a permit past its `@expires` does not, as if it
    /// were not there.
    pub(crate) fn counts(&self, id: &str, now: Timestamp) -> bool {
        match self.listings.get(id) {
            Some(PolicyListing { expires: Some(expires), .. }) => now < *expires,
            Some(PolicyListing { expires: None, .. }) | None => true,
        }
    }

    /// How decisions cite the policies `ids`.
    pub(crate) fn cite(&self, ids: &[String]) -> Vec<PolicyRef> {
        ids.iter().filter_map(|id| self.listings.get(id)).map(|one| one.policy.clone()).collect()
    }
}
