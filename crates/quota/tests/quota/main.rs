//! The crate at its edge: what the gateway holds, what its owners see, what a crash leaves.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the helpers are test code too: what they meet unexpectedly fails the test"
)]

mod desk;

mod holding;
mod interleavings;
mod recovery;
mod set_backs;
mod threads;
mod windows;
