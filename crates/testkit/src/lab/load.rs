//! One run of the load generator: who asks for what, how often, and what came of it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use super::connection::Caller;
use super::process::{CpuReading, Processes, machine_busy_ns};
use super::{Spread, closed, held, now, open};

/// Most clients, and most streams held open.
const CLIENTS_MAX: usize = 16_384;
/// Longest that a run may warm up, and that it may measure.
const TIME_MAX: Duration = Duration::from_mins(10);
/// Times that one client keeps; a run that has more is too long.
const TIMES_MAX: usize = 4_000_000;
/// Errors after which a client gives up.
const ERRORS_MAX: u64 = 100;

/// What a run is to do.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// Where to connect; loopback only.
    pub to: SocketAddr,
    /// What stands in `authorization`.
    pub authorization: Option<String>,
    /// The model that is asked for.
    pub model: String,
    /// What is asked for.
    pub ask: Ask,
    /// How often.
    pub shape: Shape,
    /// How long nothing is counted at first.
    pub warm_ms: u64,
    /// How long it is counted then.
    pub window_ms: u64,
    /// The process whose cost is measured, with all below it.
    pub watch: Option<u32>,
    /// Processes that belong to the measurement and whose cost is not asked for.
    pub beside: Vec<u32>,
}

/// What each request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// An answer in one piece.
    Whole,
    /// A stream.
    Stream {
        /// Content chunks in it.
        chunks: u64,
        /// The pause before each, in milliseconds.
        pause_ms: u64,
    },
}

/// How often is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Shape {
    /// So many clients, each of which asks again as soon as it is answered.
    Closed {
        /// How many.
        clients: usize,
    },
    /// So many requests a second, whatever becomes of them. A request's time counts from the
    /// moment when it was due.
    Open {
        /// Connections there are for it.
        clients: usize,
        /// Requests due in a second.
        per_second: u32,
    },
    /// So many streams, all open at once, and hung up on at the end.
    Held {
        /// How many.
        streams: usize,
    },
}

/// What came of it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct LoadReport {
    /// Requests answered, every byte as expected, within the window.
    pub requests: u64,
    /// Chunks of streams that came within the window.
    pub chunks: u64,
    /// Requests that failed, or whose answer was not the expected one, at any time.
    pub errors: u64,
    /// What was wrong with the first of them.
    pub first_error: Option<String>,
    /// How long the window was.
    pub window_ms: f64,
    /// How long requests took that belong to the window.
    pub latency: Option<Spread>,
    /// Core time of the watched process and all below it, within the window.
    pub cpu_ns: Option<u64>,
    /// Core time of the load generator itself.
    pub load_cpu_ns: u64,
    /// Cores that were busy with something that does not belong to the measurement.
    pub others_cores: f64,
    /// Memory of the watched process before the first stream was opened, where streams are held.
    pub pss_before_kib: Option<u64>,
    /// The same with all of them open.
    pub pss_kib: Option<u64>,
}

/// The time that counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) start: Instant,
    pub(crate) end: Instant,
}

/// What one client has seen.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) requests: u64,
    pub(crate) chunks: u64,
    pub(crate) errors: u64,
    pub(crate) first_error: Option<String>,
    pub(crate) times: Vec<Duration>,
}

impl Load {
    /// Makes the run, on one thread.
    ///
    /// # Errors
    /// If it cannot be made. Answers that are wrong are counted, not an error.
    pub fn run(&self) -> Result<LoadReport> {
        let clients = match self.shape {
            Shape::Closed { clients } | Shape::Open { clients, .. } => clients,
            Shape::Held { streams } => streams,
        };
        ensure!((1..=CLIENTS_MAX).contains(&clients), "1 to {CLIENTS_MAX} clients");
        let (warm, window) =
            (Duration::from_millis(self.warm_ms), Duration::from_millis(self.window_ms));
        ensure!(warm <= TIME_MAX && window <= TIME_MAX && !window.is_zero(), "1 ms to 10 minutes");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        // It lives as long as the program does, which makes one run.
        let caller: &'static Caller = Box::leak(Box::new(Caller::of(self)?));
        runtime.block_on(async {
            let start = now() + warm;
            let window = Window { start, end: start + window };
            match self.shape {
                Shape::Closed { clients } => closed::run(self, caller, window, clients).await,
                Shape::Open { clients, per_second } => {
                    open::run(self, caller, window, (clients, per_second)).await
                }
                Shape::Held { streams } => held::run(self, caller, streams).await,
            }
        })
    }

    /// Waits for the window and reads what it cost.
    pub(crate) async fn measure(&self, window: Window) -> Result<LoadReport> {
        let watched = self.watch.map(Processes::under).transpose()?;
        let beside: Vec<_> =
            self.beside.iter().map(|pid| Processes::under(*pid)).collect::<Result<_>>()?;
        let this = Processes::under(std::process::id())?;
        let read = || -> Result<_> {
            let beside: Vec<CpuReading> =
                beside.iter().map(Processes::cpu).collect::<Result<_>>()?;
            let watched = watched.as_ref().map(Processes::cpu).transpose()?;
            Ok((now(), watched, this.cpu()?, beside, machine_busy_ns()?))
        };
        tokio::time::sleep_until(window.start.into()).await;
        let (began, watched_before, this_before, beside_before, busy_before) = read()?;
        tokio::time::sleep_until(window.end.into()).await;
        let (ended, watched_after, this_after, beside_after, busy_after) = read()?;
        let cpu_ns = watched_after.zip(watched_before).map(|(after, before)| after.since(&before));
        let load_cpu_ns = this_after.since(&this_before);
        let beside: u64 = beside_after
            .iter()
            .zip(&beside_before)
            .map(|(after, before)| after.since(before))
            .sum();
        let took = ended - began;
        let ours = cpu_ns.unwrap_or_default() + load_cpu_ns + beside;
        let others = busy_after.saturating_sub(busy_before).saturating_sub(ours);
        Ok(LoadReport {
            window_ms: took.as_secs_f64() * 1e3,
            cpu_ns,
            load_cpu_ns,
            others_cores: others as f64 / took.as_nanos() as f64,
            ..LoadReport::default()
        })
    }
}

impl LoadReport {
    /// With what the clients have seen.
    pub(crate) fn with(mut self, tallies: impl IntoIterator<Item = Tally>) -> Self {
        let mut times = Vec::new();
        for tally in tallies {
            self.requests += tally.requests;
            self.chunks += tally.chunks;
            self.errors += tally.errors;
            self.first_error = self.first_error.or(tally.first_error);
            times.extend(tally.times);
        }
        self.latency = Spread::of(times);
        self
    }
}

impl Window {
    pub(crate) fn holds(&self, instant: Instant) -> bool {
        (self.start..self.end).contains(&instant)
    }

    pub(crate) fn is_over(&self) -> bool {
        now() >= self.end
    }
}

impl Tally {
    /// A request that was answered as expected and belongs to the window.
    pub(crate) fn answered(&mut self, time: Duration) {
        self.requests += 1;
        if self.times.len() < TIMES_MAX {
            self.times.push(time);
        }
    }

    pub(crate) fn failed(&mut self, error: &anyhow::Error) {
        self.errors += 1;
        self.first_error.get_or_insert_with(|| format!("{error:#}"));
    }

    pub(crate) const fn has_given_up(&self) -> bool {
        self.errors >= ERRORS_MAX
    }
}
