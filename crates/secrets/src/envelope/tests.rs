//! Sealed bytes: they open under their own label and key, and under nothing else.

use serde_json::Value;
use testkit::{Canary, assert_clean};

use super::*;

const GATEWAY: &str = "edge-1";

fn key(byte: u8) -> SealingKey {
    SealingKey::from_bytes(&[byte; KEY_BYTES]).expect("a key")
}

fn name(text: &str) -> SecretName {
    text.parse().expect("a name")
}

/// A file as the first release of format 1 wrote it.
const OF_THE_FIRST_RELEASE: &str = r#"{
  "v": 1,
  "gateway": "edge-1",
  "name": "openai",
  "version": 2,
  "created": "2026-05-28T20:26:40.000Z",
  "kek": "3819f08cec43d777",
  "wrapped_key": {
    "nonce": "GOdCCSTOlRK7Mg9W",
    "sealed": "40KkEsJhCy/zrVoH+1msGADfOd8FQtIia7iaMwHwa9QmAZ5YJg1Uh43xS8FihXVl"
  },
  "value": {
    "nonce": "XctemRsXBxCZ+eRB",
    "sealed": "KGlijIV8p7vIfOo2SL5zW3dXJ7Lek6sfSkju6pmZ6UBsUA=="
  }
}
"#;

fn sealed() -> Vec<u8> {
    let bytes = Zeroizing::new(Canary::ProviderKey.value().as_bytes().to_vec());
    let value = SecretValue::from_bytes(bytes).expect("a value");
    let name = name("openai");
    let label = Label { gateway: GATEWAY, name: &name, version: SecretVersion(2) };
    seal(label, &value, &key(1), Timestamp::from_millis(1_795_510_800_000)).expect("sealed")
}

fn open_as(
    bytes: &[u8],
    (gateway, secret, version): (&str, &str, u32),
    byte: u8,
) -> Result<Opened, SecretError> {
    let name = name(secret);
    let label = Label { gateway, name: &name, version: SecretVersion(version) };
    open(label, bytes, &key(byte), Path::new("openai/v2.sealed"))
}

fn open_own(bytes: &[u8]) -> Result<Opened, SecretError> {
    open_as(bytes, (GATEWAY, "openai", 2), 1)
}

/// The sealed file with one field changed.
fn changed(pointer: &str, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut form: Value = serde_json::from_slice(&sealed()).expect("JSON");
    change(form.pointer_mut(pointer).expect("a field"));
    serde_json::to_vec(&form).expect("JSON")
}

#[test]
fn a_sealed_value_opens_and_shows_nothing_before() {
    let bytes = sealed();
    assert_clean(&bytes, "the sealed file", &Canary::ALL);
    let opened = open_own(&bytes).expect("opened");
    assert_eq!(opened.value.expose(), Canary::ProviderKey.value().as_bytes());
    assert_eq!(opened.created.to_string(), "2026-11-24T09:00:00.000Z");
    assert_ne!(bytes, sealed(), "keys and nonces are fresh each time");
}

#[test]
fn what_the_first_release_sealed_opens_and_has_its_time() {
    let opened = open_own(OF_THE_FIRST_RELEASE.as_bytes()).expect("opened");
    assert_eq!(opened.value.expose(), b"sk-sealed-long-ago");
    assert_eq!(opened.created, Timestamp::from_millis(1_780_000_000_000));
    // There is no format without a time, so no value's age is unknown once it opens.
    let timeless = changed("", |form| {
        form.as_object_mut().expect("an object").remove("created");
    });
    assert!(matches!(open_own(&timeless), Err(SecretError::Malformed { .. })));
}

#[test]
fn a_copy_under_another_label_does_not_open() {
    let bytes = sealed();
    for label in [(GATEWAY, "openai", 1), (GATEWAY, "anthropic", 2), ("edge-2", "openai", 2)] {
        let error = open_as(&bytes, label, 1).expect_err("not its own label");
        assert!(matches!(error, SecretError::Foreign { .. }), "{error}");
        assert!(error.to_string().contains("sealed as openai v2 of gateway edge-1"), "{error}");
    }
}

#[test]
fn a_copy_whose_label_was_edited_to_fit_does_not_open() {
    let renamed = changed("/name", |field| *field = "anthropic".into());
    assert!(matches!(
        open_as(&renamed, (GATEWAY, "anthropic", 2), 1),
        Err(SecretError::Tampered { .. })
    ));
    let moved = changed("/version", |field| *field = 3.into());
    assert!(matches!(
        open_as(&moved, (GATEWAY, "openai", 3), 1),
        Err(SecretError::Tampered { .. })
    ));
    let stolen = changed("/gateway", |field| *field = "edge-2".into());
    assert!(matches!(
        open_as(&stolen, ("edge-2", "openai", 2), 1),
        Err(SecretError::Tampered { .. })
    ));
    let younger = changed("/created", |field| *field = "2027-01-01T00:00:00Z".into());
    assert!(matches!(open_own(&younger), Err(SecretError::Tampered { .. })));
}

#[test]
fn another_key_does_not_open_it_whatever_id_it_claims() {
    let error = open_as(&sealed(), (GATEWAY, "openai", 2), 2).expect_err("another key");
    assert!(matches!(error, SecretError::OtherKey { .. }), "{error}");
    let claimed = changed("/kek", |field| *field = key(2).id().into());
    let opened = open_as(&claimed, (GATEWAY, "openai", 2), 2);
    assert!(matches!(opened, Err(SecretError::Tampered { .. })));
}

#[test]
fn any_changed_ciphertext_or_nonce_is_noticed() {
    for field in ["/wrapped_key/nonce", "/wrapped_key/sealed", "/value/nonce", "/value/sealed"] {
        let flipped = changed(field, |field| {
            let mut bytes = STANDARD.decode(field.as_str().expect("text")).expect("base64");
            bytes[5] ^= 1;
            *field = STANDARD.encode(bytes).into();
        });
        assert!(matches!(open_own(&flipped), Err(SecretError::Tampered { .. })), "{field}");
    }
    let mut form: Value = serde_json::from_slice(&sealed()).expect("JSON");
    let (key, value) = (form["wrapped_key"].take(), form["value"].take());
    (form["wrapped_key"], form["value"]) = (value, key);
    let swapped = serde_json::to_vec(&form).expect("JSON");
    assert!(matches!(open_own(&swapped), Err(SecretError::Tampered { .. })));
    let emptied = changed("/value/sealed", |field| *field = "".into());
    assert!(matches!(open_own(&emptied), Err(SecretError::Tampered { .. })));
}

#[test]
fn every_cut_and_every_malformed_file_is_refused_without_quoting_it() {
    let bytes = sealed();
    for length in 0..bytes.len() - 2 {
        let error = open_own(&bytes[..length]).expect_err("cut");
        assert!(matches!(error, SecretError::Malformed { .. }), "{length}: {error}");
    }
    let own = || open_own(&bytes).expect("opened");
    assert_eq!(own().value.expose().len(), Canary::ProviderKey.value().len());
    for wrong in [
        changed("/v", |field| *field = 2.into()),
        changed("/v", |field| *field = Canary::Prompt.value().into()),
        changed("/name", |field| *field = Canary::Prompt.value().into()),
        changed("/value", |field| *field = Canary::Prompt.value().into()),
        changed("/value/sealed", |field| *field = Canary::Prompt.value().into()),
        changed("/value/nonce", |field| *field = "AAAA".into()),
        changed("", |form| form["more"] = 1.into()),
        [&bytes[..], b"{}"].concat(),
        b"\xff\xfe".to_vec(),
        b"[]".to_vec(),
    ] {
        let error = open_own(&wrong).expect_err("malformed");
        assert!(matches!(error, SecretError::Malformed { .. }), "{error}");
        assert!(error.to_string().starts_with("openai/v2.sealed is not a whole sealed secret ("));
        assert_clean(format!("{error} {error:?}").as_bytes(), "the error", &Canary::ALL);
    }
}
