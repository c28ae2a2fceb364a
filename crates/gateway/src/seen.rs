//! What is told of one request to whoever watches: once, when it ended, however it ended.

use std::time::Duration;

use http::HeaderMap;
use model::{AgentName, Case, DecisionId, ModelName, Outcome, ProviderName, RefusalCode};
use telemetry::{CallEnd, Finished, Steps, TraceContext, TryTime, Watch};
use tokio::time::Instant;

use crate::arrival::Arrival;
use crate::live::Live;

/// Where a client says which trace it is part of, and a provider is told (W3C Trace Context).
pub(crate) const TRACE_PARENT: &str = "traceparent";
/// What other tracing systems add to it.
pub(crate) const TRACE_STATE: &str = "tracestate";

/// A request as it is seen. Dropped before anything was told of it, its client left early.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) watch: Watch,
    pub(crate) arrival: Arrival,
    /// The id its client was given, where that is another than its own.
    counted: Option<DecisionId>,
    /// The trace it is part of, as its client says.
    trace: Option<TraceContext>,
    /// When each try began and ended.
    times: Vec<TryTime>,
    /// The model, where the charter declares it.
    model: Option<ModelName>,
    /// The agent, where the charter declares it.
    agent: Option<AgentName>,
    input_bytes: u64,
    streamed: bool,
    read: Option<Instant>,
    decided: Option<Instant>,
    recorded: Option<Instant>,
    first_byte: Option<Instant>,
    told: bool,
}

impl Seen {
    /// A request that arrived.
    pub(crate) fn new(watch: &Watch, arrival: Arrival, headers: &HeaderMap) -> Self {
        let values = |name| headers.get_all(name).into_iter().map(http::HeaderValue::as_bytes);
        let context = || TraceContext::read(values(TRACE_PARENT), values(TRACE_STATE));
        Self {
            watch: watch.clone(),
            arrival,
            counted: None,
            trace: watch.traces().then(context).flatten(),
            times: Vec::new(),
            model: None,
            agent: None,
            input_bytes: 0,
            streamed: false,
            read: None,
            decided: None,
            recorded: None,
            first_byte: None,
            told: false,
        }
    }

    /// It was counted under `id`: the id its client was given.
    pub(crate) const fn counted(&mut self, id: DecisionId) -> &mut Self {
        self.counted = Some(id);
        self
    }

    /// When its body was read.
    pub(crate) const fn read(&mut self, at: Instant) {
        self.read = Some(at);
    }

    /// It was decided, as `case` under `live`.
    pub(crate) fn decided(&mut self, live: &Live, case: &Case) {
        self.decided = Some(Instant::now());
        // An agent that the charter declares has an owner.
        let agent = case.subject.as_ref().filter(|_| case.agent_owner.is_some());
        self.agent = agent.map(|subject| subject.agent.clone());
        let Some(ask) = &case.ask else { return };
        self.input_bytes = ask.input_bytes;
        self.streamed = ask.stream;
        let declared = |model: &&ModelName| live.model(model).is_some();
        self.model = ask.model.as_ref().filter(declared).cloned();
    }

    /// The log has answered.
    pub(crate) fn recorded(&mut self) {
        self.recorded = Some(Instant::now());
    }

    /// The provider's answer began.
    pub(crate) fn first_byte(&mut self) {
        self.first_byte = Some(Instant::now());
    }

    /// A try began, or a target was passed over.
    pub(crate) fn tries(&mut self) {
        self.times.push(TryTime { began: self.arrival.began.elapsed(), ended: None });
    }

    /// The latest try failed.
    pub(crate) fn failed(&mut self) {
        if let Some(last) = self.times.last_mut() {
            last.ended = Some(self.arrival.began.elapsed());
        }
    }

    /// What the latest try tells `provider` of the trace: `traceparent` and `tracestate`.
    pub(crate) fn told(&self, provider: &ProviderName) -> Option<(String, &str)> {
        let latest = self.times.len().saturating_sub(1);
        self.watch.told(provider, (self.arrival.id, self.trace.as_ref()), latest)
    }

    /// It ended without a call: refused for `code`, or answered by the gateway itself.
    pub(crate) fn answered(&mut self, code: Option<RefusalCode>) {
        self.tell(code, Some(code.map_or(200, RefusalCode::status)), None);
        self.told = true;
    }

    /// Its call ended as `outcome` says; `code` is what the client was told instead of an answer,
    /// or of the rest of one.
    pub(crate) fn ended(
        &mut self,
        code: Option<RefusalCode>,
        outcome: &Outcome,
        is_unreported: bool,
    ) {
        let call = CallEnd {
            ended: outcome.ended,
            streamed: self.streamed,
            attempts: &outcome.attempts,
            times: &self.times,
            usage: outcome.usage,
            is_unreported,
            cost_nano_usd: outcome.cost_nano_usd,
            output_bytes: outcome.output_bytes,
        };
        self.tell(code, outcome.status, Some(call));
        self.told = true;
    }

    fn tell(&self, code: Option<RefusalCode>, status: Option<u16>, call: Option<CallEnd<'_>>) {
        let steps = self.steps(Instant::now());
        self.watch.finished(&Finished {
            id: self.counted.unwrap_or(self.arrival.id),
            minted: self.arrival.id,
            trace: self.trace.as_ref(),
            received: self.arrival.received,
            dialect: self.arrival.dialect,
            operation: self.arrival.operation,
            model: self.model.as_ref(),
            agent: self.agent.as_ref(),
            code,
            status,
            steps,
            input_bytes: self.input_bytes,
            call,
        });
    }

    fn steps(&self, now: Instant) -> Steps {
        let between = |from: Option<Instant>, to: Option<Instant>| -> Option<Duration> {
            Some(to?.saturating_duration_since(from?))
        };
        let began = Some(self.arrival.began);
        Steps {
            read: between(began, self.read),
            decide: between(self.read, self.decided),
            record: between(self.decided, self.recorded),
            forward: between(self.recorded, self.first_byte),
            first_byte: between(began, self.first_byte),
            total: now.saturating_duration_since(self.arrival.began),
        }
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        if !self.told {
            self.watch.abandoned();
        }
    }
}
