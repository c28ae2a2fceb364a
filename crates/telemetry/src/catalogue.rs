//! Every metric: its name, what it means, and its labels. `docs/reference/metrics.md` is generated
//! from this list, and nothing is exported that does not stand in it.
//!
//! Names are `portreeve_NOUN_UNIT`, in base units. A label's values come from a closed set or from
//! the charter, so that the number of series has a bound that nobody outside can move.

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// It only grows, and begins at 0 with the process.
    Counter,
    /// It goes up and down.
    Gauge,
    /// How values spread over these buckets.
    Histogram(&'static [f64]),
}

/// One metric with `N` labels.
#[derive(Debug, Clone, Copy)]
pub struct Metric<const N: usize> {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Its labels.
    pub labels: [&'static str; N],
    /// What it means, in one sentence.
    pub help: &'static str,
}

/// A metric, however many labels it has.
#[derive(Debug, Clone, Copy)]
pub struct Described {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it means.
    pub help: &'static str,
}

impl<const N: usize> Metric<N> {
    const fn new(
        name: &'static str,
        kind: Kind,
        labels: [&'static str; N],
        help: &'static str,
    ) -> Self {
        Self { name, kind, labels, help }
    }

    const fn described(&'static self) -> Described {
        Described { name: self.name, kind: self.kind, labels: &self.labels, help: self.help }
    }
}

impl Kind {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }
}

/// Seconds of a whole call, as the GenAI conventions set them.
pub const CALL_SECONDS_BUCKETS: &[f64] =
    &[0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
/// Tokens of a call, as the GenAI conventions set them.
pub const TOKEN_BUCKETS: &[f64] = &[
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1024.0,
    4096.0,
    16384.0,
    65536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];
/// Seconds of one step inside the gateway.
pub const STEP_SECONDS_BUCKETS: &[f64] = &[
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    10.0, 60.0,
];

macro_rules! metrics {
    ($($const:ident $name:literal $kind:ident $(($buckets:ident))? [$($label:literal),*] $help:literal;)*) => {
        $(
            #[doc = $help]
            pub static $const: Metric<{ <[&str]>::len(&[$($label),*]) }> =
                Metric::new($name, Kind::$kind $(($buckets))?, [$($label),*], $help);
        )*

        /// All of them.
        pub static ALL: &[Described] = &[$($const.described()),*];
    };
}

metrics! {
    REQUESTS "portreeve_requests_total" Counter ["operation", "dialect", "model", "code"] "Requests that were answered, by what the client was told: `permitted` or the code of a refusal.";
    REFUSALS "portreeve_refusals_total" Counter ["code", "step", "fixer"] "Refusals, by the step at which they arose and who can fix them.";
    ABANDONED "portreeve_requests_abandoned_total" Counter [] "Requests whose client left before they were decided or recorded.";
    CALLS "portreeve_calls_total" Counter ["operation", "model", "provider", "ended"] "Permitted calls that ended, by how; the provider is the last one tried.";
    ATTEMPTS "portreeve_attempts_total" Counter ["model", "provider", "result"] "Tries at a target: `answered`, the code of the failure, or why it was passed over.";
    CALL_SECONDS "portreeve_call_duration_seconds" Histogram(CALL_SECONDS_BUCKETS) ["operation", "model", "provider"] "From a request's arrival to the end of its answer, for permitted calls.";
    FIRST_BYTE_SECONDS "portreeve_call_first_byte_seconds" Histogram(CALL_SECONDS_BUCKETS) ["operation", "model", "provider"] "From a request's arrival to the first byte of the provider's answer.";
    STEP_SECONDS "portreeve_step_duration_seconds" Histogram(STEP_SECONDS_BUCKETS) ["step"] "What each step of a request took: `read` (authentication and the body's arrival included), `decide` (budgets included), `record` (until it was durable), `forward` (until the provider's first byte).";
    CALL_TOKENS "portreeve_call_tokens" Histogram(TOKEN_BUCKETS) ["operation", "model", "provider", "type"] "Tokens of a call as its provider reported them: `input` or `output`.";
    UNREPORTED "portreeve_calls_unreported_total" Counter ["operation", "model", "provider"] "Calls that a provider took on and of which nobody said what they used; budgets count the most they may have used.";
    COST "portreeve_call_cost_usd_total" Counter ["operation", "model", "provider"] "What calls cost, by the prices in force.";
    REQUEST_BYTES "portreeve_request_bytes_total" Counter ["operation"] "Bytes of bodies that clients sent.";
    ANSWER_BYTES "portreeve_answer_bytes_total" Counter ["operation"] "Bytes of providers' answers that were relayed.";
    AGENT_REQUESTS "portreeve_agent_requests_total" Counter ["agent", "code"] "Requests of each agent; only where the settings say `agent_label: true`.";
    AGENT_TOKENS "portreeve_agent_tokens_total" Counter ["agent", "type"] "Tokens of each agent; only where the settings say `agent_label: true`.";
    AGENT_COST "portreeve_agent_cost_usd_total" Counter ["agent"] "What each agent's calls cost; only where the settings say `agent_label: true`.";
    SPANS "portreeve_telemetry_spans_total" Counter ["result"] "Spans by what became of them: `exported`, `dropped` where the collector did not take them, `overflowed` where too many waited; an overflow counts requests, not spans.";
    EXPORTS "portreeve_telemetry_exports_total" Counter ["signal", "result"] "Tries to export `traces` or `metrics`: `taken` or `failed`.";
    LINES_DROPPED "portreeve_log_lines_dropped_total" Counter [] "Lines for standard error that were dropped because nobody read them in time.";
    IN_FLIGHT "portreeve_requests_in_flight" Gauge [] "Requests under way, streams included.";
    IN_FLIGHT_LIMIT "portreeve_requests_in_flight_limit" Gauge [] "Most requests under way at a time; one more is refused with `overloaded`.";
    STREAMS_OPEN "portreeve_streams_open" Gauge [] "Streamed answers being relayed.";
    LEDGER_HEALTHY "portreeve_ledger_healthy" Gauge ["log"] "1 while the log's last write and last publication succeeded; at 0 nothing is forwarded.";
    LEDGER_ENTRIES "portreeve_ledger_entries" Gauge ["log"] "Durable entries.";
    LEDGER_PUBLISHED "portreeve_ledger_published_entries" Gauge ["log"] "Entries that the signed checkpoint covers.";
    LEDGER_OUTCOMES_DUE "portreeve_ledger_outcomes_due" Gauge ["log"] "Decisions whose outcome is still to be written.";
    LEDGER_QUEUE_FREE "portreeve_ledger_queue_free" Gauge ["log"] "Places free in the log's queue.";
    LEDGER_SYNCS "portreeve_ledger_syncs_total" Counter ["log"] "Batches that were made durable, each by one sync.";
    LEDGER_SYNC_SECONDS "portreeve_ledger_sync_seconds_total" Counter ["log"] "Time spent writing and syncing those batches; divided by their number it is the mean latency of a sync.";
    TARGET_UP "portreeve_target_up" Gauge ["model", "provider", "upstream_model"] "1 while the target is tried, 0 while it is set aside.";
    TARGET_IN_FLIGHT "portreeve_target_calls_in_flight" Gauge ["model", "provider", "upstream_model"] "Calls under way at the target; models that share a target share its calls.";
    BUDGET_USED "portreeve_budget_used_ratio" Gauge ["quota", "measure", "window"] "How much of a budget's limit is used in its current window; of a budget that counts each agent apart, the agent that used most.";
    BUDGET_HELD "portreeve_budget_held_ratio" Gauge ["quota", "measure", "window"] "How much of a budget's limit calls under way may still use; of a budget that counts each agent apart, the agent that holds most.";
    SECRET_AGE "portreeve_secret_age_seconds" Gauge ["secret"] "How old the active version of a secret is.";
    SECRET_AGE_LIMIT "portreeve_secret_age_limit_seconds" Gauge ["secret"] "How old the active version of a secret may grow.";
    FINDINGS "portreeve_findings" Gauge ["code"] "Open findings about the charter and its secrets, by kind.";
    BUILD_INFO "portreeve_build_info" Gauge ["version"] "1, with the version that serves.";
    CHARTER_INFO "portreeve_charter_info" Gauge ["charter"] "1, with the first 12 digits of the digest of the charter in force.";
    GENESIS_MODE "portreeve_genesis_mode" Gauge [] "1 while one person holds every seat and every change is unreviewed.";
    PROCESS_CPU "process_cpu_seconds_total" Counter [] "CPU time of the process, user and system.";
    PROCESS_RESIDENT "process_resident_memory_bytes" Gauge [] "Memory of the process that is resident.";
    PROCESS_OPEN_FDS "process_open_fds" Gauge [] "Files the process has open.";
    PROCESS_MAX_FDS "process_max_fds" Gauge [] "Most files the process may have open.";
    PROCESS_THREADS "process_threads" Gauge [] "Threads of the process.";
    PROCESS_START "process_start_time_seconds" Gauge [] "When the process began, in seconds since 1970.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_distinct_and_say_what_they_count() {
        let names: BTreeSet<_> = ALL.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), ALL.len());
        for metric in ALL {
            let Described { name, kind, labels, help } = metric;
            assert!(name.starts_with("portreeve_") || name.starts_with("process_"), "{name}");
            assert_eq!(*kind == Kind::Counter, name.ends_with("_total"), "{name}");
            assert!(help.ends_with('.') && !help.contains('\n'), "{name}: {help}");
            let distinct: BTreeSet<_> = labels.iter().collect();
            assert_eq!(distinct.len(), labels.len(), "{name}");
            if let Kind::Histogram(buckets) = kind {
                assert!(buckets.is_sorted_by(|a, b| a < b), "{name}");
            }
        }
    }
}
