//! Names that became labels, and how many there may be. A charter's names are few, but charters
//! follow one another for as long as the process runs.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

/// What a name is called once there are too many.
pub(crate) const OTHER: &str = "other";

/// The names seen so far, up to a bound.
#[derive(Debug)]
pub(crate) struct Names {
    seen: RwLock<HashSet<Box<str>>>,
    most: usize,
}

impl Names {
    pub(crate) fn at_most(most: usize) -> Self {
        Self { seen: RwLock::default(), most }
    }

    /// `name`, or `other` where it is new and there are too many already.
    pub(crate) fn bounded<'n>(&self, name: &'n str) -> &'n str {
        if self.seen.read().unwrap_or_else(PoisonError::into_inner).contains(name) {
            return name;
        }
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        if seen.len() < self.most || seen.contains(name) {
            seen.insert(name.into());
            return name;
        }
        OTHER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_the_bound_become_other_and_known_ones_stay() {
        let names = Names::at_most(2);
        let check = |name: &str, expect: &str| assert_eq!(names.bounded(name), expect);
        check("a", "a");
        check("b", "b");
        check("c", "other");
        check("a", "a");
        check("b", "b");
        check("c", "other");
    }
}
