//! What somebody answers for about a place where a model is served.

use serde::{Deserialize, Serialize};

use crate::{ModelName, Timestamp};

/// Claims about one target, as its charter states them. What is not stated is unknown, and an
/// unknown never satisfies a policy that asks for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Where requests are processed: a word of the charter's own, as in `eu`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub region: Option<String>,
    /// For how many days the provider keeps what it was sent, by contract; 0 is not at all.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub retention_days: Option<u32>,
    /// Whether the provider trains on what it was sent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub trains: Option<bool>,
    /// The first instant at which the provider no longer serves it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub end_of_life: Option<Timestamp>,
    /// The model that is to take its place.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub successor: Option<ModelName>,
    /// The day on which the claims were last confirmed, as its first instant.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stated: Option<Timestamp>,
    /// The seat that answers for the claims (`seat:...`); none where nothing is claimed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub owner: Option<String>,
}

impl Claims {
    /// Whether nothing is claimed.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}
