//! What is known of a connection before its first byte of HTTP: facts that `authenticate` reads.

use std::net::SocketAddr;

/// Which set of routes a listener serves. A surface never serves another's routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// Agents: model routes and health, nothing else.
    Agents,
    /// Administration: signed acts and status.
    Admin,
    /// Metrics, and nothing else.
    Metrics,
}

/// Who is at the other end of the socket, as the operating system says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// A TCP or TLS peer.
    Network(SocketAddr),
    /// A process on this machine, by user id where the system tells.
    Local {
        /// The peer's user id.
        uid: Option<u32>,
    },
}

/// The facts of one connection, fixed when it is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionFacts {
    /// The surface of the listener that accepted it.
    pub surface: Surface,
    /// The other end.
    pub peer: Peer,
    /// Whether the bytes on the wire are encrypted.
    pub encrypted: bool,
}

impl Surface {
    /// The name in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agents => "agents",
            Self::Admin => "admin",
            Self::Metrics => "metrics",
        }
    }
}
