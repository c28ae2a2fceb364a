//! What one call holds of its budgets, until it is known what it used.

use std::fmt;
use std::sync::Arc;

use model::{Amounts, DecisionId, HeldRecord};

use crate::counters::Shared;
use crate::state::Charge;

/// An upper bound of what a call may use, counted on every budget that applies.
///
/// It ends exactly once: settled, released, or dropped. Whoever drops it does not know what was
/// used, so all of it counts.
#[must_use = "a hold that is dropped counts in full"]
pub struct Hold {
    shared: Arc<Shared>,
    id: DecisionId,
    bound: Amounts,
    /// Taken when the hold ends; empty where nothing applies.
    held: Option<Arc<[HeldRecord]>>,
}

impl Hold {
    pub(crate) const fn new(
        shared: Arc<Shared>,
        id: DecisionId,
        bound: Amounts,
        held: Option<Arc<[HeldRecord]>>,
    ) -> Self {
        Self { shared, id, bound, held }
    }

    /// What the decision entry says of it.
    #[must_use]
    pub fn records(&self) -> Vec<HeldRecord> {
        self.held.as_deref().unwrap_or_default().to_vec()
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

    /// Ends it: nothing was used.
    pub fn release(mut self) {
        self.end(Charge::Used(Amounts::default()));
    }

    fn end(&mut self, charge: Charge) {
        if self.held.take().is_some_and(|held| !held.is_empty()) {
            self.shared.close(self.id, charge);
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
        let mut out = out.debug_struct("Hold");
        out.field("id", &self.id).field("bound", &self.bound).finish_non_exhaustive()
    }
}
