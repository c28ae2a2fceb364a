//! A forger's bench for tests: any header, any claims, any key, signed or not.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use identity::{Credential, Expected, TokenVerifier, TrustedKey, credential};
use model::{RefusalCode, Subject, Timestamp};

/// The instant at which the tests' tokens are issued, in seconds.
pub(crate) const ISSUED: i64 = 1_795_510_800;
/// The tests' issuer.
pub(crate) const ISSUER: &str = "https://gateway.acme.test";
/// The tests' audience.
pub(crate) const AUDIENCE: &str = "https://gateway.acme.test/agents";
/// The id of the tests' key.
pub(crate) const KID: &str = "key-1";

/// A JSON object as text: members in the order given, duplicates allowed, values raw.
#[derive(Clone)]
pub(crate) struct Object(Vec<(String, String)>);

impl Object {
    /// The same with `name` set to the raw JSON `value`, where it stands or at the end.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some(member) => member.1 = value.to_owned(),
            None => self.0.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    /// The same without `name`.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self
    }

    /// The same with one more member at the end, whatever is there already.
    pub(crate) fn also_last(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with one more member at the beginning.
    pub(crate) fn also_first(mut self, name: &str, value: &str) -> Self {
        self.0.insert(0, (name.to_owned(), value.to_owned()));
        self
    }

    /// The raw value of `name`.
    pub(crate) fn value(&self, name: &str) -> String {
        self.0.iter().find(|(known, _)| known == name).unwrap().1.clone()
    }

    /// The JSON text.
    pub(crate) fn text(&self) -> String {
        let members: Vec<String> =
            self.0.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    }

    fn of(members: &[(&str, &str)]) -> Self {
        Self(members.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect())
    }
}

/// The header of a good token.
pub(crate) fn header() -> Object {
    Object::of(&[("alg", "\"ES256\""), ("typ", "\"at+jwt\""), ("kid", "\"key-1\"")])
}

/// The claims of a good token, issued at [`ISSUED`] for 300 s.
pub(crate) fn claims() -> Object {
    Object::of(&[
        ("iss", "\"https://gateway.acme.test\""),
        ("sub", "\"spiffe://acme.test/agent/demo\""),
        ("aud", "\"https://gateway.acme.test/agents\""),
        ("client_id", "\"demo\""),
        ("iat", "1795510800"),
        ("exp", "1795511100"),
        ("jti", "\"000102030405060708090a0b0c0d0e0f\""),
        ("agent", "\"demo\""),
        ("epoch", "3"),
        ("env", "\"dev\""),
    ])
}

/// A key pair of the tests.
pub(crate) struct Signer(EcdsaKeyPair);

impl Signer {
    /// A new pair; no test depends on which.
    pub(crate) fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    /// The uncompressed point.
    pub(crate) fn point(&self) -> [u8; 65] {
        self.0.public_key().as_ref().try_into().unwrap()
    }

    /// The raw signature of `message`.
    pub(crate) fn signature(&self, message: &str) -> Vec<u8> {
        self.0.sign(&SystemRandom::new(), message.as_bytes()).unwrap().as_ref().to_vec()
    }

    /// A token of these very texts, properly signed.
    pub(crate) fn token(&self, header: &str, claims: &str) -> String {
        let message = message(header.as_bytes(), claims.as_bytes());
        let signature = encode(&self.signature(&message));
        format!("{message}.{signature}")
    }

    /// The good token.
    pub(crate) fn good(&self) -> String {
        self.token(&header().text(), &claims().text())
    }

    /// A verifier that trusts this pair as [`KID`].
    pub(crate) fn verifier(&self) -> TokenVerifier {
        let key = TrustedKey { kid: KID.into(), point: self.point() };
        TokenVerifier::new(vec![key], expected()).unwrap()
    }
}

/// What the tests' verifiers expect.
pub(crate) fn expected() -> Expected {
    Expected {
        issuer: ISSUER.into(),
        audience: AUDIENCE.into(),
        trust_domain: "acme.test".parse().unwrap(),
    }
}

/// The first two parts of a token.
pub(crate) fn message(header: &[u8], claims: &[u8]) -> String {
    format!("{}.{}", encode(header), encode(claims))
}

/// Strict base64url.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// `token` as it arrives in a header.
pub(crate) fn presented(token: &str) -> Result<Credential, RefusalCode> {
    let mut headers = HeaderMap::new();
    headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
    credential(&headers)
}

/// What `verifier` says of `token` at `seconds`.
pub(crate) fn verify_at(
    verifier: &TokenVerifier,
    token: &str,
    seconds: i64,
) -> Result<Subject, RefusalCode> {
    let now = Timestamp::from_millis(seconds * 1000);
    presented(token).and_then(|credential| verifier.verify(&credential, now))
}
