//! What the gate serves under right now: a snapshot with its routes resolved to endpoints.

use std::collections::BTreeMap;
use std::sync::Arc;

use bundle::{Bundle, Condition, Retries, Snapshot};
use model::{Case, CharterInForce, ModelName, ProviderName, Subject};
use net::{Endpoint, Timeouts};
use policy::{ModelFacts, Policies, ProviderKind, TargetFacts};
use protocol::CapField;
use quota::Price;

use crate::arrival::Arrival;

/// A snapshot and the endpoints of its providers. Immutable; a request keeps the one it began
/// with.
#[derive(Debug)]
pub struct Live {
    snapshot: Snapshot,
    models: BTreeMap<ModelName, Model>,
}

/// How one target is reached.
#[derive(Debug, Clone)]
pub struct Upstreams {
    pub(crate) endpoint: Endpoint,
    pub(crate) kind: ProviderKind,
    pub(crate) timeouts: Timeouts,
    pub(crate) idle_ms: u64,
    pub(crate) total_ms: u64,
    /// Most calls under way at a time; none is as many as the gateway carries.
    pub(crate) in_flight_max: Option<usize>,
    /// The field in which a chat's output is capped there.
    pub(crate) cap_field: CapField,
}

/// A model with its targets as the request path reads them.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) facts: ModelFacts,
    pub(crate) retries: Retries,
    /// Most output tokens of one answer where a client sends no cap and a budget needs one.
    pub(crate) output_tokens_max: u64,
    /// The most tokens of one inline image, sound or document; none where nobody says.
    pub(crate) media_tokens_max: Option<u64>,
    pub(crate) targets: Vec<Target>,
    pub(crate) facts_of_targets: Vec<TargetFacts>,
}

/// One target: what policy sees of it, when it is for whom, and how it is reached.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) facts: TargetFacts,
    pub(crate) weight: Option<u32>,
    pub(crate) when: Condition,
    /// Oldest a value of its secret may grow, in days; none where it needs no secret.
    pub(crate) secret_age_max_days: Option<u32>,
    pub(crate) to: Upstreams,
    price: Option<Price>,
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
        let models = resolve(snapshot.bundle(), demo)?;
        Ok(Self { snapshot, models })
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

    /// How the target of `model` that is called `upstream_model` at `provider` is reached.
    pub(crate) fn upstreams(
        &self,
        model: &ModelName,
        provider: &ProviderName,
        upstream_model: &str,
    ) -> Option<&Upstreams> {
        let targets = &self.models.get(model)?.targets;
        let is = |target: &&Target| {
            target.facts.provider == *provider && target.facts.upstream_model == upstream_model
        };
        targets.iter().find(is).map(|target| &target.to)
    }

    /// A case for a request of a proven caller.
    pub(crate) fn case(&self, arrival: Arrival, subject: Subject) -> Case {
        Case {
            id: arrival.id,
            received: arrival.received,
            subject: Some(subject),
            ask: None,
            context: None,
            agent_owner: None,
            target_owner: None,
            charter: Arc::clone(self.charter()),
        }
    }
}

fn resolve(bundle: &Bundle, demo: &str) -> Result<BTreeMap<ModelName, Model>, LiveError> {
    let mut endpoints = BTreeMap::new();
    for provider in bundle.providers() {
        let address = provider.base_url.as_deref().unwrap_or(demo);
        let endpoint = Endpoint::parse(address).map_err(|cause| LiveError {
            provider: provider.name.clone(),
            cause: cause.to_string(),
        })?;
        endpoints.insert(&provider.name, endpoint);
    }
    let models = bundle.models().map(|model| {
        let targets = model.targets.iter();
        // The bundle resolved every provider's name; none can be missing.
        let targets = targets.filter_map(|target| {
            Some(Target::resolve(target, bundle, endpoints.get(&target.facts.provider)?))
        });
        (model.facts.name.clone(), Model::resolve(model, targets.collect()))
    });
    Ok(models.collect())
}

impl Model {
    fn resolve(model: &bundle::Model, targets: Vec<Target>) -> Self {
        let facts_of_targets = targets.iter().map(|target| target.facts.clone()).collect();
        Self {
            facts: model.facts.clone(),
            retries: model.retries,
            output_tokens_max: model.output_tokens_max,
            media_tokens_max: model.media_tokens_max,
            targets,
            facts_of_targets,
        }
    }

    /// What the target called `upstream_model` at `provider` costs.
    pub(crate) fn price(&self, provider: &ProviderName, upstream_model: &str) -> Option<Price> {
        let is = |target: &&Target| {
            target.facts.provider == *provider && target.facts.upstream_model == upstream_model
        };
        self.targets.iter().find(is)?.price
    }
}

impl Target {
    fn resolve(target: &bundle::Target, bundle: &Bundle, endpoint: &Endpoint) -> Self {
        let limits = target.timeouts;
        let secret = target.facts.secret.as_ref().and_then(|facts| bundle.secret(&facts.name));
        Self {
            facts: target.facts.clone(),
            weight: target.weight,
            when: target.when.clone(),
            secret_age_max_days: secret.map(|secret| secret.max_age_days),
            to: Upstreams {
                endpoint: endpoint.clone(),
                kind: target.facts.kind,
                timeouts: Timeouts {
                    connect_ms: limits.connect_ms,
                    first_byte_ms: limits.first_byte_ms,
                },
                idle_ms: limits.idle_ms,
                total_ms: limits.total_ms,
                in_flight_max: target.concurrency_max,
                cap_field: CapField::of_host(endpoint.authority()),
            },
            price: target.price.map(|price| Price {
                input_nano_per_million: price.input_nano_per_million,
                output_nano_per_million: price.output_nano_per_million,
                since: price.since,
            }),
        }
    }
}
