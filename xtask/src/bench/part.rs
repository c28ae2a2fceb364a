//! Parts of the gateway by themselves: each is measured by an example of its own crate, whose
//! table is read here.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::cell::Cell;
use super::options::Extent;
use super::raw::Row;
use crate::command::output_of;

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
