//! One target of a model, resolved: the provider's limits under its own, its claims with the seat
//! that answers for them.

use charter::{ModelTarget, StatedClaims};
use model::Claims;
use policy::{SecretFacts, TargetFacts};

use crate::compiled::{Condition, Secret, Target, Timeouts};
use crate::price;
use crate::resolve::{data_class, kind, seat_ref};

/// What a target is resolved against.
pub(crate) struct At<'c> {
    pub(crate) provider: &'c charter::Provider,
    /// As `seat:NAME`.
    pub(crate) provider_owner: String,
    pub(crate) secret: Option<&'c Secret>,
    /// As `seat:NAME`: who answers for claims that name nobody.
    pub(crate) model_owner: &'c str,
}

/// The target, with everything filled in that it leaves to its provider or its model.
pub(crate) fn resolved(target: &ModelTarget, at: At<'_>) -> Target {
    let At { provider, provider_owner, secret, model_owner } = at;
    let own = target.timeouts.as_ref();
    let limits = own.map_or(provider.timeouts, |stated| stated.over(provider.timeouts));
    let secret = secret.map(|secret| SecretFacts {
        name: secret.name.clone(),
        version: secret.active,
        owner: secret.owner.clone(),
    });
    Target {
        facts: TargetFacts {
            provider: provider.name.clone(),
            provider_owner,
            kind: kind(provider.kind),
            upstream_model: target.upstream_model.value.clone(),
            secret,
            claims: claims(target, model_owner),
        },
        weight: target.weight,
        when: condition(&target.when),
        timeouts: timeouts(limits),
        // Clamped, not cut: more than the machine can count is no bound at all.
        concurrency_max: target
            .concurrency_max
            .map(|most| usize::try_from(most).unwrap_or(usize::MAX)),
        price: price::of(target, provider),
    }
}

pub(crate) const fn timeouts(timeouts: charter::Timeouts) -> Timeouts {
    Timeouts {
        connect_ms: timeouts.connect_ms,
        first_byte_ms: timeouts.first_byte_ms,
        idle_ms: timeouts.idle_ms,
        total_ms: timeouts.total_ms,
    }
}

fn condition(when: &charter::Condition) -> Condition {
    Condition {
        environments: when.environments.clone(),
        data_classes: when.data_classes.iter().copied().map(data_class).collect(),
        contexts: when.contexts.iter().map(|context| context.value.clone()).collect(),
    }
}

/// Everything that is claimed; that it ends is a claim too.
fn claims(target: &ModelTarget, model_owner: &str) -> Claims {
    let stated = target.claims.as_ref();
    if stated.is_none() && target.end_of_life.is_none() {
        return Claims::default();
    }
    let owner = stated.and_then(|claims| claims.owner.as_ref());
    Claims {
        region: stated.and_then(|claims| claims.region.clone()),
        retention_days: stated.and_then(|claims| claims.retention_days),
        trains: stated.and_then(|claims| claims.trains),
        end_of_life: target.end_of_life.as_ref().map(|day| day.value.begins()),
        successor: target.successor.as_ref().map(|name| name.value.clone()),
        stated: stated.map(|StatedClaims { stated, .. }| stated.value.begins()),
        owner: Some(owner.map_or_else(|| model_owner.to_owned(), |seat| seat_ref(&seat.value))),
    }
}
