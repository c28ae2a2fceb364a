//! What went through lately: how much, how fast, by which agent, to which model and where, for
//! people who look at the gateway now. It keeps no request, grows with nothing that a request
//! says, and decides nothing; the decision log is the record.

mod followed;
mod histogram;
mod newest;
mod rows;
mod series;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::{Case, Clock, RefusalCode, Timestamp};
use policy::TargetFacts;
use tokio::time::Instant;

pub(crate) use followed::Followed;
pub use histogram::Spread;
use newest::Newest;
pub use newest::Refused;
use rows::{Row, Rows};
use series::Series;
pub use series::Window;

use crate::arrival::Arrival;

/// The spans of everything together: five seconds each, five minutes in all.
const WHOLE: (i64, usize) = (5_000, 61);
/// How many of those spans are what happens just now: ten to fifteen seconds.
const RECENT: usize = 3;
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
    codes: Rows,
    newest: Newest,
    in_flight: AtomicUsize,
    streams: AtomicUsize,
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
    /// The last ten to fifteen seconds of that.
    pub recent: Window,
    /// By agent, for at most ten seconds.
    pub agents: Vec<TrafficRow>,
    /// By model.
    pub models: Vec<TrafficRow>,
    /// By target, as `provider/upstream-model`.
    pub targets: Vec<TrafficRow>,
    /// Refusals, by code.
    pub codes: Vec<TrafficRow>,
    /// The newest refusals whose caller is known, the latest first.
    pub newest: Vec<Refused>,
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
            codes: Rows::default(),
            newest: Newest::default(),
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
        let model = case.ask.as_ref().and_then(|ask| ask.model.as_ref());
        if model.is_some() {
            self.model(case, now).count(now, Some(code));
        }
        self.newest.note(Refused {
            id: arrival.id,
            at: now,
            code,
            agent: case.subject.as_ref().map(|subject| subject.agent.to_string()),
            model: model.map(ToString::to_string),
        });
    }

    /// A request was answered by the gateway itself.
    pub(crate) fn answered(&self, arrival: Arrival, case: &Case) {
        let now = self.decided(arrival, None);
        self.agent(case, now).count(now, None);
    }

    /// The last failure of a call to this target that is remembered, in words.
    pub(crate) fn last_failure(&self, target: &TargetFacts) -> Option<String> {
        let name = target_name(target.provider.as_str(), &target.upstream_model);
        let (code, at) = self.targets.known(&name)?.counted().last_refusal?;
        Some(format!("a call failed at {at}: {}", code.as_str()))
    }

    /// What went through lately.
    pub(crate) fn traffic(&self, draining: bool) -> Traffic {
        let now = self.clock.now();
        let (whole, recent) = {
            let whole = self.whole();
            (whole.window(now, self.began), whole.latest(RECENT, now, self.began))
        };
        Traffic {
            began: self.began,
            draining,
            in_flight: self.in_flight.load(Ordering::Relaxed),
            streams: self.streams.load(Ordering::Relaxed),
            whole,
            recent,
            agents: self.agents.all(now, self.began),
            models: self.models.all(now, self.began),
            targets: self.targets.all(now, self.began),
            codes: self.codes.all(now, self.began),
            newest: self.newest.all(),
        }
    }

    /// Counts a request, with the gateway's own part of it.
    fn decided(&self, arrival: Arrival, refused: Option<RefusalCode>) -> Timestamp {
        let instant = Instant::now();
        let now = arrival.at(instant);
        if let Some(span) = self.whole().at(now) {
            span.requests += 1;
            span.refusals += u64::from(refused.is_some());
            span.own.record(instant.saturating_duration_since(arrival.began));
        }
        if let Some(code) = refused {
            self.codes.of(code.as_str(), now).count(now, Some(code));
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

/// How a target's row is called.
fn target_name(provider: &str, upstream_model: &str) -> String {
    [provider, "/", upstream_model].concat()
}

#[cfg(test)]
mod tests;
