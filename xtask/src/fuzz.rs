//! `cargo xtask fuzz`: every target of the crate `fuzz` under libFuzzer, for a while each.
//!
//! libFuzzer wants each edge of the code counted, which the stable compiler does where it is told
//! how; nothing of the workspace itself is built so. Two targets run at a time, however many there
//! are cores, so that CI takes as long as it says. A target fails where an input breaks a promise;
//! the input is kept, and how to try it alone is printed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::Verdict;
use crate::command::{Show, output_of, run as run_command};
use crate::count::Count;
use crate::place::Place;
use crate::system;
use crate::tally::Tally;

/// How long each target runs where nothing else is said. Fourteen targets, two at a time: 7 minutes.
const SECONDS: u64 = 60;
/// Targets that run at the same time.
const TOGETHER: usize = 2;
/// Building everything with counters, cold, on a slow machine.
const BUILD_LIMIT: Duration = Duration::from_secs(2700);
/// How much longer than asked a target may take to end.
const SPARE: Duration = Duration::from_secs(180);
/// Longest input, in bytes: below it lies every structure that the parsers know.
const INPUT_BYTES_MAX: u32 = 16 * 1024;
/// Longest that one input may take, in seconds. The slowest parser takes hundredths of one.
const INPUT_SECONDS_MAX: u32 = 20;
/// Most memory of a target, in MB.
const MEMORY_MB_MAX: u32 = 1024;

/// What has the compiler count edges, and tell what is compared with what.
const COVERAGE: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// The targets, built.
#[derive(Debug)]
struct Fuzzer {
    program: PathBuf,
    folder: PathBuf,
    targets: Vec<String>,
}

/// `cargo xtask fuzz [TARGET]... [--seconds N]`.
pub(crate) fn run_alone(words: &[&str]) -> Result<Verdict> {
    let (targets, seconds) = options(words)?;
    let place = Place::find()?;
    let mut tally = Tally::default();
    tally.step("programs of the system", system::install_missing);
    run(&place, &targets, seconds, &mut tally);
    Ok(tally.finish())
}

/// Builds the targets and runs those named, or all, as steps of `tally`.
fn run(place: &Place, targets: &[&str], seconds: u64, tally: &mut Tally) {
    let mut fuzzer = None;
    tally.step("fuzz: build", || {
        fuzzer = Some(Fuzzer::build(place, targets)?);
        Ok(Count::PASSED)
    });
    match fuzzer {
        Some(fuzzer) => {
            tally.step(&format!("fuzz: {seconds} s each"), || Ok(fuzzer.run_all(place, seconds)));
        }
        None => tally.not_run("fuzz", "the targets could not be built"),
    }
}

/// The targets that are named, and the seconds for each.
fn options<'w>(words: &[&'w str]) -> Result<(Vec<&'w str>, u64)> {
    let mut targets = Vec::new();
    let mut seconds = SECONDS;
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "--seconds" => {
                let number = words.next().context("--seconds wants a number")?;
                seconds = number.parse().with_context(|| format!("`{number}` is no number"))?;
                ensure!(seconds > 0, "a target that runs for no time finds nothing");
            }
            option if option.starts_with('-') => anyhow::bail!("`{option}` is no option of fuzz"),
            target => targets.push(target),
        }
    }
    Ok((targets, seconds))
}

impl Fuzzer {
    fn build(place: &Place, targets: &[&str]) -> Result<Self> {
        let folder = place.target.join("fuzz");
        let mut seeds = place.cargo();
        seeds.args(["run", "--locked", "--quiet", "-p", "fuzz", "--bin", "fuzz-seeds", "--"]);
        let listed = output_of(seeds.arg(&folder).args(targets), BUILD_LIMIT)?;
        let engine = place.root.join("crates/fuzz/engine");
        // The same versions as everywhere else; cargo adds those of the engine itself.
        std::fs::copy(place.root.join("Cargo.lock"), engine.join("Cargo.lock"))
            .context("cannot hand over the workspace's lock file")?;
        let host = host()?;
        let built = folder.join("build");
        let mut build = place.cargo();
        // With a target named, what runs while building is built without counters.
        build
            .args(["build", "--release", "--target", &host, "--manifest-path"])
            .arg(engine.join("Cargo.toml"))
            .arg("--target-dir")
            .arg(&built)
            .env("CARGO_ENCODED_RUSTFLAGS", COVERAGE.join("\u{1f}"));
        let finished = run_command(&mut build, BUILD_LIMIT, Show::Lines)?;
        ensure!(finished.success, "the fuzzer does not build");
        let program = built.join(host).join("release/fuzz-engine");
        Ok(Self { program, folder, targets: listed.lines().map(str::to_owned).collect() })
    }

    /// Runs every target, two at a time, and counts them.
    fn run_all(&self, place: &Place, seconds: u64) -> Count {
        let waiting = Mutex::new(self.targets.iter());
        let next = || waiting.lock().ok()?.next();
        let work = || {
            let mut count = Count::default();
            while let Some(target) = next() {
                let ran = self.run(place, target, seconds);
                count = count + Count::of(ran.is_ok());
                match ran {
                    Ok(line) => println!("ok   {target}: {line}"),
                    Err(error) => println!("FAIL {target}: {error:#}"),
                }
            }
            count
        };
        thread::scope(|scope| {
            let workers: Vec<_> = (0..TOGETHER).map(|_| scope.spawn(work)).collect();
            let counts = workers.into_iter().map(|worker| worker.join().unwrap_or(Count::FAILED));
            counts.fold(Count::default(), std::ops::Add::add)
        })
    }

    /// Runs one target; what it did, in a line.
    fn run(&self, place: &Place, target: &str, seconds: u64) -> Result<String> {
        let folder = self.folder.join(target);
        let corpus = folder.join("corpus");
        std::fs::create_dir_all(&corpus)?;
        let mut command = Command::new(&self.program);
        command
            .current_dir(&folder)
            .env("PORTREEVE_FUZZ_TARGET", target)
            .args([
                format!("-max_total_time={seconds}"),
                format!("-max_len={INPUT_BYTES_MAX}"),
                format!("-timeout={INPUT_SECONDS_MAX}"),
                format!("-rss_limit_mb={MEMORY_MB_MAX}"),
            ])
            .args(["-dict=words", "-artifact_prefix=found-", "-print_final_stats=1"])
            .args([corpus, folder.join("seeds")]);
        let limit = Duration::from_secs(seconds) + SPARE;
        let finished = run_command(&mut command, limit, Show::Nothing)?;
        if finished.success {
            return Ok(summary(&finished.output));
        }
        let found = found(&folder, &finished.output);
        anyhow::bail!(
            "{}\n  input: {found}\n  again: PORTREEVE_FUZZ_TARGET={target} {} {found}\n  keep it: \
             cp {found} {}/",
            told(&finished.output),
            place.shown(&self.program),
            place.shown(&place.root.join("spec/vectors/fuzz").join(target)),
        )
    }
}

/// The machine that the compiler compiles for by itself.
fn host() -> Result<String> {
    let about = output_of(Command::new("rustc").arg("-vV"), BUILD_LIMIT)?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc names no host")?.to_owned())
}

/// How many inputs were tried, and what they reached.
fn summary(output: &str) -> String {
    let tried = after(output, "stat::number_of_executed_units:");
    let edges = after(output, " cov:");
    format!("{tried} inputs, {edges} edges")
}

/// The word behind the last `label` in `output`.
fn after<'o>(output: &'o str, label: &str) -> &'o str {
    let behind = output.rsplit_once(label).map(|(_, behind)| behind);
    behind.and_then(|behind| behind.split_whitespace().next()).unwrap_or("?")
}

/// Where the input lies that broke something.
fn found(folder: &Path, output: &str) -> String {
    let name = after(output, "Test unit written to ");
    folder.join(name).display().to_string()
}

/// What the target said as it broke, without what libFuzzer and the backtrace add.
fn told(output: &str) -> String {
    let lines = output.lines().skip_while(|line| !line.contains("panicked at"));
    let said: Vec<&str> =
        lines.take(4).take_while(|line| !line.starts_with("stack back")).collect();
    match said.as_slice() {
        [] => output.lines().rev().take(12).collect::<Vec<_>>().join("\n"),
        said => said.join("\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_and_seconds_are_read() {
        assert_eq!(options(&[]).expect("all"), (vec![], SECONDS));
        let (targets, seconds) = options(&["wal", "--seconds", "5", "note"]).expect("two");
        assert_eq!((targets.as_slice(), seconds), (&["wal", "note"][..], 5));
        for bad in [&["--seconds"][..], &["--seconds", "0"], &["--seconds", "x"], &["--jobs"]] {
            assert!(options(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_a_run_did_is_read_from_its_last_lines() {
        let output = "#9\tNEW    cov: 5 ft: 6\n#10\tDONE   cov: 812 ft: 9 corp: 3/9b\n\
                      stat::number_of_executed_units: 123\nstat::peak_rss_mb: 40\n";
        assert_eq!(summary(output), "123 inputs, 812 edges");
        assert_eq!(summary(""), "? inputs, ? edges");
    }

    #[test]
    fn what_broke_is_told_and_named() {
        let output = "INFO: a\nthread 'main' panicked at a.rs:1:2:\nit is another\nstack backtrace:\n\
                      0: x\nartifact_prefix='found-'; Test unit written to found-crash-1\n";
        assert_eq!(told(output), "thread 'main' panicked at a.rs:1:2:\nit is another");
        assert_eq!(found(Path::new("/t"), output), "/t/found-crash-1");
    }
}
