//! Canonical form: what is accepted is exactly what would be written again as the same bytes.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn accepts(text: &str) -> bool {
    members(text.as_bytes(), |_, _| ()).is_ok()
}

/// Canonical JSON the slow way; none where a number is not whole.
fn written(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) if number.is_f64() => None,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Some(value.to_string())
        }
        Value::Array(items) => {
            let items: Option<Vec<_>> = items.iter().map(written).collect();
            Some(format!("[{}]", items?.join(",")))
        }
        Value::Object(fields) => {
            let sorted: BTreeMap<_, _> = fields.iter().collect();
            let members: Option<Vec<_>> = sorted
                .iter()
                .map(|(key, item)| Some(format!("{}:{}", json!(key), written(item)?)))
                .collect();
            Some(format!("{{{}}}", members?.join(",")))
        }
    }
}

/// The slow answer: parse, write again, compare.
fn is_canonical(bytes: &[u8]) -> bool {
    serde_json::from_slice::<Value>(bytes).is_ok_and(|value| {
        value.is_object() && written(&value).is_some_and(|text| text.as_bytes() == bytes)
    })
}

#[test]
fn what_is_canonical_is_accepted() {
    let max = format!(r#"{{"a":{},"b":{},"c":-1,"d":0}}"#, u64::MAX, i64::MIN);
    let texts = [
        "{}",
        r#"{"":""}"#,
        r#"{"a":[],"b":{},"c":[[],{}],"d":true,"e":false,"f":null}"#,
        r#"{"a":"\"\\\b\f\n\r\t\u0000\u0007\u000b\u000e\u001f"}"#,
        "{\"a\":\"/\u{7f}ä€𝄞\",\"ä\":1,\"€\":2,\"𝄞\":3}",
        // `\n` is byte 10 and `!` byte 33, although the backslash stands behind both.
        r#"{"\n":1,"!":2,"\\":3,"a":4}"#,
        &max,
    ];
    for text in texts {
        assert!(accepts(text), "{text}");
        assert!(is_canonical(text.as_bytes()), "{text}");
    }
}

#[test]
fn whatever_is_spelled_otherwise_is_refused() {
    let too_large = format!(r#"{{"a":{}0}}"#, u64::MAX);
    let too_small = format!(r#"{{"a":{}0}}"#, i64::MIN);
    let texts = [
        "",
        "{",
        "}",
        "[]",
        "1",
        "null",
        r#""a""#,
        "{}{}",
        "{} ",
        " {}",
        "{,}",
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"{"a":1,}"#,
        r#"{a:1}"#,
        r#"{"a":[1,]}"#,
        r#"{"a":[,1]}"#,
        r#"{"a":[1"#,
        r#"{"a": 1}"#,
        r#"{"a":1 }"#,
        "{\"a\":1\n}",
        r#"{"b":1,"a":2}"#,
        r#"{"a":1,"a":1}"#,
        r#"{"ab":1,"a":2}"#,
        r#"{"a":1.0}"#,
        r#"{"a":1e3}"#,
        r#"{"a":01}"#,
        r#"{"a":-0}"#,
        r#"{"a":-}"#,
        r#"{"a":+1}"#,
        r#"{"a":00}"#,
        r#"{"a":-01}"#,
        r#"{"a":"\u0041"}"#,
        r#"{"a":"\u000A"}"#,
        r#"{"a":"\u000a"}"#,
        r#"{"a":"\u001F"}"#,
        r#"{"a":"\u0020"}"#,
        r#"{"a":"\/"}"#,
        r#"{"a":"\u00"}"#,
        r#"{"a":"\"}"#,
        r#"{"a":"\x"}"#,
        r#"{"a":"b}"#,
        "{\"a\":\"\t\"}",
        r#"{"a":tru}"#,
        r#"{"a":nulll}"#,
        r#"{"a":True}"#,
        r#"{"a":NaN}"#,
        r#"{"!":1,"\n":2}"#,
        r#"{"\\":1,"\n":2}"#,
        &too_large,
        &too_small,
    ];
    for text in texts {
        assert!(!accepts(text), "{text}");
        assert!(!is_canonical(text.as_bytes()), "{text}");
    }
    assert!(members(b"{\"a\":\"\xff\"}", |_, _| ()).is_err());
}

#[test]
fn depth_has_a_limit() {
    let deep = |levels: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
    for levels in [1, DEPTH_MAX - 1, DEPTH_MAX, 10_000] {
        assert_eq!(accepts(&deep(levels)), levels < DEPTH_MAX, "{levels}");
        assert_eq!(is_canonical(deep(levels).as_bytes()), levels < DEPTH_MAX, "{levels}");
    }
}

#[test]
fn values_are_read_where_they_stand() {
    assert_eq!((number("17"), number("-1"), number(r#""17""#)), (Some(17), None, None));
    assert_eq!(text(r#""plain""#), Some(Cow::Borrowed("plain")));
    assert_eq!(text(r#""a\nb""#).as_deref(), Some("a\nb"));
    assert_eq!((text("17"), text("\"")), (None, None));
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-c\"\\\\\n\u{1}ä]{0,4}".prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[ab\\\\\n!ä]{0,3}", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_was_written_canonically_is_accepted_and_its_members_stand_there(
        fields in prop::collection::btree_map(".{0,3}", any_value(), 0..5),
    ) {
        let value = Value::Object(fields.clone().into_iter().collect());
        let text = written(&value).expect("whole numbers only");
        let mut seen = Vec::new();
        members(text.as_bytes(), |key, value| seen.push((key.to_owned(), value.to_owned())))?;
        let expected: Vec<_> = fields
            .iter()
            .map(|(key, value)| {
                let key = json!(key).to_string();
                (key[1..key.len() - 1].to_owned(), written(value).expect("whole"))
            })
            .collect();
        prop_assert_eq!(seen, expected);
    }

    #[test]
    fn a_bent_text_is_accepted_only_if_it_would_be_written_so(
        fields in prop::collection::btree_map("[ab\\\\\n]{0,2}", any_value(), 1..4),
        place in any::<prop::sample::Index>(),
        with in prop::sample::select(&b"{}[]\",:\\ 0-1eabu\n\x80"[..]),
        how in 0..3_u8,
    ) {
        let value = Value::Object(fields.into_iter().collect());
        let mut bytes = written(&value).expect("whole numbers only").into_bytes();
        let place = place.index(bytes.len());
        match how {
            0 => bytes[place] = with,
            1 => bytes.insert(place, with),
            _ => {
                bytes.remove(place);
            }
        }
        prop_assert_eq!(
            members(&bytes, |_, _| ()).is_ok(),
            is_canonical(&bytes),
            "{}", String::from_utf8_lossy(&bytes)
        );
    }
}
