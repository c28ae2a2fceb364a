//! What the disk itself takes to make an append durable, with nothing around it.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};

use super::{Spread, now};

/// Longest that it may write.
const TIME_MAX: Duration = Duration::from_mins(10);
/// Most bytes of one append.
const BYTES_MAX: usize = 1 << 20;

/// What is to be written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiskPlan {
    /// A folder on the disk; the file in it is removed afterwards.
    pub folder: PathBuf,
    /// Bytes of one record.
    pub record_bytes: usize,
    /// Records of one append, made durable together.
    pub records: usize,
    /// Appends due in a second; none to append as fast as the disk takes them.
    pub per_second: Option<u32>,
    /// How long.
    pub window_ms: u64,
}

/// What it took.
#[derive(Debug, Clone, Serialize)]
pub struct DiskReport {
    /// The time of each append with its `fdatasync`.
    pub latency: Option<Spread>,
    /// Records made durable in a second.
    pub records_per_second: f64,
}

impl DiskPlan {
    /// Writes, and measures each append.
    ///
    /// # Errors
    /// If the disk does not take it.
    pub fn run(&self) -> Result<DiskReport> {
        let bytes = self.record_bytes.saturating_mul(self.records);
        ensure!((1..=BYTES_MAX).contains(&bytes), "1 to {BYTES_MAX} bytes an append");
        let window = Duration::from_millis(self.window_ms);
        ensure!(window <= TIME_MAX, "at most 10 minutes");
        ensure!(self.per_second != Some(0), "at least one append a second");
        let path = self.folder.join(format!("append-{}", std::process::id()));
        let mut file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(&path)
            .with_context(|| format!("cannot make {}", path.display()))?;
        let report = self.append(&mut file, &vec![b'x'; bytes], window);
        std::fs::remove_file(&path).context("cannot remove the file")?;
        report
    }

    fn append(&self, file: &mut File, bytes: &[u8], window: Duration) -> Result<DiskReport> {
        let interval = self.per_second.map(|per_second| Duration::from_secs(1) / per_second);
        let start = now();
        let mut due = start;
        let mut times = Vec::new();
        while start.elapsed() < window {
            let left = due.saturating_duration_since(now());
            if !left.is_zero() {
                thread::park_timeout(left);
                continue;
            }
            let began = now();
            file.write_all(bytes).context("the disk takes no more")?;
            file.sync_data().context("the disk does not sync")?;
            times.push(began.elapsed());
            due = interval.map_or(due, |interval| due + interval);
        }
        let records = (times.len() * self.records) as f64;
        let records_per_second = records / start.elapsed().as_secs_f64();
        Ok(DiskReport { latency: Spread::of(times), records_per_second })
    }
}
