//! The floor: what the disk does when nothing is decided, hashed, sealed or answered.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::Run;
use crate::machine::cpu_of_threads;

/// Records that one write carries.
const TOGETHER: usize = 64;

/// Appends 64 records of `bytes` each and makes them durable, again and again.
pub(crate) fn run(home: &Path, time: Duration, bytes: usize) -> anyhow::Result<Run> {
    std::fs::create_dir_all(home)?;
    let file = File::create_new(home.join("floor"))?;
    let records = vec![b'x'; bytes * TOGETHER];
    let (before, begun) = (cpu_of_threads()?, Instant::now());
    let mut run = Run { frame_bytes: bytes, ..Run::default() };
    let mut at = 0;
    while begun.elapsed() < time {
        let asked = Instant::now();
        file.write_all_at(&records, at)?;
        file.sync_data()?;
        run.waits.push(asked.elapsed());
        at += records.len() as u64;
        run.entries += TOGETHER as u64;
    }
    run.took = begun.elapsed();
    run.cpu = cpu_of_threads()?.since(&before);
    Ok(run)
}
