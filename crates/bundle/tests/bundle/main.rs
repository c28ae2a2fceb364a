//! The crate from outside: a charter's files in, problems, bundles, snapshots and findings out.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a surprise here is a failing test"
)]

mod budgets;
mod charters;
mod contexts;
mod files;
mod findings;
mod recall;
mod targets;
mod trials;
mod unlent;
