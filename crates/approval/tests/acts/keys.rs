//! Which keys a keyring takes, and which private keys are read.

use std::collections::BTreeSet;

use approval::{KeyError, KeyTextError, Keyring, PersonKey, SignedAct, verify};
use charter::{Charter, Located, Person};
use model::Place;
use ssh_key::PublicKey;
use ssh_key::public::{Ed25519PublicKey, KeyData};
use zeroize::Zeroizing;

use crate::desk::{SecurityKey, apply, gateway, key, person, signed_at};

fn take(lines: &[(&str, &str)]) -> Result<Keyring, Vec<(String, usize, KeyError)>> {
    Keyring::from_lines(lines.iter().map(|(who, line)| (person(who), *line))).map_err(|errors| {
        errors
            .into_iter()
            .map(|error| (error.person.to_string(), error.number, error.why))
            .collect()
    })
}

fn check_line(what: &str, line: &str, expect: &KeyError) {
    let errors = take(&[("ann", line)]).unwrap_err();
    assert_eq!(errors, [("ann".to_owned(), 1, expect.clone())], "{what}");
}

fn point_line(point: [u8; 32]) -> String {
    PublicKey::new(KeyData::Ed25519(Ed25519PublicKey(point)), "").to_openssh().unwrap()
}

#[test]
fn ed25519_keys_are_taken_in_software_and_on_a_device() {
    let (ann, cat) = (key(1).public_line().unwrap(), SecurityKey::new(4).public_line());
    let keyring = take(&[("ann", &ann), ("cat", &cat)]).unwrap();
    let persons: Vec<&str> = keyring.persons().map(model::PersonName::as_str).collect();
    assert_eq!(persons, ["ann", "cat"]);
    let bare: Vec<&str> = ann.split(' ').take(2).collect();
    assert!(take(&[("ann", &bare.join(" "))]).is_ok(), "without a comment");
}

#[test]
fn other_kinds_of_keys_are_refused_by_name() {
    // Public keys made with ssh-keygen for this test.
    let ecdsa = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBOWTA456\
        s892DnSdcZnt+/xZ4DEpIZP2XAmGpOfgBOeUgh0NHeCTa4Ug2YXFGDxpmiqvgQaHC/DhipB/8n1nPOM=";
    let rsa = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCe69bS+4Jc+oowzZmh0lKc0EVciy24+fT+KXr5JkYD\
        NnrAZ7af1KcOnynoSyXzgeUB+Gg+HrGLBn6GY7mo8KhC7XdmIYvHp0NwWulqLdc0sEnWGLVEKQieFyK5\
        p00q7SnqCRjcPNaz6CSQ6fzXuEOafUiTCTydZBpHqzFrjopI4OIS44SV96BOEqbMtSIak8hyNoIaK7xm\
        Ee9TPCKNaXoPK/NlvKsjJgmWdn1uXPOg5L5vkxk2kfBe+SGShf6HmyHlHO7UbrOPZmEHXyKmj45+Y/eo\
        8TjbTuyU4pjv04w1Fb7z3NJWJyF9+0/dfgvLIPXMAUkWrs/bxjS7htlo797f";
    check_line("ECDSA", ecdsa, &KeyError::Kind("ecdsa-sha2-nistp256".into()));
    check_line("RSA", rsa, &KeyError::Kind("ssh-rsa".into()));
}

#[test]
fn lines_that_are_no_key_are_refused() {
    let good = key(1).public_line().unwrap();
    for wrong in [
        String::new(),
        "ssh-ed25519".into(),
        "ssh-ed25519 AAAA".into(),
        good.replace("ssh-ed25519", "ssh-rsa"),
        good[..60].to_owned(),
        format!("{good}\n{good}"),
        format!("no-touch-required {good}"),
        format!("{good}{}", "a".repeat(2048)),
        "-----BEGIN OPENSSH PRIVATE KEY-----".into(),
    ] {
        check_line(&wrong, &wrong, &KeyError::Unreadable);
    }
}

#[test]
fn points_for_which_anyone_can_sign_are_refused() {
    let mut identity = [0; 32];
    identity[0] = 1;
    check_line("the identity", &point_line(identity), &KeyError::Weak);
    check_line("of order four", &point_line([0; 32]), &KeyError::Weak);
    check_line("not a point", &point_line([2; 32]), &KeyError::Unreadable);
}

#[test]
fn a_key_speaks_for_one_person_once() {
    let line = key(1).public_line().unwrap();
    let errors = take(&[("ann", &line), ("ben", &line), ("ann", &line), ("cat", "x")]).unwrap_err();
    let expected = [
        ("ben".to_owned(), 1, KeyError::Shared(person("ann"))),
        ("ann".to_owned(), 2, KeyError::Shared(person("ann"))),
        ("cat".to_owned(), 1, KeyError::Unreadable),
    ];
    assert_eq!(errors, expected);
}

fn charter_with(keys: &[(&str, &[&str])]) -> Charter {
    let mut charter = Charter::default();
    for (index, (name, lines)) in keys.iter().enumerate() {
        let located = |(column, line): (usize, &&str)| Located {
            value: (*line).to_owned(),
            place: Place::at("people.yaml", index + 1, column + 1),
        };
        let declared = Person {
            name: (*name).to_owned(),
            email: format!("{name}@acme.test"),
            keys: lines.iter().enumerate().map(located).collect(),
            tags: BTreeSet::new(),
            place: Place::at("people.yaml", index + 1, 1),
        };
        charter.people.persons.insert(person(name), declared);
    }
    charter
}

#[test]
fn a_charters_keys_verify_what_its_people_sign() {
    let (ann, ben) = (key(1).public_line().unwrap(), key(2).public_line().unwrap());
    let charter = charter_with(&[("ann", &[&ann]), ("ben", &[&ben]), ("cat", &[])]);
    let keyring = Keyring::try_from(&charter).unwrap();
    let by = |who, seed| {
        let signed = SignedAct::sign(apply(who), &key(seed)).unwrap();
        verify(&signed, &keyring, signed_at(), &gateway()).err().map(|refused| refused.code())
    };
    assert_eq!(by("ann", 1), None);
    assert_eq!(by("ann", 2), Some("key_not_of_actor"));
    assert_eq!(by("cat", 1), Some("unknown_actor"));
}

#[test]
fn a_charters_bad_keys_are_all_pointed_at() {
    let ann = key(1).public_line().unwrap();
    let charter = charter_with(&[("ann", &[&ann, "x"]), ("ben", &[&ann])]);
    let problems = Keyring::try_from(&charter).unwrap_err();
    let found: Vec<_> = problems.iter().map(|it| (it.place.to_string(), it.code)).collect();
    let expected = [
        ("people.yaml:1:2".to_owned(), charter::code::BAD_KEY),
        ("people.yaml:2:1".to_owned(), charter::code::DUPLICATE),
    ];
    assert_eq!(found, expected);
    assert!(problems[1].what.contains("`ann`"), "{}", problems[1].what);
}

#[test]
fn a_persons_key_reads_back_as_written() {
    let ann = PersonKey::generate(&Zeroizing::new([1; 32]), "ann@acme.test").unwrap();
    let text = ann.to_openssh().unwrap();
    assert!(text.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----\n") && text.ends_with('\n'));
    let again = PersonKey::from_openssh(&text).unwrap();
    assert_eq!(again.public_line().unwrap(), ann.public_line().unwrap());
    assert!(ann.public_line().unwrap().ends_with(" ann@acme.test"));
    assert!(!format!("{ann:?}").contains(&text[40..80]));
}

#[test]
fn texts_that_are_no_private_key_are_refused() {
    let text = key(1).to_openssh().unwrap();
    let cases = [
        String::new(),
        "key".into(),
        key(1).public_line().unwrap(),
        text.replace("OPENSSH", "EC"),
        text[..text.len() / 2].to_owned(),
        text.replacen("b3Bl", "b3Bm", 1),
        format!("{}{}", *text, "\n".repeat(20_000)),
    ];
    for wrong in cases {
        let refused = PersonKey::from_openssh(&wrong).unwrap_err();
        assert_eq!(refused, KeyTextError::Unreadable, "{wrong}");
    }
    let two_lines = PersonKey::generate(&Zeroizing::new([1; 32]), "ann\nssh-ed25519 AAAA");
    assert_eq!(two_lines.unwrap_err(), KeyTextError::Comment);
}
