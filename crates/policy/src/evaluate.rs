//! What a set answers to a question, and the world it is asked in. Never a verdict on a request.

use std::sync::Arc;

use cedar_policy::Entities;

use crate::parts::Caller;

/// A question that could not be put at all: a bug of the gateway, and a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unevaluable(pub(crate) String);

/// What a set and the guardrails say to a question. Policies are named by id, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// These permits allow it, and nothing forbids it.
    Permit(Vec<String>),
    /// These policies forbid it.
    Forbid(Vec<String>),
    /// Nothing forbids it, and nothing allows it.
    Nothing,
    /// These policies could not be evaluated, so whatever the others say is void.
    Error(Vec<String>),
}

/// The world a question is asked in: the entities, and who asks.
#[derive(Debug)]
pub(crate) struct World {
    /// The slice.
    pub(crate) entities: Entities,
    /// The agent and its ancestors.
    pub(crate) caller: Arc<Caller>,
}

impl Answer {
    /// The word in the facts.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Permit(_) => "permit",
            Self::Forbid(_) => "forbid",
            Self::Nothing => "nothing",
            Self::Error(_) => "error",
        }
    }

    /// The policies that determined it.
    pub(crate) fn policies(&self) -> &[String] {
        match self {
            Self::Permit(ids) | Self::Forbid(ids) | Self::Error(ids) => ids,
            Self::Nothing => &[],
        }
    }
}
