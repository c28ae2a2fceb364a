//! What each agent did in the last ten minutes, as facts for policies. It decides nothing.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::{AgentName, Timestamp};

const BUCKET_MS: i64 = 60_000;
/// Ten whole minutes and the one that runs: nothing is forgotten before it is ten minutes old.
const BUCKETS: usize = 11;
/// Most distinct targets remembered of one agent; more are counted as so many.
const TARGETS_MAX: usize = 256;
/// Most agents told apart; those beyond share one record, which can only say too much of them.
const AGENTS_MAX: usize = 100_000;

/// The recent behaviour of every agent.
#[derive(Debug, Default)]
pub struct Recent {
    agents: Mutex<Agents>,
}

/// What an agent did in the last ten minutes, to the minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecentFacts {
    /// Its requests, refused ones too.
    pub requests: u64,
    /// Those that were refused.
    pub refusals: u64,
    /// How many different targets it asked for; of more than 256, so many.
    pub targets: u64,
}

/// How a request went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Went {
    /// It was allowed.
    Allowed,
    /// It was refused.
    Refused,
}

#[derive(Debug, Default)]
struct Agents {
    named: HashMap<AgentName, History>,
    others: History,
    /// The minute in which idle agents were last dropped.
    swept: i64,
}

/// What one agent did, minute by minute.
#[derive(Debug, Clone, Default)]
struct History {
    /// The newest minute anything happened in. It never goes back: while a clock is set back,
    /// everything counts as happening in it.
    newest: i64,
    /// Where a minute's count stands: at its number modulo their number.
    buckets: [Bucket; BUCKETS],
    /// Each target, by its hash, and the newest minute it was asked for.
    targets: Vec<(u64, i64)>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    minute: i64,
    requests: u32,
    refusals: u32,
}

impl Recent {
    /// Nothing known of anybody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Remembers a request of `agent`, and what it asked for, by a hash of the name.
    pub fn note(&self, agent: &AgentName, now: Timestamp, went: Went, target: Option<u64>) {
        let minute = minute(now);
        let mut agents = self.lock();
        agents.history_mut(agent, minute).note(minute, went, target);
    }

    /// What `agent` did lately.
    #[must_use]
    pub fn facts(&self, agent: &AgentName, now: Timestamp) -> RecentFacts {
        let agents = self.lock();
        agents.named.get(agent).unwrap_or(&agents.others).facts(minute(now))
    }

    /// Nothing panics while holding the lock, so there is no half-made state.
    fn lock(&self) -> MutexGuard<'_, Agents> {
        self.agents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Agents {
    /// The history to write to: the agent's own, as long as there is room for it.
    fn history_mut(&mut self, agent: &AgentName, minute: i64) -> &mut History {
        if self.named.len() >= AGENTS_MAX && !self.named.contains_key(agent) {
            self.sweep(minute);
            if self.named.len() >= AGENTS_MAX {
                return &mut self.others;
            }
        }
        self.named.entry(agent.clone()).or_default()
    }

    /// Forgets idle agents, at most once a minute: it looks at every one of them.
    fn sweep(&mut self, minute: i64) {
        if self.swept != minute {
            self.swept = minute;
            self.named.retain(|_, history| is_recent(history.newest, minute));
        }
    }
}

impl History {
    fn note(&mut self, minute: i64, went: Went, target: Option<u64>) {
        self.newest = self.newest.max(minute);
        let minute = self.newest;
        if let Some(bucket) = self.buckets.get_mut(place(minute)) {
            if bucket.minute != minute {
                *bucket = Bucket { minute, ..Bucket::default() };
            }
            bucket.requests = bucket.requests.saturating_add(1);
            let refusals = u32::from(went == Went::Refused);
            bucket.refusals = bucket.refusals.saturating_add(refusals);
        }
        if let Some(target) = target {
            self.note_target(minute, target);
        }
    }

    fn note_target(&mut self, minute: i64, target: u64) {
        match self.targets.iter_mut().find(|(known, _)| *known == target) {
            Some((_, last)) => *last = minute,
            None => {
                self.targets.retain(|(_, last)| is_recent(*last, minute));
                if self.targets.len() < TARGETS_MAX {
                    self.targets.push((target, minute));
                }
            }
        }
    }

    fn facts(&self, minute: i64) -> RecentFacts {
        let now = minute.max(self.newest);
        let recent = self.buckets.iter().filter(|bucket| is_recent(bucket.minute, now));
        let targets = self.targets.iter().filter(|(_, last)| is_recent(*last, now)).count();
        recent.fold(
            RecentFacts {
                targets: u64::try_from(targets).unwrap_or(u64::MAX),
                ..RecentFacts::default()
            },
            |facts, bucket| RecentFacts {
                requests: facts.requests.saturating_add(bucket.requests.into()),
                refusals: facts.refusals.saturating_add(bucket.refusals.into()),
                ..facts
            },
        )
    }
}

/// The minute of `now`, from 1; a bucket that was never used says 0.
const fn minute(now: Timestamp) -> i64 {
    match now.millis() {
        ..0 => 1,
        millis => millis / BUCKET_MS + 1,
    }
}

fn is_recent(minute: i64, now: i64) -> bool {
    let ago = now.saturating_sub(minute);
    minute > 0 && usize::try_from(ago).is_ok_and(|ago| ago < BUCKETS)
}

/// Where the count of `minute` stands.
fn place(minute: i64) -> usize {
    usize::try_from(minute).unwrap_or(0) % BUCKETS
}

#[cfg(test)]
mod tests;
