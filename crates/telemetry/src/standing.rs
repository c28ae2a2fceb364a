//! What stands at the moment somebody looks: gauges, and counters that others keep. Made anew for
//! each look, so that what is gone from the charter is gone from here.

use std::collections::BTreeMap;

use prometheus::core::Collector as _;
use prometheus::proto::MetricFamily;
use prometheus::{CounterVec, GaugeVec, Opts};

use crate::catalogue::{Kind, Metric};

/// What stands at one moment.
#[derive(Debug, Default)]
pub struct Standing {
    gauges: BTreeMap<&'static str, GaugeVec>,
    counters: BTreeMap<&'static str, CounterVec>,
}

impl Standing {
    /// Says that `metric` stands at `value` under `labels`, which replaces what was said before.
    pub fn set<const N: usize>(&mut self, metric: &Metric<N>, labels: [&str; N], value: f64) {
        // The catalogue's definitions are tested: neither the metric nor the labels can be wrong.
        match metric.kind {
            Kind::Counter => {
                if let Some(counters) = self.counters_of(metric)
                    && let Ok(counter) = counters.get_metric_with_label_values(&labels)
                {
                    counter.reset();
                    counter.inc_by(value.max(0.0));
                }
            }
            Kind::Gauge | Kind::Histogram(_) => {
                if let Some(gauges) = self.gauges_of(metric)
                    && let Ok(gauge) = gauges.get_metric_with_label_values(&labels)
                {
                    gauge.set(value);
                }
            }
        }
    }

    /// The same, unless it stands higher already.
    pub fn raise<const N: usize>(&mut self, metric: &Metric<N>, labels: [&str; N], value: f64) {
        if let Some(gauges) = self.gauges_of(metric)
            && let Ok(gauge) = gauges.get_metric_with_label_values(&labels)
        {
            gauge.set(gauge.get().max(value));
        }
    }

    /// Everything that was said.
    pub(crate) fn families(self) -> impl Iterator<Item = MetricFamily> {
        let gauges = self.gauges.into_values().flat_map(|gauges| gauges.collect());
        gauges.chain(self.counters.into_values().flat_map(|counters| counters.collect()))
    }

    fn gauges_of<const N: usize>(&mut self, metric: &Metric<N>) -> Option<&GaugeVec> {
        if !self.gauges.contains_key(metric.name) {
            let options = Opts::new(metric.name, metric.help);
            self.gauges.insert(metric.name, GaugeVec::new(options, &metric.labels).ok()?);
        }
        self.gauges.get(metric.name)
    }

    fn counters_of<const N: usize>(&mut self, metric: &Metric<N>) -> Option<&CounterVec> {
        if !self.counters.contains_key(metric.name) {
            let options = Opts::new(metric.name, metric.help);
            self.counters.insert(metric.name, CounterVec::new(options, &metric.labels).ok()?);
        }
        self.counters.get(metric.name)
    }
}
