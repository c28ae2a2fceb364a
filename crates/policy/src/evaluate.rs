//! What a set answers to a question, and the world it is asked in. Never a verdict on a request.

use std::sync::{Arc, OnceLock};

use cedar_policy::Entities;

use crate::json::Json;
use crate::parts::Caller;
use crate::slice::Slice;

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
    slice: Slice,
    described: Json,
    /// For Cedar, made when something is evaluated.
    entities: OnceLock<Entities>,
}

impl World {
    /// The world in which there is what `slice` holds.
    pub(crate) fn new(slice: Slice) -> Self {
        let mut described = Json::default();
        slice.write(&mut described);
        Self { slice, described, entities: OnceLock::new() }
    }

    /// The agent and its ancestors.
    pub(crate) const fn caller(&self) -> &Arc<Caller> {
        self.slice.caller()
    }

    /// The entities as the facts record them: an array's elements.
    pub(crate) const fn described(&self) -> &Json {
        &self.described
    }

    /// The entities as Cedar evaluates them.
    pub(crate) fn entities(&self) -> Result<&Entities, Unevaluable> {
        if let Some(known) = self.entities.get() {
            return Ok(known);
        }
        let made = self.slice.entities()?;
        Ok(self.entities.get_or_init(|| made))
    }
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
