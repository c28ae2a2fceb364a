//! A server started for a test: its output kept, its address read from it, stopped for certain.

use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::command::{describe, forward};
use crate::stopwatch::Stopwatch;

/// How long a server may take until it says where it listens.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How long it may take to stop after it was asked to.
const STOP_LIMIT: Duration = Duration::from_secs(20);
/// How long one that is dropped may take to end by itself before it is killed.
const DROP_LIMIT: Duration = Duration::from_secs(5);
/// Lines that may wait for the log file.
const LINES_QUEUED_MAX: usize = 1024;
/// How an address begins in what a server prints.
const ADDRESS_START: &str = "127.0.0.1:";

/// A running server on a loopback port of its own choice. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Server {
    name: &'static str,
    child: Child,
    /// Kept open: a server that reads it ends with this process, however that ends.
    _stdin: Option<ChildStdin>,
    address: SocketAddr,
    log: PathBuf,
    /// Ends when both output streams do, that is, when the server has.
    writer: Option<JoinHandle<()>>,
    ended: Receiver<()>,
}

impl Server {
    /// Starts `command`, keeps its output in the file `log`, and waits for its address.
    pub(crate) fn start(name: &'static str, command: &mut Command, log: PathBuf) -> Result<Self> {
        Self::start_when(name, command, log, &|_| true)
    }

    /// The same, but it counts as started only when what it wrote so far is `ready`, too.
    pub(crate) fn start_when(
        name: &'static str,
        command: &mut Command,
        log: PathBuf,
        ready: &dyn Fn(&str) -> bool,
    ) -> Result<Self> {
        println!("starting {name}: {}", describe(command));
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let (sender, lines) = sync_channel(LINES_QUEUED_MAX);
        forward(child.stdout.take(), sender.clone());
        forward(child.stderr.take(), sender);
        let stdin = child.stdin.take();
        let mut file = File::create(&log).context("cannot make the server's log")?;
        let address = match await_start(&lines, &mut file, ready) {
            Ok(address) => address,
            Err(problem) => {
                let _ = child.kill();
                let _ = child.wait();
                let text = std::fs::read_to_string(&log).unwrap_or_default();
                bail!("{name} {problem}; it wrote:\n{}", text.trim_end());
            }
        };
        let (done, ended) = sync_channel(1);
        let writer = thread::spawn(move || {
            for line in lines {
                // A full disk costs the log, not the test.
                let _ = writeln!(file, "{line}");
            }
            let _ = done.send(());
        });
        println!("{name} listens on {address}");
        Ok(Self { name, child, _stdin: stdin, address, log, writer: Some(writer), ended })
    }

    /// Where it listens, as a URL without a path.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop (SIGTERM), and demands that it does so in time and with exit code 0.
    pub(crate) fn stop(mut self) -> Result<()> {
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status();
        if !asked.context("cannot run `kill`")?.success() {
            bail!("{} had ended before it was asked to; its log: {}", self.name, self.tail());
        }
        if self.ended.recv_timeout(STOP_LIMIT) == Err(RecvTimeoutError::Timeout) {
            bail!("{} did not stop within {} s of SIGTERM", self.name, STOP_LIMIT.as_secs());
        }
        let status = self.child.wait().context("cannot wait for the server")?;
        if !status.success() {
            bail!("{} stopped with {status}; its log: {}", self.name, self.tail());
        }
        Ok(())
    }

    /// The last lines it wrote, for the person who has to find out why.
    pub(crate) fn tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let mut last: Vec<_> = text.lines().rev().take(20).collect();
        last.reverse();
        last.join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Asked first: one that has children of its own ends them, and with them what this reads.
        // One that has ended already is not: its number may be another's by now.
        if matches!(self.child.try_wait(), Ok(None)) {
            let pid = self.child.id().to_string();
            if Command::new("kill").args(["-TERM", &pid]).status().is_ok_and(|kill| kill.success())
            {
                let _ = self.ended.recv_timeout(DROP_LIMIT);
            }
        }
        // Both fail where it has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

fn await_start(
    lines: &Receiver<String>,
    log: &mut File,
    ready: &dyn Fn(&str) -> bool,
) -> Result<SocketAddr> {
    let watch = Stopwatch::start();
    let (mut written, mut address) = (String::new(), None);
    loop {
        match lines.recv_timeout(watch.left_of(START_LIMIT)) {
            Ok(line) => {
                writeln!(log, "{line}").context("cannot write the server's log")?;
                address = address.or_else(|| address_in(&line));
                written.push_str(&line);
                written.push('\n');
                if let Some(address) = address.filter(|_| ready(&written)) {
                    return Ok(address);
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                bail!("did not say what it should within {} s", START_LIMIT.as_secs())
            }
            Err(RecvTimeoutError::Disconnected) => bail!("ended before it said what it should"),
        }
    }
}

/// The loopback address in a line such as `listening on http://127.0.0.1:4100`; port 0 is the
/// question, not the answer.
fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, after) = line.split_once(&format!("http://{ADDRESS_START}"))?;
    let port: String = after.chars().take_while(char::is_ascii_digit).collect();
    let address: SocketAddr = format!("{ADDRESS_START}{port}").parse().ok()?;
    (address.port() != 0).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn start(script: &str) -> Result<Server> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Server::start("server", &mut shell(script), folder.path().join("log"))
    }

    #[test]
    fn the_address_is_read_from_the_first_line_that_has_one() {
        let check = |line: &str, expect: Option<&str>| {
            assert_eq!(address_in(line).map(|address| address.to_string()).as_deref(), expect);
        };
        check("agents: http://127.0.0.1:4100/v1 (plain)", Some("127.0.0.1:4100"));
        check("listening http://127.0.0.1:1", Some("127.0.0.1:1"));
        check("listening http://127.0.0.1:0", None);
        check("listening http://127.0.0.1:70000", None);
        check("listening http://10.0.0.1:80", None);
        check("127.0.0.1:80", None);
    }

    #[test]
    fn a_server_that_stops_when_asked_has_stopped_well() {
        let script = "trap 'exit 0' TERM; echo on http://127.0.0.1:9; while read line; do :; done";
        let server = start(script).expect("it starts");
        assert_eq!(server.url(), "http://127.0.0.1:9");
        server.stop().expect("it stops");
    }

    #[test]
    fn a_server_has_started_when_it_said_all_that_was_awaited() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let script = "echo on http://127.0.0.1:9; echo and ready; exec cat";
        let ready = |text: &str| text.ends_with("ready\n");
        let log = folder.path().join("log");
        Server::start_when("server", &mut shell(script), log.clone(), &ready).expect("it starts");
        let error =
            Server::start_when("server", &mut shell("echo http://127.0.0.1:9"), log, &ready)
                .expect_err("it ends before it is ready");
        assert!(error.to_string().contains("ended before"), "{error}");
    }

    #[test]
    fn a_server_that_stops_badly_or_never_starts_is_an_error() {
        let script = "trap 'exit 7' TERM; echo on http://127.0.0.1:9; while read line; do :; done";
        let error = start(script).expect("it starts").stop().expect_err("exit code 7");
        assert!(error.to_string().contains("exit status: 7"), "{error}");
        let error = start("echo no address >&2; exit 1").expect_err("it ends");
        assert!(error.to_string().contains("no address"), "{error}");
    }
}
