//! Who asks, as a credential proved it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{AgentName, ContextName, Digest, Timestamp};

/// Where an agent runs. `prod` is not served while one person holds every seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// Development.
    Dev,
    /// Staging.
    Staging,
    /// Production.
    Prod,
}

/// How the caller proved its identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// A bearer token of this gateway's own issuer (proof level 1).
    EmbeddedToken,
}

/// The caller as proved: which agent, by what, until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The agent the credential names.
    pub agent: AgentName,
    /// The method.
    pub proof: Proof,
    /// The trust domain that vouches.
    pub trust_domain: String,
    /// SHA-256 of the credential: names it in the log without giving it away.
    pub credential: Digest,
    /// When the credential was issued.
    pub issued: Timestamp,
    /// When the credential ends.
    pub expires: Timestamp,
    /// The agent's epoch that the credential carries.
    pub epoch: u64,
    /// The approved context that the credential is bound to: its calls are made in that one alone.
    pub context: Option<ContextName>,
}

impl Environment {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::Dev, Self::Staging, Self::Prod];

    /// The name in configuration, policy and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Staging => "staging",
            Self::Prod => "prod",
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl FromStr for Environment {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|one| one.as_str() == text).ok_or(())
    }
}

impl Proof {
    /// The name in policy and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EmbeddedToken => "embedded_token",
        }
    }
}
