//! Which policies the charters of recorded decisions had, so that a new one is told from an old one.

use std::collections::{HashMap, HashSet};

use anyhow::Result;
use govern::CharterStore;
use model::{Digest, PolicyId, PolicyRef};

use super::sealed;

/// Most charters whose policies are remembered.
const CHARTERS_MAX: usize = 64;

/// The policies of a charter by id and text; none where it cannot be read back.
type Known = Option<HashSet<(PolicyId, Digest)>>;

/// The charters of recorded decisions, each read when it is first needed.
pub(super) struct Olds<'c> {
    store: &'c CharterStore,
    known: HashMap<Digest, Known>,
}

impl<'c> Olds<'c> {
    pub(super) fn new(store: &'c CharterStore) -> Self {
        Self { store, known: HashMap::new() }
    }

    /// Whether the charter had this very policy. Of one that cannot be read back nobody knows, and
    /// every policy counts as new.
    pub(super) fn have(&mut self, charter: &Digest, policy: &PolicyRef) -> Result<bool> {
        if !self.known.contains_key(charter) {
            if self.known.len() >= CHARTERS_MAX {
                self.known.clear();
            }
            let read = sealed::charter(self.store, charter)?.ok();
            let all = read.map(|bundle| {
                let listed = bundle.policies().all();
                listed.map(|one| (one.policy.id.clone(), one.policy.text)).collect()
            });
            self.known.insert(*charter, all);
        }
        let known = self.known.get(charter).and_then(Option::as_ref);
        Ok(known.is_some_and(|known| known.contains(&(policy.id.clone(), policy.text))))
    }
}
