//! `cargo xtask soak`: the test of power cuts under load, for as long as wanted.
//!
//! It is the same test that `cargo xtask test` runs for twenty rounds, and says the same; what it
//! found is judged there. Nothing here looks at a log.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::Verdict;
use crate::command::{Show, run as run_command};
use crate::place::Place;

/// The test in the crate `portreeve`.
const TEST: &str = "soak::whatever_moment_it_is_killed_at_nothing_promised_is_lost";
/// Rounds, where nobody says how many.
const ROUNDS: u64 = 200;
/// How long building may take, cold, on a slow machine.
const BUILD_LIMIT: Duration = Duration::from_secs(3_600);
/// How long a round may take: some starts, one of which may be refused for a minute.
const ROUND_LIMIT: Duration = Duration::from_secs(120);

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    rounds: u64,
    /// None: by chance.
    seed: Option<u64>,
}

/// Runs it.
pub(crate) fn run(words: &[&str]) -> Result<Verdict> {
    let Options { rounds, seed } = Options::read(words)?;
    let place = Place::find()?;
    let mut command = place.cargo();
    command.args(["test", "--locked", "-p", "portreeve", "--test", "binary", "--"]);
    command.args(["--exact", TEST, "--nocapture"]);
    command.env("PORTREEVE_SOAK_ROUNDS", rounds.to_string());
    if let Some(seed) = seed {
        command.env("PORTREEVE_SOAK_SEED", seed.to_string());
    }
    let limit = BUILD_LIMIT + ROUND_LIMIT * u32::try_from(rounds).unwrap_or(u32::MAX);
    let finished = run_command(&mut command, limit, Show::Lines)?;
    // A filter that names no test succeeds, too.
    let soaked = finished.success && finished.output.contains("nothing promised was lost");
    Ok(if soaked { Verdict::Passed } else { Verdict::Failed })
}

impl Options {
    fn read(words: &[&str]) -> Result<Self> {
        let mut options = Self { rounds: ROUNDS, seed: None };
        for pair in words.chunks(2) {
            let [option, value] = pair else { bail!("{} needs a number", pair.join(" ")) };
            let number =
                value.parse().with_context(|| format!("{option} {value}: not a whole number"))?;
            match *option {
                "--rounds" => options.rounds = number,
                "--seed" => options.seed = Some(number),
                other => bail!("{other} is no option: --rounds N, --seed S"),
            }
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_or_refused() {
        let read = |words: &[&str]| Options::read(words).ok();
        assert_eq!(read(&[]), Some(Options { rounds: 200, seed: None }));
        assert_eq!(
            read(&["--seed", "7", "--rounds", "3"]),
            Some(Options { rounds: 3, seed: Some(7) })
        );
        for wrong in [&["--rounds"][..], &["--rounds", "many"], &["--seed", "-1"], &["7", "7"]] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }
}
