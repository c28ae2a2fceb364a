//! What the operator wants told of requests beside the logs: the member `telemetry` of the
//! settings, and the exporter that it asks for.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use approval::GatewayName;
use charter::yaml::{Known, Node, Reader};
use hyper::header::HeaderValue;
use net::Endpoint;
use telemetry::{Export, Notice, Resource, Traces, Tracing};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock;
use crate::exit::Failure;
use crate::home::read_key;
use crate::metrics::Instruments;
use crate::said::{self, Event};

/// How often metrics are exported unless told otherwise, in seconds.
const METRICS_DEFAULT_S: u64 = 60;
/// The longest that can be set, in seconds.
const METRICS_MAX_S: u64 = 3_600;
/// How many of a hundred requests are traced unless told otherwise.
const SAMPLE_DEFAULT_PERCENT: u64 = 100;

/// What the operator wants told.
#[derive(Debug, Clone, Default)]
pub(crate) struct Observing {
    pub(crate) watch: telemetry::Settings,
    pub(crate) otlp: Option<Otlp>,
}

/// Where it is exported to.
#[derive(Debug, Clone)]
pub(crate) struct Otlp {
    endpoint: Endpoint,
    authorization: Option<PathBuf>,
    metrics_every: Option<Duration>,
}

/// The exporter at work, or none.
#[derive(Debug)]
pub(crate) struct Exporting {
    silence: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

/// Reads the member.
pub(crate) fn read(reader: &mut Reader, node: &Node) -> Option<Observing> {
    let known = [
        Known::optional("agent_label", "whether agents' names become labels of metrics"),
        Known::optional("otlp", "the collector that traces and metrics are exported to"),
    ];
    let fields = reader.fields(node, &known)?;
    let agent_label = fields.or("agent_label", false, |node| reader.flag(node));
    let otlp = fields.optional("otlp", |node| otlp(reader, node))?;
    let (tracing, otlp) = otlp.map_or((None, None), |(tracing, otlp)| (Some(tracing), Some(otlp)));
    let watch = telemetry::Settings { agent_label: agent_label?, tracing, tell: None };
    Some(Observing { watch, otlp })
}

fn otlp(reader: &mut Reader, node: &Node) -> Option<(Tracing, Otlp)> {
    let known = [
        Known::required("endpoint", "the collector's base URL, as in http://127.0.0.1:4318"),
        Known::optional("sample_percent", "how many of a hundred requests are traced"),
        Known::optional("metrics_seconds", "how often metrics are exported; 0 for never"),
        Known::optional("authorization_file", "a file with the value of `authorization`"),
        Known::optional("tell_providers", "providers that are sent `traceparent`"),
    ];
    let fields = reader.fields(node, &known)?;
    let endpoint = fields.required("endpoint", |node| endpoint(reader, node));
    let sample =
        fields.or("sample_percent", SAMPLE_DEFAULT_PERCENT, |node| reader.integer(node, 0..=100));
    let every = fields
        .or("metrics_seconds", METRICS_DEFAULT_S, |node| reader.integer(node, 0..=METRICS_MAX_S));
    let authorization =
        fields.optional("authorization_file", |node| reader.text(node).map(PathBuf::from));
    let told = fields.optional("tell_providers", |node| {
        let nodes = reader.list(node)?;
        let help = "name a provider as the charter does";
        nodes.iter().map(|node| reader.parsed(node, help)).collect()
    });
    let sample_percent = u8::try_from(sample?).unwrap_or(100);
    let tracing = Tracing { sample_percent, told: told?.unwrap_or_default() };
    let metrics_every = Some(Duration::from_secs(every?)).filter(|every| !every.is_zero());
    Some((tracing, Otlp { endpoint: endpoint?, authorization: authorization?, metrics_every }))
}

fn endpoint(reader: &mut Reader, node: &Node) -> Option<Endpoint> {
    let cause = match Endpoint::parse(reader.text(node)?) {
        Ok(endpoint) => return Some(endpoint),
        Err(cause) => cause,
    };
    let help = "use https://, or http:// for a collector on this machine";
    reader.object(node.at, "bad-value", cause.to_string(), help);
    None
}

const fn event(notice: Notice) -> Event {
    match notice {
        Notice::Failing => Event::ExportFailing,
        Notice::Working => Event::ExportWorking,
    }
}

impl Exporting {
    /// Begins to export what is watched, where the operator wants that.
    pub(crate) fn begin(
        observing: &Observing,
        client: net::Client,
        gateway: &GatewayName,
        instruments: &Arc<Instruments>,
        traces: Option<Traces>,
    ) -> Result<Self> {
        let (silence, silenced) = watch::channel(false);
        let (Some(otlp), Some(traces)) = (&observing.otlp, traces) else {
            return Ok(Self { silence, task: None });
        };
        let export = otlp.export(client, gateway, instruments)?;
        let task = tokio::spawn(export.run(instruments.watch.clone(), traces, silenced));
        Ok(Self { silence, task: Some(task) })
    }

    /// Exports what is left, for a moment, and ends.
    pub(crate) async fn finish(self) {
        // Without an exporter nobody listens.
        let _ = self.silence.send(true);
        if let Some(task) = self.task {
            // One that panicked exports nothing more, and nothing depends on it.
            let _ = task.await;
        }
    }
}

impl Otlp {
    fn export(
        &self,
        client: net::Client,
        gateway: &GatewayName,
        instruments: &Arc<Instruments>,
    ) -> Result<Export> {
        let instruments = Arc::clone(instruments);
        Ok(Export {
            endpoint: self.endpoint.clone(),
            authorization: self.credential()?,
            metrics_every: self.metrics_every,
            resource: Resource { gateway: gateway.to_string(), version: env!("CARGO_PKG_VERSION") },
            client,
            clock: clock::system(),
            standing: Arc::new(move || instruments.standing()),
            say: |notice, text| said::tell(event(notice), text),
        })
    }

    /// What the collector wants to see in `authorization`.
    fn credential(&self) -> Result<Option<HeaderValue>> {
        let Some(path) = &self.authorization else { return Ok(None) };
        let shown = path.display();
        let bytes = read_key(path).map_err(|cause| Failure::settings(cause.to_string()))?;
        let bytes = bytes.ok_or_else(|| Failure::settings(format!("{shown} is not there")))?;
        // Its text is not repeated: it is a credential.
        let unfit = || Failure::settings(format!("{shown} holds no value of a header"));
        let mut value = HeaderValue::from_bytes(bytes.trim_ascii()).map_err(|_| unfit())?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}
