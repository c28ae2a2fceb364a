//! The reference page of the metrics, written from the catalogue.

use crate::catalogue::{ALL, Kind};

/// `docs/reference/metrics.md`.
#[must_use]
pub fn reference_page() -> String {
    let mut text = String::from(HEAD);
    for metric in ALL {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        text.push_str(&format!(
            "| `{}` | {} | {} | {} |\n",
            metric.name,
            metric.kind.as_str(),
            labels.join(", "),
            metric.help
        ));
    }
    text.push_str("\n## Buckets\n\n| histogram | upper bounds |\n|---|---|\n");
    for metric in ALL {
        if let Kind::Histogram(buckets) = metric.kind {
            let bounds: Vec<String> = buckets.iter().map(ToString::to_string).collect();
            text.push_str(&format!("| `{}` | {} |\n", metric.name, bounds.join(", ")));
        }
    }
    text
}

const HEAD: &str = "\
<!-- Generated from crates/telemetry/src/catalogue.rs by `cargo xtask docs`. Do not edit. -->
# Metrics

`GET /metrics` on the admin socket, and on a listener of the surface `metrics` where the settings
declare one, answers in Prometheus's text format. [The guide](../guide/observe.md) shows how to
read, draw and alert on them.

Labels come from closed sets or from the charter: operations, wire forms, codes of
[refusals](refusals.md), models, providers, secrets and budgets. A model that the charter in force
does not declare is `unknown`, where no model is asked for it is `none`, and beyond 1,000 names of
a kind new ones are `other`. Agents become labels only of the `portreeve_agent_` metrics, and only
where the settings say so. A series appears with its first event.

| metric | kind | labels | meaning |
|---|---|---|---|
";
