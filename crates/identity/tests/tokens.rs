//! Which tokens are accepted, and every way in which one is refused.

#![expect(clippy::unwrap_used, reason = "a surprise here is a failing test")]

mod forge;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use aws_lc_rs::{hmac, rand};
use forge::{ISSUED, KID, Object, Signer, claims, encode, expected, header, message, verify_at};
use identity::{TokenVerifier, TrustedKey, VerifierError};
use issuer::{AgentClaims, ServiceNames, SigningKey, TokenService};
use model::RefusalCode::{
    CredentialExpired, CredentialForged, CredentialMalformed, CredentialNotYetValid,
    CredentialWrongAudience,
};
use model::{Digest, Environment, Proof, RefusalCode, Timestamp};
use proptest::prelude::*;

/// The claim of a token that is bound to a context.
const CONTEXT: &str = "portreeve_context";

/// Signs `header` and `claims` with the trusted key and demands this refusal, one second after
/// the good token's issue.
fn check(what: &str, header: &Object, claims: &Object, expect: RefusalCode) {
    check_texts(what, &header.text(), &claims.text(), expect);
}

fn check_texts(what: &str, header: &str, claims: &str, expect: RefusalCode) {
    let signer = Signer::new();
    let token = signer.token(header, claims);
    assert_eq!(verify_at(&signer.verifier(), &token, ISSUED + 1), Err(expect), "{what}");
}

/// Demands this refusal of a token that the good one's signer did not make in full.
fn check_token(what: &str, make: impl FnOnce(&Signer) -> String, expect: RefusalCode) {
    let signer = Signer::new();
    let token = make(&signer);
    assert_eq!(verify_at(&signer.verifier(), &token, ISSUED + 1), Err(expect), "{what}");
}

#[test]
fn a_good_token_proves_its_agent() {
    let signer = Signer::new();
    let token = signer.good();
    let subject = verify_at(&signer.verifier(), &token, ISSUED).unwrap();
    assert_eq!(subject.agent.as_str(), "demo");
    assert_eq!(subject.proof, Proof::EmbeddedToken);
    assert_eq!(subject.trust_domain, "acme.test");
    assert_eq!(subject.credential, Digest::of(token.as_bytes()));
    assert_eq!(subject.issued, Timestamp::from_millis(ISSUED * 1000));
    assert_eq!(subject.expires, Timestamp::from_millis((ISSUED + 300) * 1000));
    assert_eq!(subject.epoch, 3);
    assert_eq!(subject.context, None);
}

#[test]
fn a_token_may_be_bound_to_one_context() {
    let signer = Signer::new();
    let verifier = signer.verifier();
    let longest = "a".repeat(128);
    for name in ["tickets", "night-batch_2.x", &longest] {
        let bound = claims().set(CONTEXT, &format!("\"{name}\""));
        let token = signer.token(&header().text(), &bound.text());
        // Twice: what is remembered of a token holds its context too.
        for _ in 0..2 {
            let subject = verify_at(&verifier, &token, ISSUED).unwrap();
            assert_eq!(subject.context, Some(name.parse().unwrap()));
        }
    }
}

#[test]
fn a_context_in_any_other_form_refuses_the_token() {
    let bound = || claims().set(CONTEXT, "\"tickets\"");
    let longer = format!("\"{}\"", "a".repeat(129));
    for wrong in [
        "null",
        "\"\"",
        "\"Tickets\"",
        "\" tickets\"",
        "\"tickets; models=fast\"",
        "\"tickets,drafts\"",
        "\"*\"",
        "[\"tickets\"]",
        "{\"name\":\"tickets\"}",
        "7",
        "true",
        &longer,
    ] {
        check(wrong, &header(), &claims().set(CONTEXT, wrong), CredentialMalformed);
    }
    let twice = [
        bound().also_last(CONTEXT, "\"tickets\""),
        bound().also_first(CONTEXT, "\"drafts\""),
        bound().also_last("portreeve\\u005fcontext", "\"drafts\""),
        bound().also_last(CONTEXT, "null"),
    ];
    for claims in twice {
        check("twice", &header(), &claims, CredentialMalformed);
    }
    for name in ["context", "Portreeve_context", "portreeve-context", "portreeve_contexts"] {
        let claims = claims().set(name, "\"tickets\"");
        check(name, &header(), &claims, CredentialMalformed);
    }
}

#[test]
fn the_issuers_own_tokens_are_accepted_and_only_by_their_own_gateway() {
    let names = |audience: &str| ServiceNames {
        issuer: forge::ISSUER.into(),
        audience: audience.into(),
        trust_domain: "acme.test".parse().unwrap(),
    };
    let ours = TokenService::new(SigningKey::generate().unwrap(), names(forge::AUDIENCE)).unwrap();
    let key = ours.public_key();
    let trusted = TrustedKey { kid: key.kid().into(), point: *key.point() };
    let verifier = TokenVerifier::new(vec![trusted], expected()).unwrap();
    for environment in Environment::ALL {
        let agent = "demo-agent_1.x".parse().unwrap();
        let context = (environment == Environment::Prod).then(|| "tickets".parse().unwrap());
        let who = AgentClaims { agent, epoch: u64::MAX, environment, context };
        let now = Timestamp::from_millis(ISSUED * 1000 + 999);
        let token = ours.mint(&who, now, 300, [7; 16]).unwrap();
        let subject = verify_at(&verifier, token.expose(), ISSUED).unwrap();
        assert_eq!((subject.agent, subject.epoch), (who.agent, u64::MAX));
        assert_eq!(subject.context, who.context);
        assert_eq!(subject.credential, token.digest());
        assert_eq!(subject.expires, token.expires());
    }
    let theirs =
        TokenService::new(SigningKey::generate().unwrap(), names(forge::AUDIENCE)).unwrap();
    let (agent, environment) = ("a".parse().unwrap(), Environment::Dev);
    let who = AgentClaims { agent, epoch: 0, environment, context: None };
    let token = theirs.mint(&who, Timestamp::from_millis(ISSUED * 1000), 300, [7; 16]).unwrap();
    assert_eq!(verify_at(&verifier, token.expose(), ISSUED), Err(CredentialForged));
}

#[test]
fn headers_that_are_not_exactly_ours_are_refused() {
    let cases = [
        ("alg none", header().set("alg", "\"none\"")),
        ("alg NONE", header().set("alg", "\"NONE\"")),
        ("alg HS256", header().set("alg", "\"HS256\"")),
        ("alg ES384", header().set("alg", "\"ES384\"")),
        ("alg RS256", header().set("alg", "\"RS256\"")),
        ("alg EdDSA", header().set("alg", "\"EdDSA\"")),
        ("alg in lower case", header().set("alg", "\"es256\"")),
        ("alg a list", header().set("alg", "[\"ES256\"]")),
        ("no alg", header().without("alg")),
        ("typ JWT", header().set("typ", "\"JWT\"")),
        ("typ wit+jwt", header().set("typ", "\"wit+jwt\"")),
        ("typ in upper case", header().set("typ", "\"AT+JWT\"")),
        ("typ as a media type", header().set("typ", "\"application/at+jwt\"")),
        ("typ null", header().set("typ", "null")),
        ("no typ", header().without("typ")),
        ("no kid", header().without("kid")),
        ("kid a number", header().set("kid", "1")),
        ("crit", header().set("crit", "[\"exp\"]")),
        ("empty crit", header().set("crit", "[]")),
        ("jwk", header().set("jwk", "{\"kty\":\"EC\"}")),
        ("jku", header().set("jku", "\"https://evil.test/jwks\"")),
        ("x5u", header().set("x5u", "\"https://evil.test/x5\"")),
        ("x5c", header().set("x5c", "[]")),
        ("cty", header().set("cty", "\"JWT\"")),
        ("zip", header().set("zip", "\"DEF\"")),
        ("b64", header().set("b64", "false")),
        ("an unknown member", header().set("x", "1")),
        ("alg twice, none last", header().also_last("alg", "\"none\"")),
        ("alg twice, none first", header().also_first("alg", "\"none\"")),
        ("alg twice, the same", header().also_last("alg", "\"ES256\"")),
        ("alg twice, one escaped", header().also_last("\\u0061lg", "\"none\"")),
        ("kid twice", header().also_first("kid", "\"key-2\"")),
        ("typ twice", header().also_last("typ", "\"at+jwt\"")),
    ];
    for (what, header) in cases {
        check(what, &header, &claims(), CredentialMalformed);
    }
    check("kid unknown", &header().set("kid", "\"key-2\""), &claims(), CredentialForged);
    check("kid empty", &header().set("kid", "\"\""), &claims(), CredentialForged);
}

#[test]
fn headers_and_claims_are_one_json_object_without_anything_around() {
    let (header, claims) = (header().text(), claims().text());
    let array = r#"["ES256","at+jwt","key-1"]"#;
    for wrong in ["", "{}", "null", "[]", "\"\"", array, "{", "{]}"] {
        check_texts(wrong, wrong, &claims, CredentialMalformed);
        check_texts(wrong, &header, wrong, CredentialMalformed);
    }
    for around in [|text: &str| format!(" {text}"), |text: &str| format!("{text}\n")] {
        check_texts("space in the header", &around(&header), &claims, CredentialMalformed);
        check_texts("space in the claims", &header, &around(&claims), CredentialMalformed);
    }
    let bom = format!("\u{feff}{claims}");
    check_texts("byte order mark", &header, &bom, CredentialMalformed);
    let two = format!("{claims}{claims}");
    check_texts("two objects", &header, &two, CredentialMalformed);
    check_token(
        "claims that are not UTF-8",
        |signer| {
            let bytes = claims.replace("dev", "\u{1}").into_bytes();
            let bytes: Vec<u8> = bytes.into_iter().map(|b| if b == 1 { 0xff } else { b }).collect();
            let message = message(header.as_bytes(), &bytes);
            format!("{message}.{}", encode(&signer.signature(&message)))
        },
        CredentialMalformed,
    );
}

#[test]
fn claims_that_are_not_exactly_ours_are_refused() {
    let names = ["iss", "sub", "aud", "client_id", "iat", "exp", "jti", "agent", "epoch", "env"];
    for name in names {
        check(name, &header(), &claims().without(name), CredentialMalformed);
        check(name, &header(), &claims().set(name, "null"), CredentialMalformed);
        check(name, &header(), &claims().set(name, "[]"), CredentialMalformed);
        let same = claims().value(name);
        check(name, &header(), &claims().also_last(name, &same), CredentialMalformed);
        check(name, &header(), &claims().also_first(name, &same), CredentialMalformed);
    }
    let cases = [
        ("another issuer", claims().set("iss", "\"https://other.test\"")),
        ("issuer with a slash", claims().set("iss", "\"https://gateway.acme.test/\"")),
        ("issuer in upper case", claims().set("iss", "\"https://GATEWAY.acme.test\"")),
        ("aud a list of one", claims().set("aud", "[\"https://gateway.acme.test/agents\"]")),
        ("aud a list of two", claims().set("aud", "[\"https://gateway.acme.test/agents\",\"x\"]")),
        ("aud a list of none", claims().set("aud", "[]")),
        ("other trust domain", claims().set("sub", "\"spiffe://evil.test/agent/demo\"")),
        ("upper-case trust domain", claims().set("sub", "\"spiffe://ACME.test/agent/demo\"")),
        ("upper-case scheme", claims().set("sub", "\"SPIFFE://acme.test/agent/demo\"")),
        ("sub of another agent", claims().set("sub", "\"spiffe://acme.test/agent/other\"")),
        ("sub a trust domain", claims().set("sub", "\"spiffe://acme.test\"")),
        ("sub not spiffe", claims().set("sub", "\"demo\"")),
        ("sub with a slash", claims().set("sub", "\"spiffe://acme.test/agent/demo/\"")),
        ("sub escaped", claims().set("sub", "\"spiffe://acme.test/agent/dem%6F\"")),
        ("sub with a query", claims().set("sub", "\"spiffe://acme.test/agent/demo?x\"")),
        ("sub with a port", claims().set("sub", "\"spiffe://acme.test:1/agent/demo\"")),
        ("agent of another sub", claims().set("agent", "\"other\"")),
        ("agent in upper case", claims().set("agent", "\"Demo\"")),
        ("agent not a name", claims().set("agent", "\"../demo\"")),
        ("client_id of another", claims().set("client_id", "\"other\"")),
        ("unknown environment", claims().set("env", "\"lab\"")),
        ("environment in upper case", claims().set("env", "\"DEV\"")),
        ("epoch negative", claims().set("epoch", "-1")),
        ("epoch a fraction", claims().set("epoch", "3.0")),
        ("epoch a text", claims().set("epoch", "\"3\"")),
        ("epoch too large", claims().set("epoch", "18446744073709551616")),
        ("jti empty", claims().set("jti", "\"\"")),
        ("jti short", claims().set("jti", "\"00\"")),
        ("jti in upper case", claims().set("jti", "\"000102030405060708090A0B0C0D0E0F\"")),
        ("an unknown claim", claims().set("scope", "\"all\"")),
        ("a confirmation key", claims().set("cnf", "{\"jkt\":\"x\"}")),
        ("an actor", claims().set("act", "{\"sub\":\"x\"}")),
        ("nbf in the future", claims().set("nbf", "1795511000")),
        ("two subs", claims().also_last("sub", "\"spiffe://acme.test/agent/other\"")),
        ("two subs, escaped", claims().also_first("s\\u0075b", "\"x\"")),
        ("two exps", claims().also_last("exp", "1795519999")),
    ];
    for (what, claims) in cases {
        check(what, &header(), &claims, CredentialMalformed);
    }
}

#[test]
fn tokens_for_another_audience_are_refused_as_such() {
    for audience in ["\"\"", "\"https://other.test\"", "\"https://gateway.acme.test/agents/\""] {
        let claims = claims().set("aud", audience);
        check(audience, &header(), &claims, CredentialWrongAudience);
    }
}

#[test]
fn a_tokens_times_hold_to_the_second() {
    let cases = [
        ("exp a text", "1795510800", "\"1795511100\"", CredentialMalformed),
        ("exp a fraction", "1795510800", "1795511100.5", CredentialMalformed),
        ("exp in exponents", "1795510800", "1.7955111e9", CredentialMalformed),
        ("life of 301 s", "1795510800", "1795511101", CredentialMalformed),
        ("life of 0 s", "1795510801", "1795510801", CredentialMalformed),
        ("life below 0", "1795510802", "1795510801", CredentialMalformed),
        ("life overflows", "-9223372036854775808", "9223372036854775807", CredentialMalformed),
        ("exp overflows", "9223372036854775507", "9223372036854775807", CredentialMalformed),
        ("exp is now", "1795510701", "1795510801", CredentialExpired),
        ("expired a second ago", "1795510700", "1795510800", CredentialExpired),
        ("before 1970", "-300", "-1", CredentialExpired),
        ("iat 6 s ahead", "1795510807", "1795511100", CredentialNotYetValid),
        ("iat an hour ahead", "1795514400", "1795514700", CredentialNotYetValid),
    ];
    for (what, iat, exp, expect) in cases {
        check(what, &header(), &claims().set("iat", iat).set("exp", exp), expect);
    }
    let signer = Signer::new();
    let ahead = claims().set("iat", "1795510806");
    for good in [claims().set("exp", "1795510802"), ahead] {
        let token = signer.token(&header().text(), &good.text());
        assert!(verify_at(&signer.verifier(), &token, ISSUED + 1).is_ok(), "{}", good.text());
    }
}

#[test]
fn signatures_by_anything_but_the_named_key_are_refused() {
    let good = || message(header().text().as_bytes(), claims().text().as_bytes());
    check_token("another key", |_| Signer::new().good(), CredentialForged);
    check_token("64 zero bytes", |_| format!("{}.{}", good(), encode(&[0; 64])), CredentialForged);
    check_token(
        "an Ed25519 signature",
        |_| {
            let seed = Ed25519KeyPair::generate().unwrap();
            assert_eq!(seed.public_key().as_ref().len(), 32);
            format!("{}.{}", good(), encode(seed.sign(good().as_bytes()).as_ref()))
        },
        CredentialForged,
    );
    check_token(
        "HS256 with the public key as the secret",
        |signer| {
            let header = header().set("alg", "\"HS256\"").text();
            let message = message(header.as_bytes(), claims().text().as_bytes());
            let key = hmac::Key::new(hmac::HMAC_SHA256, &signer.point());
            format!("{message}.{}", encode(hmac::sign(&key, message.as_bytes()).as_ref()))
        },
        CredentialMalformed,
    );
    check_token(
        "another token's signature",
        |signer| {
            let other = signer.token(&header().text(), &claims().set("epoch", "4").text());
            format!("{}.{}", good(), other.rsplit_once('.').unwrap().1)
        },
        CredentialForged,
    );
    check_token(
        "random bytes",
        |_| {
            let mut bytes = [0; 64];
            rand::fill(&mut bytes).unwrap();
            format!("{}.{}", good(), encode(&bytes))
        },
        CredentialForged,
    );
}

#[test]
fn the_compact_form_is_strict() {
    type Mangle = fn(&str) -> String;
    let cases: [(&str, Mangle); 20] = [
        ("empty signature", |token| format!("{}.", token.rsplit_once('.').unwrap().0)),
        ("two parts", |token| token.rsplit_once('.').unwrap().0.to_owned()),
        ("one part", |token| token.split('.').next().unwrap().to_owned()),
        ("four parts", |token| format!("{token}.e30")),
        ("five parts", |token| format!("{token}.e30.e30")),
        ("trailing dot", |token| format!("{token}.")),
        ("trailing dots", |token| format!("{token}..")),
        ("leading dot", |token| format!(".{token}")),
        ("two dots", |token| token.replacen('.', "..", 1)),
        ("padded at the end", |token| format!("{token}=")),
        ("padded twice", |token| format!("{token}==")),
        ("padded header", |token| token.replacen('.', "=.", 1)),
        ("space at the end", |token| format!("{token} ")),
        ("space inside", |token| token.replacen('.', ". ", 1)),
        ("tab inside", |token| token.replacen('.', "\t.", 1)),
        ("standard alphabet", |token| token.replacen('.', "+.", 1)),
        ("slash", |token| token.replacen('.', "/.", 1)),
        ("signature a byte short", |token| token[..token.len() - 2].to_owned()),
        ("signature a byte long", |token| format!("{token}AA")),
        ("only dots", |_| "..".to_owned()),
    ];
    for (what, mangle) in cases {
        check_token(what, |signer| mangle(&signer.good()), CredentialMalformed);
    }
}

#[test]
fn spare_bits_in_base64_are_refused() {
    // 64 bytes leave four bits over in the last character: they must be zero, or one signature
    // would have sixteen spellings.
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let signer = Signer::new();
    let mut token = signer.good();
    let last = token.pop().unwrap();
    let next = alphabet.find(last).unwrap() + 1;
    token.push(alphabet.chars().nth(next).unwrap());
    assert_eq!(verify_at(&signer.verifier(), &token, ISSUED), Err(CredentialMalformed));
}

#[test]
fn huge_tokens_are_refused_before_they_are_read() {
    for bytes in [4_000, 9_000, 16_000] {
        let long = format!("\"{}\"", "a".repeat(bytes));
        check("claims", &header(), &claims().set("x", &long), CredentialMalformed);
        check("iss", &header(), &claims().set("iss", &long), CredentialMalformed);
        check("kid", &header().set("kid", &long), &claims(), CredentialMalformed);
    }
    // Short enough for a token, too long for a header: it is never looked up as a key.
    let kid = format!("\"{}\"", "a".repeat(400));
    check("long kid", &header().set("kid", &kid), &claims(), CredentialMalformed);
    let deep = format!("{}{}", "[".repeat(1500), "]".repeat(1500));
    check("nesting", &header(), &claims().set("aud", &deep), CredentialMalformed);
}

#[test]
fn the_longest_token_is_4096_bytes() {
    // Spaces between members are JSON, and so the one way to make a good token long.
    let signer = Signer::new();
    let padded = |spaces: usize| {
        let epoch = format!("{}3", " ".repeat(spaces));
        signer.token(&header().text(), &claims().set("epoch", &epoch).text())
    };
    let fits = |spaces: &usize| padded(*spaces).len() <= 4096;
    let longest = (2_000..4_000).take_while(fits).last().unwrap();
    assert!(padded(longest).len() >= 4095);
    let verdict = |spaces| verify_at(&signer.verifier(), &padded(spaces), ISSUED).map(|_| ());
    assert_eq!(verdict(longest), Ok(()));
    assert_eq!(verdict(longest + 1), Err(CredentialMalformed));
}

#[test]
fn a_remembered_token_still_expires_and_a_refusal_is_not_remembered() {
    let signer = Signer::new();
    let verifier = signer.verifier();
    let token = signer.good();
    assert_eq!(verify_at(&verifier, &token, ISSUED - 6), Err(CredentialNotYetValid));
    let first = verify_at(&verifier, &token, ISSUED - 5).unwrap();
    for seconds in [0, 299] {
        assert_eq!(verify_at(&verifier, &token, ISSUED + seconds).as_ref(), Ok(&first));
    }
    assert_eq!(verify_at(&verifier, &token, ISSUED + 300), Err(CredentialExpired));
    assert_eq!(verify_at(&verifier, &token, ISSUED - 6), Err(CredentialNotYetValid));
    assert_eq!(verify_at(&verifier, &token, ISSUED), Ok(first));
}

#[test]
fn a_remembered_token_does_not_vouch_for_its_neighbours() {
    let signer = Signer::new();
    let verifier = signer.verifier();
    let token = signer.good();
    assert!(verify_at(&verifier, &token, ISSUED).is_ok());
    let (message, _) = token.rsplit_once('.').unwrap();
    let forged = format!("{message}.{}", encode(&[1; 64]));
    assert_eq!(verify_at(&verifier, &forged, ISSUED), Err(CredentialForged));
    let elsewhere = Signer::new().verifier();
    assert_eq!(verify_at(&elsewhere, &token, ISSUED), Err(CredentialForged));
}

#[test]
fn a_verifier_takes_only_points_of_the_curve_under_distinct_ids() {
    let key = |kid: &str, point| TrustedKey { kid: kid.into(), point };
    let good = Signer::new().point();
    let mut off = good;
    off[64] ^= 1;
    for wrong in [[0; 65], [4; 65], off] {
        let made = TokenVerifier::new(vec![key("k", wrong)], expected());
        assert_eq!(made.unwrap_err(), VerifierError::Key("k".into()));
    }
    let twice = TokenVerifier::new(vec![key("k", good), key("k", good)], expected());
    assert_eq!(twice.unwrap_err(), VerifierError::Twice("k".into()));
    let none = TokenVerifier::new(Vec::new(), expected()).unwrap();
    assert_eq!(verify_at(&none, &Signer::new().good(), ISSUED), Err(CredentialForged));
}

#[test]
fn during_a_key_change_each_token_is_verified_by_the_key_it_names() {
    let (old, new) = (Signer::new(), Signer::new());
    let keys = vec![
        TrustedKey { kid: KID.into(), point: old.point() },
        TrustedKey { kid: "key-2".into(), point: new.point() },
    ];
    let verifier = TokenVerifier::new(keys, expected()).unwrap();
    let named = |kid: &str| header().set("kid", &format!("\"{kid}\"")).text();
    let verdict = |signer: &Signer, kid: &str| {
        verify_at(&verifier, &signer.token(&named(kid), &claims().text()), ISSUED).map(|_| ())
    };
    assert_eq!(verdict(&old, KID), Ok(()));
    assert_eq!(verdict(&new, "key-2"), Ok(()));
    assert_eq!(verdict(&old, "key-2"), Err(CredentialForged));
    assert_eq!(verdict(&new, KID), Err(CredentialForged));
}

#[test]
fn debug_output_shows_no_token() {
    let signer = Signer::new();
    let token = signer.good();
    let credential = forge::presented(&token).unwrap();
    let verifier = signer.verifier();
    verifier.verify(&credential, Timestamp::from_millis(ISSUED * 1000)).unwrap();
    let shown = format!("{credential:?} {verifier:?}");
    for part in token.split('.') {
        assert!(!shown.contains(part), "{shown}");
    }
}

#[test]
fn every_position_of_a_token_matters() {
    let signer = Signer::new();
    let verifier = signer.verifier();
    let token = signer.good();
    assert!(verify_at(&verifier, &token, ISSUED).is_ok());
    for position in 0..token.len() {
        for replacement in [b'A', b'z', b'.', b'='] {
            let mut bytes = token.clone().into_bytes();
            if bytes[position] == replacement {
                continue;
            }
            bytes[position] = replacement;
            let changed = String::from_utf8(bytes).unwrap();
            assert!(verify_at(&verifier, &changed, ISSUED).is_err(), "{position} {replacement}");
        }
    }
}

proptest! {
    #[test]
    fn any_single_byte_changed_is_a_refusal(position in 0_usize..10_000, byte in 0x21_u8..0x7f) {
        let signer = Signer::new();
        let token = signer.good();
        let mut bytes = token.clone().into_bytes();
        let position = position % bytes.len();
        prop_assume!(bytes[position] != byte);
        bytes[position] = byte;
        let changed = String::from_utf8(bytes).unwrap();
        prop_assert!(verify_at(&signer.verifier(), &changed, ISSUED).is_err());
    }

    #[test]
    fn any_text_is_refused_without_a_panic(text in "[ -~]{0,400}", claims in "[ -~]{0,200}") {
        let signer = Signer::new();
        let verifier = signer.verifier();
        prop_assert!(verify_at(&verifier, &text, ISSUED).is_err());
        let signed = signer.token(&header().text(), &claims);
        prop_assert!(verify_at(&verifier, &signed, ISSUED).is_err());
        let headed = signer.token(&claims, &text);
        prop_assert!(verify_at(&verifier, &headed, ISSUED).is_err());
    }
}
