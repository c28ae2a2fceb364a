//! Files that this software wrote and reads again: facts of a decision, counters of budgets. Each
//! is refused, or is exactly what this software writes.

use model::Digest;
use policy::RecordedFacts;
use quota::{Code, Replay, Snapshot, SnapshotError};
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
        "\"code\":\"",
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
        _ => proved(&input.text()),
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
    match Snapshot::read(bytes, (LOG, SIZE), code) {
        Ok(snapshot) => {
            assert!(snapshot.upto() <= SIZE);
            let written = snapshot.to_json(code);
            let Ok(written) = written else { panic!("what was read cannot be written") };
            let again = Snapshot::read(&written, (LOG, SIZE), code);
            assert!(again.is_ok_and(|again| again == snapshot), "it is written as another");
            let other = Snapshot::read(&written, ("example.com/other", SIZE), code);
            assert!(matches!(other, Err(SnapshotError::OtherLog(_))));
            let forged = Snapshot::read(&written, (LOG, SIZE), |_| [0; 32]);
            assert!(matches!(forged, Err(SnapshotError::Unproved)), "another key's");
            // It can be counted on from there.
            let upto = snapshot.upto();
            let counted = Replay::restore(snapshot.clone()).snapshot(LOG, upto);
            assert_eq!(counted.upto(), upto);
        }
        Err(error) => assert!(error.to_string().len() <= 1024),
    }
}

/// A code that stands for that of the gateway's key: which one it is makes no difference here.
fn code(content: &[u8]) -> Code {
    *Digest::of(content).as_bytes()
}

/// What follows is a snapshot's content, under the code it has.
fn proved(content: &str) {
    let Ok(content) = RawValue::from_string(content.to_owned()) else { return };
    let code = Digest::of(content.get().as_bytes()).hex();
    let document = format!(
        r#"{{"format":"portreeve-counters","version":2,"code":"{code}","content":{content}}}"#
    );
    snapshot(document.as_bytes());
}

fn seeds() -> Vec<Vec<u8>> {
    let facts = seeds::texts(&seeds::json("facts/facts.json"), "facts");
    let mut found: Vec<Vec<u8>> = facts.iter().map(|text| seed(&[0], text)).collect();
    if let Ok(empty) = Replay::new().snapshot(LOG, 7).to_json(code) {
        found.push(seed(&[1], empty));
    }
    found.push(seed(&[2], CONTENT));
    found
}

/// A snapshot's content with something of everything in it.
const CONTENT: &str = r#"{"log":"example.com/log","upto":9,"windows":[{"per":"day","start":"2026-11-24T00:00:00.000Z","counters":[{"quota":"team-daily","measure":"tokens","used":5},{"quota":"team-daily","measure":"requests","for":{"team":"support"},"agent":"demo","used":18446744073709551615}]},{"per":"minute","start":"2026-11-24T09:00:00.000Z","counters":[]}],"open":[{"id":"019ab3c0-5a80-7000-8000-000000000001","holds":[{"counter":{"quota":"team-daily","measure":"tokens","per":"day"},"window":"2026-11-24T00:00:00.000Z","amount":12}]}]}"#;
