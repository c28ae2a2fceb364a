//! What a name may have been meant to be, among those that the charter in force declares. It reads
//! only what the home says, and is asked only when something failed.

use model::{AgentName, ContextName};

use crate::begun::Begun;
use crate::exit::Failure;
use crate::home::Home;
use crate::suggest;

/// A name that a command was given.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Given<'n> {
    Agent(&'n str),
    Model(&'n str),
    Provider(&'n str),
    Secret(&'n str),
    /// A context of this agent's.
    Context(&'n AgentName, &'n ContextName),
}

/// The declared name that is nearest, where the given one is not declared itself.
pub(crate) fn meant(home: &Home, given: Given<'_>) -> Option<String> {
    let begun = Begun::read(home).ok()??;
    let bundle = begun.bundle(&begun.current().ok()?.charter).ok()?;
    let (name, names): (&str, Vec<&str>) = match given {
        Given::Agent(name) => {
            (name, bundle.agents().map(|agent| agent.facts.name.as_str()).collect())
        }
        Given::Model(name) => {
            (name, bundle.models().map(|model| model.facts.name.as_str()).collect())
        }
        Given::Provider(name) => {
            (name, bundle.providers().map(|provider| provider.name.as_str()).collect())
        }
        Given::Secret(name) => {
            (name, bundle.secrets().map(|secret| secret.name.as_str()).collect())
        }
        Given::Context(agent, name) => {
            let contexts = bundle.agent(agent).map(|agent| agent.contexts.as_slice());
            let names = contexts.unwrap_or_default().iter().map(ContextName::as_str);
            (name.as_str(), names.collect())
        }
    };
    if names.contains(&name) {
        return None;
    }
    suggest::nearest(name, names).map(str::to_owned)
}

/// The error, which says too what the first of `given` that is not declared may have been meant to
/// be. What refused stays what it is.
pub(crate) fn asked_about(home: &Home, error: anyhow::Error, given: &[Given<'_>]) -> anyhow::Error {
    match error.downcast::<Failure>() {
        Ok(failure) => match given.iter().find_map(|given| meant(home, *given)) {
            Some(meant) => failure.meaning(&meant).into(),
            None => failure.into(),
        },
        Err(error) => error,
    }
}
