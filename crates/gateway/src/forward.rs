//! Forwards a recorded call: lease, send, relay, conclude. It decides nothing.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::response::Parts;
use http::{Response, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use ledger::Recorded;
use model::{Attempt, Clock, Ended, Outcome, Refusal, RefusalCode, Usage};
use policy::Permit;
use protocol::Meter;
use secrets::{EchoWatch, Lease};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Duration, Instant};

use crate::admit::Sending;
use crate::answer::{self, Answer};
use crate::arrival::Arrival;
use crate::gate::Gate;
use crate::live::Live;
use crate::relay::{Relay, Watch};
use crate::upstream::Outbound;

/// Largest answer that is not streamed, in bytes.
const ANSWER_MAX: usize = 32 * 1024 * 1024;
/// Longest id of a provider that an outcome keeps, in bytes.
const REQUEST_ID_MAX: usize = 128;

/// One forwarded call until its outcome is recorded.
pub(crate) struct Call {
    pub(crate) recorded: Recorded<Permit>,
    pub(crate) arrival: Arrival,
    pub(crate) attempt: Attempt,
    receipt: String,
    clock: Arc<dyn Clock>,
    first_byte_ms: Option<u64>,
    /// The place among the requests under way, held until the end.
    _slot: OwnedSemaphorePermit,
}

/// Lends the secret, sends the call and relays the answer.
pub(crate) async fn forward(
    gate: &Gate,
    live: &Live,
    arrival: Arrival,
    recorded: Recorded<Permit>,
    sending: Sending,
) -> Response<Answer> {
    let Sending { reading, headers, query, slot } = sending;
    let mut call = Call::new(gate, arrival, recorded, slot);
    let Some(to) = live.upstreams(&call.attempt.provider) else {
        return call.fail(RefusalCode::UpstreamConnect);
    };
    let target = call.recorded.value().targets().first();
    let body = reading.forward(&target.upstream_model);
    let hides_usage = body.hides_usage();
    let needs_secret = target.secret.is_some();
    let lease = match needs_secret.then(|| gate.secrets.lease(&call.recorded, 0)).transpose() {
        Ok(lease) => lease,
        Err(_unreadable) => return call.fail(RefusalCode::SecretUnreadable),
    };
    let ask = reading.ask();
    let echo = lease.as_ref().map(Lease::watch);
    let outbound = Outbound {
        body: net::Body::new(body.into_chunks()),
        headers,
        query,
        operation: ask.operation,
        dialect: ask.dialect,
        stream: ask.stream,
    };
    let watch = Watch {
        idle: Duration::from_millis(to.idle_ms),
        deadline: Instant::now() + Duration::from_millis(to.total_ms),
    };
    match gate.upstream.send(&call.recorded, to, lease, outbound).await {
        Err(unsent) => {
            call.attempt.cause = unsent.cause;
            call.fail(unsent.code)
        }
        Ok(response) => {
            let (head, body) = response.into_parts();
            if echo.as_ref().is_some_and(|echo| is_in_head(echo, &head)) {
                return call.fail(RefusalCode::UpstreamEchoedSecret);
            }
            call.began(&head);
            match kind_of(&head, ask.stream) {
                Err(code) => call.fail(code),
                Ok(Kind::Whole) => whole(call, (watch, echo), (head, body)).await,
                Ok(Kind::Stream) => {
                    let meter = Meter::new(ask.dialect, hides_usage);
                    let answer = call.relayed(&head);
                    let relay = Relay::new(body, meter, call, (watch, echo));
                    answer(Answer::Stream(Box::new(relay)))
                }
            }
        }
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

/// Reads a whole answer within the bounds, then relays it with its length.
async fn whole(
    call: Call,
    (watch, echo): (Watch, Option<EchoWatch>),
    (head, body): (Parts, Incoming),
) -> Response<Answer> {
    match collect(body, watch).await {
        Err(code) => call.fail(code),
        Ok(bytes) if echo.is_some_and(|echo| echo.is_in(&bytes)) => {
            call.fail(RefusalCode::UpstreamEchoedSecret)
        }
        Ok(bytes) => {
            let usage = protocol::usage(call.arrival.dialect, &bytes);
            let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            let answer = call.relayed(&head);
            call.conclude(Ended::Complete, head.status.as_u16(), usage, length);
            answer(Answer::Whole(Some(bytes)))
        }
    }
}

/// Whether any header of the answer, relayed or not, holds the secret: one may end up in the log.
fn is_in_head(echo: &EchoWatch, head: &Parts) -> bool {
    head.headers.values().any(|value| echo.is_in(value.as_bytes()))
}

async fn collect(mut body: Incoming, watch: Watch) -> Result<Bytes, RefusalCode> {
    let mut bytes = BytesMut::new();
    loop {
        let until = watch.next_alarm();
        match tokio::time::timeout_at(until, body.frame()).await {
            Err(_) => return Err(RefusalCode::UpstreamTimeout),
            Ok(None) => return Ok(bytes.freeze()),
            Ok(Some(Err(_))) => return Err(RefusalCode::UpstreamDropped),
            Ok(Some(Ok(frame))) => {
                let Ok(data) = frame.into_data() else { continue };
                if bytes.len().saturating_add(data.len()) > ANSWER_MAX {
                    return Err(RefusalCode::UpstreamTooLarge);
                }
                bytes.extend_from_slice(&data);
            }
        }
    }
}

impl Call {
    fn new(
        gate: &Gate,
        arrival: Arrival,
        recorded: Recorded<Permit>,
        slot: OwnedSemaphorePermit,
    ) -> Self {
        let provider = recorded.value().targets().first().provider.clone();
        let mut call = Self {
            receipt: recorded.receipt().encode(),
            recorded,
            arrival,
            attempt: Attempt {
                provider,
                status: None,
                failure: None,
                cause: None,
                upstream_request_id: None,
            },
            clock: Arc::clone(&gate.clock),
            first_byte_ms: None,
            _slot: slot,
        };
        call.unless_concluded();
        call
    }

    /// Only a client that left, or a gateway that stopped, drops a call before its end.
    fn unless_concluded(&mut self) {
        self.recorded.unless_concluded(Outcome {
            attempts: vec![self.attempt.clone()],
            first_byte_ms: self.first_byte_ms,
            ..Outcome::bare(Ended::ClientGone, 0)
        });
    }

    /// Notes what the head of the provider's answer says.
    fn began(&mut self, head: &Parts) {
        self.first_byte_ms = Some(self.clock.now().millis_since(self.arrival.received));
        self.attempt.status = Some(head.status.as_u16());
        self.attempt.upstream_request_id = head
            .headers
            .get(protocol::request_id_header(self.arrival.dialect))
            .and_then(|value| value.to_str().ok())
            .map(|id| id.chars().take(REQUEST_ID_MAX).collect());
        self.unless_concluded();
    }

    /// The provider's answer with the body still to come.
    fn relayed(&self, head: &Parts) -> impl FnOnce(Answer) -> Response<Answer> + use<> {
        let answer = answer::relayed(head, self.arrival.dialect, self.arrival.id, &self.receipt);
        |body| answer.map(|()| body)
    }

    /// The call failed before anything reached the client: recorded, and answered as a refusal.
    fn fail(mut self, code: RefusalCode) -> Response<Answer> {
        self.attempt.failure = Some(code.as_str().to_owned());
        let (id, dialect) = (self.arrival.id, self.arrival.dialect);
        let detail = match self.attempt.status {
            Some(status) => format!("It answered with status {status}."),
            None => String::new(),
        };
        let refusal = Refusal::new(code, detail);
        let answer = answer::with_receipt(answer::refused(dialect, &refusal, id), &self.receipt);
        self.conclude(Ended::UpstreamFailed, code.status(), None, 0);
        answer
    }

    /// Records how the call ended.
    pub(crate) fn conclude(
        self,
        ended: Ended,
        status: u16,
        usage: Option<Usage>,
        output_bytes: u64,
    ) {
        let outcome = Outcome {
            ended,
            status: Some(status),
            attempts: vec![self.attempt],
            usage,
            output_bytes,
            first_byte_ms: self.first_byte_ms,
            duration_ms: self.clock.now().millis_since(self.arrival.received),
        };
        self.recorded.conclude(&outcome);
    }
}

impl std::fmt::Debug for Call {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Call").field("arrival", &self.arrival).finish_non_exhaustive()
    }
}
