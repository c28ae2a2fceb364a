//! The program from outside: what a person types, what they see, what lies in the home after.
//!
//! Every test has a home of its own and a port that the system picks; nothing sleeps.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a surprise here is a failing test"
)]

mod acts;
mod budgets;
mod changes;
mod clock;
mod commands;
mod common;
mod contexts;
mod damage;
mod demo;
mod disk;
mod drain;
mod errors;
mod explain;
mod first_run;
mod log_trouble;
mod lost_logs;
mod metrics;
mod mistakes;
mod open_files;
mod own_keys;
mod pages;
mod ping;
mod replay;
mod replay_many;
mod routes;
mod said;
mod scenarios;
mod secret_status;
mod settings;
mod soak;
mod status;
mod stored;
mod terminal;
mod top;
