//! A gateway that a chore starts: a binary over a home of its own, used as its users use it.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::command::{feed, output_of};
use crate::count::Count;
use crate::server::Server;

/// Where a gateway serves that is to choose its own port.
pub(crate) const ANY_PORT: &str = "127.0.0.1:0";
/// One command of the product.
const COMMAND_LIMIT: Duration = Duration::from_secs(60);

/// A serving gateway.
#[derive(Debug)]
pub(crate) struct Gateway {
    binary: PathBuf,
    folder: PathBuf,
    server: Server,
}

impl Gateway {
    /// Serves on `listen` over the home in `folder`, which a first run makes where there is none.
    pub(crate) fn start(binary: PathBuf, folder: &Path, listen: &str) -> Result<Self> {
        let mut up = command(&binary, folder);
        up.args(["up", "--listen", listen]);
        let server = Server::start("the gateway", &mut up, folder.join("gateway.log"))?;
        Ok(Self { binary, folder: folder.to_owned(), server })
    }

    /// Where agents connect.
    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    /// The serving process.
    pub(crate) const fn server(&self) -> &Server {
        &self.server
    }

    /// A fresh token of an agent; the command prints nothing else.
    pub(crate) fn token(&self, agent: &str) -> Result<String> {
        let mut ask = self.command();
        let printed = output_of(ask.args(["agent", "token", agent]), COMMAND_LIMIT)?;
        let token = printed.trim();
        ensure!(
            !token.is_empty() && !token.contains(char::is_whitespace),
            "`agent token` prints the token and nothing else"
        );
        Ok(token.to_owned())
    }

    /// Lays the files of `overlay` over a copy of the charter in force and applies the change.
    pub(crate) fn apply(&self, overlay: &Path, filled: &[(&str, String)]) -> Result<()> {
        let proposed = self.folder.join("proposed");
        copy_filled(&home(&self.folder).join("charter"), &proposed, filled)?;
        copy_filled(overlay, &proposed, filled)?;
        let mut propose = self.command();
        propose.args(["change", "propose", "--apply"]).arg(&proposed);
        output_of(&mut propose, COMMAND_LIMIT).context("the change was not applied")?;
        Ok(())
    }

    /// Seals `value` as the next version of the secret `name`; it is read from standard input.
    pub(crate) fn seal(&self, name: &str, value: &str) -> Result<()> {
        feed(self.command().args(["secret", "put", name]), value, COMMAND_LIMIT).map(drop)
    }

    /// Stops it as a service manager would, and verifies its ledger with nothing serving.
    pub(crate) fn stop_and_verify(self) -> Result<Count> {
        let mut verify = self.command();
        self.server.stop()?;
        println!("ok   the gateway stopped by itself when asked");
        output_of(verify.args(["ledger", "verify"]), COMMAND_LIMIT)?;
        println!("ok   the ledger verifies with nothing serving");
        Ok(Count { passed: 2, failed: 0 })
    }

    /// Stops it as a service manager would.
    pub(crate) fn stop(self) -> Result<()> {
        self.server.stop()
    }

    /// The product's command over this home, for a driver that reads its records.
    pub(crate) fn cli(&self) -> Vec<String> {
        let home = home(&self.folder);
        [self.binary.as_path(), Path::new("--home"), home.as_path()]
            .map(|word| word.display().to_string())
            .to_vec()
    }

    fn command(&self) -> Command {
        command(&self.binary, &self.folder)
    }
}

/// Lays these settings into the home in `folder`, which is still to be begun.
pub(crate) fn settle(folder: &Path, settings: &str) -> Result<()> {
    let home = home(folder);
    fs::DirBuilder::new().mode(0o700).create(&home).context("cannot make the home")?;
    fs::write(home.join("settings.yaml"), settings).context("cannot write its settings")
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

/// Copies a folder of text files, with each placeholder replaced by what stands beside it.
fn copy_filled(from: &Path, to: &Path, filled: &[(&str, String)]) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    let entries = fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))?;
    for entry in entries {
        let entry = entry.context("cannot read a folder")?;
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_filled(&path, &to, filled)?;
            continue;
        }
        let mut text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        for (placeholder, value) in filled {
            text = text.replace(placeholder, value);
        }
        fs::write(&to, text).with_context(|| format!("cannot write {}", to.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_copied_over_another_with_what_is_left_open_filled_in() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("a")).expect("made");
        fs::create_dir_all(&to).expect("made");
        fs::write(from.join("a/b.yaml"), "url: {{MODEL}}/v1\nother: {{MOCK}}\n").expect("written");
        fs::write(to.join("kept"), "as it is").expect("written");
        let filled = ["{{MODEL}}", "{{MOCK}}"].map(|open| (open, open.to_lowercase()));
        copy_filled(&from, &to, &filled).expect("copied");
        let read = |path: &str| fs::read_to_string(to.join(path)).expect("readable");
        assert_eq!(read("a/b.yaml"), "url: {{model}}/v1\nother: {{mock}}\n");
        assert_eq!(read("kept"), "as it is");
    }
}
