//! Writing canonical JSON: it is what the check accepts, and says what the value says.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn checked(value: &Value) -> String {
    let text = canonical(value).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), *value, "{text}");
    if value.is_object() {
        model::canonical::members(text.as_bytes(), |_, _| ()).unwrap();
    }
    text
}

#[test]
fn keys_are_put_in_order_at_every_depth() {
    // serde_json's map sorts; a struct keeps the order of its fields, as here.
    #[derive(Serialize)]
    struct Outer {
        z: u8,
        list: Vec<Inner>,
        a: Inner,
    }
    #[derive(Serialize, Clone)]
    struct Inner {
        beta: Option<u8>,
        alpha: &'static str,
        #[serde(rename = "!")]
        mark: bool,
        #[serde(rename = "\n")]
        line: i8,
    }
    let inner = Inner { beta: None, alpha: "{\"[,]\\", mark: true, line: -1 };
    let outer = Outer { z: 1, list: vec![inner.clone()], a: inner };
    let members = Members::of(&outer).unwrap();
    let written: Vec<_> = members.iter().map(|(_, whole)| String::from_utf8_lossy(whole)).collect();
    let inner = r#"{"\n":-1,"!":true,"alpha":"{\"[,]\\","beta":null}"#;
    assert_eq!(written, [&format!("\"a\":{inner}"), &format!("\"list\":[{inner}]"), "\"z\":1"]);
    assert_eq!(members.bytes(), written.iter().map(|one| one.len() + 1).sum::<usize>());
}

#[test]
fn what_has_no_canonical_form_is_refused() {
    for value in [json!(0.5), json!([1e300]), json!({"a": {"b": -0.0}})] {
        assert!(canonical(&value).is_err(), "{value}");
    }
    for value in [json!(u64::MAX), json!(i64::MIN), json!(null), json!([]), json!({})] {
        checked(&value);
    }
    assert!(Members::of(&u128::MAX).is_err());
    assert!(Members::of(&[u128::from(u64::MAX) + 1]).is_err());
    assert!(Members::of(&json!({"a\n": 1})).is_err());
    let deep = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
    assert!(canonical(&deep(DEPTH_MAX)).is_ok());
    assert!(canonical(&deep(DEPTH_MAX + 1)).is_err());
}

#[test]
fn a_member_is_set_in_its_place_and_only_once() {
    let mut members = Members::of(&json!({"b": 1, "d": 2})).unwrap();
    for (key, value) in [("c", json!({"y": 1, "x": 2})), ("a", json!("t")), ("d", json!([3]))] {
        members.put(key, &value).unwrap();
    }
    let written: Vec<_> = members.iter().map(|(_, whole)| whole.to_vec()).collect();
    assert_eq!(written.join(&b','), br#""a":"t","b":1,"c":{"x":2,"y":1},"d":[3]"#);
    assert!(members.has("c") && !members.has("e"));
    assert!(members.put("e", &0.5).is_err());
}

proptest! {
    #[test]
    fn any_object_is_written_as_the_check_wants_it(
        text in ".*",
        number in any::<i64>(),
        keys in prop::collection::vec("[a-c\\\\\"\n!]{0,3}", 0..6),
    ) {
        let inner: serde_json::Map<_, _> =
            keys.into_iter().map(|key| (key, json!([number, text.clone()]))).collect();
        checked(&json!({"body": inner, "text": text}));
    }
}
