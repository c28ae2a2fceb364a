//! What a decision rested on: its facts, unsealed, and the charter of that time. Each may be out of
//! reach, and then it says why.

use anyhow::{Context as _, Result};
use bundle::Bundle;
use govern::{CharterStore, StoreError};
use ledger::read::{ReadError, Reader};
use ledger::{FactKeys, FactsError};
use model::{DecisionId, Digest};
use policy::{FactsUnread, RecordedFacts};

use super::cannot::{Cannot, Reason};
use crate::home::Home;
use crate::keys;

/// What a step comes to that may be out of reach; other failures are the disk's.
pub(super) type Reached<T> = Result<std::result::Result<T, Cannot>>;

/// What decision `id` rested on, as values; or, in words, why it is out of reach.
pub(crate) fn recorded(
    home: &Home,
    reader: &Reader,
    id: DecisionId,
) -> Result<std::result::Result<RecordedFacts, String>> {
    let read = match fact_keys(home)? {
        Ok(keys) => facts(reader, id, &keys)?.and_then(|bytes| read(&bytes)),
        Err(cannot) => Err(cannot),
    };
    Ok(read.map_err(|cannot| cannot.why))
}

/// The keys of the facts.
pub(super) fn fact_keys(home: &Home) -> Reached<FactKeys> {
    let Some(wrapping) = keys::facts(home)? else {
        let path = home.key("facts.key");
        let why = format!("{} is missing; restore it from a backup of keys/", path.display());
        return Ok(Err(Cannot::new(Reason::FactsLocked, why)));
    };
    let keys = FactKeys::open(&home.fact_keys(), &wrapping);
    Ok(Ok(keys.context("the keys of the facts cannot be opened")?))
}

/// The facts of decision `id`, to which the log commits.
pub(super) fn facts(reader: &Reader, id: DecisionId, keys: &FactKeys) -> Reached<Vec<u8>> {
    match reader.facts(id, keys) {
        Ok(facts) => Ok(Ok(facts)),
        Err(ReadError::NoFacts(_)) => {
            let why = "the log commits to its facts, but no sound record of them lies in payloads/: \
                       it was removed or changed there. The entry and its proof stay valid";
            Ok(Err(Cannot::new(Reason::FactsLost, why)))
        }
        Err(ReadError::Facts(cause)) => out_of_reach(cause).map(Err),
        Err(cause) => Err(cause).context("the decision log cannot be read"),
    }
}

/// Why facts cannot be unsealed; the disk's failures are errors.
pub(super) fn out_of_reach(cause: FactsError) -> Result<Cannot> {
    let reason = match &cause {
        FactsError::Erased { .. } => Reason::FactsErased,
        FactsError::KeyMissing { .. } | FactsError::KeyDamaged { .. } => Reason::FactsLocked,
        FactsError::Damaged { .. } | FactsError::OtherFacts { .. } => Reason::FactsDamaged,
        FactsError::Io { .. } | FactsError::NoRandomness => {
            return Err(cause).context("the facts cannot be unsealed");
        }
    };
    Ok(Cannot::new(reason, cause.to_string()))
}

/// The facts as values.
pub(super) fn read(facts: &[u8]) -> std::result::Result<RecordedFacts, Cannot> {
    RecordedFacts::read(facts).map_err(|cause| {
        let reason = match &cause {
            FactsUnread::Older(_) => Reason::FactsOlder,
            FactsUnread::Newer(_) => Reason::FactsNewer,
            FactsUnread::Damaged(_) => Reason::FactsDamaged,
        };
        Cannot::new(reason, cause.to_string())
    })
}

/// The charter named `digest`, from the store, compiled by this version.
pub(super) fn charter(store: &CharterStore, digest: &Digest) -> Reached<Bundle> {
    let tree = match store.get(digest) {
        Ok(tree) => tree,
        Err(cause) => {
            let reason = match &cause {
                StoreError::Missing(..) => Reason::CharterMissing,
                StoreError::Changed { .. } | StoreError::Unreadable(..) => Reason::CharterChanged,
                StoreError::Io { .. } => {
                    return Err(cause).context("the charter of that time cannot be read");
                }
            };
            return Ok(Err(Cannot::new(reason, cause.to_string())));
        }
    };
    Ok(bundle::check(&tree).map_err(|problems| {
        let first = problems.first().map(ToString::to_string).unwrap_or_default();
        let count = problems.len();
        let why = format!(
            "charter {digest} was sound when it came into force, but this version finds {count} \
             problems in it; the first: {first}"
        );
        Cannot::new(Reason::CharterUnsound, why)
    }))
}

#[cfg(test)]
mod tests {
    use charter::SourceTree;

    use super::*;

    #[test]
    fn a_charter_that_does_not_compile_any_more_says_what_is_wrong_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = CharterStore::open(folder.path().to_owned()).unwrap();
        let files = [("agents/one.yaml", "name: one\ncolour: red\n")];
        let tree = SourceTree::from_files(files).unwrap();
        let digest = store.put(&tree).unwrap();
        let cannot = charter(&store, &digest).unwrap().expect_err("it is not sound");
        assert_eq!(cannot.reason.as_str(), "charter_unsound");
        assert!(cannot.why.contains(&digest.to_string()), "{}", cannot.why);
        assert!(cannot.why.contains("the first: "), "{}", cannot.why);
    }
}
