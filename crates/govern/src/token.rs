//! Tokens handed to people: for which agent, and bound to which of its approved contexts.
//!
//! What is not so in the charter in force is refused here; what a token may be used for is not
//! decided here, but on each request.

use approval::{Act, SignedAct};
use bundle::{Agent, Bundle, Context};
use issuer::AgentClaims;
use model::{AgentName, ContextName, Environment, Timestamp};
use serde_json::json;

use crate::governor::{Done, Effect, Governed, Governor};
use crate::refused::ActRefused;

/// How long a token handed to a person lives, in seconds.
const LIFETIME_S: u32 = 300;

/// The token that an act asks for.
pub(crate) struct Wanted {
    pub(crate) agent: AgentName,
    pub(crate) context: Option<ContextName>,
    pub(crate) now: Timestamp,
}

/// A token is not bound to a context that its agent's calls could not be made in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no token of agent `{agent}` is bound to context `{context}`: {}. {}",
    .why.as_str(),
    these(.would_do)
)]
pub struct ContextRefused {
    /// The agent.
    pub agent: AgentName,
    /// The context that was asked for.
    pub context: ContextName,
    /// Why not that one.
    pub why: NotBound,
    /// The agent's contexts that a token may be bound to.
    pub would_do: Vec<ContextName>,
}

/// Why a token is not bound to a context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotBound {
    /// The charter in force does not declare it.
    Undeclared,
    /// It is declared, and the agent is none of its agents.
    OtherAgents,
    /// Its last day has passed.
    Ended,
}

impl Governor {
    /// Records the act, then hands out a token.
    pub(crate) async fn mint(
        &self,
        governed: &mut Governed,
        signed: &SignedAct,
        act: &Act,
        wanted: Wanted,
    ) -> Result<Done, ActRefused> {
        let now = wanted.now;
        let claims = claims(&governed.bundle, wanted)?;
        let random = (self.random)().ok_or(ActRefused::NoRandomness)?;
        let token = self.issuer.mint(&claims, now, LIFETIME_S, random).map_err(ActRefused::Mint)?;
        let mut effect = json!({
            "agent": claims.agent,
            "token": token.digest(),
            "expires": token.expires(),
        });
        if let (Some(context), Some(effect)) = (&claims.context, effect.as_object_mut()) {
            effect.insert("context".to_owned(), json!(context));
        }
        let index = self.act_entry(governed, signed, act, effect).await?;
        Ok(Done { index, effect: Effect::Token(token) })
    }
}

/// What the token says, where the charter in force lets a person have it.
fn claims(bundle: &Bundle, wanted: Wanted) -> Result<AgentClaims, ActRefused> {
    let Wanted { agent: name, context, now } = wanted;
    let Some(agent) = bundle.agent(&name) else { return Err(ActRefused::AgentUndeclared(name)) };
    if !agent.active {
        return Err(ActRefused::AgentSuspended(name));
    }
    if agent.facts.environment == Environment::Prod {
        return Err(ActRefused::AgentProd(name));
    }
    let (epoch, environment) = (agent.epoch, agent.facts.environment);
    if let Some(context) = &context {
        check_context(bundle, agent, context, now)?;
    }
    Ok(AgentClaims { agent: name, epoch, environment, context })
}

/// A context that is merely closed at this hour will do: the token may be used when it opens.
fn check_context(
    bundle: &Bundle,
    agent: &Agent,
    name: &ContextName,
    now: Timestamp,
) -> Result<(), ContextRefused> {
    let has_ended = |context: &Context| context.until.is_some_and(|until| until <= now);
    let why = match bundle.context(name) {
        None => NotBound::Undeclared,
        Some(_) if !agent.contexts.contains(name) => NotBound::OtherAgents,
        Some(context) if has_ended(context) => NotBound::Ended,
        Some(_) => return Ok(()),
    };
    let would_do = |name: &&ContextName| bundle.context(name).is_some_and(|one| !has_ended(one));
    Err(ContextRefused {
        agent: agent.facts.name.clone(),
        context: name.clone(),
        why,
        would_do: agent.contexts.iter().filter(would_do).cloned().collect(),
    })
}

impl NotBound {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Undeclared => "the charter in force does not declare it",
            Self::OtherAgents => "the charter in force does not bind the agent to it",
            Self::Ended => "its last day has passed",
        }
    }
}

fn these(names: &[ContextName]) -> String {
    let names: Vec<&str> = names.iter().map(ContextName::as_str).collect();
    if names.is_empty() {
        "None of this agent's contexts would do".to_owned()
    } else {
        format!("These would do: {}", names.join(", "))
    }
}
