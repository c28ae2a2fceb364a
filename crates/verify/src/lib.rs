//! What `portreeve-verify` does, as a function from arguments to an answer: check a published
//! log, a receipt or a proof, offline. It trusts the key it is given and nothing else.

mod arguments;
mod check_log;
mod check_proof;
mod check_receipt;
mod entries;
mod files;
mod key;
mod progress;
mod report;

use arguments::Command;
pub use progress::Bar;
use report::Report;

/// What the program prints and how it exits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Standard output: the report, or the finding.
    pub out: String,
    /// Standard error: why there is neither.
    pub err: String,
    /// 0 as promised, 1 a finding, 2 wrong usage, 3 something could not be read. The program
    /// exits with 3 too where it cannot write the report.
    pub code: u8,
}

/// Why there is no good report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// What was checked is not what it should be: one sentence.
    Finding(String),
    /// The arguments are wrong.
    Usage(String),
    /// A file cannot be read.
    Unreadable(String),
}

/// Runs the program with its arguments, the program's name left out.
#[must_use]
pub fn run(arguments: &[String]) -> Answer {
    run_watched(arguments, &mut |_, _| ())
}

/// The same, and tells `watch` on the way how many entries were checked, and of how many.
#[must_use]
pub fn run_watched(arguments: &[String], watch: &mut dyn FnMut(u64, u64)) -> Answer {
    let (result, json) = match arguments::parse(arguments) {
        Ok((Command::Help, _)) => return said(arguments::HELP),
        Ok((Command::Version, _)) => {
            return said(concat!("portreeve-verify ", env!("CARGO_PKG_VERSION"), "\n"));
        }
        Ok((Command::Log(log), json)) => (check_log::check(&log, watch), json),
        Ok((Command::Receipt(receipt), json)) => (check_receipt::check(&receipt), json),
        Ok((Command::Proof(proof), json)) => (check_proof::check(&proof), json),
        Err(failure) => (Err(failure), false),
    };
    match result {
        Ok(report) => Answer { out: report.render(json), err: String::new(), code: 0 },
        Err(failure) => failed(failure, json),
    }
}

fn said(text: &str) -> Answer {
    Answer { out: text.to_owned(), err: String::new(), code: 0 }
}

fn failed(failure: Failure, json: bool) -> Answer {
    let (out, err, code) = match failure {
        Failure::Finding(sentence) => (Report::finding(&sentence, json), String::new(), 1),
        Failure::Usage(what) => {
            (String::new(), format!("portreeve-verify: {what}\n\n{}", arguments::HELP), 2)
        }
        Failure::Unreadable(what) => (String::new(), format!("portreeve-verify: {what}\n"), 3),
    };
    Answer { out, err, code }
}
