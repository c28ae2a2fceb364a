//! `portreeve replay`: a recorded decision reached again, under the charter it was made under. It permits, forwards and writes nothing.

mod against;
mod cannot;
mod one;
mod page;
pub(crate) mod sealed;

use std::process::ExitCode;

use anyhow::Result;

use crate::cli::Replay;
use crate::home::Home;

/// Replays one decision.
pub(crate) fn run(home: &Home, options: &Replay) -> Result<ExitCode> {
    one::run(home, &options.id, options.output)
}
