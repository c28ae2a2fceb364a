//! Which headers carry a credential, and which are refused.

#![expect(clippy::unwrap_used, reason = "a surprise here is a failing test")]

use http::{HeaderMap, HeaderName, HeaderValue};
use identity::{CREDENTIAL_BYTES_MAX, Expected, TokenVerifier, credential};
use model::RefusalCode::{CredentialAmbiguous, CredentialMalformed, CredentialMissing};
use model::{RefusalCode, Timestamp};
use proptest::prelude::*;

type Lines<'a> = &'a [(&'static str, &'a [u8])];

fn taken(lines: Lines<'_>) -> Result<(), RefusalCode> {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let value = HeaderValue::from_bytes(value).unwrap();
        headers.append(HeaderName::from_static(name), value);
    }
    credential(&headers).map(|_| ())
}

fn check(lines: Lines<'_>, expect: Result<(), RefusalCode>) {
    assert_eq!(taken(lines), expect, "{lines:?}");
}

#[test]
fn one_credential_in_any_of_the_headers_is_taken() {
    check(&[("authorization", b"Bearer a.b.c")], Ok(()));
    check(&[("authorization", b"bearer a.b.c")], Ok(()));
    check(&[("authorization", b"BEARER a.b.c")], Ok(()));
    check(&[("authorization", b"Bearer   a.b.c")], Ok(()));
    check(&[("x-api-key", b"a.b.c")], Ok(()));
    check(&[("authorization", b"Bearer a.b.c"), ("x-api-key", b"a.b.c")], Ok(()));
    check(&[("authorization", b"Bearer a.b.c"), ("x-api-key", b"")], Ok(()));
    check(&[("authorization", b"Bearer "), ("x-api-key", b"a.b.c")], Ok(()));
    check(&[("x-goog-api-key", b"a.b.c")], Ok(()));
    check(&[("authorization", b"Bearer a.b.c"), ("x-goog-api-key", b"a.b.c")], Ok(()));
    check(&[("x-api-key", b"a.b.c"), ("x-goog-api-key", b"a.b.c")], Ok(()));
    check(&[("x-api-key", b""), ("x-goog-api-key", b"a.b.c")], Ok(()));
    check(&[("x-api-key", b"a.b.c"), ("x-goog-api-key", b"")], Ok(()));
    let all: Lines<'_> = &[
        ("authorization", b"Bearer a.b.c"),
        ("x-api-key", b"a.b.c"),
        ("x-goog-api-key", b"a.b.c"),
    ];
    check(all, Ok(()));
}

#[test]
fn nothing_presented_is_a_missing_credential() {
    check(&[], Err(CredentialMissing));
    check(&[("authorization", b"")], Err(CredentialMissing));
    check(&[("authorization", b"Bearer")], Err(CredentialMissing));
    check(&[("authorization", b"Bearer ")], Err(CredentialMissing));
    check(&[("authorization", b"Bearer    ")], Err(CredentialMissing));
    check(&[("x-api-key", b"")], Err(CredentialMissing));
    check(&[("authorization", b"Bearer "), ("x-api-key", b"")], Err(CredentialMissing));
    check(&[("x-goog-api-key", b"")], Err(CredentialMissing));
    check(&[("x-goog-apikey", b"a.b.c"), ("goog-api-key", b"a.b.c")], Err(CredentialMissing));
    check(&[("cookie", b"a.b.c"), ("proxy-authorization", b"Bearer x")], Err(CredentialMissing));
}

#[test]
fn two_credentials_that_could_differ_are_ambiguous() {
    let two = Err(CredentialAmbiguous);
    check(&[("authorization", b"Bearer a.b.c"), ("x-api-key", b"a.b.d")], two);
    check(&[("authorization", b"Bearer a.b.c"), ("x-api-key", b"a.b.c ")], two);
    check(&[("authorization", b"Bearer a.b.c"), ("x-api-key", b"Bearer a.b.c")], two);
    check(&[("authorization", b"Bearer a.b.c"), ("authorization", b"Bearer a.b.c")], two);
    check(&[("authorization", b""), ("authorization", b"Bearer a.b.c")], two);
    check(&[("x-api-key", b"a.b.c"), ("x-api-key", b"a.b.c")], two);
    check(&[("authorization", b"Bearer a.b.c"), ("x-goog-api-key", b"a.b.d")], two);
    check(&[("x-api-key", b"a.b.c"), ("x-goog-api-key", b"a.b.d")], two);
    check(&[("x-api-key", b"a.b.c"), ("x-goog-api-key", b"A.B.C")], two);
    check(&[("x-goog-api-key", b"a.b.c"), ("x-goog-api-key", b"a.b.c")], two);
    check(&[("x-goog-api-key", b""), ("x-goog-api-key", b"a.b.c")], two);
    let odd_one_out: Lines<'_> = &[
        ("authorization", b"Bearer a.b.c"),
        ("x-api-key", b"a.b.c"),
        ("x-goog-api-key", b"a.b.d"),
    ];
    check(odd_one_out, two);
}

#[test]
fn other_schemes_and_bytes_are_malformed() {
    let malformed = Err(CredentialMalformed);
    for wrong in [
        &b"Basic YTpi"[..],
        b"a.b.c",
        b"Bearera.b.c",
        b"Bearer\ta.b.c",
        b" Bearer a.b.c",
        b"DPoP a.b.c",
        b"Bearer a.b.\xff",
        b"Bearer \xc3\xa4",
    ] {
        check(&[("authorization", wrong)], malformed);
        check(&[("authorization", wrong), ("x-api-key", b"a.b.c")], malformed);
    }
    check(&[("x-api-key", b"\x80")], malformed);
    check(&[("x-goog-api-key", b"\x80")], malformed);
    check(&[("x-api-key", b"a.b.c"), ("x-goog-api-key", b"\xff")], malformed);
    check(&[("authorization", b"Bearer a.b.c"), ("x-api-key", b"\x80")], malformed);
}

#[test]
fn the_size_limit_is_exact() {
    let longest = "a".repeat(CREDENTIAL_BYTES_MAX);
    let longer = format!("{longest}a");
    for name in ["x-api-key", "x-goog-api-key"] {
        check(&[(name, longest.as_bytes())], Ok(()));
        check(&[(name, longer.as_bytes())], Err(CredentialMalformed));
    }
    let bearer = format!("Bearer {longest}");
    check(&[("authorization", bearer.as_bytes())], Err(CredentialMalformed));
}

#[test]
fn debug_output_shows_no_credential() {
    for name in ["x-api-key", "x-goog-api-key"] {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static("hush"));
        assert!(!format!("{:?}", credential(&headers).unwrap()).contains("hush"));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_answered_without_a_panic(
        bearer in proptest::collection::vec(any::<u8>(), 0..64),
        key in proptest::collection::vec(any::<u8>(), 0..64),
        goog in proptest::collection::vec(any::<u8>(), 0..64),
        prefixed: bool,
    ) {
        let expected = Expected {
            issuer: "i".into(),
            audience: "a".into(),
            trust_domain: "t".parse().unwrap(),
        };
        let verifier = TokenVerifier::new(Vec::new(), expected).unwrap();
        let mut headers = HeaderMap::new();
        let bearer = if prefixed { [b"Bearer ".as_slice(), &bearer].concat() } else { bearer };
        for (name, value) in [("authorization", bearer), ("x-api-key", key), ("x-goog-api-key", goog)] {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                headers.insert(name, value);
            }
        }
        if let Ok(credential) = credential(&headers) {
            prop_assert!(verifier.verify(&credential, Timestamp::from_millis(0)).is_err());
        }
    }
}
