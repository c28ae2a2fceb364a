//! Which signed acts are taken, and every way in which one is refused.

use approval::{
    Act, ActRefused, Commitment, DRIFT_MILLIS_MAX, KeyKind, Keyring, Nonce, Object, Salt,
    SignedAct, Stamp, Verb, verify,
};
use model::Digest;
use proptest::prelude::*;
use zeroize::Zeroizing;

use crate::desk::{
    Parts, SecurityKey, apply, armour, charter, gateway, key, keyring, person, signed_at, stamp,
};

fn check(what: &str, signed: &SignedAct, code: &str) {
    let refused = verify(signed, &keyring(), signed_at(), &gateway()).unwrap_err();
    assert_eq!(refused.code(), code, "{what}: {refused}");
}

#[test]
fn an_act_signed_by_one_of_its_actors_keys_is_taken() {
    for (actor, seed) in [("ann", 1), ("ben", 2), ("ben", 3)] {
        let signed = SignedAct::sign(apply(actor), &key(seed)).unwrap();
        let verified = verify(&signed, &keyring(), signed_at(), &gateway()).unwrap();
        assert_eq!(verified.act(), signed.act());
        assert_eq!(verified.key_kind(), KeyKind::Ed25519);
        assert!(verified.fingerprint().starts_with("SHA256:"));
    }
}

#[test]
fn every_verb_can_be_signed_for() {
    let name = "openai".parse().unwrap();
    let salt = Salt::new(Zeroizing::new([9; 32]));
    let commitment = Commitment::of(&name, b"value", &salt);
    let objects = [
        Object::Charter(charter()),
        Object::Secret { name, commitment },
        Object::Agent("demo".parse().unwrap()),
    ];
    for verb in Verb::ALL {
        let object = objects.iter().find(|one| one.kind() == verb.object_kind()).unwrap();
        let act = Act::new(*verb, object.clone(), stamp("ann")).unwrap();
        let signed = SignedAct::sign(act, &key(1)).unwrap();
        assert!(verify(&signed, &keyring(), signed_at(), &gateway()).is_ok(), "{verb}");
    }
}

#[test]
fn somebody_elses_key_is_refused() {
    let by = |actor, seed| SignedAct::sign(apply(actor), &key(seed)).unwrap();
    check("an unknown actor", &by("dan", 1), "unknown_actor");
    check("a colleague's key", &by("ann", 2), "key_not_of_actor");
    check("an unknown key", &by("ann", 9), "key_not_of_actor");
    let refused = verify(&by("dan", 1), &Keyring::default(), signed_at(), &gateway());
    assert_eq!(refused, Err(ActRefused::UnknownActor(person("dan"))));
}

#[test]
fn any_altered_field_voids_the_signature() {
    let signed = SignedAct::sign(apply("ben"), &key(2)).unwrap();
    let with = |verb, object, stamp| {
        let act = Act::new(verb, object, stamp).unwrap();
        SignedAct::with_signature(act, signed.signature().to_owned())
    };
    let same = || Object::Charter(charter());
    let other = Object::Charter(Digest::of(b"another"));
    check("the verb", &with(Verb::Genesis, same(), stamp("ben")), "bad_signature");
    check("the object", &with(Verb::CharterApply, other, stamp("ben")), "bad_signature");
    let nonce = Nonce::new([0; 16]);
    let again = Stamp { nonce, ..stamp("ben") };
    check("the nonce", &with(Verb::CharterApply, same(), again), "bad_signature");
    let later = Stamp { time: signed_at().plus_millis(1), ..stamp("ben") };
    check("the time", &with(Verb::CharterApply, same(), later), "bad_signature");
    check("the actor", &with(Verb::CharterApply, same(), stamp("ann")), "key_not_of_actor");
    let elsewhere = Stamp { gateway: "other.test".parse().unwrap(), ..stamp("ben") };
    let moved = with(Verb::CharterApply, same(), elsewhere);
    check("the gateway", &moved, "other_gateway");
    let there = "other.test".parse().unwrap();
    let refused = verify(&moved, &keyring(), signed_at(), &there);
    assert_eq!(refused, Err(ActRefused::BadSignature));
}

#[test]
fn an_act_is_taken_within_five_minutes_either_way() {
    let signed = SignedAct::sign(apply("ann"), &key(1)).unwrap();
    let drift = i64::try_from(DRIFT_MILLIS_MAX).unwrap();
    let at = |millis| {
        let now = signed_at().plus_millis(millis);
        verify(&signed, &keyring(), now, &gateway()).map(|_| ()).map_err(|refused| refused.code())
    };
    assert_eq!(at(drift), Ok(()));
    assert_eq!(at(-drift), Ok(()));
    assert_eq!(at(drift + 1), Err("stale"));
    assert_eq!(at(-drift - 1), Err("from_the_future"));
    let verified = verify(&signed, &keyring(), signed_at(), &gateway()).unwrap();
    assert_eq!(verified.repeatable_until(), signed_at().plus_millis(drift));
    assert_eq!(at(i64::MAX), Err("stale"));
    assert_eq!(at(i64::MIN), Err("from_the_future"));
}

#[test]
fn signatures_of_another_form_are_refused() {
    let sign = |parts: Parts<'_>| parts.sign(apply("ann"), 1);
    assert!(verify(&sign(Parts::default()), &keyring(), signed_at(), &gateway()).is_ok());
    for namespace in ["file", "git", "portreeve", "portreeve-act2", "PORTREEVE-ACT"] {
        let signed = sign(Parts { namespace, ..Parts::default() });
        check(namespace, &signed, "other_namespace");
    }
    let long = "a".repeat(4096);
    let cases = [
        ("too long to be read", Parts { namespace: &long, ..Parts::default() }),
        ("no namespace", Parts { namespace: "", ..Parts::default() }),
        ("SHA-256", Parts { hash: "sha256", ..Parts::default() }),
        ("an unknown hash", Parts { hash: "sha1", ..Parts::default() }),
        ("version 0", Parts { version: 0, ..Parts::default() }),
        ("version 2", Parts { version: 2, ..Parts::default() }),
        ("a filled reserved field", Parts { reserved: b"x", ..Parts::default() }),
    ];
    for (what, parts) in cases {
        check(what, &sign(parts), "not_a_signature");
    }
}

#[test]
fn texts_that_are_no_signature_are_refused() {
    let good = SignedAct::sign(apply("ann"), &key(1)).unwrap().signature().to_owned();
    let check_text = |what: &str, text: String, code| {
        check(what, &SignedAct::with_signature(apply("ann"), text), code);
    };
    for text in ["", "\n", "-----BEGIN SSH SIGNATURE-----", "U1NIU0lH"] {
        check_text(text, text.into(), "not_a_signature");
    }
    check_text("text before", format!("by Ann\n{good}"), "not_a_signature");
    check_text("text after", format!("{good}by Ann\n"), "not_a_signature");
    check_text("twice", format!("{good}{good}"), "not_a_signature");
    check_text("another label", good.replace("SSH SIGN", "PGP SIGN"), "not_a_signature");
    check_text("huge", format!("{good}{}", "\n".repeat(5000)), "not_a_signature");
    check_text("an empty blob", armour(b""), "not_a_signature");
    for end in 0..good.len() - 1 {
        check_text("truncated", good[..end].to_owned(), "not_a_signature");
    }
}

#[test]
fn a_security_key_signs_when_touched() {
    let device = SecurityKey::new(4);
    let take = |signed: &SignedAct| verify(signed, &keyring(), signed_at(), &gateway());
    let verified = take(&device.sign(apply("cat"), 0x01, 7)).unwrap();
    assert_eq!(verified.key_kind(), KeyKind::SecurityKey);
    assert!(take(&device.sign(apply("cat"), 0x05, u32::MAX)).is_ok(), "touched, with a PIN");
    check("not touched", &device.sign(apply("cat"), 0x00, 7), "not_touched");
    check("a PIN without a touch", &device.sign(apply("cat"), 0x04, 7), "not_touched");
    let lied = device.sign_claiming(apply("cat"), 0x00, 0x01, 7);
    check("a touch it did not sign for", &lied, "bad_signature");
    let elsewhere = SecurityKey::new(4).for_application("https://login.test");
    check("its key for another site", &elsewhere.sign(apply("cat"), 1, 7), "key_not_of_actor");
    let in_software = SignedAct::sign(apply("cat"), &key(4)).unwrap();
    check("the same point in software", &in_software, "key_not_of_actor");
}

#[test]
fn refusals_say_what_to_do_and_never_show_the_signature() {
    let signed = SignedAct::sign(apply("ann"), &key(2)).unwrap();
    let refused = verify(&signed, &keyring(), signed_at(), &gateway()).unwrap_err();
    let text = refused.to_string();
    assert!(text.contains("people.yaml") && text.contains("`ann`"), "{text}");
    assert!(!text.contains("BEGIN"), "{text}");
}

proptest! {
    #[test]
    fn no_single_byte_turns_an_act_into_another(position in 0_usize..4096, byte: u8) {
        let signed = SignedAct::sign(apply("ann"), &key(1)).unwrap();
        let mut text = serde_json::to_vec(&signed).unwrap();
        let position = position % text.len();
        text[position] = byte;
        let verified = SignedAct::from_json(&text)
            .ok()
            .and_then(|changed| verify(&changed, &keyring(), signed_at(), &gateway()).ok());
        if let Some(verified) = verified {
            prop_assert_eq!(verified.act(), signed.act());
        }
    }

    #[test]
    fn any_signature_text_is_refused_without_a_panic(body in "[ -~\n]{0,300}") {
        for text in [body.clone(), armour(body.as_bytes())] {
            let signed = SignedAct::with_signature(apply("ann"), text);
            prop_assert!(verify(&signed, &keyring(), signed_at(), &gateway()).is_err());
        }
    }
}
