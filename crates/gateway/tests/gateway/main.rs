//! The gate from outside: real HTTP over loopback, a charter approved by a signed act, a log on
//! disk, sealed secrets, and a provider that behaves as badly as it is told.
//!
//! One test binary. `world` builds a gate, `ask` speaks to it, `check` says what every refusal
//! and every forwarded call has in common; each other file is one promise of the gate.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the helpers are test code too: what they meet unexpectedly fails the test"
)]

mod ask;
mod budgets;
mod canned;
mod charter_files;
mod check;
mod world;

mod bad_input;
mod beyond;
mod bound;
mod budget_answers;
mod budget_bounds;
mod budget_charges;
mod budget_crowds;
mod budget_property;
mod budget_windows;
mod canaries;
mod contexts;
mod durable;
mod endpoints;
mod fallback;
mod figures;
mod flood;
mod forbidden;
mod forwarded;
mod hiding;
mod leaving;
mod listed;
mod listeners;
mod live_state;
mod probe;
mod recent;
mod refusals;
mod residency;
mod routing;
mod set_aside;
mod states;
mod stored;
mod target_secrets;
mod traced;
mod upstream;
mod watched;
