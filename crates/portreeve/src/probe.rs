//! A probe as it crosses the admin socket: whose call and to what, and what each layer said.

use gateway::{Gate, Layer, ProbeAsk, Probed};
use model::{AgentName, ContextName, ModelName, ProviderName};
use serde::{Deserialize, Serialize};

/// Whose call, to what.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProbeAsked {
    pub(crate) agent: AgentName,
    pub(crate) model: ModelName,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) provider: Option<ProviderName>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) context: Option<ContextName>,
}

/// What was found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ProbeReport {
    /// In the order of a call; only the last one can have failed.
    pub(crate) layers: Vec<LayerReport>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) target: Option<TargetReport>,
}

/// Where a call would go.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TargetReport {
    pub(crate) provider: String,
    pub(crate) upstream_model: String,
    /// What the policies allow there.
    pub(crate) operation: model::Operation,
}

/// One layer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LayerReport {
    pub(crate) layer: String,
    pub(crate) ok: bool,
    pub(crate) took_us: u64,
    /// What was found, or what exactly is wrong.
    pub(crate) says: String,
    /// Where it fails: what a call would be refused with, and who can fix it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) failure: Option<FailureReport>,
}

/// Why a layer fails.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct FailureReport {
    /// The refusal's code.
    pub(crate) code: String,
    /// What the code means.
    pub(crate) title: String,
    pub(crate) fixer: String,
    /// The seat to ask, where one is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) ask: Option<String>,
    /// Who holds that seat.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) holder: Option<String>,
    /// The policies that refused, as `file:line`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(crate) policies: Vec<String>,
    /// The secret in question; never its value.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) secret: Option<String>,
    /// What is to be done next.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) next: Option<String>,
    /// Where to read on.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) page: Option<String>,
}

/// Probes `gate`.
pub(crate) async fn report(gate: &Gate, asked: ProbeAsked) -> ProbeReport {
    let ProbeAsked { agent, model, provider, context } = asked;
    let probed = gate.probe(&ProbeAsk { agent, model, provider, context }).await;
    let live = gate.in_force();
    let bundle = live.snapshot().bundle();
    let holder = |seat: &str| bundle.holder(seat).map(ToString::to_string);
    let Probed { layers, target } = probed;
    ProbeReport {
        layers: layers.into_iter().map(|layer| LayerReport::of(layer, holder)).collect(),
        target: target.map(|target| TargetReport {
            provider: target.provider.to_string(),
            upstream_model: target.upstream_model,
            operation: target.operation,
        }),
    }
}

impl LayerReport {
    fn of(layer: Layer, holder: impl Fn(&str) -> Option<String>) -> Self {
        let Layer { of, took, found } = layer;
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let layer = of.as_str().to_owned();
        match found {
            Ok(says) => Self { layer, ok: true, took_us, says, failure: None },
            Err(refusal) => {
                let policies = refusal.policies.iter();
                let failure = FailureReport {
                    code: refusal.code.as_str().to_owned(),
                    title: refusal.code.title().to_owned(),
                    fixer: refusal.code.fixer().as_str().to_owned(),
                    holder: holder(&refusal.ask_whom),
                    ask: Some(refusal.ask_whom).filter(|seat| !seat.is_empty()),
                    policies: policies
                        .map(|policy| format!("{}:{}", policy.file, policy.line))
                        .collect(),
                    secret: refusal.secret.as_ref().map(ToString::to_string),
                    next: None,
                    page: None,
                };
                Self { layer, ok: false, took_us, says: refusal.detail, failure: Some(failure) }
            }
        }
    }
}
