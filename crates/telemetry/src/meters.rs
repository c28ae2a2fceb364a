//! What is counted of requests: atomics that any number of requests add to at once.

use std::time::Duration;

use model::{Ended, Fixer, Operation};
use prometheus::{
    CounterVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts,
    Registry,
};

use crate::Error;
use crate::catalogue::{self, Kind, Metric};
use crate::finished::{CallEnd, Finished};
use crate::names::Names;
use crate::series::Calls;

/// Most models, and most providers, whose names become labels.
const NAMES_MAX: usize = 1_000;
/// Most agents whose names become labels, where they do.
const AGENTS_MAX: usize = 10_000;
/// What stands where a request named no model, and where no target was tried.
const NONE: &str = "none";
/// What stands for a model that no charter declares.
const UNKNOWN: &str = "unknown";

/// Everything that requests are counted by.
#[derive(Debug)]
pub(crate) struct Meters {
    pub(crate) registry: Registry,
    requests: Counts<4>,
    refusals: Counts<3>,
    pub(crate) abandoned: IntCounter,
    ends: Counts<4>,
    attempts: Counts<3>,
    calls: Calls,
    steps: [Histogram; 4],
    request_bytes: Counts<1>,
    answer_bytes: Counts<1>,
    pub(crate) streams: IntGauge,
    agents: Option<Agents>,
    pub(crate) spans: Counts<1>,
    pub(crate) exports: Counts<2>,
    models: Names,
    providers: Names,
}

/// What is counted of each agent, where the operator wants that.
#[derive(Debug)]
struct Agents {
    requests: Counts<2>,
    tokens: Counts<2>,
    cost: Amounts<1>,
    names: Names,
}

impl Meters {
    pub(crate) fn new(agent_label: bool) -> Result<Self, Error> {
        let registry = Registry::new();
        let spread = Spread::new(&registry, &catalogue::STEP_SECONDS)?;
        let step = |name: &str| spread.0.get_metric_with_label_values(&[name]);
        Ok(Self {
            requests: Counts::new(&registry, &catalogue::REQUESTS)?,
            refusals: Counts::new(&registry, &catalogue::REFUSALS)?,
            abandoned: one(&registry, &catalogue::ABANDONED)?,
            ends: Counts::new(&registry, &catalogue::CALLS)?,
            attempts: Counts::new(&registry, &catalogue::ATTEMPTS)?,
            calls: Calls::new(&registry)?,
            steps: [step("read")?, step("decide")?, step("record")?, step("forward")?],
            request_bytes: Counts::new(&registry, &catalogue::REQUEST_BYTES)?,
            answer_bytes: Counts::new(&registry, &catalogue::ANSWER_BYTES)?,
            streams: gauge(&registry, &catalogue::STREAMS_OPEN)?,
            agents: agent_label.then(|| Agents::new(&registry)).transpose()?,
            spans: Counts::new(&registry, &catalogue::SPANS)?,
            exports: Counts::new(&registry, &catalogue::EXPORTS)?,
            models: Names::at_most(NAMES_MAX),
            providers: Names::at_most(NAMES_MAX),
            registry,
        })
    }

    /// Counts one request.
    pub(crate) fn note(&self, finished: &Finished<'_>) {
        let operation = finished.operation.map_or(NONE, Operation::as_str);
        let model = self.model(finished);
        let told = finished.told();
        self.requests.add([operation, finished.dialect.as_str(), model, told], 1);
        if let Some(code) = finished.code {
            let fixer = fixer(code.fixer());
            self.refusals.add([code.as_str(), code.stage().as_str(), fixer], 1);
        }
        if finished.input_bytes > 0 {
            self.request_bytes.add([operation], finished.input_bytes);
        }
        let steps = &finished.steps;
        let taken = [steps.read, steps.decide, steps.record, steps.forward];
        for (histogram, taken) in self.steps.iter().zip(taken) {
            if let Some(taken) = taken {
                histogram.observe(taken.as_secs_f64());
            }
        }
        if let (Some(operation), Some(call)) = (finished.operation, &finished.call) {
            self.note_call(finished, (operation, model), call);
        }
        if let (Some(agents), Some(agent)) = (&self.agents, finished.agent) {
            agents.note(agent.as_str(), told, finished.call.as_ref());
        }
    }

    fn note_call(
        &self,
        finished: &Finished<'_>,
        (operation, model): (Operation, &str),
        call: &CallEnd<'_>,
    ) {
        let provider = call.attempts.last().map_or(NONE, |last| last.provider.as_str());
        let provider = self.providers.bounded(provider);
        self.ends.add([operation.as_str(), model, provider, call.ended.as_str()], 1);
        for attempt in call.attempts {
            // Nothing failed, but perhaps the client did not wait for an answer.
            let waited = call.ended != Ended::ClientGone || finished.steps.first_byte.is_some();
            let without = if waited { "answered" } else { "abandoned" };
            let result = attempt.failure.as_deref().unwrap_or(without);
            let provider = self.providers.bounded(attempt.provider.as_str());
            self.attempts.add([model, provider, result], 1);
        }
        if call.output_bytes > 0 {
            self.answer_bytes.add([operation.as_str()], call.output_bytes);
        }
        let Some(series) = self.calls.of(operation, model, provider) else { return };
        series.seconds.observe(finished.steps.total.as_secs_f64());
        if let Some(first_byte) = finished.steps.first_byte {
            series.first_byte.observe(first_byte.as_secs_f64());
        }
        if let Some(usage) = call.usage {
            series.input.observe(float(usage.input_tokens));
            series.output.observe(float(usage.output_tokens));
        }
        if call.is_unreported {
            series.unreported.inc();
        }
        if let Some(cost) = call.cost_nano_usd {
            series.cost.inc_by(usd(cost));
        }
    }

    /// The label of the model: none where no model was asked for, `unknown` where no charter
    /// declares it.
    fn model<'r>(&self, finished: &Finished<'r>) -> &'r str {
        match (finished.model, finished.operation) {
            (Some(model), _) => self.models.bounded(model.as_str()),
            (None, None | Some(Operation::ListModels)) => NONE,
            (None, Some(_)) => UNKNOWN,
        }
    }
}

impl Agents {
    fn new(registry: &Registry) -> Result<Self, Error> {
        Ok(Self {
            requests: Counts::new(registry, &catalogue::AGENT_REQUESTS)?,
            tokens: Counts::new(registry, &catalogue::AGENT_TOKENS)?,
            cost: Amounts::new(registry, &catalogue::AGENT_COST)?,
            names: Names::at_most(AGENTS_MAX),
        })
    }

    fn note(&self, agent: &str, told: &str, call: Option<&CallEnd<'_>>) {
        let agent = self.names.bounded(agent);
        self.requests.add([agent, told], 1);
        let Some(call) = call else { return };
        if let Some(usage) = call.usage {
            self.tokens.add([agent, "input"], usage.input_tokens);
            self.tokens.add([agent, "output"], usage.output_tokens);
        }
        if let (Some(cost), Some(counter)) = (call.cost_nano_usd, self.cost.of([agent])) {
            counter.inc_by(usd(cost));
        }
    }
}

/// Whole numbers, by labels.
#[derive(Debug)]
pub(crate) struct Counts<const N: usize>(IntCounterVec);

/// Amounts, by labels.
#[derive(Debug)]
pub(crate) struct Amounts<const N: usize>(CounterVec);

/// How values spread, by labels.
#[derive(Debug)]
pub(crate) struct Spread<const N: usize>(HistogramVec);

impl<const N: usize> Counts<N> {
    pub(crate) fn new(registry: &Registry, metric: &Metric<N>) -> Result<Self, Error> {
        let made = IntCounterVec::new(Opts::new(metric.name, metric.help), &metric.labels)?;
        registry.register(Box::new(made.clone()))?;
        Ok(Self(made))
    }

    pub(crate) fn of(&self, labels: [&str; N]) -> Option<IntCounter> {
        // As many values as labels: it is always there.
        self.0.get_metric_with_label_values(&labels).ok()
    }

    pub(crate) fn add(&self, labels: [&str; N], amount: u64) {
        if let Some(counter) = self.of(labels) {
            counter.inc_by(amount);
        }
    }
}

impl<const N: usize> Amounts<N> {
    pub(crate) fn new(registry: &Registry, metric: &Metric<N>) -> Result<Self, Error> {
        let made = CounterVec::new(Opts::new(metric.name, metric.help), &metric.labels)?;
        registry.register(Box::new(made.clone()))?;
        Ok(Self(made))
    }

    pub(crate) fn of(&self, labels: [&str; N]) -> Option<prometheus::Counter> {
        self.0.get_metric_with_label_values(&labels).ok()
    }
}

impl<const N: usize> Spread<N> {
    pub(crate) fn new(registry: &Registry, metric: &Metric<N>) -> Result<Self, Error> {
        let buckets = match metric.kind {
            Kind::Histogram(buckets) => buckets.to_vec(),
            Kind::Counter | Kind::Gauge => Vec::new(),
        };
        let options = HistogramOpts::new(metric.name, metric.help).buckets(buckets);
        let made = HistogramVec::new(options, &metric.labels)?;
        registry.register(Box::new(made.clone()))?;
        Ok(Self(made))
    }

    pub(crate) fn of(&self, labels: [&str; N]) -> Option<Histogram> {
        self.0.get_metric_with_label_values(&labels).ok()
    }
}

/// A counter without labels.
fn one(registry: &Registry, metric: &Metric<0>) -> Result<IntCounter, Error> {
    let made = IntCounter::new(metric.name, metric.help)?;
    registry.register(Box::new(made.clone()))?;
    Ok(made)
}

/// A gauge without labels.
fn gauge(registry: &Registry, metric: &Metric<0>) -> Result<IntGauge, Error> {
    let made = IntGauge::new(metric.name, metric.help)?;
    registry.register(Box::new(made.clone()))?;
    Ok(made)
}

/// Who can fix it, as a label.
pub(crate) const fn fixer(fixer: Fixer) -> &'static str {
    match fixer {
        Fixer::Caller => "caller",
        Fixer::AgentOwner => "agent_owner",
        Fixer::PolicyOwner => "policy_owner",
        Fixer::BudgetOwner => "budget_owner",
        Fixer::Platform => "platform",
        Fixer::Provider => "provider",
    }
}

/// Nano-USD in USD. A `Duration` divides by the same number without loss that matters.
fn usd(nano: u64) -> f64 {
    Duration::from_nanos(nano).as_secs_f64()
}

/// A count as the format writes numbers.
fn float(count: u64) -> f64 {
    // Exact up to 2^53, which no call's tokens reach.
    #[expect(clippy::cast_precision_loss, reason = "said above")]
    let float = count as f64;
    float
}
