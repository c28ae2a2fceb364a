//! Requests that are due at a fixed rate, whether earlier ones were answered or not.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use tokio::sync::{Mutex, mpsc};

use super::connection::{Caller, Connection};
use super::load::{Load, LoadReport, Tally, Window};
use super::now;

/// Requests that may be due and wait for a connection.
const DUE_MAX: usize = 65_536;
/// Most requests a second.
const RATE_MAX: u32 = 100_000;

pub(crate) async fn run(
    load: &Load,
    caller: &'static Caller,
    window: Window,
    (clients, per_second): (usize, u32),
) -> Result<LoadReport> {
    ensure!((1..=RATE_MAX).contains(&per_second), "1 to {RATE_MAX} requests a second");
    let (sender, due) = mpsc::channel(DUE_MAX);
    let due = Arc::new(Mutex::new(due));
    let clients: Vec<_> =
        (0..clients).map(|_| tokio::spawn(client(caller, window, Arc::clone(&due)))).collect();
    let first = window.start - Duration::from_millis(load.warm_ms);
    let pacer = thread::spawn(move || pace(&sender, (first, window.end), per_second));
    let report = load.measure(window).await?;
    let mut tallies = Vec::new();
    for client in clients {
        tallies.push(client.await.context("a client panicked")?);
    }
    let paced = pacer.join().map_err(|_| anyhow!("the pacing thread panicked"))?;
    tallies.push(paced);
    Ok(report.with(tallies))
}

/// Says when requests are due, from a thread of its own: the runtime's timers count whole
/// milliseconds, which is more than what is measured.
fn pace(due: &mpsc::Sender<Instant>, (first, end): (Instant, Instant), per_second: u32) -> Tally {
    let mut tally = Tally::default();
    let interval = Duration::from_secs(1) / per_second;
    let mut next = first;
    while next < end {
        let left = next.saturating_duration_since(now());
        if !left.is_zero() {
            // It may wake early; then it looks again.
            thread::park_timeout(left);
            continue;
        }
        if due.try_send(next).is_err() {
            tally.failed(&anyhow!("more than {DUE_MAX} requests are due and not begun"));
        }
        next += interval;
    }
    tally
}

async fn client(
    caller: &Caller,
    window: Window,
    due: Arc<Mutex<mpsc::Receiver<Instant>>>,
) -> Tally {
    let (mut connection, mut tally) = (Connection::new(caller), Tally::default());
    while !tally.has_given_up() {
        let Some(due) = due.lock().await.recv().await else { break };
        let mut chunks = 0;
        let answered = connection.ask(|came| chunks += came).await;
        match answered {
            Ok(()) if window.holds(due) => {
                tally.chunks += chunks;
                tally.answered(now().saturating_duration_since(due));
            }
            Ok(()) => {}
            Err(error) => tally.failed(&error),
        }
    }
    tally
}
