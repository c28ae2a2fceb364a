//! Which policies can match a caller: found by the entity in the policy's principal scope.
//!
//! Cedar scans every policy it is given and evaluates the scope first, so leaving out policies
//! whose principal scope names somebody else changes neither the verdict nor its reasons (a
//! property test holds the index against the full scan).

use std::collections::{BTreeSet, HashMap};

use cedar_policy::{
    AuthorizationError, Authorizer, Decision, EntityUid, Policy, PolicySet, PrincipalConstraint,
    Request,
};

use crate::evaluate::World;

/// Policies by the caller they name. Immutable once built.
#[derive(Debug, Default)]
pub(crate) struct Index {
    anybody: PolicySet,
    named: HashMap<EntityUid, PolicySet>,
}

/// Which policies matched a question. Where a forbid of a part matched, that part's permits are
/// not listed: they no longer matter.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Matches {
    pub(crate) permits: BTreeSet<String>,
    pub(crate) forbids: BTreeSet<String>,
    pub(crate) errors: BTreeSet<String>,
}

impl Index {
    /// An index of `policies`, whose ids are distinct.
    pub(crate) fn new<'a>(policies: impl IntoIterator<Item = &'a Policy>) -> Self {
        let mut index = Self::default();
        for policy in policies {
            let part = match policy.principal_constraint() {
                PrincipalConstraint::Any | PrincipalConstraint::Is(_) => &mut index.anybody,
                PrincipalConstraint::Eq(uid)
                | PrincipalConstraint::In(uid)
                | PrincipalConstraint::IsIn(_, uid) => index.named.entry(uid).or_default(),
            };
            add(part, policy);
        }
        index
    }

    /// The policies that match `request`, asked by one of `world`'s callers.
    pub(crate) fn matches(&self, request: &Request, world: &World) -> Matches {
        let named = world.callers.iter().filter_map(|caller| self.named.get(caller));
        let mut matches = Matches::default();
        for part in std::iter::once(&self.anybody).chain(named) {
            matches.scan(part, request, world);
        }
        matches
    }
}

impl Matches {
    /// Adds what `part` says.
    fn scan(&mut self, part: &PolicySet, request: &Request, world: &World) {
        if part.is_empty() {
            return;
        }
        let response = Authorizer::new().is_authorized(request, part, &world.entities);
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

#[expect(clippy::expect_used, reason = "compile refuses equal ids and templates before this")]
fn add(set: &mut PolicySet, policy: &Policy) {
    set.add(policy.clone()).expect("policy ids are distinct and policies static");
}

#[cfg(test)]
mod tests;
