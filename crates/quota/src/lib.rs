//! Budgets that cannot be overshot: what a call may use at most is held before it is recorded,
//! and settled once it is known.
//!
//! Everything here is in memory. What was counted is found again by a [`Replay`] of the decision
//! log, from a [`Snapshot`] on; this crate reads no file, no log and no clock.
//!
//! ```
//! use model::{Amounts, BudgetScope, CounterKey, Measure, Per, Timestamp};
//! use quota::{Counters, Limit, NotHeld};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = CounterKey {
//!     quota: "team-tokens".parse()?,
//!     scope: Some(BudgetScope::Gateway),
//!     measure: Measure::Tokens,
//!     per: Per::Day,
//!     agent: None,
//! };
//! let limits = [Limit { key, at_most: 1000, owner: "seat:finance".into() }];
//! let counters = Counters::new();
//! let now = Timestamp::from_millis(1_795_510_800_000);
//! let bound = Amounts { requests: 1, tokens: 600, nano_usd: 0 };
//!
//! let first = counters.hold(now, bound, &limits);
//! let first = first.map_err(|refused| format!("{refused:?}"))?;
//! // The first call has not used anything yet, but it may: a second of the same size waits.
//! let second = counters.hold(now, bound, &limits);
//! assert!(matches!(second, Err(NotHeld::Over(over)) if over.held == 600 && !over.never));
//!
//! let charged = first.settle(Amounts { requests: 1, tokens: 150, nano_usd: 0 });
//! assert_eq!(charged.tokens, 150);
//! assert!(counters.hold(now, bound, &limits).is_ok());
//! # Ok(())
//! # }
//! ```

mod calendar;
mod counters;
mod hold;
mod limit;
pub mod price;
mod recent;
mod replay;
mod set_back;
mod snapshot;
mod windows;

pub use calendar::{window_end, window_start};
pub use counters::Counters;
pub use hold::Hold;
pub use limit::{CounterStatus, Limit, NotHeld, Over};
pub use price::Price;
pub use recent::{Recent, RecentFacts, Went};
pub use replay::Replay;
pub use set_back::{AHEAD_MAX_MS, SetBacks};
pub use snapshot::{Code, Snapshot, SnapshotError};

/// Most limits that one call is held against.
pub const LIMITS_MAX: usize = 16;
/// Most counters of the windows that run: a hold that needs one more is refused.
pub const COUNTERS_MAX: usize = 1_000_000;
