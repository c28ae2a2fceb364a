//! What a call may use at most, what it used, and on which counters that is counted.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AgentName, ContextName, QuotaName, TeamName, Timestamp};

/// What a budget counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Calls.
    Requests,
    /// Tokens, read and written together.
    Tokens,
    /// Money, in billionths of a US dollar (nano-USD).
    Money,
}

/// The window a budget is counted in: a whole one of the calendar, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// A minute.
    Minute,
    /// A day.
    Day,
    /// A month.
    Month,
}

/// How much of each measure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amounts {
    /// Calls.
    pub requests: u64,
    /// Tokens, read and written together.
    pub tokens: u64,
    /// Money, in nano-USD.
    pub nano_usd: u64,
}

/// Whose calls a budget counts, as charters and entries write it: `gateway`, or one name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetScope {
    /// One agent's.
    Agent(AgentName),
    /// Those of every agent that the team runs.
    Team(TeamName),
    /// Those made in the context.
    Context(ContextName),
    /// Every call.
    Gateway,
}

/// One counter. It keeps its count when its limit changes. Whom it counts for is part of it: a
/// budget that is for somebody else begins another, and what was counted stays with the former.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CounterKey {
    /// The budget.
    pub quota: QuotaName,
    /// Whose calls it counts; none in an entry of a version that did not say it.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none", default)]
    pub scope: Option<BudgetScope>,
    /// What it counts.
    pub measure: Measure,
    /// In which window.
    pub per: Per,
    /// The agent it counts for, where the budget counts each agent apart.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub agent: Option<AgentName>,
}

/// One counter as a call holds it: what the decision entry says, so that counters can be found
/// again from the log alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldRecord {
    /// The counter.
    pub counter: CounterKey,
    /// The first instant of the window it is counted in.
    pub window: Timestamp,
    /// How much is held: an upper bound of what the call uses.
    pub amount: u64,
}

impl Amounts {
    /// The amount of `measure`.
    #[must_use]
    pub const fn of(&self, measure: Measure) -> u64 {
        match measure {
            Measure::Requests => self.requests,
            Measure::Tokens => self.tokens,
            Measure::Money => self.nano_usd,
        }
    }
}

impl fmt::Display for BudgetScope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent(name) => write!(out, "agent {name}"),
            Self::Team(name) => write!(out, "team {name}"),
            Self::Context(name) => write!(out, "context {name}"),
            Self::Gateway => out.write_str("the gateway"),
        }
    }
}

impl Measure {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::Requests, Self::Tokens, Self::Money];

    /// The word in charters and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
            Self::Money => "money",
        }
    }
}

impl Per {
    /// All of them, the shortest first.
    pub const ALL: [Self; 3] = [Self::Minute, Self::Day, Self::Month];

    /// The word in charters and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}
