//! One forwarded call from its record to its outcome: what was tried, what came of it.

use std::sync::Arc;

use http::response::Parts;
use http::{Response, StatusCode};
use ledger::Recorded;
use model::{
    Attempt, Clock, Ended, LeaseRecord, Operation, Outcome, Refusal, RefusalCode, StoredKind,
    StoredName, StoredObject, Usage,
};
use policy::Permit;
use telemetry::StreamOpen;
use tokio::sync::OwnedSemaphorePermit;

use crate::answer::{self, Answer, Served};
use crate::arrival::Arrival;
use crate::budget::{Held, Used};
use crate::figures::Followed;
use crate::gate::Gate;
use crate::health::Pass;
use crate::plan::Skipped;
use crate::seen::Seen;
use crate::stored::StoredObjects;

/// Longest id of a provider that an outcome keeps, in characters.
const REQUEST_ID_MAX: usize = 128;
/// Most objects that one answer is said to leave behind.
const STORED_MAX: usize = 64;

/// One forwarded call until its outcome is recorded.
pub(crate) struct Call {
    /// First, so that a call that is dropped is counted before its outcome is written.
    held: Held,
    pub(crate) recorded: Recorded<Permit>,
    pub(crate) arrival: Arrival,
    /// Told how it ends.
    seen: Seen,
    /// Why the client did not get all it asked for.
    refused: Option<RefusalCode>,
    attempts: Vec<Attempt>,
    kept: Vec<StoredObject>,
    receipt: String,
    clock: Arc<dyn Clock>,
    stored: Arc<StoredObjects>,
    first_byte_ms: Option<u64>,
    followed: Followed,
    /// Which of the permit's targets the latest try went to.
    at: usize,
    /// What the tries so far used.
    tried: Used,
    /// How it ended is said.
    concluded: bool,
    /// The place among the target's calls, while one is under way.
    pass: Option<Pass>,
    /// The place among the requests under way, held until the end.
    _slot: OwnedSemaphorePermit,
}

impl Call {
    pub(crate) fn new(
        gate: &Gate,
        seen: Seen,
        recorded: Recorded<Permit>,
        (slot, held): (OwnedSemaphorePermit, Held),
    ) -> Self {
        Self {
            receipt: recorded.receipt().encode(),
            followed: gate.figures.follow(seen.arrival, recorded.value().case()),
            recorded,
            arrival: seen.arrival,
            seen,
            refused: None,
            attempts: Vec::new(),
            kept: Vec::new(),
            clock: Arc::clone(&gate.clock),
            stored: Arc::clone(&gate.stored),
            first_byte_ms: None,
            held,
            at: 0,
            tried: Used::Nothing,
            concluded: false,
            pass: None,
            _slot: slot,
        }
    }

    /// What is done with the model. A call always has an ask; without one it would be a list.
    pub(crate) fn operation(&self) -> Operation {
        let ask = self.recorded.value().case().ask.as_ref();
        ask.map_or(Operation::ListModels, |ask| ask.operation)
    }

    /// The output cap to splice in, where a budget needs one.
    pub(crate) const fn cap(&self) -> Option<u64> {
        self.held.cap
    }

    /// What the client is told when its answer is cut for a budget.
    pub(crate) fn budget_cut(&self) -> Refusal {
        self.held.cut()
    }

    /// Most output tokens before the answer is cut, where a budget counts them.
    pub(crate) const fn output_max(&self) -> Option<u64> {
        self.held.output_max
    }

    /// The try under way used so much, beside what those before it did.
    pub(crate) const fn used(&mut self, used: Used) {
        self.tried = self.tried.and(used);
    }

    /// Begins a try at the target at `index`.
    pub(crate) fn begin(&mut self, index: usize, pass: Pass) {
        self.pass = Some(pass);
        self.at = index;
        self.held.begin();
        if let Some(target) = self.recorded.value().targets().get(index) {
            self.followed.sent(target.provider.as_str(), &target.upstream_model);
        }
        self.note(index, None);
    }

    /// The answer is relayed as a stream.
    pub(crate) fn streams(&mut self) {
        self.followed.streams();
    }

    /// Notes a target that is passed over.
    pub(crate) fn skip(&mut self, skipped: Skipped) {
        self.note(skipped.index, Some(skipped.why.to_owned()));
    }

    fn note(&mut self, index: usize, failure: Option<String>) {
        self.seen.tries();
        if let Some(target) = self.recorded.value().targets().get(index) {
            self.attempts.push(Attempt {
                provider: target.provider.clone(),
                upstream_model: target.upstream_model.clone(),
                lease: None,
                status: None,
                failure,
                cause: None,
                upstream_request_id: None,
            });
        }
    }

    /// Notes that the secret of the target at `index` was lent for the try under way.
    pub(crate) fn leased(&mut self, index: usize) {
        let secret = self.recorded.value().targets().get(index).and_then(|at| at.secret.as_ref());
        let lease =
            secret.map(|secret| LeaseRecord { name: secret.name.clone(), version: secret.version });
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.lease = lease;
        }
    }

    /// Notes what the head of the provider's answer says.
    pub(crate) fn began(&mut self, head: &Parts) {
        let header = protocol::request_id_header(self.arrival.dialect);
        let id = head.headers.get(header).and_then(|value| value.to_str().ok());
        let id = id.map(|id| id.chars().take(REQUEST_ID_MAX).collect());
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.upstream_request_id = id;
        }
        self.answered(head.status);
    }

    /// The try under way was answered with `status`.
    pub(crate) fn answered(&mut self, status: StatusCode) {
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.status = Some(status.as_u16());
        }
        self.used(Used::Call);
    }

    /// The try under way failed; `trouble` is whether that says something about the target.
    pub(crate) fn failed(&mut self, code: &'static str, cause: Option<String>, trouble: Trouble) {
        self.seen.failed();
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.failure = Some(code.to_owned());
            attempt.cause = cause;
            // An answer that is withheld was paid for all the same.
            if attempt.status.is_some_and(|status| (200..300).contains(&status)) {
                self.tried = self.tried.and(Used::Unknown);
            }
        }
        self.followed.failed(code);
        // The place is given back: the call may try the same target again, or wait.
        if let (Trouble::Target { retry_after_ms }, Some(pass)) = (trouble, self.pass.take()) {
            pass.failed(self.clock.now(), code, retry_after_ms);
        }
    }

    /// The target began to answer as it should.
    pub(crate) fn answering(&mut self) {
        if let Some(pass) = &mut self.pass {
            pass.began();
        }
    }

    /// The answer's first byte is there.
    pub(crate) fn first_byte(&mut self) {
        self.seen.first_byte();
        self.followed.answered();
        self.first_byte_ms = Some(self.clock.now().millis_since(self.arrival.received));
    }

    /// What the try under way tells its provider of the trace it is part of.
    pub(crate) fn traced(&self) -> Option<(String, &str)> {
        self.seen.told(&self.attempts.last()?.provider)
    }

    /// The answer is relayed as a stream from here on.
    pub(crate) fn streaming(&self) -> StreamOpen {
        self.seen.watch.stream()
    }

    /// The answer is cut for this.
    pub(crate) const fn cut_for(&mut self, code: RefusalCode) {
        self.refused = Some(code);
    }

    /// What the provider keeps, as its answer says: from now on the agent may name it.
    pub(crate) fn keep(&mut self, names: Vec<StoredName>) {
        if names.is_empty() {
            return;
        }
        let case = self.recorded.value().case();
        let stores = case.ask.as_ref().is_some_and(|ask| ask.beyond.stores.is_some());
        let (Some(subject), Some(attempt)) = (&case.subject, self.attempts.last()) else { return };
        // Without storage an answer has an id all the same, but nothing is kept under it.
        let is_kept = |name: &StoredName| {
            stores || !matches!(name.kind, StoredKind::Response | StoredKind::Item)
        };
        let room = STORED_MAX.saturating_sub(self.kept.len());
        let kept = names.into_iter().filter(is_kept).take(room).map(|object| StoredObject {
            agent: subject.agent.clone(),
            provider: attempt.provider.clone(),
            object,
        });
        // What was refused here must not stand in the log, from which ownership is read again.
        let kept: Vec<StoredObject> =
            kept.filter(|object| self.stored.remember(object.clone())).collect();
        self.kept.extend(kept);
    }

    /// The head of the client's answer, with the body still to come.
    pub(crate) fn relayed(&self, head: &Parts) -> impl FnOnce(Answer) -> Response<Answer> + use<> {
        let model = self.recorded.value().case().ask.as_ref().and_then(|ask| ask.model.as_ref());
        let target = self.sent().last().map(|at| format!("{}/{}", at.provider, at.upstream_model));
        let served = Served {
            id: self.arrival.id,
            receipt: &self.receipt,
            model: model.map_or("", |model| model.as_str()),
            target: target.as_deref().unwrap_or(""),
            attempts: self.sent().count(),
        };
        let mut answer = answer::relayed(head, self.arrival.dialect, served);
        answer::insert_budgets(answer.headers_mut(), &self.held.told);
        |body| answer.map(|()| body)
    }

    /// Nothing reached the client: recorded, and answered as a refusal.
    pub(crate) fn refuse(mut self, code: RefusalCode, wait_ms: Option<u64>) -> Response<Answer> {
        self.refused = Some(code);
        self.followed.refused(code);
        let refusal = Refusal::new(code, self.told());
        let answer = answer::refused(self.arrival.dialect, &refusal, self.arrival.id);
        let answer = answer::with_receipt(answer, &self.receipt);
        let mut answer = answer::with_retry_after(answer, wait_ms);
        answer::insert_budgets(answer.headers_mut(), &self.held.told);
        self.conclude(Ended::UpstreamFailed, code.status(), Metered::NOTHING, 0);
        answer
    }

    /// What the caller is told of a call that came to nothing.
    fn told(&self) -> String {
        let mut told = String::new();
        if let Some(status) = self.sent().last().and_then(|attempt| attempt.status) {
            told = format!("It answered with status {status}. ");
        }
        // Places that speak another wire form could not have taken this call in any case.
        let other_form = RefusalCode::DialectMismatch.as_str();
        let withheld = self.recorded.value().withheld().iter();
        match withheld.filter(|target| target.code != other_form).count() {
            0 => {}
            1 => told
                .push_str("One more place that serves the model is not permitted for this call."),
            more => {
                told.push_str(&format!(
                    "{more} more places that serve the model are not permitted for this call."
                ));
            }
        }
        told
    }

    /// The attempts in which something was sent, or was to be: all but targets passed over.
    fn sent(&self) -> impl Iterator<Item = &Attempt> {
        let skipped = |attempt: &&Attempt| {
            attempt.failure.as_deref().is_some_and(|why| why.starts_with("target_"))
        };
        self.attempts.iter().filter(move |attempt| !skipped(attempt))
    }

    /// Records how the call ended.
    pub(crate) fn conclude(
        mut self,
        ended: Ended,
        status: u16,
        metered: Metered,
        output_bytes: u64,
    ) {
        let well = self.attempts.last().is_some_and(|attempt| attempt.failure.is_none());
        if let (Ended::Complete, true, Some(pass)) = (ended, well, &self.pass) {
            pass.succeeded();
        }
        let used = self.tried.and(metered.used);
        let (charged, cost_nano_usd) = self.held.settle(used, self.at);
        self.followed.used(metered.usage, cost_nano_usd);
        let outcome = Outcome {
            ended,
            status: Some(status),
            attempts: std::mem::take(&mut self.attempts),
            usage: metered.usage,
            charged,
            cost_nano_usd,
            cost_center: self.held.cost_center.take(),
            stored: std::mem::take(&mut self.kept),
            output_bytes,
            first_byte_ms: self.first_byte_ms,
            duration_ms: self.clock.now().millis_since(self.arrival.received),
        };
        self.concluded = true;
        self.seen.ended(self.refused, &outcome, used == Used::Unknown);
        // Written when the record is dropped, right below.
        self.recorded.unless_concluded(outcome);
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        // Only a client that left, or a gateway that stopped, drops a call before its end. One
        // that was never begun was not forwarded, which is what its record says by itself.
        if self.concluded {
            return;
        }
        if self.attempts.is_empty() {
            self.seen.ended(None, &Outcome::not_forwarded(0), false);
            return;
        }
        let outcome = Outcome {
            attempts: std::mem::take(&mut self.attempts),
            charged: self.held.if_dropped(),
            cost_center: self.held.cost_center.take(),
            stored: std::mem::take(&mut self.kept),
            first_byte_ms: self.first_byte_ms,
            ..Outcome::bare(Ended::ClientGone, 0)
        };
        self.seen.ended(None, &outcome, true);
        self.recorded.unless_concluded(outcome);
    }
}

/// What a call used, as far as the provider says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Metered {
    /// As reported: what the outcome says.
    pub(crate) usage: Option<Usage>,
    /// What is counted.
    pub(crate) used: Used,
}

impl Metered {
    /// Nothing beyond what the tries used.
    pub(crate) const NOTHING: Self = Self { usage: None, used: Used::Nothing };
    /// A provider did, and nobody knows what it used.
    pub(crate) const UNKNOWN: Self = Self { usage: None, used: Used::Unknown };

    /// What an answer that came to its end says.
    pub(crate) fn of(usage: Option<Usage>, charge: Option<Usage>) -> Self {
        Self { usage, used: charge.map_or(Used::Unknown, Used::Known) }
    }
}

/// Whether a failure says something about the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The target is at fault; it may have asked to be left alone for a while.
    Target { retry_after_ms: Option<u64> },
    /// Something else is.
    Elsewhere,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Call").field("arrival", &self.arrival).finish_non_exhaustive()
    }
}
