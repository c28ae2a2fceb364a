//! What a question is about, as plain values: the agent, the call, the model, its targets.
//!
//! The names and meanings are those of the schema. Nothing here is computed or looked up.

use std::fmt;
use std::str::FromStr;

use model::{
    AgentName, Ask, Claims, ContextName, Dialect, Environment, ModelName, Proof, ProviderName,
    SecretName, SecretVersion, TeamName, Timestamp,
};

/// The agent that asks, as the charter declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentFacts {
    /// Its name.
    pub name: AgentName,
    /// Where it runs.
    pub environment: Environment,
    /// Whether it is in service.
    pub lifecycle: Lifecycle,
    /// The team that operates it.
    pub team: TeamName,
    /// 0 (a person does each step) to 4 (nobody watches).
    pub autonomy: u8,
    /// The most sensitive data it may handle.
    pub data_class: DataClass,
    /// Who vouches for its identity.
    pub trust_domain: String,
    /// The seat that answers for it (`seat:...`).
    pub owner: String,
}

/// The call: when, how the caller proved itself, and what it did lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallFacts {
    /// The time of the question.
    pub now: Timestamp,
    /// How the caller proved its identity.
    pub proof: Proof,
    /// Seconds since the credential was issued.
    pub token_age_s: u64,
    /// What the agent did lately.
    pub recent: RecentFacts,
}

/// What the agent did in the last 10 minutes, before the call that is asked about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecentFacts {
    /// Its calls, refused ones among them.
    pub requests: u32,
    /// Those that were refused.
    pub refusals: u32,
    /// How many different targets they went to.
    pub targets: u32,
}

/// The approved context a call is made in, as the charter declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovedFacts {
    /// Its name.
    pub name: ContextName,
    /// What it is approved for.
    pub purpose: String,
    /// The most sensitive data that may be handled in it.
    pub data_class: DataClass,
    /// The seat that answers for it (`seat:...`).
    pub owner: String,
}

/// The model asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFacts {
    /// Its name.
    pub name: ModelName,
    /// The seat that answers for it (`seat:...`).
    pub owner: String,
}

/// One place the model is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetFacts {
    /// The provider.
    pub provider: ProviderName,
    /// The seat that answers for the provider (`seat:...`).
    pub provider_owner: String,
    /// The provider's wire form.
    pub kind: ProviderKind,
    /// The provider's own name of the model.
    pub upstream_model: String,
    /// The secret the provider asks for; none where it asks for none.
    pub secret: Option<SecretFacts>,
    /// What is claimed about it.
    pub claims: Claims,
}

/// A secret a target needs: which, and who answers for it. Never its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretFacts {
    /// Its name.
    pub name: SecretName,
    /// The active version.
    pub version: SecretVersion,
    /// The seat that answers for it (`seat:...`).
    pub owner: String,
}

/// Everything a verdict depends on.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// Who asks.
    pub agent: &'a AgentFacts,
    /// The call.
    pub call: &'a CallFacts,
    /// The approved context it is made in, where it is made in one.
    pub approved: Option<&'a ApprovedFacts>,
    /// What it asks.
    pub ask: &'a Ask,
    /// What is asked for.
    pub model: &'a ModelFacts,
    /// Where it is served, the preferred place first.
    pub targets: &'a [TargetFacts],
}

/// Whether an agent is in service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lifecycle {
    /// In service.
    Active,
    /// Taken out of service by its owner.
    Suspended,
}

/// How sensitive data is, in rising order: the most that an agent, or a context, may handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DataClass {
    /// Anybody may see it.
    Public,
    /// Anybody in the organisation may see it.
    Internal,
    /// Those who need it may see it.
    Confidential,
    /// Named people may see it.
    Restricted,
}

/// Which vendor's wire form a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProviderKind {
    /// The built-in demonstration provider.
    Demo,
    /// OpenAI's.
    OpenAi,
    /// Anthropic's.
    Anthropic,
    /// Google's Gemini.
    Gemini,
}

impl ProviderKind {
    /// Whether it speaks a client's wire form; the built-in one speaks them all.
    #[must_use]
    pub const fn speaks(self, dialect: Dialect) -> bool {
        match (self, dialect) {
            (Self::Demo, _)
            | (Self::OpenAi, Dialect::OpenAi)
            | (Self::Anthropic, Dialect::Anthropic)
            | (Self::Gemini, Dialect::Gemini) => true,
            (Self::OpenAi, Dialect::Anthropic | Dialect::Gemini)
            | (Self::Anthropic, Dialect::OpenAi | Dialect::Gemini)
            | (Self::Gemini, Dialect::OpenAi | Dialect::Anthropic) => false,
        }
    }
}

macro_rules! vocabulary {
    ($type:ident: $($variant:ident $word:literal),+) => {
        impl $type {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in the charter, the schema and records.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(self.as_str())
            }
        }

        impl FromStr for $type {
            type Err = ();

            fn from_str(text: &str) -> Result<Self, ()> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text).ok_or(())
            }
        }
    };
}

vocabulary!(Lifecycle: Active "active", Suspended "suspended");
vocabulary!(DataClass:
    Public "public", Internal "internal", Confidential "confidential", Restricted "restricted");
vocabulary!(ProviderKind: Demo "demo", OpenAi "openai", Anthropic "anthropic", Gemini "gemini");

#[cfg(test)]
mod tests {
    use model::Operation;

    use super::*;

    #[test]
    fn every_operation_on_a_model_has_a_wire_form_that_its_vendor_and_the_demo_speak() {
        for operation in Operation::ALL {
            let spoken = operation.dialect().map(|dialect| {
                ProviderKind::ALL.iter().filter(|kind| kind.speaks(dialect)).count()
            });
            let expect = (*operation != Operation::ListModels).then_some(2);
            assert_eq!(spoken, expect, "{operation:?}");
        }
    }
}
