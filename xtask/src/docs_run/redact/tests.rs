//! What is redacted, and what is not: one character off stays as it is.

use super::*;

const HOME: &str = "/home/of/this/run";

fn check(text: &str, expect: &str) {
    assert_eq!(redact(text, HOME), expect);
}

#[test]
fn values_of_a_known_kind_are_replaced() {
    let hex = "0123456789abcdef".repeat(4);
    check(&format!("charter sha256:{hex}, ok"), "charter sha256:<digest>, ok");
    check("charter 0123456789ab", "charter <short digest>");
    check("charter 012345678901 in abcdefabcdef.x", "charter <short digest> in <short digest>.x");
    check("id 0190f8a2-7c1e-7b3a-9f00-0123456789ab.", "id <id>.");
    check("at 2026-11-24T09:00:00Z and 2026-11-24T09:00:00.123Z", "at <time> and <time>");
    check("http://127.0.0.1:8484/v1", "http://127.0.0.1:<port>/v1");
    check("bearer eyJhbGciOi.eyJzdWIi.c2ln", "bearer <token>");
    check(
        "took 0.8 ms, then 12ms, then 1.5 s",
        "took <duration>, then <duration>, then <duration>",
    );
    check("made /home/of/this/run/portreeve-home", "made ~/portreeve-home");
}

#[test]
fn whatever_is_almost_of_a_kind_stays() {
    let hex = "0123456789abcdef".repeat(4);
    for text in [
        format!("sha256:{hex}0"),
        format!("sha256:{}", hex.split_at(63).0),
        "0123456789ag".to_owned(),
        "01234567890".to_owned(),
        "0123456789abc".to_owned(),
        "0190f8a2-7c1e-7b3a-9f00-0123456789a".to_owned(),
        "2026-11-24 09:00:00".to_owned(),
        "127.0.0.1:".to_owned(),
        "eyJhbGciOi.eyJzdWIi".to_owned(),
        "12 messages".to_owned(),
        "v12s".to_owned(),
        "größer 3 €".to_owned(),
        String::new(),
    ] {
        check(&text, &text);
    }
}

#[test]
fn pages_show_real_values_and_leave_lines_out() {
    let page = "serving on http://127.0.0.1:8484\n...\nallowed in 3 ms\n";
    let run = "serving on http://127.0.0.1:40123\none\ntwo\nallowed in 0.4 ms  \n\n";
    assert!(matches(page, run, HOME));
    assert!(matches("...", "", HOME));
    assert!(matches("", "\n", HOME));
}

#[test]
fn a_line_more_or_less_or_other_does_not_match() {
    assert!(!matches("a\nb\n", "a\n", HOME));
    assert!(!matches("a\n", "a\nb\n", HOME));
    assert!(!matches("a\nb\n", "b\na\n", HOME));
    assert!(!matches("...\nlast\n", "last\nmore\n", HOME));
    assert!(!matches("denied\n", "allowed\n", HOME));
}
