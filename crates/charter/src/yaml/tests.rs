//! The subset of YAML, place by place, and what a reader says of values.

use super::*;

/// The problems of a text as `line:column code`.
fn check(text: &str, expected: &[&str]) {
    let (root, problems) = parse("f.yaml", text.as_bytes());
    let said: Vec<String> = problems
        .iter()
        .map(|one| format!("{}:{} {}", one.place.line, one.place.column, one.code))
        .collect();
    let shown: String = text.chars().take(80).collect();
    assert_eq!(said, expected, "{shown:?}");
    assert!(root.is_some() || !problems.is_empty(), "no tree and no reason: {shown:?}");
}

#[test]
fn what_hides_behind_yaml_is_refused_where_it_stands() {
    check("a: 1\nb: [x, {c: d}]\n", &[]);
    check("---\na: 1\n...\n", &[]);
    check("a: &x 1\nb: *x\n", &["1:4 anchor", "2:4 anchor"]);
    check("a: *nowhere\n", &["1:4 anchor"]);
    check("a: !!int 1\nb: !x [1]\n", &["1:4 tag", "2:4 tag"]);
    check("<<: {a: 1}\nb: 1\n", &["1:1 merge-key"]);
    check("'<<': 1\n", &[]);
    check("a: 1\nb: 2\na: 3\n", &["3:1 duplicate-key"]);
    check("a: {b: 1, \"b\": 2}\n", &["1:11 duplicate-key"]);
    check("? [a]\n: 1\n", &["1:3 key-kind"]);
    check("? {a: 1}\n: 1\nb: 2\n", &["1:3 key-kind"]);
    check("null: 1\n", &["1:1 key-kind"]);
    check("\"\": 1\n", &["1:1 key-kind"]);
    check("a: 1\n---\nb: 1\n", &["2:1 second-document"]);
    check("", &["0:0 empty-file"]);
    check("# only a comment\n", &["0:0 empty-file"]);
    check("a: [1\n", &["2:1 syntax"]);
    check("a: b: c\n", &["1:5 syntax"]);
    check("a:\n\tb: 1\n", &["2:2 syntax"]);
}

#[test]
fn every_problem_of_a_readable_file_is_reported() {
    check(
        "a: &x 1\nb: !t 2\nb: 3\n? [k]\n: *x\nc: {d: 1, d: 2}\n",
        &[
            "1:4 anchor",
            "2:4 tag",
            "3:1 duplicate-key",
            "4:3 key-kind",
            "5:3 anchor",
            "6:11 duplicate-key",
        ],
    );
}

#[test]
fn text_that_does_not_show_all_it_holds_is_refused() {
    check("\u{feff}a: 1\n", &["0:0 byte-order-mark"]);
    check("a: 1 # \u{202e}drawkcab\n", &["1:8 invisible-character"]);
    check("a: x\u{200b}y\nb: \u{0}\n", &["1:5 invisible-character", "2:4 invisible-character"]);
    check("a: 1\r\nb: 2\r\n", &[]);
    check("a: 1\rb: 2\n", &["1:5 invisible-character"]);
    check("a: \"ä\u{1f600}\"\n", &[]);
    let (root, problems) = parse("f.yaml", b"a: 1\nb: \xff\n");
    assert!(root.is_none());
    assert_eq!((problems[0].code, problems[0].place.line), ("not-utf8", 2));
}

#[test]
fn nesting_and_size_have_limits() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    check(&nested(DEPTH_MAX), &[]);
    check(&nested(DEPTH_MAX + 1), &["1:17 too-deep"]);
    check(&"- ".repeat(DEPTH_MAX + 1), &["1:33 too-deep"]);
    // The scanner looks ahead and has a limit of its own.
    check(&"[".repeat(200_000), &["1:256 syntax"]);
    check(&"- a\n".repeat(NODES_MAX - 1), &[]);
    check(&"- a\n".repeat(NODES_MAX + 1), &["20001:3 too-many-nodes"]);
}

#[test]
fn a_node_knows_where_it_begins() {
    let (root, _) = parse("f.yaml", "é: {ü: [x]}\n".as_bytes());
    let Value::Mapping(entries) = root.unwrap().value else { panic!("a mapping") };
    assert_eq!(entries[0].at, Position { line: 1, column: 1 });
    assert_eq!(entries[0].node.at, Position { line: 1, column: 4 });
    let Value::Mapping(inner) = &entries[0].node.value else { panic!("a mapping") };
    let Value::List(items) = &inner[0].node.value else { panic!("a list") };
    assert_eq!(items[0].at, Position { line: 1, column: 9 });
}

/// What a reader says of one value, as codes.
fn codes<T>(value: &str, read: impl FnOnce(&mut Reader, &Node) -> Option<T>) -> Vec<&'static str> {
    let (root, problems) = parse("f.yaml", value.as_bytes());
    assert_eq!(problems, []);
    let mut reader = Reader::new("f.yaml");
    let found = read(&mut reader, &root.unwrap());
    let problems = reader.into_problems();
    assert_eq!(found.is_none(), !problems.is_empty(), "{value}: silent, or both");
    problems.into_iter().map(|one| one.code).collect()
}

#[test]
fn a_text_is_a_text() {
    let text = |value: &str| codes(value, |reader, node| reader.text(node).map(ToOwned::to_owned));
    for good in ["hello", "'1'", "\"true\"", "no", "1.2.3", "2026-12-31"] {
        assert_eq!(text(good), [""; 0], "{good}");
    }
    for number in
        ["1", "-1", "+1", "0", "1.5", "1e3", ".5", "0x1f", "0o17", ".inf", "-.inf", ".nan"]
    {
        assert_eq!(text(number), ["wrong-type"], "{number}");
    }
    for other in ["true", "False", "[a]", "{a: b}"] {
        assert_eq!(text(other), ["wrong-type"], "{other}");
    }
    for empty in ["~", "null", "''", "'  '"] {
        assert_eq!(text(empty), ["empty-value"], "{empty}");
    }
    assert_eq!(text(&"a".repeat(4096)), [""; 0]);
    assert_eq!(text(&"a".repeat(4097)), ["bad-value"]);
}

#[test]
fn a_number_is_plain_digits_in_its_range() {
    let number = |value| codes(value, |reader, node| reader.integer(node, 1..=10));
    for good in ["1", "10"] {
        assert_eq!(number(good), [""; 0], "{good}");
    }
    for bad in ["0", "11", "99999999999999999999999"] {
        assert_eq!(number(bad), ["bad-value"], "{bad}");
    }
    for wrong in ["'1'", "01", "+1", "-1", "1.0", "1_0", "0x1", "1e1", "one", "[1]"] {
        assert_eq!(number(wrong), ["wrong-type"], "{wrong}");
    }
}

#[test]
fn a_flag_is_true_or_false() {
    let flag = |value| codes(value, |reader, node| reader.flag(node));
    assert_eq!((flag("true"), flag("false")), (vec![], vec![]));
    for wrong in ["yes", "True", "'true'", "1", "on"] {
        assert_eq!(flag(wrong), ["wrong-type"], "{wrong}");
    }
}

#[test]
fn a_refused_value_is_reported_once() {
    let (root, problems) = parse("f.yaml", b"name: !x 1\n");
    assert_eq!(problems.len(), 1);
    let mut reader = Reader::new("f.yaml");
    let known = [Known::required("name", "what it is called")];
    let fields = reader.fields(root.as_ref().unwrap(), &known).unwrap();
    assert!(fields.required("name", |node| reader.text(node)).is_none());
    assert_eq!(reader.into_problems(), []);
}

#[test]
fn what_an_escape_hides_is_refused_where_it_stands() {
    for hidden in [
        "\\e",
        "\\a",
        "\\0",
        "\\b",
        "\\t",
        "\\r",
        "\\v",
        "\\f",
        "\\x1f",
        "\\x7f",
        "\\x85",
        "\\x9b",
        "\\N",
        "\\L",
        "\\P",
        "\\u202e",
        "\\u2066",
        "\\u200b",
        "\\ufeff",
        "\\u00ad",
        "\\U000e0041",
    ] {
        check(&format!("a: \"x{hidden}y\"\n"), &["1:4 invisible-character"]);
        check(&format!("\"x{hidden}y\": a\n"), &["1:1 invisible-character"]);
        check(&format!("a: [b, \"{hidden}\"]\n"), &["1:8 invisible-character"]);
    }
    // One problem a text; an escape of what is seen is fine, and so is one that is none.
    check(
        "a: \"\\e\\e\"\nb: &x \"\\e\"\n",
        &["1:4 invisible-character", "2:4 anchor", "2:4 invisible-character"],
    );
    check("a: \"\\x41\\u00e9\\_\\n\"\nb: '\\e'\nc: \\e\n", &[]);
    check("a: |\n  one\n  two\nb: >\r\n  one\r\n  two\r\n", &[]);
    check("\"a\\nb\": 1\n", &["1:1 key-kind"]);
    check("? |\n  a\n: 1\n", &["2:3 key-kind"]);
}

#[test]
fn only_lines_may_be_several() {
    let text = |value: &str| codes(value, |reader, node| reader.text(node).map(ToOwned::to_owned));
    let lines = |value: &str| codes(value, |reader, node| reader.lines(node).map(str::to_owned));
    for several in ["\"a\\nb\"", "\"a\\n\"", "\"\\na\"", "|\n  a\n  b\n", ">\n  a\n", "'a\n\n  b'"]
    {
        assert_eq!(text(several), ["bad-value"], "{several:?}");
        assert_eq!(lines(several), [""; 0], "{several:?}");
    }
    for one in ["a", "|-\n  a\n", ">-\n  a\n  b\n", "'a\n  b'", "\"a\n  b\""] {
        assert_eq!(text(one), [""; 0], "{one:?}");
    }
    assert_eq!(lines("\"\\n\""), ["empty-value"]);
}

#[test]
fn a_message_never_drives_a_terminal() {
    let (_, problems) = parse("f.yaml", b"\"\\e[2J\": \"\\a\"\n\"b\\n\": 1\n\"b\\n\": 1\n");
    assert_eq!(problems.len(), 4);
    let node = |key: &str| {
        let at = Position { line: 1, column: 1 };
        let node = Node { at, value: Value::Null };
        Node { at, value: Value::Mapping(vec![Entry { key: key.to_owned(), at, node }]) }
    };
    let mut reader = Reader::new("f.yaml");
    assert!(reader.fields(&node("\u{1b}[2J\u{202e}\nFAKE"), &[]).is_some());
    let said = reader.into_problems()[0].to_string();
    assert!(said.contains("\\u{1b}[2J\\u{202e}\\u{a}FAKE"), "{said}");
    for said in problems.iter().map(ToString::to_string).chain([said]) {
        assert!(!said.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{said}");
    }
}
