//! The upstream client: the one place that sends anything to a provider.
//!
//! It takes a recorded permit and one of its targets, and nothing else: what was not decided
//! and written down cannot be sent.

use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request, Response};
use hyper::body::Incoming;
use ledger::Recorded;
use model::{Dialect, Operation, RefusalCode};
use policy::{Permit, ProviderKind};
use secrets::{Lease, Scheme};

use crate::live::Upstreams;

/// Request headers that reach the provider beside those the gateway writes itself.
///
/// Every other header stays here: credentials, cookies, forwarding chains, and the headers that
/// choose an account (the sealed secret decides whose account is used).
const FORWARDED: &[&str] =
    &["anthropic-version", "anthropic-beta", "openai-beta", "idempotency-key"];

/// The upstream client of one gate.
#[derive(Debug)]
pub struct Upstream {
    client: net::Client,
}

/// What is sent: the evaluated bytes and where on the provider they go.
#[derive(Debug)]
pub struct Outbound {
    pub(crate) body: net::Body,
    pub(crate) headers: HeaderMap,
    pub(crate) query: Option<&'static str>,
    pub(crate) operation: Operation,
    pub(crate) dialect: Dialect,
    pub(crate) stream: bool,
}

/// A call that has no answer: the code for the caller, and why, for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsent {
    pub(crate) code: RefusalCode,
    pub(crate) cause: Option<String>,
}

impl Upstream {
    /// Wraps the outbound client, so that only recorded permits reach it.
    #[must_use]
    pub const fn new(client: net::Client) -> Self {
        Self { client }
    }

    /// Sends `outbound` to the first target of the recorded permit.
    ///
    /// # Errors
    /// A refusal code of the forward stage. The cause stays with the gateway.
    pub async fn send(
        &self,
        _recorded: &Recorded<Permit>,
        to: &Upstreams,
        lease: Option<Lease>,
        outbound: Outbound,
    ) -> Result<Response<Incoming>, Unsent> {
        let request = request(to, lease, outbound)
            .ok_or(Unsent { code: RefusalCode::SecretUnreadable, cause: None })?;
        self.client.send(&to.endpoint, request, to.timeouts).await.map_err(Unsent::from)
    }
}

impl From<net::SendError> for Unsent {
    fn from(error: net::SendError) -> Self {
        let code = match error {
            net::SendError::Timeout(_) => RefusalCode::UpstreamTimeout,
            net::SendError::Redirect(_) => RefusalCode::UpstreamRedirect,
            net::SendError::Dropped => RefusalCode::UpstreamDropped,
            net::SendError::TooLarge => RefusalCode::UpstreamTooLarge,
            net::SendError::Connect(_) => RefusalCode::UpstreamConnect,
        };
        // The error's text holds no query, header or body.
        Self { code, cause: Some(error.to_string()) }
    }
}

fn request(to: &Upstreams, lease: Option<Lease>, outbound: Outbound) -> Option<Request<net::Body>> {
    let mut request = Request::new(outbound.body);
    *request.method_mut() = Method::POST;
    *request.uri_mut() = to.endpoint.join(path(outbound.operation), outbound.query)?;
    let accept = if outbound.stream { "text/event-stream" } else { "application/json" };
    let headers = request.headers_mut();
    for name in FORWARDED {
        for value in outbound.headers.get_all(*name) {
            headers.append(*name, value.clone());
        }
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(
        USER_AGENT,
        HeaderValue::from_static(concat!("portreeve/", env!("CARGO_PKG_VERSION"))),
    );
    if let Some(lease) = lease {
        let scheme = match (to.kind, outbound.dialect) {
            (ProviderKind::Anthropic, _) => Scheme::XApiKey,
            (ProviderKind::OpenAi | ProviderKind::Demo, _) => Scheme::Bearer,
        };
        let (name, value) = lease.header(scheme).ok()?;
        headers.insert(name, value);
    }
    Some(request)
}

const fn path(operation: Operation) -> &'static str {
    match operation {
        Operation::ChatCompletions => "/v1/chat/completions",
        Operation::Messages => "/v1/messages",
        Operation::ListModels => "/v1/models",
    }
}
