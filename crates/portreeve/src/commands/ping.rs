//! `portreeve ping AGENT TARGET`: whether a call would get through, layer by layer, which layer
//! stops it, and who can fix that. It spends nothing and lends nothing unless `--spend` asks for
//! one real call, which takes the way of every call.

mod spend;
#[cfg(test)]
mod tests;
mod text;
mod words;

use std::process::ExitCode;

use anyhow::Result;
use model::{ModelName, ProviderName};
use serde_json::{Value, json};

use crate::admin_client;
use crate::cli::Ping;
use crate::exit::Failure;
use crate::home::Home;
use crate::names::{self, Given};
use crate::print;
use crate::probe::{FailureReport, LayerReport, ProbeAsked, TargetReport};

/// Everything a ping found.
struct Pinged {
    asked: ProbeAsked,
    target: Option<TargetReport>,
    layers: Vec<LayerReport>,
    /// The decision of the real call, where one was made and reached the gateway.
    decision: Option<String>,
}

/// Tries it out and prints each layer.
pub(crate) async fn run(home: &Home, ping: Ping) -> Result<ExitCode> {
    let asked = asked(&ping)?;
    let socket = home.admin_socket();
    let found = admin_client::probe(&socket, &asked).await?;
    let mut pinged = Pinged { asked, target: found.target, layers: found.layers, decision: None };
    if pinged.passes() {
        let status = admin_client::status(&socket).await?;
        spend::token_and_call(home, &ping, &status, &mut pinged).await?;
    }
    for layer in &mut pinged.layers {
        let meant = meant(home, &pinged.asked, layer);
        layer.says.push_str(&meant);
        if let Some(failure) = &mut layer.failure {
            words::advise(&pinged.asked, &layer.layer, failure);
        }
    }
    if ping.output.json {
        print::line(&serde_json::to_string_pretty(&pinged.object())?);
    } else {
        print::page(text::account(&pinged, ping.spend).trim_end(), 6);
    }
    Ok(if pinged.passes() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn asked(ping: &Ping) -> Result<ProbeAsked, Failure> {
    let (model, provider) = match ping.target.split_once('@') {
        Some((model, provider)) => (model, Some(provider)),
        None => (ping.target.as_str(), None),
    };
    let model: ModelName = model.parse().map_err(|cause| Failure::name(&cause))?;
    let provider: Option<ProviderName> =
        provider.map(str::parse).transpose().map_err(|cause| Failure::name(&cause))?;
    Ok(ProbeAsked { agent: ping.agent.clone(), model, provider, context: ping.context.clone() })
}

/// What may be meant, where a layer found none of the name.
fn meant(home: &Home, asked: &ProbeAsked, layer: &LayerReport) -> String {
    let code = layer.failure.as_ref().map(|failure| failure.code.as_str());
    let meant = match (layer.layer.as_str(), code) {
        (_, Some("agent_unknown")) => names::meant(home, Given::Agent(asked.agent.as_str())),
        ("model", Some(_)) => {
            let provider = asked.provider.as_ref().map(|name| Given::Provider(name.as_str()));
            names::meant(home, Given::Model(asked.model.as_str()))
                .or_else(|| names::meant(home, provider?))
        }
        ("context", Some(_)) => {
            let context = asked.context.as_ref();
            context.and_then(|name| names::meant(home, Given::Context(&asked.agent, name)))
        }
        (_, Some(_) | None) => None,
    };
    meant.map(|name| format!(" Did you mean `{name}`?")).unwrap_or_default()
}

impl Pinged {
    /// Whether no layer failed so far.
    fn passes(&self) -> bool {
        self.layers.iter().all(|layer| layer.ok)
    }

    /// The layer that failed, and why.
    fn failed(&self) -> Option<(&LayerReport, &FailureReport)> {
        self.layers.iter().find_map(|layer| Some((layer, layer.failure.as_ref()?)))
    }

    /// The same for programs.
    fn object(&self) -> Value {
        let Self { asked, target, layers, decision } = self;
        json!({
            "name": format!("{} to {}", asked.agent, asked.model),
            "agent": asked.agent,
            "model": asked.model,
            "context": asked.context,
            "provider": target.as_ref().map(|target| &target.provider),
            "upstream_model": target.as_ref().map(|target| &target.upstream_model),
            "ok": self.passes(),
            "failed": self.failed().map(|(layer, _)| &layer.layer),
            "layers": layers,
            "decision": decision,
        })
    }
}
