//! Homes with logs to check: begun and written by the real binary, then grown.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::command::output_of;
use crate::place::Place;
use crate::server::Server;

/// One command of the product, or a call.
const COMMAND_LIMIT: Duration = Duration::from_secs(60);
/// Building or running what grows a log.
const GROW_LIMIT: Duration = Duration::from_secs(1800);
/// How often the gateway is started, called and stopped: each time a checkpoint is kept.
const LIVES: usize = 3;
/// Calls of each life.
const CALLS: usize = 2;
/// The sizes that logs are grown to: below one full tile above the leaves, above, and far above.
pub(super) const SIZES: [u64; 3] = [300, 1_000, 60_000];

/// What there is to check.
#[derive(Debug)]
pub(super) struct Homes {
    folder: PathBuf,
    /// The decision log's public key, kept outside every home.
    pub(super) key: PathBuf,
    /// Checkpoints as the real binary signed them, smallest first.
    pub(super) checkpoints: Vec<PathBuf>,
    /// What `portreeve ledger prove` said of a call.
    pub(super) proof: PathBuf,
    grow: PathBuf,
}

impl Homes {
    /// Makes them all.
    pub(super) fn make(place: &Place, folder: &Path) -> Result<Self> {
        let build = ["build", "--locked", "-p", "ledger", "--example", "make_log"];
        output_of(place.cargo().args(build), GROW_LIMIT).context("make_log cannot be built")?;
        let mut homes = Self {
            folder: folder.to_owned(),
            key: folder.join("decisions.vkey"),
            checkpoints: Vec::new(),
            proof: folder.join("call.tlog-proof"),
            grow: place.target.join("debug/examples/make_log"),
        };
        homes.live(&place.binary("portreeve"))?;
        let grown = homes.living();
        for size in SIZES {
            homes.grow(&log(&grown), size)?;
            copy(&grown, &homes.of(size))?;
            println!("a log of {size} entries, begun by the real binary");
        }
        Ok(homes)
    }

    /// The home whose decision log has `size` entries.
    pub(super) fn of(&self, size: u64) -> PathBuf {
        self.folder.join(format!("home-{size}"))
    }

    /// The home as the real binary left it after its life numbered `life`, from 0.
    pub(super) fn after(&self, life: usize) -> PathBuf {
        self.folder.join(format!("home-life-{life}"))
    }

    /// The home after the last life.
    pub(super) fn last(&self) -> PathBuf {
        self.after(LIVES - 1)
    }

    fn living(&self) -> PathBuf {
        self.folder.join("home")
    }

    /// Lets the log in `log` grow to `size` entries, signed with its own key.
    pub(super) fn grow(&self, log: &Path, size: u64) -> Result<()> {
        let mut grow = Command::new(&self.grow);
        grow.arg(log).arg(size.to_string()).arg(self.living().join("keys/log-decisions.skey"));
        output_of(&mut grow, GROW_LIMIT).context("the log cannot be grown")?;
        Ok(())
    }

    /// Starts the gateway, calls it, stops it, and keeps what an auditor would keep; again.
    fn live(&mut self, binary: &Path) -> Result<()> {
        let home = self.living();
        let command = || {
            let mut command = Command::new(binary);
            command.env_clear().env("HOME", &self.folder).env("NO_COLOR", "1");
            command.current_dir(&self.folder).arg("--home").arg(&home);
            command
        };
        let mut id = String::new();
        let mut checkpoints = Vec::new();
        for life in 0..LIVES {
            let mut up = command();
            up.args(["up", "--listen", "127.0.0.1:0"]);
            let output = self.folder.join(format!("gateway-{life}.log"));
            let server = Server::start("the gateway", &mut up, output)?;
            let token = output_of(command().args(["agent", "token", "demo-agent"]), COMMAND_LIMIT)?;
            for _ in 0..CALLS {
                id = call(&server.url(), token.trim())?;
            }
            server.stop()?;
            // Stopping publishes, so this checkpoint covers every call.
            let kept = self.folder.join(format!("life-{life}.checkpoint"));
            fs::copy(log(&home).join("checkpoint"), &kept).context("there is no checkpoint")?;
            checkpoints.push(kept);
            copy(&home, &self.after(life))?;
        }
        self.checkpoints = checkpoints;
        let proof = output_of(command().args(["ledger", "prove", &id]), COMMAND_LIMIT)?;
        fs::write(&self.proof, proof).context("cannot keep the proof")?;
        fs::copy(log(&home).join("vkey"), &self.key).context("there is no key")?;
        Ok(())
    }
}

/// The decision log of a home.
pub(super) fn log(home: &Path) -> PathBuf {
    home.join("logs/decisions")
}

/// Calls the demo model; the decision's id.
fn call(url: &str, token: &str) -> Result<String> {
    let body = r#"{"model":"portreeve-demo","messages":[{"role":"user","content":"hello"}]}"#;
    let mut curl = Command::new("curl");
    curl.args([
        "--silent",
        "--show-error",
        "--fail",
        "--dump-header",
        "-",
        "--output",
        "/dev/null",
    ]);
    curl.args(["--header", &format!("Authorization: Bearer {token}")]);
    curl.args(["--header", "Content-Type: application/json", "--data", body]);
    let headers = output_of(curl.arg(format!("{url}/v1/chat/completions")), COMMAND_LIMIT)?;
    let id = headers.lines().find_map(|line| line.strip_prefix("portreeve-decision: "));
    Ok(id.context("the answer names no decision")?.trim().to_owned())
}

/// Copies a folder with all it holds but sockets.
pub(super) fn copy(from: &Path, to: &Path) -> Result<()> {
    ensure!(!to.exists(), "{} exists already", to.display());
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry.context("cannot read a folder")?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &target)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &target)
                .with_context(|| format!("cannot copy {}", entry.path().display()))?;
        }
    }
    Ok(())
}
