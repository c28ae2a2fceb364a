//! What the system says of the process, from `/proc`. Where it says nothing, nothing is told.

use std::fs;

use crate::catalogue::{
    PROCESS_CPU, PROCESS_MAX_FDS, PROCESS_OPEN_FDS, PROCESS_RESIDENT, PROCESS_START,
    PROCESS_THREADS,
};
use crate::standing::Standing;

/// Clock ticks a second in `/proc`: fixed for programs on every Linux (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;

/// Adds what the system says of this process.
pub fn process(standing: &mut Standing) {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let (stat, status) = (read("/proc/self/stat"), read("/proc/self/status"));
    if let Some((cpu, began)) = times(&stat) {
        standing.set(&PROCESS_CPU, [], cpu);
        if let Some(boot) = boot_seconds(&read("/proc/stat")) {
            standing.set(&PROCESS_START, [], boot + began);
        }
    }
    if let Some(kibibytes) = field(&status, "VmRSS:") {
        standing.set(&PROCESS_RESIDENT, [], kibibytes * 1024.0);
    }
    if let Some(threads) = field(&status, "Threads:") {
        standing.set(&PROCESS_THREADS, [], threads);
    }
    if let Some(most) = field(&read("/proc/self/limits"), "Max open files") {
        standing.set(&PROCESS_MAX_FDS, [], most);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // One of them is the folder that is being read.
        let open = u32::try_from(open.count().saturating_sub(1)).unwrap_or(u32::MAX);
        standing.set(&PROCESS_OPEN_FDS, [], f64::from(open));
    }
}

/// Seconds of CPU, and seconds from the machine's start to the process's.
fn times(stat: &str) -> Option<(f64, f64)> {
    // The name in parentheses may hold anything; the fields after it are numbers (proc(5)).
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    let (user, system, began) = (ticks(11)?, ticks(12)?, ticks(19)?);
    Some(((user + system) / TICKS_PER_SECOND, began / TICKS_PER_SECOND))
}

/// When the machine began.
fn boot_seconds(stat: &str) -> Option<f64> {
    field(stat, "btime")
}

/// The first number after `name` at the beginning of a line.
fn field(text: &str, name: &str) -> Option<f64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_named_to_confuse_is_read_all_the_same() {
        let numbers = "S 1 2 3 4 5 6 7 8 9 10 150 50 13 14 15 16 17 18 4200 20 21";
        let stat = format!("7 (a) b (c) {numbers}");
        assert_eq!(times(&stat), Some((2.0, 42.0)));
        assert_eq!(times("7 (a"), None);
        assert_eq!(times("7 (a) S 1"), None);
    }

    #[test]
    fn fields_stand_at_the_beginning_of_a_line() {
        let check =
            |name, expect| assert_eq!(field("x VmRSS: 1\nVmRSS:\t 2048 kB\n", name), expect);
        check("VmRSS:", Some(2048.0));
        check("Threads:", None);
        assert_eq!(field("Max open files            unlimited", "Max open files"), None);
    }
}
