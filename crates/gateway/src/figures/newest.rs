//! The newest refusals of those whose caller is known, so that whoever looks on need not read the
//! log each time. It keeps a fixed number, and nothing of a prompt.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use model::{DecisionId, RefusalCode, Timestamp};

/// How many are kept.
const KEPT: usize = 32;

/// The newest refusals.
#[derive(Debug, Default)]
pub(super) struct Newest(Mutex<VecDeque<Refused>>);

/// One refusal that stands in the decision log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Under which decision.
    pub id: DecisionId,
    /// When it was told.
    pub at: Timestamp,
    /// Why.
    pub code: RefusalCode,
    /// Whose request it was.
    pub agent: Option<String>,
    /// The model it was for, as the agent named it.
    pub model: Option<String>,
}

impl Newest {
    /// One more.
    pub(super) fn note(&self, refused: Refused) {
        let mut newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        newest.truncate(KEPT - 1);
        newest.push_front(refused);
    }

    /// All that are kept, the latest first.
    pub(super) fn all(&self) -> Vec<Refused> {
        let newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        newest.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_and_no_more() {
        let newest = Newest::default();
        for nth in 0..KEPT + 3 {
            newest.note(Refused {
                id: DecisionId::new(1, [0; 10]),
                at: Timestamp::from_millis(i64::try_from(nth).expect("a few")),
                code: RefusalCode::PolicyForbids,
                agent: None,
                model: None,
            });
        }
        let times: Vec<i64> = newest.all().iter().map(|one| one.at.millis()).collect();
        let expected: Vec<i64> = (3..35).rev().collect();
        assert_eq!(times, expected);
    }
}
