//! What providers keep for agents, read back from the decision log at a start, so that an agent
//! may go on naming what its calls made before. The log says it; the gate remembers it.

use std::path::Path;

use anyhow::{Context as _, Result};
use gateway::Gate;
use ledger::read::Reader;
use ledger::{Entry, EntryKind};
use model::StoredObject;
use serde::Deserialize as _;

use crate::said::{self, Event};

/// How many of the newest entries are read. What was made before them belongs to nobody any more.
const ENTRIES_MAX: u64 = 1_000_000;
/// What an entry holds that tells of stored objects: their member's name, as JSON writes it.
const MARK: &[&str] = &["\"stored\""];

/// Tells the gate whose each object is that the decision log in `dir`, `size` entries long, tells
/// of. Where the log cannot be read to its end, objects stay unknown, and naming them is refused.
pub(crate) fn remember(gate: &Gate, dir: &Path, size: u64) {
    let from = size.saturating_sub(ENTRIES_MAX);
    if let Err(cause) = each_stored(dir, from, |object| gate.remember(object)) {
        let text = format!(
            "what providers keep for agents could not be read from the decision log ({cause:#}); \
             requests that name such an object are refused until it is made again. Run \
             `portreeve ledger verify`"
        );
        said::tell(Event::StoredUnread, &text);
    }
}

/// Calls `tell` with every stored object that the log tells of from entry `from` on, the oldest
/// first.
fn each_stored(dir: &Path, from: u64, mut tell: impl FnMut(StoredObject)) -> Result<()> {
    let reader = Reader::open_own(dir)?;
    for entry in reader.entries(from)?.holding(MARK) {
        stored(&entry?)?.into_iter().for_each(&mut tell);
    }
    Ok(())
}

/// The objects that an outcome lists; none for any other entry.
fn stored(entry: &Entry) -> Result<Vec<StoredObject>> {
    match entry.json.get("stored") {
        Some(listed) if entry.kind == EntryKind::Outcome => Vec::deserialize(listed)
            .with_context(|| format!("entry {} lists objects that cannot be read", entry.index)),
        _ => Ok(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn entry(kind: EntryKind, json: Value) -> Entry {
        Entry {
            index: 7,
            kind,
            id: None,
            epoch: 1,
            ts: model::Timestamp::from_millis(0),
            json,
            published: true,
        }
    }

    #[test]
    fn objects_are_those_that_outcomes_list() {
        let listed = json!({ "stored": [{
            "agent": "demo-agent",
            "provider": "demo",
            "object": { "kind": "response", "id": model::Digest::of(b"resp_1") },
        }] });
        let check = |kind, json: &Value, expect: Option<usize>| {
            let found = stored(&entry(kind, json.clone())).ok().map(|found| found.len());
            assert_eq!(found, expect, "{kind:?} {json}");
        };
        check(EntryKind::Outcome, &listed, Some(1));
        check(EntryKind::Decision, &listed, Some(0));
        check(EntryKind::Outcome, &json!({ "text": "stored" }), Some(0));
        check(EntryKind::Outcome, &json!({ "stored": [{ "agent": "x" }] }), None);
        check(EntryKind::Outcome, &json!({ "stored": "everything" }), None);
    }
}
