//! Reference pages that are generated from the code, so that they cannot say something else.
//!
//! It writes only the pages it lists. A page is added by a function that returns its text.

use std::fs;

use anyhow::{Context as _, Result};
use charter::FileKind;
use model::{RefusalCode, Retry};

use crate::Verdict;
use crate::place::Place;

/// Where the JSON Schemas of a charter lie.
const SCHEMA_FOLDERS: [&str; 2] = ["docs/reference/schema", "examples/charter/.schema"];

/// A generated page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    /// Where it lies in the checkout.
    pub(crate) path: String,
    /// What it says.
    pub(crate) text: String,
}

/// Every generated page, as it is now.
pub(crate) fn pages() -> Vec<Page> {
    let pages = [
        ("docs/reference/charter.md", charter::reference_page()),
        ("docs/reference/metrics.md", telemetry::reference_page()),
        ("docs/reference/refusals.md", refusals()),
    ];
    let pages = pages.map(|(path, text)| Page { path: path.to_owned(), text });
    pages.into_iter().chain(schemas()).collect()
}

/// The JSON Schemas of the charter's files: for readers, and where the example's editors look.
fn schemas() -> impl Iterator<Item = Page> {
    FileKind::ALL.into_iter().flat_map(|kind| {
        SCHEMA_FOLDERS.map(|folder| {
            let path = format!("{folder}/{}", kind.schema_file());
            Page { path, text: charter::schema_text(kind) }
        })
    })
}

/// Writes every page.
pub(crate) fn write() -> Result<Verdict> {
    let root = Place::find()?.root;
    for page in pages() {
        let path = root.join(&page.path);
        let folder = path.parent().context("a page lies in a folder")?;
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        fs::write(&path, page.text).with_context(|| format!("cannot write {}", page.path))?;
        println!("wrote {}", page.path);
    }
    Ok(Verdict::Passed)
}

/// Compares every page with what would be written.
pub(crate) fn check() -> Result<Verdict> {
    let root = Place::find()?.root;
    let mut verdict = Verdict::Passed;
    for page in pages() {
        // A page that cannot be read is not current either.
        let current = fs::read_to_string(root.join(&page.path)).is_ok_and(|text| text == page.text);
        println!("{} {}", if current { "ok  " } else { "FAIL" }, page.path);
        if !current {
            println!("       run `cargo xtask docs`");
            verdict = Verdict::Failed;
        }
    }
    Ok(verdict)
}

/// The catalogue of refusals, in the order of a request's path.
fn refusals() -> String {
    let mut text = String::from(REFUSALS_HEAD);
    for code in RefusalCode::ALL {
        let retry = match code.retry() {
            Retry::Later => "later",
            Retry::Useless => "no",
        };
        text.push_str(&format!(
            "| `{}` | {} | {} | {} | {retry} | {} |\n",
            code.as_str(),
            code.status(),
            code.stage().as_str(),
            code.fixer().as_str(),
            code.title()
        ));
    }
    text
}

const REFUSALS_HEAD: &str = "\
<!-- Generated from the catalogue in crates/model by `cargo xtask docs`. Do not edit. -->
# Refusals

A refusal is an answer: it has a stable code, says who can fix it, and is recorded like a permit.
Programs may match on the code; the text beside it may change. Each answer carries an id in
`portreeve-decision`, and `portreeve explain ID` shows what led to it. Requests that prove no
identity (step *authenticate*, status 401, but for `credential_revoked`) are counted, not recorded
one by one: their id is that of the entry which counts them.

*Step* is where the request stopped. *Retry* says whether the same request, unchanged, can pass
later.

| code | status | step | who can fix it | retry | meaning |
|---|---|---|---|---|---|
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_one_row_of_six_cells() {
        let text = refusals();
        let rows: Vec<_> = text.lines().filter(|line| line.starts_with("| `")).collect();
        assert_eq!(rows.len(), RefusalCode::ALL.len());
        for row in rows {
            assert_eq!(row.matches(" | ").count(), 5, "a cell breaks the row: {row}");
        }
    }
}
