//! A minted token: a bearer secret until it expires, so it is shown only when asked for.

use std::fmt;

use model::{Digest, Timestamp};
use zeroize::Zeroizing;

/// A signed token in JWS compact form. No `Display`; `Debug` shows neither it nor any part.
pub struct Token {
    text: Zeroizing<String>,
    expires: Timestamp,
}

impl Token {
    pub(crate) const fn new(text: Zeroizing<String>, expires: Timestamp) -> Self {
        Self { text, expires }
    }

    /// The token itself, for the one caller it was minted for. Never log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// From this instant on it is refused.
    #[must_use]
    pub const fn expires(&self) -> Timestamp {
        self.expires
    }

    /// SHA-256 of the token: its name in the log, the same as a `Subject`'s `credential`.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.text.as_bytes())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Token(expires {}, not shown)", self.expires)
    }
}
