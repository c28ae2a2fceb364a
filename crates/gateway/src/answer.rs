//! What goes back to the client: one place that turns a refusal or a relayed answer into HTTP.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use http::{HeaderMap, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use model::{DecisionId, Dialect, Refusal, RefusalCode, Retry};

use crate::budget::Told;
use crate::relay::{BrokenOff, Relay};

/// The decision's id, on every governed answer.
pub const DECISION_HEADER: &str = "portreeve-decision";
/// The receipt, on every forwarded answer.
pub const RECEIPT_HEADER: &str = "portreeve-receipt";

/// The model that was asked for, on every forwarded answer.
pub const MODEL_HEADER: &str = "portreeve-model";
/// The target that served it, as `provider/upstream-model`, on every forwarded answer.
pub const TARGET_HEADER: &str = "portreeve-target";
/// How many tries the answer took, on every forwarded answer.
pub const ATTEMPTS_HEADER: &str = "portreeve-attempts";

/// When a caller should come again whose decision could not be recorded: a log heals with the next
/// entry, and is tried at least once a second.
const LOG_RETRY_SECONDS: &str = "1";

/// Provider headers that reach the client. Any other stays here: a provider's header may carry
/// what the caller must not see.
const RELAYED: &[&str] = &[
    "content-type",
    "retry-after",
    "openai-processing-ms",
    "openai-version",
    "x-request-id",
    "request-id",
];
/// The same, by prefix.
const RELAYED_PREFIXES: &[&str] = &["x-ratelimit-", "anthropic-ratelimit-"];

/// The body of an answer.
#[derive(Debug)]
pub enum Answer {
    /// All of it at once.
    Whole(Option<Bytes>),
    /// A stream that is relayed as it arrives.
    Stream(Box<Relay>),
}

/// The answer of a refusal in the client's own dialect.
pub(crate) fn refused(dialect: Dialect, refusal: &Refusal, id: DecisionId) -> Response<Answer> {
    let id_text = id.to_string();
    let body = protocol::error_body(dialect, refusal, &id_text);
    let mut answer = whole(status(refusal.code.status()), body.into());
    let headers = answer.headers_mut();
    insert(headers, protocol::request_id_header(dialect), &id_text);
    insert(headers, DECISION_HEADER, &id_text);
    if refusal.code.retry() == Retry::Useless {
        headers.insert("x-should-retry", HeaderValue::from_static("false"));
    }
    if refusal.code == RefusalCode::LogUnavailable {
        headers.insert("retry-after", HeaderValue::from_static(LOG_RETRY_SECONDS));
    }
    if refusal.code.status() == 401 {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"portreeve\""));
    }
    answer
}

/// A JSON answer of the gateway's own.
pub(crate) fn json(dialect: Dialect, body: Vec<u8>, id: DecisionId) -> Response<Answer> {
    let mut answer = whole(StatusCode::OK, body.into());
    let id_text = id.to_string();
    insert(answer.headers_mut(), protocol::request_id_header(dialect), &id_text);
    insert(answer.headers_mut(), DECISION_HEADER, &id_text);
    answer
}

/// Who served a forwarded answer, and under which entries it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Served<'s> {
    pub(crate) id: DecisionId,
    pub(crate) receipt: &'s str,
    pub(crate) model: &'s str,
    pub(crate) target: &'s str,
    pub(crate) attempts: usize,
}

/// The head of a provider's answer: its status and the headers that may pass.
pub(crate) fn relayed(
    provider: &http::response::Parts,
    dialect: Dialect,
    served: Served<'_>,
) -> Response<()> {
    let mut answer = Response::new(());
    *answer.status_mut() = provider.status;
    let headers = answer.headers_mut();
    for (name, value) in &provider.headers {
        if passes(name) {
            headers.append(name.clone(), value.clone());
        }
    }
    let id_text = served.id.to_string();
    let request_id = protocol::request_id_header(dialect);
    if !headers.contains_key(request_id) {
        insert(headers, request_id, &id_text);
    }
    insert(headers, DECISION_HEADER, &id_text);
    insert(headers, RECEIPT_HEADER, served.receipt);
    insert(headers, MODEL_HEADER, served.model);
    insert(headers, TARGET_HEADER, served.target);
    insert(headers, ATTEMPTS_HEADER, &served.attempts.to_string());
    answer
}

/// An empty answer without a decision: health and `HEAD /`.
pub(crate) fn open(code: StatusCode, text: &'static str) -> Response<Answer> {
    let mut answer = Response::new(Answer::Whole(Some(Bytes::from_static(text.as_bytes()))));
    *answer.status_mut() = code;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    answer
}

/// Adds the receipt: a refusal that came after the record was forwarded all the same.
pub(crate) fn with_receipt(mut answer: Response<Answer>, receipt: &str) -> Response<Answer> {
    insert(answer.headers_mut(), RECEIPT_HEADER, receipt);
    answer
}

/// Adds in how many milliseconds another call may fare better, where that is known.
pub(crate) fn with_retry_after(
    mut answer: Response<Answer>,
    wait_ms: Option<u64>,
) -> Response<Answer> {
    if let Some(wait_ms) = wait_ms {
        let seconds = wait_ms.div_ceil(1_000).max(1);
        insert(answer.headers_mut(), "retry-after", &seconds.to_string());
    }
    answer
}

/// Adds how budgets stand.
pub(crate) fn with_budgets(answer: Response<Answer>, told: &Told) -> Response<Answer> {
    let mut answer = with_retry_after(answer, told.wait_ms);
    insert_budgets(answer.headers_mut(), told);
    answer
}

/// Adds the headers that tell how budgets stand. They are the gateway's own, so they replace what
/// a provider said of its limits under the same names.
pub(crate) fn insert_budgets(headers: &mut HeaderMap, told: &Told) {
    for (name, value) in &told.headers {
        insert(headers, name, value);
    }
}

fn passes(name: &HeaderName) -> bool {
    let name = name.as_str();
    RELAYED.contains(&name) || RELAYED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn whole(code: StatusCode, body: Bytes) -> Response<Answer> {
    let mut answer = Response::new(Answer::Whole(Some(body)));
    *answer.status_mut() = code;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Inserts a value of our own making; ids and receipts are ASCII, so it always fits.
fn insert(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        match self.get_mut() {
            Self::Whole(body) => Poll::Ready(body.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Stream(relay) => Pin::new(relay.as_mut()).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.as_ref().is_none_or(Bytes::is_empty),
            Self::Stream(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => {
                let length = body.as_ref().map_or(0, Bytes::len);
                SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
            }
            Self::Stream(_) => SizeHint::default(),
        }
    }
}
