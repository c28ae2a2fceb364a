//! The name of a log: its checkpoint's first line, and the name of its key.
//! It never says where the log is served; nothing is fetched from it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Longest origin, in bytes: a receipt repeats it in a response header.
const ORIGIN_MAX: usize = 128;

/// A log's name, such as `example.com/portreeve/decisions`: 1 to 128 visible ASCII characters
/// without `+`. Narrower than C2SP, so that it stands unescaped in notes, headers and keys.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(Arc<str>);

/// A text that cannot name a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a log's name is 1 to 128 visible ASCII characters without `+`, such as example.com/log")]
pub struct OriginError;

impl Origin {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'+');
        if !text.is_empty() && text.len() <= ORIGIN_MAX && visible {
            return Ok(Self(text.into()));
        }
        Err(OriginError)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "origin({})", self.0)
    }
}

impl AsRef<str> for Origin {
    fn as_ref(&self) -> &str {
        &self.0
    }
}
