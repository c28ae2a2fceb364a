//! How a command ends: its text for people and its code for scripts.

use std::fmt;
use std::process::ExitCode;

/// A command that did not do what was asked, with the reason and the exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    text: String,
}

/// Denied, a finding, or a failed check.
const DENIED: u8 = 1;
/// The command line is wrong.
const USAGE: u8 = 2;
/// A setting is invalid.
const SETTINGS: u8 = 3;
/// Nothing serves, or the disk or log cannot be used.
const UNAVAILABLE: u8 = 4;
/// Not authorised.
const UNAUTHORISED: u8 = 5;

impl Failure {
    pub(crate) fn denied(text: impl Into<String>) -> Self {
        Self { code: DENIED, text: text.into() }
    }

    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self { code: USAGE, text: text.into() }
    }

    pub(crate) fn settings(text: impl Into<String>) -> Self {
        Self { code: SETTINGS, text: text.into() }
    }

    pub(crate) fn unavailable(text: impl Into<String>) -> Self {
        Self { code: UNAVAILABLE, text: text.into() }
    }

    pub(crate) fn unauthorised(text: impl Into<String>) -> Self {
        Self { code: UNAUTHORISED, text: text.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl std::error::Error for Failure {}

/// The code and text a command ends with. An error nobody classified is the disk's or the
/// system's: unavailable.
pub(crate) fn report(error: &anyhow::Error) -> (ExitCode, String) {
    let code = error.downcast_ref::<Failure>().map_or(UNAVAILABLE, |failure| failure.code);
    (ExitCode::from(code), format!("{error:#}"))
}
