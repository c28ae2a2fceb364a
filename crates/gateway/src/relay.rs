//! Relays a streamed answer: bytes pass as they arrive, metered, watched and never rewritten.
//!
//! The relay is the answer's body. When the client goes away the body is dropped, which drops
//! the upstream call with it; the outcome is recorded in every case.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as _, Frame};
use hyper::body::Incoming;
use model::{Ended, Refusal, RefusalCode};
use protocol::Meter;
use secrets::EchoWatch;
use telemetry::StreamOpen;
use tokio::time::{Duration, Instant, Sleep};

use crate::call::{Call, Metered, Trouble};

/// Largest streamed answer, in bytes.
const STREAM_MAX: u64 = 256 * 1024 * 1024;
/// The status a stream began with.
const OK: u16 = 200;

/// The answer broke off within an event: the connection is closed, so that the client notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the provider broke off within an event")]
pub struct BrokenOff;

/// How long a stream may be silent, and how long it may last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Watch {
    pub(crate) idle: Duration,
    pub(crate) deadline: Instant,
}

/// A streamed answer under way.
pub struct Relay {
    /// What came of the answer before it was relayed.
    first: Option<Bytes>,
    upstream: Option<Incoming>,
    meter: Meter,
    /// Taken when the outcome is recorded.
    call: Option<Call>,
    watch: Watch,
    echo: Option<EchoWatch>,
    alarm: Pin<Box<Sleep>>,
    relayed: u64,
    _open: StreamOpen,
}

impl Watch {
    /// Whether the whole answer has had its time, however busy it is.
    fn is_over(self) -> bool {
        Instant::now() >= self.deadline
    }

    /// When to give up unless something comes.
    pub(crate) fn next_alarm(self) -> Instant {
        self.deadline.min(Instant::now() + self.idle)
    }
}

impl Relay {
    pub(crate) fn new(
        (first, upstream): (Bytes, Incoming),
        meter: Meter,
        call: Call,
        (watch, echo): (Watch, Option<EchoWatch>),
    ) -> Self {
        let alarm = Box::pin(tokio::time::sleep_until(watch.next_alarm()));
        let (first, upstream, open) = (Some(first), Some(upstream), call.streaming());
        let call = Some(call);
        Self { first, upstream, meter, call, watch, echo, alarm, relayed: 0, _open: open }
    }

    /// The next bytes for the client; none at the end.
    pub(crate) fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        loop {
            let polled = match (self.first.take(), self.upstream.as_mut()) {
                (_, None) => return Poll::Ready(None),
                (Some(first), Some(_)) => Poll::Ready(Some(Ok(Frame::data(first)))),
                (None, Some(upstream)) => Pin::new(upstream).poll_frame(context),
            };
            let frame = match polled {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    ready!(self.alarm.as_mut().poll(context));
                    return self.cut_off(RefusalCode::UpstreamTimeout);
                }
            };
            let watch = self.watch;
            if watch.is_over() {
                return self.cut_off(RefusalCode::UpstreamTimeout);
            }
            self.alarm.as_mut().reset(watch.next_alarm());
            match frame {
                None => return self.end(),
                Some(Err(_)) => return self.cut_off(RefusalCode::UpstreamDropped),
                Some(Ok(frame)) => {
                    let Ok(data) = frame.into_data() else { continue };
                    let clear = match self.echo.as_mut().map(|echo| echo.pass(data.clone())) {
                        Some(Err(_echoed)) => {
                            return self.cut_off(RefusalCode::UpstreamEchoedSecret);
                        }
                        Some(Ok(clear)) => clear,
                        None => data,
                    };
                    // What is cut below is withheld, so that the client stands where it stood before.
                    let is_inside = self.meter.is_inside_event();
                    let shown = self.meter.feed(clear);
                    self.keep();
                    self.relayed = self.relayed.saturating_add(length(&shown));
                    if self.relayed > STREAM_MAX {
                        return self.cut(RefusalCode::UpstreamTooLarge, is_inside);
                    }
                    if self.is_used_up() {
                        return self.cut(RefusalCode::BudgetCut, is_inside);
                    }
                    if !shown.is_empty() {
                        return Poll::Ready(Some(Ok(Frame::data(shown))));
                    }
                }
            }
        }
    }

    /// The provider ended its answer: complete if the stream says so, broken off if not.
    fn end(mut self: Pin<&mut Self>) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        let held = self.echo.as_mut().map(EchoWatch::rest).unwrap_or_default();
        let shown = self.meter.feed(held);
        let rest = Bytes::from([shown, self.meter.rest()].concat());
        self.keep();
        self.relayed = self.relayed.saturating_add(length(&rest));
        if !self.meter.ended_properly() && !self.meter.saw_error() {
            return self.cut_off(RefusalCode::UpstreamDropped);
        }
        self.upstream = None;
        // A stream in which the provider reported an error is complete all the same: the client
        // was told, in the provider's own words.
        self.conclude(Ended::Complete);
        Poll::Ready((!rest.is_empty()).then(|| Ok(Frame::data(rest))))
    }

    /// Cuts the answer after what was relayed last.
    fn cut_off(
        self: Pin<&mut Self>,
        code: RefusalCode,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        let is_inside = self.meter.is_inside_event();
        self.cut(code, is_inside)
    }

    /// The answer cannot go on: the client is told inside its dialect, then the stream ends.
    /// `is_inside` is whether it has part of an event.
    fn cut(
        mut self: Pin<&mut Self>,
        code: RefusalCode,
        is_inside: bool,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        self.upstream = None;
        let Some(call) = self.call.as_mut() else { return Poll::Ready(None) };
        // A provider that breaks off or stalls is in trouble; one that overran its bound is not.
        let trouble = if crate::plan::leads_on(code) {
            Trouble::Target { retry_after_ms: None }
        } else {
            Trouble::Elsewhere
        };
        call.failed(code.as_str(), None, trouble);
        call.cut_for(code);
        let (operation, id) = (call.operation(), call.arrival.id.to_string());
        let (ended, refusal) = if code == RefusalCode::BudgetCut {
            (Ended::BudgetCut, call.budget_cut())
        } else {
            (Ended::UpstreamBroken, Refusal::new(code, ""))
        };
        self.conclude(ended);
        if is_inside {
            // An event of ours would be read as the rest of the provider's: break off instead.
            return Poll::Ready(Some(Err(BrokenOff)));
        }
        let event = Bytes::from(protocol::error_event(operation, &refusal, &id));
        Poll::Ready(Some(Ok(Frame::data(event))))
    }

    /// What the answer says the provider keeps is the agent's before the client can name it.
    fn keep(&mut self) {
        let names = self.meter.take_stored();
        if let Some(call) = self.call.as_mut() {
            call.keep(names);
        }
    }

    /// Whether more was written than the call holds of a budget.
    fn is_used_up(&self) -> bool {
        let most = self.call.as_ref().and_then(Call::output_max);
        most.is_some_and(|most| self.meter.tokens_at_least() > most)
    }

    fn conclude(&mut self, ended: Ended) {
        if let Some(call) = self.call.take() {
            let metered = match ended {
                Ended::Complete => Metered::of(self.meter.usage(), self.meter.charge()),
                Ended::ClientGone
                | Ended::UpstreamFailed
                | Ended::UpstreamBroken
                | Ended::BudgetCut
                | Ended::NotForwarded
                | Ended::Interrupted => Metered { usage: self.meter.usage(), ..Metered::UNKNOWN },
            };
            call.conclude(ended, OK, metered, self.relayed);
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // Only a client that left, or a gateway that stopped, drops a relay before its end. One
        // that has read the last event may leave before the provider closes.
        let _ = self.meter.rest();
        let whole = self.meter.ended_properly();
        self.conclude(if whole { Ended::Complete } else { Ended::ClientGone });
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Relay").field("relayed", &self.relayed).finish_non_exhaustive()
    }
}

fn length(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
