//! Subjects of tokens that were verified, by the token's SHA-256, until they expire.
//!
//! It holds no token and no refusal, and never decides whether an entry may be used: the
//! verifier checks the time on every hit.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use model::{Digest, Subject, Timestamp};

/// Locks the entries are spread over, so that requests seldom wait for each other.
const SHARDS: usize = 16;

/// A bounded cache. Where a shard is full, the entry that expires first makes room.
#[derive(Debug)]
pub(crate) struct Cache {
    /// Written by `insert` alone, each under its own lock, held for a few lookups at most.
    shards: [Mutex<Shard>; SHARDS],
    shard_entries_max: usize,
}

#[derive(Debug, Default)]
struct Shard {
    subjects: HashMap<Digest, Arc<Subject>>,
    /// The same entries in the order in which they make room.
    by_expiry: BTreeSet<(Timestamp, Digest)>,
}

impl Cache {
    /// A cache of about `entries_max` entries: a sixteenth of it in each shard, at least one.
    pub(crate) fn new(entries_max: usize) -> Self {
        let shard_entries_max = (entries_max / SHARDS).max(1);
        Self { shards: std::array::from_fn(|_| Mutex::default()), shard_entries_max }
    }

    /// The subject of the token with this digest, whether or not it has expired.
    pub(crate) fn get(&self, token: &Digest) -> Option<Arc<Subject>> {
        self.with_shard(token, |shard| shard.subjects.get(token).cloned())
    }

    /// Remembers a verified token's subject.
    pub(crate) fn insert(&self, subject: Arc<Subject>) {
        let token = subject.credential;
        self.with_shard(&token, |shard| {
            shard.by_expiry.insert((subject.expires, token));
            shard.subjects.insert(token, subject);
            while shard.subjects.len() > self.shard_entries_max {
                let Some((_, first)) = shard.by_expiry.pop_first() else { break };
                shard.subjects.remove(&first);
            }
        });
    }

    /// How many entries there are now.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        let count = |shard: &Mutex<Shard>| {
            shard.lock().unwrap_or_else(PoisonError::into_inner).subjects.len()
        };
        self.shards.iter().map(count).sum()
    }

    fn with_shard<T>(&self, token: &Digest, act: impl FnOnce(&mut Shard) -> T) -> T {
        let [first, ..] = token.as_bytes();
        let [zeroth, rest @ ..] = &self.shards;
        let shard = match usize::from(*first) % SHARDS {
            0 => zeroth,
            index => rest.get(index - 1).unwrap_or(zeroth),
        };
        // No code under the lock panics; were it to, the entries are still whole subjects.
        act(&mut shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests;
