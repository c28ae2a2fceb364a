//! The Python drivers: one process for each vendor's SDK, one printed line for each check.

use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::Stage;
use super::gateway::Gateway;
use crate::command::{Show, run};
use crate::count::{Count, driver as count_lines};

/// The OpenAI SDK's driver.
pub(super) const OPENAI: &str = "openai_driver.py";
/// The Anthropic SDK's driver.
pub(super) const ANTHROPIC: &str = "anthropic_driver.py";

/// How long one driver may take: some dozens of calls to a small model on a slow machine.
const DRIVER_LIMIT: Duration = Duration::from_secs(300);

/// A driver and what it asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Driver<'a> {
    /// The script under `e2e/`.
    pub(super) script: &'static str,
    /// The model, as the client names it.
    pub(super) model: &'a str,
    /// A model that is declared and that no policy permits, where there is one.
    pub(super) never_permitted: Option<&'a str>,
}

/// What a driver talks to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Through<'a> {
    /// The upstream itself, at a URL and with the key it demands: nobody makes a decision.
    Nothing(&'a str, &'static str),
    /// The gateway.
    Gateway(&'a Gateway),
}

/// Runs one driver to its end and counts its lines.
pub(super) fn drive(stage: &Stage<'_>, through: Through<'_>, driver: Driver<'_>) -> Result<Count> {
    let mut command = stage.python.interpreter();
    command.arg(stage.place.root.join("e2e").join(driver.script)).args(["--model", driver.model]);
    // A fresh token for each driver: it lives for minutes only.
    let (url, token) = match through {
        Through::Nothing(url, key) => {
            command.arg("--bare");
            (url.to_owned(), key.to_owned())
        }
        Through::Gateway(gateway) => (gateway.url(), gateway.token()?),
    };
    let file = stage.folder.join("token");
    write_private(&file, &token)?;
    command.args(["--base-url", &url, "--token-file"]).arg(file);
    if let Some(name) = driver.never_permitted {
        command.args(["--never-permitted", name]);
    }
    let finished = run(&mut command, DRIVER_LIMIT, Show::Lines)?;
    Ok(count_lines(&finished.output).and_exit(finished.success))
}

/// Writes a file that only its owner reads. It is removed with the run's folder.
fn write_private(path: &Path, text: &str) -> Result<()> {
    use std::io::Write as _;
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(path).context("cannot make the token's file")?;
    file.write_all(text.as_bytes()).context("cannot write the token's file")
}
