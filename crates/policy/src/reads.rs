//! What of a question's context policies look at, and how closely: two questions that agree on
//! this, on their entities and on what they are about have the same answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use cedar_policy::pst::{BinaryOp, Expr, Literal, UnaryOp, Var};
use cedar_policy::{Context, Entities, EvalResult, Expression, Policy, Request, eval_expression};

use crate::conditions::{conditions, expression};
use crate::json::Json;
use crate::schema::{self, Action, Type};
use crate::value::Value;

/// What some policies look at: each value by its name in the context and in the record there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reads {
    /// Whatever there is.
    Everything,
    /// These values.
    Only(BTreeMap<Place, Look>),
}

/// A field of the context, or one of the record in it.
pub(crate) type Place = (String, Option<String>);

/// How closely a value is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Look {
    /// All that it says matters.
    Closely,
    /// Only whether it is there and, of a number or an instant, on which side of each of these it
    /// lies.
    Sides(BTreeSet<i64>),
}

/// Values that are others in nearly every request. An answer that hangs on all that such a value
/// says is not worth remembering.
const PASSING: [(&str, Option<&str>); 8] = [
    ("call", None),
    ("call", Some("input_bytes")),
    ("caller", None),
    ("caller", Some("token_age_s")),
    ("now", None),
    ("recent", None),
    ("recent", Some("requests")),
    ("recent", Some("targets")),
];

/// The instants of which Cedar and this crate say the same: from 1970 to 9999.
const INSTANTS: std::ops::Range<i64> = 0..253_402_300_800_000;

impl Default for Reads {
    /// Nothing.
    fn default() -> Self {
        Self::Only(BTreeMap::new())
    }
}

impl Reads {
    /// What `policy` looks at.
    pub(crate) fn of(policy: &Policy) -> Self {
        let Ok(clauses) = conditions(policy) else { return Self::Everything };
        let each =
            clauses.iter().map(|clause| expression(clause).reduce(&look, &both, Self::default()));
        each.fold(Self::default(), both)
    }

    /// Also what `other` looks at.
    pub(crate) fn add(&mut self, other: Self) {
        let own = std::mem::take(self);
        *self = both(own, other);
    }

    /// Whether an answer that hangs on this may be given again soon.
    pub(crate) fn last(&self) -> bool {
        let Self::Only(places) = self else { return false };
        let passing =
            |(field, inner): &Place| PASSING.contains(&(field.as_str(), inner.as_deref()));
        !places.iter().any(|(place, look)| *look == Look::Closely && passing(place))
    }

    /// What they look at, in order; nothing where that is everything.
    pub(crate) fn places(&self) -> impl Iterator<Item = (&Place, &Look)> {
        let only = match self {
            Self::Only(places) => Some(places),
            Self::Everything => None,
        };
        only.into_iter().flatten()
    }

    fn one(place: Place, look: Look) -> Self {
        Self::Only(BTreeMap::from([(place, look)]))
    }
}

impl Look {
    /// What of `value` matters: equal for two values exactly where nobody who looks like this can
    /// tell them apart.
    pub(crate) fn write(&self, value: Option<&Value>, out: &mut Json) {
        match (self, value) {
            (_, None) => out.raw("-"),
            (Self::Closely, Some(value)) => value.write(out),
            (Self::Sides(sides), Some(Value::Long(number))) => side(sides, *number, out),
            (Self::Sides(sides), Some(Value::Time(instant)))
                if INSTANTS.contains(&instant.millis()) =>
            {
                side(sides, instant.millis(), out);
            }
            (Self::Sides(sides), Some(_)) if sides.is_empty() => out.raw("+"),
            (Self::Sides(_), Some(value)) => value.write(out),
        }
    }
}

/// How many of `sides` are less than `number`, and whether it is one of them.
fn side(sides: &BTreeSet<i64>, number: i64, out: &mut Json) {
    out.value(&sides.range(..number).count());
    out.raw(if sides.contains(&number) { "=" } else { "<" });
}

/// What `one` looks at, where that is plain without looking into it.
#[expect(clippy::wildcard_enum_match_arm, reason = "Cedar's expressions are not exhaustive")]
fn look(one: &Expr) -> Option<Reads> {
    match one {
        Expr::Var(Var::Context) => Some(Reads::Everything),
        Expr::GetAttr { .. } => Some(Reads::one(place(one)?, Look::Closely)),
        Expr::HasAttr { expr, attrs } => {
            let mut names = attrs.iter().map(ToString::to_string);
            let place = match (expr.as_ref(), place(expr)) {
                (Expr::Var(Var::Context), _) => (names.next()?, names.next()),
                (_, Some((field, None))) => (field, names.next()),
                (_, Some(_) | None) => return None,
            };
            let look = names.next().map_or(Look::Sides(BTreeSet::new()), |_| Look::Closely);
            Some(Reads::one(place, look))
        }
        Expr::BinaryOp { op, left, right } if compares(*op) => {
            let (place, against) = match (place(left), place(right)) {
                (Some(place), None) => (place, right),
                (None, Some(place)) => (place, left),
                (Some(_), Some(_)) | (None, None) => return None,
            };
            let sides = Look::Sides(BTreeSet::from([number(against)?]));
            Some(Reads::one(place, sides))
        }
        _ => None,
    }
}

/// The place that `one` names: `context.call` or `context.call.stream`.
#[expect(clippy::wildcard_enum_match_arm, reason = "Cedar's expressions are not exhaustive")]
fn place(one: &Expr) -> Option<Place> {
    let Expr::GetAttr { expr, attr } = one else { return None };
    match expr.as_ref() {
        Expr::Var(Var::Context) => Some((attr.to_string(), None)),
        Expr::GetAttr { expr, attr: field } if matches!(**expr, Expr::Var(Var::Context)) => {
            Some((field.to_string(), Some(attr.to_string())))
        }
        _ => None,
    }
}

const fn compares(op: BinaryOp) -> bool {
    use BinaryOp::{Eq, Greater, GreaterEq, Less, LessEq, NotEq};
    matches!(op, Eq | NotEq | Less | LessEq | Greater | GreaterEq)
}

/// The number that is written there; of an instant, Cedar's own milliseconds since the epoch.
#[expect(clippy::wildcard_enum_match_arm, reason = "Cedar's expressions are not exhaustive")]
fn number(written: &Expr) -> Option<i64> {
    match written {
        Expr::Literal(Literal::Long(number)) => Some(*number),
        Expr::UnaryOp { op: UnaryOp::Datetime, expr } if matches!(**expr, Expr::Literal(_)) => {
            let epoch = r#"datetime("1970-01-01")"#;
            let text = format!("{written}.durationSince({epoch}).toMilliseconds()");
            let (nobody, written) = (NOBODY.as_ref()?, text.parse::<Expression>().ok()?);
            match eval_expression(nobody, &Entities::empty(), &written) {
                Ok(EvalResult::Long(millis)) => Some(millis),
                Ok(_) | Err(_) => None,
            }
        }
        _ => None,
    }
}

/// A request in which a constant can be evaluated.
static NOBODY: LazyLock<Option<Request>> = LazyLock::new(|| {
    let [principal, resource] =
        [Type::Agent, Type::Model].map(|kind| schema::name(kind, "nobody").uid);
    let action = Action::InvokeModel.uid().clone();
    Request::new(principal, action, resource, Context::empty(), None).ok()
});

fn both(one: Reads, other: Reads) -> Reads {
    let (Reads::Only(mut all), Reads::Only(more)) = (one, other) else { return Reads::Everything };
    for (place, look) in more {
        let known = all.entry(place).or_insert_with(|| Look::Sides(BTreeSet::new()));
        *known = match (std::mem::replace(known, Look::Closely), look) {
            (Look::Sides(mut sides), Look::Sides(more)) => {
                sides.extend(more);
                Look::Sides(sides)
            }
            (Look::Closely, _) | (_, Look::Closely) => Look::Closely,
        };
    }
    Reads::Only(all)
}

#[cfg(test)]
mod tests;
