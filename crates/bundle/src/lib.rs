//! A charter checked and compiled, and the snapshot a request runs under.
//!
//! [`check`] is the only way from declarations as written to the compiled, immutable [`Bundle`];
//! it reports every problem at once and runs the charter's own policy tests. A [`Snapshot`] is a
//! bundle together with the proof that exactly its digest was approved. No I/O, no clock.

mod check;
mod compiled;
mod context;
mod findings;
mod limits;
mod price;
mod recall;
mod resolve;
mod snapshot;
mod target;
mod trial;
mod unlent;

pub use charter::{Hours, Weekday};
pub use check::{check, test};
pub use compiled::{Agent, Bundle, Condition, Model, Provider, Retries, Secret, Target, Timeouts};
pub use context::Context;
pub use findings::{CLAIMS_STAND_DAYS, CONTEXT_WARNED_DAYS, END_WARNED_DAYS, Finding};
pub use limits::{LimitFacts, QuotaFacts};
pub use policy::ProviderKind;
pub use price::{Price, PriceSource};
pub use recall::Recalled;
pub use snapshot::{NotThisCharter, Snapshot};
pub use trial::TestResult;
