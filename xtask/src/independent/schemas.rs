//! The charter's JSON Schemas, held against files by a validator that nobody here wrote: they take
//! every file that the readers take, and refuse each mistake that the table of mistakes says one
//! file shows. What they cannot see is asserted too.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::command::output_of;
use crate::count::Count;
use crate::place::Place;
use crate::python::Python;

/// One run of the validator.
const LIMIT: Duration = Duration::from_secs(120);
/// Where the schemas lie.
const SCHEMAS: &str = "docs/reference/schema";
/// Charters without a problem: tests of the crates hold them so.
const SOUND: [&str; 2] = ["examples/charter", "crates/portreeve/tests/mistakes/sound"];
/// Mistakes, with what a schema alone sees of each.
const MISTAKES: &str = "crates/portreeve/tests/mistakes";
/// Fewer files than these would mean that they were not found.
const FILES_MIN: usize = 20;

/// So many YAML files a first run writes.
const FIRST_RUN_FILES: usize = 7;

/// What the validator says of each file.
type Verdicts = BTreeMap<PathBuf, String>;

/// Every file of the sound charters is accepted.
pub(super) fn sound(place: &Place, python: &Python) -> Result<Count> {
    let mut files = Vec::new();
    for folder in SOUND {
        yaml_files(&place.root.join(folder), &mut files)?;
    }
    ensure!(files.len() >= FILES_MIN, "only {} files were found", files.len());
    accepted(place, python, &files)
}

/// Every file of a charter that a first run wrote is accepted.
pub(super) fn first_run(place: &Place, python: &Python, charter: &Path) -> Result<Count> {
    let mut files = Vec::new();
    yaml_files(charter, &mut files)?;
    ensure!(files.len() >= FIRST_RUN_FILES, "only {} files were found", files.len());
    accepted(place, python, &files)
}

fn accepted(place: &Place, python: &Python, files: &[PathBuf]) -> Result<Count> {
    let verdicts = verdicts(place, python, files)?;
    let mut count = Count::default();
    for (file, said) in &verdicts {
        let is_accepted = said.starts_with("accepted");
        if !is_accepted {
            println!("FAIL {}: {said}", place.shown(file));
        }
        count = count + Count::of(is_accepted);
    }
    Ok(count)
}

/// Every mistake is seen, or not, as the table says.
pub(super) fn mistaken(place: &Place, python: &Python) -> Result<Count> {
    let folder = place.root.join(MISTAKES);
    let table = fs::read_to_string(folder.join("mistakes.txt")).context("no table of mistakes")?;
    let mut cases = Vec::new();
    for row in table.lines().filter(|row| !row.starts_with('#') && !row.is_empty()) {
        let [name, seen, _] = row.split(" | ").collect::<Vec<_>>()[..] else {
            bail!("not a row of the table: {row}");
        };
        let mut files = Vec::new();
        yaml_files(&folder.join("cases").join(name), &mut files)?;
        cases.push((name, seen, files));
    }
    let all: Vec<PathBuf> = cases.iter().flat_map(|(_, _, files)| files.clone()).collect();
    ensure!(all.len() >= FILES_MIN, "only {} files were found", all.len());
    let verdicts = verdicts(place, python, &all)?;
    let mut count = Count::default();
    for (name, seen, files) in &cases {
        let said: Vec<&str> =
            files.iter().filter_map(|file| verdicts.get(file)).map(String::as_str).collect();
        let found = found(&said);
        if found != *seen {
            println!("FAIL {name}: the table says `{seen}`, the validator `{found}`: {said:?}");
        }
        count = count + Count::of(found == *seen);
    }
    Ok(count)
}

/// What is seen of a mistake, in the words of the table.
fn found(said: &[&str]) -> &'static str {
    let any = |word: &str| said.iter().any(|said| said.starts_with(word));
    if any("refused") {
        "yes"
    } else if any("no-yaml") {
        "no yaml"
    } else if any("accepted") {
        "no"
    } else {
        "not looked at"
    }
}

fn verdicts(place: &Place, python: &Python, files: &[PathBuf]) -> Result<Verdicts> {
    let mut command = python.interpreter();
    command.arg(place.root.join("e2e/schemas/check.py")).arg(place.root.join(SCHEMAS)).args(files);
    let output = output_of(&mut command, LIMIT).context("the validator gave no verdicts")?;
    let mut verdicts = Verdicts::new();
    for line in output.lines() {
        let mut parts = line.splitn(3, '\t');
        let (Some(word), Some(file)) = (parts.next(), parts.next()) else {
            bail!("not a verdict: {line}");
        };
        verdicts.insert(file.into(), format!("{word} {}", parts.next().unwrap_or_default()));
    }
    ensure!(verdicts.len() == files.len(), "{} verdicts of {}", verdicts.len(), files.len());
    Ok(verdicts)
}

/// The YAML files below `folder` that lie where a charter's files of some kind lie.
fn yaml_files(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let kinds = charter::FileKind::ALL.into_iter().filter_map(charter::FileKind::folder);
    let mut folders = vec![folder.to_owned()];
    folders.extend(kinds.map(|kind| folder.join(kind)));
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        let entries = fs::read_dir(folder).context("a folder of a charter cannot be read")?;
        for entry in entries {
            let path = entry.context("a folder of a charter cannot be read")?.path();
            if path.is_file() && path.extension().is_some_and(|ending| ending == "yaml") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_refusal_is_enough_and_no_file_is_not_looked_at() {
        for (said, expected) in [
            (&["accepted ", "refused why"][..], "yes"),
            (&["accepted "][..], "no"),
            (&["no-yaml why"][..], "no yaml"),
            (&[][..], "not looked at"),
        ] {
            assert_eq!(found(said), expected, "{said:?}");
        }
    }
}
