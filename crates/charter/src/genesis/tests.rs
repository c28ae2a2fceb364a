//! The charter of a first run parses, says what it is meant to, and takes no orders from its values.

use super::*;
use crate::{manifest, parse};

const KEY: &str = "ssh-ed25519 \
    AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f me@laptop: \"work\" #1";

fn genesis() -> Genesis {
    Genesis {
        name: "portreeve".into(),
        trust_domain: "0123456789ab.portreeve.internal".into(),
        person: "founder".parse().unwrap(),
        key_line: KEY.into(),
        today: "2026-11-24T09:00:00Z".parse().unwrap(),
    }
}

#[test]
fn a_first_run_begins_with_a_charter_without_problems() {
    let (charter, problems) = parse(&genesis_files(&genesis()));
    assert_eq!(problems, []);
    assert_eq!(charter.distinct_holders().len(), 1, "one person holds every seat");
    let person = &charter.people.persons["founder"];
    assert_eq!(person.keys[0].value, KEY);
    assert_eq!(charter.agents["demo-agent"].review_by.to_string(), "2027-02-22");
    assert_eq!(charter.policies.len(), 5, "a file in each set");
    assert_eq!(charter.tests.len(), 5);
}

#[test]
fn an_adopted_provider_adds_to_it_without_problems() {
    for kinds in [
        &AdoptedKind::ALL[..1],
        &AdoptedKind::ALL[1..2],
        &AdoptedKind::ALL[2..],
        &AdoptedKind::ALL[..],
    ] {
        let mut tree = genesis_files(&genesis());
        for kind in kinds {
            let added = adopted_provider_files(*kind);
            let files = added.files().map(|(path, bytes)| (path.to_owned(), bytes.to_owned()));
            tree = tree.with_files(files).unwrap();
        }
        let (charter, problems) = parse(&tree);
        assert_eq!(problems, []);
        for kind in kinds {
            let provider = &charter.providers[kind.provider_name()];
            let secret = provider.secret.as_ref().unwrap();
            assert_eq!(secret.as_str(), kind.secret_name());
            assert!(charter.secrets.contains_key(kind.secret_name()));
        }
    }
}

#[test]
fn the_same_first_run_writes_the_same_charter() {
    let digest = |genesis: &Genesis| manifest(&genesis_files(genesis)).digest();
    assert_eq!(digest(&genesis()), digest(&genesis()));
    assert_ne!(digest(&genesis()), digest(&Genesis { name: "other".into(), ..genesis() }));
}

#[test]
fn no_template_has_a_slot_that_nobody_fills() {
    let mut trees = AdoptedKind::ALL.map(adopted_provider_files).to_vec();
    trees.push(genesis_files(&genesis()));
    for (path, bytes) in trees.iter().flat_map(SourceTree::files) {
        let text = std::str::from_utf8(bytes).unwrap();
        assert!(!text.contains("{{") && !text.contains("}}"), "{path}");
        assert!(!text.contains(": \n") && !text.contains("\"\""), "{path} has an empty value");
    }
}

/// What the demo model's file offers in comments is read as it stands.
#[test]
fn a_comment_that_offers_fields_offers_good_ones() {
    let tree = genesis_files(&genesis());
    let path = "models/portreeve-demo.yaml";
    let taken = |(other, bytes): (&str, &[u8])| {
        let text = std::str::from_utf8(bytes).unwrap().to_owned();
        let text = if other == path { text.replace("\n#   ", "\n    ") } else { text };
        (other.to_owned(), text)
    };
    let (charter, problems) = parse(&SourceTree::from_files(tree.files().map(taken)).unwrap());
    assert_eq!(problems, []);
    let target = &charter.models["portreeve-demo"].targets[0];
    assert!(target.weight.is_some() && target.claims.is_some() && target.end_of_life.is_some());
    assert!(target.price.is_some());
}

/// The examples on the pages of budgets and contexts are read as they stand.
#[test]
fn an_example_on_a_page_is_a_good_file() {
    let tree = genesis_files(&genesis());
    let example = |page: &str, name: &str| {
        let text = std::str::from_utf8(tree.get(page).unwrap()).unwrap();
        let yaml = text.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
        (name.to_owned(), yaml.to_owned())
    };
    let files = [
        example("quotas/README.md", "quotas/demo-agent.yaml"),
        example("contexts/README.md", "contexts/first-hour.yaml"),
    ];
    let (charter, problems) = parse(&tree.clone().with_files(files).unwrap());
    assert_eq!(problems, []);
    let quota = &charter.quotas["demo-agent"];
    assert_eq!(
        quota.limits.iter().map(|limit| limit.at_most).collect::<Vec<_>>(),
        [60, 2_000_000, 25_000_000_000]
    );
    assert!(charter.contexts["first-hour"].hours.is_some());
}

/// Values that are YAML of their own stay values; what is wrong with them is reported.
#[test]
fn a_value_cannot_write_fields_of_its_own() {
    let codes = |hostile: &str| {
        let genesis = Genesis {
            name: hostile.into(),
            trust_domain: hostile.into(),
            key_line: hostile.into(),
            ..genesis()
        };
        let (_, problems) = parse(&genesis_files(&genesis));
        problems.iter().map(|problem| problem.code).collect::<Vec<_>>()
    };
    let lines = codes("a\nsecondary: {{person}}\n# \": x");
    assert_eq!(lines, ["bad-value"; 4]);
    assert_eq!(codes("a\nsecondary: {{person}}\n# \u{1b}[2J\": x"), ["invisible-character"; 4]);
}
