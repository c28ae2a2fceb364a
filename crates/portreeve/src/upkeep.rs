//! What no request does: closes aggregate windows, anchors checkpoints, keeps what budgets count
//! on the disk, tells of failing logs and of places that are set aside.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gateway::{Condition, Gate, RouteStatus};
use govern::Governor;
use ledger::read::Reader;
use ledger::{ControlLog, DecisionLog};
use model::ProviderName;

use crate::said::{self, Event};
use crate::tally::Keeper;

/// How often windows, logs and checkpoints are looked after.
const TICK: Duration = Duration::from_secs(1);
/// How often the decision log's checkpoint is recorded in the control log.
const CHECKPOINT_EVERY_TICKS: u64 = 60;
/// How often the snapshot of the budgets' counters is written.
const SNAPSHOT_EVERY_TICKS: u64 = 30;

/// Looks after what no request does.
pub(crate) struct Upkeep {
    pub(crate) gate: Arc<Gate>,
    pub(crate) governor: Arc<Governor>,
    pub(crate) control: ControlLog,
    pub(crate) decisions: DecisionLog,
    pub(crate) decisions_dir: PathBuf,
    pub(crate) aside: Arc<Aside>,
    pub(crate) keeper: Keeper,
}

impl Upkeep {
    /// Once a second: closes aggregate windows; once a minute: anchors the decision log's
    /// checkpoint in the control log. Twice a minute: writes the snapshot of the budgets' counters.
    pub(crate) async fn run(self) {
        let mut ticks = 0_u64;
        let mut healthy = true;
        loop {
            tokio::time::sleep(TICK).await;
            self.gate.tick().await;
            // Whatever keeps it from settling is in the log's own status; the next second tries
            // again, and no act is taken before.
            let _ = self.governor.settle().await;
            self.aside.tell(&self.gate);
            healthy = report_health(healthy, &[self.decisions.status(), self.control.status()]);
            if ticks.is_multiple_of(CHECKPOINT_EVERY_TICKS) {
                anchor(&self.decisions_dir, &self.control).await;
            }
            if ticks.is_multiple_of(SNAPSHOT_EVERY_TICKS) {
                self.keeper.save().await;
            }
            ticks = ticks.wrapping_add(1);
        }
    }
}

/// The places that are set aside, by provider and the provider's own name of the model, as they
/// were told last. Upkeep and the end of serving change it, each for as long as it looks.
#[derive(Debug, Default)]
pub(crate) struct Aside(Mutex<BTreeSet<(ProviderName, String)>>);

impl Aside {
    /// Tells the operator which places were set aside since the last time, and which came back.
    pub(crate) fn tell(&self, gate: &Gate) {
        self.look(&gate.routes()).iter().for_each(|(event, text)| said::tell(*event, text));
    }

    /// What there is to tell since they were last looked at. A place that is due for a probe is
    /// still set aside: it comes back when it answers.
    fn look(&self, routes: &[RouteStatus]) -> Vec<(Event, String)> {
        let mut before = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut told = Vec::new();
        let mut now = BTreeSet::new();
        for route in routes {
            let place = (route.provider.clone(), route.upstream_model.clone());
            let named = format!("{} as {}", route.provider, route.upstream_model);
            match route.health.condition {
                Condition::SetAside(_) | Condition::ProbeDue | Condition::Probing => {
                    let code = route.health.last_failure.unwrap_or("unknown");
                    if now.insert(place.clone()) && !before.contains(&place) {
                        let text = format!("{named} failed ({code}) and is set aside");
                        told.push((Event::TargetSetAside, text));
                    }
                }
                Condition::Healthy | Condition::Failing(_) => {
                    if before.remove(&place) {
                        told.push((Event::TargetBack, format!("{named} answers again")));
                    }
                }
            }
        }
        *before = now;
        told
    }
}

/// Records the decision log's newest checkpoint in the control log. A log that cannot be read or
/// written says so in its own status; the next minute, or the next start, tries again.
pub(crate) async fn anchor(decisions: &Path, control: &ControlLog) {
    let Ok(reader) = Reader::open_own(decisions) else { return };
    if let (Ok(Some(checkpoint)), Ok(Some(note))) = (reader.checkpoint(), reader.checkpoint_note())
    {
        let _ = control.record_checkpoint(&checkpoint, &note).await;
    }
}

/// Tells the operator when a log begins to fail and when it works again; returns whether all do.
fn report_health(were_healthy: bool, logs: &[ledger::Status]) -> bool {
    let failing = logs.iter().find(|log| !log.healthy);
    match failing {
        Some(log) if were_healthy => {
            let cause = log.last_error.as_deref().unwrap_or("unknown");
            let origin = &log.origin;
            let text = format!(
                "the log {origin} fails: {cause}. While it cannot be written, nothing is forwarded"
            );
            said::tell(Event::LogFailing, &text);
        }
        None if !were_healthy => said::tell(Event::LogWorking, "the logs work again"),
        Some(_) | None => {}
    }
    failing.is_none()
}

#[cfg(test)]
mod tests {
    use gateway::TargetHealth;
    use model::Timestamp;

    use super::*;

    fn route(model: &str, condition: Condition) -> RouteStatus {
        RouteStatus {
            model: model.parse().expect("a name"),
            provider: "local".parse().expect("a name"),
            upstream_model: "large".to_owned(),
            in_flight_max: None,
            health: TargetHealth { condition, in_flight: 0, last_failure: Some("status_5xx") },
        }
    }

    #[test]
    fn a_place_is_told_once_when_it_goes_and_once_when_it_comes_back() {
        let aside = Aside::default();
        let until = Condition::SetAside(Timestamp::from_millis(1));
        let check = |conditions: &[Condition], expect: &[&str]| {
            // Two models of one place are one place.
            let routes = conditions.iter().flat_map(|one| [route("a", *one), route("b", *one)]);
            let told = aside.look(&routes.collect::<Vec<_>>());
            let told: Vec<_> = told.iter().map(|(_, text)| text).collect();
            assert_eq!(told, expect, "{conditions:?}");
        };
        check(&[Condition::Healthy], &[]);
        check(&[Condition::Failing(2)], &[]);
        check(&[until], &["local as large failed (status_5xx) and is set aside"]);
        check(&[until], &[]);
        check(&[Condition::ProbeDue], &[]);
        check(&[Condition::Probing], &[]);
        check(&[Condition::Healthy], &["local as large answers again"]);
        check(&[Condition::Healthy], &[]);
        check(&[until], &["local as large failed (status_5xx) and is set aside"]);
        check(&[], &[]);
        check(&[Condition::Healthy], &[]);
    }
}
