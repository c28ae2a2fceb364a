//! The commands, one file each, and the one place that tells them apart.

mod account;
mod agent;
mod budgets;
mod change;
mod check;
mod decisions;
mod explain;
mod help;
mod ids;
mod ledger;
mod ping;
mod policy;
mod replay;
mod routes;
mod schema;
mod secret;
mod signing;
mod status;
mod top;
mod usage;
mod when;

pub(crate) use check::checked;
pub(crate) use schema::write_into as write_schemas;
pub(crate) use secret::store as sealed_store;

use std::process::ExitCode;

use anyhow::Result;

use crate::cli::{Cli, Command};
use crate::home::Home;
use crate::serve;

/// Runs one command.
pub(crate) async fn run(cli: Cli) -> Result<ExitCode> {
    let home = Home::at(cli.home);
    let format = cli.error_format;
    match cli.command {
        Command::Up(up) => serve::up(&home, up).await,
        Command::Check { dir, output } => check::run(&home, dir, output, format),
        Command::Status(status) => status::run(&home, status).await,
        Command::Top(top) => top::run(&home, top).await,
        Command::Ping(ping) => ping::run(&home, ping).await,
        Command::Routes(routes) => routes::run(&home, routes).await,
        Command::Budgets(budgets) => budgets::run(&home, budgets).await,
        Command::Usage(usage) => usage::run(&home, &usage),
        Command::Policy(policy) => policy::run(&home, policy),
        Command::Explain { id, output } => explain::run(&home, &id, output),
        Command::Replay(replay) => replay::run(&home, &replay),
        Command::Decisions(filter) => decisions::run(&home, filter).await,
        Command::Ledger(ledger) => ledger::run(&home, ledger),
        Command::Agent(agent) => agent::run(&home, agent).await,
        Command::Change(change) => change::run(&home, change).await,
        Command::Help { words } => help::run(&words),
        Command::Schema { kind, write } => schema::run(kind.as_deref(), write),
        Command::Secret(secret) => secret::run(&home, secret).await,
    }
}
