//! A gate that holds the fake provider back until the test lets it go: order without sleeps.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// How long a test waits for something that must happen before it is called a failure.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Holds whoever waits at it until it is opened. Clones are the same gate.
#[derive(Debug, Clone)]
pub struct Gate {
    open: Arc<watch::Sender<bool>>,
    arrived: Arc<Watched<usize>>,
}

/// A value that other threads wait on.
#[derive(Debug, Default)]
pub(crate) struct Watched<T> {
    value: Mutex<T>,
    changed: Condvar,
}

impl Gate {
    /// A closed gate.
    #[must_use]
    pub fn new() -> Self {
        Self { open: Arc::new(watch::Sender::new(false)), arrived: Arc::default() }
    }

    /// Opens the gate for good.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    /// Blocks until `count` have come to the gate.
    ///
    /// # Panics
    /// If they do not come within 30 seconds.
    pub fn wait_arrived(&self, count: usize) {
        self.arrived.wait("arrivals at the gate", |arrived| *arrived >= count);
    }

    /// Waits at the gate.
    pub(crate) async fn pass(&self) {
        self.arrived.change(|arrived| *arrived += 1);
        let mut open = self.open.subscribe();
        // The sender lives as long as this gate, so waiting cannot fail.
        let _ = open.wait_for(|open| *open).await;
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Watched<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { value: Mutex::new(value), changed: Condvar::new() }
    }

    /// Reads or changes the value and wakes whoever waits.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let result = change(&mut self.value.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
        result
    }

    /// Blocks until `ready`.
    pub(crate) fn wait(&self, what: &str, ready: impl Fn(&T) -> bool) {
        let value = self.value.lock().unwrap_or_else(PoisonError::into_inner);
        let (_value, waited) = self
            .changed
            .wait_timeout_while(value, PATIENCE, |value| !ready(value))
            .unwrap_or_else(PoisonError::into_inner);
        assert!(!waited.timed_out(), "waited 30 seconds in vain for {what}");
    }
}
