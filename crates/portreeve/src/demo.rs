//! The built-in demo model: a provider on loopback, so that the first call needs no vendor.
//!
//! It speaks the wire form of every vendor and demands a key like any provider, so a demo call
//! takes the very path a real one takes. It guards nothing, so any key of its kind will do, in
//! whichever header a vendor puts it; it knows nothing: it says what it is and repeats the last
//! words it was sent; it keeps nothing, though it answers as a provider that keeps. Its token
//! counts are counts of words, and the same request gets the same words.

mod chat;
mod embeddings;
mod gemini;
mod ids;
mod messages;
mod reply;
mod responses;
mod spoken;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

use self::ids::Ids;
use self::reply::Answer;

/// Largest body the demo model reads, in bytes.
const BODY_MAX: usize = 16 * 1024 * 1024;
/// What every key of the demo model begins with.
pub(crate) const KEY_PREFIX: &str = "portreeve-demo-";

/// The demo model, listening.
#[derive(Debug)]
pub(crate) struct Demo {
    listener: TcpListener,
    address: SocketAddr,
    ids: Arc<Ids>,
}

impl Demo {
    /// Listens on a loopback port the system chooses. `run` tells the ids of this run from those
    /// of every other.
    pub(crate) async fn bind(run: [u8; 16]) -> std::io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, ids: Arc::new(Ids::of(run)) })
    }

    /// Where it listens, as a provider's base URL.
    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves until the task is dropped.
    pub(crate) async fn serve(self) {
        loop {
            let Ok((stream, _)) = self.listener.accept().await else {
                // Out of file descriptors: let others go on and try again.
                tokio::task::yield_now().await;
                continue;
            };
            let ids = Arc::clone(&self.ids);
            tokio::spawn(async move {
                let service = service_fn(move |request| {
                    let ids = Arc::clone(&ids);
                    async move { Ok::<_, Infallible>(respond(&ids, request).await) }
                });
                // An error here is a connection that ended; the gateway records its own side.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    }
}

async fn respond(ids: &Ids, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let dialect = reply::dialect(request.uri().path());
    let refused = |status, why| reply::response(dialect, Answer::Refused(status, why));
    if !has_key(request.headers()) {
        return refused(StatusCode::UNAUTHORIZED, "the demo model was sent no key of its kind");
    }
    let uri = request.uri().clone();
    let Ok(body) = Limited::new(request.into_body(), BODY_MAX).collect().await else {
        return refused(StatusCode::BAD_REQUEST, "the body did not arrive whole");
    };
    let Ok(ask) = serde_json::from_slice::<Value>(&body.to_bytes()) else {
        return refused(StatusCode::BAD_REQUEST, "the body is not JSON");
    };
    reply::response(dialect, answer(ids, (uri.path(), uri.query()), &ask))
}

/// Whether a key of the demo model's kind stands where one of the vendors puts its own.
fn has_key(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = text(header::AUTHORIZATION.as_str()).and_then(|text| text.strip_prefix("Bearer "));
    [bearer, text("x-api-key"), text("x-goog-api-key")]
        .into_iter()
        .flatten()
        .any(|key| key.starts_with(KEY_PREFIX))
}

/// What the endpoint at `path` answers to `ask`.
fn answer(ids: &Ids, (path, query): (&str, Option<&str>), ask: &Value) -> Answer {
    match path {
        "/v1/chat/completions" => chat::answer(ask),
        "/v1/responses" => responses::answer(ids, ask),
        "/v1/embeddings" => embeddings::answer(ask),
        "/v1/messages" => messages::answer(ask),
        "/v1/messages/count_tokens" => messages::count(ask),
        _ => gemini::answer((path, query), ask).unwrap_or(Answer::Refused(
            StatusCode::NOT_FOUND,
            "the demo model has no such endpoint",
        )),
    }
}

#[cfg(test)]
mod tests;
