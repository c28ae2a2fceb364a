//! Ids of objects that an answer says it left at the provider.

use model::{StoredKind, StoredName};

use crate::loose::{LEFT_OUT, Text};
use crate::read::stored_name;

/// Most names that one answer may announce. What comes after them is not kept, so that a request
/// that names it later is refused.
pub const STORED_MAX: usize = 64;

/// The names an answer has announced so far, each once.
#[derive(Debug, Default)]
pub(super) struct Announced {
    names: Vec<StoredName>,
    /// How many of them were taken.
    taken: usize,
}

impl Announced {
    /// Takes note of an id, if it is one.
    pub(super) fn add(&mut self, kind: StoredKind, id: &Text) {
        let Some(id) = id.get().filter(|id| !id.is_empty() && *id != LEFT_OUT) else { return };
        let name = stored_name(kind, id);
        if self.names.len() < STORED_MAX && !self.names.contains(&name) {
            self.names.push(name);
        }
    }

    /// The names that came since this was last called.
    pub(super) fn take(&mut self) -> Vec<StoredName> {
        let fresh = self.names.get(self.taken..).unwrap_or_default().to_vec();
        self.taken = self.names.len();
        fresh
    }
}
