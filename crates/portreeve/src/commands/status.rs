//! `portreeve status`: one screen: what serves, under which charter, what is open, what was
//! refused, how fast it is and what runs out. It changes nothing.

mod refusals;
#[cfg(test)]
mod tests;
mod text;

use std::process::ExitCode;

use anyhow::Result;
use serde_json::{Value, json};

use crate::admin_client;
use crate::begun::Begun;
use crate::budgets::{BudgetReport, standing};
use crate::cli::Status;
use crate::home::Home;
use crate::reports::{HealthState, RouteReport};
use crate::tally::Tally;
use crate::traffic::TrafficReport;
use crate::{clock, print};

/// How many refusals are shown, the newest.
const REFUSALS_SHOWN: usize = 5;
/// From which part of a budget's limit on it is shown, in percent.
const BUDGET_SHOWN_FROM: u128 = 80;

/// Everything that is shown.
struct Standing {
    /// What the admin surface says, or the home where nothing serves.
    status: Value,
    findings: Vec<String>,
    /// How many of the findings, from the first, are there from the first run on.
    lasting: usize,
    refusals: Vec<refusals::Refused>,
    /// What went through lately; none where nothing serves.
    traffic: Option<TrafficReport>,
    set_aside: Vec<RouteReport>,
    budgets: Vec<BudgetReport>,
}

/// Prints the status: from the process that serves, or from the home where none does.
pub(crate) async fn run(home: &Home, options: Status) -> Result<ExitCode> {
    let standing = gather(home).await?;
    if options.output.json {
        print::line(&serde_json::to_string_pretty(&object(standing))?);
    } else {
        print::page(text::screen(&standing, options.all).trim_end(), text::LABEL);
    }
    Ok(ExitCode::SUCCESS)
}

async fn gather(home: &Home) -> Result<Standing> {
    let begun = Begun::demand(home)?;
    let current = begun.current()?;
    let bundle = begun.bundle(&current.charter)?;
    let socket = home.admin_socket();
    let live = admin_client::status(&socket).await.ok();
    let (mut traffic, mut routes) = (None, Vec::new());
    let budgets = if live.is_some() {
        // A process that stops meanwhile leaves out what it did not come to say.
        traffic = admin_client::traffic(&socket).await.ok();
        routes = admin_client::routes(&socket).await.unwrap_or_default();
        admin_client::budgets(&socket).await.unwrap_or_default()
    } else if bundle.quotas().is_empty() {
        Vec::new()
    } else {
        // Where the log cannot be read, `portreeve budgets` says why.
        let now = clock::system().now();
        let tally = Tally::of_resting_log(home, now).ok();
        tally.map(|tally| standing(&bundle, &tally.counters(), now)).unwrap_or_default()
    };
    let status = live.unwrap_or_else(|| {
        json!({
            "gateway": begun.state.genesis.gateway,
            "trust_domain": begun.state.genesis.trust_domain,
            "charter": current.charter,
            "change": current.change,
            "since": current.at,
            "genesis": true,
        })
    });
    Ok(Standing {
        status,
        findings: crate::banner::findings(home, &begun, &bundle),
        lasting: crate::banner::lasting(&bundle),
        refusals: refusals::newest(home, REFUSALS_SHOWN)?,
        traffic,
        set_aside: routes.into_iter().filter(is_aside).collect(),
        budgets: budgets.into_iter().filter_map(nearly_used).collect(),
    })
}

fn is_aside(route: &RouteReport) -> bool {
    match route.health.state {
        HealthState::SetAside | HealthState::ProbeDue | HealthState::Probing => true,
        HealthState::Healthy | HealthState::Failing | HealthState::Unknown => false,
    }
}

/// The budget with those of its counters of which little is left; none where there are none.
fn nearly_used(mut budget: BudgetReport) -> Option<BudgetReport> {
    budget.counters.retain(|counter| counter.percent_taken() >= BUDGET_SHOWN_FROM);
    (!budget.counters.is_empty()).then_some(budget)
}

/// The same for programs.
fn object(standing: Standing) -> Value {
    let serving = standing.traffic.is_some() || standing.status.get("listeners").is_some();
    let mut status = standing.status;
    if let Some(fields) = status.as_object_mut() {
        let name = fields.get("gateway").cloned().unwrap_or_default();
        fields.insert("name".to_owned(), name);
        fields.insert("serving".to_owned(), Value::from(serving));
        fields.insert("findings".to_owned(), Value::from(standing.findings));
        fields.insert("refusals".to_owned(), json!(standing.refusals));
        fields.insert("set_aside".to_owned(), json!(standing.set_aside));
        fields.insert("budgets".to_owned(), json!(standing.budgets));
        if let Some(traffic) = standing.traffic {
            let uptime_ms = traffic.now.millis_since(traffic.began);
            fields.insert("started".to_owned(), json!(traffic.began));
            fields.insert("uptime_s".to_owned(), Value::from(uptime_ms / 1_000));
            fields.insert("draining".to_owned(), Value::from(traffic.draining));
            fields.insert("in_flight".to_owned(), Value::from(traffic.in_flight));
            fields.insert("streams".to_owned(), Value::from(traffic.streams));
            fields.insert("traffic".to_owned(), json!(traffic.whole));
        }
    }
    status
}
