//! What a minted token says, and what is never minted.

#![expect(clippy::unwrap_used, reason = "a surprise here is a failing test")]

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use issuer::{AgentClaims, MintError, ServiceError, ServiceNames, SigningKey, TokenService};
use model::{Digest, Environment, Timestamp};
use serde_json::{Value, json};

const NOW_MILLIS: i64 = 1_795_510_800_999;

fn names() -> ServiceNames {
    ServiceNames {
        issuer: "https://gateway.acme.test".into(),
        audience: "https://gateway.acme.test/agents".into(),
        trust_domain: "acme.test".parse().unwrap(),
    }
}

fn service() -> TokenService {
    TokenService::new(SigningKey::generate().unwrap(), names()).unwrap()
}

fn demo() -> AgentClaims {
    AgentClaims {
        agent: "demo".parse().unwrap(),
        epoch: 3,
        environment: Environment::Staging,
        context: None,
    }
}

fn part(text: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

#[test]
fn a_token_says_who_for_whom_and_until_when() {
    let service = service();
    let now = Timestamp::from_millis(NOW_MILLIS);
    let token = service.mint(&demo(), now, 300, [0xab; 16]).unwrap();
    let parts: Vec<&str> = token.expose().split('.').collect();
    let kid = service.public_key().kid();
    assert_eq!(parts.len(), 3);
    assert_eq!(part(parts[0]), json!({ "alg": "ES256", "typ": "at+jwt", "kid": kid }));
    let expected = json!({
        "iss": "https://gateway.acme.test",
        "sub": "spiffe://acme.test/agent/demo",
        "aud": "https://gateway.acme.test/agents",
        "client_id": "demo",
        "iat": 1_795_510_800,
        "exp": 1_795_511_100,
        "jti": "ab".repeat(16),
        "agent": "demo",
        "epoch": 3,
        "env": "staging",
    });
    assert_eq!(part(parts[1]), expected);
    assert_eq!(token.expires(), Timestamp::from_millis(1_795_511_100_000));
    assert_eq!(token.digest(), Digest::of(token.expose().as_bytes()));
}

#[test]
fn a_token_names_the_context_it_is_bound_to_and_differs_in_nothing_else() {
    let service = service();
    let claims = |context: Option<&str>| {
        let claims = AgentClaims { context: context.map(|name| name.parse().unwrap()), ..demo() };
        let now = Timestamp::from_millis(NOW_MILLIS);
        let token = service.mint(&claims, now, 300, [0xab; 16]).unwrap();
        part(token.expose().split('.').nth(1).unwrap())
    };
    let mut bound = claims(Some("tickets"));
    let context = bound.as_object_mut().unwrap().remove("portreeve_context");
    assert_eq!(context, Some(json!("tickets")));
    assert_eq!(bound, claims(None));
}

#[test]
fn the_published_key_verifies_the_token() {
    let service = service();
    let token = service.mint(&demo(), Timestamp::from_millis(NOW_MILLIS), 1, [1; 16]).unwrap();
    let (message, signature) = token.expose().rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    assert_eq!(signature.len(), 64);
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, service.public_key().point());
    assert!(key.verify(message.as_bytes(), &signature).is_ok());
    assert!(key.verify(b"another", &signature).is_err());
    assert_eq!(service.jwks()["keys"][0], service.public_key().jwk());
}

#[test]
fn lifetimes_out_of_bounds_are_refused() {
    let service = service();
    let mint = |seconds| service.mint(&demo(), Timestamp::from_millis(0), seconds, [1; 16]);
    assert!(mint(1).is_ok());
    assert!(mint(300).is_ok());
    for wrong in [0, 301, u32::MAX] {
        assert_eq!(mint(wrong).unwrap_err(), MintError::Lifetime(wrong));
    }
}

#[test]
fn names_that_no_verifier_takes_are_refused() {
    let make = |issuer: &str, audience: &str| {
        let names = ServiceNames { issuer: issuer.into(), audience: audience.into(), ..names() };
        TokenService::new(SigningKey::generate().unwrap(), names).map(|_| ())
    };
    let longest = "a".repeat(512);
    assert_eq!(make(&longest, &longest), Ok(()));
    for wrong in ["", " ", "a b", "a\"b", "a\\b", "ä", "a\n", &format!("{longest}a")] {
        assert_eq!(make(wrong, "a"), Err(ServiceError::Name("issuer")), "{wrong}");
        assert_eq!(make("a", wrong), Err(ServiceError::Name("audience")), "{wrong}");
    }
}

#[test]
fn debug_output_shows_no_token() {
    let service = service();
    let token = service.mint(&demo(), Timestamp::from_millis(NOW_MILLIS), 9, [1; 16]).unwrap();
    let shown = format!("{token:?} {service:?}");
    for secret in token.expose().split('.').skip(1) {
        assert!(!shown.contains(secret), "{shown}");
    }
}
