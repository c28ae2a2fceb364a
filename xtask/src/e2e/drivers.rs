//! The drivers: one process for each vendor's SDK, one printed line for each check.

use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

use super::Stage;
use crate::command::{Show, run};
use crate::count::{Count, driver as count_lines};

/// How long one driver may take: some dozens of calls to a small model on a slow machine.
const DRIVER_LIMIT: Duration = Duration::from_secs(300);

/// What a driver is told: see `Target` in `e2e/harness.py`.
#[derive(Debug, Clone)]
pub(super) struct Target<'a> {
    /// Who answers, as a URL without a path.
    pub(super) base_url: String,
    /// What the client sends as its key: a fresh token, or the upstream's own key.
    pub(super) token: String,
    /// The token of the agent that holds tool grants, where such checks run.
    pub(super) granted_token: Option<String>,
    /// The token of another agent that may have conversations kept.
    pub(super) keeping_token: Option<String>,
    /// Whether the gateway answers, and not the upstream itself.
    pub(super) through_gateway: bool,
    /// Each role and the model that plays it.
    pub(super) models: &'a [(&'a str, &'a str)],
    /// What works here beside answering.
    pub(super) can: &'a [&'a str],
    /// The product's own command over the gateway's home, where checks look at its records.
    pub(super) cli: Vec<String>,
    /// The mock behind the gateway and its key, where checks look at what it was sent.
    pub(super) upstream: Option<(String, &'static str)>,
}

impl Target<'_> {
    fn to_json(&self) -> Value {
        let models: Map<String, Value> =
            self.models.iter().map(|(role, name)| ((*role).to_owned(), json!(name))).collect();
        let upstream = self.upstream.as_ref().map(|(url, key)| json!({ "url": url, "key": key }));
        json!({
            "base_url": self.base_url,
            "token": self.token,
            "granted_token": self.granted_token,
            "keeping_token": self.keeping_token,
            "through_gateway": self.through_gateway,
            "models": models,
            "can": self.can,
            "cli": self.cli,
            "upstream": upstream.unwrap_or_else(|| json!({})),
        })
    }
}

/// Runs one driver to its end and counts its lines.
pub(super) fn drive(stage: &Stage<'_>, script: &str, target: &Target<'_>) -> Result<Count> {
    let file = stage.folder.join("target.json");
    write_private(&file, &target.to_json().to_string())?;
    let mut command = interpreter(stage, script);
    command.arg("--target").arg(&file);
    let finished = run(&mut command, DRIVER_LIMIT, Show::Lines)?;
    Ok(count_lines(&finished.output).and_exit(finished.success))
}

/// Copies the JavaScript drivers to where their imports find the packages.
pub(super) fn lay_out_scripts(stage: &Stage<'_>) -> Result<()> {
    stage.node.link_packages(stage.folder)?;
    let entries = fs::read_dir(stage.place.root.join("e2e")).context("cannot read e2e/")?;
    for entry in entries {
        let path = entry.context("cannot read e2e/")?.path();
        let Some(name) = path.file_name().filter(|_| is_module(&path)) else { continue };
        fs::copy(&path, stage.folder.join(name))
            .with_context(|| format!("cannot copy {}", path.display()))?;
    }
    Ok(())
}

fn interpreter(stage: &Stage<'_>, script: &str) -> Command {
    if is_module(Path::new(script)) {
        return stage.node.script(&stage.folder.join(script));
    }
    let mut command = stage.python.interpreter();
    command.arg(stage.place.root.join("e2e").join(script));
    command
}

fn is_module(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "mjs")
}

/// Writes a file that only its owner reads. It is removed with the run's folder.
fn write_private(path: &Path, text: &str) -> Result<()> {
    use std::io::Write as _;
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(path).context("cannot make the driver's target file")?;
    file.write_all(text.as_bytes()).context("cannot write the driver's target file")
}
