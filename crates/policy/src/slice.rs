//! The entities a question may look at: the agent, its team, the model, every target's provider,
//! the provider's tools that the request declares, and its secret. It is complete for level-1
//! policies, so that no policy meets a missing entity.

use std::sync::Arc;

use cedar_policy::Entities;

use crate::evaluate::Unevaluable;
use crate::facts::Circumstances;
use crate::json::Json;
use crate::part::Part;
use crate::parts::{self, Caller, Parts};

/// The entities of one request, sorted by type and id, each once.
#[derive(Debug)]
pub(crate) struct Slice {
    caller: Arc<Caller>,
    /// Those beside the caller's.
    others: Vec<Arc<Part>>,
}

impl Slice {
    /// The slice for `circumstances`; an error where two targets describe the same provider or
    /// secret differently.
    pub(crate) fn of(
        circumstances: &Circumstances<'_>,
        parts: &Parts,
    ) -> Result<Self, Unevaluable> {
        let Circumstances { agent, ask, model, targets, .. } = circumstances;
        let caller = parts.caller(agent)?;
        let mut others = Vec::with_capacity(1 + targets.len().saturating_mul(2));
        others.push(parts.model(model)?);
        for target in *targets {
            others.push(parts.provider(target)?);
            for tool in &ask.beyond.tools {
                others.push(Arc::new(parts::provider_tool(target, tool.kind)?));
            }
            if let Some(secret) = &target.secret {
                others.push(parts.secret(secret)?);
            }
        }
        others.sort_by(by_name);
        others.dedup_by(|one, other| Arc::ptr_eq(one, other) || one == other);
        let twice = others.windows(2).find(|pair| match pair {
            [one, other] => one.name == other.name,
            _ => false,
        });
        match twice.and_then(<[_]>::first) {
            Some(part) => Err(Unevaluable(format!("{} is described in two ways", part.name.uid))),
            None => Ok(Self { caller, others }),
        }
    }

    /// As Cedar evaluates it, the actions included.
    pub(crate) fn entities(&self) -> Result<Entities, Unevaluable> {
        let others = self.others.iter().map(|part| part.entity.clone());
        let entities = self.caller.entities.clone().add_entities(others, None);
        entities.map_err(|error| Unevaluable(error.to_string()))
    }

    /// Who asks.
    pub(crate) const fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }

    /// As the facts record it: an array's elements, in the order of type and id. The actions are
    /// the schema's, which the facts name by digest.
    pub(crate) fn write(&self, out: &mut Json) {
        let mut all: Vec<&Arc<Part>> = vec![&self.caller.agent, &self.caller.team];
        all.extend(&self.others);
        all.sort_by(|one, other| by_name(one, other));
        for (position, part) in all.into_iter().enumerate() {
            out.raw(if position > 0 { "," } else { "" });
            out.append(&part.json);
        }
    }
}

fn by_name(one: &Arc<Part>, other: &Arc<Part>) -> std::cmp::Ordering {
    one.name.uid.cmp(&other.name.uid)
}
