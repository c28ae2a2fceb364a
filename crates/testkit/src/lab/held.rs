//! Streams that are all open at once: what each of them costs in memory.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::sync::{mpsc, watch};

use super::connection::{Caller, Connection};
use super::load::{Load, LoadReport, Tally, Window};
use super::now;
use super::process::Processes;

/// Streams that are being opened at a time.
const OPENING_MAX: usize = 64;
/// Longest until all of them are open.
const OPEN_WITHIN: Duration = Duration::from_secs(60);

pub(crate) async fn run(
    load: &Load,
    caller: &'static Caller,
    streams: usize,
) -> Result<LoadReport> {
    let watched = Processes::under(load.watch.context("name the process to watch")?)?;
    let pss_before_kib = Some(watched.pss_kib()?);
    let (opened, mut opening) = mpsc::channel(streams);
    let (hang_up, hung_up) = watch::channel(());
    let mut clients = Vec::new();
    let mut open = 0;
    for number in 0..streams {
        clients.push(tokio::spawn(client(caller, opened.clone(), hung_up.clone())));
        if number >= OPENING_MAX {
            open += 1;
            wait(&mut opening).await?;
        }
    }
    while open < streams {
        open += 1;
        wait(&mut opening).await?;
    }
    let start = now() + Duration::from_millis(load.warm_ms);
    let window = Window { start, end: start + Duration::from_millis(load.window_ms) };
    let mut report = load.measure(window).await?;
    report.pss_before_kib = pss_before_kib;
    report.pss_kib = Some(watched.pss_kib()?);
    drop(hang_up);
    let mut tallies = Vec::new();
    for client in clients {
        tallies.push(client.await.context("a client panicked")?);
    }
    report = report.with(tallies);
    ensure!(report.requests == 0, "a stream ended before it was hung up on");
    report.requests = streams as u64;
    Ok(report)
}

/// Waits until one more stream is open.
async fn wait(opening: &mut mpsc::Receiver<Result<()>>) -> Result<()> {
    let opened = tokio::time::timeout(OPEN_WITHIN, opening.recv()).await;
    match opened.context("not all streams are open in time")? {
        Some(opened) => opened.context("a stream could not be opened"),
        None => bail!("nobody opens streams any more"),
    }
}

/// Opens one stream, says so at its first chunk, and reads and checks until it is told to hang up.
async fn client(
    caller: &Caller,
    opened: mpsc::Sender<Result<()>>,
    mut hung_up: watch::Receiver<()>,
) -> Tally {
    let mut tally = Tally::default();
    let mut connection = Connection::new(caller);
    let first = async {
        let mut answering = connection.begin().await?;
        while answering.next().await?.context("it ended at once")? == 0 {}
        anyhow::Ok(answering)
    };
    let mut answering = match first.await {
        Ok(answering) => answering,
        Err(error) => {
            let _ = opened.send(Err(error)).await;
            return tally;
        }
    };
    // Whoever counts may have given up already.
    let _ = opened.send(Ok(())).await;
    drop(opened);
    loop {
        let next = tokio::select! {
            next = answering.next() => next,
            // An error says that the sender is gone, which is the signal.
            _ = hung_up.changed() => return tally,
        };
        match next {
            Ok(Some(chunks)) => tally.chunks += chunks,
            Ok(None) => {
                tally.requests += 1;
                return tally;
            }
            Err(error) => {
                tally.failed(&error);
                return tally;
            }
        }
    }
}
