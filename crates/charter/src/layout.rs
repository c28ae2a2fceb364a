//! Which file belongs where. It looks at paths alone.

use model::{PolicySetKind, Problem};

use crate::file_kind::FileKind;
use crate::suggest::{listed, nearest};
use crate::{code, problem};

/// What a path is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spot {
    /// A declaration.
    Yaml(FileKind),
    /// A file of policies.
    Policy(PolicySetKind),
    /// A page for people: counted in the digest, not read.
    Note,
}

/// What the file at `path` is for, or why it belongs nowhere.
pub(crate) fn spot(path: &str) -> Result<Spot, Problem> {
    let name = path.rsplit('/').next().unwrap_or(path);
    if name.ends_with(".md") || name == "README" {
        return Ok(Spot::Note);
    }
    let segments: Vec<&str> = path.split('/').collect();
    match segments.as_slice() {
        ["charter.yaml"] => Ok(Spot::Yaml(FileKind::Charter)),
        ["people.yaml"] => Ok(Spot::Yaml(FileKind::People)),
        [_] => Err(nowhere(path, &in_root(path))),
        ["policies", set, file] => policy(path, set, file),
        ["policies", ..] => Err(nowhere(path, "policies lie in policies/SET/FILE.cedar")),
        [folder, rest @ ..] => declaration(path, folder, rest),
        [] => Err(nowhere(path, "give it a name")),
    }
}

fn policy(path: &str, set: &str, file: &str) -> Result<Spot, Problem> {
    let Some(kind) = PolicySetKind::ALL.into_iter().find(|kind| kind.as_str() == set) else {
        let sets = PolicySetKind::ALL.map(PolicySetKind::as_str);
        return Err(nowhere(path, &meant(set, &sets, "the policy sets are")));
    };
    match file.strip_suffix(".cedar") {
        Some(stem) if !stem.is_empty() => Ok(Spot::Policy(kind)),
        _ => Err(nowhere(path, "a file of policies ends in `.cedar`")),
    }
}

fn declaration(path: &str, folder: &str, rest: &[&str]) -> Result<Spot, Problem> {
    let Some(kind) = FileKind::ALL.into_iter().find(|kind| kind.folder() == Some(folder)) else {
        let mut folders: Vec<_> = FileKind::ALL.into_iter().filter_map(FileKind::folder).collect();
        folders.push("policies");
        return Err(nowhere(path, &meant(folder, &folders, "the folders are")));
    };
    match rest {
        [file] if file.len() > ".yaml".len() && file.ends_with(".yaml") => Ok(Spot::Yaml(kind)),
        [file] if file.ends_with(".yml") => Err(nowhere(path, "end its name in `.yaml`")),
        [_] => Err(nowhere(path, &format!("the files here are {}", kind.pattern()))),
        _ => Err(nowhere(path, &format!("`{folder}` has no folders within"))),
    }
}

fn in_root(path: &str) -> String {
    if path.ends_with(".cedar") {
        return "policies lie in policies/SET/FILE.cedar".to_owned();
    }
    meant(path, &["charter.yaml", "people.yaml"], "the files at the root are")
}

fn meant(word: &str, known: &[&str], are: &str) -> String {
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("{are} {}", listed(known, "and")),
    }
}

fn nowhere(path: &str, help: &str) -> Problem {
    problem::file(
        path,
        code::MISPLACED_FILE,
        "the file belongs nowhere in a charter".to_owned(),
        help,
    )
}
