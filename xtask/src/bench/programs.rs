//! The programs of a run: built as users run them, or taken from the tests.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::command::{Show, run};
use crate::place::{Place, environment};

/// How long building may take, cold, on a slow machine.
const BUILD_LIMIT: Duration = Duration::from_secs(3_600);

/// Where they are.
#[derive(Debug, Clone)]
pub(super) struct Programs {
    pub(super) portreeve: PathBuf,
    pub(super) lab: PathBuf,
    /// The auditor's program.
    pub(super) verify: PathBuf,
    /// What measures decisions alone.
    pub(super) policy: PathBuf,
    /// What measures the ledger alone.
    pub(super) ledger: PathBuf,
    /// Where nginx is, if it is installed.
    pub(super) nginx: Option<PathBuf>,
}

impl Programs {
    /// Builds them, optimised.
    pub(super) fn build(place: &Place) -> Result<Self> {
        let builds: [&[&str]; 4] = [
            &["-p", "portreeve", "-p", "portreeve-verify"],
            &["-p", "testkit", "--bin", "lab"],
            &["-p", "ledger", "--example", "throughput"],
            &["-p", "policy", "--example", "decide"],
        ];
        for build in builds {
            let mut command = place.cargo();
            command.args(["build", "--release", "--locked"]).args(build);
            let finished = run(&mut command, BUILD_LIMIT, Show::Lines)?;
            ensure!(finished.success, "the build failed");
        }
        Ok(Self::found(&place.target.join("release")))
    }

    /// Those that the tests have built.
    pub(super) fn of_tests(place: &Place) -> Self {
        Self::found(&place.target.join("debug"))
    }

    fn found(folder: &Path) -> Self {
        let path = environment("PATH").unwrap_or_default();
        // Debian puts it where only an administrator's PATH leads.
        let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
        let nginx = folders.map(|folder| folder.join("nginx")).find(|file| file.is_file());
        if nginx.is_none() {
            println!("nginx is not installed: nothing is compared with it");
        }
        let [portreeve, verify, lab, policy, ledger] =
            ["portreeve", "portreeve-verify", "lab", "examples/decide", "examples/throughput"]
                .map(|name| folder.join(name));
        Self { portreeve, lab, verify, policy, ledger, nginx }
    }
}
