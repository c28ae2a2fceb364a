//! Requests that prove no identity: refused, counted, and recorded in aggregate.
//!
//! One entry opens a window and one closes it with the counts, so that a flood of anonymous
//! requests writes two entries per window, not one per request. Their answers carry the id of
//! the window, and none is given before the log was asked to hold it. What a crash within a window
//! loses is its counts, never that it was open.

use std::sync::{Arc, Mutex};

use ledger::{DecisionLog, Note, NoteKind};
use model::{DecisionId, RefusalCode, Timestamp};
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

use crate::arrival::MintId;

/// How long one window counts.
const WINDOW_MS: u64 = 10_000;

/// The aggregate of refusals without identity. Only [`Unproved`] itself changes the window.
#[derive(Debug)]
pub(crate) struct Unproved {
    window: Mutex<Option<Window>>,
}

#[derive(Debug, Clone)]
struct Window {
    id: DecisionId,
    opened: Timestamp,
    counts: Vec<(RefusalCode, u64)>,
    /// Set once the opening entry is durable, or could not be written.
    entered: Arc<OnceCell<()>>,
}

impl Unproved {
    pub(crate) const fn new() -> Self {
        Self { window: Mutex::new(None) }
    }

    /// Counts one refusal; returns the id of the window it is counted in.
    ///
    /// The refusal stands whether or not the log can be written: it lets nothing through.
    pub(crate) async fn count(
        &self,
        ledger: &DecisionLog,
        code: RefusalCode,
        now: Timestamp,
        mint: &MintId,
    ) -> DecisionId {
        self.roll(ledger, now).await;
        let Window { id, opened, entered, .. } = self.add(code, now, mint);
        // One of those who are counted enters it and the others wait. Where that one leaves, the
        // next takes its place.
        let enter = async || {
            let body = json!({ "opened": opened });
            // An unwritable log is reported by its own status; the caller is refused regardless.
            let _ = ledger.note(Note { id, kind: NoteKind::RefusalsOpened, body }).await;
        };
        entered.get_or_init(enter).await;
        id
    }

    /// Closes the window if its time is over.
    pub(crate) async fn roll(&self, ledger: &DecisionLog, now: Timestamp) {
        if let Some(window) = self.take_if(|window| now.millis_since(window.opened) >= WINDOW_MS) {
            close(ledger, window, now).await;
        }
    }

    /// Closes the window whatever its age: the gateway stops.
    pub(crate) async fn finish(&self, ledger: &DecisionLog, now: Timestamp) {
        if let Some(window) = self.take_if(|_| true) {
            close(ledger, window, now).await;
        }
    }

    fn add(&self, code: RefusalCode, now: Timestamp, mint: &MintId) -> Window {
        let mut slot = self.window.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let window = slot.get_or_insert_with(|| Window {
            id: mint(now),
            opened: now,
            counts: Vec::new(),
            entered: Arc::default(),
        });
        match window.counts.iter_mut().find(|(counted, _)| *counted == code) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => window.counts.push((code, 1)),
        }
        window.clone()
    }

    fn take_if(&self, over: impl Fn(&Window) -> bool) -> Option<Window> {
        let mut slot = self.window.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if slot.as_ref().is_some_and(over) { slot.take() } else { None }
    }
}

async fn close(ledger: &DecisionLog, window: Window, now: Timestamp) {
    let counts: Map<String, Value> = window
        .counts
        .iter()
        .map(|(code, count)| (code.as_str().to_owned(), Value::from(*count)))
        .collect();
    let body = json!({ "opened": window.opened, "closed": now, "counts": counts });
    // As above: the refusals stand, and the log's own status says that it cannot be written.
    let _ = ledger.note(Note { id: window.id, kind: NoteKind::RefusalsClosed, body }).await;
}

#[cfg(test)]
mod tests;
