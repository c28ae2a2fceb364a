//! Whether a policy asks for what may be absent, so that its absence never passes: a claim about a
//! target, and the approved context a call is made in.
//!
//! A claim that nobody stated is absent from `context.target`, and `context.approved` is absent
//! where the call is in no approved context. A condition that asks for one, as in
//! `context.target has region && context.target.region == "eu"`, is then false. They may stand
//! only in such conditions, and only where a false condition refuses: in the `when` of a permit
//! and the `unless` of a forbid. Then a target that is eligible while a claim is unknown is
//! eligible whatever the claim turns out to be, and a call that is allowed in no context is
//! allowed in each, so that leaving a context out gains nothing (a property test holds both). It
//! reads the policy's tree and judges nothing else.

use cedar_policy::pst::{BinaryOp, Clause, Expr, UnaryOp, Var};
use cedar_policy::{Effect, Policy};

/// The attribute of a context that holds the claims.
const TARGET: &str = "target";

/// What `context.target` holds that is no claim. Any other attribute is one.
const KNOWN: &str = "upstream_model";

/// The attribute of a context that holds the approved context, where the call is in one.
pub(crate) const APPROVED: &str = "approved";

/// What may be absent, and may only be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Absent {
    /// The claim of this name.
    Claim(String),
    /// The approved context, or anything it says.
    Approved,
}

/// What is wrong with the way a policy speaks of what may be absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It stands where its absence could let the call through.
    NotAsked {
        /// What may be absent.
        absent: Absent,
        /// How often the policy has named it before, this way or another.
        earlier: usize,
    },
    /// `context`, `context.target` or `context.approved` is used as a value, so that what it holds
    /// cannot be told apart.
    Whole(&'static str),
    /// The policy asks for this, and it may fail, which an absence would hide.
    MayFail(Absent),
}

/// What is wrong with the way `policy` speaks of what may be absent, in the policy's order.
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
    let Walk { named, may_fail, mut faults } = walk;
    faults.extend(named.into_iter().next().filter(|_| may_fail).map(Fault::MayFail));
    Ok(faults)
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
enum Reading {
    /// The value of something that may be absent.
    Value(Absent),
    /// Whether it is there.
    Test(Absent),
    /// More than one value at once.
    Whole(&'static str),
    /// Something that is never absent, or that no policy need ask for.
    Harmless,
}

#[derive(Default)]
struct Walk {
    /// What may be absent and was named, in order.
    named: Vec<Absent>,
    may_fail: bool,
    faults: Vec<Fault>,
}

impl Walk {
    fn visit(&mut self, expression: &Expr, stance: Stance) {
        match reading(expression) {
            Some(Reading::Value(absent)) => self.name(absent, stance != Stance::Elsewhere),
            Some(Reading::Test(absent)) => self.name(absent, stance == Stance::Asserted),
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

    fn name(&mut self, absent: Absent, asked: bool) {
        if !asked {
            let earlier = self.named.iter().filter(|one| **one == absent).count();
            self.faults.push(Fault::NotAsked { absent: absent.clone(), earlier });
        }
        self.named.push(absent);
    }
}

/// What `expression` reads, where it is `context` or a path that begins there.
fn reading(expression: &Expr) -> Option<Reading> {
    let tested = matches!(expression, Expr::HasAttr { .. });
    let absent = match path(expression)?.as_slice() {
        [] => return Some(Reading::Whole("context")),
        [TARGET] if !tested => return Some(Reading::Whole("context.target")),
        [APPROVED] if !tested => return Some(Reading::Whole("context.approved")),
        [TARGET, claim, ..] if *claim != KNOWN => Absent::Claim((*claim).to_owned()),
        [APPROVED, ..] => Absent::Approved,
        _ => return Some(Reading::Harmless),
    };
    Some(if tested { Reading::Test(absent) } else { Reading::Value(absent) })
}

/// The attributes that lead from `context` to what `expression` reads or tests; `None` where it
/// begins elsewhere.
pub(crate) fn path(expression: &Expr) -> Option<Vec<&str>> {
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
/// that what is absent makes none of them true.
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
