//! The laboratory of `cargo xtask bench`: an upstream that costs next to nothing, a bare proxy as
//! the floor, a load generator that checks every answer, and readings of processes and disk.
//!
//! All of it listens and connects on loopback only. The program `lab` runs it; nothing here knows
//! what is measured against what.

mod answer;
mod check;
mod closed;
mod connection;
mod disk;
mod floor;
mod held;
mod load;
mod open;
mod process;
mod spread;
mod upstream;
mod wish;

use std::time::Instant;

pub use answer::KEY;
pub use disk::{DiskPlan, DiskReport};
pub use floor::Floor;
pub use load::{Ask, Load, LoadReport, Shape};
pub use spread::Spread;
pub use upstream::Upstream;

/// The machine's monotonic clock.
#[expect(clippy::disallowed_methods, reason = "a laboratory measures real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
