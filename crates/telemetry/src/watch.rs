//! The handle by which requests are watched. Clones are the same watch.

use std::sync::Arc;

use prometheus::TextEncoder;
use prometheus::proto::MetricFamily;

use crate::Error;
use crate::finished::Finished;
use crate::meters::Meters;
use crate::standing::Standing;

/// What an operator may set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Whether agents' names become labels of metrics of their own.
    pub agent_label: bool,
}

/// Watches requests.
#[derive(Debug, Clone)]
pub struct Watch(Arc<Meters>);

/// A stream that is being relayed, until it is dropped.
#[derive(Debug)]
pub struct StreamOpen(Watch);

impl Watch {
    /// A watch that has seen nothing yet.
    ///
    /// # Errors
    /// Where the catalogue is wrong, which a test would have found.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        Ok(Self(Arc::new(Meters::new(settings.agent_label)?)))
    }

    /// A request ended. It never waits.
    pub fn finished(&self, finished: &Finished<'_>) {
        self.0.note(finished);
    }

    /// A request's client left before it was answered, and nothing was sent for it.
    pub fn abandoned(&self) {
        self.0.abandoned.inc();
    }

    /// A streamed answer begins.
    #[must_use]
    pub fn stream(&self) -> StreamOpen {
        self.0.streams.inc();
        StreamOpen(self.clone())
    }

    /// Everything that was counted, and what stands now, in Prometheus's text format.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn exposition(&self, standing: Standing) -> Result<String, Error> {
        TextEncoder::new().encode_to_string(&self.families(standing))
    }

    fn families(&self, standing: Standing) -> Vec<MetricFamily> {
        let mut families = self.0.registry.gather();
        families.extend(standing.families());
        families.sort_by(|a, b| a.name().cmp(b.name()));
        families
    }
}

impl Drop for StreamOpen {
    fn drop(&mut self) {
        self.0.0.streams.dec();
    }
}
