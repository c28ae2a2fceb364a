//! A secret lent for one call. It turns into the call's header and is overwritten when dropped.

use std::fmt;

use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use model::{SecretName, SecretVersion};
use zeroize::Zeroizing;

use crate::echo::EchoWatch;

/// One secret, lent. It cannot be cloned, printed or compared.
pub struct Lease {
    name: SecretName,
    version: SecretVersion,
    value: Zeroizing<Vec<u8>>,
}

/// How a provider wants the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// `authorization: Bearer ...` (RFC 6750, 2.1).
    Bearer,
    /// `x-api-key: ...`: Anthropic's header.
    XApiKey,
    /// `x-goog-api-key: ...`: the Gemini API's header.
    XGoogApiKey,
}

/// The secret has bytes that no header may hold. The text does not quote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secret cannot be sent as a header")]
pub struct NotAHeader;

impl Lease {
    pub(crate) const fn new(
        name: SecretName,
        version: SecretVersion,
        value: Zeroizing<Vec<u8>>,
    ) -> Self {
        Self { name, version, value }
    }

    /// The header that carries the secret, marked sensitive: `Debug` output hides it, and HTTP/2
    /// would not index it.
    ///
    /// # Errors
    /// Where the value cannot be a header's.
    pub fn header(&self, scheme: Scheme) -> Result<(HeaderName, HeaderValue), NotAHeader> {
        let (name, prefix) = match scheme {
            Scheme::Bearer => (AUTHORIZATION, "Bearer "),
            Scheme::XApiKey => (HeaderName::from_static("x-api-key"), ""),
            Scheme::XGoogApiKey => (HeaderName::from_static("x-goog-api-key"), ""),
        };
        let mut bytes = Zeroizing::new(Vec::with_capacity(prefix.len() + self.value.len()));
        bytes.extend_from_slice(prefix.as_bytes());
        bytes.extend_from_slice(&self.value);
        let mut value = HeaderValue::from_bytes(&bytes).map_err(|_| NotAHeader)?;
        value.set_sensitive(true);
        Ok((name, value))
    }
}

impl Lease {
    /// A watch for this secret in what the provider answers.
    #[must_use]
    pub fn watch(&self) -> EchoWatch {
        EchoWatch::new(&self.value)
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Lease({} {}, redacted)", self.name, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_becomes_a_sensitive_header_and_prints_nothing() {
        let name: SecretName = "openai".parse().expect("a name");
        let lease = Lease::new(name, SecretVersion(3), Zeroizing::new(b"sk-hunter2".to_vec()));
        let (header, value) = lease.header(Scheme::Bearer).expect("a header");
        assert_eq!(
            (header.as_str(), value.as_bytes()),
            ("authorization", &b"Bearer sk-hunter2"[..])
        );
        assert!(value.is_sensitive());
        for (scheme, name) in
            [(Scheme::XApiKey, "x-api-key"), (Scheme::XGoogApiKey, "x-goog-api-key")]
        {
            let (header, value) = lease.header(scheme).expect("a header");
            assert_eq!((header.as_str(), value.as_bytes()), (name, &b"sk-hunter2"[..]));
            assert!(value.is_sensitive() && !format!("{value:?}").contains("hunter2"));
        }
        assert_eq!(format!("{lease:?}"), "Lease(openai v3, redacted)");
    }
}
