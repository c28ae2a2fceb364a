//! Finding the entries of one decision. The id index is only a hint: where it does not lead to all
//! that must be there, the entries themselves are searched.

use model::DecisionId;

use crate::entry::{Entry, EntryKind};
use crate::ids;
use crate::read::{ReadError, Reader};

impl Reader {
    /// All entries that belong to decision `id`, in order: the decision, then what followed.
    ///
    /// A missing or damaged index makes this slower and never wrong: that there is no such entry
    /// is said only after every entry was looked at.
    ///
    /// # Errors
    /// An entry cannot be read.
    pub fn find(&self, id: DecisionId) -> Result<Vec<Entry>, ReadError> {
        let size = self.checkpoint()?.map_or(0, |checkpoint| checkpoint.size);
        let hinted = ids::find(self.dir(), id, size);
        let (indices, looked) = hinted.unwrap_or_default();
        let mut found = Vec::new();
        for index in indices {
            found.extend(self.entry(index)?.filter(|entry| entry.id == Some(id)));
        }
        self.search(id, looked, &mut found)?;
        if !is_whole(&found) {
            found.clear();
            self.search(id, 0, &mut found)?;
        }
        Ok(found)
    }

    /// Adds the entries of `id` from `from` on. Only those whose bytes hold the id are parsed.
    fn search(&self, id: DecisionId, from: u64, found: &mut Vec<Entry>) -> Result<(), ReadError> {
        let text = id.to_string();
        let mut entries = self.raw(from)?;
        while let Some(raw) = entries.next()? {
            // What is not UTF-8 is no entry, and reading it says so.
            if std::str::from_utf8(&raw.bytes).is_ok_and(|entry| !entry.contains(&text)) {
                continue;
            }
            let index = raw.index;
            let entry = Entry::parse(&raw.bytes, index, raw.published)
                .map_err(|source| ReadError::Entry { index, source })?;
            if entry.id == Some(id) {
                found.push(entry);
            }
        }
        Ok(())
    }
}

/// Whether these are all the entries that belong together. A decision under way lacks its outcome
/// as one does whose outcome the index hides: both are worth a search.
fn is_whole(found: &[Entry]) -> bool {
    let has = |kind| found.iter().any(|entry| entry.kind == kind);
    let Some(first) = found.first() else { return false };
    if first.kind == EntryKind::Decision {
        !first.outcome_due() || has(EntryKind::Outcome)
    } else if first.kind == EntryKind::RefusalsOpened {
        has(EntryKind::RefusalsClosed)
    } else {
        first.kind == EntryKind::CharterLoaded
    }
}
