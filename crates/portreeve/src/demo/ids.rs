//! Ids of what the demo model says it made: no two alike, over restarts too, because the gateway
//! remembers whose each of them is.

use std::sync::atomic::{AtomicU64, Ordering};

use model::Digest;

/// Gives ids out.
#[derive(Debug)]
pub(super) struct Ids {
    /// Tells one run from another: 32 hexadecimal characters.
    run: String,
    next: AtomicU64,
}

impl Ids {
    /// The ids of the run that `run` names.
    pub(super) fn of(run: [u8; 16]) -> Self {
        let run = Digest::of(&run).hex().chars().take(32).collect();
        Self { run, next: AtomicU64::new(0) }
    }

    /// A new id that begins with `kind` and an underscore.
    pub(super) fn next(&self, kind: &str) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        format!("{kind}_{}{number:016x}", self.run)
    }
}
