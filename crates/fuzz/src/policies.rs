//! Cedar sources: every problem has a place inside the file, and what compiles compiles again.

use charter::SourceTree;
use model::PolicySetKind;
use policy::{PolicySource, compile};

use crate::Target;
use crate::charters::{told, tree, with_file};
use crate::input::Input;
use crate::seeds::seed;

pub(crate) const TARGET: Target = Target {
    name: "policy",
    about: "Cedar sources, alone and in a charter: problems with a place, or the same again",
    check,
    seeds,
    words: &[
        "permit (principal, action, resource);",
        "forbid (",
        "@id(\"a\")",
        "@owner(\"seat:policy-lead\")",
        "@rationale(\"r\")",
        "principal in Team::\"t\"",
        "action == Action::\"CallModel\"",
        " when { ",
        " unless { ",
        "context.call.",
        "resource is Model",
        " has ",
        " like \"*\"",
        "if true then ",
        "decimal(\"1.0\")",
        "ip(\"",
        "datetime(\"2026-12-31\")",
        "?principal",
        "[1, 2].contains(",
        "-9223372036854775808",
        "// \n",
        "!!!!",
        ".isEmpty()",
        "__cedar::",
        "{\"a\": 1}",
    ],
    cases: 150,
};

/// The first byte: which set, and which file of the charter is replaced.
fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let which = input.byte();
    let bytes = input.rest();
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let set = input_set(which);
    let source = PolicySource { set, path: "policies/a.cedar".to_owned(), text: text.to_owned() };
    let compiled = compile(std::slice::from_ref(&source), &|owner| owner.starts_with("seat:"));
    let lines = text.split('\n').count();
    match &compiled {
        Ok(policies) => {
            for listed in policies.all() {
                let texts =
                    [Some(&listed.rationale), listed.control.as_ref(), Some(&listed.policy.owner)];
                let hidden = texts.into_iter().flatten().find_map(|text| model::hidden(text));
                assert_eq!(hidden, None, "a list of policies would obey it");
            }
            let again = compile(&[source], &|owner| owner.starts_with("seat:"));
            assert!(again.is_ok_and(|again| format!("{again:?}") == format!("{policies:?}")));
        }
        Err(problems) => {
            told(problems);
            assert!(!problems.is_empty() && problems.is_sorted());
            assert!(problems.iter().all(|problem| problem.place.line <= lines), "beyond the file");
        }
    }
    if which & 0x80 == 0
        && let Some(tree) = with_file(&tree(), which, bytes)
    {
        checked(&tree);
    }
}

/// A whole charter with the file in it is in order, or every problem is told.
fn checked(tree: &SourceTree) {
    if let Err(problems) = bundle::check(tree) {
        told(&problems);
        assert!(!problems.is_empty());
    }
}

const fn input_set(which: u8) -> PolicySetKind {
    match which % 3 {
        0 => PolicySetKind::Model,
        1 => PolicySetKind::Tool,
        _ => PolicySetKind::Secret,
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let tree = tree();
    let files = (0_u8..).zip(tree.files());
    let cedar = files.filter(|(_, (path, _))| path.ends_with(".cedar"));
    cedar
        .flat_map(|(number, (_, bytes))| [seed(&[number], bytes), seed(&[number | 0x80], bytes)])
        .collect()
}
