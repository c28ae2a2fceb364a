//! How many checks passed and failed, read from what test runners print.

use std::ops::Add;

/// Checks that passed and failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// Checks that passed.
    pub(crate) passed: u64,
    /// Checks that failed.
    pub(crate) failed: u64,
}

impl Count {
    /// One check that passed.
    pub(crate) const PASSED: Self = Self { passed: 1, failed: 0 };
    /// One check that failed.
    pub(crate) const FAILED: Self = Self { passed: 0, failed: 1 };

    /// One check that ended so.
    pub(crate) const fn of(success: bool) -> Self {
        if success { Self::PASSED } else { Self::FAILED }
    }

    /// The same, with at least one failure where the runner did not end well:
    /// a build that breaks runs no test, and must not count as nothing.
    pub(crate) const fn and_exit(self, success: bool) -> Self {
        if success || self.failed > 0 { self } else { Self { failed: 1, ..self } }
    }
}

impl Add for Count {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { passed: self.passed + other.passed, failed: self.failed + other.failed }
    }
}

/// Reads nextest's `Summary` line: `3 tests run: 2 passed (1 slow), 1 failed, 0 skipped`.
/// Whatever ran and did not pass counts as failed.
pub(crate) fn nextest(output: &str) -> Count {
    let Some(line) = output.lines().rev().find(|line| line.trim_start().starts_with("Summary ["))
    else {
        return Count::default();
    };
    let Some((run, parts)) =
        line.split_once(" tests run: ").or_else(|| line.split_once(" test run: "))
    else {
        return Count::default();
    };
    // Where a run was cut short it says `2/7`: two of seven ran.
    let ran = run.rsplit(' ').next().and_then(|word| word.split('/').next());
    let run = ran.and_then(|word| word.parse().ok()).unwrap_or(0);
    let passed = number_before(parts, " passed");
    Count { passed, failed: u64::saturating_sub(run, passed) }
}

/// Adds up the `test result:` lines of `cargo test`.
pub(crate) fn cargo_test(output: &str) -> Count {
    output
        .lines()
        .filter(|line| line.starts_with("test result: "))
        .map(|line| Count {
            passed: number_before(line, " passed"),
            failed: number_before(line, " failed"),
        })
        .fold(Count::default(), Add::add)
}

/// Counts the lines a driver prints: `ok   ...` and `FAIL ...`.
pub(crate) fn driver(output: &str) -> Count {
    let count = |start: &str| {
        u64::try_from(output.lines().filter(|line| line.starts_with(start)).count()).unwrap_or(0)
    };
    Count { passed: count("ok   "), failed: count("FAIL ") }
}

fn number_before(text: &str, word: &str) -> u64 {
    let Some((before, _)) = text.split_once(word) else { return 0 };
    before.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runners_closing_lines_are_read() {
        let count = |passed, failed| Count { passed, failed };
        for (line, expect) in [
            ("     Summary [   0.1s] 3 tests run: 3 passed, 0 skipped", count(3, 0)),
            ("     Summary [   0.1s] 1 test run: 1 passed, 9 skipped", count(1, 0)),
            (
                "     Summary [   9.1s] 9 tests run: 6 passed (1 slow), 2 failed, 1 timed out, 0 skipped",
                count(6, 3),
            ),
            ("     Summary [   9.1s] 2/7 tests run: 1 passed, 1 failed, 0 skipped", count(1, 1)),
            ("error: could not compile `model`", count(0, 0)),
            ("", count(0, 0)),
        ] {
            assert_eq!(nextest(line), expect, "{line}");
        }
    }

    #[test]
    fn doc_test_results_add_up() {
        let output = "\
test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n\
test result: FAILED. 1 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out\n";
        assert_eq!(cargo_test(output), Count { passed: 3, failed: 3 });
    }

    #[test]
    fn a_drivers_lines_are_counted_and_nothing_else() {
        let output = "ok   a: one\nFAIL a: two\nokay\n ok   not at the start\n";
        assert_eq!(driver(output), Count { passed: 1, failed: 1 });
    }

    #[test]
    fn a_runner_that_fails_without_a_failed_test_still_counts() {
        assert_eq!(Count::default().and_exit(false), Count::FAILED);
        assert_eq!(Count::FAILED.and_exit(false), Count::FAILED);
        assert_eq!(Count::PASSED.and_exit(true), Count::PASSED);
    }
}
