//! `portreeve budgets`: every budget with what is held, used and left of it, when it begins anew
//! and who can raise it. It changes nothing.

mod text;

use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::admin_client;
use crate::begun::Begun;
use crate::budgets::{BudgetReport, standing};
use crate::cli::Budgets;
use crate::exit::Failure;
use crate::home::Home;
use crate::tally::Tally;
use crate::{clock, print};

/// Prints the budgets: as the process that serves counts them, or as the log tells where none
/// does.
pub(crate) async fn run(home: &Home, options: Budgets) -> Result<ExitCode> {
    let mut budgets = match admin_client::budgets(&home.admin_socket()).await {
        Ok(live) => live,
        Err(_) => resting(home)?,
    };
    if let Some(name) = &options.name {
        if !budgets.iter().any(|budget| budget.name == *name) {
            let names = budgets.iter().map(|budget| budget.name.as_str());
            return Err(Failure::undeclared("budget", name.as_str(), names).into());
        }
        budgets.retain(|budget| budget.name == *name);
    }
    if options.output.json {
        print::line(&serde_json::to_string_pretty(&budgets)?);
    } else if budgets.is_empty() {
        print::line("the charter in force declares no budgets");
    } else {
        let all: Vec<String> = budgets.iter().map(text::budget).collect();
        print::line(all.join("\n").trim_end());
    }
    let used_up = budgets.iter().any(BudgetReport::is_used_up);
    Ok(if used_up { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// What the log of a gateway that does not serve says.
fn resting(home: &Home) -> Result<Vec<BudgetReport>> {
    let begun = Begun::demand(home)?;
    let bundle = begun.bundle(&begun.current()?.charter)?;
    let now = clock::system().now();
    let tally = Tally::of_resting_log(home, now).context("the decision log cannot be read")?;
    Ok(standing(&bundle, &tally.counters(), now))
}
