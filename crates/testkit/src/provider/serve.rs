//! The fake provider's server: reads a request, remembers it, and hands it to its script.

use std::net::TcpListener;
use std::sync::Arc;

use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use super::act::act;
use super::answer::{Answer, BrokenOff, whole};
use super::asked::{Asked, Endpoint, Form, Vendor};
use super::speech::refused_key;
use super::{Seen, State};
use crate::gate::Watched;

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
    let path = head.uri.path_and_query().map_or_else(String::new, ToString::to_string);
    let seen = Seen { method: head.method, path, headers: head.headers, body };
    let endpoint = Endpoint::at(&head.uri);
    let keeps = endpoint.as_ref().is_some_and(|endpoint| endpoint.form == Form::Responses);
    let (key, script, nth) = state.change(|state| {
        state.seen.push(seen.clone());
        state.responses += usize::from(keeps);
        let script = state.next.pop_front().unwrap_or_else(|| state.otherwise.clone());
        (state.key.clone(), script, state.responses)
    });
    let Some(endpoint) = endpoint else {
        return Ok(whole(StatusCode::NOT_FOUND, "{\"error\":{\"message\":\"no such path\"}}"));
    };
    let vendor = endpoint.form.vendor();
    let given = match vendor {
        Vendor::OpenAi => seen.header("authorization").strip_prefix("Bearer "),
        Vendor::Anthropic => Some(seen.header("x-api-key")),
        Vendor::Gemini => Some(seen.header("x-goog-api-key")),
    }
    .unwrap_or_default();
    if given != key {
        let (status, body) = refused_key(vendor, given);
        return Ok(whole(status, body));
    }
    act(script, &Asked::new(endpoint, &seen.body, nth), &seen.headers, state).await
}
