//! An answer whose body is taken step by step: said, held back, hung, broken off.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body::{Body, Frame};
use tokio::sync::mpsc;

use super::State;
use crate::Gate;
use crate::gate::Watched;

/// The connection is to be closed instead of going on.
#[derive(Debug)]
pub(super) struct BrokenOff;

/// What an answer's body does, one step after the other.
#[derive(Debug)]
pub(super) enum Step {
    Say(Bytes),
    SayForEver(Bytes),
    Wait(Gate),
    Hang,
    BreakOff,
}

/// An answer's body, fed by the task that takes the steps.
#[derive(Debug)]
pub(super) struct Fed(mpsc::Receiver<Result<Bytes, BrokenOff>>);

pub(super) type Answer = Response<Fed>;

pub(super) fn whole(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    typed(status, "application/json", body)
}

/// An answer of known length.
pub(super) fn typed(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Answer {
    let body = body.into();
    let length = HeaderValue::from(body.len());
    let mut answer = fed(content_type, vec![Step::Say(body)], None);
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_LENGTH, length);
    answer
}

/// An answer whose body takes these steps; `cut` counts a client that leaves in between.
pub(super) fn fed(
    content_type: &'static str,
    steps: Vec<Step>,
    cut: Option<Arc<Watched<State>>>,
) -> Answer {
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
