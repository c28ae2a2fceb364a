//! Whether a policy asks for what it wants to know of a target, so that an unknown never passes.
//!
//! A claim that nobody stated is absent from `context.target`. A condition that asks for a claim,
//! as in `context.target has region && context.target.region == "eu"`, is then false. Claims may
//! stand only in such conditions, and only where a false condition refuses: in the `when` of a
//! permit and the `unless` of a forbid. Then a target that is eligible while a claim is unknown
//! is eligible whatever the claim turns out to be (a property test holds this). It reads the
//! policy's tree and judges nothing else.

use cedar_policy::pst::{BinaryOp, Clause, Expr, UnaryOp, Var};
use cedar_policy::{Effect, Policy};

/// The attribute of a context that holds the claims.
const TARGET: &str = "target";

/// What `context.target` holds that is no claim. Any other attribute is one.
const KNOWN: &str = "upstream_model";

/// What is wrong with the way a policy speaks of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A claim stands where its being unknown could let the target through.
    NotAsked {
        /// The claim.
        claim: String,
        /// How often the policy has named it before, this way or another.
        earlier: usize,
    },
    /// `context` or `context.target` is used as a value, so that claims cannot be told apart.
    Whole(&'static str),
    /// The policy asks for a claim, and it may fail, which an unknown would hide.
    MayFail,
}

/// What is wrong with the way `policy` speaks of a target, in the policy's order.
pub(crate) fn faults(policy: &Policy) -> Result<Vec<Fault>, String> {
    let tree = policy.to_pst().map_err(|error| error.to_string())?;
    let mut walk = Walk::default();
    for clause in tree.body().clauses() {
        let (condition, asserted) = match clause {
            Clause::When(condition) => (condition, policy.effect() == Effect::Permit),
            Clause::Unless(condition) => (condition, policy.effect() == Effect::Forbid),
        };
        walk.visit(condition, if asserted { Stance::Asserted } else { Stance::Elsewhere });
    }
    if walk.may_fail && !walk.claims.is_empty() {
        walk.faults.push(Fault::MayFail);
    }
    Ok(walk.faults)
}

/// How an expression stands in its condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stance {
    /// Its being false refuses.
    Asserted,
    /// It is compared, and the comparison's being false refuses.
    Compared,
    /// Anything else.
    Elsewhere,
}

/// What an expression reads of the context.
enum Reading<'e> {
    /// The value of a claim.
    Value(&'e str),
    /// Whether a claim is known.
    Test(&'e str),
    /// More than one claim at once.
    Whole(&'static str),
    /// Something that is no claim.
    Harmless,
}

#[derive(Default)]
struct Walk<'e> {
    /// The claims met, in order.
    claims: Vec<&'e str>,
    may_fail: bool,
    faults: Vec<Fault>,
}

impl<'e> Walk<'e> {
    fn visit(&mut self, expression: &'e Expr, stance: Stance) {
        match reading(expression) {
            Some(Reading::Value(claim)) => self.claim(claim, stance != Stance::Elsewhere),
            Some(Reading::Test(claim)) => self.claim(claim, stance == Stance::Asserted),
            Some(Reading::Whole(what)) => self.faults.push(Fault::Whole(what)),
            Some(Reading::Harmless) => {}
            None => {
                self.may_fail |= may_fail(expression);
                match parts(expression, stance) {
                    Some(parts) => parts.into_iter().for_each(|(part, how)| self.visit(part, how)),
                    None => self.faults.push(Fault::Whole("context")),
                }
            }
        }
    }

    fn claim(&mut self, claim: &'e str, asked: bool) {
        if !asked {
            let earlier = self.claims.iter().filter(|one| **one == claim).count();
            self.faults.push(Fault::NotAsked { claim: claim.to_owned(), earlier });
        }
        self.claims.push(claim);
    }
}

/// What `expression` reads, where it is `context` or a path that begins there.
fn reading(expression: &Expr) -> Option<Reading<'_>> {
    let tested = matches!(expression, Expr::HasAttr { .. });
    Some(match path(expression)?.as_slice() {
        [] => Reading::Whole("context"),
        [TARGET] if !tested => Reading::Whole("context.target"),
        [TARGET, claim, ..] if *claim != KNOWN && tested => Reading::Test(claim),
        [TARGET, claim, ..] if *claim != KNOWN => Reading::Value(claim),
        _ => Reading::Harmless,
    })
}

/// The attributes that lead from `context` to what `expression` reads or tests; `None` where it
/// begins elsewhere.
fn path(expression: &Expr) -> Option<Vec<&str>> {
    let (mut open, tested) = if let Expr::HasAttr { expr, attrs } = expression {
        (expr.as_ref(), attrs.iter().map(|attr| attr.as_str()).collect())
    } else {
        (expression, Vec::new())
    };
    let mut path = Vec::new();
    while let Expr::GetAttr { expr, attr } = open {
        path.push(attr.as_str());
        open = expr;
    }
    path.reverse();
    path.extend(tested);
    matches!(open, Expr::Var(Var::Context)).then_some(path)
}

/// The parts of `expression`, and how each stands. `None` for an expression of which this gateway
/// does not know what it would read.
fn parts(expression: &Expr, stance: Stance) -> Option<Vec<(&Expr, Stance)>> {
    let asserted = stance == Stance::Asserted;
    let when_asserted = |then| if asserted { then } else { Stance::Elsewhere };
    Some(match expression {
        Expr::BinaryOp { op, left, right } => {
            let stance = when_asserted(of_operands(*op));
            vec![(left, stance), (right, stance)]
        }
        Expr::IfThenElse { cond, then_expr, else_expr } => {
            let branch = when_asserted(Stance::Asserted);
            vec![(cond, Stance::Elsewhere), (then_expr, branch), (else_expr, branch)]
        }
        Expr::Like { expr, .. } => vec![(expr, when_asserted(Stance::Compared))],
        Expr::Set(items) => {
            let each = if stance == Stance::Compared { stance } else { Stance::Elsewhere };
            items.iter().map(|item| (item.as_ref(), each)).collect()
        }
        Expr::UnaryOp { expr, .. } | Expr::GetAttr { expr, .. } | Expr::HasAttr { expr, .. } => {
            vec![(expr, Stance::Elsewhere)]
        }
        Expr::Is { expr, in_expr, .. } => {
            let group = in_expr.iter().map(|group| (group.as_ref(), Stance::Elsewhere));
            std::iter::once((expr.as_ref(), Stance::Elsewhere)).chain(group).collect()
        }
        Expr::Record(fields) => {
            fields.values().map(|field| (field.as_ref(), Stance::Elsewhere)).collect()
        }
        Expr::Literal(_) | Expr::Var(_) => Vec::new(),
        Expr::Slot(_) | Expr::Unknown { .. } | _ => return None,
    })
}

/// How the operands of an asserted `operator` stand. All that compare evaluate both operands, so
/// that a claim that is unknown makes none of them true.
const fn of_operands(operator: BinaryOp) -> Stance {
    if matches!(operator, BinaryOp::And | BinaryOp::Or) {
        Stance::Asserted
    } else if matches!(
        operator,
        BinaryOp::Eq
            | BinaryOp::Less
            | BinaryOp::LessEq
            | BinaryOp::Greater
            | BinaryOp::GreaterEq
            | BinaryOp::In
            | BinaryOp::Contains
            | BinaryOp::ContainsAll
            | BinaryOp::ContainsAny
    ) {
        Stance::Compared
    } else {
        Stance::Elsewhere
    }
}

/// Whether evaluating `expression` itself may fail although it validates: by overflow.
const fn may_fail(expression: &Expr) -> bool {
    matches!(
        expression,
        Expr::UnaryOp { op: UnaryOp::Neg, .. }
            | Expr::BinaryOp {
                op: BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Offset,
                ..
            }
    )
}

#[cfg(test)]
mod tests;
