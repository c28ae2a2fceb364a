//! After a disk that answered too late: what the control log says, the governor follows.
//!
//! An act refused as late may stand in the log all the same. Before the next one is taken, the
//! log is asked; nothing here changes anything that the log does not say.

use std::sync::Arc;

use approval::Approved;
use bundle::Snapshot;
use ledger::Unavailable;

use crate::control::Applied;
use crate::governor::{Governed, Governor};
use crate::refused::ActRefused;

impl Governor {
    /// Follows the log, where an act was refused as late and nobody knows yet whether it stands
    /// there. Does nothing otherwise.
    ///
    /// # Errors
    /// Where the log does not answer yet, cannot be read, or names a charter that cannot be
    /// served; the next call tries again.
    pub async fn settle(&self) -> Result<(), ActRefused> {
        let mut governed = self.governed.lock().await;
        self.settled(&mut governed).await
    }

    pub(crate) async fn settled(&self, governed: &mut Governed) -> Result<(), ActRefused> {
        if !governed.unsure {
            return Ok(());
        }
        // The writer answers once everything before is durable, or was cut off again.
        self.control.tick().await.map_err(ActRefused::Log)?;
        let status = self.control.status();
        if !status.healthy {
            let why = status.last_error.unwrap_or_else(|| "it does not say why".to_owned());
            return Err(ActRefused::Log(Unavailable::Disk(why)));
        }
        let state = (self.refold)().map_err(ActRefused::Unsettled)?;
        let current = state.current().ok_or_else(|| ActRefused::Unsettled("no charter".into()))?;
        if governed.state.current().map(|known| known.index) != Some(current.index) {
            self.follow(governed, current).await?;
        }
        governed.state = state;
        governed.unsure = false;
        Ok(())
    }

    /// Brings into force what the log says came into force, proved again from its signed act.
    async fn follow(&self, governed: &mut Governed, applied: &Applied) -> Result<(), ActRefused> {
        let keyring = governed.bundle.keyring();
        let verified = approval::verify(&applied.act, keyring, applied.at, &self.gateway)?;
        let approved =
            Approved::genesis(&verified, &applied.charter).map_err(ActRefused::NotApproved)?;
        let tree = self.charters.get(&applied.charter).map_err(ActRefused::Store)?;
        let bundle = Arc::new(bundle::check(&tree).map_err(ActRefused::Problems)?);
        let snapshot = Snapshot::new(Arc::clone(&bundle), &approved, applied.change, applied.index)
            .map_err(|_| ActRefused::OtherCharter)?;
        (self.hooks.activate)(snapshot).await.map_err(ActRefused::CannotServe)?;
        governed.bundle = bundle;
        Ok(())
    }
}
