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
const DEMO_MODEL: &str = "portreeve-demo";
/// The real model, as the model server names it.
const REAL_MODEL: &str = "smollm2";
/// The real model, as `e2e/charter` names it for each wire form.
const GOVERNED_MODELS: [&str; 2] = ["real-openai", "real-anthropic"];
/// A model that `e2e/charter` declares and nobody may use.
const NEVER_PERMITTED: &str = "never-permitted";
/// The secret that opens the model server, and its value, which protects nothing.
const REAL_KEY: &str = "real-key";
const REAL_KEY_VALUE: &str = "a-key-that-opens-a-test-server-only";

/// Where a run happens and what it uses.
#[derive(Debug, Clone, Copy)]
struct Stage<'a> {
    place: &'a Place,
    python: &'a Python,
    folder: &'a Path,
}

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
    let stage = Stage { place, python, folder: folder.path() };
    let mut upstream = None;
    let bare = tally.step("end to end: the drivers against the bare model", || {
        let server = upstream.insert(start_model(&stage)?);
        let through = Through::Nothing(&server.url(), REAL_KEY_VALUE);
        drive_both(&stage, through, [REAL_MODEL; 2], None)
    });
    let mut gateway = None;
    let demo = tally.step("end to end: the gateway before its demo provider", || {
        let gateway = gateway.insert(Gateway::start(place, folder.path())?);
        drive_both(&stage, Through::Gateway(gateway), [DEMO_MODEL; 2], None)
    });
    const REAL: &str = "end to end: the gateway before the real model";
    let mut real = Verdict::Failed;
    match (&upstream, &gateway) {
        (Some(upstream), Some(gateway)) => {
            real = tally.step(REAL, || before_the_real_model(&stage, gateway, upstream));
        }
        _ => tally.not_run(REAL, "the gateway or the model did not start"),
    }
    let mut stopped = Verdict::Failed;
    if let Some(gateway) = gateway {
        let stops = "end to end: the gateway stops, and its ledger verifies";
        stopped = tally.step(stops, || gateway.stop_and_verify());
    }
    if [bare, demo, real, stopped].contains(&Verdict::Failed) {
        println!("the home and the logs are kept in {}", folder.keep().display());
    }
}

fn start_model(stage: &Stage<'_>) -> Result<Server> {
    let mut command = stage.python.interpreter();
    command.arg(stage.place.root.join("e2e/model_server.py")).env("MODEL_KEY", REAL_KEY_VALUE);
    Server::start("the model", &mut command, stage.folder.join("model.log"))
}

/// Declares the real model by a change, seals its key, and drives the gateway in front of it.
fn before_the_real_model(stage: &Stage<'_>, gateway: &Gateway, upstream: &Server) -> Result<Count> {
    gateway.apply(&stage.place.root.join("e2e/charter"), &upstream.url())?;
    println!("ok   a change that declares two providers was applied");
    gateway.seal(REAL_KEY, REAL_KEY_VALUE)?;
    println!("ok   the providers' key was sealed");
    let through = Through::Gateway(gateway);
    let driven = drive_both(stage, through, GOVERNED_MODELS, Some(NEVER_PERMITTED))?;
    Ok(driven + Count { passed: 2, failed: 0 })
}

fn drive_both(
    stage: &Stage<'_>,
    through: Through<'_>,
    models: [&str; 2],
    never_permitted: Option<&str>,
) -> Result<Count> {
    let runs = [OPENAI, ANTHROPIC].into_iter().zip(models);
    let mut count = Count::default();
    for (script, model) in runs {
        count = count + drive(stage, through, Driver { script, model, never_permitted })?;
    }
    Ok(count)
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
