//! A fake provider on 127.0.0.1: speaks the wire forms of OpenAI, Anthropic and Gemini, behaves as
//! badly as it is told, and remembers every request it saw.

mod act;
mod answer;
mod asked;
mod script;
mod serve;
mod speech;

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use bytes::Bytes;
use http::{HeaderMap, Method, header};
use rustls::{ServerConfig, SupportedProtocolVersion};
use tokio::sync::oneshot;

use crate::Identity;
use crate::gate::Watched;
pub use script::Script;

/// The key the fake provider expects unless it is told another.
pub const PROVIDER_KEY: &str = "sk-fake/provider+key=0001";

/// A running fake provider, on a thread of its own. It stops when dropped.
#[derive(Debug)]
pub struct FakeProvider {
    address: SocketAddr,
    scheme: &'static str,
    state: Arc<Watched<State>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// One request as it reached the provider.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// Every header.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// What the server thread and the test share.
#[derive(Debug)]
pub(crate) struct State {
    key: String,
    next: VecDeque<Script>,
    otherwise: Script,
    seen: Vec<Seen>,
    cut: usize,
    connections: usize,
    /// How many responses were asked for: their ids are made of it.
    responses: usize,
}

impl FakeProvider {
    /// Starts one that expects [`PROVIDER_KEY`] and answers well.
    #[must_use]
    pub fn start() -> Self {
        Self::listen(None)
    }

    /// Starts one behind TLS, as `identity`; `offered` are the protocol versions it speaks.
    #[must_use]
    pub fn start_tls(identity: &Identity, offered: &[&'static SupportedProtocolVersion]) -> Self {
        Self::listen(Some(identity.server_config(offered)))
    }

    fn listen(tls: Option<ServerConfig>) -> Self {
        let scheme = if tls.is_some() { "https" } else { "http" };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        listener.set_nonblocking(true).expect("a listener that tokio takes");
        let address = listener.local_addr().expect("a bound listener has an address");
        let state = Arc::new(Watched::new(State {
            key: PROVIDER_KEY.to_owned(),
            next: VecDeque::new(),
            otherwise: Script::Answer,
            seen: Vec::new(),
            cut: 0,
            connections: 0,
            responses: 0,
        }));
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::clone(&state);
        let thread = std::thread::spawn(move || serve::run(listener, tls, &shared, stopped));
        Self { address, scheme, state, stop: Some(stop), thread: Some(thread) }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its base URL, without a version.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// From now on, only this key is accepted.
    pub fn expect_key(&self, key: &str) {
        self.state.change(|state| key.clone_into(&mut state.key));
    }

    /// Queues a behaviour for one request, after those already queued.
    pub fn next(&self, script: Script) {
        self.state.change(|state| state.next.push_back(script));
    }

    /// The behaviour when nothing is queued.
    pub fn always(&self, script: Script) {
        self.state.change(|state| state.otherwise = script);
    }

    /// Every request so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.state.change(|state| state.seen.clone())
    }

    /// The latest request.
    ///
    /// # Panics
    /// If there was none.
    #[must_use]
    pub fn last_seen(&self) -> Seen {
        self.seen().pop().expect("the provider saw a request")
    }

    /// How many connections were opened to it.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.state.change(|state| state.connections)
    }

    /// Asserts that nothing reached the provider.
    ///
    /// # Panics
    /// If anything did, naming it.
    #[track_caller]
    pub fn assert_untouched(&self) {
        let seen: Vec<String> =
            self.seen().iter().map(|seen| format!("{} {}", seen.method, seen.path)).collect();
        assert!(seen.is_empty(), "the provider was reached: {seen:?}");
    }

    /// Blocks until the provider saw `count` requests.
    ///
    /// # Panics
    /// If it does not within 30 seconds.
    pub fn wait_seen(&self, count: usize) {
        self.state.wait("requests at the provider", |state| state.seen.len() >= count);
    }

    /// Blocks until `count` answers were cut by the other side before they were complete.
    ///
    /// # Panics
    /// If they are not within 30 seconds.
    pub fn wait_cut(&self, count: usize) {
        self.state.wait("answers cut by the client", |state| state.cut >= count);
    }
}

impl Drop for FakeProvider {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // A thread that already ended has no receiver left, which is what we want.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Seen {
    /// The credential that came, as `Bearer ...`, `x-api-key` or `x-goog-api-key`; none where there
    /// was none.
    #[must_use]
    pub fn credential(&self) -> Option<String> {
        let text = |name| self.headers.get(name).and_then(|value| value.to_str().ok());
        text(header::AUTHORIZATION.as_str())
            .map(|value| value.strip_prefix("Bearer ").unwrap_or(value))
            .or_else(|| text("x-api-key"))
            .or_else(|| text("x-goog-api-key"))
            .map(str::to_owned)
    }

    /// A header's value as text; empty where it is absent.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON; null where it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}
