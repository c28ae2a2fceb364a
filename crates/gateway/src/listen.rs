//! Listeners: bind an address for a surface, accept, bound, drain. Knows no routes.
//!
//! A listener that other machines can reach must speak TLS, and administration never travels
//! over plain TCP: both are refused at bind, before anything is served.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, UnixListener, UnixSocket};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use crate::connection::{ConnectionFacts, Peer, Surface};
use crate::stall::Unstalled;
use crate::tls::{TlsAcceptor, TlsError, TlsFiles};

/// Connections one listener carries at a time; more wait in the system's own queue.
const CONNECTIONS_MAX: usize = 8_192;
/// Connections that the system keeps of a listener until they are taken. With the usual 128, of
/// hundreds that come at once most would be turned away to knock again a second later, and later
/// still; those that knocked first would meanwhile run out of [`HEAD_WITHIN`] where their clients
/// wait for the others.
const BACKLOG: u32 = 4_096;
/// Files a process keeps for logs, secrets and calls to providers, whatever agents do.
const FILES_RESERVED: usize = 64;
/// Time a client has to send a request's head, and to finish a TLS handshake.
const HEAD_WITHIN: Duration = Duration::from_secs(15);
/// Largest request head, in bytes; hyper answers 431 beyond it.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Most header fields in a request.
const HEADERS_MAX: usize = 100;
/// Time a client has to take each piece of an answer.
const TAKEN_WITHIN: Duration = Duration::from_secs(60);
/// Pause after the system refused a connection (out of file descriptors), so as not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How bytes travel on a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    /// Plain TCP: loopback only.
    Tcp(SocketAddr),
    /// TLS over TCP.
    Tls(SocketAddr, TlsFiles),
    /// A Unix socket, mode 0600.
    Unix(PathBuf),
}

/// One listener as the operator wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerSpec {
    /// Address and transport.
    pub transport: Transport,
    /// What is served there.
    pub surface: Surface,
}

/// Why a listener was refused.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Other machines could read what agents send, or what is told of them.
    #[error("{0} can be reached from other machines: use `transport: tls`, or a loopback address")]
    PlainNetwork(SocketAddr),
    /// Administration over plain TCP.
    #[error("administration is served on a Unix socket or over TLS, not on plain TCP {0}")]
    PlainAdmin(SocketAddr),
    /// The system refused the address.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address as written.
        address: String,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// The certificate or key cannot be used.
    #[error("cannot serve TLS on {address}")]
    Tls {
        /// The address as written.
        address: SocketAddr,
        /// What is wrong with which file.
        #[source]
        source: TlsError,
    },
}

/// A bound listener, not yet serving.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    surface: Surface,
    taken_within: Duration,
}

enum Socket {
    Tcp(TcpListener),
    Tls(TcpListener, TlsAcceptor),
    Unix(UnixListener, PathBuf),
}

impl Listener {
    /// Binds `spec`; refuses what would expose agents or administration in the clear. It waits
    /// for nothing, but needs the runtime that will serve.
    ///
    /// # Errors
    /// See [`ListenError`].
    pub async fn bind(spec: ListenerSpec) -> Result<Self, ListenError> {
        let socket = match (spec.transport, spec.surface) {
            (Transport::Tcp(address), Surface::Admin) => {
                return Err(ListenError::PlainAdmin(address));
            }
            (Transport::Tcp(address), Surface::Agents | Surface::Metrics)
                if !address.ip().is_loopback() =>
            {
                return Err(ListenError::PlainNetwork(address));
            }
            (Transport::Tcp(address), Surface::Agents | Surface::Metrics) => {
                Socket::Tcp(bind_tcp(address)?)
            }
            (Transport::Tls(address, files), _) => {
                let acceptor = TlsAcceptor::new(&files)
                    .map_err(|source| ListenError::Tls { address, source })?;
                Socket::Tls(bind_tcp(address)?, acceptor)
            }
            (Transport::Unix(path), _) => bind_unix(path)?,
        };
        Ok(Self { socket, surface: spec.surface, taken_within: TAKEN_WITHIN })
    }

    /// The same listener, with another time than a minute for a client to take each piece of an
    /// answer; one that takes nothing for that long is hung up on.
    #[must_use]
    pub fn taken_within(mut self, within: Duration) -> Self {
        self.taken_within = within;
        self
    }

    /// What is served here.
    #[must_use]
    pub const fn surface(&self) -> Surface {
        self.surface
    }

    /// The address as bound: with the port the system chose, where 0 was asked for.
    #[must_use]
    pub fn address(&self) -> String {
        match &self.socket {
            Socket::Tcp(listener) => url("http", listener),
            Socket::Tls(listener, _) => url("https", listener),
            Socket::Unix(_, path) => format!("unix:{}", path.display()),
        }
    }

    /// Accepts and serves until `stop` turns true, then lets running requests end within
    /// `drain`; what still runs then is cut.
    pub async fn serve<H, F, B>(self, handle: H, mut stop: watch::Receiver<bool>, drain: Duration)
    where
        H: Fn(ConnectionFacts, Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<B>> + Send + 'static,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let slots = Arc::new(Semaphore::new(connections_max()));
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                biased;
                () = stopped(&mut stop) => break,
                accepted = self.accept(&slots) => accepted,
            };
            while connections.try_join_next().is_some() {}
            match accepted {
                Ok((stream, peer, slot)) => {
                    let facts = ConnectionFacts {
                        surface: self.surface,
                        peer,
                        encrypted: matches!(self.socket, Socket::Tls(..)),
                    };
                    connections.spawn(connection(
                        self.handshake(stream),
                        facts,
                        handle.clone(),
                        stop.clone(),
                        slot,
                    ));
                }
                Err(cause) if is_of_one_connection(&cause) => {}
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            }
        }
        drop(self);
        let ended = async { while connections.join_next().await.is_some() {} };
        // What outlives the drain time is cut when the set is dropped.
        let _ = tokio::time::timeout(drain, ended).await;
    }

    /// The next connection, once a slot is free.
    async fn accept(
        &self,
        slots: &Arc<Semaphore>,
    ) -> io::Result<(Stream, Peer, OwnedSemaphorePermit)> {
        // The semaphore is never closed, so a slot always comes.
        let slot = Arc::clone(slots).acquire_owned().await.map_err(io::Error::other)?;
        match &self.socket {
            Socket::Tcp(listener) | Socket::Tls(listener, _) => {
                let (stream, peer) = listener.accept().await?;
                // Small streamed chunks must leave at once; a refusal to set it only costs time.
                let _ = stream.set_nodelay(true);
                Ok((self.watched(stream), Peer::Network(peer), slot))
            }
            Socket::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                let uid = stream.peer_cred().ok().map(|credentials| credentials.uid());
                Ok((self.watched(stream), Peer::Local { uid }, slot))
            }
        }
    }

    /// `stream`, hung up on when its client takes nothing.
    fn watched(&self, stream: impl Duplex + 'static) -> Stream {
        Box::new(Unstalled::new(stream, self.taken_within))
    }

    /// What must happen on `stream` before HTTP: the TLS handshake, or nothing.
    fn handshake(&self, stream: Stream) -> impl Future<Output = Option<Stream>> + Send + 'static {
        let acceptor = match &self.socket {
            Socket::Tls(_, acceptor) => Some(acceptor.clone()),
            Socket::Tcp(_) | Socket::Unix(..) => None,
        };
        async move {
            match acceptor {
                None => Some(stream),
                Some(acceptor) => tokio::time::timeout(HEAD_WITHIN, acceptor.accept(stream))
                    .await
                    .ok()?
                    .ok()
                    .map(|stream| Box::new(stream) as Stream),
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Socket::Unix(_, path) = &self.socket {
            // A socket file left behind does no harm: the next bind, under the home's lock,
            // replaces it.
            let _ = std::fs::remove_file(path);
        }
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(listener) => write!(out, "Tcp({listener:?})"),
            Self::Tls(listener, _) => write!(out, "Tls({listener:?})"),
            Self::Unix(_, path) => write!(out, "Unix({})", path.display()),
        }
    }
}

/// A connected socket of any transport.
trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

type Stream = Box<dyn Duplex>;

async fn connection<H, F, B>(
    handshake: impl Future<Output = Option<Stream>> + Send,
    facts: ConnectionFacts,
    handle: H,
    mut stop: watch::Receiver<bool>,
    slot: OwnedSemaphorePermit,
) where
    H: Fn(ConnectionFacts, Request<Incoming>) -> F + Send + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let Some(stream) = handshake.await else { return };
    let service = service_fn(move |request| {
        // In a box of its own: an answer may be read for long after it began, and what it took to
        // come to it is not kept meanwhile.
        let answer = Box::pin(handle(facts, request));
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let mut serving = std::pin::pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_WITHIN)
            .max_buf_size(HEAD_BYTES_MAX)
            .max_headers(HEADERS_MAX)
            .serve_connection(TokioIo::new(stream), service)
    );
    // An error here is the client's: it broke off or did not speak HTTP. There is no request
    // to record, and nothing was forwarded.
    tokio::select! {
        _ = serving.as_mut() => {}
        () = stopped(&mut stop) => {
            serving.as_mut().graceful_shutdown();
            let _ = serving.await;
        }
    }
    drop(slot);
}

/// Connections that fit what the system lets this process open: half of it, less a reserve,
/// because a call under way holds a connection to its provider too.
fn connections_max() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let files = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<usize>().ok());
    files.map_or(CONNECTIONS_MAX, |files| {
        (files.saturating_sub(FILES_RESERVED) / 2).clamp(1, CONNECTIONS_MAX)
    })
}

/// Waits until `stop` is true; a vanished sender means stop as well.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stopping| *stopping).await;
}

/// Whether only the connection that was to be taken failed: its client was gone already. Anything
/// else (no more open files, say) would be met again at once.
fn is_of_one_connection(cause: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};

    [ConnectionAborted, ConnectionReset, Interrupted].contains(&cause.kind())
}

fn bind_tcp(address: SocketAddr) -> Result<TcpListener, ListenError> {
    let bind = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // The address of a process that ended a moment ago can be taken again.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    bind().map_err(|source| ListenError::Bind { address: address.to_string(), source })
}

/// Binds a Unix socket of mode 0600, replacing one that an ended process left behind. The
/// caller holds the home's lock, so no living process serves there.
fn bind_unix(path: PathBuf) -> Result<Socket, ListenError> {
    use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};

    let failed = |source| ListenError::Bind { address: path.display().to_string(), source };
    match std::fs::symlink_metadata(&path) {
        Ok(found) if found.file_type().is_socket() => {
            std::fs::remove_file(&path).map_err(failed)?;
        }
        Ok(_) => return Err(failed(io::ErrorKind::AlreadyExists.into())),
        Err(_) => {}
    }
    let bind = || {
        let socket = UnixSocket::new_stream()?;
        socket.bind(&path)?;
        socket.listen(BACKLOG)
    };
    let listener = bind().map_err(failed)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
    Ok(Socket::Unix(listener, path))
}

fn url(scheme: &str, listener: &TcpListener) -> String {
    match listener.local_addr() {
        Ok(address) => format!("{scheme}://{address}"),
        Err(_) => format!("{scheme}://?"),
    }
}
