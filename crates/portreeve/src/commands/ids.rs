//! A decision's id from the command line. The beginning of one is not taken for it, but what it
//! may begin is named.

use ledger::read::Reader;
use model::DecisionId;

use crate::exit::Failure;

/// How many entries, the newest of those that are published, are looked through for an id that
/// begins so; what is not yet published comes beside them.
const LOOKED_THROUGH: u64 = 20_000;
/// Shortest beginning that is looked for, in characters.
const BEGINNING_MIN: usize = 4;
/// Most ids that are named.
const NAMED_MAX: usize = 3;

/// The id that `text` is.
pub(crate) fn decision(reader: &Reader, text: &str) -> Result<DecisionId, Failure> {
    text.parse().map_err(|cause| {
        let failure = Failure::name(&cause);
        match beginning(text).map(|start| begun(reader, &start)) {
            Some(ids) if !ids.is_empty() => {
                failure.helped(format!("did you mean {}?", ids.join(" or ")))
            }
            _ => failure
                .helped("an id stands in `portreeve-decision`; `portreeve decisions` lists them"),
        }
    })
}

/// No decision of this id stands in the log.
pub(crate) fn absent(id: &DecisionId) -> Failure {
    Failure::not_known(format!("no decision {id} stands in this log"))
        .helped("`portreeve decisions` lists those that do")
}

/// `text` in small letters, if it may be the beginning of an id.
fn beginning(text: &str) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    let fits = (BEGINNING_MIN..36).contains(&text.len()) && text.bytes().all(fits);
    fits.then(|| text.to_ascii_lowercase())
}

/// Ids that begin so, the newest first. Where the log cannot be read, none is named.
fn begun(reader: &Reader, start: &str) -> Vec<String> {
    let published = reader.checkpoint().ok().flatten().map_or(0, |checkpoint| checkpoint.size);
    let Ok(entries) = reader.entries(published.saturating_sub(LOOKED_THROUGH)) else {
        return Vec::new();
    };
    let mut ids: Vec<String> = Vec::new();
    for entry in entries.map_while(Result::ok) {
        let id = entry.id.map(|id| id.to_string()).filter(|id| id.starts_with(start));
        if let Some(id) = id.filter(|id| !ids.contains(id)) {
            ids.insert(0, id);
            ids.truncate(NAMED_MAX);
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_begin_an_id_is_looked_for() {
        assert_eq!(beginning("0199A3"), Some("0199a3".to_owned()));
        assert_eq!(beginning("01993a0e-0000"), Some("01993a0e-0000".to_owned()));
        for other in ["019", "not-an-id", "", &"a".repeat(36), "0199 a3"] {
            assert_eq!(beginning(other), None, "{other}");
        }
    }
}
