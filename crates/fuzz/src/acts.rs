//! Signed acts and the keys of persons: refused with a code, or exactly an act that its actor's
//! key signed.

use std::sync::OnceLock;

use approval::{
    ActRefused, GatewayName, Keyring, PersonKey, SIGNED_ACT_BYTES_MAX, SignedAct, Stamp, verify,
};
use model::{PersonName, Timestamp};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::Target;
use crate::input::Input;
use crate::seeds::{self, seed};

pub(crate) const TARGET: Target = Target {
    name: "act",
    about: "signed acts and key lines: refused with a code, or an act that its actor's key signed",
    check,
    seeds,
    words: &[
        "-----BEGIN SSH SIGNATURE-----\\n",
        "U1NIU0lHAAAAAQ",
        "\"verb\":\"charter.apply\"",
        "\"actor\":\"ann\"",
        "charter:sha256:",
        "secret:",
        "agent:",
        ":context:",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI",
        "sk-ssh-ed25519@openssh.com ",
        "\"time\":\"2026-11-24T09:00:00.000Z\"",
        "\"nonce\":\"",
        "ssh-rsa ",
        "cert-authority ",
        "-----BEGIN OPENSSH PRIVATE KEY-----\\n",
    ],
    cases: 1500,
};

/// What the vectors are verified with.
struct Bench {
    keyring: Keyring,
    gateway: GatewayName,
    now: Timestamp,
}

fn check(input: &[u8]) {
    let mut input = Input::new(input);
    match input.byte() % 3 {
        0 => signed_act(input.rest()),
        1 => key_lines(&input.text()),
        _ => private_key(&input.text()),
    }
}

fn signed_act(bytes: &[u8]) {
    let signed = match SignedAct::from_json(bytes) {
        Ok(signed) => signed,
        Err(error) => {
            assert!(error.to_string().len() <= 1024, "an error as long as what was sent");
            return;
        }
    };
    assert!(bytes.len() <= SIGNED_ACT_BYTES_MAX);
    let act = signed.act();
    // What is signed is one line of JSON, and it says what the act was read from.
    let canonical = act.canonical_bytes();
    let lines: Vec<&[u8]> = canonical.split(|byte| *byte == b'\n').collect();
    let [_, line, []] = lines.as_slice() else { panic!("not two lines") };
    let said: Option<Value> = serde_json::from_slice(line).ok();
    let sent: Option<Value> = serde_json::from_slice(bytes).ok();
    assert_eq!(
        said.as_ref(),
        sent.as_ref().and_then(|sent| sent.get("act")),
        "it is signed as another"
    );
    let again = json!({"act": said, "signature": signed.signature()}).to_string();
    assert_eq!(SignedAct::from_json(again.as_bytes()).as_ref(), Ok(&signed));
    let Bench { keyring, gateway, now } = bench();
    match verify(&signed, keyring, *now, gateway) {
        Ok(verified) => {
            assert_eq!(verified.act(), act);
            assert!(keyring.persons().any(|person| person == act.actor()));
            let stamp = Stamp {
                actor: act.actor().clone(),
                gateway: act.gateway().clone(),
                nonce: approval::Nonce::new([0; 16]),
                time: act.time(),
            };
            let other = approval::Act::new(act.verb(), act.object().clone(), stamp);
            let Ok(other) = other else { panic!("the same verb and object") };
            let moved = SignedAct::with_signature(other, signed.signature().to_owned());
            let moved = verify(&moved, keyring, *now, gateway);
            assert_eq!(moved, Err(ActRefused::BadSignature), "the signature fits two acts");
        }
        Err(refused) => {
            assert!(!refused.code().is_empty());
            assert!(refused.to_string().len() <= 1024);
        }
    }
}

/// Lines that are taken are taken alone, too, and name the same persons.
fn key_lines(text: &str) {
    let Ok(person) = "ann".parse::<PersonName>() else { return };
    let lines: Vec<(PersonName, &str)> =
        text.split('\n').take(8).map(|line| (person.clone(), line)).collect();
    let count = lines.len();
    match Keyring::from_lines(lines.clone()) {
        Ok(keyring) => {
            assert!(keyring.persons().eq([&person]));
            assert!(lines.into_iter().all(|line| Keyring::from_lines([line]).is_ok()));
        }
        Err(errors) => {
            assert!((1..=count).contains(&errors.len()));
            assert!(errors.iter().all(|error| (1..=count).contains(&error.number)));
        }
    }
}

/// A private key that is read signs, and its public line is taken for it.
fn private_key(text: &str) {
    let Ok(key) = PersonKey::from_openssh(text) else { return };
    assert!(!format!("{key:?}").contains("PRIVATE"), "Debug shows it");
    let Ok(line) = key.public_line() else { panic!("it has no public line") };
    let Ok(person) = "ann".parse::<PersonName>() else { return };
    assert!(Keyring::from_lines([(person, line.as_str())]).is_ok());
}

fn bench() -> &'static Bench {
    static BENCH: OnceLock<Bench> = OnceLock::new();
    BENCH.get_or_init(|| {
        let vectors = seeds::json("act/acts.json");
        let text = |value: &Value, name: &str| {
            value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let lines: Vec<(PersonName, String)> = vectors
            .get("keys")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|key| Some((text(key, "person").parse().ok()?, text(key, "line"))))
            .collect();
        let keyring =
            Keyring::from_lines(lines.iter().map(|(who, line)| (who.clone(), line.as_str())));
        let gateway = text(&vectors, "gateway").parse();
        let now = text(&vectors, "now").parse();
        match (keyring, gateway, now) {
            (Ok(keyring), Ok(gateway), Ok(now)) => Bench { keyring, gateway, now },
            other => panic!("the vectors of acts are not what they were: {other:?}"),
        }
    })
}

fn seeds() -> Vec<Vec<u8>> {
    let vectors = seeds::json("act/acts.json");
    let mut found = Vec::new();
    for list in ["taken", "refused"] {
        for case in vectors.get(list).and_then(Value::as_array).into_iter().flatten() {
            found.extend(case.get("signed").map(|signed| seed(&[0], signed.to_string())));
        }
    }
    let lines = seeds::texts(&vectors, "line");
    found.push(seed(&[1], lines.join("\n")));
    found.extend(lines.iter().map(|line| seed(&[1], line)));
    let key =
        PersonKey::generate(&Zeroizing::new([7; 32]), "a test").and_then(|key| key.to_openssh());
    found.extend(key.map(|text| seed(&[2], text.as_str())));
    found
}
