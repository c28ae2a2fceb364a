//! The floor: the least that a gateway can cost which is built of the same parts. It reads the
//! whole body of a request, as whoever decides about it must, swaps the credential, sends it on
//! through hyper's pooled client, and passes the answer along. It decides, records and limits
//! nothing.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Either, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpListener;

use super::answer::KEY;

type Passed = Either<Incoming, Full<Bytes>>;

/// A bound proxy.
#[derive(Debug)]
pub struct Floor {
    listener: TcpListener,
    passing: Passing,
}

/// What each request needs. Clones share the pool.
#[derive(Debug, Clone)]
struct Passing {
    pool: Client<HttpConnector, Full<Bytes>>,
    upstream: Authority,
    credential: HeaderValue,
}

impl Floor {
    /// Binds it to `listen` before the upstream at `upstream`; both are on loopback.
    ///
    /// # Errors
    /// If an address is not, or cannot be listened on.
    pub async fn bind(listen: SocketAddr, upstream: SocketAddr) -> Result<Self> {
        ensure!(listen.ip().is_loopback() && upstream.ip().is_loopback(), "loopback only");
        let listener = TcpListener::bind(listen).await.context("cannot listen")?;
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let pool =
            Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
        let upstream = upstream.to_string().parse().context("an address is an authority")?;
        let credential = format!("Bearer {KEY}").parse().context("the key is a header")?;
        Ok(Self { listener, passing: Passing { pool, upstream, credential } })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// If the system does not say.
    pub fn address(&self) -> Result<SocketAddr> {
        self.listener.local_addr().context("no address")
    }

    /// Serves until it is dropped.
    ///
    /// # Errors
    /// If no connection can be accepted any more.
    pub async fn serve(self) -> Result<()> {
        loop {
            let (stream, _) = self.listener.accept().await.context("cannot accept")?;
            let _ = stream.set_nodelay(true);
            let passing = self.passing.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request| pass(passing.clone(), request));
                // A client that hangs up ends its connection, and nothing else.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    }
}

async fn pass(passing: Passing, request: Request<Incoming>) -> Result<Response<Passed>> {
    match passing.send(request).await {
        Ok(answer) => Ok(answer.map(Either::Left)),
        Err(error) => {
            let text = Full::new(Bytes::from(format!("{error:#}")));
            let mut answer = Response::new(Either::Right(text));
            *answer.status_mut() = StatusCode::BAD_GATEWAY;
            Ok(answer)
        }
    }
}

impl Passing {
    async fn send(&self, request: Request<Incoming>) -> Result<Response<Incoming>> {
        let (mut parts, body) = request.into_parts();
        let body = body.collect().await.context("the request broke off")?.to_bytes();
        for name in [CONNECTION, TRANSFER_ENCODING, CONTENT_LENGTH, HOST] {
            parts.headers.remove(name);
        }
        parts.headers.insert(AUTHORIZATION, self.credential.clone());
        let mut uri = parts.uri.into_parts();
        uri.scheme = Some(Scheme::HTTP);
        uri.authority = Some(self.upstream.clone());
        parts.uri = Uri::from_parts(uri).context("not a path")?;
        let request = Request::from_parts(parts, Full::new(body));
        let mut answer = self.pool.request(request).await.context("the upstream failed")?;
        for name in [CONNECTION, TRANSFER_ENCODING] {
            answer.headers_mut().remove(name);
        }
        Ok(answer)
    }
}
