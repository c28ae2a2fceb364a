//! Why an act was not taken: what a person can do about it, and nothing they may not know.

use approval::{ActRefused as Unverified, NotApproved};
use model::{AgentName, Digest, Problems, SecretName};

use crate::token::ContextRefused;

/// An act that was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ActRefused {
    /// The signature, key, time or gateway is wrong.
    #[error(transparent)]
    Unverified(#[from] Unverified),
    /// The same act was taken before.
    #[error("this act was taken before; sign a new one")]
    Replayed,
    /// What came with the act is not what its verb needs.
    #[error("what came with the act is not what it acts on")]
    PayloadMismatch,
    /// The files are not those whose digest was signed.
    #[error("the charter that came is not the one that was signed")]
    OtherCharter,
    /// The value is not the one that was committed to.
    #[error("the secret that came is not the one that was signed")]
    OtherSecret,
    /// Somebody changed the charter meanwhile.
    #[error("the charter was changed meanwhile: you saw {base}, in force is {}", shown(in_force.as_ref()))]
    BaseMoved {
        /// What the proposer saw.
        base: Digest,
        /// What is in force.
        in_force: Option<Digest>,
    },
    /// It is in force already.
    #[error("this charter is in force already; nothing was changed")]
    NothingChanged,
    /// The charter has problems.
    #[error("the charter has {} problems; nothing was changed", .0.len())]
    Problems(Problems),
    /// A gateway keeps its trust domain.
    #[error("a gateway keeps its trust domain: every token and record names it")]
    TrustDomainFixed,
    /// A gateway keeps its name.
    #[error(
        "this gateway keeps its name `{0}`: every act and sealed secret is bound to it; write \
         `name: {0}` in charter.yaml"
    )]
    NameFixed(String),
    /// The first charter came into force already.
    #[error("this gateway was begun already; sign `charter.apply` to change its charter")]
    Begun,
    /// The charter lacks what it needs to come into force.
    #[error("the charter is not approved: {0}")]
    NotApproved(NotApproved),
    /// The gateway could not serve it.
    #[error("the gateway cannot serve this charter: {0}")]
    CannotServe(String),
    /// The store failed.
    #[error("the charter could not be stored")]
    Store(#[source] crate::StoreError),
    /// The charter does not declare the secret.
    #[error(
        "the charter in force declares no secret `{0}`: add secrets/{0}.yaml and apply it first"
    )]
    SecretUndeclared(SecretName),
    /// The value could not be sealed.
    #[error("the secret could not be sealed")]
    Seal(#[source] secrets::SecretError),
    /// The charter does not declare the agent.
    #[error("the charter in force declares no agent `{0}`")]
    AgentUndeclared(AgentName),
    /// The agent is suspended.
    #[error("agent `{0}` is suspended; no token is handed out for it")]
    AgentSuspended(AgentName),
    /// People do not hold tokens of production agents.
    #[error("agent `{0}` is of environment prod: its tokens are not handed to people")]
    AgentProd(AgentName),
    /// The token was to be bound to a context that would not do.
    #[error(transparent)]
    Context(#[from] ContextRefused),
    /// The token could not be minted.
    #[error("the token could not be minted")]
    Mint(#[source] issuer::MintError),
    /// The system gives no randomness.
    #[error("the system gives no random bytes")]
    NoRandomness,
    /// The entry could not be written as JSON.
    #[error("the act could not be written down")]
    Unwritable,
    /// An earlier act was refused as late, and the log cannot be asked what became of it.
    #[error("what became of an earlier act cannot be read from the control log: {0}")]
    Unsettled(String),
    /// The control log cannot be written.
    #[error("the control log cannot be written, so nothing was changed: {0}")]
    Log(ledger::Unavailable),
}

/// What kind of no it is: decides the status over the admin surface and the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedKind {
    /// Not authorised.
    Unauthorised,
    /// Asked for something that may not or need not be done.
    Denied,
    /// The gateway cannot do it now.
    Unavailable,
}

impl ActRefused {
    /// What kind of no it is.
    #[must_use]
    pub const fn kind(&self) -> RefusedKind {
        match self {
            Self::Unverified(_) | Self::Replayed | Self::NotApproved(_) => {
                RefusedKind::Unauthorised
            }
            Self::PayloadMismatch
            | Self::OtherCharter
            | Self::OtherSecret
            | Self::BaseMoved { .. }
            | Self::NothingChanged
            | Self::Problems(_)
            | Self::TrustDomainFixed
            | Self::NameFixed(_)
            | Self::Begun
            | Self::CannotServe(_)
            | Self::SecretUndeclared(_)
            | Self::AgentUndeclared(_)
            | Self::AgentSuspended(_)
            | Self::AgentProd(_)
            | Self::Context(_) => RefusedKind::Denied,
            Self::Store(_)
            | Self::Seal(_)
            | Self::Mint(_)
            | Self::NoRandomness
            | Self::Unwritable
            | Self::Unsettled(_)
            | Self::Log(_) => RefusedKind::Unavailable,
        }
    }
}

fn shown(digest: Option<&Digest>) -> String {
    digest.map_or_else(|| "none".to_owned(), ToString::to_string)
}
