//! Independent checks: programs that nobody here wrote check what ours wrote. A validator of JSON
//! Schema holds the charter's schemas against files; the rest is about the log.
//!
//! The real binary writes logs of growing sizes. Four checkers accept them: `portreeve-verify`,
//! `portreeve ledger verify`, aics-tlog (Python) and Go's own checksum-database code. Then each
//! of a list of tamperings is made in a copy that all of them have just accepted, and each of
//! them must refuse it. Where a tampering cannot be seen from the log alone, that is asserted
//! too, and who sees it.

mod cases;
mod checkers;
mod homes;
mod schemas;
mod tamper;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::Verdict;
use crate::count::Count;
use crate::place::Place;
use crate::python::{LEDGER, Python, SCHEMAS};
use crate::system;
use crate::tally::Tally;
use crate::test::build_binaries;
use checkers::Checkers;
use homes::Homes;

/// Installs what is needed, builds, and runs these checks alone.
pub(crate) fn run_alone() -> Result<Verdict> {
    let place = Place::find()?;
    let mut tally = Tally::default();
    tally.step("programs of the system", system::install_missing);
    let mut python = None;
    tally.step("packages", || {
        python = Some(Python::with(&place, &[LEDGER, SCHEMAS])?);
        Ok(Count::PASSED)
    });
    let built = tally.step("build", || build_binaries(&place));
    match python {
        Some(python) if built == Verdict::Passed => run(&place, &python, &mut tally),
        _ => tally.not_run("independent checks of the log", "a package or the binary is missing"),
    }
    Ok(tally.finish())
}

/// Runs them as steps of `tally`.
pub(crate) fn run(place: &Place, python: &Python, tally: &mut Tally) {
    tally.step("independent checks: the schemas take what the readers take", || {
        schemas::sound(place, python)
    });
    tally.step("independent checks: the schemas refuse the mistakes that they can see", || {
        schemas::mistaken(place, python)
    });
    let folder = match TempDir::new() {
        Ok(folder) => folder,
        Err(error) => {
            return tally.not_run("independent checks of the log", &format!("no folder: {error}"));
        }
    };
    let mut ready = None;
    tally.step("independent checks: logs to check, and who checks them", || {
        let checkers = Checkers::build(place, python)?;
        let homes = Homes::make(place, folder.path())?;
        ready = Some((checkers, homes));
        Ok(Count::PASSED)
    });
    let Some((checkers, homes)) = ready else {
        return tally.not_run("independent checks of the log", "there is nothing to check");
    };
    let bench = Bench { checkers, homes, scratch: folder.path().join("scratch") };
    let verdicts = [
        tally.step("independent checks: the schemas take the charter of a first run", || {
            schemas::first_run(place, python, &bench.homes.last().join("charter"))
        }),
        tally.step("independent checks: what the real binary wrote", || cases::accepted(&bench)),
        tally.step("independent checks: tampering that the log shows", || cases::shown(&bench)),
        tally.step("independent checks: forged tile and bundle (CVE-2026-56865)", || {
            cases::forged(&bench)
        }),
        tally.step("independent checks: rolled back, and forked with the log's own key", || {
            cases::rewritten(&bench)
        }),
        tally.step("independent checks: proofs", || cases::proofs(&bench)),
    ];
    if verdicts.contains(&Verdict::Failed) {
        println!("the logs are kept in {}", folder.keep().display());
    }
}

/// What the cases work with.
struct Bench {
    checkers: Checkers,
    homes: Homes,
    scratch: PathBuf,
}

impl Bench {
    /// An empty folder for a copy; what was there is gone.
    fn fresh(&self) -> Result<PathBuf> {
        if self.scratch.exists() {
            std::fs::remove_dir_all(&self.scratch).context("cannot empty the scratch folder")?;
        }
        Ok(self.scratch.clone())
    }
}
