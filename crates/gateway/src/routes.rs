//! Every target of every model with its live health, for those who run the gateway.

use model::{ModelName, ProviderName, Timestamp};

use crate::health::{Health, TargetHealth};
use crate::live::Live;

/// One target of one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteStatus {
    /// The model as agents name it.
    pub model: ModelName,
    /// The provider.
    pub provider: ProviderName,
    /// The provider's own name of the model.
    pub upstream_model: String,
    /// Most calls under way at a time; none is as many as the gateway carries.
    pub in_flight_max: Option<usize>,
    /// How it fares.
    pub health: TargetHealth,
}

/// The targets of every model of `live` as they fare at `now`, in the charter's order.
pub(crate) fn status(live: &Live, health: &Health, now: Timestamp) -> Vec<RouteStatus> {
    let targets = live
        .models()
        .flat_map(|model| model.targets.iter().map(move |target| (&model.facts.name, target)));
    targets
        .map(|(model, target)| RouteStatus {
            model: model.clone(),
            provider: target.facts.provider.clone(),
            upstream_model: target.facts.upstream_model.clone(),
            in_flight_max: target.to.in_flight_max,
            health: health.of(&target.facts.provider, &target.facts.upstream_model).status(now),
        })
        .collect()
}
