//! The conditions of a policy, one by one. Nothing is evaluated here.

use std::sync::Arc;

use cedar_policy::Policy;
use cedar_policy::pst::{self, BinaryOp, Clause, Expr, Var};

/// The policy with only those of its conditions that do not mention the context: where even this
/// does not match, no context can make the policy match.
pub(crate) fn without_context(policy: &Policy) -> Result<Policy, String> {
    let kept = conditions(policy)?.into_iter().filter(|one| !mentions_context(expression(one)));
    with_conditions(policy, kept.collect())
}

/// The conditions of `policy`, split at each top-level `&&` of a `when`.
pub(crate) fn conditions(policy: &Policy) -> Result<Vec<Clause>, String> {
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
pub(crate) fn with_conditions(policy: &Policy, conditions: Vec<Clause>) -> Result<Policy, String> {
    let tree = policy.to_pst().map_err(|error| error.to_string())?;
    let body = tree.body().clone();
    let body = body.try_with_clauses(conditions).map_err(|error| error.to_string())?;
    let tree = pst::StaticPolicy::try_from(body).map_err(|error| error.to_string())?;
    Policy::from_pst(tree.into()).map_err(|error| error.to_string())
}

/// What `clause` asks.
pub(crate) fn expression(clause: &Clause) -> &Expr {
    match clause {
        Clause::When(condition) | Clause::Unless(condition) => condition,
    }
}

fn mentions_context(condition: &Expr) -> bool {
    let is_context = |one: &Expr| matches!(one, Expr::Var(Var::Context)).then_some(true);
    condition.reduce(&is_context, &|left, right| left || right, false)
}
