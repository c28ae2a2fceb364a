//! A model that an agent may use at a place whose key no policy lends it.

use bundle::check;

use crate::files::{LOCAL, NOW, model_file, tree};

const KEYED: (&str, Option<&str>) = (
    "providers/keyed.yaml",
    Some("name: keyed\nkind: openai\nbase_url: http://127.0.0.1:1\nsecret: some-key\n"),
);
const KEY: (&str, Option<&str>) = (
    "secrets/some-key.yaml",
    Some("name: some-key\npurpose: Tests.\nowner: response-lead\nmax_age_days: 90\nactive: 1\n"),
);
const USE_M: &str = r#"@id("use-m")
@owner("seat:policy-lead")
@rationale("Tests.")
permit (principal == Agent::"demo-agent", action == Action::"InvokeModel", resource == Model::"m");
"#;

fn lend(to: &str, key: &str) -> String {
    format!(
        "@id(\"lend\")\n@owner(\"seat:response-lead\")\n@rationale(\"Tests.\")\n\
         permit (principal == Agent::\"{to}\", action == Action::\"UseSecret\", \
         resource == Secret::\"{key}\");\n"
    )
}

/// What is found where `secret_policy` stands beside the usual ones, as `what (who)`.
#[track_caller]
fn check_found(targets: &[&str], more: &[(&str, Option<&str>)], expected: &[&str]) {
    let model = model_file("m", targets);
    let mut files = vec![KEYED, KEY, LOCAL, ("models/m.yaml", Some(&model))];
    files.extend(more);
    let bundle = check(&tree(&files)).unwrap();
    let found = bundle.unlent(NOW);
    let said: Vec<_> = found.iter().map(|one| format!("{} ({})", one.what, one.who)).collect();
    assert_eq!(said, expected, "{found:#?}");
    assert!(found.iter().all(|one| one.code == "secret-not-permitted"), "{found:#?}");
    assert!(found.iter().all(|one| one.help.contains("UseSecret")), "{found:#?}");
}

const AT_KEYED: &str = "provider: keyed, upstream_model: x";
const AT_LOCAL: &str = "provider: local, upstream_model: x";
const USES: (&str, Option<&str>) = ("policies/model/30-m.cedar", Some(USE_M));
const FOUND: &str = "agent demo-agent may use model `m` at keyed, but no policy lends secret \
                     `some-key` for it (seat:response-lead)";

#[test]
fn a_first_run_lends_what_it_lets_agents_use() {
    assert_eq!(check(&tree(&[])).unwrap().unlent(NOW), []);
}

#[test]
fn only_who_may_use_the_model_needs_its_key() {
    check_found(&[AT_KEYED], &[], &[]);
    check_found(&[AT_KEYED], &[USES], &[FOUND]);
    check_found(&[AT_LOCAL], &[USES], &[]);
    // A place of several that is silently left out is found too.
    check_found(&[AT_LOCAL, AT_KEYED], &[USES], &[FOUND]);
    let elsewhere = "provider: keyed, upstream_model: x, when: {environments: [prod]}";
    check_found(&[AT_LOCAL, elsewhere], &[USES], &[]);
}

#[test]
fn the_very_key_must_be_lent_to_the_very_agent() {
    let check_lent = |to: &str, key: &str, expected: &[&str]| {
        let text = lend(to, key);
        check_found(&[AT_KEYED], &[USES, ("policies/secret/30-m.cedar", Some(&text))], expected);
    };
    check_lent("demo-agent", "some-key", &[]);
    check_lent("demo-agent", "demo-key", &[FOUND]);
    let forbid = lend("demo-agent", "some-key").replace("permit", "forbid");
    check_found(&[AT_KEYED], &[USES, ("policies/secret/30-m.cedar", Some(&forbid))], &[FOUND]);
}
