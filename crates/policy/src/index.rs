//! Which policies can match a question: found by its action and by the entities in the policy's
//! principal and resource scopes.
//!
//! Cedar scans every policy it is given and evaluates the scope first, so leaving out policies
//! whose scope names another action, caller or resource changes neither the verdict nor its
//! reasons (a property test holds the index against the full scan).

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use cedar_policy::{
    ActionConstraint, AuthorizationError, Authorizer, Decision, Entities, EntityUid, Policy,
    PolicySet, PrincipalConstraint, Request, ResourceConstraint,
};

use crate::reads::Reads;
use crate::schema::Action;

/// Policies by what their scopes name. Immutable once built.
#[derive(Default)]
pub(crate) struct Index(HashMap<Action, ByCaller>);

/// By the caller they name, then by the resource they name; none is any.
type ByCaller = HashMap<Option<EntityUid>, HashMap<Option<EntityUid>, Together>>;

/// Policies that are read together, and what of the context they look at.
#[derive(Debug, Default)]
pub(crate) struct Together {
    pub(crate) policies: PolicySet,
    pub(crate) reads: Reads,
}

/// What a question is looked up by: each scope that a policy may have so that it can match.
#[derive(Debug)]
pub(crate) struct Scopes<'a> {
    pub(crate) action: Action,
    /// Any caller, the caller, what it is in.
    pub(crate) callers: &'a [Option<EntityUid>],
    /// Any resource, the resource, what it is in; each once.
    pub(crate) resources: &'a [Option<EntityUid>],
}

/// Which policies matched a question. Where a forbid of a part matched, that part's permits are
/// not listed: they no longer matter.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Matches {
    pub(crate) permits: BTreeSet<String>,
    pub(crate) forbids: BTreeSet<String>,
    pub(crate) errors: BTreeSet<String>,
}

/// Policies that are read together, for every question that any of them could match.
#[derive(Debug)]
pub(crate) struct Shelf<'a> {
    pub(crate) caller: Option<&'a EntityUid>,
    pub(crate) resource: Option<&'a EntityUid>,
    pub(crate) policies: &'a PolicySet,
}

impl Index {
    /// An index of what `policies` gives for each action; ids are distinct among those of one.
    pub(crate) fn new<'a, P>(policies: impl Fn(Action) -> P) -> Self
    where
        P: Iterator<Item = &'a Policy>,
    {
        let mut index = Self::default();
        for action in Action::ALL {
            for policy in policies(*action).filter(|policy| may_be_about(policy, *action)) {
                let callers = index.0.entry(*action).or_default();
                let resources = callers.entry(caller(policy)).or_default();
                add(resources.entry(resource(policy)).or_default(), policy);
            }
        }
        index
    }

    /// The policies that could match a question about `scopes`.
    pub(crate) fn candidates(&self, scopes: &Scopes<'_>) -> Vec<&Together> {
        let Some(callers) = self.0.get(&scopes.action) else { return Vec::new() };
        let mut found = Vec::new();
        for resources in scopes.callers.iter().filter_map(|caller| callers.get(caller)) {
            found.extend(scopes.resources.iter().filter_map(|resource| resources.get(resource)));
        }
        found
    }

    /// Every part of it.
    pub(crate) fn shelves(&self) -> impl Iterator<Item = Shelf<'_>> {
        self.0.values().flat_map(|callers| {
            callers.iter().flat_map(|(caller, resources)| {
                resources.iter().map(|(resource, together)| Shelf {
                    caller: caller.as_ref(),
                    resource: resource.as_ref(),
                    policies: &together.policies,
                })
            })
        })
    }
}

/// How many policies there are for each part, so that equal indexes look equal.
impl fmt::Debug for Index {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sizes: Vec<_> =
            self.shelves().map(|shelf| shelf.policies.num_of_policies()).collect();
        sizes.sort_unstable();
        out.debug_tuple("Index").field(&sizes).finish()
    }
}

impl Matches {
    /// Which of the policies in `shelves` match `request`.
    pub(crate) fn of(shelves: &[&Together], request: &Request, entities: &Entities) -> Self {
        let mut matches = Self::default();
        for shelf in shelves {
            matches.scan(&shelf.policies, request, entities);
        }
        matches
    }

    /// Adds what `part` says.
    fn scan(&mut self, part: &PolicySet, request: &Request, entities: &Entities) {
        let response = Authorizer::new().is_authorized(request, part, entities);
        let reasons = response.diagnostics().reason().map(ToString::to_string);
        match response.decision() {
            Decision::Allow => self.permits.extend(reasons),
            Decision::Deny => self.forbids.extend(reasons),
        }
        self.errors.extend(response.diagnostics().errors().map(|error| match error {
            AuthorizationError::PolicyEvaluationError(error) => error.policy_id().to_string(),
        }));
    }
}

fn may_be_about(policy: &Policy, action: Action) -> bool {
    match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(named) => *action.uid() == named,
        ActionConstraint::In(named) => named.iter().any(|one| action.is_in(one)),
    }
}

/// What its principal scope names.
fn caller(policy: &Policy) -> Option<EntityUid> {
    match policy.principal_constraint() {
        PrincipalConstraint::Any | PrincipalConstraint::Is(_) => None,
        PrincipalConstraint::Eq(uid)
        | PrincipalConstraint::In(uid)
        | PrincipalConstraint::IsIn(_, uid) => Some(uid),
    }
}

/// What its resource scope names.
fn resource(policy: &Policy) -> Option<EntityUid> {
    match policy.resource_constraint() {
        ResourceConstraint::Any | ResourceConstraint::Is(_) => None,
        ResourceConstraint::Eq(uid)
        | ResourceConstraint::In(uid)
        | ResourceConstraint::IsIn(_, uid) => Some(uid),
    }
}

#[expect(clippy::expect_used, reason = "compile refuses equal ids and templates before this")]
fn add(together: &mut Together, policy: &Policy) {
    together.reads.add(Reads::of(policy));
    together.policies.add(policy.clone()).expect("policy ids are distinct and policies static");
}

#[cfg(test)]
mod tests;
