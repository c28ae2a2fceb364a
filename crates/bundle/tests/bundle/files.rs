//! The charter of a first run, with some of its files changed.

use approval::PersonKey;
use bundle::check;
use charter::{Genesis, SourceTree};
use model::{Digest, Problems, Timestamp};

/// The time of the first run: 2026-11-24T09:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_795_510_800_000);

pub(crate) fn key(person: &str) -> PersonKey {
    let seed = *Digest::of(person.as_bytes()).as_bytes();
    PersonKey::generate(&seed.into(), person).unwrap()
}

/// The charter of a first run, in which `files` stand in place of, or beside, the usual ones. A
/// file without text is left out.
pub(crate) fn files(changed: &[(&str, Option<&str>)]) -> Vec<(String, Vec<u8>)> {
    let genesis = Genesis {
        name: "portreeve".to_owned(),
        trust_domain: "bundle.portreeve.internal".to_owned(),
        person: "founder".parse().unwrap(),
        key_line: key("founder").public_line().unwrap(),
        today: NOW,
    };
    let written = charter::genesis_files(&genesis);
    let mut all: Vec<(String, Vec<u8>)> =
        written.files().map(|(path, bytes)| (path.to_owned(), bytes.to_vec())).collect();
    for (path, text) in changed {
        all.retain(|(other, _)| other != path);
        all.extend(text.map(|text| ((*path).to_owned(), text.as_bytes().to_vec())));
    }
    all
}

pub(crate) fn tree(changed: &[(&str, Option<&str>)]) -> SourceTree {
    SourceTree::from_files(files(changed)).unwrap()
}

pub(crate) fn text(path: &str) -> String {
    let all = files(&[]);
    let (_, bytes) = all.into_iter().find(|(other, _)| other == path).unwrap();
    String::from_utf8(bytes).unwrap()
}

pub(crate) fn replaced(path: &str, from: &str, to: &str) -> String {
    let text = text(path);
    assert!(text.contains(from), "{path} does not hold `{from}`");
    text.replace(from, to)
}

pub(crate) fn problems(changed: &[(&str, Option<&str>)]) -> Problems {
    check(&tree(changed)).expect_err("the charter has a problem")
}

/// Another provider, which asks for no key.
pub(crate) const LOCAL: (&str, Option<&str>) =
    ("providers/local.yaml", Some("name: local\nkind: openai\nbase_url: http://127.0.0.1:1\n"));

/// A file for `models/`: the model, and its targets as YAML in one line each.
pub(crate) fn model_file(name: &str, targets: &[&str]) -> String {
    let lines: String = targets.iter().map(|target| format!("  - {{{target}}}\n")).collect();
    format!("name: {name}\npurpose: Tests.\nowner: platform-lead\ntargets:\n{lines}")
}
