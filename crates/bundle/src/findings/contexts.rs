//! Findings about contexts, and about who is to call in one or to be charged.

use model::Timestamp;

use super::{CONTEXT_WARNED_DAYS, Finding, day, days_ms, finding};
use crate::Bundle;
use crate::compiled::{Agent, Model};
use crate::context::Context;

/// Whether a model that must be used in a context can be.
pub(super) fn of_model(bundle: &Bundle, model: &Model) -> Option<Finding> {
    let name = &model.facts.name;
    let covered = bundle.contexts().any(|context| context.covers_model(name));
    (model.context_required && !covered).then(|| {
        let what = format!("model `{name}` must be used in a context, and no context covers it");
        let help = "propose a context that covers it, or a change of `context_required`";
        finding("model-without-context", what, &model.facts.owner, help)
    })
}

/// Whether a context ends or has ended, and on whose approval it stands.
pub(super) fn of_context(bundle: &Bundle, context: &Context, now: Timestamp) -> Vec<Finding> {
    let name = &context.name;
    let mut found = Vec::new();
    let help = "propose a change that prolongs it, if its approver agrees, or that removes it";
    match context.until {
        Some(until) if until <= now => {
            let what = format!("context `{name}` ended with {}", last_day(until));
            found.push(finding("context-ended", what, &context.owner, help));
        }
        Some(until) if until.millis_since(now) <= days_ms(CONTEXT_WARNED_DAYS) => {
            let what = format!("context `{name}` ends with {}", last_day(until));
            found.push(finding("context-ending", what, &context.owner, help));
        }
        Some(_) | None => {}
    }
    let approves = |agent: &&Agent| agent.owner == context.approver;
    let bound = context.agents.iter().filter_map(|agent| bundle.agent(agent));
    if let Some(agent) = bound.into_iter().find(approves) {
        let what = format!(
            "context `{name}` stands on the approval of {}, which answers for agent `{}` as well",
            context.approver, agent.facts.name
        );
        let help = "let a seat approve it that answers for none of its agents";
        found.push(finding("context-self-approved", what, &context.owner, help));
    }
    found
}

/// The day before an instant that begins one.
fn last_day(until: Timestamp) -> String {
    day(until.plus_millis(-1))
}

/// Whether an agent can call at all, and whether somebody pays for it.
pub(super) fn of_agent(bundle: &Bundle, agent: &Agent, now: Timestamp) -> Vec<Finding> {
    let name = &agent.facts.name;
    let mut found = Vec::new();
    let lasts = |context: &Context| context.until.is_none_or(|until| now < until);
    let mut own = agent.contexts.iter().filter_map(|name| bundle.context(name));
    if agent.context_required && !own.any(lasts) {
        let what =
            format!("agent `{name}` must call in a context, and is bound to none that lasts");
        let help = "propose a context for it, or a change of `context_required`";
        found.push(finding("agent-without-context", what, &agent.owner, help));
    }
    let allocated = bundle.agents().any(|other| other.cost_center.is_some());
    if allocated && agent.cost_center.is_none() {
        let what = format!("calls of agent `{name}` are charged to no cost centre");
        let help =
            "write `cost_center` at its owner's seat, or at the accountable one, in people.yaml";
        found.push(finding("agent-unallocated", what, &agent.owner, help));
    }
    found
}
