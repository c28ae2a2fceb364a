//! One request as its trace tells it: owned, so that it can wait for its export. It holds names
//! that the charter declares, codes, counts and times; nothing that a client wrote.

use std::time::Duration;

use model::{
    AgentName, DecisionId, Dialect, Ended, ModelName, Operation, ProviderName, RefusalCode,
    Timestamp, Usage,
};

use crate::context::TraceContext;
use crate::finished::{CallEnd, Finished, Steps};

/// A number without pattern (2^64 divided by the golden ratio), by which the ids of a trace's
/// spans are spread.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
/// Of a trace's id, the bits that the specification asks to be random.
const RANDOM_BITS: u32 = 56;

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Trace {
    pub(crate) decision: DecisionId,
    pub(crate) ids: Ids,
    pub(crate) received: Timestamp,
    pub(crate) dialect: Dialect,
    pub(crate) operation: Option<Operation>,
    pub(crate) model: Option<ModelName>,
    pub(crate) agent: Option<AgentName>,
    pub(crate) code: Option<RefusalCode>,
    pub(crate) status: Option<u16>,
    pub(crate) steps: Steps,
    pub(crate) call: Option<Call>,
}

/// Its call.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) ended: Ended,
    pub(crate) is_streamed: bool,
    pub(crate) usage: Option<Usage>,
    pub(crate) cost_nano_usd: Option<u64>,
    pub(crate) tries: Vec<Try>,
}

/// One try at a target.
#[derive(Debug, Clone)]
pub(crate) struct Try {
    /// Its place among the attempts.
    pub(crate) index: usize,
    pub(crate) provider: ProviderName,
    pub(crate) upstream_model: String,
    pub(crate) status: Option<u16>,
    pub(crate) failure: Option<String>,
    /// Since the request arrived.
    pub(crate) began: Duration,
    pub(crate) ended: Duration,
}

/// The ids of a trace's spans: made of the decision's id and of what the client said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ids {
    minted: DecisionId,
    context: Option<TraceContext>,
}

impl Ids {
    /// Of the request that was given `minted` when it arrived.
    pub(crate) fn new(minted: DecisionId, context: Option<&TraceContext>) -> Self {
        Self { minted, context: context.cloned() }
    }

    /// The trace: the client's, or the id under which the request arrived.
    pub(crate) fn trace(&self) -> [u8; 16] {
        self.context.as_ref().map_or(*self.minted.uuid().as_bytes(), |context| context.trace)
    }

    pub(crate) fn parent(&self) -> Option<[u8; 8]> {
        self.context.as_ref().map(|context| context.parent)
    }

    pub(crate) fn state(&self) -> &str {
        self.context.as_ref().map_or("", |context| &context.state)
    }

    /// The request's own span.
    pub(crate) fn request(&self) -> [u8; 8] {
        self.spread(0)
    }

    /// The span of the try at `index`.
    pub(crate) fn attempt(&self, index: usize) -> [u8; 8] {
        self.spread(u64::try_from(index).unwrap_or(u64::MAX).saturating_add(1))
    }

    /// Whether the trace is recorded: as the client says, or, where it says nothing, one in so
    /// many by the trace's id, so that whoever else knows the id comes to the same.
    pub(crate) fn is_sampled(&self, percent: u8) -> bool {
        match &self.context {
            Some(context) => context.is_sampled,
            None => {
                let (_, low) = self.minted.uuid().as_u64_pair();
                let random = u128::from(low & ((1 << RANDOM_BITS) - 1));
                random * 100 < u128::from(percent) << RANDOM_BITS
            }
        }
    }

    /// `traceparent` for the try at `index`.
    pub(crate) fn outbound(&self, index: usize) -> String {
        format!("00-{}-{}-01", hex(&self.trace()), hex(&self.attempt(index)))
    }

    fn spread(&self, step: u64) -> [u8; 8] {
        let (_, low) = self.minted.uuid().as_u64_pair();
        let id = low.wrapping_add(step.wrapping_mul(SPREAD));
        // The one value that means that there is no id.
        if id == 0 { SPREAD } else { id }.to_be_bytes()
    }
}

impl Trace {
    /// What is kept of a request that ended.
    pub(crate) fn of(finished: &Finished<'_>) -> Self {
        Self {
            decision: finished.id,
            ids: Ids::new(finished.minted, finished.trace),
            received: finished.received,
            dialect: finished.dialect,
            operation: finished.operation,
            model: finished.model.cloned(),
            agent: finished.agent.cloned(),
            code: finished.code,
            status: finished.status,
            steps: finished.steps,
            call: finished.call.as_ref().map(|call| Call::of(call, finished.steps.total)),
        }
    }
}

impl Call {
    fn of(call: &CallEnd<'_>, total: Duration) -> Self {
        let tries = call.attempts.iter().zip(call.times).enumerate();
        // Where a target was passed over nothing was sent, so there is no span.
        let sent = tries.filter(|(_, (attempt, _))| {
            !attempt.failure.as_deref().is_some_and(|why| why.starts_with("target_"))
        });
        let tries = sent.map(|(index, (attempt, time))| Try {
            index,
            provider: attempt.provider.clone(),
            upstream_model: attempt.upstream_model.clone(),
            status: attempt.status,
            failure: attempt.failure.clone(),
            began: time.began,
            ended: time.ended.unwrap_or(total),
        });
        Self {
            ended: call.ended,
            is_streamed: call.streamed,
            usage: call.usage,
            cost_nano_usd: call.cost_nano_usd,
            tries: tries.collect(),
        }
    }
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(random: u8) -> Ids {
        Ids::new(DecisionId::new(1, [random; 10]), None)
    }

    #[test]
    fn a_trace_without_a_parent_is_named_by_its_decision() {
        let ids = ids(7);
        assert_eq!(hex(&ids.trace()), ids.minted.uuid().simple().to_string());
        let spans: std::collections::BTreeSet<_> =
            (0..64).map(|index| ids.attempt(index)).chain([ids.request()]).collect();
        assert_eq!(spans.len(), 65, "each span has an id of its own");
    }

    #[test]
    fn one_in_so_many_is_recorded_and_a_parent_decides_for_itself() {
        let recorded =
            |percent| (0..=255).filter(|random| ids(*random).is_sampled(percent)).count();
        assert_eq!((recorded(0), recorded(100)), (0, 256));
        assert!((100..156).contains(&recorded(50)), "{}", recorded(50));
        let parents = [b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".as_slice()];
        let context = TraceContext::read(parents.into_iter(), std::iter::empty());
        let with = Ids::new(DecisionId::new(1, [0; 10]), context.as_ref());
        assert!(with.is_sampled(0), "its parent says so");
        assert_eq!(with.outbound(0).split('-').nth(1), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
    }
}
