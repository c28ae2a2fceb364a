//! From a charter's files to a bundle, from outside: every problem at once, always the same.

use std::sync::Arc;

use approval::{Act, Approved, Nonce, Object, SignedAct, Stamp, Verb};
use bundle::{Bundle, Snapshot, check, test};
use charter::SourceTree;
use model::{ChangeId, Digest};

use crate::files::{NOW, files, key, problems, replaced, text, tree};

fn bundle() -> Bundle {
    check(&tree(&[])).unwrap()
}

#[test]
fn the_charter_of_a_first_run_compiles() {
    let bundle = bundle();
    assert_eq!(*bundle.digest(), charter::manifest(&tree(&[])).digest());
    assert_eq!(
        (bundle.gateway(), bundle.trust_domain()),
        ("portreeve", "bundle.portreeve.internal")
    );
    let seats = ["risk-lead", "policy-lead", "platform-lead", "response-lead"];
    assert_eq!(*bundle.seats(), seats.map(|seat| format!("seat:{seat}")));
    assert_eq!(bundle.tests_passed(), 5);
    let agent = bundle.agent(&"demo-agent".parse().unwrap()).unwrap();
    assert!(agent.active);
    assert_eq!(agent.owner, "seat:risk-lead");
    let model = bundle.models().next().unwrap();
    let secret = model.targets[0].facts.secret.as_ref().unwrap();
    assert_eq!((secret.name.as_str(), secret.version.0), ("demo-key", 1));
    assert_eq!(secret.owner, "seat:platform-lead");
}

/// The same files in another order are the same charter: same digest, same answers.
#[test]
fn compiling_is_deterministic() {
    let one = bundle();
    let mut backwards = files(&[]);
    backwards.reverse();
    let other = check(&SourceTree::from_files(backwards).unwrap()).unwrap();
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
    assert_eq!(one.digest(), other.digest());

    let bad = [
        ("agents/demo-agent.yaml", Some("name: x\n")),
        ("providers/demo.yaml", Some("kind: x\n")),
        ("policies/model/10-demo.cedar", Some("permit (principal, action, resource);")),
    ];
    let first = problems(&bad);
    let mut backwards = files(&bad);
    backwards.reverse();
    let second = check(&SourceTree::from_files(backwards).unwrap()).unwrap_err();
    assert_eq!(first, second);
    let sorted = {
        let mut all = first.clone();
        all.sort();
        all.dedup();
        all
    };
    assert_eq!(first, sorted, "by place, each once");
}

/// What the parser finds and what the policies' compiler finds come together.
#[test]
fn problems_of_files_and_of_policies_come_at_once() {
    let found = problems(&[
        (
            "agents/demo-agent.yaml",
            Some(&replaced("agents/demo-agent.yaml", "dev ", "production ")),
        ),
        (
            "models/portreeve-demo.yaml",
            Some(&replaced("models/portreeve-demo.yaml", "provider: demo", "provider: dmeo")),
        ),
        ("policies/model/10-demo.cedar", Some("permit (principal, action, resource)")),
        (
            "policies/secret/10-demo.cedar",
            Some(&replaced(
                "policies/secret/10-demo.cedar",
                "context.provider",
                "context.provdier",
            )),
        ),
        (
            "policies/guardrails/10-baseline.cedar",
            Some(&replaced(
                "policies/guardrails/10-baseline.cedar",
                "seat:response-lead",
                "seat:nobody",
            )),
        ),
    ]);
    for file in [
        "agents/demo-agent.yaml",
        "models/portreeve-demo.yaml",
        "policies/model/10-demo.cedar",
        "policies/secret/10-demo.cedar",
        "policies/guardrails/10-baseline.cedar",
    ] {
        let of_it: Vec<_> = found.iter().filter(|problem| problem.place.file == file).collect();
        assert!(!of_it.is_empty(), "{file}: {found:#?}");
        assert!(of_it.iter().all(|problem| !problem.help.is_empty() && !problem.who.is_empty()));
    }
}

#[test]
fn a_policy_belongs_to_a_seat_that_exists() {
    for owner in ["seat:nobody", "risk-lead", "seat:", "person:founder"] {
        let policy = replaced("policies/model/10-demo.cedar", "seat:policy-lead", owner);
        let found = problems(&[("policies/model/10-demo.cedar", Some(&policy))]);
        assert!(
            found.iter().any(|problem| problem.place.file == "policies/model/10-demo.cedar"),
            "{owner}: {found:#?}"
        );
    }
}

#[test]
fn a_charter_without_tests_is_refused() {
    for none in [None, Some("tests: []\n")] {
        let found = problems(&[("tests/demo.yaml", none)]);
        assert!(found.iter().all(|problem| problem.place.file.starts_with("tests")), "{found:#?}");
    }
    let found = problems(&[("tests/demo.yaml", None)]);
    assert_eq!(found[0].code, "no-policy-tests");
    assert_eq!(found[0].who, "seat:policy-lead");
}

/// A failing test says what was expected, what was found, by which policy, and where.
#[test]
fn a_failing_test_names_what_was_expected_and_found() {
    let cases: [(&str, String, &str); 5] = [
        (
            "the verdict",
            replaced(
                "tests/demo.yaml",
                "verdict: allow\n      policies: [model/demo]",
                "verdict: deny",
            ),
            "expected deny, found allow by model/demo, secret/demo-key",
        ),
        (
            "another verdict, and who decided",
            replaced("tests/demo.yaml", "token_age_s: 301", "token_age_s: 300"),
            "expected deny, found allow by model/demo, secret/demo-key",
        ),
        (
            "the policy",
            replaced("tests/demo.yaml", "[model/demo]", "[guardrails/tokens-are-fresh]"),
            "expected guardrails/tokens-are-fresh to decide, but model/demo, secret/demo-key did",
        ),
        (
            "a refusal by another",
            replaced(
                "tests/demo.yaml",
                "[guardrails/tokens-are-fresh]",
                "[guardrails/prod-never-uses-the-demo]",
            ),
            "expected guardrails/prod-never-uses-the-demo to decide, but guardrails/tokens-are-fresh did",
        ),
        (
            "a model nobody may use",
            replaced("tests/demo.yaml", "{model: some-other-model}", "{model: portreeve-demo}"),
            "expected unknown, found allow",
        ),
    ];
    for (what, tests, message) in cases {
        let found = problems(&[("tests/demo.yaml", Some(&tests))]);
        let [problem] = found.as_slice() else { panic!("{what}: {found:#?}") };
        assert_eq!(problem.code, "policy-test-failed", "{what}");
        assert!(problem.what.contains(message), "{what}: {}", problem.what);
        assert!(problem.place.line > 0 && problem.place.file == "tests/demo.yaml", "{what}");

        let results = test(&tree(&[("tests/demo.yaml", Some(&tests))])).unwrap();
        let failed: Vec<_> = results.iter().filter_map(|result| result.failure.as_ref()).collect();
        assert_eq!((results.len(), failed.len()), (5, 1), "{what}");
        assert!(failed[0].contains(message), "{what}: {}", failed[0]);
    }
}

/// Where the permit is gone, the model does not exist for the agent, and no policy says so.
#[test]
fn a_permit_that_is_gone_fails_its_test() {
    let found = problems(&[("policies/model/10-demo.cedar", Some("// nothing is permitted\n"))]);
    let what: Vec<_> = found.iter().map(|problem| problem.what.as_str()).collect();
    let [allowed, denied @ ..] = what.as_slice() else { panic!("{what:#?}") };
    assert!(allowed.contains("expected allow, found unknown by no policy"), "{allowed}");
    assert_eq!(denied.len(), 3);
    for denied in denied {
        assert!(denied.contains("expected deny, found unknown by no policy"), "{denied}");
    }
}

/// Tests that fail are told only of a charter that has no other problem: they would mislead.
#[test]
fn tests_are_not_run_over_a_broken_charter() {
    let tests = replaced("tests/demo.yaml", "token_age_s: 301", "token_age_s: 300");
    let found = problems(&[
        ("tests/demo.yaml", Some(&tests)),
        ("providers/demo.yaml", Some("kind: demo\n")),
    ]);
    assert!(found.iter().all(|problem| problem.code != "policy-test-failed"), "{found:#?}");
    assert!(test(&tree(&[("providers/demo.yaml", Some("kind: demo\n"))])).is_err());
}

/// An unsigned key is a problem of `people.yaml`, at the line where it stands.
#[test]
fn a_key_that_signs_no_acts_is_a_problem() {
    let line = key("founder").public_line().unwrap();
    let rsa = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7 founder";
    let found = problems(&[("people.yaml", Some(&text("people.yaml").replace(&line, rsa)))]);
    assert!(found.iter().all(|problem| problem.place.file == "people.yaml"), "{found:#?}");
    assert!(found.iter().any(|problem| problem.place.line > 0), "{found:#?}");
}

#[test]
fn a_person_is_known_by_their_key_whatever_its_comment() {
    let bundle = bundle();
    let line = key("founder").public_line().unwrap();
    let bare: Vec<&str> = line.split_whitespace().take(2).collect();
    let bare = bare.join(" ");
    let found = |line: &str| bundle.person_of_key(line).map(|person| person.to_string());
    for same in [
        line.clone(),
        bare.clone(),
        format!("{bare} somebody@elsewhere"),
        format!("  {bare}   two words  "),
        format!("{bare}\n"),
    ] {
        assert_eq!(found(&same).as_deref(), Some("founder"), "{same:?}");
    }
    let (kind, body) = bare.split_once(' ').unwrap();
    let other = key("ada").public_line().unwrap();
    for another in [
        other,
        kind.to_owned(),
        body.to_owned(),
        String::new(),
        format!("{kind} {}", &body[..body.len() - 1]),
        format!("sk-{kind}@openssh.com {body}"),
        format!("{body} {kind}"),
    ] {
        assert_eq!(found(&another), None, "{another:?}");
    }
}

#[test]
fn seats_are_held_by_persons() {
    let bundle = bundle();
    for seat in bundle.seats() {
        assert_eq!(bundle.holder(seat).unwrap().as_str(), "founder", "{seat}");
    }
    assert_eq!(bundle.holders().len(), 1, "one person holds them all");
    for unheld in ["risk-lead", "seat:nobody", "seat:", ""] {
        assert!(bundle.holder(unheld).is_none(), "{unheld}");
    }
    let full = bundle.full_name(&"founder".parse().unwrap());
    assert_eq!(full, Some("The person who began this gateway"));
    assert!(bundle.full_name(&"nobody".parse().unwrap()).is_none());
}

/// Nobody answers for nothing: where no owner is written, the accountable seat is it.
#[test]
fn owners_are_inherited_from_the_accountable_seat() {
    let without = |path: &str, line: &str| replaced(path, line, "");
    let changed = [
        (
            "agents/demo-agent.yaml",
            without(
                "agents/demo-agent.yaml",
                "owner: risk-lead       # the one seat that answers for it\n",
            ),
        ),
        ("providers/demo.yaml", without("providers/demo.yaml", "owner: platform-lead\n")),
        (
            "models/portreeve-demo.yaml",
            without("models/portreeve-demo.yaml", "owner: platform-lead\n"),
        ),
        ("secrets/demo-key.yaml", without("secrets/demo-key.yaml", "owner: platform-lead\n")),
    ];
    let changed: Vec<_> = changed.iter().map(|(path, text)| (*path, Some(text.as_str()))).collect();
    let bundle = check(&tree(&changed)).unwrap();
    let owners = [
        bundle.agents().next().unwrap().owner.clone(),
        bundle.providers().next().unwrap().owner.clone(),
        bundle.models().next().unwrap().facts.owner.clone(),
        bundle.secrets().next().unwrap().owner.clone(),
    ];
    assert_eq!(owners, [(); 4].map(|()| "seat:risk-lead".to_owned()));
}

fn approved(digest: Digest) -> Approved {
    let bundle = bundle();
    let stamp = Stamp {
        actor: "founder".parse().unwrap(),
        gateway: "portreeve".parse().unwrap(),
        nonce: Nonce::new([1; 16]),
        time: NOW,
    };
    let act = Act::new(Verb::Genesis, Object::Charter(digest), stamp).unwrap();
    let signed = SignedAct::sign(act, &key("founder")).unwrap();
    let gateway = "portreeve".parse().unwrap();
    let verified = approval::verify(&signed, bundle.keyring(), NOW, &gateway).unwrap();
    Approved::genesis(&verified, &digest).unwrap()
}

/// A snapshot needs the approval of exactly its own digest.
#[test]
fn an_approval_of_another_charter_makes_no_snapshot() {
    let change = ChangeId::new(1, [1; 10]);
    let compiled = Arc::new(bundle());
    let digest = *compiled.digest();
    let snapshot = Snapshot::new(Arc::clone(&compiled), &approved(digest), change, 7).unwrap();
    assert_eq!(snapshot.bundle().digest(), &digest);
    let charter = snapshot.charter();
    assert_eq!((charter.digest, charter.change, charter.control_index), (digest, change, 7));
    assert!(charter.genesis);
    assert_eq!(charter.accountable, "seat:risk-lead");
    assert_eq!(charter.secondary, ["seat:policy-lead", "seat:platform-lead", "seat:response-lead"]);

    // One byte of a comment is another charter.
    let readme = text("README.md") + "\n";
    let other = Arc::new(check(&tree(&[("README.md", Some(&readme))])).unwrap());
    let refused = Snapshot::new(Arc::clone(&other), &approved(digest), change, 7).unwrap_err();
    assert_eq!((refused.approved, refused.bundle), (digest, *other.digest()));
    let said = refused.to_string();
    assert!(said.contains(&digest.to_string()) && said.contains(&other.digest().to_string()));
    assert!(Snapshot::new(compiled, &approved(*other.digest()), change, 7).is_err());
}
