//! The crate from outside: source trees in, charters, problems and manifests out.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests say what is wrong by panicking"
)]

mod asks;
mod budgets;
mod disk;
mod fields;
mod mistakes;
mod models;
mod properties;
mod reading;
mod trees;
