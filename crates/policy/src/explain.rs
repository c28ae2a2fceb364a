//! Why nothing allowed it: which permits nearly matched, and what was missing. For operators and
//! owners; a caller is told only a code.

use std::sync::Arc;

use cedar_policy::pst::{self, BinaryOp, Clause, Expr, Var};
use cedar_policy::{Authorizer, Policy, PolicySet, Request};
use model::{PolicyRef, ProviderName};

use crate::evaluate::{Unevaluable, World};
use crate::facts::Circumstances;
use crate::matter;
use crate::policies::Policies;
use crate::query::{Place, Query, Telling};
use crate::trail::Trail;

/// A permit whose scope matched the question but whose conditions did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    /// The permit.
    pub policy: PolicyRef,
    /// At which target.
    pub provider: ProviderName,
    /// The conditions that did not hold, as Cedar text, in the policy's order.
    pub unmet: Vec<String>,
}

impl Policies {
    /// The permits that nearly allowed a question: for each target, those of the model set, then
    /// those of the tool set for all that goes beyond the model, then those of the secret set,
    /// that name this caller, action and resource but whose conditions did not all hold. Empty where the question cannot be put at all.
    #[must_use]
    pub fn near_misses(&self, asked: &Circumstances<'_>) -> Vec<NearMiss> {
        self.misses(asked).unwrap_or_default()
    }

    fn misses(&self, asked: &Circumstances<'_>) -> Result<Vec<NearMiss>, Unevaluable> {
        let world = Trail::default().world(asked, &self.parts)?;
        let telling = Telling::new(asked)?;
        let mut found = Vec::new();
        for target in asked.targets {
            let place = Place::new(&telling, target)?;
            for matter in matter::all(asked.ask, target) {
                let query = Query::about(matter, &telling, &place, &world)?;
                let request = query.request(&self.shapes)?;
                found.extend(self.permits_about(&query, &world).into_iter().filter_map(|permit| {
                    let mut unmet = unmet(permit, &request, &world)?;
                    if !self.counts(permit.id().as_ref(), asked.call.now) {
                        unmet.push("@expires lies in the past".to_owned());
                    }
                    let policy = self.listings.get(&permit.id().to_string())?.policy.clone();
                    let provider = target.provider.clone();
                    (!unmet.is_empty()).then_some(NearMiss { policy, provider, unmet })
                }));
            }
        }
        Ok(found)
    }
}

/// The policy with only those of its conditions that do not mention the context: where even this
/// does not match, no context can make the policy match.
pub(crate) fn without_context(policy: &Policy) -> Result<Policy, String> {
    let kept = conditions(policy)?.into_iter().filter(|one| !mentions_context(expression(one)));
    with_conditions(policy, kept.collect())
}

/// The conditions of `policy` that do not hold; `None` where its scope does not match.
fn unmet(policy: &Policy, request: &Request, world: &World) -> Option<Vec<String>> {
    let holds = |one: Policy| -> bool {
        let mut alone = PolicySet::new();
        alone.add(one).is_ok()
            && Authorizer::new()
                .is_authorized(request, &alone, &world.entities)
                .diagnostics()
                .reason()
                .next()
                .is_some()
    };
    if !holds(with_conditions(policy, Vec::new()).ok()?) {
        return None;
    }
    let conditions = conditions(policy).ok()?;
    let fails = |one: &Clause| !with_conditions(policy, vec![one.clone()]).is_ok_and(holds);
    Some(conditions.iter().filter(|one| fails(one)).map(ToString::to_string).collect())
}

/// The conditions of `policy`, split at each top-level `&&` of a `when`.
fn conditions(policy: &Policy) -> Result<Vec<Clause>, String> {
    let tree = policy.to_pst().map_err(|error| error.to_string())?;
    let mut split = Vec::new();
    for clause in tree.body().clauses() {
        match clause {
            Clause::When(condition) => {
                split.extend(conjuncts(condition).into_iter().map(Clause::When));
            }
            Clause::Unless(_) => split.push(clause.clone()),
        }
    }
    Ok(split)
}

fn conjuncts(condition: &Arc<Expr>) -> Vec<Arc<Expr>> {
    let mut found = Vec::new();
    let mut open = vec![condition];
    while let Some(next) = open.pop() {
        if let Expr::BinaryOp { op: BinaryOp::And, left, right } = next.as_ref() {
            open.extend([right, left]);
        } else {
            found.push(Arc::clone(next));
        }
    }
    found
}

/// `policy` with `conditions` in place of its own.
fn with_conditions(policy: &Policy, conditions: Vec<Clause>) -> Result<Policy, String> {
    let tree = policy.to_pst().map_err(|error| error.to_string())?;
    let body = tree.body().clone();
    let body = body.try_with_clauses(conditions).map_err(|error| error.to_string())?;
    let tree = pst::StaticPolicy::try_from(body).map_err(|error| error.to_string())?;
    Policy::from_pst(tree.into()).map_err(|error| error.to_string())
}

fn expression(clause: &Clause) -> &Expr {
    match clause {
        Clause::When(condition) | Clause::Unless(condition) => condition,
    }
}

fn mentions_context(condition: &Expr) -> bool {
    let is_context = |one: &Expr| matches!(one, Expr::Var(Var::Context)).then_some(true);
    condition.reduce(&is_context, &|left, right| left || right, false)
}
