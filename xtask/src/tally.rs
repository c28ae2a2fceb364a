//! The steps of a run: announced, timed, counted, and summed up at the end.

use std::time::Duration;

use anyhow::Result;

use crate::Verdict;
use crate::count::Count;
use crate::stopwatch::Stopwatch;

/// The steps run so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    steps: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    name: String,
    took: Duration,
    count: Count,
}

impl Tally {
    /// Runs one step. An error is a failed check: it is printed, and the next step runs.
    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce() -> Result<Count>) -> Verdict {
        println!("\n== {name}");
        let watch = Stopwatch::start();
        let count = work().unwrap_or_else(|error| {
            println!("error: {error:#}");
            Count::FAILED
        });
        let took = watch.elapsed();
        self.steps.push(Step { name: name.to_owned(), took, count });
        if count.failed == 0 { Verdict::Passed } else { Verdict::Failed }
    }

    /// Counts a step that could not run because one before it failed.
    pub(crate) fn not_run(&mut self, name: &str, because: &str) {
        println!("\n== {name}\nnot run: {because}");
        let name = format!("{name} (not run)");
        self.steps.push(Step { name, took: Duration::ZERO, count: Count::FAILED });
    }

    /// Prints every step with its seconds, and as the last line `N passed, N failed`.
    /// A run in which nothing passed has failed.
    pub(crate) fn finish(self) -> Verdict {
        print!("\n{}", self.summary());
        let total = self.total();
        if total.failed == 0 && total.passed > 0 { Verdict::Passed } else { Verdict::Failed }
    }

    fn total(&self) -> Count {
        self.steps.iter().fold(Count::default(), |sum, step| sum + step.count)
    }

    fn summary(&self) -> String {
        let row = |step: &Step| {
            let Count { passed, failed } = step.count;
            let mark = if failed == 0 { "ok" } else { "FAILED" };
            let seconds = step.took.as_secs_f64();
            format!(
                "{seconds:8.1} s  {passed:5} passed {failed:4} failed  {mark:6}  {}\n",
                step.name
            )
        };
        let rows: String = self.steps.iter().map(row).collect();
        let seconds: f64 = self.steps.iter().map(|step| step.took.as_secs_f64()).sum();
        let Count { passed, failed } = self.total();
        format!("{rows}{seconds:8.1} s  in all\n\n{passed} passed, {failed} failed\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_adds_up_and_an_error_is_a_failure() {
        let mut tally = Tally::default();
        tally.step("good", || Ok(Count { passed: 3, failed: 0 }));
        let verdict = tally.step("broken", || anyhow::bail!("no disk"));
        tally.not_run("later", "broken failed");
        assert_eq!(verdict, Verdict::Failed);
        let summary = tally.summary();
        assert!(summary.ends_with("\n3 passed, 2 failed\n"), "{summary}");
        assert!(summary.contains("later (not run)"), "{summary}");
        assert_eq!(tally.finish(), Verdict::Failed);
    }

    #[test]
    fn a_run_without_a_check_has_failed() {
        assert_eq!(Tally::default().finish(), Verdict::Failed);
    }
}
