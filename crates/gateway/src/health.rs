//! How each target fares: which are set aside after failures, which are full, which are tried
//! again. It decides nothing about permission: a target that is not permitted is never asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use model::{ProviderName, Timestamp};

/// Failures in a row after which a target is set aside.
const FAILURES_MAX: u32 = 3;
/// How long a target is set aside the first time, in milliseconds; it doubles each time after.
const ASIDE_FIRST_MS: u64 = 1_000;
/// Longest time that failures alone set a target aside, in milliseconds.
const ASIDE_MAX_MS: u64 = 60_000;
/// Longest time that a provider's `retry-after` sets its target aside, in milliseconds.
const RETRY_AFTER_MAX_MS: u64 = 3_600_000;
/// Answers in a row after which a target that was set aside counts as steady again. Until then
/// one failure sets it aside, and for longer: a target that flaps is not trusted at once.
const STEADY_AFTER: u32 = 10;

/// The health of every target, by provider and the provider's own name of the model. It outlives
/// a change of charter.
#[derive(Debug, Default)]
pub(crate) struct Health {
    targets: RwLock<HashMap<ProviderName, HashMap<String, Arc<Watched>>>>,
}

/// One target, watched.
#[derive(Debug, Default)]
pub(crate) struct Watched(Mutex<State>);

#[derive(Debug, Default, Clone)]
struct State {
    in_flight: usize,
    /// Failures in a row.
    failures: u32,
    /// Set aside until then, and beyond until a probe succeeds.
    aside_until: Option<Timestamp>,
    /// How often it was set aside without becoming steady in between.
    times_aside: u32,
    /// Answers in a row since it was last set aside.
    answers: u32,
    /// A call is under way that finds out whether it is well again.
    probing: bool,
    last_failure: Option<&'static str>,
}

/// The right to send one call to a target; holds its place among the calls under way.
#[derive(Debug)]
pub(crate) struct Pass {
    watched: Arc<Watched>,
    probe: bool,
}

/// Why a target is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PassedOver {
    /// It failed and is set aside until then; later, a probe is under way.
    SetAside(Timestamp),
    /// It carries as many calls as it may.
    Busy,
}

/// How one target fares, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// It answers, or has not been tried.
    Healthy,
    /// So many failures in a row, not yet set aside.
    Failing(u32),
    /// Set aside until then; the first call after it is its probe.
    SetAside(Timestamp),
    /// It was set aside, and that time is over: the next call is its probe.
    ProbeDue,
    /// A call is under way that finds out whether it is well again.
    Probing,
}

/// What is known of one target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetHealth {
    /// How it fares.
    pub condition: Condition,
    /// Calls under way.
    pub in_flight: usize,
    /// The code of its last failure, where it had one since it was last steady.
    pub last_failure: Option<&'static str>,
}

impl Health {
    /// The target called `upstream_model` at `provider`.
    pub(crate) fn of(&self, provider: &ProviderName, upstream_model: &str) -> Arc<Watched> {
        let known = |targets: &HashMap<ProviderName, HashMap<String, Arc<Watched>>>| {
            targets.get(provider).and_then(|models| models.get(upstream_model)).cloned()
        };
        if let Some(watched) = known(&self.targets.read().unwrap_or_else(PoisonError::into_inner)) {
            return watched;
        }
        let mut targets = self.targets.write().unwrap_or_else(PoisonError::into_inner);
        let models = targets.entry(provider.clone()).or_default();
        Arc::clone(models.entry(upstream_model.to_owned()).or_default())
    }
}

impl Watched {
    /// A pass for one call, unless the target is set aside or carries `in_flight_max` already.
    pub(crate) fn admit(
        self: &Arc<Self>,
        now: Timestamp,
        in_flight_max: Option<usize>,
    ) -> Result<Pass, PassedOver> {
        let mut state = self.state();
        let mut probe = false;
        if let Some(until) = state.aside_until {
            if now < until || state.probing {
                return Err(PassedOver::SetAside(until));
            }
            probe = true;
        }
        if in_flight_max.is_some_and(|max| state.in_flight >= max) {
            return Err(PassedOver::Busy);
        }
        state.probing = state.probing || probe;
        state.in_flight += 1;
        Ok(Pass { watched: Arc::clone(self), probe })
    }

    /// How it fares at `now`.
    pub(crate) fn status(&self, now: Timestamp) -> TargetHealth {
        let state = self.state().clone();
        let condition = match (state.aside_until, state.probing, state.failures) {
            (Some(_), true, _) => Condition::Probing,
            (Some(until), false, _) if now < until => Condition::SetAside(until),
            (Some(_), false, _) => Condition::ProbeDue,
            (None, _, 0) => Condition::Healthy,
            (None, _, failures) => Condition::Failing(failures),
        };
        TargetHealth { condition, in_flight: state.in_flight, last_failure: state.last_failure }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    /// The target began an answer: it is no longer set aside, though the answer may still break
    /// off. A probe has then found out what it was for.
    pub(crate) fn began(&mut self) {
        if std::mem::replace(&mut self.probe, false) {
            let mut state = self.watched.state();
            state.aside_until = None;
            state.probing = false;
        }
    }

    /// The target's answer came to its end.
    pub(crate) fn succeeded(&self) {
        let mut state = self.watched.state();
        state.failures = 0;
        state.answers = state.answers.saturating_add(1);
        if state.answers >= STEADY_AFTER {
            state.times_aside = 0;
            state.last_failure = None;
        }
    }

    /// The target failed with `code`; `retry_after_ms` is what it asked for, where it did.
    pub(crate) fn failed(&self, now: Timestamp, code: &'static str, retry_after_ms: Option<u64>) {
        let mut state = self.watched.state();
        state.failures = state.failures.saturating_add(1);
        state.answers = 0;
        state.last_failure = Some(code);
        let unsteady = self.probe || state.times_aside > 0;
        let aside_ms = match retry_after_ms {
            Some(asked) => Some(asked.min(RETRY_AFTER_MAX_MS)),
            None if unsteady || state.failures >= FAILURES_MAX => Some(state.next_aside_ms()),
            None => None,
        };
        if self.probe {
            state.probing = false;
        }
        if let Some(aside_ms) = aside_ms {
            let until = now.plus_millis(i64::try_from(aside_ms).unwrap_or(i64::MAX));
            // Calls that were under way when the first of them failed do not shorten its rest.
            state.aside_until = Some(state.aside_until.map_or(until, |known| known.max(until)));
            state.failures = 0;
        }
    }
}

impl State {
    /// How long it is set aside this time.
    fn next_aside_ms(&mut self) -> u64 {
        let doubled = ASIDE_FIRST_MS.checked_shl(self.times_aside).unwrap_or(ASIDE_MAX_MS);
        self.times_aside = self.times_aside.saturating_add(1).min(16);
        doubled.min(ASIDE_MAX_MS)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut state = self.watched.state();
        state.in_flight = state.in_flight.saturating_sub(1);
        if self.probe {
            // A probe that ended without a verdict (the client left) leaves room for the next.
            state.probing = false;
        }
    }
}

#[cfg(test)]
mod tests;
