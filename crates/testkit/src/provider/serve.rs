//! The fake provider's server: reads a request, remembers it, and acts out its script.

use std::net::TcpListener;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body::{Body, Frame};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};
use tokio_rustls::TlsAcceptor;

use super::speech::{Asked, Form, refused_key};
use super::{Script, Seen, State};
use crate::Gate;
use crate::gate::Watched;

/// What `TruncatedBody` announces, in bytes.
const ANNOUNCED: u64 = 4096;

/// The connection is to be closed instead of going on.
#[derive(Debug)]
struct BrokenOff;

/// What an answer's body does, one step after the other.
#[derive(Debug)]
enum Step {
    Say(Bytes),
    SayForEver(Bytes),
    Wait(Gate),
    Hang,
    BreakOff,
}

/// An answer's body, fed by the task that takes the steps.
#[derive(Debug)]
struct Fed(mpsc::Receiver<Result<Bytes, BrokenOff>>);

/// Counts a request whose client left before it had its answer.
struct CountIfDropped(Arc<Watched<State>>);

type Answer = Response<Fed>;

/// Serves until told to stop. Everything still under way is dropped then.
pub(crate) fn run(
    listener: TcpListener,
    tls: Option<ServerConfig>,
    state: &Arc<Watched<State>>,
    stop: oneshot::Receiver<()>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .expect("a runtime for the fake provider");
    runtime.block_on(async {
        tokio::select! {
            () = accept(listener, tls, state) => {}
            _ = stop => {}
        }
    });
}

async fn accept(listener: TcpListener, tls: Option<ServerConfig>, state: &Arc<Watched<State>>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    let tls = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
    while let Ok((stream, _peer)) = listener.accept().await {
        state.change(|state| state.connections += 1);
        let state = Arc::clone(state);
        let tls = tls.clone();
        tokio::spawn(async move {
            match tls {
                None => serve(stream, state).await,
                Some(tls) => {
                    // A client that does not trust us hangs up here, as it should.
                    if let Ok(stream) = tls.accept(stream).await {
                        serve(stream, state).await;
                    }
                }
            }
        });
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, state: Arc<Watched<State>>) {
    let service = service_fn(move |request| answer(request, Arc::clone(&state)));
    // A connection that ends badly is what many scripts are for.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(
    request: Request<Incoming>,
    state: Arc<Watched<State>>,
) -> Result<Answer, BrokenOff> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| BrokenOff)?.to_bytes();
    let path = head.uri.path().to_owned();
    let seen = Seen {
        method: head.method,
        path: head.uri.path_and_query().map_or_else(|| path.clone(), ToString::to_string),
        headers: head.headers,
        body,
    };
    let (key, script) = state.change(|state| {
        state.seen.push(seen.clone());
        (state.key.clone(), state.next.pop_front().unwrap_or_else(|| state.otherwise.clone()))
    });
    let form = match path.as_str() {
        "/v1/chat/completions" => Form::OpenAi,
        "/v1/messages" => Form::Anthropic,
        _ => return Ok(whole(StatusCode::NOT_FOUND, "{\"error\":{\"message\":\"no such path\"}}")),
    };
    let given = match form {
        Form::OpenAi => seen.header("authorization").strip_prefix("Bearer "),
        Form::Anthropic => Some(seen.header("x-api-key")),
    }
    .unwrap_or_default();
    if given != key {
        return Ok(whole(StatusCode::UNAUTHORIZED, refused_key(form, given)));
    }
    act(script, &Asked::new(form, &seen.body), &seen.headers, state).await
}

async fn act(
    script: Script,
    asked: &Asked,
    headers: &HeaderMap,
    state: Arc<Watched<State>>,
) -> Result<Answer, BrokenOff> {
    let stream = |then: Vec<Step>| {
        let opening = std::iter::once(Step::Say(asked.opening()));
        fed("text/event-stream", opening.chain(then).collect(), Some(Arc::clone(&state)))
    };
    Ok(match script {
        Script::Answer => good(asked, 3, "Hello from the fake provider."),
        Script::StreamChunks { n } => good(asked, n, "Hello from the fake provider."),
        Script::EchoHeaders => good(asked, 1, &echo(headers)),
        Script::HangBeforeHeaders => {
            let _count = CountIfDropped(state);
            std::future::pending().await
        }
        Script::DropBeforeHeaders => return Err(BrokenOff),
        Script::Html => typed(StatusCode::OK, "text/html", "<html>busy</html>"),
        Script::Redirect => redirect(),
        Script::Status(status, body) => {
            whole(StatusCode::from_u16(status).expect("a status"), body)
        }
        Script::GarbageSse => typed(StatusCode::OK, "text/event-stream", garbage()),
        Script::ManyHeaders => many_headers(asked),
        Script::HugeHead { bytes } => huge_head(asked, bytes),
        Script::TruncatedBody => {
            let steps = vec![Step::Say(Bytes::from_static(b"{\"id\":\"chatc")), Step::BreakOff];
            let mut answer = fed("application/json", steps, None);
            answer.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(ANNOUNCED));
            answer
        }
        Script::EndlessBody => {
            let steps = vec![
                Step::Say(Bytes::from_static(b"{\"id\":\"")),
                Step::SayForEver(Bytes::from(vec![b'x'; 16 * 1024])),
            ];
            fed("application/json", steps, Some(state))
        }
        Script::EndlessStream => stream(vec![Step::SayForEver(asked.delta("more "))]),
        Script::HangMidStream => stream(vec![Step::Hang]),
        Script::DropMidStream => stream(vec![Step::BreakOff]),
        Script::SlowByGate(gate) => stream(vec![
            Step::Wait(gate),
            Step::Say(asked.delta("late")),
            Step::Say(asked.ending(1)),
        ]),
    })
}

/// A good answer of `n` deltas, or whole where no stream is asked for.
fn good(asked: &Asked, n: usize, text: &str) -> Answer {
    if !asked.stream {
        return whole(StatusCode::OK, asked.whole(text));
    }
    let deltas = std::iter::repeat_with(|| Step::Say(asked.delta(text))).take(n);
    let steps = std::iter::once(Step::Say(asked.opening()))
        .chain(deltas)
        .chain([Step::Say(asked.ending(n))])
        .collect();
    fed("text/event-stream", steps, None)
}

fn whole(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    typed(status, "application/json", body)
}

/// An answer of known length.
fn typed(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let body = body.into();
    let length = HeaderValue::from(body.len());
    let mut answer = fed(content_type, vec![Step::Say(body)], None);
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_LENGTH, length);
    answer
}

/// An answer whose body takes these steps; `cut` counts a client that leaves in between.
fn fed(content_type: &'static str, steps: Vec<Step>, cut: Option<Arc<Watched<State>>>) -> Answer {
    let (out, body) = mpsc::channel(1);
    tokio::spawn(async move {
        if take(steps, &out).await.is_err()
            && let Some(state) = cut
        {
            state.change(|state| state.cut += 1);
        }
    });
    let mut answer = Response::new(Fed(body));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert("x-request-id", HeaderValue::from_static("req_fake"));
    headers.insert("request-id", HeaderValue::from_static("req_fake"));
    answer
}

/// Takes the steps; an error where the client left first. One chunk is in flight at a time, so
/// what was said is on the wire before the connection is broken off.
async fn take(
    steps: Vec<Step>,
    out: &mpsc::Sender<Result<Bytes, BrokenOff>>,
) -> Result<(), mpsc::error::SendError<Result<Bytes, BrokenOff>>> {
    for step in steps {
        match step {
            Step::Say(bytes) => out.send(Ok(bytes)).await?,
            Step::SayForEver(bytes) => loop {
                out.send(Ok(bytes.clone())).await?;
            },
            Step::Wait(gate) => gate.pass().await,
            Step::Hang => {
                out.closed().await;
                return Err(mpsc::error::SendError(Err(BrokenOff)));
            }
            Step::BreakOff => out.send(Err(BrokenOff)).await?,
        }
    }
    Ok(())
}

fn redirect() -> Answer {
    let mut answer = whole(StatusCode::FOUND, "{}");
    answer.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/v1/followed"));
    answer
}

fn many_headers(asked: &Asked) -> Answer {
    let mut answer = whole(StatusCode::OK, asked.whole("hello"));
    for _ in 0..120 {
        answer.headers_mut().append("x-one-of-many", HeaderValue::from_static("1"));
    }
    answer
}

fn huge_head(asked: &Asked, bytes: usize) -> Answer {
    let mut answer = whole(StatusCode::OK, asked.whole("hello"));
    let value = "x".repeat(bytes).parse().expect("a header value");
    answer.headers_mut().insert("x-huge", value);
    answer
}

fn echo(headers: &HeaderMap) -> String {
    headers
        .iter()
        .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())))
        .collect()
}

/// Not events: no blank line where one is due, no JSON, no UTF-8, a line of 1 MiB.
fn garbage() -> Bytes {
    let mut bytes = b"data: {\"unfinished\": \nevent\n:::\ndata: \xff\xfe\x00\n\ndata".to_vec();
    bytes.extend(std::iter::repeat_n(b'z', 1024 * 1024));
    Bytes::from(bytes)
}

impl Drop for CountIfDropped {
    fn drop(&mut self) {
        self.0.change(|state| state.cut += 1);
    }
}

impl Body for Fed {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        self.0.poll_recv(context).map(|next| next.map(|bytes| bytes.map(Frame::data)))
    }
}

impl std::fmt::Display for BrokenOff {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("broken off, as the script says")
    }
}

impl std::error::Error for BrokenOff {}
