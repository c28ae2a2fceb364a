//! The tamper-evident log: append durably, publish, prove, read back. Mints `Recorded`.
//!
//! Nothing may leave the gateway before its decision is durable here; `DecisionLog::intend` is
//! the one way to a `Recorded` value. `spec/ledger.md` gives the bytes.

mod canonical;
mod control_log;
mod decision_log;
mod decisions;
mod disk;
mod engine;
mod entry;
mod facts;
mod faults;
mod find;
mod head;
mod ids;
mod message;
mod payloads;
mod published;
mod publisher;
mod raw;
pub mod read;
mod recorded;
mod recovery;
mod settings;
mod status;
pub mod verify;
mod wal;
mod writer;

pub use canonical::canonical;
pub use control_log::{ControlKind, ControlLog, Position};
pub use decision_log::{DecisionLog, Note, NoteKind};
pub use decisions::{Decisions, SealedDecision, Unsealing};
pub use entry::{DraftError, ENTRY_BYTES_MAX, Entry, EntryError, EntryKind};
pub use facts::{Commit, Erased, FACTS_BYTES_MAX, FactKeys, FactsError, KeySubject};
#[doc(hidden)]
pub use faults::{Faults, Step, When};
pub use published::PublishedError;
pub use recorded::Recorded;
pub use recovery::{OpenError, PreviousEpoch, Recovered};
pub use settings::{LogHome, Settings};
pub use status::{Status, Unavailable};
pub use wal::WalError;

/// An error with its causes, in one line.
fn error_line(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}
