//! Agents' tokens: as they come, and with any header and claims under a good signature. Only what
//! `spec/token.md` describes is taken, and an accepted token with any character changed is not.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue};
use identity::{Credential, Expected, TokenVerifier, TrustedKey, credential};
use model::{RefusalCode, Subject, Timestamp};
use serde_json::Value;
use std::sync::OnceLock;

use crate::Target;
use crate::input::Input;
use crate::seeds::{self, seed};

pub(crate) const TARGET: Target = Target {
    name: "token",
    about: "tokens, signed or not: only what the specification describes is taken",
    check,
    seeds,
    words: &[
        "\"alg\":\"none\"",
        "\"alg\":\"HS256\"",
        "\"kid\":",
        "\"typ\":\"JWT\"",
        "\"jwk\":{}",
        "\"crit\":[]",
        "\"portreeve_context\":\"c\"",
        "\"env\":\"prod\"",
        "\"epoch\":",
        "\"nbf\":0",
        "\"cnf\":{}",
        "..",
        "eyJhbGciOiJub25lIn0",
        "\"iat\":1795510800",
        "\"exp\":1795511100",
        "spiffe://acme.test/agent/",
    ],
    cases: 1500,
};

const ISSUER: &str = "https://gateway.acme.test";
const AUDIENCE: &str = "https://gateway.acme.test/agents";
const KID: &str = "fuzz";
const HEADER: &str = r#"{"alg":"ES256","typ":"at+jwt","kid":"fuzz"}"#;
/// Tokens live at most so long, in milliseconds.
const LIFE_MAX: u64 = 300_000;

/// A key of this run, and a verifier that trusts it and the vectors' keys.
struct Bench {
    key: EcdsaKeyPair,
    random: SystemRandom,
    verifier: TokenVerifier,
}

/// The first byte: whether what follows is a token, claims, or a header and claims to be signed.
/// Then the time, a second byte for where a character is changed, and the text.
fn check(input: &[u8]) {
    static BENCH: OnceLock<Option<Bench>> = OnceLock::new();
    let Some(bench) = BENCH.get_or_init(bench).as_ref() else { panic!("no key can be made") };
    let mut input = Input::new(input);
    let (how, late, spot) = (input.byte(), input.byte(), input.below(usize::from(u16::MAX)));
    let now =
        Timestamp::from_millis(1_795_510_800_000).plus_millis(i64::from(late) * 2_000 - 20_000);
    let token = match how % 3 {
        0 => input.text().into_owned(),
        1 => bench.signed(HEADER, &input.text()),
        _ => {
            let text = input.text();
            let (header, claims) = text.split_once('\n').unwrap_or((HEADER, &text));
            bench.signed(header, claims)
        }
    };
    let Some(shown) = presented(&token) else { return };
    match bench.verifier.verify(&shown, now) {
        Ok(subject) => accepted(bench, &token, &subject, (now, spot)),
        Err(code) => assert!(matches!(
            code,
            RefusalCode::CredentialMalformed
                | RefusalCode::CredentialForged
                | RefusalCode::CredentialWrongAudience
                | RefusalCode::CredentialNotYetValid
                | RefusalCode::CredentialExpired
        )),
    }
}

fn accepted(bench: &Bench, token: &str, subject: &Subject, (now, spot): (Timestamp, usize)) {
    assert!(subject.expires > now, "it had ended");
    let life = subject.expires.millis_since(subject.issued);
    assert!((1..=LIFE_MAX).contains(&life), "it lives {life} ms");
    assert_eq!(subject.trust_domain, "acme.test");
    let again = presented(token).map(|shown| bench.verifier.verify(&shown, now));
    assert_eq!(again, Some(Ok(subject.clone())), "the second time it proves something else");
    let mut changed = token.as_bytes().to_vec();
    let at = spot.checked_rem(changed.len()).unwrap_or(0);
    if let Some(byte) = changed.get_mut(at) {
        *byte = if *byte == b'A' { b'B' } else { b'A' };
    }
    let changed = presented(&String::from_utf8_lossy(&changed));
    let verdict = changed.map(|shown| bench.verifier.verify(&shown, now));
    assert!(!matches!(verdict, Some(Ok(_))), "it is taken with character {at} changed");
}

/// A token as it comes with a request, where HTTP carries it at all.
fn presented(token: &str) -> Option<Credential> {
    let value = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
    let mut headers = HeaderMap::new();
    headers.insert(http::header::AUTHORIZATION, value);
    credential(&headers).ok()
}

fn bench() -> Option<Bench> {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok()?;
    let mut keys =
        vec![TrustedKey { kid: KID.to_owned(), point: key.public_key().as_ref().try_into().ok()? }];
    let vectors = seeds::json("token/tokens.json");
    for listed in vectors.get("keys").and_then(Value::as_array).into_iter().flatten() {
        let kid = listed.get("kid").and_then(Value::as_str)?.to_owned();
        let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(listed.get(name)?.as_str()?).ok();
        let point = [vec![4], coordinate("x")?, coordinate("y")?].concat().try_into().ok()?;
        keys.push(TrustedKey { kid, point });
    }
    let expected = Expected {
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        trust_domain: "acme.test".parse().ok()?,
    };
    let verifier = TokenVerifier::new(keys, expected).ok()?;
    Some(Bench { key, random: SystemRandom::new(), verifier })
}

impl Bench {
    fn signed(&self, header: &str, claims: &str) -> String {
        let message =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = self.key.sign(&self.random, message.as_bytes());
        let signature = signature.map(|bytes| URL_SAFE_NO_PAD.encode(bytes)).unwrap_or_default();
        format!("{message}.{signature}")
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let vectors = seeds::json("token/tokens.json");
    let mut found = Vec::new();
    for token in seeds::texts(&vectors, "token") {
        found.push(seed(&[0, 12, 0, 0], &token));
        let decoded = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap_or_default());
        if let [header, claims, ..] = decoded.collect::<Vec<_>>().as_slice() {
            found.push(seed(&[1, 12, 40, 0], claims));
            found.push(seed(&[2, 12, 7, 0], [header.as_slice(), claims].join(&b'\n')));
        }
    }
    found
}
