//! Forwards a recorded call: lease, send, relay, conclude. It decides nothing: it tries the
//! permitted targets in their order, as long as no byte has reached the client.

use bytes::Bytes;
use http::Response;
use http::response::Parts;
use ledger::Recorded;
use model::{Ended, Operation, RefusalCode, Usage};
use policy::Permit;
use protocol::{Meter, Told};

use crate::admit::Sending;
use crate::answer::Answer;
use crate::attempt::{Begun, BegunBody, Ending, Message, Tried, attempt};
use crate::budget::Held;
use crate::call::{Call, Metered};
use crate::gate::Gate;
use crate::live::{Live, Upstreams};
use crate::plan::{Candidate, Next, Plan};
use crate::relay::Relay;
use crate::seen::Seen;
use crate::upstream;

/// Tries the permitted targets and relays the answer of the one that gives one.
pub(crate) async fn forward(
    gate: &Gate,
    live: &Live,
    seen: Seen,
    recorded: Recorded<Permit>,
    (sending, held): (Sending, Held),
) -> Response<Answer> {
    let Sending { reading, headers, query, slot, .. } = sending;
    // Of what the client sent, only what a provider is given: it is needed for each try.
    let headers = upstream::forwarded(&recorded, &headers);
    let Some((mut plan, places)) = plan(gate, live, recorded.value()) else {
        // The snapshot the permit was decided under has every target it names.
        let call = Call::new(gate, seen, recorded, (slot, held));
        return call.refuse(RefusalCode::UpstreamConnect, None);
    };
    let mut call = Call::new(gate, seen, recorded, (slot, held));
    let message = Message { reading: &reading, headers: &headers, query };
    let mut last: Option<Ending> = None;
    loop {
        let mut skipped = Vec::new();
        let next = plan.next(gate.clock.now(), &mut skipped);
        skipped.into_iter().for_each(|skipped| call.skip(skipped));
        match next {
            Next::Wait(until) => tokio::time::sleep_until(until).await,
            Next::Nothing(code, wait_ms) => {
                let nothing = Ending::Refused(code, wait_ms);
                return last.unwrap_or(nothing).answer(call);
            }
            Next::Try(index, pass) => {
                call.begin(index, pass);
                let Some(to) = places.get(index) else {
                    return call.refuse(RefusalCode::UpstreamConnect, None);
                };
                match attempt(gate, &mut call, (index, to), &message).await {
                    Tried::Answered(begun) => {
                        call.answering();
                        return begun.relay(call, &message);
                    }
                    Tried::Failed(ending, retry_after_ms) => {
                        plan.failed(index, retry_after_ms);
                        last = Some(ending);
                    }
                    Tried::Final(code) => return call.refuse(code, None),
                }
            }
        }
    }
}

/// The tries a call has, and how each of its targets is reached.
fn plan<'l>(gate: &Gate, live: &'l Live, permit: &Permit) -> Option<(Plan, Vec<&'l Upstreams>)> {
    let name = permit.case().ask.as_ref()?.model.as_ref()?;
    let model = live.model(name)?;
    let mut places = Vec::with_capacity(permit.targets().len());
    let mut candidates = Vec::with_capacity(permit.targets().len());
    for target in permit.targets().iter() {
        let to = live.upstreams(name, &target.provider, &target.upstream_model)?;
        let watched = gate.health.of(&target.provider, &target.upstream_model);
        candidates.push(Candidate::new(watched, to.in_flight_max));
        places.push(to);
    }
    Some((Plan::new(candidates, model.retries, gate.backoff), places))
}

impl Ending {
    fn answer(self, call: Call) -> Response<Answer> {
        match self {
            Self::Answer(begun) => match begun.body {
                BegunBody::Whole(bytes, told) => whole(call, &begun.head, (bytes, told)),
                // A status that leads on never comes with a stream.
                BegunBody::Stream { .. } => call.refuse(RefusalCode::UpstreamNotJson, None),
            },
            Self::Refused(code, wait_ms) => call.refuse(code, wait_ms),
        }
    }
}

impl Begun {
    fn relay(self, mut call: Call, message: &Message<'_>) -> Response<Answer> {
        match self.body {
            BegunBody::Whole(bytes, told) => whole(call, &self.head, (bytes, told)),
            BegunBody::Stream { first, rest, watch, echo } => {
                let meter = Meter::new(message.reading.ask().operation, self.hides_usage);
                call.streams();
                let answer = call.relayed(&self.head);
                let relay = Relay::new((first, rest), meter, call, (watch, echo));
                answer(Answer::Stream(Box::new(relay)))
            }
        }
    }
}

/// Relays a whole answer.
fn whole(mut call: Call, head: &Parts, (bytes, told): (Bytes, Told)) -> Response<Answer> {
    let mut metered = Metered { usage: told.usage, ..Metered::NOTHING };
    if head.status.is_success() {
        metered = match call.operation() {
            // Counting uses nothing, but it is a call.
            Operation::CountMessageTokens | Operation::CountContentTokens => {
                Metered::of(told.usage, Some(Usage::default()))
            }
            Operation::ChatCompletions
            | Operation::Responses
            | Operation::Embeddings
            | Operation::Messages
            | Operation::GenerateContent
            | Operation::ListModels => Metered::of(told.usage, told.charge()),
        };
        call.keep(told.stored);
    }
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let answer = call.relayed(head);
    call.conclude(Ended::Complete, head.status.as_u16(), metered, length);
    answer(Answer::Whole(Some(bytes)))
}
