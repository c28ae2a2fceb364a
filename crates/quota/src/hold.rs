//! What one call holds of its budgets, until it is known what it used.

use std::fmt;
use std::sync::Arc;

use model::{Amounts, HeldRecord};

use crate::counters::Shared;
use crate::windows::Charge;

/// An upper bound of what a call may use, counted on every budget that applies.
///
/// It ends exactly once: settled, released, or dropped. Whoever drops it does not know what was
/// used, so all of it counts.
#[must_use = "a hold that is dropped counts in full"]
pub struct Hold {
    shared: Arc<Shared>,
    bound: Amounts,
    /// Emptied when the hold ends.
    held: Vec<HeldRecord>,
}

impl Hold {
    pub(crate) const fn new(shared: Arc<Shared>, bound: Amounts, held: Vec<HeldRecord>) -> Self {
        Self { shared, bound, held }
    }

    /// What the decision entry says of it.
    #[must_use]
    pub fn records(&self) -> Vec<HeldRecord> {
        self.held.clone()
    }

    /// What the call may use at most.
    #[must_use]
    pub const fn bound(&self) -> Amounts {
        self.bound
    }

    /// Ends it, and counts what was used, but no more than was held. Gives what is counted: what
    /// the outcome must say.
    pub fn settle(mut self, used: Amounts) -> Amounts {
        let bound = self.bound;
        let charged = Amounts {
            requests: used.requests.min(bound.requests),
            tokens: used.tokens.min(bound.tokens),
            nano_usd: used.nano_usd.min(bound.nano_usd),
        };
        self.end(Charge::Used(charged));
        charged
    }

    /// Ends it: nothing was used. Where the decision was recorded, its outcome must say so.
    pub fn release(mut self) {
        self.end(Charge::Used(Amounts::default()));
    }

    fn end(&mut self, charge: Charge) {
        let held = std::mem::take(&mut self.held);
        if !held.is_empty() {
            self.shared.end(&held, charge);
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.end(Charge::Full);
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Hold")
            .field("bound", &self.bound)
            .field("held", &self.held)
            .finish_non_exhaustive()
    }
}
