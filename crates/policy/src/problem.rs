//! Cedar's diagnostics as problems with a place, in words their reader can act on.

use miette::Diagnostic;
use model::Problem;

use crate::compile::PolicySource;
use crate::locate;

/// Who can fix a file whose owner is not known.
pub(crate) const EDITOR: &str = "whoever edits this file";

/// The problem that `diagnostic` reports in `source`; `fallback` is the offset where it has none.
pub(crate) fn from_cedar(
    source: &PolicySource,
    diagnostic: &dyn Diagnostic,
    code: &'static str,
    fallback: usize,
) -> Problem {
    let offset = diagnostic
        .labels()
        .and_then(|mut labels| labels.next())
        .map_or(fallback, |label| label.offset());
    let help = diagnostic.help().map(|help| help.to_string());
    Problem {
        place: locate::place(&source.path, &source.text, offset),
        code,
        what: said(diagnostic),
        who: EDITOR.to_owned(),
        help: help.unwrap_or_else(|| "docs/reference/policy.md describes the schema".to_owned()),
    }
}

/// The message and, where the label adds something, what stands at the place.
fn said(diagnostic: &dyn Diagnostic) -> String {
    let label = diagnostic
        .labels()
        .and_then(|mut labels| labels.next())
        .and_then(|label| label.label().map(ToOwned::to_owned));
    match label {
        Some(label) => format!("{diagnostic}: {label}"),
        None => diagnostic.to_string(),
    }
}
