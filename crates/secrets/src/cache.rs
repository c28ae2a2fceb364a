//! Opened values kept in memory, so that a request does not wait for the disk. Bounded; what
//! falls out is overwritten.

use std::sync::{Mutex, MutexGuard, PoisonError};

use model::{SecretName, SecretVersion};
use zeroize::Zeroizing;

use crate::SecretValue;

/// Most values kept: with values of 16 KiB, 1 MiB.
const KEPT_MAX: usize = 64;

/// The latest opened values.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    /// Latest use first. A sealed version never changes, so nothing here goes stale.
    kept: Mutex<Vec<Kept>>,
}

#[derive(Debug)]
struct Kept {
    name: SecretName,
    version: SecretVersion,
    value: SecretValue,
}

impl Cache {
    /// A copy of a kept value.
    pub(crate) fn get(
        &self,
        name: &SecretName,
        version: SecretVersion,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let mut kept = self.lock();
        let at = kept.iter().position(|one| one.version == version && one.name == *name)?;
        kept.get_mut(..=at)?.rotate_right(1);
        kept.first().map(|one| copy(&one.value))
    }

    /// Keeps `value` and gives a copy of it. The one unused longest makes room.
    pub(crate) fn keep(
        &self,
        name: &SecretName,
        version: SecretVersion,
        value: SecretValue,
    ) -> Zeroizing<Vec<u8>> {
        let given = copy(&value);
        let mut kept = self.lock();
        // Two requests may have opened the same one; the second replaces the first.
        kept.retain(|one| one.version != version || one.name != *name);
        kept.truncate(KEPT_MAX - 1);
        kept.insert(0, Kept { name: name.clone(), version, value });
        given
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn copy(value: &SecretValue) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(value.expose().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(number: usize) -> SecretName {
        format!("secret-{number}").parse().expect("a name")
    }

    fn keep(cache: &Cache, number: usize, text: &str) {
        let bytes = Zeroizing::new(text.as_bytes().to_vec());
        let value = SecretValue::from_bytes(bytes).expect("a value");
        cache.keep(&name(number), SecretVersion(1), value);
    }

    #[test]
    fn the_value_unused_longest_makes_room() {
        let cache = Cache::default();
        for number in 0..KEPT_MAX {
            keep(&cache, number, "x");
        }
        assert!(cache.get(&name(0), SecretVersion(1)).is_some());
        keep(&cache, KEPT_MAX, "x");
        assert!(cache.get(&name(0), SecretVersion(1)).is_some(), "used lately");
        assert!(cache.get(&name(1), SecretVersion(1)).is_none(), "unused longest");
        assert_eq!(cache.lock().len(), KEPT_MAX);
    }

    #[test]
    fn versions_and_names_are_told_apart() {
        let cache = Cache::default();
        keep(&cache, 1, "a");
        keep(&cache, 1, "b");
        assert_eq!(cache.get(&name(1), SecretVersion(1)).expect("kept").as_slice(), b"b");
        assert_eq!(cache.lock().len(), 1);
        assert!(cache.get(&name(1), SecretVersion(2)).is_none());
        assert!(cache.get(&name(2), SecretVersion(1)).is_none());
    }
}
