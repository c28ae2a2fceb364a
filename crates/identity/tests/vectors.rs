//! The vectors under `spec/vectors/token/`: what another verifier must agree with.

#![expect(clippy::unwrap_used, reason = "a surprise here is a failing test")]

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use identity::{Expected, TokenVerifier, TrustedKey, credential};
use model::{RefusalCode, Subject, Timestamp};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tokens {
    #[serde(rename = "about")]
    _about: String,
    issuer: String,
    audience: String,
    trust_domain: String,
    keys: Vec<Key>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Key {
    kid: String,
    x: String,
    y: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// The clock, in seconds.
    now: i64,
    token: String,
    /// The refusal's code, or nothing where the token is accepted.
    refused: Option<String>,
    /// Where it is accepted: the context it is bound to, if any.
    context: Option<String>,
}

fn read() -> Tokens {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors/token/tokens.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn trusted(key: &Key) -> TrustedKey {
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let point = [vec![4], decode(&key.x), decode(&key.y)].concat();
    TrustedKey { kid: key.kid.clone(), point: point.try_into().unwrap() }
}

fn verdict(verifier: &TokenVerifier, case: &Case) -> Result<Subject, RefusalCode> {
    let mut headers = HeaderMap::new();
    headers.insert("authorization", format!("Bearer {}", case.token).parse().unwrap());
    let now = Timestamp::from_millis(case.now * 1000);
    credential(&headers).and_then(|credential| verifier.verify(&credential, now))
}

#[test]
fn the_vectors_tokens_are_accepted_and_refused_as_they_say() {
    let Tokens { issuer, audience, trust_domain, keys, cases, .. } = read();
    let expected = Expected { issuer, audience, trust_domain: trust_domain.parse().unwrap() };
    let verifier = TokenVerifier::new(keys.iter().map(trusted).collect(), expected).unwrap();
    // Twice, so that what is remembered of the first round changes nothing in the second.
    for case in cases.iter().chain(&cases) {
        let verdict = verdict(&verifier, case);
        let context = verdict.as_ref().ok().and_then(|subject| subject.context.as_ref());
        assert_eq!(context.map(ToString::to_string), case.context, "{}", case.name);
        let refused = verdict.err().map(|code| code.as_str().to_owned());
        assert_eq!(refused, case.refused, "{}", case.name);
    }
    assert!(cases.len() >= 20);
}
