//! Traces and metrics as OTLP writes them (opentelemetry-proto 1.x, protocol buffers). Numbers of
//! fields are that specification's; names come from `conventions`.

use std::time::Duration;

use model::{Operation, RefusalCode, Timestamp};
use prometheus::proto::{LabelPair, MetricFamily, MetricType};

use crate::conventions as names;
use crate::meters::fixer;
use crate::span::{Call, Trace, Try};
use crate::wire::Message;

/// A span of somebody else's call to us, and one of ours to somebody else.
const SERVER: u64 = 2;
const CLIENT: u64 = 3;
/// A span's status where something went wrong that is not the caller's doing.
const ERROR: u64 = 2;
/// Sums and histograms count from the process's start.
const CUMULATIVE: u64 = 2;

/// Who exports.
#[derive(Debug, Clone)]
pub struct Resource {
    /// The gateway's name, as its charter gives it.
    pub gateway: String,
    /// The version of the program.
    pub version: &'static str,
}

impl Resource {
    fn message(&self) -> Message {
        Message::default()
            .message(1, &text(names::SERVICE_NAME, names::SCOPE))
            .message(1, &text(names::SERVICE_VERSION, self.version))
            .message(1, &text(names::SERVICE_INSTANCE, &self.gateway))
    }

    fn scope(&self) -> Message {
        Message::default().text(1, names::SCOPE).text(2, self.version)
    }
}

/// An `ExportTraceServiceRequest` of these requests.
pub(crate) fn traces(resource: &Resource, traces: &[Trace]) -> Vec<u8> {
    let mut spans = Message::default().message(1, &resource.scope());
    for trace in traces {
        spans = spans.message(2, &request(trace));
        if let Some(call) = &trace.call {
            let last = call.tries.len().saturating_sub(1);
            for (place, tried) in call.tries.iter().enumerate() {
                spans = spans.message(2, &attempt(trace, call, tried, place == last));
            }
        }
    }
    wrapped(resource, spans.text(3, names::SCHEMA_URL))
}

/// How many spans that is.
pub(crate) fn spans(traces: &[Trace]) -> u64 {
    let tries = |trace: &Trace| trace.call.as_ref().map_or(0, |call| call.tries.len());
    let count: usize = traces.iter().map(|trace| 1 + tries(trace)).sum();
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// An `ExportMetricsServiceRequest` of what was counted since `since`, at `now`.
pub(crate) fn metrics(
    resource: &Resource,
    families: &[MetricFamily],
    (since, now): (Timestamp, Timestamp),
) -> Vec<u8> {
    let times = (nanos(since, Duration::ZERO), nanos(now, Duration::ZERO));
    let mut scope = Message::default().message(1, &resource.scope());
    for family in families {
        if let Some(metric) = metric(family, times) {
            scope = scope.message(2, &metric);
        }
    }
    wrapped(resource, scope.text(3, names::SCHEMA_URL))
}

/// Resource and scope around it: traces and metrics number them alike.
fn wrapped(resource: &Resource, scope: Message) -> Vec<u8> {
    let all = Message::default()
        .message(1, &resource.message())
        .message(2, &scope)
        .text(3, names::SCHEMA_URL);
    Message::default().message(1, &all).done()
}

/// The span of the request itself.
fn request(trace: &Trace) -> Message {
    let operation = trace.operation.map_or("request", names::operation);
    let model = trace.model.as_ref().map_or("", |model| model.as_str());
    let mut span = begun(trace, trace.ids.request(), format!("{operation} {model}").trim_end());
    if let Some(parent) = trace.ids.parent() {
        span = span.bytes(4, &parent);
    }
    span = span
        .number(6, SERVER)
        .fixed(7, nanos(trace.received, Duration::ZERO))
        .fixed(8, nanos(trace.received, trace.steps.total));
    let verdict =
        if trace.code.is_none() || trace.call.is_some() { "permitted" } else { "refused" };
    span = attribute(span, common(trace)).message(9, &text(names::VERDICT, verdict));
    if let Some(agent) = &trace.agent {
        span = span.message(9, &text(names::AGENT_NAME, agent.as_str()));
    }
    if let Some(status) = trace.status {
        span = span.message(9, &whole(names::STATUS_CODE, u64::from(status)));
    }
    if let Some(code) = trace.code {
        span = span
            .message(9, &text(names::ERROR_TYPE, code.as_str()))
            .message(9, &text(names::FIXER, fixer(code.fixer())));
    }
    if let Some(call) = &trace.call {
        span = span
            .message(9, &text(names::ENDED, call.ended.as_str()))
            .message(9, &flag(names::REQUEST_STREAM, call.is_streamed))
            .message(9, &whole(names::ATTEMPTS, length(call.tries.len())));
        if let Some(cost) = call.cost_nano_usd {
            let usd = Duration::from_nanos(cost).as_secs_f64();
            span = span.message(9, &double(names::COST, usd));
        }
        span = used(span, call);
    }
    let steps = [
        ("read", trace.steps.read),
        ("decided", trace.steps.decide),
        ("recorded", trace.steps.record),
        ("first byte", trace.steps.forward),
    ];
    let mut at = Duration::ZERO;
    for (name, took) in steps {
        if let Some(took) = took {
            at = at.saturating_add(took);
            let event = Message::default().fixed(1, nanos(trace.received, at)).text(2, name);
            span = span.message(11, &event);
        }
    }
    // A refusal is an answer; what the gateway or a provider failed at is an error.
    let failed = trace.code.is_some_and(|code| RefusalCode::status(code) >= 500);
    if failed { span.message(15, &Message::default().number(3, ERROR)) } else { span }
}

/// The span of one try.
fn attempt(trace: &Trace, call: &Call, tried: &Try, is_last: bool) -> Message {
    let operation = trace.operation.map_or("request", names::operation);
    let name = format!("{operation} {}", tried.upstream_model);
    let mut span = begun(trace, trace.ids.attempt(tried.index), &name)
        .bytes(4, &trace.ids.request())
        .number(6, CLIENT)
        .fixed(7, nanos(trace.received, tried.began))
        .fixed(8, nanos(trace.received, tried.ended));
    span = attribute(span, common(trace))
        .message(9, &text(names::OWN_PROVIDER, tried.provider.as_str()))
        .message(9, &flag(names::REQUEST_STREAM, call.is_streamed));
    if let Some(status) = tried.status {
        span = span.message(9, &whole(names::STATUS_CODE, u64::from(status)));
    }
    if is_last && tried.failure.is_none() {
        span = used(span, call);
        if let (true, Some(first)) = (call.is_streamed, trace.steps.first_byte) {
            let waited = first.saturating_sub(tried.began).as_secs_f64();
            span = span.message(9, &double(names::FIRST_CHUNK, waited));
        }
    }
    match &tried.failure {
        Some(failure) => span
            .message(9, &text(names::ERROR_TYPE, failure))
            .message(15, &Message::default().number(3, ERROR)),
        None => span,
    }
}

/// What every span begins with.
fn begun(trace: &Trace, id: [u8; 8], name: &str) -> Message {
    Message::default()
        .bytes(1, &trace.ids.trace())
        .bytes(2, &id)
        .text(3, trace.ids.state())
        .text(5, name)
        // The trace is sampled.
        .fixed_short(16, 1)
}

/// What every span says.
fn common(trace: &Trace) -> Vec<Message> {
    let mut all = vec![text(names::DECISION, &trace.decision.to_string())];
    if let Some(operation) = trace.operation {
        all.push(text(names::OPERATION, names::operation(operation)));
        all.push(text(names::OWN_OPERATION, Operation::as_str(operation)));
    }
    all.push(text(names::PROVIDER, names::provider(trace.dialect)));
    all.extend(trace.model.as_ref().map(|model| text(names::REQUEST_MODEL, model.as_str())));
    all
}

fn used(span: Message, call: &Call) -> Message {
    let Some(usage) = call.usage else { return span };
    span.message(9, &whole(names::INPUT_TOKENS, usage.input_tokens))
        .message(9, &whole(names::OUTPUT_TOKENS, usage.output_tokens))
}

fn attribute(span: Message, attributes: Vec<Message>) -> Message {
    attributes.iter().fold(span, |span, attribute| span.message(9, attribute))
}

/// One metric; none of a kind that this crate does not make.
fn metric(family: &MetricFamily, (since, now): (u64, u64)) -> Option<Message> {
    let (name, unit) = names::metric(family.name());
    let head = Message::default().text(1, &name).text(2, family.help()).text(3, unit);
    let mut points = Message::default();
    let kind = family.get_field_type();
    for sample in family.get_metric() {
        let point = match kind {
            MetricType::COUNTER => number(sample.get_counter().get_value(), (since, now)),
            MetricType::GAUGE => number(sample.get_gauge().get_value(), (since, now)),
            MetricType::HISTOGRAM => histogram(sample, (since, now)),
            MetricType::SUMMARY | MetricType::UNTYPED => return None,
        };
        let field = if kind == MetricType::HISTOGRAM { 9 } else { 7 };
        let labelled = labels(sample.get_label());
        let point = labelled.iter().fold(point, |point, label| point.message(field, label));
        points = points.message(1, &point);
    }
    match kind {
        MetricType::COUNTER => {
            Some(head.message(7, &points.number(2, CUMULATIVE).present_flag(3, true)))
        }
        MetricType::HISTOGRAM => Some(head.message(9, &points.number(2, CUMULATIVE))),
        MetricType::GAUGE => Some(head.message(5, &points)),
        MetricType::SUMMARY | MetricType::UNTYPED => None,
    }
}

fn number(value: f64, (since, now): (u64, u64)) -> Message {
    Message::default().fixed(2, since).fixed(3, now).double(4, value)
}

fn histogram(sample: &prometheus::proto::Metric, (since, now): (u64, u64)) -> Message {
    let histogram = sample.get_histogram();
    let buckets = histogram.get_bucket();
    // Prometheus counts what is at most a bound, OTLP what lies between two.
    let mut below = 0;
    let mut counts: Vec<u64> = buckets
        .iter()
        .map(|bucket| {
            let upto = bucket.cumulative_count();
            let own = upto.saturating_sub(below);
            below = upto;
            own
        })
        .collect();
    counts.push(histogram.get_sample_count().saturating_sub(below));
    Message::default()
        .fixed(2, since)
        .fixed(3, now)
        .fixed(4, histogram.get_sample_count())
        .double(5, histogram.get_sample_sum())
        .packed(6, counts.into_iter())
        .packed(7, buckets.iter().map(|bucket| bucket.upper_bound().to_bits()))
}

fn labels(pairs: &[LabelPair]) -> Vec<Message> {
    let named = pairs.iter().flat_map(|pair| names::label(pair.name(), pair.value()));
    named.map(|(name, value)| text(&name, &value)).collect()
}

/// An attribute with a text.
fn text(name: &str, value: &str) -> Message {
    keyed(name, Message::default().bytes(1, value.as_bytes()))
}

fn flag(name: &str, value: bool) -> Message {
    keyed(name, Message::default().present_flag(2, value))
}

fn whole(name: &str, value: u64) -> Message {
    keyed(name, Message::default().present_number(3, value))
}

fn double(name: &str, value: f64) -> Message {
    keyed(name, Message::default().double(4, value))
}

fn keyed(name: &str, value: Message) -> Message {
    Message::default().text(1, name).message(2, &value)
}

/// Nanoseconds since 1970, `after` the time.
fn nanos(time: Timestamp, after: Duration) -> u64 {
    let milliseconds = u64::try_from(time.millis()).unwrap_or(0);
    let after = u64::try_from(after.as_nanos()).unwrap_or(u64::MAX);
    milliseconds.saturating_mul(1_000_000).saturating_add(after)
}

fn length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
