//! What is handed over of one request that ended: borrowed, and nothing a person wrote.

use std::time::Duration;

use model::{
    AgentName, Attempt, DecisionId, Dialect, Ended, ModelName, Operation, RefusalCode, Timestamp,
    Usage,
};

use crate::context::TraceContext;

/// One request that ended, however it ended.
#[derive(Debug, Clone, Copy)]
pub struct Finished<'r> {
    /// The decision's id, or that of the entry that counts requests without identity.
    pub id: DecisionId,
    /// The id that was minted when it arrived: no other request has it.
    pub minted: DecisionId,
    /// The trace it is part of, as its client says.
    pub trace: Option<&'r TraceContext>,
    /// When it arrived.
    pub received: Timestamp,
    /// The client's wire form.
    pub dialect: Dialect,
    /// What was asked for; none where the path or the credential led nowhere.
    pub operation: Option<Operation>,
    /// The model, only where the charter in force declares it.
    pub model: Option<&'r ModelName>,
    /// The agent, only where the charter in force declares it.
    pub agent: Option<&'r AgentName>,
    /// Why it was refused; none where the client got what it asked for.
    pub code: Option<RefusalCode>,
    /// The status the client was given; none where it left before.
    pub status: Option<u16>,
    /// What it took.
    pub steps: Steps,
    /// Bytes of its body.
    pub input_bytes: u64,
    /// How the call ended that it was permitted to make.
    pub call: Option<CallEnd<'r>>,
}

/// How a permitted call ended.
#[derive(Debug, Clone, Copy)]
pub struct CallEnd<'r> {
    /// How.
    pub ended: Ended,
    /// Whether its answer was to be streamed.
    pub streamed: bool,
    /// Each try at a target.
    pub attempts: &'r [Attempt],
    /// When each of them began and ended.
    pub times: &'r [TryTime],
    /// Tokens, where the provider reported them.
    pub usage: Option<Usage>,
    /// Whether a provider took it on, and nobody knows what it used.
    pub is_unreported: bool,
    /// What it cost, in nano-USD, where that is known.
    pub cost_nano_usd: Option<u64>,
    /// Bytes relayed to the client.
    pub output_bytes: u64,
}

/// When a try began and ended, since its request arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TryTime {
    /// When it began.
    pub began: Duration,
    /// When it failed; none where it went on to the call's end.
    pub ended: Option<Duration>,
}

/// What a request took, step by step; none where it did not come to that step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Steps {
    /// Until its body was read, authentication included.
    pub read: Option<Duration>,
    /// From there until it was decided, budgets included.
    pub decide: Option<Duration>,
    /// From there until the decision was durable.
    pub record: Option<Duration>,
    /// From there to the first byte of a provider's answer.
    pub forward: Option<Duration>,
    /// From its arrival to that first byte.
    pub first_byte: Option<Duration>,
    /// From its arrival to its end.
    pub total: Duration,
}

impl Finished<'_> {
    /// The word for what the client was told.
    pub(crate) fn told(&self) -> &'static str {
        self.code.map_or("permitted", RefusalCode::as_str)
    }
}
