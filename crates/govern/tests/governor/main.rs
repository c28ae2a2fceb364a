//! The governor from outside: real logs, stores and sockets in temporary folders, and a clock
//! that is moved by hand.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a surprise here is a failing test"
)]

mod acts;
mod admin;
mod common;
mod refused;
mod store;
mod token;
mod tree;
mod trouble;
mod unlendable;
