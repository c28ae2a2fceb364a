//! Where things are: the checkout, the build folder and the cache of tools.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::command;

/// Reading the workspace, the first time with a download of the index.
const METADATA_LIMIT: Duration = Duration::from_secs(300);

/// The folders the chores work in.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The checkout.
    pub(crate) root: PathBuf,
    /// Where cargo builds, shared by every step.
    pub(crate) target: PathBuf,
    /// Tools and packages that outlive a run.
    pub(crate) cache: PathBuf,
}

impl Place {
    /// Asks cargo where the workspace and its build folder are.
    pub(crate) fn find() -> Result<Self> {
        let metadata = metadata(Depth::Workspace)?;
        let folder = |key: &str| -> Result<PathBuf> {
            let text = metadata.get(key).and_then(Value::as_str);
            Ok(PathBuf::from(text.with_context(|| format!("cargo metadata names no {key}"))?))
        };
        let root = folder("workspace_root")?;
        let cache = environment("PORTREEVE_TEST_CACHE")
            .map_or_else(|| Ok(root.join(".cache")), std::path::absolute)
            .context("PORTREEVE_TEST_CACHE names no usable folder")?;
        Ok(Self { target: folder("target_directory")?, root, cache })
    }

    /// A debug binary of this workspace, once it is built.
    pub(crate) fn binary(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(name)
    }

    /// `cargo` with the checkout as its folder.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = cargo();
        command.current_dir(&self.root);
        command
    }

    /// A path as people write it: relative to the checkout where it lies inside.
    pub(crate) fn shown<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }
}

/// How much of the dependency graph to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// The members and what they name.
    Workspace,
    /// Everything, resolved.
    Whole,
}

/// `cargo metadata` of the workspace this program was built from.
pub(crate) fn metadata(depth: Depth) -> Result<Value> {
    let manifest = environment("CARGO_MANIFEST_DIR").context("run this as `cargo xtask`")?;
    let mut command = cargo();
    command.args(["metadata", "--format-version", "1", "--quiet"]).current_dir(manifest);
    if depth == Depth::Workspace {
        command.arg("--no-deps");
    }
    let text = command::output_of(&mut command, METADATA_LIMIT)?;
    let json = text.lines().find(|line| line.starts_with('{'));
    serde_json::from_str(json.unwrap_or_default()).context("cargo metadata is not JSON")
}

fn cargo() -> Command {
    Command::new(environment("CARGO").unwrap_or_else(|| PathBuf::from("cargo")))
}

/// One variable of the environment, as a path; none where it is unset or empty.
pub(crate) fn environment(name: &str) -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "cargo hands its paths over so, and CI its cache"
    )]
    let value = std::env::var_os(name);
    value.filter(|value| !value.is_empty()).map(PathBuf::from)
}
