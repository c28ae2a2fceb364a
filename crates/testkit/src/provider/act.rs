//! Acts out a script: from what it says to the answer, good or bad.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::answer::{Answer, BrokenOff, Step, fed, typed, whole};
use super::asked::{Asked, Manner};
use super::{Script, State};
use crate::gate::Watched;

/// What `TruncatedBody` announces, in bytes.
const ANNOUNCED: u64 = 4096;
/// What the model says, in every delta and in a whole answer.
const HELLO: &str = "Hello from the fake provider.";

/// Counts a request whose client left before it had its answer.
struct CountIfDropped(Arc<Watched<State>>);

pub(super) async fn act(
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
        Script::Answer => good(asked, 3, HELLO),
        Script::StreamChunks { n } => good(asked, n, HELLO),
        Script::SafetyRefusal => good(&asked.in_manner(Manner::Refusing), 1, "I will not."),
        Script::NoUsage => good(&asked.in_manner(Manner::WithoutUsage), 3, HELLO),
        Script::AnswerByGate(gate) => {
            gate.pass().await;
            good(asked, 3, HELLO)
        }
        Script::EventsByGate(first, gate, second) => {
            let steps = vec![Step::Say(first.into()), Step::Wait(gate), Step::Say(second.into())];
            fed("text/event-stream", steps, None)
        }
        Script::EchoHeaders => good(asked, 1, &echo(headers)),
        Script::HangBeforeHeaders => {
            let _count = CountIfDropped(state);
            std::future::pending().await
        }
        Script::DropBeforeHeaders => return Err(BrokenOff),
        Script::HangAfterHead => fed(asked.content_type(), vec![Step::Hang], Some(state)),
        Script::DropAfterHead => fed(asked.content_type(), vec![Step::BreakOff], None),
        Script::Html => typed(StatusCode::OK, "text/html", "<html>busy</html>"),
        Script::Redirect => redirect(),
        Script::Status(status, body) => {
            whole(StatusCode::from_u16(status).expect("a status"), body)
        }
        Script::RetryAfter(status, value) => retry_after(asked, status, value),
        Script::Events(events) => typed(StatusCode::OK, "text/event-stream", events),
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
        Script::EndlessStream => stream(vec![Step::SayForEver(asked.delta(0, "more "))]),
        Script::HangMidStream => stream(vec![Step::Hang]),
        Script::DropMidStream => stream(vec![Step::BreakOff]),
        Script::DropMidEvent => {
            let delta = asked.delta(0, HELLO);
            stream(vec![Step::Say(delta.slice(..delta.len() / 2)), Step::BreakOff])
        }
        Script::SlowByGate(gate) => stream(vec![
            Step::Wait(gate),
            Step::Say(asked.delta(0, "late")),
            Step::Say(asked.ending(1, "late")),
        ]),
    })
}

/// A good answer of `n` deltas, or whole where no stream is asked for.
fn good(asked: &Asked, n: usize, text: &str) -> Answer {
    if !asked.stream {
        return whole(StatusCode::OK, asked.whole(text));
    }
    let deltas = (0..n).map(|before| Step::Say(asked.delta(before, text)));
    let steps = std::iter::once(Step::Say(asked.opening()))
        .chain(deltas)
        .chain([Step::Say(asked.ending(n, text))])
        .collect();
    fed("text/event-stream", steps, None)
}

fn retry_after(asked: &Asked, status: u16, value: &'static str) -> Answer {
    let mut answer = whole(StatusCode::from_u16(status).expect("a status"), asked.error(status));
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(value));
    answer
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
