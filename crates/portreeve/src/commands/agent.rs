//! `portreeve agent`: the agents of the charter in force, and tokens for them.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use approval::{Object, Verb};
use govern::admin::PostedPayload;
use serde_json::{Value, json};

use crate::admin_client;
use crate::begun::Begun;
use crate::cli::{Agent, Signing};
use crate::commands::signing::signer;
use crate::exit::Failure;
use crate::home::Home;
use crate::print;

/// Runs one of the agents' commands.
pub(crate) async fn run(home: &Home, command: Agent) -> Result<ExitCode> {
    match command {
        Agent::List(output) => {
            let all = agents(home)?;
            if output.json {
                print::line(&serde_json::to_string_pretty(&all)?);
            } else {
                for agent in &all {
                    print::line(&line(agent));
                }
            }
            Ok(ExitCode::SUCCESS)
        }
        Agent::Show { name, output } => {
            let agent = agents(home)?
                .into_iter()
                .find(|agent| agent.get("name").and_then(Value::as_str) == Some(&name))
                .ok_or_else(|| {
                    Failure::denied(format!("the charter in force declares no agent {name}"))
                })?;
            if output.json {
                print::line(&serde_json::to_string_pretty(&agent)?);
            } else {
                for (key, value) in agent.as_object().into_iter().flatten() {
                    print::line(&format!("{key:12} {}", print::value(value)));
                }
            }
            Ok(ExitCode::SUCCESS)
        }
        Agent::Token { name, signing } => token(home, &name, &signing).await,
    }
}

/// Prints the token and nothing else, so that a shell can capture it.
async fn token(home: &Home, name: &str, signing: &Signing) -> Result<ExitCode> {
    let name = name.parse().map_err(|cause| Failure::usage(format!("{cause}")))?;
    let (_, signer) = signer(home, signing)?;
    let signed = signer.sign(Verb::AgentToken, Object::Agent(name))?;
    let answer = admin_client::post(&home.admin_socket(), &signed, PostedPayload::None {}).await?;
    let token = answer.get("token").and_then(Value::as_str).context("the answer has no token")?;
    print::line(token);
    Ok(ExitCode::SUCCESS)
}

fn agents(home: &Home) -> Result<Vec<Value>> {
    let begun = Begun::demand(home)?;
    let bundle = begun.bundle(&begun.current()?.charter)?;
    Ok(bundle
        .agents()
        .map(|agent| {
            json!({
                "name": agent.facts.name,
                "purpose": agent.purpose,
                "environment": agent.facts.environment,
                "status": if agent.active { "active" } else { "suspended" },
                "epoch": agent.epoch,
                "owner": agent.owner,
                "answered_by": bundle.holder(&agent.owner),
                "team": agent.facts.team,
                "autonomy": agent.facts.autonomy,
                "data_class": agent.facts.data_class.as_str(),
                "review_by": agent.review_by,
                "identity": agent.facts.trust_domain,
            })
        })
        .collect())
}

fn line(agent: &Value) -> String {
    let text = |key: &str| agent.get(key).map(print::value).unwrap_or_default();
    format!(
        "{:24} {:8} {:10} {}  {}",
        text("name"),
        text("environment"),
        text("status"),
        text("owner"),
        text("purpose")
    )
}
