//! The machine's clock and its randomness: read here and handed to everyone else.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use model::{ChangeId, Clock, DecisionId, Timestamp};

/// The machine's clock.
#[derive(Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the clock that others are handed")]
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The machine's clock, shared.
pub(crate) fn system() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// Random bytes from the operating system, by way of the cryptographic library.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0_u8; N];
    aws_lc_rs::rand::fill(&mut bytes).ok().context("the system gives no random bytes")?;
    Ok(bytes)
}

/// Mints decision ids.
pub(crate) fn mint_decisions() -> gateway::MintId {
    Arc::new(|received| {
        // Without random bytes ids of one millisecond could collide, but they still sort and
        // nothing secret depends on them; refusing every request would be worse.
        DecisionId::new(milliseconds(received), random().unwrap_or_default())
    })
}

/// A new change id.
pub(crate) fn new_change(now: Timestamp) -> Result<ChangeId> {
    Ok(ChangeId::new(milliseconds(now), random()?))
}

fn milliseconds(at: Timestamp) -> u64 {
    u64::try_from(at.millis()).unwrap_or(0)
}

/// Sixteen random bytes, or none where the system gives none.
pub(crate) fn random_or_none() -> Option<[u8; 16]> {
    random().ok()
}
