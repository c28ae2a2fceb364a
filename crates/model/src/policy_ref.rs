//! A policy as a decision cites it.

use serde::{Deserialize, Serialize};

use crate::{Digest, PolicyId};

/// The separate policy sets. A question of one is never put to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicySetKind {
    /// Forbids that hold for every question.
    Guardrails,
    /// Who may use which model.
    Model,
    /// Who may call which tool.
    Tool,
    /// For which call a secret may be lent.
    Secret,
    /// Who may reach which downstream system.
    Downstream,
}

/// What a policy does when it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Allows.
    Permit,
    /// Refuses, whatever allows.
    Forbid,
}

/// One policy that decided, with the text it had then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRef {
    /// Set and `@id`.
    pub id: PolicyId,
    /// Permit or forbid.
    pub effect: Effect,
    /// File in the charter.
    pub file: String,
    /// First line of the policy.
    pub line: u32,
    /// Last line of the policy.
    pub line_end: u32,
    /// SHA-256 of the policy's text.
    pub text: Digest,
    /// The `@owner` annotation, as in `seat:policy-lead`.
    pub owner: String,
}

impl PolicySetKind {
    /// All of them, in order.
    pub const ALL: [Self; 5] =
        [Self::Guardrails, Self::Model, Self::Tool, Self::Secret, Self::Downstream];

    /// The folder under `policies/`, and the first part of a policy's id.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Guardrails => "guardrails",
            Self::Model => "model",
            Self::Tool => "tool",
            Self::Secret => "secret",
            Self::Downstream => "downstream",
        }
    }
}
