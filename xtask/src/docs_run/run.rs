//! One page: its shell, its servers, and what each of its blocks came to.

use std::ffi::OsString;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use super::block::{Block, Kind};
use super::redact::{matches, redact};
use super::shell::{Ran, Shell};
use crate::count::Count;
use crate::place::environment;
use crate::server::Server;

/// The address pages show: the product's default for agents.
const SHOWN_ADDRESS: &str = "127.0.0.1:8484";
/// Where a reader's own build would put the programs.
const BUILT: &str = "target/release";

/// A page and what its commands may use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page<'a> {
    /// The page's path, for people.
    pub(super) path: &'a str,
    /// Its blocks.
    pub(super) blocks: &'a [Block],
    /// The `portreeve` that is meant.
    pub(super) binary: &'a Path,
    /// Where a Python with the vendors' SDKs is, if it is installed.
    pub(super) python: &'a Path,
}

/// The folders and the address of one page's run.
#[derive(Debug)]
struct Stage {
    home: TempDir,
    scratch: TempDir,
    path: OsString,
    address: String,
}

impl Page<'_> {
    /// Runs the page. After a block that fails the rest is not run: it builds on it.
    pub(super) fn run(self) -> Result<Count> {
        let stage = Stage::set(self)?;
        let mut shell = Shell::start(&mut stage.shell(), stage.scratch.path())?;
        let mut servers = Vec::new();
        let mut count = Count::default();
        for block in self.blocks {
            let place = format!("{}:{}", self.path, block.line);
            if let Kind::Skipped { reason } = &block.kind {
                println!("skip {place}: {reason}");
                continue;
            }
            let problem = match &block.kind {
                Kind::Foreground { exit } => stage.foreground(&mut shell, block, *exit)?,
                Kind::Background => stage.background(&mut servers, block)?,
                Kind::Skipped { .. } => None,
            };
            count = count + Count::of(problem.is_none());
            match problem {
                None => println!("ok   {place}"),
                Some(problem) => {
                    println!("FAIL {place}: {problem}");
                    return Ok(count);
                }
            }
        }
        for server in servers {
            server.stop()?;
        }
        Ok(count)
    }
}

impl Stage {
    fn set(page: Page<'_>) -> Result<Self> {
        let home = TempDir::new().context("cannot make a home folder")?;
        let scratch = TempDir::new().context("cannot make a scratch folder")?;
        // A port nobody uses now. Who takes it before the page does makes the page fail loudly.
        let free = TcpListener::bind("127.0.0.1:0").context("no free port")?;
        let address = free.local_addr().context("no address")?.to_string();
        drop(free);
        let bin = scratch.path().join("bin");
        stand_in(page.binary, &bin, &address)?;
        if page.blocks.iter().any(|block| block.commands.contains(BUILT)) {
            // A page that speaks of a checkout finds in it what its own commands would build.
            let built = home.path().join(BUILT);
            fs::create_dir_all(&built).context("cannot make the build folder")?;
            for name in ["portreeve", "portreeve-verify"] {
                symlink(bin.join(name), built.join(name)).context("cannot link a program")?;
            }
        }
        let folders = [bin.as_path(), page.python].into_iter().map(Path::to_owned);
        let system = environment("PATH").context("there is no PATH")?;
        let system: Vec<_> = std::env::split_paths(&system).collect();
        let path = std::env::join_paths(folders.chain(system)).context("a PATH holds a `:`")?;
        Ok(Self { home, scratch, path, address })
    }

    /// A shell in the page's home, with nothing of the developer's own environment.
    fn shell(&self) -> Command {
        let mut command = Command::new("sh");
        command.env_clear().current_dir(self.home.path());
        command.env("HOME", self.home.path()).env("PATH", &self.path);
        command.envs([("LANG", "C.UTF-8"), ("NO_COLOR", "1"), ("TERM", "dumb")]);
        command
    }

    fn foreground(&self, shell: &mut Shell, block: &Block, exit: i32) -> Result<Option<String>> {
        let Ran { code, output } = shell.run(&self.real(&block.commands), exit)?;
        if code != Some(exit) {
            return Ok(Some(format!("exit {code:?}, not {exit}; it wrote:\n{output}")));
        }
        Ok(self.difference(block, &output))
    }

    fn background(&self, servers: &mut Vec<Server>, block: &Block) -> Result<Option<String>> {
        let command = self.real(&block.commands);
        let log = self.scratch.path().join(format!("server-{}.log", block.line));
        // `exec`, so that the signal that ends it reaches the server and not a shell around it.
        let mut shell = self.shell();
        shell.args(["-c", &format!("exec {}", command.trim())]);
        let ready = |text: &str| self.difference(block, text).is_none();
        match Server::start_when("the page's server", &mut shell, log, &ready) {
            Ok(server) => servers.push(server),
            Err(error) => return Ok(Some(format!("{error:#}"))),
        }
        Ok(None)
    }

    /// The commands with the address that this run uses.
    fn real(&self, commands: &str) -> String {
        commands.replace(SHOWN_ADDRESS, &self.address)
    }

    fn difference(&self, block: &Block, output: &str) -> Option<String> {
        let home = self.home.path().to_string_lossy();
        let expected = block.expected.as_ref()?;
        if matches(expected, output, &home) {
            return None;
        }
        let (shown, wrote) = (redact(expected, &home), redact(output, &home));
        Some(format!("the page shows:\n{}\nit wrote:\n{}", shown.trim_end(), wrote.trim_end()))
    }
}

/// Fills the folder of programs that a page finds first on its PATH: `portreeve`, which serves on
/// this run's address where none is given; `portreeve-verify`; and a `cargo` whose `run` is the
/// binary that is already built.
fn stand_in(binary: &Path, bin: &Path, address: &str) -> Result<()> {
    fs::create_dir(bin).context("cannot make the folder of programs")?;
    let portreeve = format!(
        "case \" $* \" in\n\
         *\" --listen\"*) ;;\n\
         *\" up \"*) set -- \"$@\" --listen {address} ;;\n\
         esac\n\
         exec '{}' \"$@\"\n",
        binary.display()
    );
    script(&bin.join("portreeve"), &portreeve)?;
    let cargo = "[ \"$1\" = run ] || { echo \"only 'cargo run' is here\" >&2; exit 2; }\n\
                 while [ \"$#\" -gt 0 ] && [ \"$1\" != -- ]; do shift; done\n\
                 shift\n\
                 exec portreeve \"$@\"\n";
    script(&bin.join("cargo"), cargo)?;
    let verify = binary.with_file_name("portreeve-verify");
    symlink(verify, bin.join("portreeve-verify")).context("cannot link portreeve-verify")
}

fn script(path: &Path, text: &str) -> Result<()> {
    fs::write(path, format!("#!/bin/sh\n{text}")).context("cannot write a stand-in")?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).context("cannot mark it")
}

#[cfg(test)]
mod tests;
