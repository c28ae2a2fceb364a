//! A route as JSON: everything that is known of it.

use serde_json::{Value, json};

use super::gathered::{Route, SecretAge, TargetRoute};

pub(super) fn route(route: &Route<'_>) -> Value {
    let model = route.model;
    let targets: Vec<Value> = (1..).zip(&route.targets).map(target).collect();
    json!({
        "name": model.facts.name,
        "purpose": model.purpose,
        "owner": model.facts.owner,
        "answered_by": route.answered_by,
        "operations": route.operations,
        "retries": {
            "attempts_max": model.retries.attempts_max,
            "within_ms": model.retries.within_ms,
        },
        "targets": targets,
        "finding": route.finding(),
    })
}

fn target((order, route): (usize, &TargetRoute<'_>)) -> Value {
    let target = route.target;
    let (facts, waits) = (&target.facts, target.timeouts);
    let classes: Vec<&str> = target.when.data_classes.iter().map(|class| class.as_str()).collect();
    json!({
        "order": order,
        "provider": facts.provider,
        "provider_owner": facts.provider_owner,
        "kind": facts.kind.as_str(),
        "upstream_model": facts.upstream_model,
        "weight": target.weight,
        "when": { "environments": target.when.environments, "data_classes": classes, "contexts": target.when.contexts },
        "secret": route.secret.as_ref().map(secret),
        "timeouts": {
            "connect_ms": waits.connect_ms,
            "first_byte_ms": waits.first_byte_ms,
            "idle_ms": waits.idle_ms,
            "total_ms": waits.total_ms,
        },
        "concurrency": { "in_flight": route.in_flight, "max": target.concurrency_max },
        "claims": facts.claims,
        "end_in_days": route.end_in_days,
        "health": route.health,
        "finding": route.finding(),
    })
}

fn secret(secret: &SecretAge<'_>) -> Value {
    json!({
        "name": secret.facts.name,
        "version": secret.facts.version,
        "owner": secret.facts.owner,
        "sealed": secret.sealed,
        "age_days": secret.age_days,
        "max_age_days": secret.max_age_days,
    })
}
