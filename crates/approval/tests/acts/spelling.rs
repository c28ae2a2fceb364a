//! How acts are spelt: canonical bytes, JSON, objects, verbs, commitments.

use approval::{
    Act, ActError, Approved, Commitment, GatewayName, Nonce, NotApproved, Object,
    SIGNED_ACT_BYTES_MAX, Salt, SignedAct, Verb, VerifiedAct, verify,
};
use model::{Digest, SecretName};
use proptest::prelude::*;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::desk::{apply, charter, gateway, key, keyring, signed_at, stamp};

fn salt(byte: u8) -> Salt {
    Salt::new(Zeroizing::new([byte; 32]))
}

fn agent_in(context: &str) -> Object {
    let (agent, context) = ("demo".parse().unwrap(), context.parse().unwrap());
    Object::AgentContext { agent, context }
}

fn secret(name: &str, value: &[u8]) -> Object {
    let name: SecretName = name.parse().unwrap();
    let commitment = Commitment::of(&name, value, &salt(1));
    Object::Secret { name, commitment }
}

fn wire() -> Value {
    serde_json::to_value(SignedAct::sign(apply("ann"), &key(1)).unwrap()).unwrap()
}

fn verified(verb: Verb, object: Object) -> VerifiedAct {
    let act = Act::new(verb, object, stamp("ann")).unwrap();
    let signed = SignedAct::sign(act, &key(1)).unwrap();
    verify(&signed, &keyring(), signed_at(), &gateway()).unwrap()
}

#[test]
fn canonical_bytes_are_a_format_line_and_a_line_of_sorted_json() {
    let text = String::from_utf8(apply("ann").canonical_bytes()).unwrap();
    let lines: Vec<&str> = text.split('\n').collect();
    assert_eq!((lines.len(), lines[0], lines[2]), (3, "portreeve act v1", ""));
    let members: Value = serde_json::from_str(lines[1]).unwrap();
    assert_eq!(members, wire()["act"]);
    // serde_json keeps objects sorted and writes no spaces: RFC 8785 for plain ASCII.
    assert_eq!(members.to_string(), lines[1]);
}

#[test]
fn a_signed_act_reads_back_as_written() {
    let signed = SignedAct::sign(apply("ann"), &key(1)).unwrap();
    let text = serde_json::to_vec(&signed).unwrap();
    assert_eq!(SignedAct::from_json(&text), Ok(signed));
}

#[test]
fn json_that_is_not_exactly_a_signed_act_is_refused() {
    type Edit = fn(&mut Value);
    let edits: [(&str, Edit); 18] = [
        ("no signature", |wire| drop(wire.as_object_mut().unwrap().remove("signature"))),
        ("more beside", |wire| wire["salt"] = json!("00")),
        ("more inside", |wire| wire["act"]["class"] = json!("tool")),
        ("no nonce", |wire| drop(wire["act"].as_object_mut().unwrap().remove("nonce"))),
        ("nonce in upper case", |wire| wire["act"]["nonce"] = json!("AB".repeat(16))),
        ("nonce too short", |wire| wire["act"]["nonce"] = json!("ab".repeat(15))),
        ("nonce too long", |wire| wire["act"]["nonce"] = json!("ab".repeat(17))),
        ("actor not a name", |wire| wire["act"]["actor"] = json!("Ann")),
        ("gateway not a name", |wire| wire["act"]["gateway"] = json!("a\"b")),
        ("gateway empty", |wire| wire["act"]["gateway"] = json!("")),
        ("an unknown verb", |wire| wire["act"]["verb"] = json!("charter.delete")),
        ("a verb in upper case", |wire| wire["act"]["verb"] = json!("GENESIS")),
        ("a verb of another object", |wire| wire["act"]["verb"] = json!("agent.token")),
        ("an unknown object", |wire| wire["act"]["object"] = json!("policy:x")),
        ("time without milliseconds", |wire| wire["act"]["time"] = json!("2026-11-24T09:00:00Z")),
        ("time in a zone", |wire| wire["act"]["time"] = json!("2026-11-24T10:00:00.000+01:00")),
        ("time as a number", |wire| wire["act"]["time"] = json!(1_795_510_800)),
        ("signature not a text", |wire| wire["signature"] = json!([])),
    ];
    for (what, edit) in edits {
        let mut wire = wire();
        edit(&mut wire);
        assert!(SignedAct::from_json(wire.to_string().as_bytes()).is_err(), "{what}");
    }
    let text = wire().to_string();
    let twice = text.replacen('{', r#"{"signature":"","#, 1);
    assert!(SignedAct::from_json(twice.as_bytes()).is_err());
    let twice_inside = text.replacen(r#"{"actor""#, r#"{"actor":"ben","actor""#, 1);
    assert!(SignedAct::from_json(twice_inside.as_bytes()).is_err());
    let long = format!("{text}{}", " ".repeat(SIGNED_ACT_BYTES_MAX));
    let refused = SignedAct::from_json(long.as_bytes());
    assert_eq!(refused, Err(ActError::TooLong(SIGNED_ACT_BYTES_MAX)));
}

#[test]
fn each_verb_acts_on_its_own_kind_of_object() {
    let agent = Object::Agent("demo".parse().unwrap());
    let objects = [Object::Charter(charter()), secret("a", b"v"), agent, agent_in("tickets")];
    for verb in Verb::ALL {
        assert_eq!(verb.as_str().parse(), Ok(*verb));
        for object in &objects {
            let fits = object.kind() == verb.object_kind();
            let act = Act::new(*verb, object.clone(), stamp("ann"));
            assert_eq!(act.is_ok(), fits, "{verb} {object}");
        }
    }
}

#[test]
fn objects_have_one_spelling() {
    let agent = Object::Agent("demo".parse().unwrap());
    assert_eq!(agent.to_string(), "agent:demo");
    assert_eq!(agent_in("tickets").to_string(), "agent:demo:context:tickets");
    for object in [
        Object::Charter(charter()),
        secret("a", b"v"),
        agent,
        agent_in("tickets"),
        agent_in("context"),
    ] {
        assert_eq!(object.to_string().parse(), Ok(object));
    }
    let digest = charter();
    for wrong in [
        String::new(),
        "charter".into(),
        "charter:".into(),
        format!("charter:{}", digest.hex()),
        format!("charter:{digest} "),
        format!("Charter:{digest}"),
        digest.to_string(),
        "secret:a".into(),
        format!("secret:{digest}"),
        format!("secret:A:{digest}"),
        format!("secret:a:{digest}:x"),
        "agent:".into(),
        "agent:Demo".into(),
        "agent:a:b".into(),
        "agent:a:".into(),
        "agent:a:context".into(),
        "agent:a:context:".into(),
        "agent:a:context:B".into(),
        "agent:a:context:b:".into(),
        "agent:a:context:b:context:c".into(),
        "agent:a:Context:b".into(),
        "agent:a:secret:b".into(),
        "agent::context:b".into(),
        "agent:A:context:b".into(),
    ] {
        assert!(wrong.parse::<Object>().is_err(), "{wrong}");
    }
}

#[test]
fn names_and_nonces_are_parsed_at_the_door() {
    for good in ["a", "gateway.acme.test", "acme/prod-1", "A:8443_x", &"a".repeat(128)] {
        assert!(good.parse::<GatewayName>().is_ok(), "{good}");
    }
    for wrong in ["", " ", "a b", "a\"", "a\\", "ä", "a\n", &"a".repeat(129)] {
        assert!(wrong.parse::<GatewayName>().is_err(), "{wrong}");
    }
    let nonce = Nonce::new([0xa0; 16]);
    assert_eq!(nonce.to_string().parse(), Ok(nonce));
}

#[test]
fn a_commitment_opens_to_its_own_value_only() {
    let name: SecretName = "openai".parse().unwrap();
    let other: SecretName = "opena".parse().unwrap();
    let commitment = Commitment::of(&name, b"value", &salt(1));
    assert!(commitment.opens_to(&name, b"value", &salt(1)));
    assert!(!commitment.opens_to(&name, b"valu", &salt(1)));
    assert!(!commitment.opens_to(&name, b"value\n", &salt(1)));
    assert!(!commitment.opens_to(&name, b"", &salt(1)));
    assert!(!commitment.opens_to(&name, b"value", &salt(2)));
    assert!(!commitment.opens_to(&other, b"value", &salt(1)));
}

#[test]
fn a_salt_reads_back_as_written_and_is_never_shown() {
    let salt = salt(0xab);
    let text = salt.expose_hex();
    assert_eq!(*Salt::from_hex(&text).unwrap().expose_hex(), *text);
    assert!(!format!("{salt:?}").contains("ab"));
    for wrong in ["", "ab", &"AB".repeat(32), &"zz".repeat(32), &"ab".repeat(33)] {
        assert!(Salt::from_hex(wrong).is_none(), "{wrong}");
    }
}

#[test]
fn a_charter_is_approved_by_an_act_for_exactly_it() {
    for verb in [Verb::Genesis, Verb::CharterApply] {
        let act = verified(verb, Object::Charter(charter()));
        let approved = Approved::genesis(&act, &charter()).unwrap();
        assert_eq!(*approved.digest(), charter());
        assert_eq!(approved.actor().as_str(), "ann");
        assert_eq!(approved.nonce(), act.act().nonce());
        assert!(approved.is_genesis());
        let other = Digest::of(b"another");
        let refused = Approved::genesis(&act, &other).unwrap_err();
        let signed = format!("charter:{}", charter());
        assert_eq!(refused, NotApproved::OtherCharter { signed, charter: other });
    }
}

#[test]
fn no_other_act_approves_a_charter() {
    let put = verified(Verb::SecretPut, secret("a", b"v"));
    let refused = Approved::genesis(&put, &charter());
    assert_eq!(refused, Err(NotApproved::OtherVerb(Verb::SecretPut)));
    for object in [Object::Agent("demo".parse().unwrap()), agent_in("tickets")] {
        let token = verified(Verb::AgentToken, object);
        let refused = Approved::genesis(&token, &charter());
        assert_eq!(refused, Err(NotApproved::OtherVerb(Verb::AgentToken)));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(SignedAct::from_json(&bytes).is_err());
    }

    #[test]
    fn different_values_have_different_commitments(one: Vec<u8>, other: Vec<u8>) {
        prop_assume!(one != other);
        let name: SecretName = "a".parse().unwrap();
        prop_assert!(!Commitment::of(&name, &one, &salt(1)).opens_to(&name, &other, &salt(1)));
    }
}
