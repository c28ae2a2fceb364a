//! Opens connections: so many per host and no more, plain HTTP to this machine only.
//! It never waits for ever and never decides where a call goes.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Longest wait for a connection, whatever a call allows: a dial that outlives its call (the
/// pool keeps it for the next one) must end too.
const DIAL_MAX: Duration = Duration::from_secs(60);

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Opens connections to hosts, at most `per_host_max` at a time to each.
#[derive(Debug, Clone)]
pub(crate) struct Dialer {
    https: HttpsConnector<HttpConnector>,
    places: Places,
}

/// An open connection. It holds its place among the host's connections until it is closed.
#[derive(Debug)]
pub(crate) struct Dialed {
    stream: MaybeHttpsStream<TokioIo<TcpStream>>,
    _place: OwnedSemaphorePermit,
}

/// How many connections each host may still have.
#[derive(Debug, Clone)]
struct Places {
    per_host_max: usize,
    /// By scheme, host and port. Only `at` changes it; an entry nobody uses any more goes with
    /// the next new host.
    hosts: Arc<Mutex<HashMap<String, Arc<Semaphore>>>>,
}

impl Dialer {
    pub(crate) fn new(config: ClientConfig, per_host_max: usize) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let per_host_max = per_host_max.clamp(1, Semaphore::MAX_PERMITS);
        Self { https, places: Places { per_host_max, hosts: Arc::default() } }
    }
}

impl tower_service::Service<Uri> for Dialer {
    type Response = Dialed;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Dialed, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.https.poll_ready(context)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let places = self.places.at(&to);
        let mut https = self.https.clone();
        let dial = async move {
            let place = places.acquire_owned().await?;
            let stream = https.call(to).await?;
            refuse_plain_elsewhere(&stream)?;
            Ok(Dialed { stream, _place: place })
        };
        Box::pin(async move { tokio::time::timeout(DIAL_MAX, dial).await? })
    }
}

/// Refuses a plain connection whose peer is not this machine, whatever its name resolved to.
fn refuse_plain_elsewhere(stream: &MaybeHttpsStream<TokioIo<TcpStream>>) -> io::Result<()> {
    match stream {
        MaybeHttpsStream::Https(_) => Ok(()),
        MaybeHttpsStream::Http(tcp) if tcp.inner().peer_addr()?.ip().is_loopback() => Ok(()),
        MaybeHttpsStream::Http(_) => {
            Err(io::Error::other("plain http:// reached an address that is not this machine's"))
        }
    }
}

impl Places {
    fn at(&self, to: &Uri) -> Arc<Semaphore> {
        let scheme = to.scheme_str().unwrap_or_default();
        let authority = to.authority().map_or("", |authority| authority.as_str());
        let host = format!("{scheme}://{authority}");
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(places) = hosts.get(&host) {
            return Arc::clone(places);
        }
        hosts.retain(|_, places| Arc::strong_count(places) > 1);
        let places = Arc::new(Semaphore::new(self.per_host_max));
        hosts.insert(host, Arc::clone(&places));
        places
    }
}

impl Connection for Dialed {
    fn connected(&self) -> Connected {
        self.stream.connected()
    }
}

impl Read for Dialed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl Write for Dialed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }
}
