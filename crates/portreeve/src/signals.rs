//! Ctrl-C and SIGTERM, watched from before the process says that it serves until it has ended:
//! none that comes meanwhile is lost or kills it.

use anyhow::{Context as _, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask the process to end.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// From here on, signals wait until somebody asks for the next.
    pub(crate) fn watch() -> Result<Self> {
        let interrupt = signal(SignalKind::interrupt()).context("Ctrl-C cannot be watched")?;
        let terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be watched")?;
        Ok(Self { interrupt, terminate })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
