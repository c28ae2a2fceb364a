//! Charters: any file of one, as anybody might edit it. Every problem has a place, a code and a
//! text that fits a terminal's line; what is read has the limits that are promised.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use charter::yaml::{self, DEPTH_MAX, NODES_MAX, Node, Value};
use charter::{Genesis, SourceTree, adopted_provider_files, genesis_files};
use model::{Problem, Problems};

use crate::Target;
use crate::input::Input;
use crate::seeds::seed;

pub(crate) const TARGET: Target = Target {
    name: "charter",
    about: "any file of a charter: read within limits, or problems with place, code and plain text",
    check,
    seeds,
    words: &[
        "name: ",
        "owner: seat:",
        "\n- ",
        "\n  - ",
        ": ",
        "? ",
        "&a ",
        "*a",
        "!!str ",
        "<<: ",
        "---\n",
        "...\n",
        "|\n ",
        ">-\n ",
        "{a: 1}",
        "[1, 2]",
        "null",
        "~",
        "true",
        "yes",
        "1_000",
        "0x10",
        "1e3",
        ".inf",
        "2026-12-31",
        "from: ",
        "per: day",
        "tokens: ",
        "money: ",
        "models: ",
        "weekdays: [mon]",
        "\"\\x41\"",
        "'it''s'",
        "%YAML 1.2\n",
    ],
    cases: 700,
};

/// Most problems that are told.
const PROBLEMS_MAX: usize = 1_001;
/// The longest text of a problem, in bytes.
const TEXT_MAX: usize = 4_096;

/// A charter with something of every kind: a first run's, and a provider that was adopted. Pages
/// and schemas beside it are left out: they declare nothing.
pub(crate) fn tree() -> SourceTree {
    static TREE: OnceLock<SourceTree> = OnceLock::new();
    TREE.get_or_init(made).clone()
}

fn made() -> SourceTree {
    let person = "ann".parse().unwrap_or_else(|_| panic!("ann is a name"));
    let today = model::Timestamp::from_millis(1_795_510_800_000);
    let genesis = Genesis {
        name: "Acme".to_owned(),
        trust_domain: "acme.test".to_owned(),
        person,
        key_line:
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c a"
                .to_owned(),
        today,
    };
    let files = genesis_files(&genesis);
    let adopted = adopted_provider_files(charter::AdoptedKind::OpenAi);
    let more = MORE.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
    let declared = |path: &str| path.ends_with(".yaml") || path.ends_with(".cedar");
    let all = files.files().chain(adopted.files()).filter(|(path, _)| declared(path));
    let all = all.map(|(path, bytes)| (path.to_owned(), bytes.to_vec()));
    SourceTree::from_files(all.chain(more)).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// What a first run declares none of.
const MORE: &[(&str, &str)] = &[
    ("quotas/demo-month.yaml", include_str!("charters/quota.yaml")),
    ("contexts/drafts.yaml", include_str!("charters/context.yaml")),
];

/// The first byte says which file of the tree is replaced by the rest.
fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let which = input.byte();
    let bytes = input.rest();
    let (node, problems) = yaml::parse("a.yaml", bytes);
    told(&problems);
    if let Some(node) = &node {
        let mut count = 0;
        measured(node, 1, &mut count);
        assert!(count <= NODES_MAX, "{count} values");
    }
    let Some(tree) = with_file(&tree(), which, bytes) else { return };
    let (charter, problems) = charter::parse(&tree);
    told(&problems);
    assert!(problems.len() <= PROBLEMS_MAX);
    assert!(problems.is_sorted(), "out of order");
    assert!(!problems.is_empty() || charter.charter.is_some(), "no problem and no charter");
    let manifest = charter::manifest(&tree);
    assert_eq!(manifest.to_string().parse(), Ok(manifest));
}

/// The tree with one of its files replaced; none where no file may be as large.
pub(crate) fn with_file(tree: &SourceTree, which: u8, bytes: &[u8]) -> Option<SourceTree> {
    let paths: Vec<&str> = tree.files().map(|(path, _)| path).collect();
    let replaced = paths.get(usize::from(which).checked_rem(paths.len())?)?;
    let kept = tree.files().filter(|(path, _)| path != replaced);
    let kept = kept.map(|(path, bytes)| (path.to_owned(), bytes.to_vec()));
    SourceTree::from_files(kept.chain([((*replaced).to_owned(), bytes.to_vec())])).ok()
}

/// What every problem is: at a place, under a code, in words that a terminal shows as they are.
pub(crate) fn told(problems: &Problems) {
    for problem in problems {
        let Problem { place, code, what, who, help } = problem;
        assert!(
            !code.is_empty()
                && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        );
        assert!(place.column == 0 || place.line > 0);
        for text in [what, who, help] {
            assert!(text.len() <= TEXT_MAX, "{code}: {} bytes", text.len());
            assert!(!text.contains(|letter: char| letter.is_control()), "{code}: {text:?}");
        }
    }
    let distinct: BTreeSet<&Problem> = problems.iter().collect();
    assert_eq!(distinct.len(), problems.len(), "a problem is told twice");
}

fn measured(node: &Node, depth: usize, count: &mut usize) {
    assert!(depth <= DEPTH_MAX + 1, "{depth} levels");
    *count += 1;
    match &node.value {
        Value::List(list) => list.iter().for_each(|node| measured(node, depth + 1, count)),
        Value::Mapping(entries) => {
            entries.iter().for_each(|entry| measured(&entry.node, depth + 1, count));
        }
        Value::Null | Value::Scalar(_) | Value::Refused => {}
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let numbered = (0_u8..).zip(
        tree().files().map(|(path, bytes)| (path.to_owned(), bytes.to_vec())).collect::<Vec<_>>(),
    );
    numbered
        .filter(|(_, (path, _))| path.ends_with(".yaml"))
        .map(|(number, (_, bytes))| seed(&[number], bytes))
        .collect()
}
