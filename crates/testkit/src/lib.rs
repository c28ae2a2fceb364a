//! Development only: what tests of several crates share. A fake provider, a clock moved by
//! hand, canaries, a certificate authority, a plain HTTP client that can misbehave, and the scenario runner.
//!
//! Nothing here is part of the product: only dev-dependencies name this crate. Everything binds
//! to 127.0.0.1 on a port the system picks, and nothing sleeps, but for [`lab`]: it measures, and
//! is no part of any test's own path.
#![expect(
    clippy::expect_used,
    reason = "a tool of tests fails the test that uses it, at the spot and with the reason"
)]

mod authority;
mod canary;
mod clock;
mod gate;
mod http_client;
pub mod lab;
mod provider;
mod scenario;

pub use authority::{Authority, Identity};
pub use canary::{Canary, assert_clean, assert_clean_dir, forms};
pub use clock::ManualClock;
pub use gate::Gate;
pub use http_client::{Connection, Reply, get, post};
pub use provider::{FakeProvider, PROVIDER_KEY, Script, Seen};
pub use scenario::Scenario;
