//! The binary: command line, roles and wiring. It decides nothing that a crate decides.

mod admin_client;
mod amounts;
mod anchors;
mod banner;
mod begun;
mod budgets;
mod cli;
mod clock;
mod commands;
mod demo;
mod exit;
mod genesis;
mod home;
mod keys;
mod metrics;
mod observing;
mod open;
mod print;
mod probe;
mod remembered;
mod reports;
mod said;
mod serve;
mod settings;
mod signals;
mod tally;
mod traffic;
mod upkeep;
mod usd;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(cause) => {
            print::error(&format!("the runtime cannot be started: {cause}"));
            return ExitCode::from(4);
        }
    };
    match runtime.block_on(commands::run(cli)) {
        Ok(_) if print::output_was_lost() => {
            print::error("standard output could not be written: what was printed is not complete");
            ExitCode::from(4)
        }
        Ok(code) => code,
        Err(error) => {
            let (code, text) = exit::report(&error);
            print::error(&text);
            code
        }
    }
}
