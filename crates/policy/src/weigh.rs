//! Every target and everything it needs is asked about; the answers become one verdict.

use model::{Ask, Beyond, PolicyRef, Refusal, Timestamp, WithheldRecord};

use crate::decide::model_unknown;
use crate::evaluate::{Answer, Unevaluable, World};
use crate::facts::{Circumstances, TargetFacts};
use crate::matter::{self, Matter};
use crate::permit::{Target, Targets};
use crate::policies::Policies;
use crate::query::{Place, Query, Telling};
use crate::refuse::{self, Why};
use crate::trail::Trail;

/// What it comes to: where the call may go, and where it may not.
#[derive(Debug)]
pub(crate) struct Weighed {
    /// The permitted targets in order, or the refusal where there is none.
    pub(crate) verdict: Result<Targets, Refusal>,
    /// The others, in order; none where the request is refused wherever it would go.
    pub(crate) withheld: Vec<WithheldRecord>,
}

/// How far a no reaches.
enum No {
    /// This target is refused; another may be permitted.
    Here(Refusal),
    /// The request is refused, whatever other targets say.
    Final(Refusal),
    /// The model does not exist for this caller.
    Unreachable,
    /// The question could not be put, so the request is refused.
    Unevaluable(Unevaluable),
}

impl From<Unevaluable> for No {
    fn from(cause: Unevaluable) -> Self {
        Self::Unevaluable(cause)
    }
}

impl Policies {
    /// Weighs what is asked and notes every question in `trail`.
    pub(crate) fn weigh(
        &self,
        asked: &Circumstances<'_>,
        policy_seat: &str,
        trail: &mut Trail,
    ) -> Weighed {
        let mut withheld = Vec::new();
        let verdict = self.verdict(asked, policy_seat, (trail, &mut withheld));
        Weighed { verdict, withheld }
    }

    fn verdict(
        &self,
        asked: &Circumstances<'_>,
        policy_seat: &str,
        (trail, withheld): (&mut Trail, &mut Vec<WithheldRecord>),
    ) -> Result<Targets, Refusal> {
        let world = trail.world(asked, &self.parts).map_err(|cause| trail.void(cause, asked))?;
        let telling = &Telling::new(asked);
        let mut permitted = Vec::with_capacity(asked.targets.len());
        let mut refused = Vec::new();
        for target in asked.targets {
            let place = Place::new(telling, target);
            let weighing = Weighing { policies: self, telling, place: &place, world: &world };
            match weighing.run(trail) {
                Ok(target) => permitted.push(target),
                Err(No::Here(refusal)) => refused.push((target, refusal)),
                Err(No::Final(refusal)) => return Err(refusal),
                Err(No::Unreachable) => return Err(model_unknown(policy_seat)),
                Err(No::Unevaluable(cause)) => return Err(trail.void(cause, asked)),
            }
        }
        withheld.extend(refused.iter().map(record));
        Targets::new(permitted).ok_or_else(|| {
            refused.into_iter().next().map_or_else(
                || model_unknown(policy_seat),
                |(_, first)| refuse::first_of(first, asked.targets.len()),
            )
        })
    }
}

/// One target and the circumstances in which it is weighed.
#[derive(Clone, Copy)]
struct Weighing<'w> {
    policies: &'w Policies,
    telling: &'w Telling<'w>,
    place: &'w Place<'w>,
    world: &'w World,
}

/// A question that was put, and what was answered.
struct Put {
    query: Query,
    answer: Answer,
}

impl Weighing<'_> {
    fn run(self, trail: &mut Trail) -> Result<Target, No> {
        let mut policies: Vec<PolicyRef> = Vec::new();
        let target = self.place.target;
        for matter in matter::all(self.telling.asked.ask, target) {
            let put = self.put(matter, trail)?;
            match &put.answer {
                Answer::Permit(ids) => {
                    let known = |one: &PolicyRef| policies.iter().any(|other| other.id == one.id);
                    let mut more = self.policies.cite(ids);
                    more.retain(|one| !known(one));
                    policies.append(&mut more);
                }
                Answer::Forbid(_) | Answer::Nothing | Answer::Error(_) => {
                    return Err(self.no(matter, &put, trail)?);
                }
            }
        }
        Ok(Target {
            provider: target.provider.clone(),
            upstream_model: target.upstream_model.clone(),
            secret: target.secret.clone(),
            claims: target.claims.clone(),
            policies,
        })
    }

    /// Asks about `matter`.
    fn put(self, matter: Matter<'_>, trail: &mut Trail) -> Result<Put, Unevaluable> {
        let query = Query::about(matter, self.telling, self.place, self.world);
        let answer = self.policies.answer(&query, self.world, self.now())?;
        trail.note(&query, &answer);
        Ok(Put { query, answer })
    }

    /// What it comes to that the answer is not a permit.
    fn no(self, matter: Matter<'_>, put: &Put, trail: &mut Trail) -> Result<No, Unevaluable> {
        let Put { query, answer } = put;
        let asked = self.telling.asked;
        if matches!(matter, Matter::Model) {
            let request = &query.request(&self.policies.shapes)?;
            if !self.policies.could_reach(query, request, self.world, self.now())? {
                return Ok(No::Unreachable);
            }
        }
        let policies = self.policies.cite(answer.policies());
        if let Answer::Error(ids) = answer {
            return Ok(No::Final(refuse::unevaluable(ids, policies, &asked.model.owner)));
        }
        let refusal = if matches!(matter, Matter::Model) && self.only_because_it_stores(trail)? {
            refuse::stored(policies, &asked.model.owner)
        } else {
            let forbidden = matches!(answer, Answer::Forbid(_));
            let why = if forbidden { Why::Forbidden } else { Why::NotAllowed };
            refuse::here(matter, why, policies, asked, self.place.target)
        };
        Ok(No::Here(refusal))
    }

    /// Whether the model would be allowed if only the provider kept nothing: then the caller can
    /// help itself.
    fn only_because_it_stores(self, trail: &mut Trail) -> Result<bool, Unevaluable> {
        let asked = self.telling.asked;
        let Ask { beyond, .. } = asked.ask;
        if beyond.stores.is_none() {
            return Ok(false);
        }
        let beyond = Beyond { stores: None, ..beyond.clone() };
        let ask = &Ask { beyond, ..asked.ask.clone() };
        let asked = &Circumstances { ask, ..*asked };
        let telling = &Telling::new(asked);
        let put = Weighing { telling, ..self }.put(Matter::Model, trail)?;
        Ok(matches!(put.answer, Answer::Permit(_)))
    }

    const fn now(&self) -> Timestamp {
        self.telling.asked.call.now
    }
}

fn record((target, refusal): &(&TargetFacts, Refusal)) -> WithheldRecord {
    WithheldRecord {
        provider: target.provider.clone(),
        upstream_model: target.upstream_model.clone(),
        code: refusal.code.as_str().to_owned(),
        policies: refusal.policies.clone(),
        detail: Some(refusal.detail.clone()),
        secret: refusal.secret.clone(),
    }
}
