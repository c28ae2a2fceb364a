//! What one file says of another: nothing is blamed for somebody else's mistake, and each problem
//! names the seat that can mend it.

use charter::parse;

use crate::disk::{example, example_with};

/// The problems of the example with some files changed, as `file code who`.
fn check(changed: &[(&str, Option<&str>)], expected: &[&str]) {
    let (_, problems) = parse(&example_with(changed));
    let said: Vec<String> = problems
        .iter()
        .map(|problem| format!("{} {} {}", problem.place.file, problem.code, problem.who))
        .collect();
    assert_eq!(said, expected);
}

/// A file of the example, edited.
fn edited(path: &str, from: &str, to: &str) -> String {
    let tree = example();
    let text = std::str::from_utf8(tree.get(path).unwrap()).unwrap();
    assert!(text.contains(from), "{path} has no {from}");
    text.replacen(from, to, 1)
}

#[test]
fn the_owner_of_the_object_can_mend_it() {
    let agent = edited("agents/support-assistant.yaml", "autonomy: 1", "autonomy: 9");
    check(
        &[("agents/support-assistant.yaml", Some(&agent))],
        &["agents/support-assistant.yaml bad-value seat:care-lead"],
    );
    let unowned = edited("agents/support-assistant.yaml", "owner: care-lead", "autonomi: 9");
    check(
        &[("agents/support-assistant.yaml", Some(&unowned))],
        &["agents/support-assistant.yaml unknown-field seat:risk-lead"],
    );
    let nobody = edited("agents/support-assistant.yaml", "owner: care-lead", "owner: nobody");
    check(
        &[("agents/support-assistant.yaml", Some(&nobody))],
        &["agents/support-assistant.yaml unknown-seat seat:risk-lead"],
    );
}

#[test]
fn policies_and_tests_are_the_policy_seats() {
    check(
        &[("policies/model/x.txt", Some("")), ("tests/x.yaml", Some("tests: []"))],
        &[
            "policies/model/x.txt misplaced-file seat:policy-lead",
            "tests/x.yaml empty-value seat:policy-lead",
        ],
    );
}

#[test]
fn without_a_front_page_or_people_whoever_edits_must_mend_it() {
    check(&[("charter.yaml", None)], &["charter.yaml missing-file whoever edits this file"]);
    // Seats, teams and persons are not called unknown: nobody can know.
    check(&[("people.yaml", None)], &["people.yaml missing-file whoever edits this file"]);
    check(
        &[("people.yaml", Some("persons: &x {}\nteams: *x\nseats: [a]\n"))],
        &[
            "people.yaml anchor whoever edits this file",
            "people.yaml anchor whoever edits this file",
            "people.yaml wrong-type whoever edits this file",
        ],
    );
}

#[test]
fn what_names_an_unreadable_file_is_not_at_fault() {
    check(
        &[("secrets/openai-key.yaml", Some("name: [\n"))],
        &["secrets/openai-key.yaml syntax seat:risk-lead"],
    );
    check(
        &[("models/numbers.yaml", Some("name: [\n"))],
        &["models/numbers.yaml syntax seat:risk-lead"],
    );
    check(
        &[(
            "providers/openai.yaml",
            Some(&edited("providers/openai.yaml", "kind: openai", "kind: x")),
        )],
        &["providers/openai.yaml bad-value seat:platform-lead"],
    );
}

#[test]
fn what_names_a_missing_file_is() {
    check(
        &[("secrets/openai-key.yaml", None)],
        &["providers/openai.yaml unknown-secret seat:platform-lead"],
    );
    check(
        &[("agents/stock-forecaster.yaml", None)],
        &["tests/data.yaml unknown-agent seat:policy-lead"; 2],
    );
}

/// Dana builds the agents: whichever governing seat she is given, it is one too many.
#[test]
fn a_model_developer_holds_no_governing_seat() {
    for (seat, holder) in [
        ("risk-lead", "chris"),
        ("policy-lead", "ada"),
        ("platform-lead", "bo"),
        ("response-lead", "eli"),
    ] {
        let from = format!("  {seat}:\n    holder: {holder}");
        let to = format!("  {seat}:\n    holder: dana");
        let people = edited("people.yaml", &from, &to);
        check(&[("people.yaml", Some(&people))], &["charter.yaml model-developer seat:risk-lead"]);
    }
}

#[test]
fn four_seats_are_four() {
    let same = edited("charter.yaml", "response: response-lead", "response: risk-lead");
    check(&[("charter.yaml", Some(&same))], &["charter.yaml seat-conflict seat:risk-lead"]);
}

#[test]
fn a_secret_is_reported_once_and_kept_out_of_the_charter() {
    let key = format!("sk-{}", "A1b2C3d4E5f6G7h8I9j0");
    let secret = edited("secrets/openai-key.yaml", "purpose: ", &format!("purpose: {key} "));
    let tree = example_with(&[("secrets/openai-key.yaml", Some(&secret))]);
    let (charter, problems) = parse(&tree);
    let codes: Vec<_> = problems.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["secret-in-charter"]);
    assert!(!format!("{problems:?} {charter:?} {tree:?}").contains(&key));
}

#[test]
fn every_file_that_belongs_nowhere_is_named() {
    for path in [
        "charter.yml",
        "people.json",
        "notes.txt",
        "agents/x.yml",
        "agents/x.json",
        "agents/x",
        "agents/deep/x.yaml",
        "agents/people.cedar",
        "agent/x.yaml",
        "policies/x.cedar",
        "policies/model/deep/x.cedar",
        "policies/model/x.yaml",
        "policies/models/x.cedar",
        "policies/schema/core.cedarschema",
        "model/x.cedar",
        "Makefile",
    ] {
        let (_, problems) = parse(&example_with(&[(path, Some("x"))]));
        let codes: Vec<_> = problems.iter().map(|problem| problem.code).collect();
        assert_eq!(codes, ["misplaced-file"], "{path}");
        assert_eq!(problems[0].place.file, path);
    }
    for path in ["NOTES.md", "agents/README.md", "policies/model/why.md", "docs/why.md", "README"] {
        let readme = if path == "README" { ("README.md", None) } else { ("README.md", Some("x")) };
        let (_, problems) = parse(&example_with(&[(path, Some("x")), readme]));
        assert_eq!(problems, [], "{path}");
    }
}

/// A value that is printed later may neither drive a terminal nor begin a line of its own.
#[test]
fn a_printed_value_is_what_it_seems() {
    let assistant = "agents/support-assistant.yaml";
    let purpose = "purpose: Drafts answers";
    let name = "name: Ada Lindqvist";
    let email = "email: ada@lakeside.example";
    let test = "name: the assistant writes drafts, at Anthropic";
    for (path, from, to, expected) in [
        (
            assistant,
            purpose,
            "purpose: \"x\\e[31m\\u202e\" #",
            "invisible-character seat:care-lead",
        ),
        (assistant, purpose, "purpose: \"x\\ty\" #", "invisible-character seat:care-lead"),
        ("people.yaml", name, "name: \"Ada\\a\"", "invisible-character seat:risk-lead"),
        ("people.yaml", name, "name: \"Foun\\nFAKE line\"", "bad-value seat:risk-lead"),
        ("people.yaml", name, "name: |\n      Ada", "bad-value seat:risk-lead"),
        ("people.yaml", email, "email: \"a\\nb@c.example\"", "bad-value seat:risk-lead"),
        ("people.yaml", email, "email: \"a\\x9b@c.example\"", "invisible-character seat:risk-lead"),
        ("tests/support.yaml", test, "name: \"t\\nok FAKE\"", "bad-value seat:policy-lead"),
        ("tests/support.yaml", test, "name: \"t\\x7f\"", "invisible-character seat:policy-lead"),
    ] {
        let text = edited(path, from, to);
        check(&[(path, Some(&text))], &[&format!("{path} {expected}")]);
    }
    let several = edited(assistant, purpose, "purpose: \"Drafts answers.\\nSends none.\" #");
    check(&[(assistant, Some(&several))], &[]);
}

#[test]
fn a_seat_is_named_in_problems_only_as_it_seems() {
    let people = edited("people.yaml", "seats:", "seats:\n  \"x\\nFAKE\": {holder: ada}");
    let agent = edited("agents/support-assistant.yaml", "owner: care-lead", "owner: \"x\\nFAKE\"");
    check(
        &[("people.yaml", Some(&people)), ("agents/support-assistant.yaml", Some(&agent))],
        &[
            "agents/support-assistant.yaml bad-value seat:risk-lead",
            "people.yaml key-kind seat:risk-lead",
        ],
    );
}
