//! What the data plane and the logs report on the admin socket, and the routes as they cross it.
//! Budgets cross it as `budgets` writes them.

use std::sync::Arc;

use gateway::{Condition, Gate, RouteStatus};
use govern::admin::Reports;
use ledger::{ControlLog, DecisionLog};
use model::{Clock, ModelName, ProviderName, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::budgets;
use crate::clock::SystemClock;
use crate::metrics::Instruments;
use crate::probe::{self, ProbeAsked};
use crate::traffic;

/// One target of one model with its live health, as it crosses the admin socket.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RouteReport {
    pub(crate) model: ModelName,
    pub(crate) provider: ProviderName,
    pub(crate) upstream_model: String,
    /// Calls under way.
    pub(crate) in_flight: usize,
    pub(crate) health: HealthReport,
}

/// How a target fares.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct HealthReport {
    pub(crate) state: HealthState,
    /// Failures in a row, where it is failing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) failures: Option<u32>,
    /// Until when it is set aside; the next call after that tries it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) until: Option<Timestamp>,
    /// The code of its last failure, where it had one since it was last steady.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) last_failure: Option<String>,
}

/// How a target fares, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HealthState {
    /// It answers, or has not been tried.
    Healthy,
    /// It failed, and is still tried.
    Failing,
    /// It failed too often, or asked for a pause.
    SetAside,
    /// It was set aside, and that time is over: the next call tries it.
    ProbeDue,
    /// A call is under way that finds out whether it is well again.
    Probing,
    /// Nothing serves, so nobody knows.
    Unknown,
}

/// The reports of a gate and of the logs, for whoever asks on the admin socket.
pub(crate) fn reports(
    gate: Arc<Gate>,
    decisions: DecisionLog,
    control: ControlLog,
    addresses: Vec<String>,
    instruments: Arc<Instruments>,
) -> Reports {
    let (routed, counting) = (Arc::clone(&gate), Arc::clone(&gate));
    let (passing, probed) = (Arc::clone(&gate), gate);
    Reports {
        status: Box::new(move || status(&decisions, &control, &addresses)),
        routes: Box::new(move || routed.routes().iter().map(route).collect()),
        budgets: Box::new(move || {
            let now = SystemClock.now();
            json!(budgets::standing(
                counting.in_force().snapshot().bundle(),
                counting.counters(),
                now
            ))
        }),
        metrics: Box::new(move || instruments.answer()),
        traffic: Box::new(move || json!(traffic::report(&passing, SystemClock.now()))),
        probe: Box::new(move |asked| {
            let gate = Arc::clone(&probed);
            Box::pin(async move {
                let asked: ProbeAsked = serde_json::from_value(asked)
                    .map_err(|cause| format!("this is no probe: {cause}"))?;
                Ok(json!(probe::report(&gate, asked).await))
            })
        }),
    }
}

fn status(decisions: &DecisionLog, control: &ControlLog, addresses: &[String]) -> Value {
    let shown = |status: ledger::Status| {
        let health = if status.healthy { "healthy" } else { "FAILING" };
        let error = status.last_error.map(|text| format!(", last error: {text}"));
        let text = format!(
            "{health}, {} entries, {} published{}",
            status.size,
            status.published,
            error.unwrap_or_default()
        );
        Value::from(text)
    };
    let (controls, decides) = (control.status(), decisions.status());
    json!({
        "listeners": addresses,
        "healthy": { "control": controls.healthy, "decisions": decides.healthy },
        "logs": { "control": shown(controls), "decisions": shown(decides) },
    })
}

fn route(status: &RouteStatus) -> Value {
    let report = RouteReport {
        model: status.model.clone(),
        provider: status.provider.clone(),
        upstream_model: status.upstream_model.clone(),
        in_flight: status.health.in_flight,
        health: HealthReport::from(status),
    };
    json!(report)
}

impl HealthReport {
    /// What is known of a target where nothing serves.
    pub(crate) const UNKNOWN: Self =
        Self { state: HealthState::Unknown, failures: None, until: None, last_failure: None };
}

impl From<&RouteStatus> for HealthReport {
    fn from(status: &RouteStatus) -> Self {
        let last_failure = status.health.last_failure.map(str::to_owned);
        let (state, failures, until) = match status.health.condition {
            Condition::Healthy => (HealthState::Healthy, None, None),
            Condition::Failing(failures) => (HealthState::Failing, Some(failures), None),
            Condition::SetAside(until) => (HealthState::SetAside, None, Some(until)),
            Condition::ProbeDue => (HealthState::ProbeDue, None, None),
            Condition::Probing => (HealthState::Probing, None, None),
        };
        Self { state, failures, until, last_failure }
    }
}
