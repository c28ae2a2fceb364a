//! Answers that were given before. An answer depends on what was asked and on nothing else, so
//! that of the same question need not be worked out again.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, PoisonError, RwLock};

use crate::index::Matches;

/// Most answers that are kept, in each of two generations.
const ANSWERS_MAX: usize = 4_096;

/// In how many parts they are kept, each locked by itself.
const SHELVES: usize = 16;

/// Answers by what they hang on. It never answers another question than the one that was asked:
/// a key holds all that the answer depends on, and is compared whole.
pub(crate) struct Memory {
    hasher: RandomState,
    shelves: [RwLock<Shelf>; SHELVES],
}

/// The answers of late, and those before. When the newer ones are too many they become the older
/// ones, and those are forgotten.
#[derive(Default)]
struct Shelf {
    newer: Answers,
    older: Answers,
}

type Answers = HashMap<Box<[u8]>, Arc<Matches>>;

impl Default for Memory {
    fn default() -> Self {
        Self { hasher: RandomState::new(), shelves: Default::default() }
    }
}

impl Memory {
    /// The answer to `key`, if it is remembered.
    pub(crate) fn recall(&self, key: &[u8]) -> Option<Arc<Matches>> {
        let shelf = self.shelf(key)?;
        let older = {
            let shelf = shelf.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = shelf.newer.get(key) {
                return Some(Arc::clone(known));
            }
            Arc::clone(shelf.older.get(key)?)
        };
        // It is asked again, so it stays.
        shelf.write().unwrap_or_else(PoisonError::into_inner).put(key, Arc::clone(&older));
        Some(older)
    }

    /// Remembers the answer to `key`.
    pub(crate) fn learn(&self, key: &[u8], matches: Arc<Matches>) {
        let Some(shelf) = self.shelf(key) else { return };
        shelf.write().unwrap_or_else(PoisonError::into_inner).put(key, matches);
    }

    fn shelf(&self, key: &[u8]) -> Option<&RwLock<Shelf>> {
        let hash = usize::try_from(self.hasher.hash_one(key) % (SHELVES as u64)).ok()?;
        self.shelves.get(hash)
    }
}

impl Shelf {
    fn put(&mut self, key: &[u8], matches: Arc<Matches>) {
        if self.newer.len() >= ANSWERS_MAX / SHELVES {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(key.into(), matches);
    }
}

/// What is remembered is no part of what the policies are.
impl fmt::Debug for Memory {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Memory").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learn(memory: &Memory, number: usize) {
        memory.learn(number.to_string().as_bytes(), Arc::default());
    }

    fn known(memory: &Memory, numbers: std::ops::Range<usize>) -> usize {
        numbers.filter(|number| memory.recall(number.to_string().as_bytes()).is_some()).count()
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_oldest_goes_first() {
        let memory = Memory::default();
        (0..20 * ANSWERS_MAX).for_each(|number| learn(&memory, number));
        let kept: usize = memory
            .shelves
            .iter()
            .map(|shelf| shelf.read().unwrap())
            .map(|shelf| shelf.newer.len() + shelf.older.len())
            .sum();
        assert!(kept <= 2 * ANSWERS_MAX, "{kept}");
        assert_eq!(known(&memory, 0..ANSWERS_MAX), 0, "the oldest are forgotten");
        let last = 20 * ANSWERS_MAX - 1;
        assert_eq!(known(&memory, last..last + 1), 1);
    }

    #[test]
    fn what_is_asked_again_and_again_stays() {
        let memory = Memory::default();
        learn(&memory, 0);
        for number in 1..20 * ANSWERS_MAX {
            learn(&memory, number);
            assert!(number % 16 != 0 || known(&memory, 0..1) == 1, "forgotten after {number}");
        }
    }
}
