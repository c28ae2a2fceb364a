//! The gateway under test: the debug binary over a home of its own, used as its users use it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::copy_filled;
use crate::command::{feed, output_of};
use crate::count::Count;
use crate::place::Place;
use crate::server::Server;

/// The agent a first run declares.
const AGENT: &str = "demo-agent";
/// One command of the product.
const COMMAND_LIMIT: Duration = Duration::from_secs(60);

/// A serving gateway.
#[derive(Debug)]
pub(super) struct Gateway {
    binary: PathBuf,
    folder: PathBuf,
    server: Server,
}

impl Gateway {
    /// Makes a home in `folder` by a first run, and serves on a port the system chooses.
    pub(super) fn start(place: &Place, folder: &Path) -> Result<Self> {
        let binary = place.binary("portreeve");
        let mut up = command(&binary, folder);
        up.args(["up", "--listen", "127.0.0.1:0"]);
        let server = Server::start("the gateway", &mut up, folder.join("gateway.log"))?;
        Ok(Self { binary, folder: folder.to_owned(), server })
    }

    /// Where agents connect.
    pub(super) fn url(&self) -> String {
        self.server.url()
    }

    /// A fresh token for the demo agent; the command prints nothing else.
    pub(super) fn token(&self) -> Result<String> {
        let printed = output_of(self.command().args(["agent", "token", AGENT]), COMMAND_LIMIT)?;
        let token = printed.trim();
        ensure!(
            !token.is_empty() && !token.contains(char::is_whitespace),
            "`agent token` prints the token and nothing else"
        );
        Ok(token.to_owned())
    }

    /// Lays the files of `overlay` over a copy of the charter in force and applies the change.
    pub(super) fn apply(&self, overlay: &Path, upstream: &str) -> Result<()> {
        let proposed = self.folder.join("proposed");
        copy_filled(&home(&self.folder).join("charter"), &proposed, upstream)?;
        copy_filled(overlay, &proposed, upstream)?;
        let mut propose = self.command();
        propose.args(["change", "propose", "--apply"]).arg(&proposed);
        output_of(&mut propose, COMMAND_LIMIT).context("the change was not applied")?;
        Ok(())
    }

    /// Seals `value` as the next version of the secret `name`; it is read from standard input.
    pub(super) fn seal(&self, name: &str, value: &str) -> Result<()> {
        feed(self.command().args(["secret", "put", name]), value, COMMAND_LIMIT)
    }

    /// Stops it as a service manager would, and verifies its ledger with nothing serving.
    pub(super) fn stop_and_verify(self) -> Result<Count> {
        let mut verify = self.command();
        self.server.stop()?;
        println!("ok   the gateway stopped by itself when asked");
        output_of(verify.args(["ledger", "verify"]), COMMAND_LIMIT)?;
        println!("ok   the ledger verifies with nothing serving");
        Ok(Count { passed: 2, failed: 0 })
    }

    fn command(&self) -> Command {
        command(&self.binary, &self.folder)
    }
}

/// The binary over the run's home, with nothing of the developer's own settings or keys.
fn command(binary: &Path, folder: &Path) -> Command {
    let mut command = Command::new(binary);
    command.env_clear().env("HOME", folder).env("NO_COLOR", "1");
    command.current_dir(folder).arg("--home").arg(home(folder));
    command
}

fn home(folder: &Path) -> PathBuf {
    folder.join("home")
}
