//! Sends one call and waits for the head of its answer. It never sends a call twice, follows a
//! redirect, or reads a body.

use std::pin::pin;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::capture_connection;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::{sleep, timeout};

use crate::dialer::Dialer;
use crate::roots::tls_config;
use crate::{Body, Endpoint, Phase, Roots, SendError, SetupError};

/// Largest head of an answer: the bytes of its headers' names and values. Reading it is bounded
/// by the buffer, whose last read may overshoot; the number of headers by hyper: 100.
const HEAD_MAX: usize = 64 * 1024;
/// Unused connections that are kept to one host: a burst leaves no more behind.
const IDLE_PER_HOST_MAX: usize = 512;

/// What one client may use.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Most connections to one host (scheme, name and port), busy or idle. A call beyond it
    /// waits for one, within its connect timeout.
    pub connections_per_host_max: usize,
    /// How long an unused connection is kept, in milliseconds. Shorter than providers' own
    /// limits, so that a call seldom meets a connection the other side is just closing.
    pub idle_connection_ms: u64,
    /// Whom TLS trusts.
    pub roots: Roots,
}

/// How long one call may wait. Both are counted apart: a slow dial takes nothing from the
/// answer's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection, in milliseconds (60,000 at most).
    pub connect_ms: u64,
    /// From the connection to the answer's head, sending the request included, in milliseconds.
    pub first_byte_ms: u64,
}

/// A pool of connections to providers. Clones share it.
#[derive(Debug, Clone)]
pub struct Client {
    pool: legacy::Client<Dialer, Body>,
    /// The dialer of the pool, for whoever only wants to know whether it gets anywhere.
    pub(crate) dialer: Dialer,
}

impl Default for Settings {
    fn default() -> Self {
        // As many as a gateway carries calls at a time: one provider may be all it has.
        Self {
            connections_per_host_max: 4_096,
            idle_connection_ms: 30_000,
            roots: Roots::default(),
        }
    }
}

impl Client {
    /// A client with nothing connected yet.
    ///
    /// # Errors
    /// Where no trust roots are found: a client that cannot verify anybody is not made.
    pub fn new(settings: Settings) -> Result<Self, SetupError> {
        let dialer = Dialer::new(tls_config(settings.roots)?, settings.connections_per_host_max);
        let pool = legacy::Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_millis(settings.idle_connection_ms))
            .pool_max_idle_per_host(settings.connections_per_host_max.min(IDLE_PER_HOST_MAX))
            .http1_max_buf_size(HEAD_MAX)
            // Only a call of which nothing was sent yet: its pooled connection had just closed.
            .retry_canceled_requests(true)
            .build(dialer.clone());
        Ok(Self { pool, dialer })
    }

    /// Sends `request`, whose URL `endpoint.join` made, and waits for the head of the answer.
    ///
    /// Dropping the future or the answer's body ends the call at the provider: its connection
    /// is closed. The body that comes back has no bound and no timeout of its own; the caller
    /// sets both.
    ///
    /// # Errors
    /// No connection, no answer in time, a redirect, or an answer that breaks off or is too
    /// large before its body begins. The call was sent at most once.
    pub async fn send(
        &self,
        endpoint: &Endpoint,
        mut request: Request<Body>,
        timeouts: Timeouts,
    ) -> Result<Response<Incoming>, SendError> {
        if !endpoint.holds(request.uri()) {
            return Err(SendError::elsewhere(endpoint.authority()));
        }
        let mut connection = capture_connection(&mut request);
        let mut answer = pin!(self.pool.request(request));
        tokio::select! {
            biased;
            early = &mut answer => return accept(endpoint, early),
            _connected = connection.wait_for_connection_metadata() => {}
            () = sleep(Duration::from_millis(timeouts.connect_ms)) => {
                return Err(SendError::Timeout(Phase::Connect));
            }
        }
        match timeout(Duration::from_millis(timeouts.first_byte_ms), answer).await {
            Ok(answer) => accept(endpoint, answer),
            Err(_elapsed) => Err(SendError::Timeout(Phase::FirstByte)),
        }
    }
}

/// Takes a final answer with a head of bounded size, and nothing else: no redirect, no switch of protocols.
fn accept(
    endpoint: &Endpoint,
    answer: Result<Response<Incoming>, legacy::Error>,
) -> Result<Response<Incoming>, SendError> {
    let answer = answer.map_err(|error| SendError::from_client(endpoint.authority(), &error))?;
    let status = answer.status();
    let bytes: usize =
        answer.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if bytes > HEAD_MAX {
        return Err(SendError::TooLarge);
    }
    if status.is_redirection() {
        return Err(SendError::Redirect(status));
    }
    if status.is_informational() {
        return Err(SendError::Dropped);
    }
    Ok(answer)
}
