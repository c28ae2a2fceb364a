//! How a command ends when it did not do what was asked: what went wrong, as a code of the
//! catalogue, and what of that is told.

use std::fmt;

use ledger::read::ReadError;

use crate::codes::ErrorCode;
use crate::diagnostic::Diagnostic;
use crate::home::HomeError;
use crate::suggest;

/// A command that did not do what was asked, and why.
#[derive(Debug)]
pub(crate) struct Failure(Box<Diagnostic>);

impl Failure {
    /// A failure of this code.
    pub(crate) fn of(code: ErrorCode, text: impl Into<String>) -> Self {
        Self(Box::new(Diagnostic::new(code, text)))
    }

    pub(crate) fn denied(text: impl Into<String>) -> Self {
        Self::of(ErrorCode::ActDenied, text)
    }

    pub(crate) fn not_known(text: impl Into<String>) -> Self {
        Self::of(ErrorCode::NotKnown, text)
    }

    /// The charter in force declares no `kind` called `name`; one of `names` may be meant.
    pub(crate) fn undeclared<'n>(
        kind: &str,
        name: &str,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Self {
        let ending = suggest::ending(name, names);
        Self::not_known(format!("the charter in force declares no {kind} {name}{ending}"))
    }

    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self::of(ErrorCode::CommandLine, text)
    }

    /// A name, an id or a value that is not written as it must be.
    pub(crate) fn name(cause: &dyn fmt::Display) -> Self {
        Self::of(ErrorCode::NameInvalid, cause.to_string())
    }

    pub(crate) fn settings(text: impl Into<String>) -> Self {
        Self::of(ErrorCode::SettingInvalid, text)
    }

    pub(crate) fn unavailable(text: impl Into<String>) -> Self {
        Self::of(ErrorCode::Unavailable, text)
    }

    pub(crate) fn unauthorised(text: impl Into<String>) -> Self {
        Self::of(ErrorCode::ActUnauthorised, text)
    }

    /// The same, with what helps.
    pub(crate) fn helped(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// The same, with the name that may have been meant.
    pub(crate) fn meaning(mut self, name: &str) -> Self {
        self.0.what = format!("{}. Did you mean `{name}`?", self.0.what.trim_end_matches('.'));
        self
    }

    /// The same, with what it is about: a file, an address.
    pub(crate) fn at(mut self, place: impl Into<String>) -> Self {
        self.0.place = Some(place.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0.what)
    }
}

impl std::error::Error for Failure {}

/// What is told of an error. One that nobody classified is a log's where a reader made it, the
/// home's where that did, and else the disk's or the system's.
pub(crate) fn diagnostic(error: &anyhow::Error) -> Diagnostic {
    let what = format!("{error:#}");
    if let Some(Failure(known)) = error.downcast_ref::<Failure>() {
        return Diagnostic { what, ..known.as_ref().clone() };
    }
    let code = if error.chain().any(|cause| cause.is::<ReadError>()) {
        ErrorCode::LogUnreadable
    } else if error.chain().any(|cause| cause.is::<HomeError>()) {
        ErrorCode::HomeUnusable
    } else {
        ErrorCode::Unavailable
    };
    Diagnostic::new(code, what)
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    fn code(error: impl Into<anyhow::Error>) -> ErrorCode {
        let error = Err::<(), _>(error.into()).context("while something was done");
        diagnostic(&error.expect_err("it is one")).code
    }

    #[test]
    fn what_nobody_classified_is_told_by_where_it_came_from() {
        let nowhere = std::path::PathBuf::from("nowhere");
        assert_eq!(code(ReadError::NoLog(nowhere.clone())), ErrorCode::LogUnreadable);
        assert_eq!(code(HomeError::InUse(nowhere)), ErrorCode::HomeUnusable);
        assert_eq!(code(std::io::Error::other("a disk")), ErrorCode::Unavailable);
        assert_eq!(code(Failure::denied("no")), ErrorCode::ActDenied);
    }

    #[test]
    fn a_failure_keeps_its_words_and_those_around_it() {
        let failure = Failure::undeclared("agent", "demo-agnet", ["demo-agent"])
            .helped("look again")
            .at("agents/");
        let error = anyhow::Error::from(failure).context("while pinging");
        let told = diagnostic(&error);
        let what = "while pinging: the charter in force declares no agent demo-agnet. \
                    Did you mean `demo-agent`?";
        assert_eq!(told.what, what);
        assert_eq!(
            (told.help.as_deref(), told.place.as_deref()),
            (Some("look again"), Some("agents/"))
        );
    }
}
