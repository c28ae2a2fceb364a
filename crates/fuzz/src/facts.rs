//! Files that this software wrote and reads again: facts of a decision, counters of budgets. Each
//! is refused, or is exactly what this software writes.

use model::Digest;
use policy::RecordedFacts;
use quota::{Replay, Snapshot, SnapshotError};
use serde_json::value::RawValue;

use crate::Target;
use crate::input::Input;
use crate::seeds::{self, seed};

pub(crate) const TARGET: Target = Target {
    name: "facts",
    about: "recorded facts and counters' snapshots: refused, or what this software writes",
    check,
    seeds,
    words: &[
        "{\"asked\":{",
        "\"v\":2",
        "\"engine\":{",
        "\"verdict\":",
        "\"questions\":[]",
        "\"withheld\":[]",
        "null",
        "\"upto\":",
        "\"windows\":[]",
        "\"open\":[]",
        "\"per\":\"day\"",
        "\"used\":",
        "\"measure\":\"money\"",
        "\"agent\":\"a\"",
        "\"digest\":\"sha256:",
        "\"version\":2",
        "\"targets\":[]",
        "\"urls\":",
    ],
    cases: 3000,
};

const LOG: &str = "example.com/log";
const SIZE: u64 = 1_000_000;

fn check(input: &[u8]) {
    let mut input = Input::new(input);
    match input.byte() % 3 {
        0 => recorded(input.rest()),
        1 => snapshot(input.rest()),
        _ => digested(&input.text()),
    }
}

/// Facts that are read stand in one spelling; with a byte more they are others.
fn recorded(bytes: &[u8]) {
    match RecordedFacts::read(bytes) {
        Ok(facts) => {
            assert!(bytes.starts_with(br#"{"asked":{"#));
            let spaced = [b" ", bytes].concat();
            assert!(RecordedFacts::read(&spaced).is_err(), "it has another spelling");
            let again = RecordedFacts::read(bytes).map(|again| format!("{again:?}"));
            assert_eq!(again, Ok(format!("{facts:?}")));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn snapshot(bytes: &[u8]) {
    match Snapshot::read(bytes, LOG, SIZE) {
        Ok(snapshot) => {
            assert!(snapshot.upto() <= SIZE);
            let written = snapshot.to_json();
            let Ok(written) = written else { panic!("what was read cannot be written") };
            let again = Snapshot::read(&written, LOG, SIZE);
            assert!(again.is_ok_and(|again| again == snapshot), "it is written as another");
            let other = Snapshot::read(&written, "example.com/other", SIZE);
            assert!(matches!(other, Err(SnapshotError::OtherLog(_))));
            // It can be counted on from there.
            let upto = snapshot.upto();
            let counted = Replay::restore(snapshot.clone()).snapshot(LOG, upto);
            assert_eq!(counted.upto(), upto);
        }
        Err(error) => assert!(error.to_string().len() <= 1024),
    }
}

/// What follows is a snapshot's content, under the digest it has.
fn digested(content: &str) {
    let Ok(content) = RawValue::from_string(content.to_owned()) else { return };
    let digest = Digest::of(content.get().as_bytes());
    let document = format!(
        r#"{{"format":"portreeve-counters","version":1,"digest":"{digest}","content":{content}}}"#
    );
    snapshot(document.as_bytes());
}

fn seeds() -> Vec<Vec<u8>> {
    let facts = seeds::texts(&seeds::json("facts/facts.json"), "facts");
    let mut found: Vec<Vec<u8>> = facts.iter().map(|text| seed(&[0], text)).collect();
    if let Ok(empty) = Replay::new().snapshot(LOG, 7).to_json() {
        found.push(seed(&[1], empty));
    }
    found.push(seed(&[2], CONTENT));
    found
}

/// A snapshot's content with something of everything in it.
const CONTENT: &str = r#"{"log":"example.com/log","upto":9,"windows":[{"per":"day","start":"2026-11-24T00:00:00.000Z","counters":[{"quota":"team-daily","measure":"tokens","used":5},{"quota":"team-daily","measure":"requests","agent":"demo","used":18446744073709551615}]},{"per":"minute","start":"2026-11-24T09:00:00.000Z","counters":[]}],"open":[{"id":"019ab3c0-5a80-7000-8000-000000000001","holds":[{"counter":{"quota":"team-daily","measure":"tokens","per":"day"},"window":"2026-11-24T00:00:00.000Z","amount":12}]}]}"#;
