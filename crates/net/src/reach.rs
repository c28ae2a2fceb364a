//! Whether a provider can be reached, step by step: its name, a connection, its certificate. It
//! sends no request, and closes what it opened.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout_at};
use tower_service::Service as _;

use crate::error::{CAUSE_MAX, root_cause};
use crate::{Client, Endpoint};

/// Most addresses of a name that are tried and told.
const ADDRESSES_MAX: usize = 8;

/// A step towards a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Its name is looked up.
    Lookup,
    /// A TCP connection is opened.
    Connect,
    /// It proves who it is by TLS; over plain HTTP, that it is this machine.
    Prove,
}

/// A provider that can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// Where its name leads, at most eight.
    pub addresses: Vec<SocketAddr>,
    /// The one that took the connection.
    pub peer: SocketAddr,
    /// How long each step took, in their order.
    pub took: [Duration; 3],
}

/// A provider that cannot: at which step, and why. Safe to log, as all errors here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{authority} cannot be reached, {step}: {cause}")]
pub struct Unreachable {
    /// Where it stopped.
    pub step: Step,
    /// What the resolver, the socket or TLS said.
    pub cause: String,
    authority: String,
}

impl Client {
    /// Goes to `endpoint` as a call would, and no further: nothing is sent but what opening a
    /// connection sends. All steps together end `within`.
    ///
    /// # Errors
    /// The step that failed, and why.
    pub async fn reach(
        &self,
        endpoint: &Endpoint,
        within: Duration,
    ) -> Result<Reached, Unreachable> {
        let at = |step: Step, cause: String| Unreachable {
            step,
            cause: cause.chars().take(CAUSE_MAX).collect(),
            authority: endpoint.authority().to_owned(),
        };
        let late = |step: Step| at(step, format!("nothing within {} ms", within.as_millis()));
        let begun = Instant::now();
        let until = begun + within;
        let found = timeout_at(until, lookup_host(endpoint.host_and_port())).await;
        let found = found.map_err(|_| late(Step::Lookup))?;
        let found = found.map_err(|cause| at(Step::Lookup, root_cause(&cause)))?;
        let addresses: Vec<SocketAddr> = found.take(ADDRESSES_MAX).collect();
        let looked_up = Instant::now();
        let tcp = timeout_at(until, TcpStream::connect(addresses.as_slice())).await;
        let tcp = tcp.map_err(|_| late(Step::Connect))?;
        let peer = tcp.and_then(|tcp| tcp.peer_addr());
        let peer = peer.map_err(|cause| at(Step::Connect, root_cause(&cause)))?;
        let connected = Instant::now();
        // The same dialer that calls use, with the same roots and the same bounds.
        let home = endpoint.join("/", None);
        let home = home.ok_or_else(|| at(Step::Prove, "its address is no URL".to_owned()))?;
        let proved = timeout_at(until, self.dialer.clone().call(home)).await;
        let proved = proved.map_err(|_| late(Step::Prove))?;
        drop(proved.map_err(|cause| at(Step::Prove, root_cause(cause.as_ref())))?);
        let took = [looked_up - begun, connected - looked_up, connected.elapsed()];
        Ok(Reached { addresses, peer, took })
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Lookup => "looking up its name",
            Self::Connect => "connecting to it",
            Self::Prove => "having it prove who it is",
        })
    }
}
