//! What is in force at an instant: a bundle that was approved.

use std::sync::Arc;

use approval::Approved;
use model::{ChangeId, CharterInForce, Digest};

use crate::Bundle;

/// A compiled charter with the proof of its approval. Nothing serves without one.
///
/// ```compile_fail,E0451
/// use std::sync::Arc;
///
/// fn forge(bundle: Arc<bundle::Bundle>, charter: Arc<model::CharterInForce>) -> bundle::Snapshot {
///     bundle::Snapshot { bundle, charter }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Snapshot {
    bundle: Arc<Bundle>,
    charter: Arc<CharterInForce>,
}

/// The approval is of another charter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the approval is of charter {approved}, not of {bundle}")]
pub struct NotThisCharter {
    /// What was approved.
    pub approved: Digest,
    /// What was compiled.
    pub bundle: Digest,
}

impl Snapshot {
    /// Joins a bundle and its approval; `change` and `control_index` say where the control log
    /// tells of it.
    ///
    /// # Errors
    /// Where the approval is of another digest.
    pub fn new(
        bundle: Arc<Bundle>,
        approved: &Approved,
        change: ChangeId,
        control_index: u64,
    ) -> Result<Self, NotThisCharter> {
        if approved.digest() != bundle.digest() {
            let (approved, bundle) = (*approved.digest(), *bundle.digest());
            return Err(NotThisCharter { approved, bundle });
        }
        let [accountable, policy, platform, response] = bundle.seats().clone();
        let charter = CharterInForce {
            digest: *bundle.digest(),
            change,
            control_index,
            genesis: approved.is_genesis(),
            accountable,
            secondary: [policy, platform, response],
        };
        Ok(Self { bundle, charter: Arc::new(charter) })
    }

    /// The compiled charter.
    #[must_use]
    pub const fn bundle(&self) -> &Arc<Bundle> {
        &self.bundle
    }

    /// The charter as decisions cite it.
    #[must_use]
    pub const fn charter(&self) -> &Arc<CharterInForce> {
        &self.charter
    }
}
