//! What must be permitted for a target, in the order in which it is asked. Nothing is decided here.

use model::{Ask, Beyond, ProviderTool, Unrecognised};

use crate::facts::{SecretFacts, TargetFacts};
use crate::schema::Action;

/// One thing that must be permitted for a target.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Matter<'a> {
    /// The model itself.
    Model,
    /// A tool of the provider's.
    Tool(&'a ProviderTool),
    /// That the provider keeps the conversation, or what it already keeps.
    Storage,
    /// Something this gateway does not know.
    Unrecognised(&'a Unrecognised),
    /// The secret that the provider asks for.
    Secret(&'a SecretFacts),
}

/// Everything that must be permitted for `ask` at `target`, in order.
pub(crate) fn all<'a>(ask: &'a Ask, target: &'a TargetFacts) -> impl Iterator<Item = Matter<'a>> {
    let Beyond { tools, stores, names, unrecognised, .. } = &ask.beyond;
    let storage = stores.is_some() || !names.is_empty();
    std::iter::once(Matter::Model)
        .chain(tools.iter().map(Matter::Tool))
        .chain(storage.then_some(Matter::Storage))
        .chain(unrecognised.iter().map(Matter::Unrecognised))
        .chain(target.secret.iter().map(Matter::Secret))
}

impl Matter<'_> {
    /// The action it is asked as.
    pub(crate) const fn action(self) -> Action {
        match self {
            Self::Model => Action::InvokeModel,
            Self::Tool(_) => Action::UseProviderTool,
            Self::Storage => Action::StoreAtProvider,
            Self::Unrecognised(_) => Action::PassUnrecognised,
            Self::Secret(_) => Action::UseSecret,
        }
    }
}
