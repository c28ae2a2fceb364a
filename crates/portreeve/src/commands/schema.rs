//! `portreeve schema`: the JSON Schemas of a charter's files, for editors. It knows no charter.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use charter::{FileKind, SCHEMA_FOLDER, schema_references, schema_text};
use model::Problem;

use crate::exit::Failure;
use crate::home::write_new;
use crate::{print, suggest};

/// Prints one schema, writes all of them into a charter's directory, or lists them.
pub(crate) fn run(kind: Option<&str>, write: Option<PathBuf>) -> Result<ExitCode> {
    match (kind, write) {
        (Some(name), _) => print::line(schema_text(named(name)?).trim_end()),
        (None, Some(dir)) => {
            if !dir.is_dir() {
                let text =
                    format!("{} is not a directory: name the charter's directory", dir.display());
                return Err(Failure::usage(text).into());
            }
            write_into(&dir)?;
            print::line(&format!("wrote {} schemas", FileKind::ALL.len()));
            print::next(&format!("portreeve check {}", dir.display()));
        }
        (None, None) => {
            for kind in FileKind::ALL {
                let line = format!("{:<10} {:<20} {}", name(kind), kind.pattern(), kind.about());
                print::line(&line);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes every schema where the first lines of the charter in `dir` name it.
pub(crate) fn write_into(dir: &Path) -> Result<()> {
    for kind in FileKind::ALL {
        let path = dir.join(SCHEMA_FOLDER).join(kind.schema_file());
        write_new(&path, schema_text(kind).as_bytes())?;
    }
    Ok(())
}

/// What is wrong with the schemas that the files of the charter in `dir` name by a path: that one
/// is not there, or is not the one of this version. Either is told once, where it is met first.
pub(crate) fn warnings(dir: &Path, tree: &charter::SourceTree) -> Vec<Problem> {
    let mut found: Vec<Problem> = Vec::new();
    for reference in schema_references(tree) {
        let folder = Path::new(&reference.place.file).parent().unwrap_or(Path::new(""));
        let is_of_its_kind = reference.schema.ends_with(reference.kind.schema_file());
        if reference.schema.contains("://") || !is_of_its_kind {
            continue;
        }
        let read = fs::read(dir.join(folder).join(&reference.schema));
        let (code, what) = match read {
            Ok(bytes) if bytes == schema_text(reference.kind).as_bytes() => continue,
            Ok(_) => ("schema-stale", "is not the one of this version"),
            Err(_) => ("schema-missing", "cannot be read, so an editor helps with nothing"),
        };
        if found.iter().any(|one| one.code == code) {
            continue;
        }
        found.push(Problem {
            place: reference.place,
            code,
            what: format!("the schema `{}` {what}", reference.schema),
            who: "whoever edits this file".to_owned(),
            help: format!("`portreeve schema --write {}` writes all of them", dir.display()),
        });
    }
    found
}

fn named(name: &str) -> Result<FileKind, Failure> {
    let known = || FileKind::ALL.into_iter().map(self::name);
    FileKind::ALL.into_iter().find(|kind| self::name(*kind) == name).ok_or_else(|| {
        let ending = suggest::ending(name, known());
        Failure::usage(format!("there is no schema {name}{ending}"))
            .helped(format!("use one of {}", known().collect::<Vec<_>>().join(", ")))
    })
}

fn name(kind: FileKind) -> &'static str {
    kind.schema_file().trim_end_matches(".json")
}

#[cfg(test)]
mod tests {
    use charter::SourceTree;

    use super::*;

    #[test]
    fn schemas_that_are_missing_or_old_are_told_once() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("agents")).expect("a folder");
        let agent = FileKind::Agent.schema_line();
        let files = [
            ("agents/a.yaml", agent.clone()),
            ("agents/b.yaml", agent),
            ("people.yaml", FileKind::People.schema_line()),
            ("models/a.yaml", FileKind::Model.schema_line().replace("..", "https://x.example")),
        ];
        let tree = SourceTree::from_files(files).expect("a tree");
        let codes = |expected: &[&str]| {
            let found = warnings(folder.path(), &tree);
            let said: Vec<_> =
                found.iter().map(|one| format!("{} {}", one.place, one.code)).collect();
            assert_eq!(said, expected);
        };
        codes(&["agents/a.yaml:1:33 schema-missing"]);
        write_into(folder.path()).expect("written");
        codes(&[]);
        let old = folder.path().join(".schema/people.json");
        fs::write(&old, "{}").expect("written");
        codes(&["people.yaml:1:33 schema-stale"]);
        write_into(folder.path()).expect("written again");
        codes(&[]);
    }

    #[test]
    fn a_schema_goes_by_the_name_of_its_folder() {
        assert_eq!(named("agents").expect("known"), FileKind::Agent);
        let unknown = named("agent").expect_err("unknown").to_string();
        assert!(unknown.contains("agents"), "{unknown}");
        for kind in FileKind::ALL {
            assert_eq!(named(name(kind)).expect("known"), kind);
        }
    }
}
