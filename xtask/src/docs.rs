//! Reference pages that are generated from the code, so that they cannot say something else.
//!
//! It writes only the pages it lists. A page is added by a function that returns its text.

use std::fs;

use anyhow::{Context as _, Result};
use model::{RefusalCode, Retry};

use crate::Verdict;
use crate::place::Place;

/// A generated page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    /// Where it lies in the checkout.
    pub(crate) path: &'static str,
    /// What it says.
    pub(crate) text: String,
}

/// Every generated page, as it is now.
pub(crate) fn pages() -> Vec<Page> {
    vec![
        Page { path: "docs/reference/charter.md", text: charter::reference_page() },
        Page { path: "docs/reference/metrics.md", text: telemetry::reference_page() },
        Page { path: "docs/reference/refusals.md", text: refusals() },
    ]
}

/// Writes every page.
pub(crate) fn write() -> Result<Verdict> {
    let root = Place::find()?.root;
    for page in pages() {
        let path = root.join(page.path);
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
        let current = fs::read_to_string(root.join(page.path)).is_ok_and(|text| text == page.text);
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
