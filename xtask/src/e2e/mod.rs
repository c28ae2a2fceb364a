//! The end-to-end tests: the real binary, the vendors' own SDKs, and a real model.
//!
//! First the drivers meet the bare model server, which shows that they demand nothing a real
//! upstream does not give. Then they meet the gateway in front of its demo provider, and last
//! the gateway in front of the real model. Everything listens on loopback and ends with the run.

mod drivers;
mod gateway;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::Verdict;
use crate::count::Count;
use crate::place::Place;
use crate::python::{MODEL, Python, SDKS};
use crate::server::Server;
use crate::tally::Tally;
use crate::test::build_binaries;
use drivers::{ANTHROPIC, Driver, OPENAI, Through, drive};
use gateway::Gateway;

/// The model of the demo provider, in the charter of a first run; it speaks both wire forms.
const DEMO_MODEL: &str = "demo";
/// The real model, as the model server names it.
const REAL_MODEL: &str = "smollm2";

/// Installs what is needed, builds, and runs the end-to-end tests alone.
pub(crate) fn run_alone() -> Result<Verdict> {
    let place = Place::find()?;
    let mut tally = Tally::default();
    let mut python = None;
    tally.step("packages", || {
        python = Some(Python::with(&place, &[SDKS, MODEL])?);
        Ok(Count::PASSED)
    });
    let built = tally.step("build", || build_binaries(&place));
    match python {
        Some(python) if built == Verdict::Passed => run(&place, &python, &mut tally),
        _ => tally.not_run("end to end", "a package or the binary is missing"),
    }
    Ok(tally.finish())
}

/// Runs the end-to-end tests as steps of `tally`.
pub(crate) fn run(place: &Place, python: &Python, tally: &mut Tally) {
    let folder = match TempDir::new() {
        Ok(folder) => folder,
        Err(error) => {
            return tally.not_run("end to end", &format!("no temporary folder: {error}"));
        }
    };
    let mut upstream = None;
    let bare = tally.step("end to end: the drivers against the bare model", || {
        let server = upstream.insert(start_model(place, python, folder.path())?);
        let through = Through::Nothing(server.url());
        drive_both(place, python, &through, [REAL_MODEL, REAL_MODEL])
    });
    let mut gateway = None;
    let demo = tally.step("end to end: the gateway before its demo provider", || {
        let gateway = gateway.insert(Gateway::start(place, folder.path())?);
        let through = Through::Gateway(gateway);
        drive_both(place, python, &through, [DEMO_MODEL, DEMO_MODEL])
    });
    const REAL: &str = "end to end: the gateway before the real model";
    match (&upstream, &gateway) {
        (Some(upstream), Some(gateway)) => {
            tally.step(REAL, || {
                gateway.apply(&place.root.join("e2e/charter"), &upstream.url())?;
                let through = Through::Gateway(gateway);
                drive_both(place, python, &through, ["real-openai", "real-anthropic"])
            });
        }
        _ => tally.not_run(REAL, "the gateway or the model did not start"),
    }
    if let Some(gateway) = gateway {
        let stops = "end to end: the gateway stops, and its ledger verifies";
        let stopped = tally.step(stops, || gateway.stop_and_verify());
        if [bare, demo, stopped].contains(&Verdict::Failed) {
            keep(folder);
        }
    }
}

fn start_model(place: &Place, python: &Python, folder: &Path) -> Result<Server> {
    let mut command = python.interpreter();
    command.arg(place.root.join("e2e/model_server.py"));
    Server::start("the model", &mut command, folder.join("model.log"))
}

fn drive_both(
    place: &Place,
    python: &Python,
    through: &Through<'_>,
    models: [&str; 2],
) -> Result<Count> {
    let runs = [OPENAI, ANTHROPIC].into_iter().zip(models);
    let mut count = Count::default();
    for (driver, model) in runs {
        count = count + drive(place, python, through, &Driver { script: driver, model })?;
    }
    Ok(count)
}

/// Leaves the home and the logs where a person can look at them.
fn keep(folder: TempDir) {
    println!("the home and the logs are kept in {}", folder.keep().display());
}

/// Copies a folder of text files, with `{{UPSTREAM}}` replaced.
fn copy_filled(from: &Path, to: &Path, upstream: &str) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    let entries = fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))?;
    for entry in entries {
        let entry = entry.context("cannot read a folder")?;
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_filled(&path, &to, upstream)?;
            continue;
        }
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        fs::write(&to, text.replace("{{UPSTREAM}}", upstream))
            .with_context(|| format!("cannot write {}", to.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_copied_over_another_with_the_upstream_filled_in() {
        let folder = TempDir::new().expect("a temporary folder");
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("a")).expect("made");
        fs::create_dir_all(&to).expect("made");
        fs::write(from.join("a/b.yaml"), "url: {{UPSTREAM}}/v1\n").expect("written");
        fs::write(to.join("kept"), "as it is").expect("written");
        copy_filled(&from, &to, "http://127.0.0.1:9").expect("copied");
        let read = |path: &str| fs::read_to_string(to.join(path)).expect("readable");
        assert_eq!(read("a/b.yaml"), "url: http://127.0.0.1:9/v1\n");
        assert_eq!(read("kept"), "as it is");
    }
}
