//! When the process is killed: under load, while it publishes, acts or stops, and before it serves.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use crate::common::{Home, PATIENCE, Server};

use super::dice::Dice;

/// How often a file is looked at that is about to change.
const LOOK_EVERY: Duration = Duration::from_micros(100);
/// About as long as a command takes that acts, and as long as stopping takes, in microseconds.
const ACT_TAKES_US: u64 = 300_000;
const STOP_TAKES_US: u64 = 40_000;
/// What a publication writes, one after the other, below a log's folder.
const PUBLISHED: &[&str] = &["ids/000000.new", "checkpoint.tmp", "checkpoint"];

/// A moment to kill a process that serves.
#[derive(Debug, Clone, Copy)]
pub(super) enum Moment {
    /// After so many answers.
    Answering(u64),
    /// As soon as this file of the decision log is another one.
    Publishing(&'static str),
    /// So long after so many acts began.
    Acting(u64, Duration),
    /// So long after it was asked to stop.
    Stopping(Duration),
}

impl Moment {
    pub(super) fn pick(dice: &mut Dice) -> Self {
        match dice.below::<u64>(8) {
            0..2 => Self::Answering(1 + dice.below::<u64>(200)),
            2..4 => Self::Publishing(PUBLISHED[dice.below::<usize>(3)]),
            4..7 => {
                let after = Duration::from_micros(dice.below(ACT_TAKES_US));
                Self::Acting(1 + dice.below::<u64>(4), after)
            }
            _ => Self::Stopping(Duration::from_micros(dice.below(STOP_TAKES_US))),
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Answering(_) => "answering",
            Self::Publishing(_) => "publishing",
            Self::Acting(..) => "acting",
            Self::Stopping(_) => "stopping",
        }
    }

    /// Waits for it and kills the process. `answers` tells of each answer, `acts` of each act that
    /// begins; nobody who tells waits for this.
    pub(super) fn cut(
        self,
        home: &Home,
        server: Server,
        answers: &Receiver<()>,
        acts: &Receiver<()>,
    ) {
        match self {
            Self::Answering(count) => wait_for(answers, count),
            Self::Publishing(file) => {
                wait_for(answers, 3);
                wait_for_change(home, file);
            }
            Self::Acting(count, after) => {
                wait_for(acts, count);
                std::thread::park_timeout(after);
            }
            Self::Stopping(after) => {
                wait_for(answers, 3);
                server.signal("-TERM");
                std::thread::park_timeout(after);
            }
        }
        server.kill();
    }
}

/// Begins to serve and kills it, at the latest after `within`; what it said on standard error.
pub(super) fn while_starting(home: &Home, within: Duration) -> String {
    Server::cut_start(home.command(&["up", "--listen", "127.0.0.1:0"]), within)
}

fn wait_for(told: &Receiver<()>, count: u64) {
    for _ in 0..count {
        told.recv_timeout(PATIENCE).expect("the load goes on");
    }
}

/// Waits until a file of the decision log is another one than now, or there where it was not.
fn wait_for_change(home: &Home, file: &str) {
    let path = home.path("logs/decisions").join(file);
    let look = || {
        let found = std::fs::metadata(&path).ok()?;
        Some((found.len(), found.modified().unwrap()))
    };
    let before = look();
    let looks = PATIENCE.as_micros() / LOOK_EVERY.as_micros();
    // A temporary file may be gone again between two looks: the round is cut all the same.
    let _ = (0..looks).find(|_| {
        std::thread::park_timeout(LOOK_EVERY);
        look() != before
    });
}
