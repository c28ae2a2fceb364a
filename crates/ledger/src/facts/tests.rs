//! Sealed facts: only the right key, decision and commitment open them; erasure is for ever.

use model::DecisionId;
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::*;

fn keys(folder: &TempDir, kek: u8) -> FactKeys {
    FactKeys::open(&folder.path().join("keys"), &Zeroizing::new([kek; 32])).unwrap()
}

fn agent(name: &str) -> KeySubject {
    KeySubject::Agent(name.parse().unwrap())
}

fn id(number: u8) -> DecisionId {
    DecisionId::new(1, [number; 10])
}

fn seal(keys: &FactKeys, subject: &KeySubject, facts: &[u8]) -> (Commit, Vec<u8>) {
    keys.for_sealing(subject).unwrap().seal(id(1), facts).unwrap()
}

#[test]
fn facts_open_with_their_key_decision_and_commitment_only() {
    let folder = tempfile::tempdir().unwrap();
    let first = keys(&folder, 1);
    let (commit, sealed) = seal(&first, &agent("a"), b"facts");
    assert_eq!(keys(&folder, 1).unseal(id(1), &commit, &sealed).unwrap(), b"facts");

    let other_kek = keys(&folder, 2).unseal(id(1), &commit, &sealed);
    assert!(matches!(other_kek, Err(FactsError::KeyDamaged { .. })));
    let other_decision = first.unseal(id(2), &commit, &sealed);
    assert!(matches!(other_decision, Err(FactsError::Damaged { .. })));
    let (other_commit, _) = seal(&first, &agent("a"), b"facts");
    assert_ne!(other_commit.sha256, commit.sha256, "salted");
    let swapped = first.unseal(id(1), &other_commit, &sealed);
    assert!(matches!(swapped, Err(FactsError::OtherFacts { .. })));
    for at in 0..sealed.len() {
        let mut bent = sealed.clone();
        bent[at] ^= 1;
        assert!(first.unseal(id(1), &commit, &bent).is_err(), "byte {at}");
        assert!(first.unseal(id(1), &commit, &sealed[..at]).is_err(), "cut at {at}");
    }
    for missing in ["agent.b.1", "agent.../../x.1", "", "agent.a.1/../agent.a.1"] {
        let commit = Commit { key: missing.to_owned(), ..commit.clone() };
        let refused = first.unseal(id(1), &commit, &sealed);
        assert!(matches!(refused, Err(FactsError::KeyMissing { .. })), "{missing}");
    }
}

#[test]
fn facts_of_the_vectors_open_and_nothing_else_does() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/vectors/ledger/facts.json");
    let vectors: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
    let unhex = |text: &str| -> Vec<u8> {
        let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        (0..text.len()).step_by(2).map(byte).collect()
    };
    let decision: DecisionId = text(&vectors, "decision").parse().unwrap();
    let name = text(&vectors, "key_id");
    assert_eq!(payload_aad(decision, &name), text(&vectors, "associated_data").as_bytes());
    let key = DataKey::new(name, &unhex(&text(&vectors, "key")).try_into().unwrap()).unwrap();
    for case in vectors["cases"].as_array().unwrap() {
        let sha256 = text(case, "sha256");
        let commit = serde_json::json!({
            "commit": {"sha256": sha256, "bytes": case["bytes"], "key": vectors["key_id"]},
        });
        let commit = Commit::of(&commit).unwrap();
        let payload = unhex(&text(case, "payload"));
        let facts = text(case, "facts").into_bytes();
        assert_eq!(key.unseal(decision, &commit, &payload).unwrap(), facts);
        assert_eq!(commit.bytes, facts.len() as u64);
        assert!(key.unseal(id(1), &commit, &payload).is_err(), "of another decision");
    }
}

#[test]
fn erasing_takes_effect_at_once_and_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let first = keys(&folder, 1);
    assert_eq!(first.erase(&agent("a")).unwrap(), None);
    let (commit, sealed) = seal(&first, &agent("a"), b"facts");
    let (other, other_sealed) = seal(&first, &KeySubject::Unproved, b"facts");
    assert_eq!(first.erase(&agent("a")).unwrap().unwrap().key, "agent.a.1");
    for keys in [&first, &keys(&folder, 1)] {
        let gone = keys.unseal(id(1), &commit, &sealed);
        assert!(matches!(gone, Err(FactsError::Erased { .. })));
        assert_eq!(keys.unseal(id(1), &other, &other_sealed).unwrap(), b"facts");
    }
    let (next, sealed) = seal(&first, &agent("a"), b"more");
    assert_eq!(next.key, "agent.a.2");
    assert_eq!(first.unseal(id(1), &next, &sealed).unwrap(), b"more");
    assert_eq!(first.erase(&agent("a")).unwrap().unwrap().key, "agent.a.2");
    assert_eq!(first.erase(&agent("a")).unwrap().unwrap().key, "agent.a.2", "twice");
}

#[test]
fn names_that_look_alike_have_keys_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let keys = keys(&folder, 1);
    let ids: Vec<String> = [agent("unproved"), KeySubject::Unproved, agent("a"), agent("a.1")]
        .iter()
        .map(|subject| seal(&keys, subject, b"x").0.key)
        .collect();
    assert_eq!(ids, ["agent.unproved.1", "unproved.1", "agent.a.1", "agent.a.1.1"]);
}

#[test]
fn a_commitment_cannot_be_confirmed_without_the_salt() {
    let folder = tempfile::tempdir().unwrap();
    let (commit, _) = seal(&keys(&folder, 1), &agent("a"), b"yes");
    assert_ne!(commit.sha256, Digest::of(b"yes"));
    let read = Commit::of(&serde_json::json!({"commit": commit.record()}));
    assert_eq!(read, Some(commit));
}

#[test]
fn debug_shows_no_key() {
    let folder = tempfile::tempdir().unwrap();
    let keys = keys(&folder, 0xAB);
    seal(&keys, &agent("a"), b"x");
    let shown = format!("{keys:?} {:?}", keys.for_sealing(&agent("a")).unwrap());
    assert!(!shown.to_lowercase().contains("ab, ab") && !shown.contains("171"), "{shown}");
}
