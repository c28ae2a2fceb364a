//! What the gate serves under right now: a snapshot with its routes resolved to endpoints.

use std::collections::BTreeMap;
use std::sync::Arc;

use bundle::{Bundle, Snapshot};
use model::{Case, CharterInForce, Dialect, ModelName, ProviderName, Subject};
use net::{Endpoint, Timeouts};
use policy::{ModelFacts, Policies, ProviderKind, TargetFacts};

use crate::arrival::Arrival;

/// A snapshot and the endpoints of its providers. Immutable; a request keeps the one it began
/// with.
#[derive(Debug)]
pub struct Live {
    snapshot: Snapshot,
    providers: BTreeMap<ProviderName, Upstreams>,
    models: BTreeMap<ModelName, Model>,
}

/// How one provider is reached.
#[derive(Debug, Clone)]
pub struct Upstreams {
    pub(crate) endpoint: Endpoint,
    pub(crate) kind: ProviderKind,
    pub(crate) timeouts: Timeouts,
    pub(crate) idle_ms: u64,
    pub(crate) total_ms: u64,
}

/// A model with its targets as the request path reads them.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) facts: ModelFacts,
    pub(crate) targets: Vec<Target>,
    pub(crate) facts_of_targets: Vec<TargetFacts>,
}

/// One target and the wire forms its provider speaks.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) facts: TargetFacts,
    kind: ProviderKind,
}

/// A provider's address cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("provider {provider}: {cause}")]
pub struct LiveError {
    provider: ProviderName,
    cause: String,
}

impl Live {
    /// Resolves the routes of `snapshot`. `demo` is where the built-in demo model listens.
    ///
    /// # Errors
    /// Where a provider's address cannot be used; the charter's check should have said so.
    pub fn new(snapshot: Snapshot, demo: &str) -> Result<Self, LiveError> {
        let bundle = Arc::clone(snapshot.bundle());
        let providers = resolve(&bundle, demo)?;
        let models = bundle
            .models()
            .map(|model| (model.facts.name.clone(), Model::resolve(model, &providers)))
            .collect();
        Ok(Self { snapshot, providers, models })
    }

    /// Whether the routes of `bundle` could be resolved: asked before it is put into force.
    ///
    /// # Errors
    /// As [`Live::new`].
    pub fn rehearse(bundle: &Bundle, demo: &str) -> Result<(), LiveError> {
        resolve(bundle, demo).map(drop)
    }

    /// The snapshot.
    #[must_use]
    pub const fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    pub(crate) fn bundle(&self) -> &Bundle {
        self.snapshot.bundle()
    }

    pub(crate) fn charter(&self) -> &Arc<CharterInForce> {
        self.snapshot.charter()
    }

    pub(crate) fn policies(&self) -> &Policies {
        self.bundle().policies()
    }

    pub(crate) fn body_bytes_max(&self) -> usize {
        self.bundle().body_bytes_max()
    }

    pub(crate) fn model(&self, name: &ModelName) -> Option<&Model> {
        self.models.get(name)
    }

    pub(crate) fn models(&self) -> impl Iterator<Item = &Model> {
        self.models.values()
    }

    pub(crate) fn upstreams(&self, provider: &ProviderName) -> Option<&Upstreams> {
        self.providers.get(provider)
    }

    /// A case for a request of a proven caller.
    pub(crate) fn case(&self, arrival: Arrival, subject: Subject) -> Case {
        Case {
            id: arrival.id,
            received: arrival.received,
            subject: Some(subject),
            ask: None,
            agent_owner: None,
            target_owner: None,
            charter: Arc::clone(self.charter()),
        }
    }
}

fn resolve(bundle: &Bundle, demo: &str) -> Result<BTreeMap<ProviderName, Upstreams>, LiveError> {
    let mut providers = BTreeMap::new();
    for provider in bundle.providers() {
        let address = provider.base_url.as_deref().unwrap_or(demo);
        let endpoint = Endpoint::parse(address).map_err(|cause| LiveError {
            provider: provider.name.clone(),
            cause: cause.to_string(),
        })?;
        let limits = provider.timeouts;
        let timeouts =
            Timeouts { connect_ms: limits.connect_ms, first_byte_ms: limits.first_byte_ms };
        let upstreams = Upstreams {
            endpoint,
            kind: provider.kind,
            timeouts,
            idle_ms: limits.idle_ms,
            total_ms: limits.total_ms,
        };
        providers.insert(provider.name.clone(), upstreams);
    }
    Ok(providers)
}

impl Model {
    fn resolve(model: &bundle::Model, providers: &BTreeMap<ProviderName, Upstreams>) -> Self {
        let targets = model
            .targets
            .iter()
            .filter_map(|facts| {
                // The bundle resolved every provider name; none can be missing.
                let kind = providers.get(&facts.provider)?.kind;
                Some(Target { facts: facts.clone(), kind })
            })
            .collect();
        Self { facts: model.facts.clone(), targets, facts_of_targets: model.targets.clone() }
    }
}

impl Target {
    /// Whether its provider speaks the client's wire form.
    pub(crate) const fn speaks(&self, dialect: Dialect) -> bool {
        match (self.kind, dialect) {
            (ProviderKind::Demo, Dialect::OpenAi | Dialect::Anthropic)
            | (ProviderKind::OpenAi, Dialect::OpenAi)
            | (ProviderKind::Anthropic, Dialect::Anthropic) => true,
            (ProviderKind::OpenAi, Dialect::Anthropic)
            | (ProviderKind::Anthropic, Dialect::OpenAi) => false,
        }
    }
}
