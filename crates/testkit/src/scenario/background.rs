//! A command that goes on beside the others. It is ended when dropped.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Command};

use anyhow::{Context as _, Result, bail};

/// A running background command.
#[derive(Debug)]
pub(crate) struct Background {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Background {
    /// Starts it and waits for the line that says it is ready; gives what it printed so far.
    pub(crate) fn start(mut command: Command, ready: &str) -> Result<(Self, String)> {
        let mut child = command.spawn().context("starting a background command")?;
        let output = child.stdout.take().context("its output")?;
        let mut background = Self { child, output: BufReader::new(output) };
        let mut printed = String::new();
        loop {
            let mut line = String::new();
            if background.output.read_line(&mut line)? == 0 {
                bail!("the background command ended before it was ready:\n{printed}");
            }
            printed.push_str(&line);
            if line.contains(ready) {
                return Ok((background, printed));
            }
        }
    }

    /// Asks it to end, waits until it has, and gives what it printed since it was ready.
    pub(crate) fn stop(mut self) -> Result<String> {
        let id = self.child.id().to_string();
        Command::new("/bin/sh").arg("-c").arg(format!("kill -TERM {id}")).status()?;
        let mut printed = String::new();
        self.output.read_to_string(&mut printed)?;
        let status = self.child.wait()?;
        match status.code() {
            Some(0) => {}
            Some(code) => printed.push_str(&format!("[exit {code}]\n")),
            None => printed.push_str("[killed]\n"),
        }
        Ok(printed)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // Already ended is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
