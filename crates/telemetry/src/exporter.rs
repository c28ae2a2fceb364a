//! Sends traces and metrics to a collector by OTLP over HTTP, in the background. Whatever the
//! collector does (refuse, hang, answer without end), requests go on as if it were not there: what
//! cannot be sent is dropped and counted.

use std::sync::Arc;
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use model::{Clock, Timestamp};
use net::{Body, Client, Endpoint, Timeouts};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::otlp::{self, Resource};
use crate::span::Trace;
use crate::standing::Standing;
use crate::watch::Watch;

/// Requests whose traces wait for their export; more are dropped.
pub(crate) const QUEUE_MAX: usize = 4_096;
/// Most requests in one export.
const BATCH_MAX: usize = 512;
/// How long an export waits for more to send with it.
const GATHERED_WITHIN: Duration = Duration::from_millis(500);
/// How long a collector may take to accept a connection, and to answer.
const TIMEOUTS: Timeouts = Timeouts { connect_ms: 2_000, first_byte_ms: 10_000 };
/// How long its answer's body may take, and how long it may be; nothing of it is used.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
const ANSWER_MAX: usize = 64 * 1024;
/// Tries of one export.
const TRIES_MAX: u32 = 4;
/// Pause after the first failed try; it doubles each time.
const PAUSE: Duration = Duration::from_secs(1);
/// How long what is left may take when the gateway stops.
const LEFT_WITHIN: Duration = Duration::from_secs(2);

/// What an exporter needs beside the watch.
pub struct Export {
    /// Where the collector is; `/v1/traces` and `/v1/metrics` are added.
    pub endpoint: Endpoint,
    /// The value of `authorization`, where the collector wants one.
    pub authorization: Option<HeaderValue>,
    /// How often metrics are sent; none where only traces are.
    pub metrics_every: Option<Duration>,
    /// Who exports.
    pub resource: Resource,
    /// The bounded client.
    pub client: Client,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How everything stands.
    pub standing: Arc<dyn Fn() -> Standing + Send + Sync>,
    /// Tells the operator, once when exporting begins to fail and once when it works again.
    pub say: fn(Notice, &str),
}

/// What the operator is told of exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// They begin to fail.
    Failing,
    /// They work again.
    Working,
}

/// Traces that wait for their export.
#[derive(Debug)]
pub struct Traces(pub(crate) mpsc::Receiver<Trace>);

/// An exporter at work.
struct Exporter {
    export: Export,
    watch: Watch,
    since: Timestamp,
    fails: bool,
}

/// Why something was not taken.
enum Failed {
    /// It may be taken later.
    Later(String),
    /// It will not be.
    Never(String),
}

impl Export {
    /// Exports what comes until `stop` turns true, then what is left, for a moment.
    pub async fn run(self, watch: Watch, traces: Traces, mut stop: watch::Receiver<bool>) {
        let since = self.clock.now();
        let every = self.metrics_every;
        let mut exporter = Exporter { export: self, watch, since, fails: false };
        let mut queue = traces.0;
        let working = exporter.work(&mut queue, every);
        tokio::select! {
            () = working => {}
            // A vanished sender means stop as well.
            _ = stop.wait_for(|stopping| *stopping) => {}
        }
        let left = exporter.leave(&mut queue);
        if timeout(LEFT_WITHIN, left).await.is_err() {
            exporter.watch.spans("dropped", 1);
        }
    }
}

impl Exporter {
    async fn work(&mut self, queue: &mut mpsc::Receiver<Trace>, every: Option<Duration>) {
        let mut due = every.map(|every| Instant::now() + every);
        let mut batch = Vec::with_capacity(BATCH_MAX);
        loop {
            let metrics = async {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                taken = queue.recv_many(&mut batch, BATCH_MAX) => {
                    if taken == 0 {
                        return;
                    }
                    if batch.len() < BATCH_MAX {
                        sleep(GATHERED_WITHIN).await;
                        gather(queue, &mut batch);
                    }
                    self.send_traces(&batch, TRIES_MAX).await;
                    batch.clear();
                }
                () = metrics => {
                    self.send_metrics().await;
                    due = every.map(|every| Instant::now() + every);
                }
            }
        }
    }

    /// The last of it: one try each.
    async fn leave(&mut self, queue: &mut mpsc::Receiver<Trace>) {
        let mut batch = Vec::new();
        loop {
            gather(queue, &mut batch);
            if batch.is_empty() {
                break;
            }
            self.send_traces(&batch, 1).await;
            batch.clear();
        }
        if self.export.metrics_every.is_some() {
            self.send_metrics().await;
        }
    }

    async fn send_traces(&mut self, batch: &[Trace], tries: u32) {
        let count = otlp::spans(batch);
        let body = otlp::traces(&self.export.resource, batch);
        let sent = self.send("/v1/traces", body, tries).await;
        self.watch.spans(if sent { "exported" } else { "dropped" }, count);
    }

    async fn send_metrics(&mut self) {
        let families = self.watch.families((self.export.standing)());
        let times = (self.since, self.export.clock.now());
        let body = otlp::metrics(&self.export.resource, &families, times);
        // What was counted is counted on: the next export says it too.
        let _ = self.send("/v1/metrics", body, 1).await;
    }

    /// Whether the collector took it, within so many tries.
    async fn send(&mut self, path: &'static str, body: Vec<u8>, tries: u32) -> bool {
        let body = bytes::Bytes::from(body);
        let mut pause = PAUSE;
        for tried in 1..=tries {
            match self.try_once(path, body.clone()).await {
                Ok(()) => {
                    self.works();
                    self.watch.exports(path, "taken");
                    return true;
                }
                Err(Failed::Later(why)) if tried < tries => {
                    self.failing(&why);
                    self.watch.exports(path, "failed");
                    sleep(pause).await;
                    pause *= 2;
                }
                Err(Failed::Later(why) | Failed::Never(why)) => {
                    self.failing(&why);
                    self.watch.exports(path, "failed");
                    return false;
                }
            }
        }
        false
    }

    async fn try_once(&self, path: &str, body: bytes::Bytes) -> Result<(), Failed> {
        let endpoint = &self.export.endpoint;
        let uri = endpoint.join(path, None).ok_or_else(|| {
            Failed::Never("the collector's address does not take this path".to_owned())
        })?;
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
        if let Some(authorization) = &self.export.authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        let answer = self.export.client.send(endpoint, request, TIMEOUTS).await;
        // The error's text holds no query, header or body.
        let answer = answer.map_err(|cause| Failed::Later(cause.to_string()))?;
        let status = answer.status();
        // Read to its end, so that the connection can be used again; what it says is of no account.
        let rest = Limited::new(answer.into_body(), ANSWER_MAX).collect();
        let _ = timeout(ANSWER_WITHIN, rest).await;
        match status {
            status if status.is_success() => Ok(()),
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Err(Failed::Later(format!("it answers {status}"))),
            status => Err(Failed::Never(format!("it answers {status}"))),
        }
    }

    fn works(&mut self) {
        if std::mem::take(&mut self.fails) {
            (self.export.say)(Notice::Working, "the collector takes telemetry again");
        }
    }

    fn failing(&mut self, why: &str) {
        if !std::mem::replace(&mut self.fails, true) {
            let text = format!(
                "telemetry cannot be exported ({why}); requests go on, what cannot be sent is \
                 dropped and counted in portreeve_telemetry_spans_total"
            );
            (self.export.say)(Notice::Failing, &text);
        }
    }
}

/// Takes what is queued already, up to one export's worth.
fn gather(queue: &mut mpsc::Receiver<Trace>, batch: &mut Vec<Trace>) {
    while batch.len() < BATCH_MAX {
        let Ok(trace) = queue.try_recv() else { return };
        batch.push(trace);
    }
}

impl std::fmt::Debug for Export {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without the credential.
        out.debug_struct("Export").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
