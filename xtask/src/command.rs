//! Running one program to its end: its output shown and kept, its time bounded.
//!
//! Nothing is ever asked of a person: standard input is empty, or what the caller gives.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::stopwatch::Stopwatch;

/// Lines that may wait between the program and the terminal.
const LINES_QUEUED_MAX: usize = 1024;

/// Whether a program's output is shown while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Show {
    /// Each line as it comes.
    Lines,
    /// Nothing: the caller decides.
    Nothing,
}

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Whether it exited with 0.
    pub(crate) success: bool,
    /// Its exit code; none where a signal ended it.
    pub(crate) code: Option<i32>,
    /// What it wrote, both streams together in the order of arrival.
    pub(crate) output: String,
}

/// Runs `command` to its end, for at most `limit`; then it is killed, which is an error.
pub(crate) fn run(command: &mut Command, limit: Duration, show: Show) -> Result<Finished> {
    let name = describe(command);
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{name}`"))?;
    finish(child, &name, limit, show)
}

/// Runs `command` quietly with `input` as its standard input; what it wrote. Anything but success is
/// an error.
pub(crate) fn feed(command: &mut Command, input: &str, limit: Duration) -> Result<String> {
    let name = describe(command);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{name}`"))?;
    let mut stdin = child.stdin.take().context("it has no standard input")?;
    // It may end without reading: its exit code tells more than the broken pipe.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    demand_success(&name, finish(child, &name, limit, Show::Nothing)?)
}

/// Runs `command` quietly; anything but success is an error that shows what it wrote.
pub(crate) fn output_of(command: &mut Command, limit: Duration) -> Result<String> {
    let finished = run(command, limit, Show::Nothing)?;
    demand_success(&describe(command), finished)
}

/// The command as a person would type it.
pub(crate) fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Sends each line of `stream` from a thread of its own. The thread ends with the stream.
pub(crate) fn forward<S: Read + Send + 'static>(stream: Option<S>, sender: SyncSender<String>) {
    let Some(stream) = stream else { return };
    thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut bytes = Vec::new();
        while matches!(reader.read_until(b'\n', &mut bytes), Ok(read) if read > 0) {
            let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
            bytes.clear();
            if sender.send(line).is_err() {
                return;
            }
        }
    });
}

fn demand_success(name: &str, finished: Finished) -> Result<String> {
    if !finished.success {
        bail!("`{name}` failed (exit {:?}):\n{}", finished.code, finished.output.trim_end());
    }
    Ok(finished.output)
}

/// Shows and keeps what `child` writes until it ends.
fn finish(mut child: Child, name: &str, limit: Duration, show: Show) -> Result<Finished> {
    let watch = Stopwatch::start();
    let (sender, lines) = sync_channel(LINES_QUEUED_MAX);
    forward(child.stdout.take(), sender.clone());
    forward(child.stderr.take(), sender);
    let mut output = String::new();
    loop {
        match lines.recv_timeout(watch.left_of(limit)) {
            Ok(line) => {
                if show == Show::Lines {
                    println!("{line}");
                }
                output.push_str(&line);
                output.push('\n');
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => return Err(kill(&mut child, name, limit)),
        }
    }
    let status = child.wait().with_context(|| format!("cannot wait for `{name}`"))?;
    Ok(Finished { success: status.success(), code: status.code(), output })
}

fn kill(child: &mut Child, name: &str, limit: Duration) -> anyhow::Error {
    // It may have ended by itself just now; either way it is gone after the wait.
    let _ = child.kill();
    let _ = child.wait();
    anyhow::anyhow!("`{name}` did not end within {} s", limit.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(60);

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn output_and_exit_code_come_back() {
        let finished = run(&mut shell("echo one; echo two >&2; exit 3"), LIMIT, Show::Nothing)
            .expect("sh runs");
        assert_eq!((finished.success, finished.code), (false, Some(3)));
        let mut lines: Vec<_> = finished.output.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["one", "two"]);
    }

    #[test]
    fn standard_input_is_empty() {
        let finished = run(&mut shell("cat"), LIMIT, Show::Nothing).expect("sh runs");
        assert_eq!((finished.success, finished.output.as_str()), (true, ""));
    }

    #[test]
    fn what_is_fed_is_read_and_a_failure_shows_what_was_written() {
        let wrote = feed(&mut shell("sed s/given/taken/"), "given", LIMIT).expect("it reads");
        assert_eq!(wrote, "taken\n");
        let error = feed(&mut shell("echo because; exit 4"), "unread", LIMIT).expect_err("exit 4");
        assert!(error.to_string().contains("because"), "{error}");
    }

    #[test]
    fn a_program_that_does_not_end_is_killed_and_named() {
        let error = run(&mut shell("exec cat /dev/zero"), Duration::from_millis(50), Show::Nothing)
            .expect_err("it never ends");
        assert!(error.to_string().contains("exec cat"), "{error}");
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error() {
        assert!(run(&mut Command::new("no-such-program"), LIMIT, Show::Nothing).is_err());
    }
}
