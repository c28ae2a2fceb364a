//! The writer thread: takes what is queued, makes it durable with one sync, answers everybody.
//!
//! It is the only one that appends. It never publishes, and never tells anybody of an entry
//! before the sync that covers it succeeded.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use model::{DecisionId, Ended, Outcome, Timestamp};
use serde_json::json;
use tlog::LogKey;
use tokio::sync::mpsc::Receiver;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::engine::Shared;
use crate::entry::{Draft, EntryKind};
use crate::facts::FactKeys;
use crate::message::{Answer, Message, Pending, Then};
use crate::recorded::outcome_draft;
use crate::status::Unavailable;
use crate::wal::WalWriter;

/// Entries at which a batch has company: more are likely to follow while its sync is under way.
const COMPANY: usize = 3;

/// The writer's state. Owned by its thread alone.
pub(crate) struct Writer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) wal: WalWriter,
    pub(crate) key: Arc<LogKey>,
    pub(crate) facts: Option<FactKeys>,
    pub(crate) epoch: u64,
    /// Decisions whose outcome is due, by index.
    pub(crate) open: BTreeMap<u64, DecisionId>,
    /// Outcomes a failed write left, oldest first. Each holds its place in the queue, so there
    /// are never more than the queue has places.
    pub(crate) carried: VecDeque<Pending>,
    pub(crate) counted: Counters,
    /// How long the last sync took.
    pub(crate) last_sync: Duration,
    /// What the last heartbeat said, and when.
    pub(crate) beat: (Counters, Timestamp),
}

/// Entries of this epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    decisions: u64,
    outcomes: u64,
}

/// An entry whose facts are sealed.
struct Ready {
    pending: Pending,
    sealed: Vec<u8>,
}

/// Entries that one sync will cover.
#[derive(Default)]
struct Batch {
    entries: Vec<Ready>,
    bytes: usize,
    ticked: Vec<oneshot::Sender<()>>,
    beat: bool,
    close: Option<oneshot::Sender<Result<(), Unavailable>>>,
}

impl Writer {
    /// Runs until the log is closed or its last handle is gone.
    pub(crate) fn run(mut self, mut queue: Receiver<Message>) {
        while let Some(message) = queue.blocking_recv() {
            let mut batch = self.begin();
            self.admit(message, &mut batch);
            self.fill(&mut queue, &mut batch);
            self.gather(&mut queue, &mut batch);
            if batch.beat {
                self.heal();
                self.add_heartbeat(&mut batch);
            }
            let close = batch.close.take();
            let ticked = std::mem::take(&mut batch.ticked);
            let written = self.commit(batch.entries);
            for done in ticked {
                // Whoever asked may have left.
                let _ = done.send(());
            }
            if let Some(reply) = close {
                let stopped = written.and_then(|()| self.stop(&mut queue));
                self.end();
                // Whoever closes may have left.
                let _ = reply.send(stopped);
                return;
            }
        }
        self.end();
    }

    /// Nothing is written from here on.
    fn end(&self) {
        self.shared.state().writer_ended = true;
        self.shared.wake_publisher();
    }

    /// A batch that begins with the outcomes a failure left.
    fn begin(&mut self) -> Batch {
        let mut batch = Batch::default();
        while let Some(pending) = self.carried.pop_front() {
            batch.add(pending, Vec::new());
            if self.is_full(&batch) {
                break;
            }
        }
        batch
    }

    fn is_full(&self, batch: &Batch) -> bool {
        let settings = &self.shared.settings;
        batch.entries.len() >= settings.batch_max.max(1) || batch.bytes >= settings.batch_bytes_max
    }

    /// Takes what is queued already, up to the batch's bounds.
    fn fill(&mut self, queue: &mut Receiver<Message>, batch: &mut Batch) {
        while batch.close.is_none() && !self.is_full(batch) {
            let Ok(message) = queue.try_recv() else { break };
            self.admit(message, batch);
        }
    }

    /// Waits for more where several have come already, so that there are fewer syncs and signatures
    /// to pay for.
    #[expect(
        clippy::disallowed_methods,
        reason = "how many will come is not known; bounded by settings"
    )]
    fn gather(&mut self, queue: &mut Receiver<Message>, batch: &mut Batch) {
        let wait = patience(batch.entries.len(), self.last_sync, self.shared.settings.gather_max);
        if batch.close.is_none() && !self.is_full(batch) && !wait.is_zero() {
            std::thread::sleep(wait);
            self.fill(queue, batch);
        }
    }

    fn admit(&mut self, message: Message, batch: &mut Batch) {
        match message {
            Message::Entry(pending) => self.admit_entry(*pending, batch),
            Message::Tick { done, .. } => {
                batch.beat = true;
                batch.ticked.extend(done);
            }
            Message::Close(reply) => batch.close = Some(reply),
        }
    }

    /// Seals the entry's facts and adds it. One whose waiter has left is not written at all.
    fn admit_entry(&mut self, mut pending: Pending, batch: &mut Batch) {
        if matches!(&pending.then, Then::Answer { reply, .. } if reply.is_closed()) {
            return;
        }
        match self.seal(&mut pending) {
            Ok(sealed) => batch.add(pending, sealed),
            Err(why) => {
                self.note_failure(&why.to_string());
                pending.refuse(why);
            }
        }
    }

    fn seal(&self, pending: &mut Pending) -> Result<Vec<u8>, Unavailable> {
        let Some(facts) = pending.facts.take() else { return Ok(Vec::new()) };
        let keys = self.facts.as_ref().ok_or_else(|| {
            Unavailable::Facts("this log was opened without keys for facts".to_owned())
        })?;
        let (commit, sealed) = keys
            .for_sealing(&facts.subject)
            .and_then(|key| key.seal(facts.id, &facts.bytes))
            .map_err(|error| Unavailable::Facts(crate::error_line(&error)))?;
        pending.draft.put("commit", &commit.record())?;
        Ok(sealed)
    }

    /// Makes the batch durable and answers; or answers that it is not.
    fn commit(&mut self, batch: Vec<Ready>) -> Result<(), Unavailable> {
        if batch.is_empty() {
            return Ok(());
        }
        let (first, now) = (self.wal.next(), self.shared.clock.now().to_string());
        let (pending, frames): (Vec<_>, Vec<_>) = (first..)
            .zip(batch)
            .map(|(index, ready)| {
                let entry = ready.pending.draft.render(self.epoch, index, &now);
                (ready.pending, (entry, ready.sealed))
            })
            .unzip();
        // Before the sync, so that nobody waits for it behind the disk.
        let leaves: Vec<_> = frames.iter().map(|(entry, _)| tlog::leaf_hash(entry)).collect();
        let began = Instant::now();
        match self.wal.append(&frames) {
            Ok(()) => {
                self.count_sync(began.elapsed());
                self.succeed(first, pending, &leaves);
                Ok(())
            }
            Err(error) => {
                let why = Unavailable::Disk(error.line());
                self.fail(pending, &why);
                Err(why)
            }
        }
    }

    /// The batch is durable: count it, then tell everybody who waits.
    fn succeed(&mut self, first: u64, batch: Vec<Pending>, leaves: &[tlog::Hash]) {
        for (index, pending) in (first..).zip(&batch) {
            self.count(index, pending);
        }
        {
            let mut state = self.shared.state();
            state.durable = self.wal.next();
            state.in_flight = self.open.len() as u64;
            state.writing_fails = false;
        }
        let receipts = tlog::sign_batch(&self.key, first, leaves);
        for ((index, pending), receipt) in (first..).zip(batch).zip(receipts) {
            if let Then::Answer { reply, mut due } = pending.then {
                if let Some(due) = &mut due {
                    due.recorded(index);
                }
                // If the waiter has left, the answer is dropped here, and with it what is due:
                // that records the outcome `not_forwarded`.
                let _ = reply.send(Ok(Answer { receipt, due }));
            }
        }
    }

    fn count(&mut self, index: u64, pending: &Pending) {
        if pending.draft.kind() == EntryKind::Decision {
            self.counted.decisions += 1;
        }
        match &pending.then {
            Then::Answer { due: Some(due), .. } => {
                self.open.insert(index, due.id);
            }
            Then::Outcome { decision } => {
                self.counted.outcomes += 1;
                self.open.remove(decision);
            }
            Then::Answer { due: None, .. } | Then::Nothing => {}
        }
    }

    /// Nothing of the batch counts: outcomes wait for the next attempt, the others hear why.
    fn fail(&mut self, batch: Vec<Pending>, why: &Unavailable) {
        self.shared.state().writing_fails = true;
        self.note_failure(&why.to_string());
        for pending in batch.into_iter().rev() {
            if matches!(pending.then, Then::Outcome { .. }) {
                self.carried.push_front(pending);
            } else {
                pending.refuse(why.clone());
            }
        }
    }

    /// Finishes what a failed batch left to do; until that works nothing is written.
    fn heal(&mut self) {
        if let Err(error) = self.wal.heal() {
            self.note_failure(&error.line());
        }
    }

    fn count_sync(&mut self, took: Duration) {
        self.last_sync = took;
        let mut state = self.shared.state();
        state.syncs = state.syncs.saturating_add(1);
        state.sync_time = state.sync_time.saturating_add(took);
    }

    fn note_failure(&self, text: &str) {
        self.shared.state().last_error = Some(text.to_owned());
    }

    /// Adds a heartbeat if one is due: by the clock, or because the log must show that it healed.
    fn add_heartbeat(&mut self, batch: &mut Batch) {
        let settings = &self.shared.settings;
        let Some(every) = settings.heartbeat_every else { return };
        let (said, at) = self.beat;
        let now = self.shared.clock.now();
        let quiet = now.millis_since(at);
        let reached = |every: std::time::Duration| u128::from(quiet) >= every.as_millis();
        let due =
            (said != self.counted && reached(every)) || reached(settings.heartbeat_idle_every);
        if !due && !self.shared.state().writing_fails {
            return;
        }
        let body = json!({
            "decisions": self.counted.decisions,
            "outcomes": self.counted.outcomes,
            "in_flight": self.open.len(),
            "open_from": self.open.keys().next(),
        });
        if let Ok(pending) = own(EntryKind::Heartbeat, &body) {
            // First in the batch, so that what it counts is exactly what stands before it.
            batch.entries.insert(0, Ready { pending, sealed: Vec::new() });
            self.beat = (self.counted, now);
        }
    }

    /// Writes the epoch's first entry, and an outcome for each decision an earlier epoch lost.
    pub(crate) fn start(&mut self, start: Draft, lost: Vec<Pending>) -> Result<(), Unavailable> {
        let start = Pending { draft: start, facts: None, room: None, then: Then::Nothing };
        let mut batch = vec![Ready { pending: start, sealed: Vec::new() }];
        for pending in lost {
            batch.push(Ready { pending, sealed: Vec::new() });
            if batch.len() >= self.shared.settings.batch_max.max(1) {
                self.commit(std::mem::take(&mut batch))?;
            }
        }
        self.commit(batch)
    }

    /// Writes what is still queued, then the outcome of what is still under way, then the end.
    fn stop(&mut self, queue: &mut Receiver<Message>) -> Result<(), Unavailable> {
        queue.close();
        loop {
            let mut batch = self.begin();
            self.fill(queue, &mut batch);
            if batch.entries.is_empty() {
                break;
            }
            self.commit(batch.entries)?;
        }
        let lost: Vec<_> = self.open.iter().map(|(index, id)| (*index, *id)).collect();
        for part in lost.chunks(self.shared.settings.batch_max.max(1)) {
            let interrupted =
                part.iter().filter_map(|(index, id)| interrupted(*id, *index, 0, self.epoch).ok());
            let batch = interrupted
                .map(|pending| Ready { pending, sealed: Vec::new() })
                .collect::<Vec<_>>();
            self.commit(batch)?;
        }
        let body = json!({
            "decisions": self.counted.decisions,
            "outcomes": self.counted.outcomes,
        });
        let stop = own(EntryKind::EpochStop, &body)?;
        self.commit(vec![Ready { pending: stop, sealed: Vec::new() }])
    }
}

impl Batch {
    fn add(&mut self, pending: Pending, sealed: Vec<u8>) {
        self.bytes += pending.draft.bytes() + sealed.len();
        self.entries.push(Ready { pending, sealed });
    }
}

impl Pending {
    /// Tells whoever waits why this is not recorded.
    fn refuse(self, why: Unavailable) {
        if let Then::Answer { reply, .. } = self.then {
            // The waiter may have left; nothing was recorded, so nothing is owed.
            let _ = reply.send(Err(why));
        }
    }
}

/// How long a batch of so many entries waits for more: as long as the last sync took, so that nobody
/// waits more than twice as long as without; not at all without company.
fn patience(entries: usize, last_sync: Duration, most: Duration) -> Duration {
    if entries >= COMPANY { last_sync.min(most) } else { Duration::ZERO }
}

/// An entry of the ledger's own.
fn own(kind: EntryKind, body: &serde_json::Value) -> Result<Pending, Unavailable> {
    let draft = Draft::of(kind, body)?;
    Ok(Pending { draft, facts: None, room: None, then: Then::Nothing })
}

/// The outcome of a decision that `epoch` ended without.
pub(crate) fn interrupted(
    id: DecisionId,
    decision: u64,
    duration_ms: u64,
    epoch: u64,
) -> Result<Pending, Unavailable> {
    let outcome = Outcome::bare(Ended::Interrupted, duration_ms);
    let draft = outcome_draft(id, decision, &outcome, Some(epoch))?;
    Ok(Pending { draft, facts: None, room: None, then: Then::Outcome { decision } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_waits_with_company_alone_and_no_longer_than_a_sync_or_the_limit() {
        let ms = Duration::from_millis;
        assert_eq!([0, 1, 2].map(|entries| patience(entries, ms(5), ms(9))), [ms(0); 3]);
        assert_eq!(patience(3, ms(5), ms(9)), ms(5));
        assert_eq!(patience(512, ms(50), ms(9)), ms(9));
        assert_eq!(patience(512, ms(5), ms(0)), ms(0), "turned off");
        assert_eq!(patience(512, ms(0), ms(9)), ms(0), "nothing was synced yet");
    }
}
