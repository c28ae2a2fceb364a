//! What a budget allows, how it stands, and why something was not held.

use model::{CounterKey, Timestamp};

/// One limit that applies to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// What is counted, and for whom.
    pub key: CounterKey,
    /// The most that may be used within one window.
    pub at_most: u64,
    /// The seat that can raise it.
    pub owner: String,
}

/// Why nothing was held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotHeld {
    /// The call may use more than is left.
    Over(Over),
    /// It needs a counter, and there are as many as there may be.
    Full,
    /// More limits apply than one call is held against.
    TooManyLimits,
}

/// A limit that leaves too little for a call.
///
/// Where several do, it is one that the call can never fit into, or else the one that resets last:
/// before that, trying again cannot help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Over {
    /// The limit.
    pub limit: Limit,
    /// What is used of it in this window.
    pub used: u64,
    /// What calls that run may still use of it.
    pub held: u64,
    /// What the call may use at most; `u64::MAX` stands for that or more.
    pub asked: u64,
    /// When the next window begins.
    pub resets: Timestamp,
    /// The call may use more than a whole window has.
    pub never: bool,
}

/// How one limit stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CounterStatus {
    /// What is counted, and for whom.
    pub key: CounterKey,
    /// The most that may be used within one window.
    pub at_most: u64,
    /// What is used in this window.
    pub used: u64,
    /// What calls that run may still use.
    pub held: u64,
    /// The first instant of the window.
    pub window: Timestamp,
    /// When the next window begins.
    pub resets: Timestamp,
    /// What will be used by then if it goes on like this; none while the window is so young that
    /// it says nothing.
    pub forecast: Option<u64>,
}
