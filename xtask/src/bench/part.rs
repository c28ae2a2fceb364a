//! Parts of the gateway by themselves: each is measured by an example of its own crate, whose
//! table is read here.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::cell::Cell;
use super::options::Extent;
use super::raw::Row;
use super::target::Target;
use crate::command::output_of;
use crate::stopwatch::Stopwatch;

/// How long one example may take.
const LIMIT: Duration = Duration::from_secs(600);
/// Callers of the ledger.
const CALLERS: &str = "64";
/// What the disk does at best with records of the same size.
pub(super) const APPEND: &str = "append";
/// The ledger while nothing is published.
pub(super) const QUIET: &str = "not published";
/// The ledger as it runs in the gateway.
pub(super) const BESIDE: &str = "published";

/// How the lines begin that `crates/ledger/examples/throughput` prints for them.
const LEDGER_LINES: [(&str, &str); 3] = [
    ("append 64 records + fdatasync", APPEND),
    ("ledger, nothing published", QUIET),
    ("ledger, publisher beside", BESIDE),
];

/// How often a process is asked for the most memory it has used.
const PEAK_EVERY: Duration = Duration::from_millis(10);
/// The decision whose time counts, of those that `crates/policy/examples/decide` measures: one that
/// lends a secret, as a call to a vendor does.
const SHAPE: &str = "one target with a secret";

/// One round of decisions.
pub(super) fn policy(program: &Path, extent: Extent, round: u32) -> Result<Vec<Row>> {
    let mut command = Command::new(program);
    policy_rows(&output_of(command.args(extent.policies()), LIMIT)?, round)
}

/// The rows of the table in `printed`: a column for each number of policies.
fn policy_rows(printed: &str, round: u32) -> Result<Vec<Row>> {
    let cells = |start: &str| {
        let line = printed.lines().find(|line| line.split(" | ").next() == Some(start));
        let line = line.with_context(|| format!("the table of decisions has no `{start}`"))?;
        let first = |cell: &str| cell.split(' ').next().and_then(|word| word.parse::<f64>().ok());
        anyhow::Ok(line.split(" | ").skip(1).map_while(first).collect::<Vec<f64>>())
    };
    let sizes = cells("p50 (p99) in µs")?;
    let evaluating = cells(&format!("{SHAPE}, evaluating alone"))?;
    let whole = cells(&format!("{SHAPE}, whole decision"))?;
    let enough = !sizes.is_empty() && evaluating.len() >= sizes.len() && whole.len() >= sizes.len();
    ensure!(enough, "the table of decisions lacks cells:\n{printed}");
    let rows = sizes.iter().zip(evaluating).zip(whole).map(|((size, evaluating), whole)| {
        let row = Row::new(Cell::Policy, &format!("{size} policies"), round);
        let row = row.with("policies", *size).with("evaluating_p50_us", evaluating);
        row.with("whole_p50_us", whole)
    });
    Ok(rows.collect())
}

/// One round of the auditor's program over the log in `log`.
pub(super) fn verify(program: &Path, log: &Path, round: u32) -> Result<Vec<Row>> {
    let watch = Stopwatch::start();
    let mut child = Command::new(program)
        .args(["log", "--json"])
        .arg(log)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start portreeve-verify")?;
    let mut peak = 0;
    // What it prints is one line, which waits in the pipe.
    while child.try_wait().context("cannot wait for portreeve-verify")?.is_none() {
        peak = peak_kib(child.id()).unwrap_or(peak);
        if watch.left_of(LIMIT).is_zero() {
            let _ = child.kill();
        }
        std::thread::park_timeout(PEAK_EVERY);
    }
    let took = watch.elapsed();
    let ended = child.wait_with_output().context("cannot read what portreeve-verify says")?;
    ensure!(ended.status.success(), "the log of the run does not verify");
    let report: Value = serde_json::from_slice(&ended.stdout).context("its report is no JSON")?;
    let entries = report.get("size").and_then(Value::as_f64).context("it names no size")?;
    let row = Row::new(Cell::Verify, Target::Portreeve.name(), round)
        .with("entries", entries)
        .with("entries_per_second", entries / took.as_secs_f64());
    Ok(vec![if peak > 0 { row.with("peak_kib", peak as f64) } else { row }])
}

/// The most memory a process has used, in KiB; none where it has ended.
fn peak_kib(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// One round of the ledger alone, in `folder`, which must not exist.
pub(super) fn ledger(
    program: &Path,
    folder: &Path,
    extent: Extent,
    round: u32,
) -> Result<Vec<Row>> {
    let mut command = Command::new(program);
    command.arg(folder).args([&extent.part_seconds().to_string(), "1", CALLERS]);
    ledger_rows(&output_of(&mut command, LIMIT)?, round)
}

/// The rows of the table in `printed`.
fn ledger_rows(printed: &str, round: u32) -> Result<Vec<Row>> {
    let rows = LEDGER_LINES.into_iter().map(|(start, target)| {
        let line = printed.lines().find_map(|line| line.strip_prefix(start));
        let line = line.with_context(|| format!("the ledger's table has no `{start}`"))?;
        let figures: Vec<f64> =
            line.split_whitespace().map_while(|word| word.parse().ok()).collect();
        let [rate, p50, p99, p999, ..] = figures.as_slice() else {
            anyhow::bail!("the ledger's table has too few figures: {line}");
        };
        ensure!(*rate > 0.0, "nothing was recorded");
        let row = Row::new(Cell::Ledger, target, round).with("entries_per_second", *rate);
        Ok(row.with("p50_us", p50 * 1e3).with("p99_us", p99 * 1e3).with("p999_us", p999 * 1e3))
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEDGER: &str = "\
64 callers, 1 rounds of 4 s, 612 bytes an entry; medians

                                  entries/s  p50 ms  p99 ms  p99.9 ms  CPU us/entry: all
append 64 records + fdatasync         52000    1.10    4.00      9.00                3.0
ledger, nothing published             48000    2.10    7.50     10.50               19.1
ledger, publisher beside              39000    2.20    8.50     12.50               22.0

publisher beside / floor: 0.75 of its entries a second
";

    const POLICY: &str = "\
p50 (p99) in µs | 50 | 20000 | last to first |
one target, no secret, evaluating alone | 9.0 (12.1) | 9.5 (13.0) | 1.06 |
one target with a secret, evaluating alone | 14.1 (20.0) | 15.2 (22.3) | 1.08 |
one target with a secret, whole decision | 31.0 (44.0) | 33.5 (49.0) | 1.08 |
one target with a secret, a tool and storage, whole decision | 51.0 (64.0) | 53.5 (69.0) | 1.05 |
";

    #[test]
    fn the_table_of_decisions_is_read() {
        let rows = policy_rows(POLICY, 1).expect("it is read");
        let said: Vec<_> = rows.iter().map(|row| (row.target.as_str(), row.round)).collect();
        assert_eq!(said, [("50 policies", 1), ("20000 policies", 1)]);
        let figures: Vec<_> =
            rows[1].figures.iter().map(|(name, at)| (name.as_str(), *at)).collect();
        let expect = [("evaluating_p50_us", 15.2), ("policies", 20_000.0), ("whole_p50_us", 33.5)];
        assert_eq!(figures, expect);
    }

    #[test]
    fn another_table_of_decisions_is_an_error() {
        for (from, to) in [(", whole", ", half"), ("33.5 (49.0)", "slow"), ("| 50 |", "| few |")] {
            assert!(policy_rows(&POLICY.replace(from, to), 0).is_err(), "{to}");
        }
    }

    #[test]
    fn the_ledgers_table_is_read() {
        let rows = ledger_rows(LEDGER, 2).expect("it is read");
        let said: Vec<_> = rows.iter().map(|row| (row.target.as_str(), row.round)).collect();
        assert_eq!(said, [(APPEND, 2), (QUIET, 2), (BESIDE, 2)]);
        let figure = |row: usize, name: &str| rows[row].figures.get(name).copied();
        assert_eq!(figure(0, "entries_per_second"), Some(52_000.0));
        assert_eq!(figure(2, "p999_us"), Some(12_500.0));
    }

    #[test]
    fn another_table_is_an_error() {
        for (from, to) in [("ledger, p", "ledger p"), ("12.50", "slow"), ("52000", "0")] {
            assert!(ledger_rows(&LEDGER.replace(from, to), 0).is_err(), "{to}");
        }
    }
}
