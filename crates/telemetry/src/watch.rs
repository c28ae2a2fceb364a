//! The handle by which requests are watched. Clones are the same watch.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::{DecisionId, ProviderName};
use prometheus::TextEncoder;
use prometheus::proto::MetricFamily;
use tokio::sync::mpsc;

use crate::Error;
use crate::context::TraceContext;
use crate::exporter::{QUEUE_MAX, Traces};
use crate::finished::Finished;
use crate::meters::Meters;
use crate::span::{Ids, Trace};
use crate::standing::Standing;

/// What an operator may set.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Whether agents' names become labels of metrics of their own.
    pub agent_label: bool,
    /// Whether traces are made; none where nobody takes them.
    pub tracing: Option<Tracing>,
    /// Who is told of each request in words; it must not wait.
    pub tell: Option<Tell>,
}

/// Tells somebody of a request that ended.
pub type Tell = fn(&Finished<'_>);

/// Which traces are made, and who is told of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracing {
    /// How many of a hundred requests are traced whose client says nothing of it.
    pub sample_percent: u8,
    /// Providers that are told the trace and the span of each call.
    pub told: BTreeSet<ProviderName>,
}

/// Watches requests.
#[derive(Debug, Clone)]
pub struct Watch(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    meters: Meters,
    tracer: Option<Tracer>,
    tell: Option<Tell>,
}

#[derive(Debug)]
struct Tracer {
    tracing: Tracing,
    queue: mpsc::Sender<Trace>,
}

/// A stream that is being relayed, until it is dropped.
#[derive(Debug)]
pub struct StreamOpen(Watch);

impl Watch {
    /// A watch that has seen nothing yet, and the traces it makes: none unless the settings say
    /// so.
    ///
    /// # Errors
    /// Where the catalogue is wrong, which a test would have found.
    pub fn new(settings: Settings) -> Result<(Self, Option<Traces>), Error> {
        let meters = Meters::new(settings.agent_label)?;
        let tell = settings.tell;
        let Some(tracing) = settings.tracing else {
            return Ok((Self(Arc::new(Inner { meters, tracer: None, tell })), None));
        };
        for result in ["exported", "dropped", "overflowed"] {
            meters.spans.add([result], 0);
        }
        let (queue, traces) = mpsc::channel(QUEUE_MAX);
        let tracer = Some(Tracer { tracing, queue });
        Ok((Self(Arc::new(Inner { meters, tracer, tell })), Some(Traces(traces))))
    }

    /// Whether traces are made: where none are, nobody need look for a client's.
    #[must_use]
    pub fn traces(&self) -> bool {
        self.0.tracer.is_some()
    }

    /// What `provider` is told of the trace, in `traceparent` and `tracestate`, where the operator
    /// wants that and the trace is recorded.
    #[must_use]
    pub fn told<'c>(
        &self,
        provider: &ProviderName,
        (minted, context): (DecisionId, Option<&'c TraceContext>),
        attempt: usize,
    ) -> Option<(String, &'c str)> {
        let tracing = &self.0.tracer.as_ref()?.tracing;
        if !tracing.told.contains(provider) {
            return None;
        }
        let ids = Ids::new(minted, context);
        let state = context.map_or("", |context| context.state.as_str());
        ids.is_sampled(tracing.sample_percent).then(|| (ids.outbound(attempt), state))
    }

    /// A request ended. It never waits.
    pub fn finished(&self, finished: &Finished<'_>) {
        self.0.meters.note(finished);
        if let Some(tell) = self.0.tell {
            tell(finished);
        }
        let Some(tracer) = &self.0.tracer else { return };
        let ids = Ids::new(finished.minted, finished.trace);
        if !ids.is_sampled(tracer.tracing.sample_percent) {
            return;
        }
        // A place first, so that nothing is copied that has none.
        match tracer.queue.try_reserve() {
            Ok(place) => place.send(Trace::of(finished)),
            Err(_full_or_closed) => self.spans("overflowed", 1),
        }
    }

    /// A request's client left before it was answered, and nothing was sent for it.
    pub fn abandoned(&self) {
        self.0.meters.abandoned.inc();
    }

    /// A streamed answer begins.
    #[must_use]
    pub fn stream(&self) -> StreamOpen {
        self.0.meters.streams.inc();
        StreamOpen(self.clone())
    }

    /// Everything that was counted, and what stands now, in Prometheus's text format.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn exposition(&self, standing: Standing) -> Result<String, Error> {
        TextEncoder::new().encode_to_string(&self.families(standing))
    }

    /// The same, not yet written.
    pub(crate) fn families(&self, standing: Standing) -> Vec<MetricFamily> {
        let mut families = self.0.meters.registry.gather();
        families.extend(standing.families());
        families.sort_by(|a, b| a.name().cmp(b.name()));
        families
    }

    /// So many spans came to this.
    pub(crate) fn spans(&self, result: &str, count: u64) {
        self.0.meters.spans.add([result], count);
    }

    /// One try at an export to `path` came to this.
    pub(crate) fn exports(&self, path: &str, result: &str) {
        self.0.meters.exports.add([path.trim_start_matches("/v1/"), result], 1);
    }
}

impl Drop for StreamOpen {
    fn drop(&mut self) {
        self.0.0.meters.streams.dec();
    }
}
