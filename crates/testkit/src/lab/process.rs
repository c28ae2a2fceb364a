//! What a process and its children cost: time on a core, and memory that is theirs.
//!
//! Linux only: it reads `/proc`.

use std::collections::HashMap;
use std::fs;

use anyhow::{Context as _, Result};

/// One tick of `/proc/PID/stat`, on every Linux that is in use.
const TICK_NS: u64 = 10_000_000;

/// A process and all below it, as they were found. Who is started later is not among them.
#[derive(Debug, Clone)]
pub(crate) struct Processes {
    pids: Vec<u32>,
}

/// How much of a core processes had used at an instant, counted twice.
#[derive(Debug, Clone, Default)]
pub(crate) struct CpuReading {
    /// Nanoseconds by thread, from the scheduler. A thread that has ended takes its own along.
    threads: HashMap<u32, u64>,
    /// Nanoseconds of them all, ended threads included, in steps of a tick.
    ticks_ns: u64,
}

impl Processes {
    /// Finds `pid` and everything below it.
    pub(crate) fn under(pid: u32) -> Result<Self> {
        Ok(Self { pids: tree(pid)? })
    }

    /// Reads what they have used so far.
    pub(crate) fn cpu(&self) -> Result<CpuReading> {
        let mut reading = CpuReading::default();
        for pid in &self.pids {
            let path = format!("/proc/{pid}/stat");
            let stat = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
            let used = ticks(&stat).with_context(|| format!("{path} is not as known"))?;
            reading.ticks_ns += used * TICK_NS;
            let tasks = fs::read_dir(format!("/proc/{pid}/task"))
                .with_context(|| format!("process {pid} has ended"))?;
            for task in tasks.flatten() {
                let Some(thread) = task.file_name().to_str().and_then(|id| id.parse().ok()) else {
                    continue;
                };
                // A thread may end while it is looked at; the ticks keep what it used.
                let Ok(text) = fs::read_to_string(task.path().join("schedstat")) else { continue };
                let ran = text.split(' ').next().and_then(|number| number.parse().ok());
                reading.threads.insert(thread, ran.unwrap_or_default());
            }
        }
        Ok(reading)
    }

    /// Their memory in KiB, each shared page divided among all who share it.
    pub(crate) fn pss_kib(&self) -> Result<u64> {
        let mut sum = 0;
        for pid in &self.pids {
            let path = format!("/proc/{pid}/smaps_rollup");
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
            let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
            let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<u64>().ok());
            sum += kib.with_context(|| format!("{path} names no Pss"))?;
        }
        Ok(sum)
    }
}

impl CpuReading {
    /// Nanoseconds used since `earlier`: the scheduler's count, but where threads have ended in
    /// between no less than the ticks show for certain.
    pub(crate) fn since(&self, earlier: &Self) -> u64 {
        let ran = |(thread, now): (&u32, &u64)| {
            now.saturating_sub(earlier.threads.get(thread).copied().unwrap_or_default())
        };
        let precise: u64 = self.threads.iter().map(ran).sum();
        let ticks = self.ticks_ns.saturating_sub(earlier.ticks_ns);
        precise.max(ticks.saturating_sub(2 * TICK_NS))
    }
}

/// Nanoseconds that all cores together have been busy.
pub(crate) fn machine_busy_ns() -> Result<u64> {
    let text = fs::read_to_string("/proc/stat").context("cannot read /proc/stat")?;
    let line = text.lines().next().context("/proc/stat is empty")?;
    let fields: Vec<u64> =
        line.split_whitespace().skip(1).filter_map(|number| number.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal; what follows is counted in user.
    let [user, nice, system, _idle, _iowait, irq, softirq, ..] = fields.as_slice() else {
        anyhow::bail!("/proc/stat is not as known");
    };
    Ok((user + nice + system + irq + softirq) * TICK_NS)
}

/// `pid` and everything below it.
fn tree(pid: u32) -> Result<Vec<u32>> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc").context("cannot read /proc")?.flatten() {
        let Some(child) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let parent = after_name(&stat).and_then(|mut fields| fields.nth(1)?.parse::<u32>().ok());
        parents.extend(parent.map(|parent| (child, parent)));
    }
    anyhow::ensure!(parents.iter().any(|(child, _)| *child == pid), "process {pid} has ended");
    let mut found = vec![pid];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(child, _)| *child));
        next += 1;
    }
    Ok(found)
}

/// Ticks in user and system mode, of a line of `/proc/PID/stat`.
fn ticks(stat: &str) -> Option<u64> {
    let mut fields = after_name(stat)?;
    let user: u64 = fields.nth(11)?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// The fields after the program's name, which may hold spaces and parentheses itself.
fn after_name(stat: &str) -> Option<std::str::SplitWhitespace<'_>> {
    stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_of_any_name_is_read() {
        let line = "42 (a (b) c) S 7 1 1 0 -1 4194304 1 2 3 4 500 60 7 8 20 0 9 0 1";
        assert_eq!(ticks(line), Some(560));
        assert_eq!(after_name(line).and_then(|mut fields| fields.nth(1)), Some("7"));
        assert_eq!(ticks("42 (x) S 1"), None);
    }

    #[test]
    fn what_ended_threads_used_is_not_lost() {
        let reading = |threads: &[(u32, u64)], ticks_ns| CpuReading {
            threads: threads.iter().copied().collect(),
            ticks_ns,
        };
        let before = reading(&[(1, 1_000), (2, 5_000_000_000)], 5_000_000_000);
        let steady = reading(&[(1, 3_000), (2, 5_000_100_000)], 5_010_000_000);
        assert_eq!(steady.since(&before), 102_000, "the scheduler's count");
        let ended = reading(&[(1, 3_000)], 6_000_000_000);
        assert_eq!(ended.since(&before), 980_000_000, "what the ticks show");
    }

    #[test]
    fn this_process_is_read() {
        let pid = std::process::id();
        let this = Processes::under(pid).expect("it runs");
        assert!(this.pids.contains(&pid));
        assert!(this.pss_kib().expect("it has memory") > 0);
        assert!(!this.cpu().expect("it runs").threads.is_empty());
        assert!(machine_busy_ns().expect("Linux") > 0);
        assert!(Processes::under(u32::MAX).is_err(), "nobody has that number");
    }
}
