//! `cargo xtask`: the chores of this repository behind one door.
//!
//! It runs what developers and CI run. It is no part of the product and nothing depends on it.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a chore talks to a terminal")]

mod bench;
mod command;
mod count;
mod docs;
mod docs_run;
mod e2e;
mod fuzz;
mod gateway;
mod independent;
mod node;
mod place;
mod python;
mod server;
mod soak;
mod stopwatch;
mod system;
mod tally;
mod test;
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask test [--fast]    run every test; --fast leaves out the end-to-end ones
cargo xtask tidy             check the rules of this repository
cargo xtask docs [--check]   write the generated reference pages, or check that they are current
cargo xtask docs-run         run every command of README.md, docs/concepts/ and docs/guide/
cargo xtask e2e              run only the end-to-end tests
cargo xtask bench            measure, and write docs/performance.md; `cargo xtask bench --help`
cargo xtask soak             power cuts under load, 200 rounds; --rounds N, --seed S
cargo xtask independent      have programs nobody here wrote check the log and the schemas
cargo xtask fuzz [TARGET]... [--seconds N]
                             look for inputs that break a parser, a minute each or N seconds

Tools and packages are kept in .cache/, or in the folder PORTREEVE_TEST_CACHE names.";

/// How a chore ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Passed,
    Failed,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let verdict = match words.as_slice() {
        ["test"] => test::run(test::Extent::Everything),
        ["test", "--fast"] => test::run(test::Extent::Fast),
        ["tidy"] => tidy::run(),
        ["docs"] => docs::write(),
        ["docs", "--check"] => docs::check(),
        ["docs-run"] => docs_run::run_alone(),
        ["e2e"] => e2e::run_alone(),
        ["bench", options @ ..] => bench::run(options),
        ["soak", options @ ..] => soak::run(options),
        ["independent"] => independent::run_alone(),
        ["fuzz", options @ ..] => fuzz::run_alone(options),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match verdict {
        Ok(Verdict::Passed) => ExitCode::SUCCESS,
        Ok(Verdict::Failed) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
