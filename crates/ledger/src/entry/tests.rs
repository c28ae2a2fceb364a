//! Entries: canonical form, order of fields, and everything that is not an entry.

use model::Timestamp;
use proptest::prelude::*;
use serde_json::json;

use super::*;

const TS: Timestamp = Timestamp::from_millis(1_795_510_800_007);

fn draft(body: &Value) -> Draft {
    Draft::of(EntryKind::Act, body).unwrap()
}

#[test]
fn a_rendered_entry_is_canonical_and_reads_back() {
    let body = json!({"b": [1, {"z": null, "a": "ä\n"}], "zz": true, "a": -3, "tz": 1, "f": 2});
    let bytes = draft(&body).render(3, 17, &TS.to_string());
    let text = String::from_utf8(bytes.clone()).unwrap();
    let expected = "{\"a\":-3,\"b\":[1,{\"a\":\"ä\\n\",\"z\":null}],\"epoch\":3,\"f\":2,\"seq\":17,\
                    \"ts\":\"2026-11-24T09:00:00.007Z\",\"type\":\"act\",\"tz\":1,\"v\":1,\"zz\":true}";
    assert_eq!(text, expected.replace("2026-11-24T09:00:00.007Z", &TS.to_string()));
    let entry = Entry::parse(&bytes, 17, true).unwrap();
    assert_eq!((entry.kind, entry.epoch, entry.ts), (EntryKind::Act, 3, TS));
}

#[test]
fn what_is_not_an_entry_is_refused() {
    let good = String::from_utf8(draft(&json!({"x": 1})).render(1, 5, &TS.to_string())).unwrap();
    assert!(Entry::parse(good.as_bytes(), 5, false).is_ok());
    let misplaced = Entry::parse(good.as_bytes(), 6, false);
    assert_eq!(misplaced, Err(EntryError::Misplaced { says: 5 }));
    let unknown = good.replace("\"act\"", "\"acts\"");
    let refused = Entry::parse(unknown.as_bytes(), 5, false);
    assert_eq!(refused, Err(EntryError::KindUnknown("acts".to_owned())));
    for (what, with) in [
        ("{", " {"),
        ("}", "} "),
        ("}", ""),
        ("\"x\":1", "\"x\":1.0"),
        ("\"x\":1", "\"x\":1,\"x\":1"),
        ("\"v\":1", "\"v\":2"),
        ("\"seq\":5", "\"seq\":\"5\""),
        ("\"epoch\":1,", ""),
        ("\"x\":1", "\"id\":\"nobody\""),
        ("\"x\":1", "\"x\":\"\\u0041\""),
    ] {
        let bad = good.replacen(what, with, 1);
        assert!(
            matches!(Entry::parse(bad.as_bytes(), 5, false), Err(EntryError::Malformed(_))),
            "{bad}"
        );
    }
}

#[test]
fn a_draft_has_a_largest_size_and_leaves_the_ledgers_fields_alone() {
    let sized = |bytes: usize| Draft::of(EntryKind::Act, &json!({"x": "y".repeat(bytes)}));
    let most = ENTRY_BYTES_MAX - ADDED_BYTES_MAX - 7;
    assert!(sized(most).is_ok());
    assert!(matches!(sized(most + 1), Err(DraftError::TooLarge { .. })));
    for reserved in RESERVED {
        let body = json!({reserved: 1});
        assert!(Draft::of(EntryKind::Act, &body).is_err(), "{reserved}");
    }
    assert!(Draft::of(EntryKind::Act, &json!([1])).is_err());
    assert!(Draft::of(EntryKind::Act, &json!({"x": 0.5})).is_err());
}

#[test]
fn the_largest_draft_fits_with_all_that_is_added() {
    let most = ENTRY_BYTES_MAX - ADDED_BYTES_MAX - 7;
    let mut draft = Draft::of(EntryKind::RefusalsOpened, &json!({"x": "y".repeat(most)})).unwrap();
    let key = format!("agent.{}.{}", "n".repeat(128), u32::MAX);
    let commit = json!({"sha256": "f".repeat(64), "bytes": u64::MAX, "key": key});
    draft.put("commit", &commit).unwrap();
    draft.put("outcome", &json!("none")).unwrap();
    let id = model::DecisionId::new(0, [0; 10]).to_string();
    draft.put("id", &json!(id)).unwrap();
    let bytes = draft.render(u64::MAX, u64::MAX, &Timestamp::from_millis(i64::MIN).to_string());
    assert!(bytes.len() <= ENTRY_BYTES_MAX, "{}", bytes.len());
}

proptest! {
    #[test]
    fn any_text_survives(text in ".*", key in "[a-z]{1,4}") {
        prop_assume!(!RESERVED.contains(&key.as_str()) && key != "id");
        let bytes = draft(&json!({key.clone(): text.clone()})).render(1, 2, &TS.to_string());
        let entry = Entry::parse(&bytes, 2, false).unwrap();
        prop_assert_eq!(entry.json[&key].as_str(), Some(text.as_str()));
    }
}
