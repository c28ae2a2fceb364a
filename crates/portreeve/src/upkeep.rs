//! What no request does: closes aggregate windows, anchors checkpoints, keeps what budgets count
//! on the disk, tells of failing logs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gateway::Gate;
use govern::Governor;
use ledger::read::Reader;
use ledger::{ControlLog, DecisionLog};

use crate::print;
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
            print::notice(&format!(
                "the log {origin} fails: {cause}. While it cannot be written, nothing is forwarded"
            ));
        }
        None if !were_healthy => print::notice("the logs work again"),
        Some(_) | None => {}
    }
    failing.is_none()
}
