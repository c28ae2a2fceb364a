//! The circumstances of a question, owned: what facts are read back into. Nothing here decides.

use model::Ask;

use crate::facts::{AgentFacts, ApprovedFacts, CallFacts, Circumstances, ModelFacts, TargetFacts};

/// Everything a verdict depends on, owned: [`Circumstances`] with a life of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Who asks.
    pub agent: AgentFacts,
    /// The approved context it is made in, where it is made in one.
    pub approved: Option<ApprovedFacts>,
    /// What it asks.
    pub ask: Ask,
    /// The call.
    pub call: CallFacts,
    /// What is asked for.
    pub model: ModelFacts,
    /// Where it is served, the preferred place first.
    pub targets: Vec<TargetFacts>,
}

impl Asked {
    /// The same, to put a question about.
    #[must_use]
    pub fn borrow(&self) -> Circumstances<'_> {
        let Self { agent, approved, ask, call, model, targets } = self;
        Circumstances { agent, call, approved: approved.as_ref(), ask, model, targets }
    }
}

impl From<&Circumstances<'_>> for Asked {
    fn from(asked: &Circumstances<'_>) -> Self {
        let Circumstances { agent, call, approved, ask, model, targets } = *asked;
        Self {
            agent: agent.clone(),
            approved: approved.cloned(),
            ask: ask.clone(),
            call: *call,
            model: model.clone(),
            targets: targets.to_vec(),
        }
    }
}
