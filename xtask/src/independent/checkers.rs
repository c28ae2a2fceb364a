//! The four checkers: each says whether it accepts or refuses, or that it could not check.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::command::{Finished, Show, output_of, run};
use crate::place::Place;
use crate::python::Python;

/// One check; the largest log takes the Python one some seconds.
const CHECK_LIMIT: Duration = Duration::from_secs(300);
/// Building the Go program, the first time with Go's standard library.
const BUILD_LIMIT: Duration = Duration::from_secs(600);
/// Where Debian keeps Go's library sources: no module is downloaded.
const GOPATH: &str = "/usr/share/gocode";

/// Who checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Checker {
    /// Our auditor's program.
    Verify,
    /// The gateway's own command, which also holds the log against the control log.
    LedgerVerify,
    /// aics-tlog.
    Python,
    /// Go's checksum-database code.
    Go,
}

/// What a checker said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) accepted: bool,
    /// Its words.
    pub(super) words: String,
}

/// What is to be checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    /// The home the log stands in.
    pub(super) home: &'a Path,
    /// The log's public key, which came another way.
    pub(super) key: &'a Path,
    /// Checkpoints of it that somebody kept.
    pub(super) kept: &'a [PathBuf],
}

/// All of them, built.
#[derive(Debug)]
pub(super) struct Checkers {
    verify: PathBuf,
    portreeve: PathBuf,
    python: Python,
    script: PathBuf,
    go: PathBuf,
}

impl Checker {
    /// All of them.
    pub(super) const ALL: [Self; 4] = [Self::Verify, Self::LedgerVerify, Self::Python, Self::Go];
    /// Those that know nothing but the log's folder and its key.
    pub(super) const OF_A_FOLDER: [Self; 3] = [Self::Verify, Self::Python, Self::Go];
}

impl fmt::Display for Checker {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Verify => "portreeve-verify",
            Self::LedgerVerify => "portreeve ledger verify",
            Self::Python => "aics-tlog",
            Self::Go => "Go sumdb",
        })
    }
}

impl Checkers {
    /// Builds the Go program into the cache, from its source here and Debian's library.
    pub(super) fn build(place: &Place, python: &Python) -> Result<Self> {
        let source = place.root.join("e2e/ledger/check.go");
        let go = place.cache.join("check-log");
        let mut build = Command::new("go");
        build.env("GOPATH", GOPATH).env("GO111MODULE", "off").env("GOFLAGS", "");
        build.env("GOCACHE", place.cache.join("go")).env("CGO_ENABLED", "0");
        build.args(["build", "-o"]).arg(&go).arg(&source);
        println!("building {} with Debian's Go and x/mod", place.shown(&source));
        output_of(&mut build, BUILD_LIMIT).context("the Go checker cannot be built")?;
        Ok(Self {
            verify: place.binary("portreeve-verify"),
            portreeve: place.binary("portreeve"),
            python: python.clone(),
            script: place.root.join("e2e/ledger/check.py"),
            go,
        })
    }

    /// What `checker` says of a log.
    pub(super) fn check(&self, checker: Checker, subject: Subject<'_>) -> Result<Said> {
        let Subject { home, key, kept } = subject;
        let log = home.join("logs/decisions");
        let mut command = match checker {
            Checker::Verify => {
                let mut command = Command::new(&self.verify);
                command.arg("log").arg(&log).arg("--vkey").arg(key);
                for kept in kept {
                    command.arg("--seen").arg(kept);
                }
                command
            }
            Checker::LedgerVerify => {
                let mut command = Command::new(&self.portreeve);
                command.env_clear().env("HOME", home).env("NO_COLOR", "1");
                command.arg("--home").arg(home).args(["ledger", "verify"]);
                command
            }
            Checker::Python | Checker::Go => {
                let mut command = self.foreign(checker);
                command.arg("log").arg(&log).arg(key).args(kept);
                command
            }
        };
        said(checker, run(&mut command, CHECK_LIMIT, Show::Nothing)?)
    }

    /// What `checker` says of a proof that carries its entry.
    pub(super) fn check_proof(&self, checker: Checker, file: &Path, key: &Path) -> Result<Said> {
        let mut command = match checker {
            Checker::Verify | Checker::LedgerVerify => {
                let mut command = Command::new(&self.verify);
                command.arg("proof").arg(file).arg("--vkey").arg(key);
                command
            }
            Checker::Python | Checker::Go => {
                let mut command = self.foreign(checker);
                command.arg("proof").arg(file).arg(key);
                command
            }
        };
        said(checker, run(&mut command, CHECK_LIMIT, Show::Nothing)?)
    }

    fn foreign(&self, checker: Checker) -> Command {
        if checker == Checker::Go {
            return Command::new(&self.go);
        }
        let mut command = self.python.interpreter();
        command.arg(&self.script);
        command
    }
}

/// 0 accepts and 1 refuses; anything else is no verdict.
fn said(checker: Checker, finished: Finished) -> Result<Said> {
    ensure!(!finished.output.contains('\r'), "{checker} drew a bar where nobody sees it");
    let words = finished.output.trim_end().replace('\n', " / ");
    match finished.code {
        Some(0) => Ok(Said { accepted: true, words }),
        Some(1) => Ok(Said { accepted: false, words }),
        code => bail!("{checker} gave no verdict (exit {code:?}): {words}"),
    }
}
