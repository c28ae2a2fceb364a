//! A terminal that the program runs on: a real pseudo terminal, and a screen that understands the
//! few sequences the program may write, and keeps every other as a fault.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use rustix::fs::{Mode, OFlags, open};
use rustix::io::dup;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Action, Winsize, tcflow, tcgetattr, tcsetwinsize};

use crate::common::PATIENCE;

/// The program on a terminal. It is killed when dropped.
pub(crate) struct Terminal {
    keyboard: File,
    /// The program's own side, held open so that its settings can be looked at.
    inner: OwnedFd,
    child: Child,
    shown: Arc<Shown>,
    before: String,
}

#[derive(Default)]
struct Shown {
    screen: Mutex<Screen>,
    more: Condvar,
}

/// What the terminal shows.
#[derive(Debug, Default, Clone)]
pub(crate) struct Screen {
    size: (usize, usize),
    rows: Vec<Vec<char>>,
    at: (usize, usize),
    pub(crate) alternate: bool,
    pub(crate) cursor_hidden: bool,
    pub(crate) wraps_not: bool,
    /// How many frames were drawn whole.
    pub(crate) frames: usize,
    /// How many lines it had to break.
    pub(crate) broken: usize,
    /// Whether anything was coloured.
    pub(crate) coloured: bool,
    /// What it does not understand, and what was written beyond its edge.
    pub(crate) faults: Vec<String>,
    /// What has not come whole yet.
    pending: Vec<u8>,
    /// All that was ever written.
    pub(crate) bytes: Vec<u8>,
}

impl Terminal {
    /// Runs the command on a terminal of so many columns and lines, which is its session's own.
    pub(crate) fn run(command: &Command, (columns, lines): (u16, u16)) -> Self {
        let outer = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&outer).unwrap();
        unlockpt(&outer).unwrap();
        let name = ptsname(&outer, Vec::new()).unwrap();
        let inner = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        tcsetwinsize(&outer, winsize(columns, lines)).unwrap();
        let stdio = || dup(&inner).unwrap();
        let mut session = Command::new("setsid");
        session.arg("--ctty").arg(command.get_program()).args(command.get_args()).env_clear();
        for (name, value) in command.get_envs() {
            session.envs(value.map(|value| (name, value)));
        }
        let before = format!("{:?}", tcgetattr(&inner).unwrap());
        let child = session
            .current_dir(command.get_current_dir().unwrap())
            .stdin(stdio())
            .stdout(stdio())
            .stderr(stdio())
            .spawn()
            .unwrap();
        let shown = Arc::new(Shown::default());
        shown.screen.lock().unwrap().resize(columns, lines);
        let keyboard = File::from(dup(&outer).unwrap());
        watch(File::from(outer), Arc::clone(&shown));
        Self { keyboard, inner, child, shown, before }
    }

    /// Types these keys.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Makes the terminal larger or smaller, and waits for the frame that is drawn for it.
    #[track_caller]
    pub(crate) fn resize(&self, columns: u16, lines: u16) -> Screen {
        let frames = {
            let mut screen = self.shown.screen.lock().unwrap_or_else(PoisonError::into_inner);
            screen.resize(columns, lines);
            screen.frames
        };
        tcsetwinsize(&self.keyboard, winsize(columns, lines)).unwrap();
        self.wait_for("a frame of that size", |screen| screen.frames > frames)
    }

    /// Has it take nothing more of what is written.
    pub(crate) fn hold(&self) {
        tcflow(&self.inner, Action::OOff).unwrap();
    }

    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").arg(signal).arg(id).status().unwrap().success());
    }

    /// Waits until a whole frame shows this.
    #[track_caller]
    pub(crate) fn wait(&self, what: &str) -> Screen {
        self.wait_for(what, |screen| screen.is_whole() && screen.text().contains(what))
    }

    /// Waits until the screen is as it must become.
    #[track_caller]
    pub(crate) fn wait_for(&self, what: &str, is: impl Fn(&Screen) -> bool) -> Screen {
        let screen = self.shown.screen.lock().unwrap_or_else(PoisonError::into_inner);
        let (screen, late) =
            self.shown.more.wait_timeout_while(screen, PATIENCE, |screen| !is(screen)).unwrap();
        assert!(!late.timed_out(), "never: {what}\n{}\n{:?}", screen.text(), screen.faults);
        screen.clone()
    }

    /// Waits until the program has ended; gives how, and what the terminal shows then. Its
    /// settings must be those from before.
    #[track_caller]
    pub(crate) fn end(mut self) -> (ExitStatus, Screen) {
        let (ended, status) = std::sync::mpsc::sync_channel(1);
        let id = self.child.id().to_string();
        let waits = std::thread::spawn(move || {
            if status_is_late(&status) {
                Command::new("kill").args(["-KILL", &id]).status().unwrap();
            }
        });
        let status = self.child.wait().unwrap();
        let _ = ended.send(());
        waits.join().unwrap();
        let after = format!("{:?}", tcgetattr(&self.inner).unwrap());
        assert_eq!(after, self.before, "the terminal is set as it was");
        tcflow(&self.inner, Action::OOn).unwrap();
        // Everything that the program wrote stands before this.
        let inner = File::from(dup(&self.inner).unwrap());
        (&inner).write_all(LAST).unwrap();
        let screen = self.wait_for("the end", |screen| screen.bytes.ends_with(LAST));
        (status, screen)
    }
}

/// What the test itself writes last.
const LAST: &[u8] = b"<<the end>>";

fn status_is_late(status: &std::sync::mpsc::Receiver<()>) -> bool {
    status.recv_timeout(PATIENCE).is_err()
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Already ended is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const fn winsize(columns: u16, lines: u16) -> Winsize {
    Winsize { ws_col: columns, ws_row: lines, ws_xpixel: 0, ws_ypixel: 0 }
}

/// Shows what comes, on a thread of its own, until the terminal is gone.
fn watch(mut outer: File, shown: Arc<Shown>) {
    std::thread::spawn(move || {
        let mut bytes = [0; 4_096];
        while let Ok(count @ 1..) = outer.read(&mut bytes) {
            shown.screen.lock().unwrap_or_else(PoisonError::into_inner).take(&bytes[..count]);
            shown.more.notify_all();
        }
    });
}

impl Screen {
    /// What it shows, line by line, without room at the end of a line.
    pub(crate) fn text(&self) -> String {
        let line = |row: &Vec<char>| row.iter().collect::<String>().trim_end().to_owned();
        self.rows.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Whether the latest frame has come to its end: before that, lines of two frames stand there.
    pub(crate) fn is_whole(&self) -> bool {
        self.bytes.ends_with(b"\x1b[J")
    }

    fn resize(&mut self, columns: u16, lines: u16) {
        self.size = (usize::from(columns), usize::from(lines));
        self.clear();
    }

    fn clear(&mut self) {
        self.rows = vec![vec![' '; self.size.0]; self.size.1];
        self.at = (0, 0);
    }

    fn take(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
        self.pending.extend(bytes);
        let text = match std::str::from_utf8(&self.pending) {
            Ok(text) => text.to_owned(),
            // Half a character, or half a sequence below, waits for its other half.
            Err(cause) => {
                String::from_utf8_lossy(&self.pending[..cause.valid_up_to()]).into_owned()
            }
        };
        let mut rest = text.as_str();
        while let Some(one) = rest.chars().next() {
            let after = &rest[one.len_utf8()..];
            rest = match one {
                '\u{1b}' => match self.sequence(after) {
                    Some(after) => after,
                    None => break,
                },
                '\r' => {
                    self.at.0 = 0;
                    after
                }
                '\n' => {
                    self.down();
                    after
                }
                one => {
                    self.put(one);
                    after
                }
            };
        }
        let used = text.len() - rest.len();
        self.pending.drain(..used);
    }

    /// One sequence after its escape; none where it has not come whole.
    fn sequence<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        let Some(text) = text.strip_prefix('[') else {
            let one = text.chars().next()?;
            self.faults.push(format!("ESC {one:?}"));
            return Some(&text[one.len_utf8()..]);
        };
        let end = text.find(|one: char| one.is_ascii_alphabetic())?;
        let (given, after) = text.split_at(end + 1);
        match given {
            "H" => self.at = (0, 0),
            "K" => {
                let (column, line) = self.at;
                self.rows[line][column.min(self.size.0)..].fill(' ');
            }
            "J" => {
                let (column, line) = self.at;
                self.rows[line][column.min(self.size.0)..].fill(' ');
                self.rows[line + 1..].iter_mut().for_each(|row| row.fill(' '));
                self.frames += 1;
            }
            "?1049h" | "?1049l" => {
                self.alternate = given.ends_with('h');
                self.clear();
            }
            "?25h" | "?25l" => self.cursor_hidden = given.ends_with('l'),
            "?7h" | "?7l" => self.wraps_not = given.ends_with('l'),
            "0m" => {}
            colour if colour.ends_with('m') => self.coloured = true,
            other => self.faults.push(format!("ESC [{other}")),
        }
        Some(after)
    }

    fn put(&mut self, one: char) {
        if self.at.0 >= self.size.0 {
            if self.wraps_not {
                self.faults.push(format!("{one:?} beyond the edge of {:?}", self.size));
                return;
            }
            self.at.0 = 0;
            self.broken += 1;
            self.down();
        }
        let (column, line) = self.at;
        self.rows[line][column] = one;
        self.at.0 += 1;
    }

    fn down(&mut self) {
        if self.at.1 + 1 < self.size.1 {
            self.at.1 += 1;
        } else if self.alternate {
            self.faults.push(format!("scrolled at {:?}", self.size));
        } else {
            self.rows.remove(0);
            self.rows.push(vec![' '; self.size.0]);
        }
    }
}
