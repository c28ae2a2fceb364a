//! The questions a request is decided by, in their order: which context, which targets, what
//! policy says, what budgets leave.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use http::HeaderMap;
use model::{
    Ask, Case, ModelName, Operation, Recordable as _, Refusal, RefusalCode, Refused, Timestamp,
    WithheldRecord,
};
use policy::{ApprovedFacts, CallFacts, Circumstances, Permit, Question, TargetFacts};
use quota::Went;

use super::{Admission, Admitting, Call, Denied, Sending, Wanted, refuse};
use crate::approved::{Asker, Called, Choice};
use crate::budget::{Asking, Told};
use crate::eligible::{Eligible, Measure};
use crate::listing::Listed;
use crate::live::{Model, Target};

impl Admitting<'_> {
    /// The models this caller may use, of which `wanted` is a page.
    pub(super) fn list(&self, mut case: Case, wanted: Wanted) -> Result<Admission, Denied> {
        let Wanted { dialect, query, headers } = wanted;
        case.ask = Some(Ask::bare(Operation::ListModels, dialect));
        let page = self.models(&case, &headers).and_then(|(approved, models)| {
            case.context = approved.map(|facts| facts.name);
            Listed::page(dialect, &models, &query)
        });
        match page {
            Ok(page) => Ok(Admission::Listing(Box::new(Listed::new(case, page)))),
            Err(refusal) => Err(refuse(case, refusal)),
        }
    }

    /// The context a list is made in, and the models of which a plain call would be permitted,
    /// each in the context it would be made in.
    fn models(
        &self,
        case: &Case,
        headers: &HeaderMap,
    ) -> Result<(Option<ApprovedFacts>, Vec<ModelName>), Refusal> {
        let choice = Choice::read(self.asker(case), headers)?;
        let approved = choice.of(Called::NOTHING)?;
        let models = self.live.models().filter(|model| {
            let own = choice.of(Called::model(&model.facts.name));
            own.is_ok_and(|own| self.may_list(case, model, own.as_ref()))
        });
        Ok((approved, models.map(|model| model.facts.name.clone()).collect()))
    }

    /// Whether policy would permit a plain call of `model` at one of the targets that are declared
    /// for this agent in this context.
    fn may_list(&self, case: &Case, model: &Model, approved: Option<&ApprovedFacts>) -> bool {
        let context = approved.map(|facts| &facts.name);
        let admits = |target: &&Target| target.when.admits(&self.agent.facts, context);
        let admitted = model.targets.iter().filter(admits);
        if admitted.clone().count() == model.targets.len() {
            return self.may_call(case, (model, &model.facts_of_targets), approved);
        }
        let targets: Vec<TargetFacts> = admitted.map(|target| target.facts.clone()).collect();
        !targets.is_empty() && self.may_call(case, (model, &targets), approved)
    }

    /// Whether policy would permit a plain call of `model` at one of `targets`.
    fn may_call(
        &self,
        case: &Case,
        (model, targets): (&Model, &[TargetFacts]),
        approved: Option<&ApprovedFacts>,
    ) -> bool {
        let Some(ask) = &case.ask else { return false };
        self.live.policies().may_list(&Circumstances {
            agent: &self.agent.facts,
            call: &self.call_facts(case.received),
            approved,
            ask,
            model: &model.facts,
            targets,
        })
    }

    /// Puts the question to policy, for the ask and each target with its secret, then holds what
    /// the call may use.
    pub(super) fn decide(&self, mut case: Case, sending: Sending) -> Result<Admission, Denied> {
        let name = case.ask.as_ref().and_then(|ask| ask.model.as_ref());
        let Some(model) = name.and_then(|name| self.live.model(name)) else {
            self.spend_as_if_it_were_there(&case, &sending);
            return Err(refuse(case, self.model_unknown()));
        };
        case.target_owner = Some(model.facts.owner.clone());
        let (approved, unapproved) = match self.context(&case, &sending) {
            Ok(approved) => (approved, None),
            Err(refusal) => (None, Some(refusal)),
        };
        case.context = approved.as_ref().map(|facts| facts.name.clone());
        let permit = self.permit(case, (model, approved.as_ref()), &sending, unapproved)?;
        let asking = Asking { live: self.live, model, reading: &sending.reading, permit: &permit };
        match asking.hold(&self.gate.counters) {
            Ok(held) => {
                let permit = permit.holding(held.records());
                Ok(Admission::Call(Box::new(Call { permit, sending, held })))
            }
            Err((refusal, told)) => Err(instead(&permit, refusal, Vec::new(), told)),
        }
    }

    /// Policy's yes. What stands in the way beside policy is told only to those whom policy lets
    /// know of the model.
    fn permit(
        &self,
        case: Case,
        (model, approved): (&Model, Option<&ApprovedFacts>),
        sending: &Sending,
        unapproved: Option<Refusal>,
    ) -> Result<Permit, Denied> {
        let Eligible { targets, withheld, refusal } =
            Eligible::of(model, case.id, self.measure(&case, approved, sending.reading.ask()));
        // Where nothing is eligible, policy is asked about all targets all the same.
        let targets = if targets.is_empty() { &model.facts_of_targets } else { &targets };
        let (agent, call) = (&self.agent.facts, self.call_facts(case.received));
        let unfit = if refusal.is_some() { withheld.clone() } else { Vec::new() };
        let question =
            Question { case, agent, call, approved, model: &model.facts, targets, withheld };
        let decided = self.live.policies().decide(question);
        match (decided, unapproved, refusal) {
            (Ok(permit), None, None) => Ok(permit),
            (Ok(permit), Some(refusal), _) | (Ok(permit), None, Some(refusal)) => {
                Err(instead(&permit, refusal, unfit, Told::default()))
            }
            // A policy that asks for a context refuses for want of one: say which would do.
            (Err(refused), Some(refusal), _)
                if refused.refusal.code != RefusalCode::ModelUnknown =>
            {
                let refused = Refused { refusal, ..refused };
                Err(Denied::Refused(Box::new(refused), Told::default()))
            }
            (Err(refused), _, _) => Err(Denied::Refused(Box::new(refused), Told::default())),
        }
    }

    /// Who asks, as contexts are chosen for it.
    fn asker<'a>(&'a self, case: &'a Case) -> Asker<'a> {
        Asker {
            bundle: self.live.bundle(),
            agent: self.agent,
            bound: case.subject.as_ref().and_then(|subject| subject.context.as_ref()),
            now: case.received,
        }
    }

    /// The approved context the call is made in.
    fn context(&self, case: &Case, sending: &Sending) -> Result<Option<ApprovedFacts>, Refusal> {
        let choice = Choice::read(self.asker(case), &sending.headers)?;
        choice.of(Called::by(sending.reading.ask()))
    }

    /// What the targets of a model are measured by.
    fn measure<'m>(
        &'m self,
        case: &Case,
        approved: Option<&'m ApprovedFacts>,
        ask: &'m Ask,
    ) -> Measure<'m> {
        Measure {
            agent: &self.agent.facts,
            context: approved.map(|facts| &facts.name),
            ask,
            now: case.received,
            secrets: &self.gate.secrets,
            stored: &self.gate.stored,
        }
    }

    /// Evaluates policy for some other model, so that a name nobody declared takes about as long
    /// to refuse as one that this caller could never use.
    fn spend_as_if_it_were_there(&self, case: &Case, sending: &Sending) {
        if let Some(other) = self.live.models().next() {
            // The answer is of no account; only the time it takes is.
            let approved = self.context(case, sending).ok().flatten();
            let _ = self.may_call(case, (other, &other.facts_of_targets), approved.as_ref());
        }
    }

    /// The call as policy sees it, beside what it asks.
    pub(crate) fn call_facts(&self, now: Timestamp) -> CallFacts {
        let recent = self.gate.recent.facts(&self.agent.facts.name, now);
        CallFacts {
            now,
            proof: self.proof,
            token_age_s: self.token_age_s,
            recent: policy::RecentFacts {
                requests: clamp(recent.requests),
                refusals: clamp(recent.refusals),
                targets: clamp(recent.targets),
            },
        }
    }

    /// Remembers that the agent asked, and how it went.
    pub(super) fn note(&self, case: &Case, went: Went) {
        let model = case.ask.as_ref().and_then(|ask| ask.model.as_ref());
        let target = model.map(|model| {
            let mut hasher = DefaultHasher::new();
            model.hash(&mut hasher);
            hasher.finish()
        });
        self.gate.recent.note(&self.agent.facts.name, case.received, went, target);
    }
}

/// A refusal for another reason than policy's, after policy said yes.
fn instead(permit: &Permit, refusal: Refusal, withheld: Vec<WithheldRecord>, told: Told) -> Denied {
    let (case, facts) = (permit.case().clone(), permit.facts().to_vec());
    Denied::Refused(Box::new(Refused { case, refusal, withheld, facts }), told)
}

fn clamp(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
