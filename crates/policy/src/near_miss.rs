//! Why nothing allowed it: which permits nearly matched, what was missing, and what stood there
//! instead. For operators and owners; a caller is told only a code.

use std::str::FromStr as _;

use cedar_policy::pst::{Clause, Expr};
use cedar_policy::{Authorizer, Entities, Expression, Policy, PolicySet, Request, eval_expression};
use model::{PolicyRef, ProviderName};

use crate::conditions::{conditions, expression, with_conditions};
use crate::evaluate::{Answer, Unevaluable, World};
use crate::facts::Circumstances;
use crate::matter;
use crate::policies::Policies;
use crate::query::{Place, Query, Telling};
use crate::trail::Trail;

/// A permit whose scope matched a question that nothing allowed, but whose conditions did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    /// The permit.
    pub policy: PolicyRef,
    /// At which targets: the provider, and its own name of the model.
    pub places: Vec<(ProviderName, String)>,
    /// The conditions that did not hold, in the policy's order; never none.
    pub unmet: Vec<Unmet>,
}

/// A condition that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    /// The condition, as Cedar writes it.
    pub condition: String,
    /// What it looked at and what stood there, as in `context.call.stream` and `false`.
    pub values: Vec<(String, String)>,
}

/// What stands for a value that is not there.
const ABSENT: &str = "absent";

impl Policies {
    /// The permits that nearly allowed what was refused: for each target the first question that
    /// is not allowed, if no policy forbids it, and of its set the permits that name this caller,
    /// action and resource but whose conditions did not all hold. Those with the fewest unmet
    /// conditions come first, each once, with the targets at which it missed in the same way.
    ///
    /// Empty where every question is allowed or forbidden, or cannot be put at all.
    #[must_use]
    pub fn near_misses(&self, asked: &Circumstances<'_>) -> Vec<NearMiss> {
        let mut found = self.misses(asked).unwrap_or_default();
        found.sort_by(|one, other| {
            (one.unmet.len(), &one.policy.id).cmp(&(other.unmet.len(), &other.policy.id))
        });
        found
    }

    fn misses(&self, asked: &Circumstances<'_>) -> Result<Vec<NearMiss>, Unevaluable> {
        let world = Trail::default().world(asked, &self.parts)?;
        let telling = Telling::new(asked);
        let mut found: Vec<NearMiss> = Vec::new();
        for target in asked.targets {
            let place = Place::new(&telling, target);
            let here = (target.provider.clone(), target.upstream_model.clone());
            for (policy, unmet) in self.misses_at(&place, &telling, &world)? {
                let same = |one: &&mut NearMiss| one.policy.id == policy.id && one.unmet == unmet;
                match found.iter_mut().find(same) {
                    Some(known) => known.places.push(here.clone()),
                    None => found.push(NearMiss { policy, places: vec![here.clone()], unmet }),
                }
            }
        }
        Ok(found)
    }

    /// Those of the first question about `place` that is not allowed.
    fn misses_at(
        &self,
        place: &Place<'_>,
        telling: &Telling<'_>,
        world: &World,
    ) -> Result<Vec<(PolicyRef, Vec<Unmet>)>, Unevaluable> {
        let now = telling.asked.call.now;
        let entities = world.entities()?;
        for matter in matter::all(telling.asked.ask, place.target) {
            let query = Query::about(matter, telling, place, world);
            let request = query.request(&self.shapes)?;
            match self.evaluate(&query, &request, world, now)? {
                Answer::Permit(_) => {}
                Answer::Forbid(_) | Answer::Error(_) => return Ok(Vec::new()),
                Answer::Nothing => {
                    let permits = self.permits_about(&query, world).into_iter();
                    let missed = permits.filter_map(|permit| {
                        let mut unmet = unmet(permit, &request, entities)?;
                        let listing = self.listings.get(&permit.id().to_string())?;
                        if let Some(expires) = listing.expires.filter(|expires| *expires <= now) {
                            let values = vec![("@expires".to_owned(), expires.to_string())];
                            let condition = "the permit counts until @expires".to_owned();
                            unmet.push(Unmet { condition, values });
                        }
                        (!unmet.is_empty()).then(|| (listing.policy.clone(), unmet))
                    });
                    return Ok(missed.collect());
                }
            }
        }
        Ok(Vec::new())
    }
}

/// The conditions of `policy` that do not hold; `None` where its scope does not match.
fn unmet(policy: &Policy, request: &Request, entities: &Entities) -> Option<Vec<Unmet>> {
    let holds = |one: Policy| -> bool {
        let mut alone = PolicySet::new();
        alone.add(one).is_ok()
            && Authorizer::new()
                .is_authorized(request, &alone, entities)
                .diagnostics()
                .reason()
                .next()
                .is_some()
    };
    if !holds(with_conditions(policy, Vec::new()).ok()?) {
        return None;
    }
    let conditions = conditions(policy).ok()?;
    let fails = |one: &&Clause| !with_conditions(policy, vec![(*one).clone()]).is_ok_and(holds);
    let said = |one: &Clause| Unmet {
        condition: one.to_string(),
        values: values(expression(one), request, entities),
    };
    Some(conditions.iter().filter(fails).map(said).collect())
}

/// What `condition` looks at, each once in its order, and what stands there.
fn values(condition: &Expr, request: &Request, entities: &Entities) -> Vec<(String, String)> {
    let looked = |one: &Expr| path(one).map(|path| vec![path]);
    let both = |left: Vec<String>, right: Vec<String>| [left, right].concat();
    let mut values: Vec<(String, String)> = Vec::new();
    for path in condition.reduce(&looked, &both, Vec::new()) {
        if !values.iter().any(|(known, _)| *known == path) {
            let value = Expression::from_str(&path)
                .ok()
                .and_then(|expression| eval_expression(request, entities, &expression).ok());
            values.push((path, value.map_or_else(|| ABSENT.to_owned(), |value| value.to_string())));
        }
    }
    values
}

/// The way to a value from one of the question's variables, as `context.call.stream`; of a test
/// whether it is there, the way to what is tested.
fn path(expression: &Expr) -> Option<String> {
    if is_path(expression) {
        return Some(expression.to_string());
    }
    let Expr::HasAttr { expr, attrs } = expression else { return None };
    let steps = std::iter::once(expr.to_string()).chain(attrs.iter().map(ToString::to_string));
    is_path(expr).then(|| steps.collect::<Vec<_>>().join("."))
}

fn is_path(expression: &Expr) -> bool {
    if let Expr::GetAttr { expr, .. } = expression {
        return is_path(expr);
    }
    matches!(expression, Expr::Var(_))
}
