//! What holds for every input: nothing panics, order does not matter, what is written reads back.

use crate::disk::example_with;
use charter::{Manifest, SourceTree, manifest, parse};
use proptest::prelude::*;

/// Paths of every kind of file, and some that are none.
const PATHS: [&str; 12] = [
    "charter.yaml",
    "people.yaml",
    "agents/a.yaml",
    "providers/a.yaml",
    "models/a.yaml",
    "secrets/a.yaml",
    "contexts/a.yaml",
    "quotas/a.yaml",
    "tests/a.yaml",
    "policies/model/a.cedar",
    "README.md",
    "unknown/a.txt",
];

/// Pieces that YAML gives a meaning, and names that the readers know.
fn yaml_like() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "\n",
        "\n  ",
        "\n    ",
        " ",
        ": ",
        ":",
        "- ",
        "-",
        "? ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        ",",
        "\"",
        "'",
        "|",
        ">",
        "|-\n ",
        "&a ",
        "*a",
        "!t ",
        "!!str ",
        "<<",
        "#",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "\\",
        "\\x41",
        "\t",
        "\r\n",
        "~",
        "null",
        "true",
        "1",
        "0x1",
        "name",
        "a",
        "tests",
        "targets",
        "claims",
        "when",
        "successor",
        "limits",
        "hours",
        "at_most",
        "price",
        "08:00",
        "0.1",
        "ask",
        "tools",
        "persons",
        "seats",
        "é",
        "\u{1f600}",
        "\u{202e}",
        "\u{0}",
        "\u{85}",
        "\u{2028}",
        "=",
        "@",
        "`",
    ]);
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
}

fn tree(path: &str, bytes: Vec<u8>) -> SourceTree {
    SourceTree::from_files([(path, bytes)]).unwrap()
}

/// A model that says everything a model can say.
const MODEL: &str = "\
name: whole
purpose: Everything.
context_required: true
output_tokens_max: 1000
retries: {attempts_max: 2, within_ms: 1000}
targets:
  - provider: openai
    upstream_model: a
    weight: 2
    when: {environments: [dev, prod], data_classes: [public]}
    timeouts: {connect_ms: 200, total_ms: 60000}
    concurrency_max: 9
    price: {input: 0.25, output: '2.50', since: 2026-01-01}
    claims: {region: eu, retention_days: 0, trains: false, stated: 2026-01-01, owner: risk-lead}
    end_of_life: 2027-01-01
    successor: numbers
";

/// A policy test that asks for everything a test can ask for.
const TEST: &str = "\
tests:
  - name: everything
    agent: stock-forecaster
    ask:
      model: whole
      operation: responses
      tools: [web_search, {kind: remote_mcp, server: mcp.example, declared: mcp}]
      stores: by_default
      names: 3
      unrecognised: ['field:a.b', 'beta:c']
      urls: 2
    context: whole
    recent: {requests: 9, refusals: 1, targets: 2}
    expect: {verdict: deny}
";

/// A context that says everything a context can say.
const CONTEXT: &str = "\
name: whole
purpose: Everything.
owner: risk-lead
approver: policy-lead
data_class: internal
models: [whole, numbers]
tools: [web_search, remote_mcp]
environments: [dev, staging, prod]
from: 2026-01-01
until: 2026-12-31
hours: {days: [mon, sun], from: 08:00, until: '24:00'}
agents: [stock-forecaster]
";

/// A quota that says everything a quota can say.
const QUOTA: &str = "\
name: whole
purpose: Everything.
owner: risk-lead
for: {context: whole}
each: agent
limits:
  - {what: requests, per: minute, at_most: 60}
  - {what: tokens, per: day, at_most: 1000000}
  - {what: money, per: month, at_most: 12.50}
";

/// The example, with every field there is.
fn example() -> SourceTree {
    example_with(&[
        ("models/whole.yaml", Some(MODEL)),
        ("contexts/whole.yaml", Some(CONTEXT)),
        ("quotas/whole.yaml", Some(QUOTA)),
        ("tests/whole.yaml", Some(TEST)),
    ])
}

#[test]
fn what_is_mutated_is_sound() {
    assert_eq!(parse(&example()).1, []);
}

/// The example with a byte range of one of its files replaced.
fn mutated() -> impl Strategy<Value = SourceTree> {
    let files: Vec<_> =
        example().files().map(|(path, bytes)| (path.to_owned(), bytes.to_vec())).collect();
    (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0_usize..20, yaml_like()).prop_map(
        move |(file, at, cut, piece)| {
            let mut files = files.clone();
            let index = file.index(files.len());
            let (_, bytes) = &mut files[index];
            let from = at.index(bytes.len());
            let to = (from + cut).min(bytes.len());
            bytes.splice(from..to, piece.bytes());
            SourceTree::from_files(files).unwrap()
        },
    )
}

fn is_tidy(problems: &[model::Problem]) -> bool {
    problems.is_sorted()
        && problems.iter().all(|problem| {
            let words = [&problem.what, &problem.help, &problem.who];
            words.iter().all(|text| !text.is_empty() && !text.contains(char::is_control))
        })
}

proptest! {
    #[test]
    fn no_bytes_panic(path in prop::sample::select(PATHS.to_vec()), bytes: Vec<u8>) {
        let (_, problems) = parse(&tree(path, bytes));
        prop_assert!(is_tidy(&problems));
    }

    #[test]
    fn no_yaml_panics(path in prop::sample::select(PATHS.to_vec()), text in yaml_like()) {
        let (_, problems) = parse(&tree(path, text.into_bytes()));
        prop_assert!(is_tidy(&problems));
    }

    #[test]
    fn no_edit_of_a_good_charter_panics(tree in mutated()) {
        let (charter, problems) = parse(&tree);
        prop_assert!(is_tidy(&problems));
        prop_assert!(charter.charter.is_some() || !problems.is_empty());
    }

    #[test]
    fn no_path_panics(path: String) {
        let _ = SourceTree::from_files([(path, "x")]).map(|tree| parse(&tree));
    }

    #[test]
    fn the_order_of_files_does_not_matter(seed: u64) {
        let mut files: Vec<_> =
            example().files().map(|(path, bytes)| (path.to_owned(), bytes.to_vec())).collect();
        files.sort_by_key(|(path, _)| model::Digest::of(format!("{seed}{path}").as_bytes()));
        let shuffled = SourceTree::from_files(files).unwrap();
        prop_assert_eq!(manifest(&shuffled), manifest(&example()));
    }

    #[test]
    fn a_manifest_reads_back(files in prop::collection::btree_map("[a-z]{1,8}(/[a-z0-9]{1,8})?", any::<Vec<u8>>(), 0..8)) {
        let Ok(tree) = SourceTree::from_files(files) else { return Ok(()) };
        let manifest = manifest(&tree);
        prop_assert_eq!(manifest.to_string().parse::<Manifest>(), Ok(manifest));
    }

    #[test]
    fn one_byte_more_or_less_is_another_charter(tree in mutated()) {
        let same = tree == example();
        prop_assert_eq!(manifest(&tree).digest() == manifest(&example()).digest(), same);
    }
}
