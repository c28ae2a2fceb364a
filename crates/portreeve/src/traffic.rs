//! What went through lately, as it crosses the admin socket and as programs are shown it.

use gateway::{Gate, Refused, Spread, TrafficRow, Window};
use model::{DecisionId, Timestamp};
use serde::{Deserialize, Serialize};

/// What went through lately.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TrafficReport {
    /// Since when the process serves.
    pub(crate) began: Timestamp,
    /// The gateway's time when it was asked.
    pub(crate) now: Timestamp,
    pub(crate) draining: bool,
    /// Calls under way.
    pub(crate) in_flight: usize,
    /// Of those, answers that are being streamed.
    pub(crate) streams: usize,
    /// Everything, for at most five minutes.
    pub(crate) whole: WindowReport,
    /// The last ten to fifteen seconds of that.
    #[serde(default)]
    pub(crate) recent: WindowReport,
    /// For at most ten seconds.
    pub(crate) agents: Vec<RowReport>,
    pub(crate) models: Vec<RowReport>,
    pub(crate) targets: Vec<RowReport>,
    /// Refusals, by code.
    #[serde(default)]
    pub(crate) codes: Vec<RowReport>,
    /// The newest refusals whose caller is known, the latest first.
    #[serde(default)]
    pub(crate) newest: Vec<RefusedReport>,
}

/// What a stretch of time saw.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct WindowReport {
    /// How much time it is about.
    pub(crate) covered_ms: u64,
    pub(crate) requests: u64,
    pub(crate) refusals: u64,
    pub(crate) tokens: u64,
    pub(crate) nano_usd: u64,
    /// From a request's arrival until it is decided and written down.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) own: Option<SpreadReport>,
    /// From then until the provider's answer began.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) provider: Option<SpreadReport>,
    /// From a request's arrival until its answer began.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) answer: Option<SpreadReport>,
}

/// The middle and the end of many times, in microseconds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct SpreadReport {
    pub(crate) count: u64,
    pub(crate) p50_us: u64,
    pub(crate) p99_us: u64,
}

/// One agent, model or target.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RowReport {
    pub(crate) name: String,
    pub(crate) in_flight: usize,
    #[serde(flatten)]
    pub(crate) window: WindowReport,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) last_refusal: Option<LastRefusal>,
}

/// The latest refusal of a row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LastRefusal {
    pub(crate) code: String,
    pub(crate) at: Timestamp,
}

/// One refusal that stands in the decision log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RefusedReport {
    pub(crate) id: DecisionId,
    pub(crate) at: Timestamp,
    pub(crate) code: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) agent: Option<String>,
    /// The model, as the agent named it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) model: Option<String>,
}

/// What went through `gate` lately.
pub(crate) fn report(gate: &Gate, now: Timestamp) -> TrafficReport {
    let traffic = gate.traffic();
    let rows = |rows: Vec<TrafficRow>| rows.into_iter().map(RowReport::from).collect();
    TrafficReport {
        began: traffic.began,
        now,
        draining: traffic.draining,
        in_flight: traffic.in_flight,
        streams: traffic.streams,
        whole: WindowReport::from(traffic.whole),
        recent: WindowReport::from(traffic.recent),
        agents: rows(traffic.agents),
        models: rows(traffic.models),
        targets: rows(traffic.targets),
        codes: rows(traffic.codes),
        newest: traffic.newest.into_iter().map(RefusedReport::from).collect(),
    }
}

impl WindowReport {
    /// So many a second of `count` within the window, in thousandths.
    pub(crate) const fn milli_per_second(&self, count: u64) -> u64 {
        match count.saturating_mul(1_000_000).checked_div(self.covered_ms) {
            Some(rate) => rate,
            None => 0,
        }
    }
}

impl From<Window> for WindowReport {
    fn from(window: Window) -> Self {
        let Window { covered_ms, requests, refusals, tokens, nano_usd, own, provider, answer } =
            window;
        let spread = |spread: Option<Spread>| {
            spread.map(|Spread { count, p50_us, p99_us }| SpreadReport { count, p50_us, p99_us })
        };
        Self {
            covered_ms,
            requests,
            refusals,
            tokens,
            nano_usd,
            own: spread(own),
            provider: spread(provider),
            answer: spread(answer),
        }
    }
}

impl From<TrafficRow> for RowReport {
    fn from(row: TrafficRow) -> Self {
        let TrafficRow { name, in_flight, window, last_refusal } = row;
        let last_refusal =
            last_refusal.map(|(code, at)| LastRefusal { code: code.as_str().to_owned(), at });
        Self { name, in_flight, window: WindowReport::from(window), last_refusal }
    }
}

impl From<Refused> for RefusedReport {
    fn from(refused: Refused) -> Self {
        let Refused { id, at, code, agent, model } = refused;
        Self { id, at, code: code.as_str().to_owned(), agent, model }
    }
}
