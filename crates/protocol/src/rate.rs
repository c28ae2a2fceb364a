//! Headers that say how much of a budget is left, in the vendors' own names and in the names of
//! the IETF's draft. Reads no clock: it is handed the time.

use model::{Dialect, Measure, Per, Timestamp};

/// How far one budget is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// What it counts. Budgets of money are in no header: neither vendors nor the draft know any.
    pub measure: Measure,
    /// In which window.
    pub per: Per,
    /// The whole of it.
    pub limit: u64,
    /// What is left of it.
    pub remaining: u64,
    /// When its window ends.
    pub resets: Timestamp,
}

/// The largest integer of structured fields (RFC 9651, 3.3.1).
const INTEGER_MAX: u64 = 999_999_999_999_999;

/// The headers that tell a client of `dialect` about `limits`; none where there are none.
///
/// A vendor's names have place for one budget of requests and one of tokens: of several, the one
/// of which least is left stands there. OpenAI's say how long it takes until the window ends,
/// Anthropic's when it does; Gemini has none. `RateLimit-Policy` and `RateLimit`
/// (draft-ietf-httpapi-ratelimit-headers-10) are the same for all: one policy for each measure and
/// window. Their registry of units has no tokens, and yet `qu` says so, for its absence would mean
/// requests.
///
/// # Examples
/// ```
/// use model::{Dialect, Measure, Per, Timestamp};
/// use protocol::{RateLimit, rate_limit_headers};
///
/// let now = Timestamp::from_millis(0);
/// let limit = RateLimit {
///     measure: Measure::Requests,
///     per: Per::Minute,
///     limit: 50,
///     remaining: 7,
///     resets: now.plus_millis(42_000),
/// };
/// let headers = rate_limit_headers(Dialect::Gemini, now, &[limit]);
/// assert_eq!(headers, [
///     ("ratelimit-policy", "\"requests-per-minute\";q=50;w=60".to_owned()),
///     ("ratelimit", "\"requests-per-minute\";r=7;t=42".to_owned()),
/// ]);
/// ```
#[must_use]
pub fn rate_limit_headers(
    dialect: Dialect,
    now: Timestamp,
    limits: &[RateLimit],
) -> Vec<(&'static str, String)> {
    let mut headers = Vec::with_capacity(8);
    for measure in [Measure::Requests, Measure::Tokens] {
        let of_measure = limits.iter().filter(|limit| limit.measure == measure);
        if let Some((limit, names)) = tightest(of_measure).zip(names(dialect, measure)) {
            let reset = reset(dialect, now, limit);
            let values = [limit.limit.to_string(), limit.left().to_string(), reset];
            headers.extend(names.into_iter().zip(values));
        }
    }
    let policies = policies(limits);
    if !policies.is_empty() {
        let list = |one: fn(&RateLimit, Timestamp) -> String| {
            policies.iter().map(|limit| one(limit, now)).collect::<Vec<_>>().join(",")
        };
        headers.push(("ratelimit-policy", list(RateLimit::policy)));
        headers.push(("ratelimit", list(RateLimit::service)));
    }
    headers
}

impl RateLimit {
    /// What is left, which is never more than the whole.
    fn left(&self) -> u64 {
        self.remaining.min(self.limit)
    }

    /// Whole seconds to the end of its window, a begun one included.
    fn resets_in(&self, now: Timestamp) -> u64 {
        self.resets.millis_since(now).div_ceil(1000)
    }

    /// What `RateLimit-Policy` says of it. Months differ in length, so that theirs is left out.
    fn policy(&self, _: Timestamp) -> String {
        let window = match self.per {
            Per::Minute => ";w=60",
            Per::Day => ";w=86400",
            Per::Month => "",
        };
        let unit = if self.measure == Measure::Tokens { ";qu=\"tokens\"" } else { "" };
        format!("{};q={}{unit}{window}", self.name(), self.limit.min(INTEGER_MAX))
    }

    /// What `RateLimit` says of it.
    fn service(&self, now: Timestamp) -> String {
        let (left, seconds) = (self.left().min(INTEGER_MAX), self.resets_in(now).min(INTEGER_MAX));
        format!("{};r={left};t={seconds}", self.name())
    }

    /// The policy's name, quotes included.
    fn name(&self) -> String {
        format!("\"{}-per-{}\"", self.measure.as_str(), self.per.as_str())
    }
}

/// The limit of which least is left; of two such, the one that lasts longer.
fn tightest<'l>(limits: impl Iterator<Item = &'l RateLimit>) -> Option<&'l RateLimit> {
    limits.min_by_key(|limit| (limit.left(), std::cmp::Reverse(limit.resets)))
}

/// The tightest limit of each measure and window, in that order.
fn policies(limits: &[RateLimit]) -> Vec<&RateLimit> {
    let kinds = [Measure::Requests, Measure::Tokens]
        .into_iter()
        .flat_map(|measure| Per::ALL.map(|per| (measure, per)));
    kinds
        .filter_map(|kind| {
            tightest(limits.iter().filter(|limit| (limit.measure, limit.per) == kind))
        })
        .collect()
}

/// A vendor's names for the whole, for what is left, and for when that ends.
const fn names(dialect: Dialect, measure: Measure) -> Option<[&'static str; 3]> {
    match (dialect, measure) {
        (Dialect::OpenAi, Measure::Requests) => Some([
            "x-ratelimit-limit-requests",
            "x-ratelimit-remaining-requests",
            "x-ratelimit-reset-requests",
        ]),
        (Dialect::OpenAi, Measure::Tokens) => Some([
            "x-ratelimit-limit-tokens",
            "x-ratelimit-remaining-tokens",
            "x-ratelimit-reset-tokens",
        ]),
        (Dialect::Anthropic, Measure::Requests) => Some([
            "anthropic-ratelimit-requests-limit",
            "anthropic-ratelimit-requests-remaining",
            "anthropic-ratelimit-requests-reset",
        ]),
        (Dialect::Anthropic, Measure::Tokens) => Some([
            "anthropic-ratelimit-tokens-limit",
            "anthropic-ratelimit-tokens-remaining",
            "anthropic-ratelimit-tokens-reset",
        ]),
        (Dialect::Gemini, _) | (_, Measure::Money) => None,
    }
}

/// When a window ends, as the vendor writes it: a duration as in `6m0s`, or an instant.
fn reset(dialect: Dialect, now: Timestamp, limit: &RateLimit) -> String {
    match dialect {
        Dialect::Anthropic => limit.resets.to_string(),
        Dialect::OpenAi | Dialect::Gemini => duration(limit.resets_in(now)),
    }
}

fn duration(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest}s"),
        (0, _) => format!("{minutes}m{rest}s"),
        _ => format!("{hours}h{minutes}m{rest}s"),
    }
}
