//! One shell that runs the blocks of a page one after another and keeps its state between them.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::command::forward;

/// How long one block may run.
const BLOCK_LIMIT: Duration = Duration::from_secs(120);

/// A running shell. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Shell {
    child: Child,
    stdin: ChildStdin,
    /// One line for each block: its exit code.
    codes: Receiver<String>,
    /// Holds the block's commands and output.
    scratch: PathBuf,
}

/// A block that has run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ran {
    /// Its exit code; none where the shell itself ended.
    pub(super) code: Option<i32>,
    /// What it wrote, both streams together.
    pub(super) output: String,
}

impl Shell {
    /// Starts `shell` with its script on standard input; files go to the folder `scratch`.
    pub(super) fn start(shell: &mut Command, scratch: &Path) -> Result<Self> {
        let mut child = shell
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start sh")?;
        let stdin = child.stdin.take().context("the shell has no standard input")?;
        let (sender, codes) = sync_channel(1);
        forward(child.stdout.take(), sender);
        Ok(Self { child, stdin, codes, scratch: scratch.to_owned() })
    }

    /// Runs one block. One that is to end with 0 stops at its first failing command; of one
    /// that is to fail, the last command's exit code counts, and the shell goes on after it.
    pub(super) fn run(&mut self, commands: &str, exit: i32) -> Result<Ran> {
        let script = self.scratch.join("block.sh");
        let output = self.scratch.join("block.out");
        fs::write(&script, commands).context("cannot write the block")?;
        let sourced = format!(". '{}' >'{}' 2>&1 </dev/null", script.display(), output.display());
        let line = match exit {
            0 => format!("set -e; {sourced}; set +e; echo 0\n"),
            _ => format!("{sourced}; echo $?\n"),
        };
        let sent = self.stdin.write_all(line.as_bytes()).and_then(|()| self.stdin.flush());
        sent.context("the shell has ended")?;
        let code = match self.codes.recv_timeout(BLOCK_LIMIT) {
            Ok(code) => code.parse().ok(),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => self.child.wait()?.code(),
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                bail!("the block did not end within {} s", BLOCK_LIMIT.as_secs())
            }
        };
        Ok(Ran { code, output: fs::read_to_string(&output).unwrap_or_default() })
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // Both fail where it has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
