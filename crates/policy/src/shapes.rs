//! Which shapes of questions conform to the schema: each is checked once, for the check costs as
//! much as the evaluation and depends on nothing else.

use std::collections::HashSet;
use std::fmt;
use std::sync::{PoisonError, RwLock};

/// Most shapes that are remembered. A shape is an action, which optional fields there are and one
/// word of each closed vocabulary; further ones are checked each time.
const SHAPES_MAX: usize = 4_096;

/// Shapes that were checked and found to conform. Only [`Shapes::learn`] adds to them; nothing is
/// ever taken out, and what is remembered changes no answer.
#[derive(Default)]
pub(crate) struct Shapes(RwLock<HashSet<String>>);

impl Shapes {
    /// Whether `shape` was found to conform.
    pub(crate) fn hold(&self, shape: &str) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(shape)
    }

    /// Remembers that `shape` conforms.
    pub(crate) fn learn(&self, shape: String) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() < SHAPES_MAX {
            known.insert(shape);
        }
    }
}

/// What is remembered is no part of what the policies are.
impl fmt::Debug for Shapes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Shapes").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_remembered_up_to_the_limit() {
        let shapes = Shapes::default();
        for number in 0..=SHAPES_MAX {
            assert!(!shapes.hold(&number.to_string()));
            shapes.learn(number.to_string());
        }
        assert!(shapes.hold("0"));
        assert!(shapes.hold(&(SHAPES_MAX - 1).to_string()));
        assert!(!shapes.hold(&SHAPES_MAX.to_string()), "one too many is checked each time");
    }
}
