//! The machine's clock, and the CPU time of this process by kind of thread.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use model::{Clock, Timestamp};

/// The machine's clock.
#[derive(Debug)]
pub(crate) struct MachineClock;

/// CPU time so far.
pub(crate) struct CpuTimes {
    /// Of each thread, by its number: its kind and how much.
    threads: BTreeMap<String, (usize, Duration)>,
    /// Of the process, threads that have ended included.
    all: Duration,
}

/// The system counts a process's CPU time in hundredths of a second.
const TICK: Duration = Duration::from_millis(10);

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// CPU time so far. Ask while callers and writer live.
pub(crate) fn cpu_of_threads() -> anyhow::Result<CpuTimes> {
    let mut threads = BTreeMap::new();
    for task in std::fs::read_dir("/proc/self/task")? {
        let task = task?.path();
        let read = |name: &str| std::fs::read_to_string(task.join(name)).unwrap_or_default();
        let kind = match read("comm").trim() {
            "ledger-writer" => 1,
            // The system cuts names after fifteen characters. Its helpers come and go.
            name if name.starts_with("ledger-publish") => continue,
            _ => 0,
        };
        let spent = read("schedstat");
        let nanoseconds = spent.split(' ').next().and_then(|text| text.parse().ok());
        let spent = Duration::from_nanos(nanoseconds.unwrap_or_default());
        threads.insert(task.display().to_string(), (kind, spent));
    }
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let behind_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = behind_name.split_whitespace().skip(11).take(2).map(str::parse::<u32>);
    let ticks: u32 = ticks.sum::<Result<_, _>>()?;
    Ok(CpuTimes { threads, all: TICK * ticks })
}

impl CpuTimes {
    /// What was spent since `before`: by callers, by the writer, by all else (the publisher).
    pub(crate) fn since(&self, before: &Self) -> [Duration; 3] {
        let mut sums = [Duration::ZERO; 2];
        for (thread, (kind, spent)) in &self.threads {
            let earlier = before.threads.get(thread).map_or(Duration::ZERO, |(_, spent)| *spent);
            if let Some(sum) = sums.get_mut(*kind) {
                *sum += spent.saturating_sub(earlier);
            }
        }
        let [callers, writer] = sums;
        let rest = self.all.saturating_sub(before.all).saturating_sub(callers + writer);
        [callers, writer, rest]
    }
}
