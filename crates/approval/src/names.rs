//! The two names only acts carry: the gateway an act is for, and the nonce that makes it one.
//!
//! Both are parsed at the door and cannot be wrong inside.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::hexadecimal;

/// Longest name of a gateway, in bytes.
const GATEWAY_NAME_BYTES_MAX: usize = 128;

/// The gateway an act is for: an act signed for one is refused by every other.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GatewayName(Arc<str>);

/// A text that does not name a gateway.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("gateway name `{0}`: use 1 to 128 of a-z, A-Z, 0-9 and -_./:")]
pub struct GatewayNameError(String);

/// Sixteen random bytes that no two acts share, written as 32 hexadecimal characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nonce([u8; 16]);

/// A text that is not a nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a nonce is 32 lower-case hexadecimal characters")]
pub struct NonceError;

impl GatewayName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for GatewayName {
    type Err = GatewayNameError;

    fn from_str(text: &str) -> Result<Self, GatewayNameError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:".contains(&byte);
        if text.is_empty() || text.len() > GATEWAY_NAME_BYTES_MAX || !text.bytes().all(allowed) {
            return Err(GatewayNameError(text.chars().take(GATEWAY_NAME_BYTES_MAX).collect()));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for GatewayName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for GatewayName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "gateway({})", self.0)
    }
}

impl Nonce {
    /// A nonce of 16 bytes from a cryptographic random source.
    #[must_use]
    pub const fn new(random: [u8; 16]) -> Self {
        Self(random)
    }

    /// The 16 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl FromStr for Nonce {
    type Err = NonceError;

    fn from_str(text: &str) -> Result<Self, NonceError> {
        hexadecimal::decode(text).map(Self).ok_or(NonceError)
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&hexadecimal::encode(&self.0))
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "nonce({self})")
    }
}
