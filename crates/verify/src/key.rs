//! Which key checks the log, and where it came from: a key that lies inside the log proves
//! only that the log agrees with itself, and every report made with it says so.

use std::path::Path;

use tlog::LogVerifier;

use crate::Failure;
use crate::files::{read_if_there, read_text};

/// The name of the key file in a published log.
const BESIDE: &str = "vkey";

/// Where the key came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The auditor brought it.
    Given,
    /// It lay inside the log's folder, so whoever wrote the log may have written it.
    InsideLog,
}

/// A key and where it came from.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) verifier: LogVerifier,
    pub(crate) source: Source,
}

impl Source {
    /// What a report must say loudly of this source.
    pub(crate) const fn warning(self) -> Option<&'static str> {
        match self {
            Self::Given => None,
            Self::InsideLog => Some(
                "the key was found INSIDE the log. Whoever wrote the log could have written the \
                 key too: this shows that the log agrees with itself, and proves no more. Get the \
                 key from somewhere else and give it with --vkey.",
            ),
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::InsideLog => "inside_log",
        }
    }
}

/// The key for the log in `dir`: the one given, or the one that lies beside the checkpoint.
pub(crate) fn for_log(dir: &Path, given: Option<&str>) -> Result<Key, Failure> {
    if let Some(given) = given {
        let verifier = from_argument(given)?;
        let source = if lies_inside(dir, given) { Source::InsideLog } else { Source::Given };
        return Ok(Key { verifier, source });
    }
    let path = dir.join(BESIDE);
    let unreadable =
        |why: String| Failure::Unreadable(format!("{} cannot be read: {why}", path.display()));
    match read_if_there(&path) {
        Ok(Some(bytes)) => {
            let text = String::from_utf8(bytes).map_err(|_| unreadable("not text".to_owned()))?;
            let verifier =
                LogVerifier::from_vkey(&text).map_err(|error| unreadable(error.to_string()))?;
            Ok(Key { verifier, source: Source::InsideLog })
        }
        Ok(None) => Err(Failure::Usage(format!(
            "no key: give the log's public key with --vkey ({} is not there either)",
            path.display()
        ))),
        Err(error) => Err(unreadable(error.to_string())),
    }
}

/// The key in an argument: its text, or the name of a file that holds it.
pub(crate) fn from_argument(given: &str) -> Result<LogVerifier, Failure> {
    let as_text = match LogVerifier::from_vkey(given) {
        Ok(verifier) => return Ok(verifier),
        Err(error) => error,
    };
    let path = Path::new(given);
    if given.contains('+') && !path.exists() {
        return Err(Failure::Usage(format!("--vkey: {as_text}")));
    }
    LogVerifier::from_vkey(&read_text(path)?).map_err(|error| {
        Failure::Unreadable(format!("{} does not hold a key: {error}", path.display()))
    })
}

/// Whether the argument names a file inside `dir`, by whatever way it is reached.
fn lies_inside(dir: &Path, given: &str) -> bool {
    match (dir.canonicalize(), Path::new(given).canonicalize()) {
        (Ok(dir), Ok(file)) => file.starts_with(dir),
        _ => false,
    }
}
