//! What went through lately: how much, how fast, by which agent, to which model and where, for
//! people who look at the gateway now. It keeps no request, grows with nothing that a request
//! says, and decides nothing; the decision log is the record.

mod histogram;
mod series;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use model::{Case, Clock, RefusalCode, Timestamp, Usage};
use policy::TargetFacts;
use tokio::time::{Duration, Instant};

pub use histogram::Spread;
use series::Series;
pub use series::Window;

use crate::arrival::Arrival;

/// The spans of everything together: five seconds each, five minutes in all.
const WHOLE: (i64, usize) = (5_000, 61);
/// The spans of one row: a second each, ten seconds in all.
const ROW: (i64, usize) = (1_000, 11);
/// Most rows of one kind. What comes beyond is counted in [`OTHERS`].
const ROWS_MAX: usize = 128;
/// The row of what has none of its own.
const OTHERS: &str = "(others)";
/// The row of requests that proved no identity.
const UNPROVED: &str = "(unproved)";
/// The row of names that no charter declares: whoever asks chooses such a name.
const UNDECLARED: &str = "(undeclared)";

/// The figures of one gate.
#[derive(Debug)]
pub(crate) struct Figures {
    began: Timestamp,
    clock: Arc<dyn Clock>,
    whole: Mutex<Series>,
    agents: Rows,
    models: Rows,
    targets: Rows,
    in_flight: AtomicUsize,
    streams: AtomicUsize,
}

/// Rows by name.
#[derive(Debug, Default)]
struct Rows(RwLock<HashMap<String, Arc<Row>>>);

/// One agent, model or target.
#[derive(Debug)]
struct Row(Mutex<Counted>);

#[derive(Debug)]
struct Counted {
    series: Series,
    in_flight: usize,
    last_refusal: Option<(RefusalCode, Timestamp)>,
}

/// One forwarded call, as the figures follow it until it is dropped.
#[derive(Debug)]
pub(crate) struct Followed {
    figures: Arc<Figures>,
    agent: Arc<Row>,
    model: Arc<Row>,
    target: Option<Arc<Row>>,
    began: Instant,
    sent: Option<Instant>,
    streams: bool,
}

/// What went through lately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traffic {
    /// Since when this process serves.
    pub began: Timestamp,
    /// Whether new requests are refused because it stops.
    pub draining: bool,
    /// Calls under way.
    pub in_flight: usize,
    /// Of those, answers that are being streamed.
    pub streams: usize,
    /// Everything, for at most five minutes.
    pub whole: Window,
    /// By agent, for at most ten seconds.
    pub agents: Vec<TrafficRow>,
    /// By model.
    pub models: Vec<TrafficRow>,
    /// By target, as `provider/upstream-model`.
    pub targets: Vec<TrafficRow>,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrafficRow {
    /// Whose.
    pub name: String,
    /// Calls under way.
    pub in_flight: usize,
    /// What the last seconds saw.
    pub window: Window,
    /// The latest refusal since the row began, and when it fell.
    pub last_refusal: Option<(RefusalCode, Timestamp)>,
}

impl Figures {
    /// Figures that begin now.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            began: clock.now(),
            clock,
            whole: Mutex::new(Series::new(WHOLE.0, WHOLE.1)),
            agents: Rows::default(),
            models: Rows::default(),
            targets: Rows::default(),
            in_flight: AtomicUsize::new(0),
            streams: AtomicUsize::new(0),
        }
    }

    /// A request that proved no identity was refused.
    pub(crate) fn unproved(&self, arrival: Arrival, code: RefusalCode) {
        let now = self.decided(arrival, Some(code));
        self.agents.of(UNPROVED, now).count(now, Some(code));
    }

    /// A request was refused before anything was sent; without a case where nobody knows whose.
    pub(crate) fn refused(&self, arrival: Arrival, case: Option<&Case>, code: RefusalCode) {
        let now = self.decided(arrival, Some(code));
        let Some(case) = case else { return };
        self.agent(case, now).count(now, Some(code));
        if case.ask.as_ref().is_some_and(|ask| ask.model.is_some()) {
            self.model(case, now).count(now, Some(code));
        }
    }

    /// A request was answered by the gateway itself.
    pub(crate) fn answered(&self, arrival: Arrival, case: &Case) {
        let now = self.decided(arrival, None);
        self.agent(case, now).count(now, None);
    }

    /// A call is recorded and about to be sent.
    pub(crate) fn follow(self: &Arc<Self>, arrival: Arrival, case: &Case) -> Followed {
        let now = self.decided(arrival, None);
        let (agent, model) = (self.agent(case, now), self.model(case, now));
        for row in [&agent, &model] {
            row.count(now, None);
            row.counted().in_flight += 1;
        }
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Followed {
            figures: Arc::clone(self),
            agent,
            model,
            target: None,
            began: arrival.began,
            sent: None,
            streams: false,
        }
    }

    /// The last failure of a call to this target that is remembered, in words.
    pub(crate) fn last_failure(&self, target: &TargetFacts) -> Option<String> {
        let name = name_of(target.provider.as_str(), &target.upstream_model);
        let rows = self.targets.0.read().unwrap_or_else(PoisonError::into_inner);
        let (code, at) = rows.get(&name)?.counted().last_refusal?;
        Some(format!("a call failed at {at}: {}", code.as_str()))
    }

    /// What went through lately.
    pub(crate) fn traffic(&self, draining: bool) -> Traffic {
        let now = self.clock.now();
        Traffic {
            began: self.began,
            draining,
            in_flight: self.in_flight.load(Ordering::Relaxed),
            streams: self.streams.load(Ordering::Relaxed),
            whole: self.whole().window(now, self.began),
            agents: self.agents.all(now, self.began),
            models: self.models.all(now, self.began),
            targets: self.targets.all(now, self.began),
        }
    }

    /// Counts a request, with the gateway's own part of it.
    fn decided(&self, arrival: Arrival, refused: Option<RefusalCode>) -> Timestamp {
        let (now, took) = (self.clock.now(), arrival.began.elapsed());
        if let Some(span) = self.whole().at(now) {
            span.requests += 1;
            span.refusals += u64::from(refused.is_some());
            span.own.record(took);
        }
        now
    }

    fn agent(&self, case: &Case, now: Timestamp) -> Arc<Row> {
        let declared = case.subject.as_ref().filter(|_| case.agent_owner.is_some());
        let name = declared.map_or(UNDECLARED, |subject| subject.agent.as_str());
        self.agents.of(name, now)
    }

    fn model(&self, case: &Case, now: Timestamp) -> Arc<Row> {
        let asked = case.ask.as_ref().and_then(|ask| ask.model.as_ref());
        let declared = asked.filter(|_| case.target_owner.is_some());
        let name = declared.map_or(UNDECLARED, |model| model.as_str());
        self.models.of(name, now)
    }

    fn whole(&self) -> MutexGuard<'_, Series> {
        self.whole.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Followed {
    /// A try begins at this target.
    pub(crate) fn sent(&mut self, provider: &str, upstream_model: &str) {
        self.leave_target();
        let now = self.figures.clock.now();
        let row = self.figures.targets.of(&name_of(provider, upstream_model), now);
        row.count(now, None);
        row.counted().in_flight += 1;
        self.target = Some(row);
        self.sent = Some(Instant::now());
    }

    /// The target's answer began, or it was waited for in vain.
    pub(crate) fn answered(&mut self) {
        let Some(took) = self.sent.take().map(|sent| sent.elapsed()) else { return };
        let (now, waited) = (self.figures.clock.now(), self.began.elapsed());
        if let Some(span) = self.figures.whole().at(now) {
            span.provider.record(took);
            span.answer.record(waited);
        }
        self.agent.waited(now, waited);
        self.model.waited(now, waited);
        if let Some(target) = &self.target {
            target.waited(now, took);
        }
    }

    /// The try under way failed; another may follow.
    pub(crate) fn failed(&self, code: &str) {
        // A provider's status is no refusal of ours.
        let Ok(code) = code.parse() else { return };
        let now = self.figures.clock.now();
        if let Some(target) = &self.target {
            target.refused(now, code);
        }
    }

    /// The client is told a refusal instead of an answer.
    pub(crate) fn refused(&self, code: RefusalCode) {
        let now = self.figures.clock.now();
        if let Some(span) = self.figures.whole().at(now) {
            span.refusals += 1;
        }
        self.agent.refused(now, code);
        self.model.refused(now, code);
    }

    /// The answer is a stream.
    pub(crate) fn streams(&mut self) {
        if !std::mem::replace(&mut self.streams, true) {
            self.figures.streams.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What the call used and cost, as far as anybody knows.
    pub(crate) fn used(&self, usage: Option<Usage>, nano_usd: Option<u64>) {
        let usage = usage.unwrap_or_default();
        let tokens = usage.input_tokens.saturating_add(usage.output_tokens);
        let nano_usd = nano_usd.unwrap_or(0);
        let now = self.figures.clock.now();
        if let Some(span) = self.figures.whole().at(now) {
            span.tokens = span.tokens.saturating_add(tokens);
            span.nano_usd = span.nano_usd.saturating_add(nano_usd);
        }
        for row in [Some(&self.agent), Some(&self.model), self.target.as_ref()] {
            if let Some(span) = row.map(|row| row.counted()).as_mut().and_then(|row| row.at(now)) {
                span.tokens = span.tokens.saturating_add(tokens);
                span.nano_usd = span.nano_usd.saturating_add(nano_usd);
            }
        }
    }

    fn leave_target(&mut self) {
        if let Some(row) = self.target.take() {
            row.left();
        }
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.leave_target();
        self.agent.left();
        self.model.left();
        self.figures.in_flight.fetch_sub(1, Ordering::Relaxed);
        if self.streams {
            self.figures.streams.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// How a target's row is called.
fn name_of(provider: &str, upstream_model: &str) -> String {
    format!("{provider}/{upstream_model}")
}

impl Rows {
    /// The row called `name`; where there are too many, that of the others.
    fn of(&self, name: &str, now: Timestamp) -> Arc<Row> {
        if let Some(row) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Arc::clone(row);
        }
        let mut rows = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if rows.len() >= ROWS_MAX && !rows.contains_key(name) {
            // A row that nobody holds and that says nothing any more makes room.
            rows.retain(|_, row| Arc::strong_count(row) > 1 || !row.counted().series.is_idle(now));
        }
        let name = if rows.len() >= ROWS_MAX && !rows.contains_key(name) { OTHERS } else { name };
        Arc::clone(rows.entry(name.to_owned()).or_insert_with(|| Arc::new(Row::new())))
    }

    /// All of them, by name.
    fn all(&self, now: Timestamp, began: Timestamp) -> Vec<TrafficRow> {
        let rows = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<TrafficRow> = rows
            .iter()
            .map(|(name, row)| {
                let counted = row.counted();
                TrafficRow {
                    name: name.clone(),
                    in_flight: counted.in_flight,
                    window: counted.series.window(now, began),
                    last_refusal: counted.last_refusal,
                }
            })
            .collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }
}

impl Row {
    fn new() -> Self {
        let series = Series::new(ROW.0, ROW.1);
        Self(Mutex::new(Counted { series, in_flight: 0, last_refusal: None }))
    }

    fn count(&self, now: Timestamp, refused: Option<RefusalCode>) {
        if let Some(span) = self.counted().at(now) {
            span.requests += 1;
        }
        if let Some(code) = refused {
            self.refused(now, code);
        }
    }

    fn refused(&self, now: Timestamp, code: RefusalCode) {
        let mut counted = self.counted();
        counted.last_refusal = Some((code, now));
        if let Some(span) = counted.at(now) {
            span.refusals += 1;
        }
    }

    fn waited(&self, now: Timestamp, took: Duration) {
        if let Some(span) = self.counted().at(now) {
            span.answer.record(took);
        }
    }

    fn left(&self) {
        let mut counted = self.counted();
        counted.in_flight = counted.in_flight.saturating_sub(1);
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    fn at(&mut self, now: Timestamp) -> Option<&mut series::Span> {
        self.series.at(now)
    }
}

#[cfg(test)]
mod tests;
