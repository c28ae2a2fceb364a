//! `Recorded<T>`: a value whose decision entry is durable. Only the ledger makes one, and
//! whoever holds one owes its outcome, which the type sees to.

use std::fmt;
use std::sync::Arc;

use model::{Clock, DecisionId, Ended, Outcome, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::entry::{Draft, DraftError, EntryKind};
use crate::message::{Message, Pending, Then};

/// A value whose decision entry is durable.
///
/// Dropping it while an outcome is due records the outcome `interrupted`, or what
/// [`unless_concluded`](Self::unless_concluded) set.
pub struct Recorded<T> {
    value: T,
    receipt: tlog::Receipt,
    due: Option<Due>,
}

/// The outcome owed for one decision, with the place in the queue kept for it.
///
/// Until the decision is durable, dropping it frees the place. From then on it records what
/// `unless_said` says.
pub(crate) struct Due {
    pub(crate) id: DecisionId,
    pub(crate) received: Timestamp,
    room: Option<OwnedSemaphorePermit>,
    queue: mpsc::Sender<Message>,
    clock: Arc<dyn Clock>,
    decision: Option<u64>,
    unless_said: Outcome,
}

impl<T> Recorded<T> {
    pub(crate) fn new(value: T, receipt: tlog::Receipt, mut due: Option<Due>) -> Self {
        if let Some(due) = &mut due {
            due.unless_said = Outcome::bare(Ended::Interrupted, 0);
        }
        Self { value, receipt, due }
    }

    /// The value.
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// The log's signed promise that the entry stands at its place.
    pub const fn receipt(&self) -> &tlog::Receipt {
        &self.receipt
    }

    /// Sets what is recorded if this is dropped, in place of `interrupted`. The duration is
    /// measured then.
    pub fn unless_concluded(&mut self, outcome: Outcome) {
        if let Some(due) = &mut self.due {
            due.unless_said = outcome;
        }
    }

    /// Records how the call ended. Never fails for lack of room: the place was kept. What cannot
    /// be written now is written when the disk works again; if the process ends before that,
    /// the next start reports the decision and records `interrupted`.
    ///
    /// Where no outcome is due, this does nothing.
    pub fn conclude(self, outcome: &Outcome) {
        if let Some(due) = self.due {
            due.conclude(outcome);
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Recorded<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Recorded")
            .field("value", &self.value)
            .field("index", &self.receipt.index)
            .field("outcome_due", &self.due.is_some())
            .finish()
    }
}

impl Due {
    pub(crate) fn new(
        id: DecisionId,
        received: Timestamp,
        room: Option<OwnedSemaphorePermit>,
        queue: mpsc::Sender<Message>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let unless_said = Outcome::not_forwarded(0);
        Self { id, received, room, queue, clock, decision: None, unless_said }
    }

    /// The decision is durable at `index`: from here on an outcome follows, whatever happens.
    pub(crate) const fn recorded(&mut self, index: u64) {
        self.decision = Some(index);
    }

    fn conclude(mut self, outcome: &Outcome) {
        self.send(outcome);
    }

    fn send(&mut self, outcome: &Outcome) {
        let Some((decision, room)) = self.decision.take().zip(self.room.take()) else { return };
        let Ok(draft) = outcome_draft(self.id, decision, outcome, None) else { return };
        let then = Then::Outcome { decision };
        let pending = Pending { draft, facts: None, room: Some(room), then };
        // The place was kept, so this fails only when the writer has ended; it then recorded
        // the decision as interrupted, or the next start does.
        let _ = self.queue.try_send(Message::Entry(Box::new(pending)));
    }
}

impl Drop for Due {
    fn drop(&mut self) {
        if self.decision.is_some() {
            let duration = self.clock.now().millis_since(self.received);
            let outcome = Outcome { duration_ms: duration, ..self.unless_said.clone() };
            self.send(&outcome);
        }
    }
}

/// The outcome entry of the decision at index `decision`. One that is too large for an entry is
/// shortened to what always fits, and says so.
pub(crate) fn outcome_draft(
    id: DecisionId,
    decision: u64,
    outcome: &Outcome,
    lost_epoch: Option<u64>,
) -> Result<Draft, DraftError> {
    let write = |outcome: &Outcome, shortened: bool| {
        let mut draft = Draft::of(EntryKind::Outcome, outcome)?;
        draft.put("id", &id)?;
        draft.put("decision", &decision)?;
        if let Some(epoch) = lost_epoch {
            draft.put("lost_epoch", &epoch)?;
        }
        if shortened {
            draft.put("shortened", &true)?;
        }
        Ok(draft)
    };
    write(outcome, false).or_else(|_: DraftError| {
        let bare = Outcome { attempts: Vec::new(), ..outcome.clone() };
        write(&bare, true)
    })
}
