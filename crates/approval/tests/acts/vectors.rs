//! The vectors under `spec/vectors/act/`: what another implementation must agree with.

use std::path::Path;

use approval::{Commitment, Keyring, Object, Salt, SignedAct, Verb, verify};
use model::{PersonName, Timestamp};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Acts {
    #[serde(rename = "about")]
    _about: String,
    gateway: String,
    now: Timestamp,
    keys: Vec<Key>,
    taken: Vec<Taken>,
    refused: Vec<Refused>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    person: PersonName,
    line: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Taken {
    name: String,
    canonical: String,
    signed: SignedAct,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    name: String,
    code: String,
    signed: SignedAct,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Commitments {
    #[serde(rename = "about")]
    _about: String,
    cases: Vec<Opening>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Opening {
    name: String,
    value: String,
    salt: String,
    object: String,
    opens: bool,
}

fn read<T: for<'de> Deserialize<'de>>(name: &str) -> T {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors/act");
    serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap()
}

#[test]
fn the_vectors_acts_are_taken_and_refused_as_they_say() {
    let Acts { gateway, now, keys, taken, refused, .. } = read("acts.json");
    let gateway = gateway.parse().unwrap();
    let lines = keys.iter().map(|key| (key.person.clone(), key.line.as_str()));
    let keyring = Keyring::from_lines(lines).unwrap();
    for Taken { name, canonical, signed } in &taken {
        assert_eq!(signed.act().canonical_bytes(), canonical.as_bytes(), "{name}");
        assert!(verify(signed, &keyring, now, &gateway).is_ok(), "{name}");
    }
    for Refused { name, code, signed } in &refused {
        let verdict = verify(signed, &keyring, now, &gateway).unwrap_err();
        assert_eq!(verdict.code(), code, "{name}");
    }
    assert!(taken.len() >= 4 && refused.len() >= 8);
}

#[test]
fn the_vectors_commitments_open_as_they_say() {
    let Commitments { cases, .. } = read("commitments.json");
    for Opening { name, value, salt, object, opens } in &cases {
        let Object::Secret { name: secret, commitment } = object.parse::<Object>().unwrap() else {
            panic!("{name}: not a secret");
        };
        let salt = Salt::from_hex(salt).unwrap();
        let commitment: Commitment = commitment;
        assert_eq!(commitment.opens_to(&secret, value.as_bytes(), &salt), *opens, "{name}");
    }
    assert!(cases.len() >= 4);
}

#[test]
fn the_specification_has_a_row_for_each_verb() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/act.md");
    let text = std::fs::read_to_string(page).unwrap();
    for verb in Verb::ALL {
        let row = format!("| `{verb}` | `{}:", verb.object_kind());
        assert!(text.contains(&row), "{row}");
    }
}
