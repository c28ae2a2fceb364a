//! The verdict on a request: a permit or a refusal, with the facts it rests on.
//!
//! A verdict never depends on anything but the policies and the circumstances, and any
//! evaluation that goes wrong refuses the whole request.

use model::{Ask, Case, Dialect, Operation, Refusal, RefusalCode, Refused, WithheldRecord};

use crate::again::DecidedAgain;
use crate::evaluate::Unevaluable;
use crate::facts::{AgentFacts, ApprovedFacts, CallFacts, Circumstances, ModelFacts, TargetFacts};
use crate::permit::{Permit, Targets};
use crate::policies::Policies;
use crate::trail::Trail;
use crate::weigh::Weighed;

/// May this agent use this model, as it asks now?
#[derive(Debug)]
pub struct Question<'a> {
    /// The case that the verdict answers; it travels with the verdict. Its subject must be the
    /// agent, its ask must name the model and its context must be the approved one, or what is
    /// recorded would not be what was decided.
    pub case: Case,
    /// Who asks.
    pub agent: &'a AgentFacts,
    /// The call.
    pub call: CallFacts,
    /// The approved context it is made in, where it is made in one.
    pub approved: Option<&'a ApprovedFacts>,
    /// What is asked for.
    pub model: &'a ModelFacts,
    /// Where it is served, the preferred place first.
    pub targets: &'a [TargetFacts],
    /// Where it is served too, but policy need not be asked, and why not: no policy refused there.
    pub withheld: Vec<WithheldRecord>,
}

/// The refusal of a model that does not exist: the same, to the letter, as for one that the
/// caller could never be permitted. `policy_seat` is the charter's secondary seat for policy.
#[must_use]
pub fn model_unknown(policy_seat: &str) -> Refusal {
    let detail = "The list of models holds those that are.";
    Refusal::new(RefusalCode::ModelUnknown, detail).asking(policy_seat)
}

impl Policies {
    /// Decides the question: a permit for the targets that are allowed, in their order, or the
    /// refusal of the first target.
    ///
    /// # Errors
    /// A refusal with its case and the facts it rests on: `model_unknown` where no permit could
    /// ever match this caller and model, `policy_error` where a policy that counts could not be
    /// evaluated. Otherwise `provider_tool_refused`, `remote_mcp_refused`, `storage_refused` or
    /// `unrecognised_refused` where the model is allowed but not what goes beyond it, and
    /// `policy_forbids` or `policy_no_permit` where the model or its secret is not.
    #[expect(clippy::result_large_err, reason = "a refusal carries its case, as a permit does")]
    pub fn decide(&self, question: Question<'_>) -> Result<Permit, Refused> {
        let Question { case, agent, call, approved, model, targets, withheld } = question;
        let nothing = Ask::bare(Operation::ListModels, Dialect::OpenAi);
        let ask = case.ask.clone().unwrap_or(nothing);
        let asked = Circumstances { agent, call: &call, approved, ask: &ask, model, targets };
        let [policy_seat, ..] = &case.charter.secondary;
        let weighed = match same_matter(&case, &asked) {
            Ok(()) => self.weighed(&asked, policy_seat, withheld),
            Err(unevaluable) => {
                let mut trail = Trail::default();
                let verdict = Err(trail.void(unevaluable, &asked));
                (Weighed { verdict, withheld: Vec::new() }).with_facts(trail, &asked, withheld)
            }
        };
        let DecidedAgain { verdict, withheld, facts } = weighed;
        match verdict {
            Ok(targets) => Ok(Permit::new(case, targets, facts).withholding(withheld)),
            Err(refusal) => Err(Refused { case, refusal, withheld, facts }),
        }
    }

    /// The verdict alone: for policy tests and what-if questions, which have no case and must
    /// not end in a permit. `policy_seat` as in [`model_unknown`].
    ///
    /// # Errors
    /// As for [`Policies::decide`].
    pub fn judge(&self, asked: &Circumstances<'_>, policy_seat: &str) -> Result<Targets, Refusal> {
        self.weigh(asked, policy_seat, &mut Trail::default()).verdict
    }

    /// Whether [`Policies::decide`] would permit at least one target for some operation's plain
    /// ask, one that goes in nothing beyond the model: what a list of models shows this caller.
    /// What `asked` asks has no part in it.
    #[must_use]
    pub fn may_list(&self, asked: &Circumstances<'_>) -> bool {
        let operations = Operation::ALL.iter().filter(|one| **one != Operation::ListModels);
        for operation in operations {
            let ask = &Ask::bare(*operation, Dialect::OpenAi);
            match self.judge(&Circumstances { ask, ..*asked }, "") {
                Ok(_) => return true,
                // No ask changes that.
                Err(refusal) if refusal.code == RefusalCode::ModelUnknown => return false,
                Err(_) => {}
            }
        }
        false
    }
}

/// Whether the case is about what is asked: a permit never answers an unproved caller, nor
/// another agent, model or approved context than the one recorded.
fn same_matter(case: &Case, asked: &Circumstances<'_>) -> Result<(), Unevaluable> {
    let agent = case.subject.as_ref().map(|subject| &subject.agent);
    let model = case.ask.as_ref().and_then(|ask| ask.model.as_ref());
    if agent != Some(&asked.agent.name) || model != Some(&asked.model.name) {
        let what = "the case is about another agent or model than the question";
        return Err(Unevaluable(what.to_owned()));
    }
    if case.context.as_ref() != asked.approved.map(|approved| &approved.name) {
        let what = "the case is in another approved context than the question";
        return Err(Unevaluable(what.to_owned()));
    }
    Ok(())
}
