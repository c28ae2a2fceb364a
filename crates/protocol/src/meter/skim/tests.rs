//! The outline against a slow reference: what is long is marked, what is deep emptied, the rest is as it was.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{DEPTH_MAX, LEFT_OUT, OUTLINE_BYTES_MAX, STRING_BYTES_MAX, Skim};

/// The outline of `pieces`, put together.
fn outline<'p>(pieces: impl IntoIterator<Item = &'p [u8]>) -> Option<Vec<u8>> {
    let mut skim = Skim::default();
    for piece in pieces {
        skim.take(piece);
        assert!(skim.text.len() <= OUTLINE_BYTES_MAX);
    }
    skim.outline().map(<[u8]>::to_vec)
}

/// What the outline of `value` is to say, where it stands inside `depth` brackets.
fn reference(value: &Value, depth: usize) -> Value {
    match value {
        Value::String(text) => short(text).into(),
        Value::Array(_) if depth == DEPTH_MAX => json!([]),
        Value::Object(_) if depth == DEPTH_MAX => json!({}),
        Value::Array(list) => list.iter().map(|one| reference(one, depth + 1)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(key, one)| (short(key), reference(one, depth + 1)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn short(text: &str) -> String {
    let written = Value::from(text).to_string();
    if written.len() - 2 > STRING_BYTES_MAX { LEFT_OUT.to_owned() } else { text.to_owned() }
}

#[test]
fn strings_are_kept_to_the_bound_and_not_a_byte_longer() {
    for (length, kept) in [(0, true), (STRING_BYTES_MAX, true), (STRING_BYTES_MAX + 1, false)] {
        let text = format!(r#"{{"a":"{}","b":1}}"#, "x".repeat(length));
        let expected = if kept { text.clone() } else { r#"{"a":"…","b":1}"#.to_owned() };
        assert_eq!(outline([text.as_bytes()]), Some(expected.clone().into_bytes()));
        assert_eq!(outline(text.as_bytes().chunks(1)), Some(expected.into_bytes()));
    }
    let escapes = format!(r#"["{}\\"]"#, r"\u00e9".repeat(STRING_BYTES_MAX / 6));
    assert_eq!(outline([escapes.as_bytes()]), Some(escapes.into_bytes()));
}

#[test]
fn brackets_inside_strings_and_escaped_quotes_are_text() {
    let text = r#"{"a":"[[[[[[{{\"}}","b":"\\"}"#;
    assert_eq!(outline(text.as_bytes().chunks(1)), Some(text.into()));
}

#[test]
fn what_is_no_json_is_no_reason_to_keep_more() {
    for soup in [&b"]]]]"[..], b"\"", b"[", b"\\\\\"", b"\xff\xfe", b" ", b"a"] {
        let soup = soup.repeat(OUTLINE_BYTES_MAX);
        outline([&*soup]);
        outline(soup.chunks(1000));
    }
}

/// Values with long strings and deep nesting.
fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<u32>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        "[\"\\\\a\u{1f600}]{80,300}".prop_map(Value::from),
    ];
    scalar.prop_recursive(8, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(inner, 0..4).prop_map(|list| {
                let keyed = list.into_iter().enumerate();
                keyed.map(|(nth, one)| (format!("k{nth}"), one)).collect::<Map<_, _>>().into()
            }),
        ]
    })
}

proptest! {
    #[test]
    fn the_outline_says_what_the_reference_says_however_it_comes(
        value in value(),
        size in 1_usize..40,
    ) {
        let text = value.to_string();
        let whole = outline([text.as_bytes()]).expect("it is small");
        prop_assert_eq!(serde_json::from_slice::<Value>(&whole).ok(), Some(reference(&value, 0)));
        prop_assert_eq!(outline(text.as_bytes().chunks(size)), Some(whole));
    }
}
