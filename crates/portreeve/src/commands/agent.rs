//! `portreeve agent`: the agents of the charter in force, and tokens for them.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use approval::{Object, Verb};
use bundle::{Bundle, Context, LimitFacts};
use govern::admin::PostedPayload;
use model::ContextName;
use serde_json::{Value, json};

use crate::admin_client;
use crate::begun::Begun;
use crate::cli::{Agent, Signing};
use crate::commands::signing::signer;
use crate::exit::Failure;
use crate::home::Home;
use crate::names::{self, Given};
use crate::{print, usd};

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
            let all = agents(home)?;
            let named = |agent: &Value| agent.get("name").and_then(Value::as_str) == Some(&name);
            let Some(agent) = all.iter().find(|agent| named(agent)) else {
                let names = all.iter().filter_map(|agent| agent.get("name")?.as_str());
                return Err(Failure::undeclared("agent", &name, names).into());
            };
            if output.json {
                print::line(&serde_json::to_string_pretty(agent)?);
            } else {
                show(agent);
            }
            Ok(ExitCode::SUCCESS)
        }
        Agent::Token { name, context, signing } => {
            token(home, wanted(&name, context.as_deref())?, &signing).await
        }
    }
}

/// Prints the token and nothing else, so that a shell can capture it.
async fn token(home: &Home, wanted: Object, signing: &Signing) -> Result<ExitCode> {
    let (_, signer) = signer(home, signing)?;
    let signed = signer.sign(Verb::AgentToken, wanted.clone())?;
    let answer = admin_client::post(&home.admin_socket(), &signed, PostedPayload::None {}).await;
    let answer = answer.map_err(|error| match &wanted {
        Object::Agent(agent) => names::asked_about(home, error, &[Given::Agent(agent.as_str())]),
        Object::AgentContext { agent, context } => {
            let given = [Given::Agent(agent.as_str()), Given::Context(agent, context)];
            names::asked_about(home, error, &given)
        }
        Object::Charter(_) | Object::Secret { .. } => error,
    })?;
    let token = answer.get("token").and_then(Value::as_str).context("the answer has no token")?;
    print::line(token);
    Ok(ExitCode::SUCCESS)
}

/// Whose token is wanted, and bound to which context, as the act says it.
fn wanted(agent: &str, context: Option<&str>) -> Result<Object> {
    let agent = agent.parse().map_err(|cause| Failure::name(&cause))?;
    let context = context.map(str::parse).transpose();
    Ok(match context.map_err(|cause| Failure::name(&cause))? {
        None => Object::Agent(agent),
        Some(context) => Object::AgentContext { agent, context },
    })
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
                "cost_center": agent.cost_center,
                "context_required": agent.context_required,
                "contexts": contexts(&bundle, agent),
                "limits": limits(&bundle, agent),
            })
        })
        .collect())
}

/// The approved contexts the agent is bound to, each with what a person must know of it.
fn contexts(bundle: &Bundle, agent: &bundle::Agent) -> Vec<Value> {
    let bound = agent.contexts.iter().filter_map(|name| bundle.context(name));
    let one = |context: &Context| {
        json!({
            "name": context.name,
            "purpose": context.purpose,
            "data_class": context.data_class.as_str(),
            "models": context.models,
            "until": context.until,
            "owner": context.owner,
        })
    };
    bound.map(one).collect()
}

/// The limits its calls are held against: those of every call, then those of each context.
fn limits(bundle: &Bundle, agent: &bundle::Agent) -> Vec<Value> {
    let name = &agent.facts.name;
    let always = bundle.limits(name, None);
    let mut all: Vec<Value> = always.iter().map(|limit| object(limit, None)).collect();
    for context in &agent.contexts {
        let within = bundle.limits(name, Some(context));
        let own = within.iter().filter(|limit| !always.contains(limit));
        all.extend(own.map(|limit| object(limit, Some(context))));
    }
    all
}

fn object(limit: &LimitFacts, context: Option<&ContextName>) -> Value {
    json!({
        "quota": limit.key.quota,
        "what": limit.key.measure,
        "per": limit.key.per,
        "at_most": limit.at_most,
        "each_agent": limit.key.agent.is_some(),
        "context": context,
        "owner": limit.owner,
    })
}

/// One agent as text: a line for each fact, for each context and for each limit.
fn show(agent: &Value) {
    for (key, value) in agent.as_object().into_iter().flatten() {
        match value.as_array() {
            None if value.is_null() => {}
            None => print::line(&format!("{key:16} {}", print::value(value))),
            Some(rows) if rows.is_empty() => print::line(&format!("{key:16} none")),
            Some(rows) => {
                let rows =
                    rows.iter().map(|row| if key == "limits" { limit(row) } else { context(row) });
                for (label, row) in
                    std::iter::once(key.as_str()).chain(std::iter::repeat("")).zip(rows)
                {
                    print::line(&format!("{label:16} {row}"));
                }
            }
        }
    }
}

fn context(context: &Value) -> String {
    let text = |key: &str| context.get(key).map(print::value).unwrap_or_default();
    let until = context.get("until").and_then(Value::as_str);
    let until = until.map(|until| format!(", until {until}")).unwrap_or_default();
    format!(
        "{}  {} ({} data{until}; {})",
        text("name"),
        text("purpose"),
        text("data_class"),
        text("owner")
    )
}

fn limit(limit: &Value) -> String {
    let text = |key: &str| limit.get(key).map(print::value).unwrap_or_default();
    let at_most = limit.get("at_most").and_then(Value::as_u64).unwrap_or(0);
    let amount = match limit.get("what").and_then(Value::as_str) {
        Some("money") => format!("{} USD", usd::plain(at_most.into())),
        _ => format!("{at_most} {}", text("what")),
    };
    let each = if limit.get("each_agent") == Some(&Value::Bool(true)) { ", its own" } else { "" };
    let context = limit.get("context").and_then(Value::as_str);
    let context = context.map(|name| format!(", in context {name}")).unwrap_or_default();
    format!("{}  {amount} per {}{each}{context} ({})", text("quota"), text("per"), text("owner"))
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
