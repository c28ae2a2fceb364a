//! An upstream that costs next to nothing: OpenAI chat in one piece and as a stream, as each
//! request wishes. It demands the credential that a gateway is lent, on one thread.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::time::Sleep;

use super::answer::{KEY, Whole, chunk, closing, opening};
use super::wish::Wish;

/// A bound upstream.
#[derive(Debug)]
pub struct Upstream {
    listener: TcpListener,
    whole: Arc<Whole>,
}

impl Upstream {
    /// Binds it to loopback, on a port that the system picks.
    ///
    /// # Errors
    /// If there is no port.
    pub async fn bind() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("no free port")?;
        Ok(Self { listener, whole: Arc::new(Whole::new()) })
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
            // A socket without the option is slower, which shows, and not wrong.
            let _ = stream.set_nodelay(true);
            let whole = Arc::clone(&self.whole);
            tokio::spawn(async move {
                let service = service_fn(move |request| answer(Arc::clone(&whole), request));
                // A client that hangs up ends its connection, and nothing else.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    }
}

async fn answer(
    whole: Arc<Whole>,
    request: Request<Incoming>,
) -> Result<Response<Said>, hyper::Error> {
    if request.method() == Method::GET {
        return Ok(response(StatusCode::OK, "text/plain", Said::piece("ready\n".into())));
    }
    let credential = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes);
    let lent = credential.and_then(|value| value.strip_prefix(b"Bearer ")) == Some(KEY.as_bytes());
    let body = request.into_body().collect().await?.to_bytes();
    if !lent {
        let text = Said::piece("the credential is not the upstream's own".into());
        return Ok(response(StatusCode::UNAUTHORIZED, "text/plain", text));
    }
    Ok(match Wish::find(&body) {
        None => {
            let text = Said::piece("the request wishes nothing".into());
            response(StatusCode::BAD_REQUEST, "text/plain", text)
        }
        Some(Wish { number, chunks: 0, .. }) => {
            response(StatusCode::OK, "application/json", Said::piece(whole.to(number)))
        }
        Some(wish) => response(StatusCode::OK, "text/event-stream", Said::stream(wish)),
    })
}

fn response(status: StatusCode, content: &'static str, body: Said) -> Response<Said> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content));
    response
}

/// The body of an answer.
#[derive(Debug)]
enum Said {
    Piece(Option<Bytes>),
    Stream(Box<Stream>),
}

/// A stream under way.
#[derive(Debug)]
struct Stream {
    wish: Wish,
    /// What is due now, at the beginning and at the end.
    due: VecDeque<Bytes>,
    position: u64,
    /// The pause under way; none where none is wished.
    pause: Option<Pin<Box<Sleep>>>,
    ended: bool,
}

impl Said {
    const fn piece(bytes: Bytes) -> Self {
        Self::Piece(Some(bytes))
    }

    fn stream(wish: Wish) -> Self {
        let pause = Duration::from_millis(wish.pause_ms);
        let pause = (!pause.is_zero()).then(|| Box::pin(tokio::time::sleep(pause)));
        let due = VecDeque::from([opening()]);
        Self::Stream(Box::new(Stream { wish, due, position: 0, pause, ended: false }))
    }
}

impl Stream {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(bytes) = self.due.pop_front() {
            return Poll::Ready(Some(bytes));
        }
        if self.ended {
            return Poll::Ready(None);
        }
        if self.position == self.wish.chunks {
            self.ended = true;
            return Poll::Ready(Some(closing(self.wish)));
        }
        if let Some(pause) = &mut self.pause {
            if pause.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            let next = pause.deadline() + Duration::from_millis(self.wish.pause_ms);
            pause.as_mut().reset(next);
        }
        let bytes = chunk(self.wish.number, self.position);
        self.position += 1;
        Poll::Ready(Some(bytes))
    }
}

impl Body for Said {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = match &mut *self {
            Self::Piece(bytes) => Poll::Ready(bytes.take()),
            Self::Stream(stream) => stream.poll_next(context),
        };
        next.map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Piece(bytes) => bytes.is_none(),
            Self::Stream(stream) => stream.ended,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Piece(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64))
            }
            Self::Stream(_) => SizeHint::default(),
        }
    }
}
