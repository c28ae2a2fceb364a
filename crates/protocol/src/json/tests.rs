//! Tests of the scanner: what it refuses and how it says so, and that the tape holds the body.

use model::RefusalCode;
use serde_json::{Map, Value as Json};

use super::{Kind, Limits, Value, same_name, scan};

/// Scans `body` and compares the refusal's code and the whole of its detail.
fn refuses(body: impl AsRef<[u8]>, code: RefusalCode, detail: &str) {
    let body = body.as_ref();
    let refusal = scan(body, &Limits::default()).expect_err(&String::from_utf8_lossy(body));
    assert_eq!((refusal.code, &*refusal.detail), (code, detail), "{}", body.escape_ascii());
}

fn not_json(body: &str, detail: &str) {
    refuses(body, RefusalCode::BodyNotJson, detail);
}

fn accepts(body: &str) {
    let tape = scan(body.as_bytes(), &Limits::default()).map_err(|refusal| refusal.detail);
    let tape = tape.unwrap_or_else(|detail| panic!("{body}: {detail}"));
    let read = json(tape.root().expect("a root"));
    assert_eq!(Some(read), serde_json::from_str(body).ok(), "{body}");
}

/// What the tape says, as a value.
fn json(value: Value<'_>) -> Json {
    match value.kind() {
        Kind::Object => {
            let members = value.members().map(|(key, value)| (key.into_owned(), json(value)));
            Json::Object(members.collect::<Map<_, _>>())
        }
        Kind::Array => value.elements().map(json).collect(),
        Kind::String => Json::from(value.string().expect("a string")),
        Kind::Number => {
            let raw = value.raw().expect("a number");
            raw.parse().map(Json::Number).expect("a number")
        }
        Kind::True | Kind::False => Json::from(value.boolean()),
        Kind::Null => Json::Null,
        Kind::Key => panic!("a key is no value"),
    }
}

#[test]
fn what_json_allows_is_read_as_it_stands() {
    for body in [
        "{}",
        " \t\r\n{ \"a\" :\n1 , \"b\":[ ] } \n",
        r#"{"":{"":[[],{},[[]]]}}"#,
        r#"{"a":"\u0000\u001f\"\\\/\b\f\n\r\t","b":"\ud83d\ude00","c":"é😀"}"#,
        r#"{"a":[0,-0,0.5,-1.25e-7,1E+2,18446744073709551616,123456789012345678901234567890]}"#,
        r#"{"a":true,"A":false,"\u0061b":null}"#,
        r#"{"long":"0123456789abcdef0123456789abcde\"0123456789abcdef\n"}"#,
    ] {
        accepts(body);
    }
}

#[test]
fn every_length_of_string_ends_where_its_quote_stands() {
    for length in 0..40 {
        let plain = "x".repeat(length);
        accepts(&format!(r#"{{"{plain}":"{plain}","b":"{plain}\n{plain}"}}"#));
        not_json(
            &format!("{{\"a\":\"{plain}\n\"}}"),
            &format!("At byte {}, in `a`: a string holds a raw control character.", 6 + length),
        );
    }
}

#[test]
fn bodies_that_are_not_one_object_are_refused() {
    not_json("", "At byte 0: it is empty.");
    not_json(" \n", "At byte 2: it is empty.");
    not_json("[]", "At byte 0: it does not begin with `{`.");
    not_json("null", "At byte 0: it does not begin with `{`.");
    not_json("{}{}", "At byte 2: something follows the object.");
    not_json("{}\0", "At byte 2: something follows the object.");
    not_json("{} x", "At byte 3: something follows the object.");
}

#[test]
fn malformed_json_is_refused_with_its_place() {
    not_json(r#"{"a":1,}"#, "At byte 7, in `a`: a key in quotes is missing.");
    not_json(r#"{,"a":1}"#, "At byte 1: a key in quotes is missing.");
    not_json("{a:1}", "At byte 1: a key in quotes is missing.");
    not_json(r#"{'a':1}"#, "At byte 1: a key in quotes is missing.");
    not_json(r#"{"a" 1}"#, "At byte 5, in `a`: a colon is missing.");
    not_json(r#"{"a":1 "b":2}"#, "At byte 7, in `a`: a comma or the end of the value is missing.");
    not_json(r#"{"a":[1,]}"#, "At byte 8, in `a[1]`: a value is missing.");
    not_json(r#"{"a":[1}"#, "At byte 7, in `a[0]`: a comma or the end of the value is missing.");
    not_json(r#"{"a":[{"b":}]}"#, "At byte 11, in `a[0].b`: a value is missing.");
    not_json(r#"{"a":tru }"#, "At byte 5, in `a`: a value is missing.");
    not_json(r#"{"a":truex}"#, "At byte 9, in `a`: a comma or the end of the value is missing.");
    not_json(r#"{"a":// no"#, "At byte 5, in `a`: a value is missing.");
    not_json("{\u{a0}}", "At byte 1: a key in quotes is missing.");
}

#[test]
fn numbers_are_json_numbers_that_a_float_can_hold() {
    for (number, at, what) in [
        ("01", 7, "a number begins with a needless zero"),
        ("-01", 8, "a number begins with a needless zero"),
        ("+1", 5, "a value is missing"),
        (".5", 5, "a value is missing"),
        ("1.", 7, "a number lacks a digit"),
        ("1.e5", 7, "a number lacks a digit"),
        ("1e", 7, "a number lacks a digit"),
        ("1e+", 8, "a number lacks a digit"),
        ("-", 6, "a number lacks a digit"),
        ("NaN", 5, "a value is missing"),
        ("Infinity", 5, "a value is missing"),
        ("0x10", 6, "a comma or the end of the value is missing"),
        ("1e999", 10, "a number is out of range"),
        ("-1E400", 11, "a number is out of range"),
    ] {
        not_json(&format!(r#"{{"a":{number}}}"#), &format!("At byte {at}, in `a`: {what}."));
    }
    let long = "9".repeat(400);
    not_json(&format!(r#"{{"a":{long}}}"#), "At byte 405, in `a`: a number is out of range.");
    accepts(&format!(r#"{{"a":0.{long}}}"#));
}

#[test]
fn strings_hold_whole_characters_and_known_escapes() {
    for (text, at, what) in [
        (r"\x41", 6, "a string holds an unknown escape"),
        (r"\u12G4", 6, "a string holds an unknown escape"),
        (r"\u 123", 6, "a string holds an unknown escape"),
        (r"\ud800", 12, "a string holds half a surrogate pair"),
        (r"\ud800\n", 12, "a string holds half a surrogate pair"),
        (r"\ud800\ud800", 18, "a string holds half a surrogate pair"),
        (r"\udc00", 12, "a string holds half a surrogate pair"),
        ("\u{1}", 6, "a string holds a raw control character"),
        ("\0", 6, "a string holds a raw control character"),
        ("\t", 6, "a string holds a raw control character"),
    ] {
        not_json(&format!("{{\"a\":\"{text}\"}}"), &format!("At byte {at}, in `a`: {what}."));
    }
}

#[test]
fn an_escape_cut_short_is_truncated_only_where_nothing_follows() {
    refuses(
        r#"{"a":"\u1"#,
        RefusalCode::BodyTruncated,
        "At byte 6, in `a`: it ends inside the object.",
    );
    not_json(r#"{"a":"\u}"#, "At byte 6, in `a`: a string holds an unknown escape.");
}

#[test]
fn text_that_is_not_utf_8_is_refused() {
    refuses(b"\xef\xbb\xbf{}", RefusalCode::BodyHasBom, "");
    refuses(b"{\"a\":\"\xff\"}", RefusalCode::BodyNotUtf8, "At byte 6.");
    refuses(b"{\"a\":\"\xc0\x80\"}", RefusalCode::BodyNotUtf8, "At byte 6.");
    refuses(b"{\"a\":\"\xed\xa0\x80\"}", RefusalCode::BodyNotUtf8, "At byte 6.");
    refuses(b"{}\xc3", RefusalCode::BodyNotUtf8, "At byte 2.");
    refuses(
        "{}".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>(),
        RefusalCode::BodyNotJson,
        "At byte 1: a key in quotes is missing.",
    );
}

#[test]
fn every_beginning_of_a_body_is_truncated_and_nothing_else() {
    let body = r#"{"a":[{"b":"é\n\ud83d\ude00"},-1.5e+7,true,false,null,{}],"c":""}"#;
    accepts(body);
    for end in 1..body.len() {
        let refusal = scan(&body.as_bytes()[..end], &Limits::default()).expect_err("cut short");
        assert_eq!(refusal.code, RefusalCode::BodyTruncated, "cut at {end}: {}", refusal.detail);
    }
    refuses(
        r#"{"a":[{"#,
        RefusalCode::BodyTruncated,
        "At byte 7, in `a[0]`: it ends inside the object.",
    );
}

#[test]
fn a_key_twice_in_one_object_is_refused_at_any_depth() {
    let twice = |body: &str, path: &str| {
        refuses(body, RefusalCode::BodyDuplicateKey, &format!("The key is `{path}`."));
    };
    twice(r#"{"model":1,"model":1}"#, "model");
    twice(r#"{"model":1,"m\u006fdel":2}"#, "model");
    twice(r#"{"a":[0,{"b":{"c":1,"d":2,"c":3}}]}"#, "a[1].b.c");
    twice(r#"{"":1,"":2}"#, "");
    twice(r#"{"\ud83d\ude00":1,"😀":2}"#, "?");
    accepts(r#"{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}"#);
    accepts(r#"{"a":1,"A":2,"a ":3,"a\u0000":4}"#);
}

#[test]
fn a_key_twice_among_many_is_refused() {
    let many = |count: usize| (0..count).map(|nth| format!(r#""k{nth}":0"#)).collect::<Vec<_>>();
    for count in [2, 15, 16, 17, 18, 1000] {
        accepts(&format!("{{{}}}", many(count).join(",")));
        for nth in [0, count / 2, count - 1] {
            let mut keys = many(count);
            keys.push(format!(r#""\u006b{nth}":0"#));
            let body = format!(r#"{{"x":{{{}}}}}"#, keys.join(","));
            let detail = format!("The key is `x.k{nth}`.");
            refuses(body, RefusalCode::BodyDuplicateKey, &detail);
        }
    }
}

#[test]
fn the_path_of_a_refusal_is_short_and_cannot_forge_a_line() {
    let key = format!("a\\n\\\"`\\u2028{}", "y".repeat(100));
    let body = format!(r#"{{"{key}":1,"{key}":2}}"#);
    let detail = format!("The key is `a????{}...`.", "y".repeat(35));
    refuses(body, RefusalCode::BodyDuplicateKey, &detail);

    let deep =
        format!(r#"{{"{}":"#, "z".repeat(60)).repeat(60) + r#"{"a":1,"a":2}"# + &"}".repeat(60);
    let refusal = scan(deep.as_bytes(), &Limits::default()).expect_err("twice");
    assert_eq!(refusal.code, RefusalCode::BodyDuplicateKey);
    assert!(refusal.detail.len() < 256, "{}", refusal.detail);
}

#[test]
fn nesting_ends_at_the_limit() {
    let nested =
        |depth: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
    accepts(&nested(64));
    refuses(nested(65), RefusalCode::BodyTooDeep, "At most 64 levels are read.");
    refuses(r#"{"a":"#.repeat(100_000), RefusalCode::BodyTooDeep, "At most 64 levels are read.");
    let limits = |depth_max| Limits { depth_max, ..Limits::default() };
    assert!(scan(b"{}", &limits(1)).is_ok());
    assert!(scan(br#"{"a":[]}"#, &limits(1)).is_err());
    assert!(scan(nested(128).as_bytes(), &limits(usize::MAX)).is_ok());
    assert!(scan(nested(129).as_bytes(), &limits(usize::MAX)).is_err(), "the ceiling holds");
}

#[test]
fn the_number_of_values_ends_at_the_limit() {
    let limits = |values_max| Limits { values_max, ..Limits::default() };
    // The object, a key, an array and two elements.
    assert!(scan(br#"{"a":[1,2]}"#, &limits(5)).is_ok());
    let refusal = scan(br#"{"a":[1,2]}"#, &limits(4)).expect_err("one too many");
    assert_eq!(refusal.code, RefusalCode::BodyTooLarge);
    assert_eq!(refusal.detail, "At most 4 values are read.");
}

#[test]
fn only_numbers_written_as_whole_are_whole() {
    let body =
        r#"{"a":[0,7,18446744073709551615,18446744073709551616,-0,-1,1.0,1e1,"7",null,true]}"#;
    let tape = scan(body.as_bytes(), &Limits::default()).expect("well-formed");
    let list = tape.root().and_then(|root| root.members().next()).expect("a member").1;
    let whole: Vec<_> = list.elements().filter_map(Value::whole_number).collect();
    assert_eq!(whole, [0, 7, u64::MAX]);
}

#[test]
fn names_are_the_same_to_a_reader_that_ignores_case() {
    for (key, same) in [
        ("messages", true),
        ("MESSAGES", true),
        ("me\u{17f}\u{17f}ages", true),
        ("me\u{17f}sages", true),
        ("message", false),
        ("messagess", false),
        ("message\u{161}", false),
        ("", false),
    ] {
        assert_eq!(same_name(key, "messages"), same, "{key}");
    }
    assert!(same_name("to\u{212a}en", "token"));
    assert!(same_name("f\u{131}le_id", "file_id"));
}

#[test]
fn spans_cut_out_exactly_the_value() {
    let body = r#" { "a" : { "b" : [ 1 , "x" ] } , "c":-1.5e2 } "#;
    let tape = scan(body.as_bytes(), &Limits::default()).expect("well-formed");
    let root = tape.root().expect("a root");
    let cut = |value: Value<'_>| body[value.span()].to_owned();
    assert_eq!(cut(root), r#"{ "a" : { "b" : [ 1 , "x" ] } , "c":-1.5e2 }"#);
    let members: Vec<_> =
        root.members().map(|(key, value)| format!("{key}={}", cut(value))).collect();
    assert_eq!(members, [r#"a={ "b" : [ 1 , "x" ] }"#, "c=-1.5e2"]);
}
