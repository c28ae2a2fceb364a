//! Budgets that a change makes count for somebody else. Theirs is another account, which begins at
//! nothing within the window: whoever proposes or reads such a change is told.

use std::fmt;

use bundle::{Bundle, QuotaFacts};
use model::QuotaName;
use serde::Serialize;

/// A budget that counts for others than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Moved {
    budget: QuotaName,
    was_for: String,
    is_for: String,
}

/// The budgets that both charters declare, each for others.
pub(super) fn moved(old: &Bundle, new: &Bundle) -> Vec<Moved> {
    let before = |now: &QuotaFacts| old.quotas().iter().find(|one| one.name == now.name);
    let pairs = new.quotas().iter().filter_map(|now| Some((before(now)?, now)));
    let moved = pairs.map(|(was, now)| Moved {
        budget: now.name.clone(),
        was_for: whom(was),
        is_for: whom(now),
    });
    moved.filter(|one| one.was_for != one.is_for).collect()
}

fn whom(quota: &QuotaFacts) -> String {
    let each = if quota.each_agent { ", each agent apart" } else { "" };
    format!("{}{each}", quota.scope)
}

impl fmt::Display for Moved {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { budget, was_for, is_for } = self;
        write!(
            out,
            "budget `{budget}` was for {was_for} and is for {is_for}: that is another account, \
             which begins at nothing. What was counted stays with the former, and counts again \
             when it is changed back"
        )
    }
}
