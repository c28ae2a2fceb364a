//! Why a scan stopped, and how a refusal says so without quoting a value.

use std::fmt::Write as _;

use model::{Refusal, RefusalCode};

use super::Limits;

/// Longest key that a path shows, in characters.
const KEY_MAX: usize = 40;
/// A path of this many bytes grows no further.
const PATH_MAX: usize = 160;

/// Why the scan stopped.
#[derive(Debug)]
pub(super) enum Fault {
    /// The body ended inside its object.
    Ended,
    /// Not JSON: what was expected or found, as the end of a sentence.
    NotJson(&'static str),
    /// A key that its object already has, unescaped.
    Twice(String),
    /// One level more than the limit.
    TooDeep,
    /// One value more than the limit.
    TooMany,
}

/// The keys and indexes that lead to a place in the body.
#[derive(Debug, Default)]
pub(super) struct Path(String);

impl Fault {
    /// The refusal, where the scan stopped at byte `at` inside `path`.
    pub(super) fn refusal(self, at: usize, path: Path, limits: &Limits) -> Refusal {
        match self {
            Self::Ended => {
                located(RefusalCode::BodyTruncated, "it ends inside the object", at, &path)
            }
            Self::NotJson(what) => located(RefusalCode::BodyNotJson, what, at, &path),
            Self::Twice(key) => {
                let path = path.key(&key).0;
                Refusal::new(RefusalCode::BodyDuplicateKey, format!("The key is `{path}`."))
            }
            Self::TooDeep => {
                let detail = format!("At most {} levels are read.", limits.depth_max);
                Refusal::new(RefusalCode::BodyTooDeep, detail)
            }
            Self::TooMany => {
                let detail = format!("At most {} values are read.", limits.values_max);
                Refusal::new(RefusalCode::BodyTooLarge, detail)
            }
        }
    }
}

fn located(code: RefusalCode, what: &str, at: usize, Path(path): &Path) -> Refusal {
    let inside = if path.is_empty() { String::new() } else { format!(", in `{path}`") };
    Refusal::new(code, format!("At byte {at}{inside}: {what}."))
}

impl Path {
    /// The path to a member: its key shortened, and without what could forge a line of a log.
    pub(super) fn key(mut self, key: &str) -> Self {
        let Self(path) = &mut self;
        if path.len() >= PATH_MAX {
            return self;
        }
        if !path.is_empty() {
            path.push('.');
        }
        let plain = |letter: char| letter.is_alphanumeric() || "_-$/:@ ".contains(letter);
        let shown = key.chars().take(KEY_MAX);
        path.extend(shown.map(|letter| if plain(letter) { letter } else { '?' }));
        if key.chars().nth(KEY_MAX).is_some() {
            path.push_str("...");
        }
        self
    }

    /// The path to an element.
    pub(super) fn index(mut self, index: usize) -> Self {
        if self.0.len() < PATH_MAX {
            // Writing to a String cannot fail.
            let _ = write!(self.0, "[{index}]");
        }
        self
    }
}
