//! Runs scenario files: what a person types, and what they see.
//!
//! A scenario is a text file. `# ` begins a comment, `$ ` a command, and what follows a command
//! is what it prints (both outputs together, then `[exit N]` where the code is not 0):
//!
//! ```text
//! # A charter with a mistake is named with its place.
//! $ portreeve check charter
//! charter/agents/demo.yaml:3: unknown field `ownr`
//! [exit 1]
//! ```
//!
//! Commands run by `sh` in the scenario's folder, one after the other, with only the environment
//! the test gives. A command that ends with ` &` goes on beside the others once it has printed
//! a line that contains the text of [`Scenario::ready_when`]; `$ stop` ends the latest of them
//! with SIGTERM and shows what it printed since. An output line that begins with `$ `, `# ` or
//! `\` stands behind a `\`.
//!
//! What changes from run to run is written `[uuid]`, `[time]`, `[sha256]`, `[port]`, `[token]`,
//! `[dir]` (the scenario's folder), `[random]` (of a trust domain that a first run chose); `[number]` stands for any digits and is kept by an update.
//! `UPDATE_SCENARIOS=1` rewrites the files with what was printed.

mod background;
mod diff;
mod redact;
mod script;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use background::Background;
use script::Part;

/// How scenario files are run.
#[derive(Debug)]
pub struct Scenario {
    dir: PathBuf,
    environment: BTreeMap<String, String>,
    ready: String,
}

impl Scenario {
    /// Scenarios that run in `dir`, with `PATH` and nothing else in the environment.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        let path = "/usr/local/bin:/usr/bin:/bin".to_owned();
        Self {
            dir: dir.to_owned(),
            environment: BTreeMap::from([("PATH".to_owned(), path)]),
            ready: "ready".to_owned(),
        }
    }

    /// Puts the folder of `program` first on the commands' `PATH`
    /// (`env!("CARGO_BIN_EXE_portreeve")`).
    #[must_use]
    pub fn program(mut self, program: &str) -> Self {
        let folder = Path::new(program).parent().unwrap_or_else(|| Path::new("/"));
        if let Some(path) = self.environment.get_mut("PATH") {
            *path = format!("{}:{path}", folder.display());
        }
        self
    }

    /// Sets a variable for every command.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The text whose line says that a background command is ready.
    #[must_use]
    pub fn ready_when(mut self, text: &str) -> Self {
        text.clone_into(&mut self.ready);
        self
    }

    /// Runs a scenario file and compares, or rewrites it where `UPDATE_SCENARIOS` is `1`.
    ///
    /// # Panics
    /// On a difference, showing it.
    #[track_caller]
    pub fn run(&self, file: &Path) {
        #[expect(clippy::disallowed_methods, reason = "the switch for whoever runs the tests")]
        let update = std::env::var("UPDATE_SCENARIOS").is_ok_and(|value| value == "1");
        let checked = if update { self.update(file) } else { self.check(file) };
        if let Err(difference) = checked {
            panic!("{difference:#}");
        }
    }

    /// Runs a scenario file and compares.
    ///
    /// # Errors
    /// On a difference, showing it; or where a command cannot be run.
    pub fn check(&self, file: &Path) -> Result<()> {
        let written = read(file)?;
        let printed = self.transcript(&written)?;
        if written == printed {
            return Ok(());
        }
        bail!(
            "{} differs (- written, + printed; UPDATE_SCENARIOS=1 rewrites it):\n{}",
            file.display(),
            diff::lines(&written, &printed)
        )
    }

    /// Runs a scenario file and rewrites it with what was printed.
    ///
    /// # Errors
    /// Where a command cannot be run or the file cannot be written.
    pub fn update(&self, file: &Path) -> Result<()> {
        let written = read(file)?;
        let printed = self.transcript(&written)?;
        if written != printed {
            fs::write(file, printed).with_context(|| format!("writing {}", file.display()))?;
        }
        Ok(())
    }

    /// The scenario with the outputs of this run, lines that still fit kept as written.
    fn transcript(&self, written: &str) -> Result<String> {
        let mut backgrounds = Vec::new();
        let mut parts = script::read(written);
        for part in &mut parts {
            if let Part::Command { command, output } = part {
                let printed = self.perform(command, &mut backgrounds)?;
                let redacted = redact::text(&printed, &self.dir);
                *output = redact::keep_numbers(output, &redacted);
            }
        }
        Ok(script::write(&parts))
    }

    fn perform(&self, command: &str, backgrounds: &mut Vec<Background>) -> Result<String> {
        if command == "stop" {
            let latest = backgrounds.pop().context("`stop`: nothing runs in the background")?;
            return latest.stop();
        }
        if let Some(command) = command.strip_suffix(" &") {
            // One program alone takes the shell's place, so that it is the one that is stopped.
            let alone = !command.contains([';', '|', '&', '\n']);
            let command = if alone { format!("exec {command}") } else { command.to_owned() };
            let (background, printed) = Background::start(self.shell(&command), &self.ready)?;
            backgrounds.push(background);
            return Ok(printed);
        }
        let done = self.shell(command).output().with_context(|| format!("running `{command}`"))?;
        let mut printed = String::from_utf8_lossy(&done.stdout).into_owned();
        if !printed.is_empty() && !printed.ends_with('\n') {
            printed.push('\n');
        }
        match done.status.code() {
            Some(0) => {}
            Some(code) => printed.push_str(&format!("[exit {code}]\n")),
            None => printed.push_str("[killed]\n"),
        }
        Ok(printed)
    }

    /// `command` in the scenario's folder, its two outputs as one.
    fn shell(&self, command: &str) -> Command {
        let mut shell = Command::new("/bin/sh");
        shell
            .arg("-c")
            .arg(format!("exec 2>&1\n{command}"))
            .current_dir(&self.dir)
            .env_clear()
            .envs(&self.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        shell
    }
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))
}

#[cfg(test)]
mod tests;
