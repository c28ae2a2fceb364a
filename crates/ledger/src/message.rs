//! What the writer's queue carries. Every message but the last holds its place in the queue as
//! a permit, so that the queue is never full for whoever has one.

use model::DecisionId;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::entry::Draft;
use crate::facts::KeySubject;
use crate::recorded::Due;
use crate::status::Unavailable;

/// A message to the writer.
pub(crate) enum Message {
    /// Write this.
    Entry(Box<Pending>),
    /// Look whether a heartbeat or a retry is due.
    Tick {
        #[expect(dead_code, reason = "held for its place in the queue")]
        room: OwnedSemaphorePermit,
        done: Option<oneshot::Sender<()>>,
    },
    /// Write what is queued, then the end of the epoch, and stop.
    Close(oneshot::Sender<Result<(), Unavailable>>),
}

/// An entry on its way.
pub(crate) struct Pending {
    pub(crate) draft: Draft,
    pub(crate) facts: Option<Facts>,
    /// Its place in the queue; none for what the writer itself writes.
    #[expect(dead_code, reason = "held for its place in the queue")]
    pub(crate) room: Option<OwnedSemaphorePermit>,
    pub(crate) then: Then,
}

/// Facts to seal with an entry.
pub(crate) struct Facts {
    pub(crate) id: DecisionId,
    pub(crate) subject: KeySubject,
    pub(crate) bytes: Vec<u8>,
}

/// What follows when an entry is durable, or cannot be.
#[expect(clippy::large_enum_variant, reason = "it travels within `Pending`, which is boxed")]
pub(crate) enum Then {
    /// Somebody waits.
    Answer { reply: oneshot::Sender<Result<Answer, Unavailable>>, due: Option<Due> },
    /// It ends the decision at this index, and is tried again until it is durable.
    Outcome { decision: u64 },
    /// Nobody waits.
    Nothing,
}

/// A durable entry's receipt, and the outcome it now owes.
pub(crate) struct Answer {
    pub(crate) receipt: tlog::Receipt,
    pub(crate) due: Option<Due>,
}
