//! What to do about a layer that fails: the next command, and the page to read.

use crate::probe::{FailureReport, ProbeAsked};

/// Adds to `failure`, met at `layer`, what to do next.
pub(super) fn advise(asked: &ProbeAsked, layer: &str, failure: &mut FailureReport) {
    let ProbeAsked { agent, model, .. } = asked;
    let secret = failure.secret.as_deref().unwrap_or_default();
    let (next, page) = match (layer, failure.code.as_str()) {
        ("gateway", _) => ("portreeve status".to_owned(), "docs/guide/operating.md"),
        ("agent", "agent_unknown") => ("portreeve agent list".to_owned(), "docs/guide/agents.md"),
        ("agent" | "token", _) => (format!("portreeve agent show {agent}"), "docs/guide/agents.md"),
        ("model", "model_unknown") => ("portreeve routes".to_owned(), "docs/guide/models.md"),
        ("context", _) => (format!("portreeve agent show {agent}"), "docs/guide/contexts.md"),
        ("policy", _) => ("portreeve policy list".to_owned(), "docs/reference/policy.md"),
        ("quota", _) => ("portreeve budgets".to_owned(), "docs/guide/budgets.md"),
        ("secret", _) => (format!("portreeve secret status {secret}"), "docs/guide/providers.md"),
        ("model" | "network" | "upstream", _) => {
            (format!("portreeve routes {model}"), "docs/guide/providers.md")
        }
        // The call itself: its decision, which is told beside it, says more.
        _ => ("portreeve decisions --limit 5".to_owned(), "docs/reference/refusals.md"),
    };
    failure.next = Some(next.trim_end().to_owned());
    failure.page = Some(page.to_owned());
}
