//! Measures what recording costs, against what the same disk does at best in the same minutes.
//!
//! `cargo run --release -p ledger --example throughput -- DIR [SECONDS [ROUNDS [CALLERS]]]`; DIR
//! should be on the disk that is to be measured, and must not exist. Each caller records a
//! decision, waits until it is durable, records its outcome, and again: two entries a decision.
//! Beside it stands the floor: records of the same size, 64 to a write, each write followed by
//! `fdatasync`. Rounds rotate, so that whatever else the machine does falls on all of them.
#![expect(clippy::print_stdout, reason = "a measurement prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "a measurement reads the machine's clock")]

mod floor;
mod load;
mod machine;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

use crate::load::{Beside, Load};

/// What one run came to.
#[derive(Default, Clone)]
struct Run {
    entries: u64,
    took: Duration,
    /// How long each caller, or each write, waited.
    waits: Vec<Duration>,
    /// CPU time of callers, writer and publisher.
    cpu: [Duration; 3],
    /// Bytes of one entry's frame in the write-ahead log, on average.
    frame_bytes: usize,
}

/// One row of the table: the medians of some runs.
struct Row {
    rate: f64,
    p50: f64,
    p99: f64,
    p999: f64,
    cpu: [f64; 3],
}

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let dir = PathBuf::from(arguments.next().context("give the folder to measure in")?);
    let mut number = |otherwise: u64| arguments.next().map_or(Ok(otherwise), |text| text.parse());
    let (seconds, rounds, callers) = (number(5)?, number(3)?, number(64)?);
    anyhow::ensure!(!dir.exists(), "{} exists already", dir.display());
    std::fs::create_dir_all(&dir)?;
    let load = Load { callers, time: Duration::from_secs(seconds) };
    let runs = measure(&dir, load, rounds)?;
    let bytes = runs.quiet.first().map_or(0, |run| run.frame_bytes);
    println!(
        "{callers} callers, {rounds} rounds of {seconds} s, {bytes} bytes an entry; medians\n"
    );
    println!(
        "{:<34}entries/s  p50 ms  p99 ms  p99.9 ms  CPU us/entry: all  callers  writer  publisher",
        ""
    );
    let [floor, quiet, beside] = [&runs.floor, &runs.quiet, &runs.beside].map(|runs| row(runs));
    print_row("append 64 records + fdatasync", &floor);
    print_row("ledger, nothing published", &quiet);
    print_row("ledger, publisher beside", &beside);
    println!();
    println!("publisher beside / floor: {:.2} of its entries a second", beside.rate / floor.rate);
    println!("nothing published / floor: {:.2}", quiet.rate / floor.rate);
    println!("p99.9 with the publisher / without: {:.2}", beside.p999 / quiet.p999);
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}

#[derive(Default)]
struct Runs {
    floor: Vec<Run>,
    quiet: Vec<Run>,
    beside: Vec<Run>,
}

fn measure(dir: &Path, load: Load, rounds: u64) -> anyhow::Result<Runs> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut runs = Runs::default();
    for round in 0..rounds {
        let home = |what: &str| dir.join(format!("{what}-{round}"));
        let quiet = runtime.block_on(load::run(&home("quiet"), load, Beside::Nothing))?;
        let bytes = quiet.frame_bytes;
        runs.quiet.push(quiet);
        runs.floor.push(floor::run(&home("floor"), load.time, bytes)?);
        runs.beside.push(runtime.block_on(load::run(&home("beside"), load, Beside::Publisher))?);
        for what in ["quiet", "floor", "beside"] {
            std::fs::remove_dir_all(home(what))?;
        }
    }
    Ok(runs)
}

fn row(runs: &[Run]) -> Row {
    let median = |of: &dyn Fn(&Run) -> f64| {
        let mut all: Vec<f64> = runs.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or_default()
    };
    let wait = |permille: usize| {
        median(&|run: &Run| {
            let mut waits = run.waits.clone();
            waits.sort_unstable();
            let at = waits.len().saturating_sub(1) * permille / 1000;
            waits.get(at).copied().unwrap_or_default().as_secs_f64() * 1000.0
        })
    };
    let cpu = |part: usize| {
        median(&|run: &Run| {
            let spent = run.cpu.get(part).copied().unwrap_or_default();
            spent.as_secs_f64() * 1e6 / run.entries as f64
        })
    };
    Row {
        rate: median(&|run: &Run| run.entries as f64 / run.took.as_secs_f64()),
        p50: wait(500),
        p99: wait(990),
        p999: wait(999),
        cpu: [cpu(0), cpu(1), cpu(2)],
    }
}

fn print_row(name: &str, row: &Row) {
    let Row { rate, p50, p99, p999, cpu: [callers, writer, publisher] } = row;
    let all = callers + writer + publisher;
    println!(
        "{name:<34}{rate:>9.0}{p50:>8.2}{p99:>8.2}{p999:>10.2}{all:>19.1}{callers:>9.1}{writer:>8.1}\
         {publisher:>11.1}"
    );
}
