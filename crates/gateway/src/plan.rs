//! Which of the permitted targets a call is sent to next, within the tries its model declares.
//!
//! It chooses among permitted targets only; which failures lead to another try is
//! [`leads_on`]'s closed list.

use std::sync::Arc;

use bundle::Retries;
use model::{RefusalCode, Timestamp};
use tokio::time::{Duration, Instant};

use crate::health::{Pass, PassedOver, Watched};

/// The tries of one call.
#[derive(Debug)]
pub(crate) struct Plan {
    candidates: Vec<Candidate>,
    tries_left: u32,
    /// No try begins after this.
    until: Instant,
    backoff: Duration,
    /// The candidate whose turn it is.
    turn: usize,
    begun: bool,
}

/// A permitted target.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) watched: Arc<Watched>,
    pub(crate) in_flight_max: Option<usize>,
    tries: u32,
    /// Not tried again before this.
    ready: Option<Instant>,
    /// That it was passed over stands in the record already.
    noted: bool,
}

/// What comes next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Send to the target at this place of the permit.
    Try(usize, Pass),
    /// Wait: a target that this call tried may be tried again then.
    Wait(Instant),
    /// No more: why nothing (else) was tried, and in how many milliseconds it may be different.
    Nothing(RefusalCode, Option<u64>),
}

/// A target that was passed over, once for each call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Skipped {
    pub(crate) index: usize,
    pub(crate) why: &'static str,
}

impl Candidate {
    pub(crate) const fn new(watched: Arc<Watched>, in_flight_max: Option<usize>) -> Self {
        Self { watched, in_flight_max, tries: 0, ready: None, noted: false }
    }
}

impl Plan {
    /// A plan for `candidates`, in the permit's order, from now on.
    pub(crate) fn new(candidates: Vec<Candidate>, retries: Retries, backoff: Duration) -> Self {
        let until = Instant::now() + Duration::from_millis(retries.within_ms);
        // Undeclared, each permitted target once.
        let each_once = u32::try_from(candidates.len()).unwrap_or(u32::MAX);
        let tries_left = retries.attempts_max.unwrap_or(each_once);
        Self { candidates, tries_left, until, backoff, turn: 0, begun: false }
    }

    /// What comes next; notes in `skipped` which targets it passes over for the first time.
    pub(crate) fn next(&mut self, now: Timestamp, skipped: &mut Vec<Skipped>) -> Next {
        let instant = Instant::now();
        if self.tries_left == 0 || (self.begun && instant >= self.until) {
            return Next::Nothing(RefusalCode::TargetsSetAside, None);
        }
        let mut aside: Option<Timestamp> = None;
        let mut busy = false;
        let mut again: Option<Instant> = None;
        let count = self.candidates.len();
        for place in (0..count).map(|step| (self.turn + step) % count) {
            let Some(candidate) = self.candidates.get_mut(place) else { continue };
            if let Some(ready) = candidate.ready.filter(|ready| *ready > instant) {
                again = earlier(again, ready);
                continue;
            }
            let why = match candidate.watched.admit(now, candidate.in_flight_max) {
                Ok(pass) => {
                    candidate.tries += 1;
                    self.turn = place + 1;
                    self.tries_left -= 1;
                    self.begun = true;
                    return Next::Try(place, pass);
                }
                Err(PassedOver::SetAside(until)) => {
                    aside = earlier(aside, until);
                    "target_set_aside"
                }
                Err(PassedOver::Busy) => {
                    busy = true;
                    "target_busy"
                }
            };
            if !std::mem::replace(&mut candidate.noted, true) {
                skipped.push(Skipped { index: place, why });
            }
        }
        match again.filter(|again| *again < self.until) {
            Some(again) => Next::Wait(again),
            None if busy => Next::Nothing(RefusalCode::TargetsBusy, None),
            None => {
                let wait = aside.map(|until| until.millis_since(now));
                Next::Nothing(RefusalCode::TargetsSetAside, wait)
            }
        }
    }

    /// The target at `place` failed; `retry_after_ms` is what it asked for, where it did.
    pub(crate) fn failed(&mut self, place: usize, retry_after_ms: Option<u64>) {
        let backoff = self.backoff;
        if let Some(candidate) = self.candidates.get_mut(place) {
            let doubled = backoff * 2_u32.saturating_pow(candidate.tries.saturating_sub(1).min(8));
            let asked = Duration::from_millis(retry_after_ms.unwrap_or(0));
            candidate.ready = Instant::now().checked_add(doubled.max(asked)).or(Some(self.until));
        }
    }
}

/// Whether a call that failed with `code` before its answer began may be tried elsewhere: no
/// connection, one that broke, or time. Never what a provider said on purpose.
pub(crate) const fn leads_on(code: RefusalCode) -> bool {
    matches!(
        code,
        RefusalCode::UpstreamConnect | RefusalCode::UpstreamTimeout | RefusalCode::UpstreamDropped
    )
}

/// The same for an answer's status.
pub(crate) const fn status_leads_on(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..=599)
}

/// The wait a provider asks for (RFC 9110, 10.2.3), in milliseconds; only its form in seconds is
/// read, the one that model providers send.
pub(crate) fn retry_after_ms(headers: &http::HeaderMap) -> Option<u64> {
    let text = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // More than can be counted is as long as it gets. No wait at all asks for nothing.
    let seconds = text.parse().unwrap_or(u64::MAX);
    Some(u64::saturating_mul(seconds, 1_000)).filter(|wait| *wait > 0)
}

fn earlier<T: Ord>(known: Option<T>, next: T) -> Option<T> {
    Some(match known {
        Some(known) => known.min(next),
        None => next,
    })
}

#[cfg(test)]
mod tests;
