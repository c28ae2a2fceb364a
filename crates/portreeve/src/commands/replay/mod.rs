//! `portreeve replay`: recorded decisions reached again. One, under the charter it was made under;
//! or all of a time, under a charter that somebody proposes. It permits, forwards and writes nothing.

mod against;
mod begin;
mod candidate;
mod cannot;
mod effect;
mod groups;
mod many;
mod olds;
mod one;
mod page;
pub(crate) mod sealed;
mod tell;

use std::process::ExitCode;

use anyhow::Result;

use crate::cli::Replay;
use crate::exit::Failure;
use crate::home::Home;

/// Replays one decision, or those of a time.
pub(crate) fn run(home: &Home, options: &Replay) -> Result<ExitCode> {
    match (&options.id, &options.bundle) {
        (Some(id), None) => one::run(home, id, options.output),
        (None, Some(dir)) => many::run(home, options, dir),
        // The command line lets neither through.
        (Some(_), Some(_)) | (None, None) => {
            Err(Failure::usage("name a decision, or a charter with --bundle").into())
        }
    }
}
