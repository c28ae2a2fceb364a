//! The policies of a charter, compiled: immutable, indexed, ready to decide.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cedar_policy::{Policy, Request};
use model::{PolicyRef, PolicySetKind, Timestamp};

use crate::evaluate::{Answer, Unevaluable, World};
use crate::index::{Index, Matches, Scopes};
use crate::memory::Memory;
use crate::parts::Parts;
use crate::query::Query;
use crate::schema::Action;
use crate::shapes::Shapes;

/// Every policy of a charter. Made by [`crate::compile`], never changed.
#[derive(Debug)]
pub struct Policies {
    pub(crate) listings: BTreeMap<String, PolicyListing>,
    /// For each action, the guardrails and the policies of its set.
    pub(crate) all: Index,
    /// What is left of the model set's permits without the context: who could ever match.
    reach: Index,
    /// The entities of what the charter declares.
    pub(crate) parts: Parts,
    /// Which questions were checked against the schema.
    pub(crate) shapes: Shapes,
    /// What was answered before; none where every question is to be evaluated.
    memory: Option<Memory>,
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
        let of = |set: PolicySetKind| compiled.iter().filter(move |one| one.listing.set == set);
        let asked = |action: Action| {
            let both = of(PolicySetKind::Guardrails).chain(of(action.set()));
            both.map(|one| &one.cedar)
        };
        let reaching = |action: Action| {
            let model = of(PolicySetKind::Model).filter(move |_| action == Action::InvokeModel);
            let permits = model.filter(|one| one.listing.policy.effect == model::Effect::Permit);
            permits.map(|one| &one.reach)
        };
        Self {
            all: Index::new(asked),
            reach: Index::new(reaching),
            parts: Parts::default(),
            shapes: Shapes::default(),
            memory: Some(Memory::default()),
            listings: compiled
                .into_iter()
                .map(|policy| (policy.listing.policy.id.to_string(), policy.listing))
                .collect(),
        }
    }

    /// The same policies, with the entities of what their charter declares at hand. It changes
    /// how long a decision takes, and no decision.
    #[must_use]
    pub fn with_parts(self, parts: Parts) -> Self {
        Self { parts, ..self }
    }

    /// The same policies, which evaluate every question, also one that was answered before. It
    /// changes how long a decision takes, and no decision: for whoever measures or compares that.
    #[must_use]
    pub fn without_memory(self) -> Self {
        Self { memory: None, ..self }
    }

    /// Every policy, in the order of its id.
    pub fn all(&self) -> impl Iterator<Item = &PolicyListing> {
        self.listings.values()
    }

    /// What the guardrails and the query's own set answer, as they answered before if they were
    /// asked the same before.
    pub(crate) fn answer(
        &self,
        query: &Query,
        world: &World,
        now: Timestamp,
    ) -> Result<Answer, Unevaluable> {
        let resources = &query.resources();
        let shelves = self.all.candidates(&scopes(query, world, resources));
        let reads: Vec<_> = shelves.iter().map(|shelf| &shelf.reads).collect();
        let memory = self.memory.as_ref();
        let remembering =
            memory.and_then(|memory| Some((memory, query.key(&reads, world.described())?)));
        let known = remembering.as_ref().and_then(|(memory, key)| memory.recall(key));
        if let Some(known) = known {
            return Ok(self.counting(&known, now));
        }
        let request = query.request(&self.shapes)?;
        let matches = Arc::new(Matches::of(&shelves, &request, world.entities()?));
        if let Some((memory, key)) = remembering {
            memory.learn(&key, Arc::clone(&matches));
        }
        Ok(self.counting(&matches, now))
    }

    /// What they answer to a question that was made ready, evaluated now.
    pub(crate) fn evaluate(
        &self,
        query: &Query,
        request: &Request,
        world: &World,
        now: Timestamp,
    ) -> Result<Answer, Unevaluable> {
        let matches = Self::look_up(&self.all, query, request, world)?;
        Ok(self.counting(&matches, now))
    }

    /// What it comes to that these policies match, at `now`.
    fn counting(&self, matches: &Matches, now: Timestamp) -> Answer {
        let counting = |ids: &BTreeSet<String>| -> Vec<String> {
            ids.iter().filter(|id| self.counts(id, now)).cloned().collect()
        };
        let errors = counting(&matches.errors);
        if !errors.is_empty() {
            return Answer::Error(errors);
        }
        if !matches.forbids.is_empty() {
            return Answer::Forbid(matches.forbids.iter().cloned().collect());
        }
        let permits = counting(&matches.permits);
        if permits.is_empty() { Answer::Nothing } else { Answer::Permit(permits) }
    }

    /// Whether some permit of the model set could match this question's caller and model in some
    /// context. A permit of which that cannot be evaluated might.
    pub(crate) fn could_reach(
        &self,
        query: &Query,
        request: &Request,
        world: &World,
        now: Timestamp,
    ) -> Result<bool, Unevaluable> {
        let matches = Self::look_up(&self.reach, query, request, world)?;
        let mut ids = matches.permits.union(&matches.errors);
        Ok(ids.any(|id| self.counts(id, now)))
    }

    /// The permits of the query's set that name its caller, action and resource, or any.
    pub(crate) fn permits_about(&self, query: &Query, world: &World) -> Vec<&Policy> {
        let resources = &query.resources();
        let shelves = self.all.candidates(&scopes(query, world, resources));
        let all = shelves.into_iter().flat_map(|shelf| shelf.policies.policies());
        let mut permits: Vec<_> =
            all.filter(|one| one.effect() == cedar_policy::Effect::Permit).collect();
        permits.sort_by(|one, other| one.id().cmp(other.id()));
        permits
    }

    fn look_up(
        index: &Index,
        query: &Query,
        request: &Request,
        world: &World,
    ) -> Result<Matches, Unevaluable> {
        let resources = &query.resources();
        let shelves = index.candidates(&scopes(query, world, resources));
        Ok(Matches::of(&shelves, request, world.entities()?))
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

/// What `query` is looked up by; `resources` are its own.
fn scopes<'a>(
    query: &Query,
    world: &'a World,
    resources: &'a [Option<cedar_policy::EntityUid>],
) -> Scopes<'a> {
    Scopes { action: query.action, callers: &world.caller().scopes, resources }
}
