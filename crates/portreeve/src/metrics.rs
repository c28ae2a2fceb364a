//! `/metrics`: what was counted of requests, and how everything stands when somebody looks.

use std::sync::Arc;

use bundle::Bundle;
use bytes::Bytes;
use gateway::{Condition, Gate};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode, header};
use ledger::{ControlLog, DecisionLog};
use model::{CharterInForce, Clock as _, Timestamp};
use secrets::SecretStore;
use telemetry::catalogue as metric;
use telemetry::{Standing, Watch};

use crate::budgets;
use crate::clock::SystemClock;
use crate::said;

/// Digits of a charter's digest in a label.
const DIGEST_SHOWN: usize = 12;
/// Seconds of a day.
const DAY_S: u32 = 24 * 60 * 60;

/// What metrics are read from.
#[derive(Debug)]
pub(crate) struct Instruments {
    pub(crate) watch: Watch,
    pub(crate) gate: Arc<Gate>,
    pub(crate) decisions: DecisionLog,
    pub(crate) control: ControlLog,
    pub(crate) secrets: Arc<SecretStore>,
}

impl Instruments {
    /// Answers one request of a listener that serves metrics and nothing else.
    pub(crate) fn serve(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        match (request.method(), request.uri().path()) {
            (&Method::GET | &Method::HEAD, govern::admin::METRICS_PATH) => self.answer(),
            (_, govern::admin::METRICS_PATH) => {
                told(StatusCode::METHOD_NOT_ALLOWED, "/metrics takes GET only\n")
            }
            _ => told(StatusCode::NOT_FOUND, "only /metrics is served here\n"),
        }
    }

    /// The metrics.
    pub(crate) fn answer(&self) -> Response<Full<Bytes>> {
        match self.watch.exposition(self.standing()) {
            Ok(text) => {
                let mut answer = told(StatusCode::OK, text);
                let value = header::HeaderValue::from_static(telemetry::CONTENT_TYPE);
                answer.headers_mut().insert(header::CONTENT_TYPE, value);
                answer
            }
            Err(cause) => told(StatusCode::INTERNAL_SERVER_ERROR, format!("{cause}\n")),
        }
    }

    /// How everything stands.
    pub(crate) fn standing(&self) -> Standing {
        let mut standing = Standing::default();
        let now = SystemClock.now();
        let live = self.gate.in_force();
        let bundle = live.snapshot().bundle();
        telemetry::process(&mut standing);
        self.itself(&mut standing, live.snapshot().charter());
        ledger_stands(&mut standing, "decisions", &self.decisions.status());
        ledger_stands(&mut standing, "control", &self.control.status());
        self.targets(&mut standing);
        self.budgets(&mut standing, bundle, now);
        self.secrets(&mut standing, bundle, now);
        standing
    }

    /// What serves, under which charter, and how much of it.
    fn itself(&self, standing: &mut Standing, charter: &CharterInForce) {
        standing.set(&metric::BUILD_INFO, [env!("CARGO_PKG_VERSION")], 1.0);
        let digest: String = charter.digest.hex().chars().take(DIGEST_SHOWN).collect();
        standing.set(&metric::CHARTER_INFO, [&digest], 1.0);
        standing.set(&metric::GENESIS_MODE, [], bit(charter.genesis));
        standing.set(&metric::LINES_DROPPED, [], count(said::dropped()));
        let load = self.gate.load();
        standing.set(&metric::IN_FLIGHT, [], size(load.in_flight));
        standing.set(&metric::IN_FLIGHT_LIMIT, [], size(load.in_flight_max));
    }

    fn targets(&self, standing: &mut Standing) {
        for route in self.gate.routes() {
            let labels =
                [route.model.as_str(), route.provider.as_str(), route.upstream_model.as_str()];
            let up = match route.health.condition {
                Condition::Healthy | Condition::Failing(_) => true,
                Condition::SetAside(_) | Condition::ProbeDue | Condition::Probing => false,
            };
            standing.set(&metric::TARGET_UP, labels, bit(up));
            standing.set(&metric::TARGET_IN_FLIGHT, labels, size(route.health.in_flight));
        }
    }

    fn budgets(&self, standing: &mut Standing, bundle: &Bundle, now: Timestamp) {
        for budget in budgets::standing(bundle, self.gate.counters(), now) {
            for counter in &budget.counters {
                let (what, per) = (counter.what.as_str(), counter.per.as_str());
                let labels = [budget.name.as_str(), what, per];
                let most = count(counter.at_most.max(1));
                standing.raise(&metric::BUDGET_USED, labels, count(counter.used) / most);
                standing.raise(&metric::BUDGET_HELD, labels, count(counter.held) / most);
            }
        }
    }

    /// The age of each secret, and the findings: most of them are about secrets.
    fn secrets(&self, standing: &mut Standing, bundle: &Bundle, now: Timestamp) {
        for secret in bundle.secrets() {
            let labels = [secret.name.as_str()];
            let limit = f64::from(secret.max_age_days) * f64::from(DAY_S);
            standing.set(&metric::SECRET_AGE_LIMIT, labels, limit);
            if let Some(sealed) = self.secrets.sealed_at(&secret.name, secret.active) {
                let age = count(now.millis_since(sealed)) / 1_000.0;
                standing.set(&metric::SECRET_AGE, labels, age);
            }
        }
        let mut found = bundle.findings(now);
        found.extend(govern::unlendable(bundle, &self.secrets, now));
        let mut codes: Vec<&str> = found.iter().map(|finding| finding.code).collect();
        codes.sort_unstable();
        for same in codes.chunk_by(|a, b| a == b) {
            if let Some(code) = same.first() {
                standing.set(&metric::FINDINGS, [code], size(same.len()));
            }
        }
    }
}

fn ledger_stands(standing: &mut Standing, log: &str, status: &ledger::Status) {
    standing.set(&metric::LEDGER_HEALTHY, [log], bit(status.healthy));
    standing.set(&metric::LEDGER_ENTRIES, [log], count(status.size));
    standing.set(&metric::LEDGER_PUBLISHED, [log], count(status.published));
    standing.set(&metric::LEDGER_OUTCOMES_DUE, [log], count(status.in_flight));
    standing.set(&metric::LEDGER_QUEUE_FREE, [log], size(status.queue_free));
    standing.set(&metric::LEDGER_SYNCS, [log], count(status.syncs));
    standing.set(&metric::LEDGER_SYNC_SECONDS, [log], status.sync_time.as_secs_f64());
}

fn told(code: StatusCode, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(text.into()));
    *answer.status_mut() = code;
    let plain = header::HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, plain);
    answer
}

const fn bit(yes: bool) -> f64 {
    if yes { 1.0 } else { 0.0 }
}

fn size(count_of: usize) -> f64 {
    count(u64::try_from(count_of).unwrap_or(u64::MAX))
}

/// A count as the format writes numbers.
fn count(count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53, and beyond to 16 digits")]
    let float = count as f64;
    float
}
