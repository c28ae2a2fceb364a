//! Clients that ask again as soon as they are answered.

use anyhow::{Context as _, Result};

use super::connection::{Caller, Connection};
use super::load::{Load, LoadReport, Tally, Window};
use super::now;

pub(crate) async fn run(
    load: &Load,
    caller: &'static Caller,
    window: Window,
    clients: usize,
) -> Result<LoadReport> {
    let clients: Vec<_> = (0..clients).map(|_| tokio::spawn(client(caller, window))).collect();
    let report = load.measure(window).await?;
    let mut tallies = Vec::new();
    for client in clients {
        tallies.push(client.await.context("a client panicked")?);
    }
    Ok(report.with(tallies))
}

async fn client(caller: &Caller, window: Window) -> Tally {
    let (mut connection, mut tally) = (Connection::new(caller), Tally::default());
    while !window.is_over() && !tally.has_given_up() {
        let asked = now();
        let mut chunks = 0;
        let count = |came| {
            if came > 0 && window.holds(now()) {
                chunks += came;
            }
        };
        let answered = connection.ask(count).await;
        let ended = now();
        tally.chunks += chunks;
        match answered {
            Ok(()) if window.holds(ended) => tally.answered(ended - asked),
            Ok(()) => {}
            Err(error) => tally.failed(&error),
        }
    }
    tally
}
