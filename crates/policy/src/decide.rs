//! The verdict: every target and every target's secret is decided, then the answer is one.
//!
//! A verdict never depends on anything but the policies and the circumstances, and any
//! evaluation that goes wrong refuses the whole request.

use cedar_policy::Request;
use model::{Ask, Case, Dialect, Operation, Refusal, RefusalCode, Refused};

use crate::evaluate::{Answer, Query, Unevaluable, World};
use crate::facts::{AgentFacts, CallFacts, Circumstances, ModelFacts, TargetFacts};
use crate::permit::{Permit, Target, Targets};
use crate::policies::Policies;
use crate::schema;
use crate::slice::{self, Slice};
use crate::value::Json;

/// May this agent use this model, as it asks now?
#[derive(Debug)]
pub struct Question<'a> {
    /// The case that the verdict answers; it travels with the verdict. Its subject must be the
    /// agent and its ask must name the model, or what is recorded would not be what was decided.
    pub case: Case,
    /// Who asks.
    pub agent: &'a AgentFacts,
    /// The call.
    pub call: CallFacts,
    /// What is asked for.
    pub model: &'a ModelFacts,
    /// Where it is served, the preferred place first.
    pub targets: &'a [TargetFacts],
}

/// The refusal of a model that does not exist: the same, to the letter, as for one that the
/// caller could never be permitted. `policy_seat` is the charter's secondary seat for policy.
#[must_use]
pub fn model_unknown(policy_seat: &str) -> Refusal {
    let detail = "No model of that name is available to this caller.";
    Refusal::new(RefusalCode::ModelUnknown, detail).asking(policy_seat)
}

impl Policies {
    /// Decides the question: a permit for the targets that are allowed, in their order, or the
    /// refusal of the first target.
    ///
    /// # Errors
    /// A refusal with its case and the facts it rests on: `model_unknown` where no permit could
    /// ever match this caller and model, `policy_error` where a policy that counts could not be
    /// evaluated, `policy_forbids` or `policy_no_permit` otherwise.
    #[expect(clippy::result_large_err, reason = "a refusal carries its case, as a permit does")]
    pub fn decide(&self, question: Question<'_>) -> Result<Permit, Refused> {
        let Question { case, agent, call, model, targets } = question;
        let nothing = Ask::bare(Operation::ListModels, Dialect::OpenAi);
        let ask = case.ask.clone().unwrap_or(nothing);
        let asked = Circumstances { agent, call: &call, ask: &ask, model, targets };
        let [policy_seat, ..] = &case.charter.secondary;
        let mut trail = Trail::default();
        let verdict = match same_matter(&case, &asked) {
            Ok(()) => self.weigh(&asked, policy_seat, &mut trail),
            Err(unevaluable) => Err(trail.void(unevaluable, &asked)),
        };
        let facts = trail.into_facts();
        match verdict {
            Ok(targets) => Ok(Permit::new(case, targets, facts)),
            Err(refusal) => Err(Refused { case, refusal, facts }),
        }
    }

    /// The verdict alone: for policy tests and what-if questions, which have no case and must
    /// not end in a permit. `policy_seat` as in [`model_unknown`].
    ///
    /// # Errors
    /// As for [`Policies::decide`].
    pub fn judge(&self, asked: &Circumstances<'_>, policy_seat: &str) -> Result<Targets, Refusal> {
        self.weigh(asked, policy_seat, &mut Trail::default())
    }

    /// Whether [`Policies::decide`] would permit at least one target: what a list of models
    /// shows this caller.
    #[must_use]
    pub fn may_list(
        &self,
        agent: &AgentFacts,
        call: &CallFacts,
        model: &ModelFacts,
        targets: &[TargetFacts],
    ) -> bool {
        let ask = &Ask::bare(Operation::ListModels, Dialect::OpenAi);
        self.judge(&Circumstances { agent, call, ask, model, targets }, "").is_ok()
    }

    fn weigh(
        &self,
        asked: &Circumstances<'_>,
        policy_seat: &str,
        trail: &mut Trail,
    ) -> Result<Targets, Refusal> {
        let world = world(asked, trail).map_err(|cause| trail.void(cause, asked))?;
        let mut permitted = Vec::with_capacity(asked.targets.len());
        let mut first_refusal = None;
        for target in asked.targets {
            match self.weigh_target(asked, target, &world, trail) {
                Ok(target) => permitted.push(target),
                Err(No::Here(refusal)) => {
                    first_refusal.get_or_insert(refusal);
                }
                Err(No::Final(refusal)) => return Err(refusal),
                Err(No::Unreachable) => return Err(model_unknown(policy_seat)),
                Err(No::Unevaluable(cause)) => return Err(trail.void(cause, asked)),
            }
        }
        let refusal = || first_refusal.unwrap_or_else(|| model_unknown(policy_seat));
        Targets::new(permitted).ok_or_else(refusal)
    }

    /// One target: its model question, then its secret's.
    fn weigh_target(
        &self,
        asked: &Circumstances<'_>,
        target: &TargetFacts,
        world: &World,
        trail: &mut Trail,
    ) -> Result<Target, No> {
        let query = Query::invoke_model(asked, target);
        let request = query.request()?;
        let answer = self.answer(&query, &request, world, asked.call.now);
        trail.note(&query, &answer);
        let mut policies = match answer {
            Answer::Permit(ids) => self.cite(&ids),
            Answer::Forbid(_) | Answer::Nothing | Answer::Error(_) => {
                return Err(self.model_refused(&answer, &request, world, asked));
            }
        };
        if let Some(secret) = &target.secret {
            let query = Query::use_secret(asked, target, secret);
            let answer = self.answer(&query, &query.request()?, world, asked.call.now);
            trail.note(&query, &answer);
            match answer {
                Answer::Permit(ids) => policies.extend(self.cite(&ids)),
                Answer::Forbid(_) | Answer::Nothing | Answer::Error(_) => {
                    return Err(self.refused(&answer, &SECRET_WORDS, &secret.owner));
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

    fn model_refused(
        &self,
        answer: &Answer,
        request: &Request,
        world: &World,
        asked: &Circumstances<'_>,
    ) -> No {
        if self.could_reach(request, world, asked.call.now) {
            self.refused(answer, &MODEL_WORDS, &asked.model.owner)
        } else {
            No::Unreachable
        }
    }

    /// Whether some permit of the model set could match this caller and model in some context. A
    /// permit of which that cannot be evaluated might.
    fn could_reach(&self, request: &Request, world: &World, now: model::Timestamp) -> bool {
        let matches = self.reach.matches(request, world);
        matches.permits.union(&matches.errors).any(|id| self.counts(id, now))
    }

    /// The refusal that `answer` amounts to; `owner` answers for what was refused.
    fn refused(&self, answer: &Answer, words: &Words, owner: &str) -> No {
        let policies = self.cite(answer.policies());
        let ask_whom = policies.first().map_or(owner, |policy| &policy.owner).to_owned();
        let refusal = |code, detail| Refusal { code, detail, policies, ask_whom };
        match answer {
            Answer::Error(ids) => {
                let detail = format!("Could not be evaluated: {}.", ids.join(", "));
                No::Final(refusal(RefusalCode::PolicyError, detail))
            }
            Answer::Forbid(_) => {
                No::Here(refusal(RefusalCode::PolicyForbids, words.forbidden.to_owned()))
            }
            Answer::Nothing | Answer::Permit(_) => {
                No::Here(refusal(RefusalCode::PolicyNoPermit, words.not_permitted.to_owned()))
            }
        }
    }
}

/// Whether the case is about what is asked: a permit never answers an unproved caller, nor
/// another agent or model than the one recorded.
fn same_matter(case: &Case, asked: &Circumstances<'_>) -> Result<(), Unevaluable> {
    let agent = case.subject.as_ref().map(|subject| &subject.agent);
    let model = case.ask.as_ref().and_then(|ask| ask.model.as_ref());
    if agent == Some(&asked.agent.name) && model == Some(&asked.model.name) {
        return Ok(());
    }
    Err(Unevaluable("the case is about another agent or model than the question".to_owned()))
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

/// What a refusal tells the caller. The secret's words name neither the secret nor its owner.
struct Words {
    forbidden: &'static str,
    not_permitted: &'static str,
}

const MODEL_WORDS: Words = Words {
    forbidden: "This caller has access to the model, but a policy forbids this call.",
    not_permitted: "This caller has access to the model, but no policy allows this call as it is.",
};

const SECRET_WORDS: Words = Words {
    forbidden: "The model is allowed, but a policy forbids what its provider needs.",
    not_permitted: "The model is allowed, but no policy allows what its provider needs.",
};

/// What was evaluated, as it is evaluated: it becomes the facts of the verdict.
#[derive(Default)]
struct Trail {
    entities: Json,
    queries: Json,
    unevaluable: Option<String>,
}

impl Trail {
    fn note(&mut self, query: &Query, answer: &Answer) {
        if !self.queries.is_empty() {
            self.queries.raw(",");
        }
        query.write(answer, &mut self.queries);
    }

    /// The refusal of a question that could not be put. Its cause stays in the facts.
    fn void(&mut self, unevaluable: Unevaluable, asked: &Circumstances<'_>) -> Refusal {
        self.unevaluable = Some(unevaluable.0);
        let detail = "The question could not be put to the policies.";
        Refusal::new(RefusalCode::PolicyError, detail).asking(&asked.model.owner)
    }

    /// `{"cedar":…,"entities":[…],"questions":[…],"schema":…,"v":1}`, keys sorted.
    fn into_facts(self) -> Vec<u8> {
        let mut out = Json::default();
        out.raw(r#"{"cedar":"#);
        out.text(&cedar_policy::get_lang_version().to_string());
        out.raw(r#","entities":["#);
        out.append(&self.entities);
        out.raw(r#"],"questions":["#);
        out.append(&self.queries);
        out.raw(r#"],"schema":"#);
        out.text(&schema::digest().to_string());
        if let Some(cause) = &self.unevaluable {
            out.raw(r#","unevaluable":"#);
            out.text(cause);
        }
        out.raw(r#","v":1}"#);
        out.into_bytes()
    }
}

/// The entities of the question, noted in the trail.
fn world(asked: &Circumstances<'_>, trail: &mut Trail) -> Result<World, Unevaluable> {
    let slice = Slice::of(asked)?;
    slice.write(&mut trail.entities);
    let callers = [slice::agent(asked.agent), slice::team(asked.agent)];
    Ok(World { entities: slice.entities()?, callers })
}
