//! Where a run happens: its folder, the upstream, and the targets, each set up once.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tempfile::TempDir;

use super::cell::Cell;
use super::lab::{Appending, Asking, KEY, disk, load};
use super::options::{Extent, Options};
use super::part;
use super::programs::Programs;
use super::raw::Row;
use super::target::{Running, Target};
use crate::command::output_of;
use crate::gateway::{ANY_PORT, Gateway};
use crate::place::Place;
use crate::server::Server;
use crate::stopwatch::Stopwatch;

/// The secret that opens the laboratory's upstream, as `xtask/bench/charter` calls it.
const SECRET: &str = "lab-key";
/// Chunks of a stream that is read as fast as it comes.
const CHUNKS: u64 = 50;
/// Chunks of a stream that is held open: more than come while it is.
const CHUNKS_HELD: u64 = 1_000_000;
/// The pause between two of them.
const PAUSE_MS: u64 = 500;
/// How long a target is left alone after its start, before its memory is read.
const SETTLE: Duration = Duration::from_secs(1);
/// How long a small program may take.
const ASK_LIMIT: Duration = Duration::from_secs(10);
/// Where the gateway's decision log is in the folder of a run.
const LOG: &str = "home/logs/decisions";
/// How the disk is called among the targets.
pub(super) const DISK: &str = "disk";

/// What all cells of a run share.
#[derive(Debug)]
pub(super) struct Stage {
    folder: TempDir,
    programs: Programs,
    upstream: Server,
    extent: Extent,
    /// The targets under load, once the first cell needs them.
    lineup: Vec<Running>,
}

impl Stage {
    /// Starts the upstream, and begins a gateway before it.
    pub(super) fn set(place: &Place, programs: Programs, options: &Options) -> Result<Self> {
        demand_files(options.extent)?;
        // On the disk that the build is on: a temporary folder may well be memory.
        std::fs::create_dir_all(&place.target).context("cannot make the build folder")?;
        let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(&place.target);
        let folder = folder.context("cannot make a folder for the run")?;
        let mut command = std::process::Command::new(&programs.lab);
        let log = folder.path().join("upstream.log");
        let upstream = Server::start("the upstream", command.arg("upstream"), log)?;
        let gateway = Gateway::start(programs.portreeve.clone(), folder.path(), ANY_PORT)?;
        let charter = place.root.join("xtask/bench/charter");
        gateway.apply(&charter, &[("{{UPSTREAM}}", upstream.url())])?;
        gateway.seal(SECRET, KEY)?;
        gateway.stop()?;
        Ok(Self { folder, programs, upstream, extent: options.extent, lineup: Vec::new() })
    }

    /// The folder of the run.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Measures one cell once for each of its targets.
    pub(super) fn run(&mut self, cell: Cell, round: u32) -> Result<Vec<Row>> {
        match cell {
            Cell::Memory => self.memory(round),
            Cell::Requests => {
                let ask = json!("whole");
                let shape = json!({ "closed": { "clients": self.extent.clients() } });
                self.under_load((cell, round), &Asking { ask, shape })
            }
            Cell::Rate => self.rate(round),
            Cell::Chunks => {
                let ask = json!({ "stream": { "chunks": CHUNKS, "pause_ms": 0 } });
                let shape = json!({ "closed": { "clients": self.extent.readers() } });
                self.under_load((cell, round), &Asking { ask, shape })
            }
            Cell::Verify => {
                // What still serves would write on while it is verified.
                self.lineup.drain(..).try_for_each(Running::stop)?;
                let log = self.folder.path().join(LOG);
                part::verify(&self.programs.verify, &log, round)
            }
            Cell::Policy => part::policy(&self.programs.policy, self.extent, round),
            Cell::Ledger => {
                let (program, folder) = (&self.programs.ledger, self.folder.path());
                part::ledger(program, &folder.join("ledger"), self.extent, round)
            }
        }
    }

    /// Ends what runs. That the gateway stops by itself belongs to the check.
    pub(super) fn end(mut self) -> Result<()> {
        self.lineup.drain(..).try_for_each(Running::stop)
    }

    /// Each target anew: how soon it is ready, what it uses then, and with many streams open.
    fn memory(&self, round: u32) -> Result<Vec<Row>> {
        let asking = Asking {
            ask: json!({ "stream": { "chunks": CHUNKS_HELD, "pause_ms": PAUSE_MS } }),
            shape: json!({ "held": { "streams": self.extent.streams() } }),
        };
        let mut rows = Vec::new();
        // Where nothing is in between nothing can be measured.
        for target in self.targets(round).filter(|target| *target != Target::Direct) {
            let (running, ready) = self.start(target)?;
            pause(SETTLE);
            let row = Row::new(Cell::Memory, target.name(), round)
                .with("ready_ms", ready.as_secs_f64() * 1e3);
            rows.push(self.load(&running, &asking, row)?);
            running.stop()?;
        }
        Ok(rows)
    }

    /// A fixed rate for each target, and for the disk alone.
    fn rate(&mut self, round: u32) -> Result<Vec<Row>> {
        let (clients, per_second) = (self.extent.clients(), self.extent.per_second());
        let ask = json!("whole");
        let shape = json!({ "open": { "clients": clients, "per_second": per_second } });
        let mut rows = self.under_load((Cell::Rate, round), &Asking { ask, shape })?;
        let appending = Appending { records: 1, per_second: Some(per_second) };
        let row = Row::new(Cell::Rate, DISK, round);
        rows.push(disk(&self.programs.lab, self.folder.path(), appending, self.extent, row)?);
        Ok(rows)
    }

    fn under_load(&mut self, (cell, round): (Cell, u32), asking: &Asking) -> Result<Vec<Row>> {
        if self.lineup.is_empty() {
            let started = self.targets(0).map(|target| Ok(self.start(target)?.0));
            self.lineup = started.collect::<Result<_>>()?;
        }
        let mut rows = Vec::new();
        for target in self.targets(round) {
            let Some(running) = self.lineup.iter().find(|running| running.target == target) else {
                continue;
            };
            rows.push(self.load(running, asking, Row::new(cell, target.name(), round))?);
        }
        Ok(rows)
    }

    fn load(&self, running: &Running, asking: &Asking, row: Row) -> Result<Row> {
        let target = (running, self.upstream.pid());
        load(&self.programs.lab, target, asking, self.extent, row)
    }

    /// The targets that are there, in this round's order.
    fn targets(&self, round: u32) -> impl Iterator<Item = Target> + use<> {
        let has_nginx = self.programs.nginx.is_some();
        let mut targets = Target::ALL.to_vec();
        targets.rotate_left(round as usize % Target::ALL.len());
        targets.into_iter().filter(move |target| has_nginx || *target != Target::Nginx)
    }

    fn start(&self, target: Target) -> Result<(Running, Duration)> {
        target.start(&self.programs, self.folder.path(), self.upstream.address())
    }
}

/// Held streams are two sockets each for whatever stands in between: a limit that is too low is
/// told before anything is measured.
fn demand_files(extent: Extent) -> Result<()> {
    let needed = 3 * extent.streams() + 512;
    let mut shell = std::process::Command::new("sh");
    let said = output_of(shell.args(["-c", "ulimit -n"]), ASK_LIMIT)?;
    let allowed = said.trim().parse().unwrap_or(usize::MAX);
    ensure!(allowed >= needed, "{allowed} open files are too few: run `ulimit -n {needed}` first");
    Ok(())
}

fn pause(time: Duration) {
    let watch = Stopwatch::start();
    while !watch.left_of(time).is_zero() {
        std::thread::park_timeout(watch.left_of(time));
    }
}
