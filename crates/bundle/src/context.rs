//! Approved contexts, compiled: what a call in one may be, and when. It does not choose one for
//! a call.

use charter::Hours;
use model::{AgentName, ContextName, Environment, ModelName, ProviderToolKind, Timestamp};
use policy::{ApprovedFacts, DataClass};

/// An approved context.
#[derive(Debug, Clone)]
pub struct Context {
    /// Its name.
    pub name: ContextName,
    /// What calls in it are for.
    pub purpose: String,
    /// The most sensitive data it is for.
    pub data_class: DataClass,
    /// The models it covers; never empty.
    pub models: Vec<ModelName>,
    /// The tools of providers it covers.
    pub tools: Vec<ProviderToolKind>,
    /// Where its agents run; an empty list is anywhere. Each agent bound to it runs there.
    pub environments: Vec<Environment>,
    /// The first instant of its first day; none is ever since.
    pub from: Option<Timestamp>,
    /// The first instant after its last day; none is without end.
    pub until: Option<Timestamp>,
    /// The hours it is open; none is always.
    pub hours: Option<Hours>,
    /// The seat that answers for it, as `seat:NAME`.
    pub owner: String,
    /// The seat on whose approval it stands, as `seat:NAME`.
    pub approver: String,
    /// The agents bound to it, by name; never empty.
    pub agents: Vec<AgentName>,
}

impl Context {
    /// Whether calls may be made in it at `now`: from the first instant of its window until
    /// before the last, within its hours.
    #[must_use]
    pub fn admits(&self, now: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= now)
            && self.until.is_none_or(|until| now < until)
            && self.hours.as_ref().is_none_or(|hours| hours.covers(now))
    }

    /// Whether it covers the model.
    #[must_use]
    pub fn covers_model(&self, model: &ModelName) -> bool {
        self.models.contains(model)
    }

    /// Whether it covers a provider's tools of this kind.
    #[must_use]
    pub fn covers_tool(&self, kind: ProviderToolKind) -> bool {
        self.tools.contains(&kind)
    }

    /// What policy sees of it.
    #[must_use]
    pub fn facts(&self) -> ApprovedFacts {
        ApprovedFacts {
            name: self.name.clone(),
            purpose: self.purpose.clone(),
            data_class: self.data_class,
            owner: self.owner.clone(),
        }
    }
}
