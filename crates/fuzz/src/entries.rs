//! Entries of the log, and canonical JSON: what is taken is what would be written again, byte for
//! byte, and two readers agree on what that is.

use ledger::{ENTRY_BYTES_MAX, Entry, EntryKind, canonical};
use model::canonical::members;
use serde_json::Value;

use crate::Target;
use crate::input::Input;
use crate::seeds::{self, seed};

pub(crate) const TARGET: Target = Target {
    name: "entry",
    about: "entries and canonical JSON: taken exactly where it is written again as the same bytes",
    check,
    seeds,
    words: &[
        "\"epoch\":1,",
        "\"seq\":0,",
        "\"type\":\"outcome\",",
        "\"ts\":\"2026-11-24T09:00:00.000Z\",",
        "\"v\":1",
        "\"v\":2",
        "\"id\":\"",
        "\"outcome\":\"due\"",
        "\\u001f",
        "\\u0008",
        "\\/",
        "\\u00e9",
        "\"previous\":null",
        "\"decision\":0,",
        "\"body\":{}",
        "{}",
        "[]",
        "null",
        "-0",
        "1.0",
    ],
    cases: 6000,
};

/// The first byte is the place where the entry is said to stand; the rest is the entry.
fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let index = u64::from(input.byte());
    let bytes = input.rest();
    let mut names = Vec::new();
    let canonical_as_it_stands = members(bytes, |name, text| names.push((name, text))).is_ok();
    let json = serde_json::from_slice::<Value>(bytes).ok();
    let again = json.as_ref().filter(|json| json.is_object()).and_then(|json| canonical(json).ok());
    let written_again = again.as_ref().is_some_and(|text| text.as_bytes() == bytes);
    assert_eq!(canonical_as_it_stands, written_again, "reader and writer disagree");
    if let Some(text) = &again {
        assert!(members(text.as_bytes(), |_, _| ()).is_ok(), "what is written is not taken");
        let meant: Option<Value> = serde_json::from_str(text).ok();
        assert_eq!(meant, json, "it says something else");
    }
    if canonical_as_it_stands {
        each_member(&names, json.as_ref());
    }
    match Entry::parse(bytes, index, false) {
        Ok(entry) => {
            assert!(canonical_as_it_stands);
            assert_eq!(entry.index, index);
            assert_eq!(Some(&entry.json), json.as_ref());
            assert_eq!(entry.json.get("seq").and_then(Value::as_u64), Some(index));
            let kind = entry.json.get("type").and_then(Value::as_str);
            assert_eq!(kind, Some(entry.kind.as_str()));
            let version = entry.json.get("v").and_then(Value::as_u64);
            assert_eq!(version, Some(1), "a version that nobody here knows");
            assert!(!entry.outcome_due() || entry.kind == EntryKind::Decision);
            assert!(Entry::parse(bytes, index + 1, false).is_err(), "it stands at two places");
        }
        // It quotes at most a type's name.
        Err(error) => assert!(error.to_string().len() <= ENTRY_BYTES_MAX + 200),
    }
}

/// The members that were handed out are those of the object, in their order.
fn each_member(names: &[(&str, &str)], json: Option<&Value>) {
    let object = json.and_then(Value::as_object);
    assert_eq!(object.map(serde_json::Map::len), Some(names.len()));
    for (name, text) in names {
        let name = model::canonical::text(&format!("\"{name}\"")).map(|name| name.into_owned());
        let value = object.and_then(|object| object.get(name.as_deref().unwrap_or_default()));
        let text: Option<Value> = serde_json::from_str(text).ok();
        assert_eq!(value, text.as_ref(), "a member is handed out as another");
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let mut found: Vec<Vec<u8>> =
        EntryKind::ALL.iter().map(|kind| seed(&[3], plain(*kind, 3))).collect();
    found.extend(
        seeds::texts(&seeds::json("facts/facts.json"), "facts").iter().map(|text| seed(&[0], text)),
    );
    found.push(seed(&[0], r#"{"":"","\"":[1,-2,{"a":null}],"a":"\\\"\b\f\n\r\t\u001f","é":true}"#));
    found.push(seed(&[0], r#"{"a":18446744073709551615,"b":-9223372036854775808}"#));
    found
}

/// The least entry of a kind.
pub(crate) fn plain(kind: EntryKind, seq: u64) -> String {
    let kind = kind.as_str();
    format!(
        r#"{{"body":{{}},"epoch":1,"id":"019ab3c0-5a80-7000-8000-000000000001","seq":{seq},"ts":"2026-11-24T09:00:00.000Z","type":"{kind}","v":1}}"#
    )
}
