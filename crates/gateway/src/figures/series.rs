//! What happened within the last so many spans of equal length: a ring that forgets by itself.

use model::Timestamp;

use super::histogram::{Histogram, Spread};

/// A ring of spans. Its memory is what its number of spans takes, however much happens.
#[derive(Debug)]
pub(crate) struct Series {
    span_ms: i64,
    spans: Box<[Span]>,
    /// Where the span that was counted in last stands, and when it began: the next is most often
    /// the same.
    last: (usize, i64),
}

/// What is counted within one span.
#[derive(Debug, Clone, Default)]
pub(crate) struct Span {
    /// Which span since 1970 it is about.
    nth: i64,
    pub(crate) requests: u64,
    pub(crate) refusals: u64,
    pub(crate) tokens: u64,
    pub(crate) nano_usd: u64,
    pub(crate) own: Histogram,
    pub(crate) provider: Histogram,
    pub(crate) answer: Histogram,
}

/// What a ring saw lately.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// How much time it is about, in milliseconds: less than the ring holds after a start.
    pub covered_ms: u64,
    /// Requests that came to a decision or to a refusal.
    pub requests: u64,
    /// Those that were refused, or failed before an answer began.
    pub refusals: u64,
    /// Tokens, in and out, of calls that ended.
    pub tokens: u64,
    /// What these calls cost, where the model has a price, in nano-USD.
    pub nano_usd: u64,
    /// The gateway's own part: from a request's arrival until it is decided and written down.
    pub own: Option<Spread>,
    /// The provider's: from then, for each try, until its answer began.
    pub provider: Option<Spread>,
    /// What the client waited for: from its request's arrival until its answer began.
    pub answer: Option<Spread>,
}

impl Series {
    /// A ring of `count` spans of `span_ms` each, at least one.
    pub(crate) fn new(span_ms: i64, count: usize) -> Self {
        let spans = vec![Span::default(); count.max(1)].into();
        // The first span of 1970 stands first.
        Self { span_ms: span_ms.max(1), spans, last: (0, 0) }
    }

    /// The span of `now`, to count in; none only where the ring is empty, which it never is.
    pub(crate) fn at(&mut self, now: Timestamp) -> Option<&mut Span> {
        let (place, began) = self.last;
        let into = now.millis().checked_sub(began);
        if into.is_some_and(|into| (0..self.span_ms).contains(&into)) {
            return self.spans.get_mut(place);
        }
        let nth = now.millis().div_euclid(self.span_ms);
        let place = usize::try_from(nth.rem_euclid(self.length())).ok()?;
        self.last = (place, nth.saturating_mul(self.span_ms));
        let span = self.spans.get_mut(place)?;
        if span.nth != nth {
            span.begin(nth);
        }
        Some(span)
    }

    /// Whether anything was counted that the ring still holds.
    pub(crate) fn is_idle(&self, now: Timestamp) -> bool {
        !self.held(self.length(), now).any(|span| span.requests > 0)
    }

    /// All that was counted, up to and with the span of `now`, since `began` at the earliest.
    pub(crate) fn window(&self, now: Timestamp, began: Timestamp) -> Window {
        self.latest(self.spans.len(), now, began)
    }

    /// The same of the last `count` spans alone.
    pub(crate) fn latest(&self, count: usize, now: Timestamp, began: Timestamp) -> Window {
        let count = i64::try_from(count).unwrap_or(i64::MAX).clamp(1, self.length());
        let mut sum = Span::default();
        for span in self.held(count, now) {
            sum.requests = sum.requests.saturating_add(span.requests);
            sum.refusals = sum.refusals.saturating_add(span.refusals);
            sum.tokens = sum.tokens.saturating_add(span.tokens);
            sum.nano_usd = sum.nano_usd.saturating_add(span.nano_usd);
            sum.own.add(&span.own);
            sum.provider.add(&span.provider);
            sum.answer.add(&span.answer);
        }
        let into = now.millis().rem_euclid(self.span_ms);
        let held_ms = (count - 1).saturating_mul(self.span_ms).saturating_add(into);
        Window {
            covered_ms: now.millis_since(began).min(held_ms.unsigned_abs()),
            requests: sum.requests,
            refusals: sum.refusals,
            tokens: sum.tokens,
            nano_usd: sum.nano_usd,
            own: sum.own.spread(),
            provider: sum.provider.spread(),
            answer: sum.answer.spread(),
        }
    }

    /// Of the last `count` spans, those that are held: none that is yet to come after the clock
    /// was set back.
    fn held(&self, count: i64, now: Timestamp) -> impl Iterator<Item = &Span> {
        let last = now.millis().div_euclid(self.span_ms);
        let first = last.saturating_sub(count - 1);
        self.spans.iter().filter(move |span| (first..=last).contains(&span.nth))
    }

    fn length(&self) -> i64 {
        i64::try_from(self.spans.len()).unwrap_or(i64::MAX)
    }
}

impl Span {
    fn begin(&mut self, nth: i64) {
        self.nth = nth;
        (self.requests, self.refusals, self.tokens, self.nano_usd) = (0, 0, 0, 0);
        self.own.clear();
        self.provider.clear();
        self.answer.clear();
    }
}

impl Window {
    /// So many a second, in thousandths, of `count` within the window; 0 before it covers anything.
    #[must_use]
    pub const fn milli_per_second(&self, count: u64) -> u64 {
        match count.saturating_mul(1_000_000).checked_div(self.covered_ms) {
            Some(rate) => rate,
            None => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const BEGAN: Timestamp = Timestamp::from_millis(0);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn count(series: &mut Series, now: Timestamp) {
        series.at(now).expect("a ring has spans").requests += 1;
    }

    #[test]
    fn what_is_older_than_the_ring_is_forgotten() {
        let mut series = Series::new(1_000, 3);
        for second in 100..110 {
            count(&mut series, at(second));
        }
        assert_eq!(series.window(at(109), BEGAN).requests, 3);
        assert_eq!(series.window(at(110), BEGAN).requests, 2);
        assert_eq!(series.window(at(111), BEGAN).requests, 1);
        assert!(!series.is_idle(at(111)));
        assert!(series.is_idle(at(112)));
        // The place of a span that is long over is used again, from nothing.
        count(&mut series, at(1_000));
        assert_eq!(series.window(at(1_000), BEGAN).requests, 1);
    }

    #[test]
    fn a_rate_is_of_the_time_that_was_covered() {
        let mut series = Series::new(1_000, 11);
        for _ in 0..20 {
            count(&mut series, at(100));
        }
        let window = series.window(Timestamp::from_millis(100_500), at(96));
        assert_eq!((window.covered_ms, window.milli_per_second(window.requests)), (4_500, 4_444));
        let window = series.window(Timestamp::from_millis(100_500), BEGAN);
        assert_eq!((window.covered_ms, window.milli_per_second(window.requests)), (10_500, 1_904));
        let window = series.window(at(100), at(100));
        assert_eq!((window.covered_ms, window.milli_per_second(window.requests)), (0, 0));
    }

    #[test]
    fn the_last_spans_alone_are_a_window_of_their_own() {
        let mut series = Series::new(1_000, 10);
        for second in 100..110 {
            count(&mut series, at(second));
        }
        let now = Timestamp::from_millis(109_500);
        let latest = series.latest(3, now, BEGAN);
        assert_eq!((latest.requests, latest.covered_ms), (3, 2_500));
        assert_eq!(series.latest(0, now, BEGAN).requests, 1);
        assert_eq!(series.latest(usize::MAX, now, BEGAN), series.window(now, BEGAN));
    }

    #[test]
    fn a_clock_that_is_set_back_shows_nothing_of_what_has_not_come() {
        let mut series = Series::new(1_000, 3);
        count(&mut series, at(500));
        assert_eq!(series.window(at(100), BEGAN).requests, 0);
        // The year 1 and the end of time are as good as any other.
        for millis in [i64::MIN, -1, i64::MAX] {
            let now = Timestamp::from_millis(millis);
            count(&mut series, now);
            assert_eq!(series.window(now, now).requests, 1, "{millis}");
        }
    }

    #[test]
    fn times_are_those_of_the_window() {
        let mut series = Series::new(1_000, 2);
        series.at(at(1)).expect("a span").own.record(Duration::from_micros(5));
        series.at(at(2)).expect("a span").own.record(Duration::from_micros(7));
        let spread = series.window(at(2), BEGAN).own.expect("two times");
        assert_eq!((spread.count, spread.p50_us, spread.p99_us), (2, 5, 7));
        let spread = series.window(at(3), BEGAN).own.expect("one time");
        assert_eq!((spread.count, spread.p50_us), (1, 7));
        assert_eq!(series.window(at(4), BEGAN).own, None);
    }
}
