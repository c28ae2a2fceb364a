//! The binary: command line, roles and wiring. It decides nothing that a crate decides.

mod admin_client;
mod amounts;
mod anchors;
mod banner;
mod begun;
mod budgets;
mod cells;
mod cli;
mod clock;
mod codes;
mod commands;
mod demo;
mod diagnostic;
mod exit;
mod genesis;
mod home;
mod keys;
mod metrics;
mod names;
mod observing;
mod open;
mod print;
mod probe;
mod remembered;
mod reports;
mod said;
mod serve;
mod settings;
mod signals;
mod suggest;
mod tally;
mod traffic;
mod upkeep;
mod usd;
mod wrap;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::{Cli, ErrorFormat};
use crate::codes::ErrorCode;
use crate::diagnostic::Diagnostic;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(unread) => return not_read(&unread),
    };
    let format = cli.error_format;
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(cause) => {
            let what = format!("the runtime cannot be started: {cause}");
            return told(&Diagnostic::new(ErrorCode::Unavailable, what), format);
        }
    };
    match runtime.block_on(commands::run(cli)) {
        Ok(_) if print::output_was_lost() => {
            let what = "standard output could not be written: what was printed is not complete";
            told(&Diagnostic::new(ErrorCode::Unavailable, what), format)
        }
        Ok(code) => code,
        Err(error) => told(&exit::diagnostic(&error), format),
    }
}

/// Tells a failure; gives the code to end with.
fn told(failure: &Diagnostic, format: ErrorFormat) -> ExitCode {
    let stderr = std::io::stderr();
    let width = wrap::size(&stderr).map(|(columns, _)| columns);
    print::failure(&failure.text(format, print::is_coloured(&stderr), width));
    ExitCode::from(failure.code.exit())
}

/// A command line that asks for help or the version, or cannot be read. How errors are to be told
/// may stand in it all the same.
fn not_read(unread: &clap::Error) -> ExitCode {
    if !unread.use_stderr() {
        // Where nobody reads it, there is nobody to tell.
        let _ = unread.print();
        return ExitCode::SUCCESS;
    }
    let text = unread.render().to_string();
    // What to read instead is said below, as of every failure.
    let more = "For more information, try '--help'.";
    let text = text.trim().trim_end_matches(more).trim_end();
    let what = text.strip_prefix("error: ").unwrap_or(text);
    let format = wanted(std::env::args_os().filter_map(|word| word.into_string().ok()));
    told(&Diagnostic::new(ErrorCode::CommandLine, what), format)
}

/// The error format that the words of a command line ask for.
fn wanted(words: impl Iterator<Item = String>) -> ErrorFormat {
    use clap::ValueEnum as _;

    let mut format = ErrorFormat::Human;
    let mut is_next = false;
    for word in words.take_while(|word| word != "--") {
        let value = word.strip_prefix("--error-format=").or(is_next.then_some(word.as_str()));
        if let Some(known) = value.and_then(|value| ErrorFormat::from_str(value, false).ok()) {
            format = known;
        }
        is_next = word == "--error-format";
    }
    format
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_format_is_found_in_a_command_line_that_cannot_be_read() {
        for (line, format) in [
            ("portreeve nonsense", ErrorFormat::Human),
            ("portreeve --error-format json nonsense", ErrorFormat::Json),
            ("portreeve nonsense --error-format=plain", ErrorFormat::Plain),
            ("portreeve --error-format nonsense", ErrorFormat::Human),
            ("portreeve -- --error-format=json", ErrorFormat::Human),
        ] {
            assert_eq!(wanted(line.split(' ').map(str::to_owned)), format, "{line}");
        }
    }
}
