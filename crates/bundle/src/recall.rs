//! A recorded call, as it would stand under this charter: what policy would be asked, and what would
//! refuse it beside policy. It decides nothing.
//!
//! From the record come the ask, the call (its time, proof, token's age, what the agent did
//! lately), the name of the context and which secrets and stored objects were out of reach. Everything
//! the charter declares comes from this charter: the agent, the model, its targets, the context.

use model::{ContextName, RefusalCode, WithheldRecord};
use policy::{ApprovedFacts, Asked, RecordedFacts, TargetFacts};

use crate::Bundle;
use crate::compiled::{Agent, Model, Target};
use crate::context::Context;

/// What becomes of a recorded call under another charter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recalled {
    /// It is refused, and policy is not asked.
    Refused(RefusalCode),
    /// Policy is asked this.
    Asked {
        /// The circumstances.
        asked: Box<Asked>,
        /// What refuses the call where policy does not.
        beside: Option<RefusalCode>,
    },
}

impl Bundle {
    /// The call that `recorded` is about, under this charter. `bound` is the context that its token was
    /// bound to.
    #[must_use]
    pub fn recall(&self, recorded: &RecordedFacts, bound: Option<&ContextName>) -> Recalled {
        let was = &recorded.asked;
        let Some(agent) = self.agent(&was.agent.name) else {
            return Recalled::Refused(RefusalCode::AgentUnknown);
        };
        if !agent.active {
            return Recalled::Refused(RefusalCode::AgentSuspended);
        }
        let Some(model) = self.model(&was.model.name) else {
            return Recalled::Refused(RefusalCode::ModelUnknown);
        };
        let recalling = Recalling { bundle: self, agent, model, recorded };
        let (approved, unapproved) = match recalling.approved(bound) {
            Ok(context) => (context.map(Context::facts), None),
            Err(code) => (None, Some(code)),
        };
        let (targets, unfit) = recalling.targets(approved.as_ref());
        let asked = Asked {
            agent: agent.facts.clone(),
            approved,
            ask: was.ask.clone(),
            call: was.call,
            model: model.facts.clone(),
            targets,
        };
        Recalled::Asked { asked: Box::new(asked), beside: unapproved.or(unfit) }
    }
}

struct Recalling<'b> {
    bundle: &'b Bundle,
    agent: &'b Agent,
    model: &'b Model,
    recorded: &'b RecordedFacts,
}

impl<'b> Recalling<'b> {
    /// The context of the call: the token's own, the recorded one, else the agent's only one.
    fn approved(&self, bound: Option<&ContextName>) -> Result<Option<&'b Context>, RefusalCode> {
        if let Some(bound) = bound {
            return self.fitting(bound).map(Some).ok_or(RefusalCode::ContextBound);
        }
        let was = self.recorded.asked.approved.as_ref();
        if let Some(context) = was.and_then(|was| self.fitting(&was.name)) {
            return Ok(Some(context));
        }
        let required = self.agent.context_required || self.model.context_required;
        match self.agent.contexts.as_slice() {
            [only] => match self.fitting(only) {
                None if required => Err(RefusalCode::ContextUnfit),
                found => Ok(found),
            },
            _ if required => Err(RefusalCode::ContextRequired),
            _ => Ok(None),
        }
    }

    /// The agent's context of this name, if the call is what it is approved for.
    fn fitting(&self, name: &ContextName) -> Option<&'b Context> {
        let context = self.bundle.context(name).filter(|_| self.agent.contexts.contains(name))?;
        let Asked { ask, call, .. } = &self.recorded.asked;
        let environments = &context.environments;
        let fits = context.admits(call.now)
            && (environments.is_empty() || environments.contains(&self.agent.facts.environment))
            && context.covers_model(&self.model.facts.name)
            && ask.beyond.tools.iter().all(|tool| context.covers_tool(tool.kind));
        fits.then_some(context)
    }

    /// The targets that policy is asked about, and where none is left, why: then it is asked about
    /// all of them, so that whoever may not use the model learns no more than that.
    fn targets(&self, approved: Option<&ApprovedFacts>) -> (Vec<TargetFacts>, Option<RefusalCode>) {
        let context = approved.map(|facts| &facts.name);
        let mut left = Vec::new();
        let mut nearest = None;
        for target in &self.model.targets {
            match self.unfit(target, context) {
                None => left.push(target.facts.clone()),
                Some(unfit) => nearest = nearest.max(Some(unfit)),
            }
        }
        if left.is_empty() {
            let all = self.model.targets.iter().map(|target| target.facts.clone());
            return (all.collect(), nearest.map(Unfit::code));
        }
        (left, None)
    }

    fn unfit(&self, target: &Target, context: Option<&ContextName>) -> Option<Unfit> {
        if !target.facts.kind.speaks(self.recorded.asked.ask.dialect) {
            return Some(Unfit::Dialect);
        }
        if !target.when.admits(&self.agent.facts, context) {
            return Some(Unfit::Condition);
        }
        let same = |was: &&WithheldRecord| is_at(was, &target.facts);
        let was = self.recorded.withheld.iter().find(same)?;
        match was.code.parse() {
            Ok(RefusalCode::StoredObjectRefused) => Some(Unfit::NotThisAgents),
            Ok(RefusalCode::SecretMissing) if is_of(was, &target.facts) => {
                Some(Unfit::SecretMissing)
            }
            Ok(RefusalCode::SecretExpired) if is_of(was, &target.facts) => {
                Some(Unfit::SecretExpired)
            }
            // Another dialect or condition than now, of which the charter says how it is.
            Ok(_) | Err(()) => None,
        }
    }
}

fn is_at(was: &WithheldRecord, target: &TargetFacts) -> bool {
    was.provider == target.provider && was.upstream_model == target.upstream_model
}

/// Whether it was withheld for the secret that the target needs here too.
fn is_of(was: &WithheldRecord, target: &TargetFacts) -> bool {
    was.secret.as_ref() == target.secret.as_ref().map(|secret| &secret.name)
}

/// Why a target is out of the question, the nearer to serving the later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Unfit {
    Dialect,
    Condition,
    NotThisAgents,
    SecretMissing,
    SecretExpired,
}

impl Unfit {
    const fn code(self) -> RefusalCode {
        match self {
            Self::Dialect => RefusalCode::DialectMismatch,
            Self::Condition => RefusalCode::NoTarget,
            Self::NotThisAgents => RefusalCode::StoredObjectRefused,
            Self::SecretMissing => RefusalCode::SecretMissing,
            Self::SecretExpired => RefusalCode::SecretExpired,
        }
    }
}
