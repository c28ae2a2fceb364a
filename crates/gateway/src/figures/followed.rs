//! One forwarded call, as the figures follow it until it is dropped. Each step reads the clock
//! once and takes each lock once: this runs for every call.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use model::{Case, RefusalCode, Timestamp, Usage};
use tokio::time::Instant;

use super::rows::{Row, Spent};
use super::{Figures, Refused, target_name};
use crate::arrival::Arrival;

/// A call under way.
#[derive(Debug)]
pub(crate) struct Followed {
    figures: Arc<Figures>,
    arrival: Arrival,
    agent: Arc<Row>,
    model: Arc<Row>,
    target: Option<Arc<Row>>,
    sent: Option<Instant>,
    streams: bool,
    spent: Spent,
}

impl Figures {
    /// A call is recorded and about to be sent.
    pub(crate) fn follow(self: &Arc<Self>, arrival: Arrival, case: &Case) -> Followed {
        let now = self.decided(arrival, None);
        let (agent, model) = (self.agent(case, now), self.model(case, now));
        agent.begin(now);
        model.begin(now);
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Followed {
            figures: Arc::clone(self),
            arrival,
            agent,
            model,
            target: None,
            sent: None,
            streams: false,
            spent: Spent::default(),
        }
    }
}

impl Followed {
    /// A try begins at this target.
    pub(crate) fn sent(&mut self, provider: &str, upstream_model: &str) {
        let (instant, now) = self.now();
        self.leave_target(now, Spent::default());
        let row = self.figures.targets.of(&target_name(provider, upstream_model), now);
        row.begin(now);
        self.target = Some(row);
        self.sent = Some(instant);
    }

    /// The target's answer began, or it was waited for in vain.
    pub(crate) fn answered(&mut self) {
        let Some(sent) = self.sent.take() else { return };
        let (instant, now) = self.now();
        let took = instant.saturating_duration_since(sent);
        let waited = instant.saturating_duration_since(self.arrival.began);
        if let Some(span) = self.figures.whole().at(now) {
            span.provider.record(took);
            span.answer.record(waited);
        }
        self.agent.waited(now, waited);
        self.model.waited(now, waited);
        if let Some(target) = &self.target {
            target.waited(now, took);
        }
    }

    /// The try under way failed; another may follow.
    pub(crate) fn failed(&self, code: &str) {
        // A provider's status is no refusal of ours.
        let Ok(code) = code.parse() else { return };
        if let Some(target) = &self.target {
            target.refused(self.now().1, code);
        }
    }

    /// The client is told a refusal instead of an answer.
    pub(crate) fn refused(&self, code: RefusalCode) {
        let (_, now) = self.now();
        if let Some(span) = self.figures.whole().at(now) {
            span.refusals += 1;
        }
        self.agent.refused(now, code);
        self.model.refused(now, code);
        self.figures.codes.of(code.as_str(), now).count(now, Some(code));
        self.figures.newest.note(Refused {
            id: self.arrival.id,
            at: now,
            code,
            agent: Some(self.agent.name.to_string()),
            model: Some(self.model.name.to_string()),
        });
    }

    /// The answer is a stream.
    pub(crate) fn streams(&mut self) {
        if !std::mem::replace(&mut self.streams, true) {
            self.figures.streams.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What the call used and cost, as far as anybody knows; counted when it is dropped.
    pub(crate) fn used(&mut self, usage: Option<Usage>, nano_usd: Option<u64>) {
        let usage = usage.unwrap_or_default();
        self.spent = Spent {
            tokens: usage.input_tokens.saturating_add(usage.output_tokens),
            nano_usd: nano_usd.unwrap_or(0),
        };
    }

    /// This instant, and the same as a time. A clock that is set meanwhile puts no more than the
    /// rest of this call into the wrong span.
    fn now(&self) -> (Instant, Timestamp) {
        let now = Instant::now();
        (now, self.arrival.at(now))
    }

    fn leave_target(&mut self, now: Timestamp, spent: Spent) {
        if let Some(row) = self.target.take() {
            row.end(now, spent);
        }
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        let ((_, now), spent) = (self.now(), self.spent);
        self.leave_target(now, spent);
        self.agent.end(now, spent);
        self.model.end(now, spent);
        self.figures.in_flight.fetch_sub(1, Ordering::Relaxed);
        if self.streams {
            self.figures.streams.fetch_sub(1, Ordering::Relaxed);
        }
        if !spent.is_nothing()
            && let Some(span) = self.figures.whole().at(now)
        {
            spent.count(span);
        }
    }
}
