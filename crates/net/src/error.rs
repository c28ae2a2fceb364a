//! What can go wrong with an outbound call. Texts are safe to log: no query, header or body.

use std::error::Error;

use http::StatusCode;
use hyper_util::client::legacy;

/// Longest cause that an error repeats, in characters.
pub(crate) const CAUSE_MAX: usize = 200;

/// The client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// No certificate authority is known, so no HTTPS peer could be verified.
    #[error(
        "no trust roots found on this system ({0}); install the operating system's \
         ca-certificates, or point SSL_CERT_FILE at a PEM bundle"
    )]
    NoRoots(String),
    /// The TLS library refuses its settings.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
}

/// A call that has no answer. It was sent at most once.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// No connection: nothing of the call was sent.
    #[error(transparent)]
    Connect(Unreached),
    /// A phase took longer than it may.
    #[error("the provider took too long {0}")]
    Timeout(Phase),
    /// The answer was a redirect, which is never followed.
    #[error("the provider answered with redirect {0}, which is never followed")]
    Redirect(StatusCode),
    /// The connection ended, or what came was not HTTP, before the answer's head was complete.
    #[error("the provider broke off before its answer began")]
    Dropped,
    /// The answer's head is larger than 64 KiB or has more than 100 headers.
    #[error("the head of the provider's answer is larger than this client takes")]
    TooLarge,
}

/// Which wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// For a connection: a place among the connections to this host, name lookup, TCP, TLS.
    Connect,
    /// For the answer's head, from the connection on.
    FirstByte,
}

/// Which peer could not be reached, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot connect to {authority}: {cause}")]
pub struct Unreached {
    authority: String,
    cause: String,
}

impl std::fmt::Display for Phase {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Connect => "to be connected to",
            Self::FirstByte => "to begin its answer",
        })
    }
}

impl SendError {
    /// The call names another peer than its endpoint.
    pub(crate) fn elsewhere(authority: &str) -> Self {
        Self::unreached(authority, "the call is addressed to another host")
    }

    /// What a failure of the pooled client means.
    pub(crate) fn from_client(authority: &str, error: &legacy::Error) -> Self {
        if error.is_connect() {
            return Self::unreached(authority, &root_cause(error));
        }
        let too_large = error
            .source()
            .and_then(|source| source.downcast_ref::<hyper::Error>())
            .is_some_and(hyper::Error::is_parse_too_large);
        if too_large { Self::TooLarge } else { Self::Dropped }
    }

    fn unreached(authority: &str, cause: &str) -> Self {
        let cause = cause.chars().take(CAUSE_MAX).collect();
        Self::Connect(Unreached { authority: authority.to_owned(), cause })
    }
}

/// The innermost error's text: of the resolver, the socket or TLS.
pub(crate) fn root_cause(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
