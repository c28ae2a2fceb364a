//! One try at one target: lease, send, and take the answer up to where something would reach the
//! client. It relays nothing and chooses nothing.

use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderMap, HeaderValue};
use http::response::Parts;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use model::RefusalCode;
use protocol::{Cap, Told};
use secrets::{EchoWatch, Lease};
use tokio::time::{Duration, Instant};

use crate::call::{Call, Trouble};
use crate::gate::Gate;
use crate::key_refused::key_refused;
use crate::live::Upstreams;
use crate::plan;
use crate::relay::Watch;
use crate::seen::{TRACE_PARENT, TRACE_STATE};
use crate::upstream::Outbound;

/// Largest answer that is not streamed, in bytes.
const ANSWER_MAX: usize = 32 * 1024 * 1024;

/// What is sent, whichever target it is sent to.
pub(crate) struct Message<'s> {
    pub(crate) reading: &'s protocol::Reading,
    pub(crate) headers: &'s HeaderMap,
    pub(crate) query: Option<&'static str>,
}

/// What came of one try.
pub(crate) enum Tried {
    /// An answer for the client.
    Answered(Box<Begun>),
    /// A failure that leads on; what the client gets if nothing better comes, and how long the
    /// target asked to be left alone.
    Failed(Ending, Option<u64>),
    /// A failure that leads nowhere else.
    Final(RefusalCode),
}

/// What the client gets when no target gave an answer.
pub(crate) enum Ending {
    /// The last provider's own words.
    Answer(Box<Begun>),
    /// A refusal, and in how many milliseconds it may be different.
    Refused(RefusalCode, Option<u64>),
}

/// An acceptable answer of which nothing has reached the client.
pub(crate) struct Begun {
    pub(crate) head: Parts,
    pub(crate) body: BegunBody,
    pub(crate) hides_usage: bool,
}

pub(crate) enum BegunBody {
    Whole(Bytes, Told),
    Stream { first: Bytes, rest: Incoming, watch: Watch, echo: Option<EchoWatch> },
}

/// Sends the call to one target and takes its answer as far as nothing has to reach the client.
pub(crate) async fn attempt(
    gate: &Gate,
    call: &mut Call,
    (index, to): (usize, &Upstreams),
    message: &Message<'_>,
) -> Tried {
    let Some(target) = call.recorded.value().targets().get(index) else {
        return Tried::Final(RefusalCode::UpstreamConnect);
    };
    let upstream_model = target.upstream_model.clone();
    let needs_secret = target.secret.is_some();
    let lease = match needs_secret.then(|| gate.secrets.lease(&call.recorded, index)).transpose() {
        Ok(lease) => lease,
        Err(_unreadable) => return failed(call, RefusalCode::SecretUnreadable, None),
    };
    if needs_secret {
        call.leased(index);
    }
    let echo = lease.as_ref().map(Lease::watch);
    let cap = call.cap().map(|tokens| Cap { tokens, field: to.cap_field });
    let body = message.reading.forward(&upstream_model, cap);
    let hides_usage = body.hides_usage();
    let ask = message.reading.ask();
    let outbound = Outbound {
        body: net::Body::new(body.into_chunks()),
        headers: traced(message.headers.clone(), call),
        query: message.query,
        operation: ask.operation,
        stream: ask.stream,
        upstream_model,
    };
    let watch = Watch {
        idle: Duration::from_millis(to.idle_ms),
        deadline: Instant::now() + Duration::from_millis(to.total_ms),
    };
    match gate.upstream.send(&call.recorded, to, lease, outbound).await {
        Err(unsent) => {
            call.used(unsent.used);
            failed(call, unsent.code, unsent.cause)
        }
        Ok(response) => {
            let (head, body) = response.into_parts();
            if echo.as_ref().is_some_and(|echo| is_in_head(echo, &head)) {
                call.answered(head.status);
                return failed(call, RefusalCode::UpstreamEchoedSecret, None);
            }
            call.began(&head);
            let begun = take(call, (head, body), (watch, echo), ask.stream).await;
            begun_or_failed(call, begun, hides_usage)
        }
    }
}

/// `headers`, and where the try stands in a trace, where the operator has this provider told.
fn traced(mut headers: HeaderMap, call: &Call) -> HeaderMap {
    let Some((parent, state)) = call.traced() else { return headers };
    for (name, value) in [(TRACE_PARENT, parent.as_str()), (TRACE_STATE, state)] {
        if let (false, Ok(value)) = (value.is_empty(), HeaderValue::from_str(value)) {
            headers.insert(name, value);
        }
    }
    headers
}

/// Takes the answer up to where something would reach the client: a whole answer to its end, a
/// streamed one to its first bytes.
async fn take(
    call: &mut Call,
    (head, mut body): (Parts, Incoming),
    (watch, mut echo): (Watch, Option<EchoWatch>),
    stream: bool,
) -> Result<(Parts, BegunBody), (Parts, RefusalCode)> {
    let kind = match kind_of(&head, stream) {
        Ok(kind) => kind,
        Err(code) => return Err((head, code)),
    };
    let taken = match kind {
        Kind::Whole => collect(&mut body, watch).await.map(|bytes| {
            let told = protocol::told(call.operation(), &bytes);
            BegunBody::Whole(bytes, told)
        }),
        Kind::Stream => first(&mut body, watch).await.map(|first| BegunBody::Stream {
            first,
            rest: body,
            watch,
            echo: echo.take(),
        }),
    };
    call.first_byte();
    match taken {
        Err(code) => Err((head, code)),
        Ok(BegunBody::Whole(bytes, _))
            if key_refused(call.arrival.dialect, head.status, &bytes) =>
        {
            Err((head, RefusalCode::UpstreamCredential))
        }
        // An answer of one piece where a stream was asked for would read as an empty stream.
        Ok(BegunBody::Whole(_, told)) if !told.is_json || (stream && head.status.is_success()) => {
            Err((head, RefusalCode::UpstreamNotJson))
        }
        Ok(BegunBody::Whole(bytes, _)) if echo.as_ref().is_some_and(|echo| echo.is_in(&bytes)) => {
            Err((head, RefusalCode::UpstreamEchoedSecret))
        }
        Ok(body) => Ok((head, body)),
    }
}

/// Sorts what was taken: an answer, a status that leads on, or a failure.
fn begun_or_failed(
    call: &mut Call,
    begun: Result<(Parts, BegunBody), (Parts, RefusalCode)>,
    hides_usage: bool,
) -> Tried {
    let (status, wait) = {
        let head = match &begun {
            Ok((head, _)) | Err((head, _)) => head,
        };
        (head.status.as_u16(), plan::retry_after_ms(&head.headers))
    };
    let leads_on = plan::status_leads_on(status);
    match begun {
        Ok((head, body)) if leads_on => {
            call.failed(status_code(status), None, Trouble::Target { retry_after_ms: wait });
            Tried::Failed(Ending::Answer(Box::new(Begun { head, body, hides_usage })), wait)
        }
        Ok((head, body)) => Tried::Answered(Box::new(Begun { head, body, hides_usage })),
        Err((_, code)) if leads_on && code != RefusalCode::UpstreamEchoedSecret => {
            let trouble = Trouble::Target { retry_after_ms: wait };
            call.failed(code.as_str(), None, trouble);
            Tried::Failed(Ending::Refused(code, wait), wait)
        }
        Err((_, code)) => failed(call, code, None),
    }
}

/// What an attempt that a provider's status failed is recorded under.
const fn status_code(status: u16) -> &'static str {
    match status {
        408 => "status_408",
        429 => "status_429",
        _ => "status_5xx",
    }
}

fn failed(call: &mut Call, code: RefusalCode, cause: Option<String>) -> Tried {
    if plan::leads_on(code) {
        call.failed(code.as_str(), cause, Trouble::Target { retry_after_ms: None });
        Tried::Failed(Ending::Refused(code, None), None)
    } else {
        call.failed(code.as_str(), cause, Trouble::Elsewhere);
        Tried::Final(code)
    }
}

/// How an acceptable answer is relayed.
enum Kind {
    Stream,
    Whole,
}

/// Whether the provider's answer is of a kind its API promises.
fn kind_of(head: &Parts, stream: bool) -> Result<Kind, RefusalCode> {
    if head.status == 401 || head.status == 403 {
        // The provider refused the gateway's credential, not the caller's; its text may quote it.
        return Err(RefusalCode::UpstreamCredential);
    }
    let content_type = head
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("")
        .split(';')
        .next()
        .unwrap_or("")
        .trim()
        .to_ascii_lowercase();
    let encoded =
        head.headers.get(header::CONTENT_ENCODING).is_some_and(|value| value != "identity");
    match content_type.as_str() {
        _ if encoded => Err(RefusalCode::UpstreamNotJson),
        "text/event-stream" if stream && head.status.is_success() => Ok(Kind::Stream),
        "application/json" => Ok(Kind::Whole),
        _ => Err(RefusalCode::UpstreamNotJson),
    }
}

/// Whether any header of the answer, relayed or not, holds the secret: one may end up in the log.
fn is_in_head(echo: &EchoWatch, head: &Parts) -> bool {
    head.headers.values().any(|value| echo.is_in(value.as_bytes()))
}

/// The first bytes of a streamed answer.
async fn first(body: &mut Incoming, watch: Watch) -> Result<Bytes, RefusalCode> {
    loop {
        match next(body, watch).await? {
            None => return Err(RefusalCode::UpstreamDropped),
            Some(data) if data.is_empty() => {}
            Some(data) => return Ok(data),
        }
    }
}

/// A whole answer within the bounds.
async fn collect(body: &mut Incoming, watch: Watch) -> Result<Bytes, RefusalCode> {
    let mut bytes = BytesMut::new();
    while let Some(data) = next(body, watch).await? {
        if bytes.len().saturating_add(data.len()) > ANSWER_MAX {
            return Err(RefusalCode::UpstreamTooLarge);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.freeze())
}

/// The next piece of an answer; none at its end.
async fn next(body: &mut Incoming, watch: Watch) -> Result<Option<Bytes>, RefusalCode> {
    let until = watch.next_alarm();
    match tokio::time::timeout_at(until, body.frame()).await {
        Err(_) => Err(RefusalCode::UpstreamTimeout),
        Ok(None) => Ok(None),
        Ok(Some(Err(_))) => Err(RefusalCode::UpstreamDropped),
        Ok(Some(Ok(frame))) => Ok(Some(frame.into_data().unwrap_or_default())),
    }
}
