//! The crate at its edge: what an owner, an operator or an agent would see.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the helpers are test code too: what they meet unexpectedly fails the test"
)]

mod support;

mod annotations;
mod approved;
mod beyond;
mod claims;
mod decide;
mod facts;
mod likeness;
mod listing;
mod memory;
mod near_misses;
mod places;
mod reasons;
mod recorded;
mod scale;
mod wall;
