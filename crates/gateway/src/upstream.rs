//! The upstream client: the one place that sends anything to a provider.
//!
//! It takes a recorded permit and one of its targets, and nothing else: what was not decided
//! and written down cannot be sent.

use std::borrow::Cow;

use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request, Response};
use hyper::body::Incoming;
use ledger::Recorded;
use model::{Digest, Operation, Refusal, RefusalCode};
use policy::{Permit, ProviderKind};
use secrets::{Lease, Scheme};
use tokio::time::Duration;

use crate::budget::Used;
use crate::live::Upstreams;

/// Request headers that reach the provider beside those the gateway writes itself.
///
/// Every other header stays here: credentials, cookies, forwarding chains, and the headers that
/// choose an account (the sealed secret decides whose account is used).
const FORWARDED: &[&str] = &["anthropic-version", "anthropic-beta", "openai-beta"];
/// The header by which a provider knows a call again.
const IDEMPOTENCY: &str = "idempotency-key";

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
    pub(crate) stream: bool,
    /// The provider's own name of the model: Gemini's API has it in the path.
    pub(crate) upstream_model: String,
}

/// A call that has no answer: the code for the caller, and why, for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsent {
    pub(crate) code: RefusalCode,
    pub(crate) cause: Option<String>,
    /// What the provider may have used all the same.
    pub(crate) used: Used,
}

impl Upstream {
    /// Wraps the outbound client, so that only recorded permits reach it.
    #[must_use]
    pub const fn new(client: net::Client) -> Self {
        Self { client }
    }

    /// Sends `outbound` to one target of the recorded permit.
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
        let request =
            request(to, lease, outbound).ok_or(Unsent::nothing(RefusalCode::SecretUnreadable))?;
        self.client.send(&to.endpoint, request, to.timeouts).await.map_err(Unsent::from)
    }
}

impl Upstream {
    /// Whether the target can be connected to, step by step. No request is sent, so there is
    /// nothing to permit or to record.
    pub(crate) async fn reach(&self, to: &Upstreams) -> Result<String, Refusal> {
        let within = Duration::from_millis(to.timeouts.connect_ms);
        let reached = self.client.reach(&to.endpoint, within).await;
        let reached = reached
            .map_err(|cause| Refusal::new(RefusalCode::UpstreamConnect, cause.to_string()))?;
        let [lookup, connect, prove] = reached.took.map(|took| took.as_millis());
        Ok(format!(
            "{} at {}: name {lookup} ms, connection {connect} ms, proof {prove} ms",
            to.endpoint.authority(),
            reached.peer
        ))
    }
}

/// Of the headers that a client sent, those that its provider is given.
///
/// An idempotency key is made the agent's own: all agents share the provider's account, and one
/// must not be given what was answered to another under the same key.
pub(crate) fn forwarded(recorded: &Recorded<Permit>, client: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for name in FORWARDED {
        for value in client.get_all(*name) {
            headers.append(*name, value.clone());
        }
    }
    let agent = recorded.value().case().subject.as_ref().map(|subject| subject.agent.as_str());
    if let (Some(key), Some(agent)) = (client.get(IDEMPOTENCY), agent) {
        let own = Digest::of(&[agent.as_bytes(), b"\0", key.as_bytes()].concat());
        if let Ok(own) = HeaderValue::from_str(&format!("portreeve-{}", own.hex())) {
            headers.insert(IDEMPOTENCY, own);
        }
    }
    headers
}

impl Unsent {
    const fn nothing(code: RefusalCode) -> Self {
        Self { code, cause: None, used: Used::Nothing }
    }
}

impl From<net::SendError> for Unsent {
    fn from(error: net::SendError) -> Self {
        let (code, used) = match error {
            net::SendError::Timeout(net::Phase::Connect) => {
                (RefusalCode::UpstreamTimeout, Used::Nothing)
            }
            net::SendError::Timeout(net::Phase::FirstByte) => {
                (RefusalCode::UpstreamTimeout, Used::Unknown)
            }
            net::SendError::Redirect(_) => (RefusalCode::UpstreamRedirect, Used::Call),
            net::SendError::Dropped => (RefusalCode::UpstreamDropped, Used::Unknown),
            net::SendError::TooLarge => (RefusalCode::UpstreamTooLarge, Used::Unknown),
            net::SendError::Connect(_) => (RefusalCode::UpstreamConnect, Used::Nothing),
        };
        // The error's text holds no query, header or body.
        Self { code, cause: Some(error.to_string()), used }
    }
}

fn request(to: &Upstreams, lease: Option<Lease>, outbound: Outbound) -> Option<Request<net::Body>> {
    let uri = to.endpoint.join(&path(&outbound)?, outbound.query)?;
    let mut request = Request::new(outbound.body);
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri;
    let accept = if outbound.stream { "text/event-stream" } else { "application/json" };
    *request.headers_mut() = outbound.headers;
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(
        USER_AGENT,
        HeaderValue::from_static(concat!("portreeve/", env!("CARGO_PKG_VERSION"))),
    );
    if let Some(lease) = lease {
        let scheme = match to.kind {
            ProviderKind::Anthropic => Scheme::XApiKey,
            ProviderKind::Gemini => Scheme::XGoogApiKey,
            ProviderKind::OpenAi | ProviderKind::Demo => Scheme::Bearer,
        };
        let (name, value) = lease.header(scheme).ok()?;
        headers.insert(name, value);
    }
    Some(request)
}

/// Where on the provider a call goes. None where the model's name does not fit into a path; the
/// charter's check has refused such a name.
fn path(outbound: &Outbound) -> Option<Cow<'static, str>> {
    let fixed = match outbound.operation {
        Operation::ChatCompletions => "/v1/chat/completions",
        Operation::Responses => "/v1/responses",
        Operation::Embeddings => "/v1/embeddings",
        Operation::Messages => "/v1/messages",
        Operation::CountMessageTokens => "/v1/messages/count_tokens",
        Operation::ListModels => "/v1/models",
        Operation::GenerateContent if outbound.stream => return of_gemini(outbound, STREAM),
        Operation::GenerateContent => return of_gemini(outbound, "generateContent"),
        Operation::CountContentTokens => return of_gemini(outbound, "countTokens"),
    };
    Some(Cow::Borrowed(fixed))
}

/// Gemini's method for a streamed answer.
const STREAM: &str = "streamGenerateContent";

fn of_gemini(outbound: &Outbound, method: &str) -> Option<Cow<'static, str>> {
    let model = &outbound.upstream_model;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let fits = model.bytes().all(plain) && !model.starts_with('.');
    fits.then(|| Cow::Owned(format!("/v1beta/models/{model}:{method}")))
}
