//! Cedar's diagnostics as problems with a place, in words their reader can act on.

use miette::Diagnostic;
use model::{Problem, printable};

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
    let help = diagnostic.help().map(|help| plain(&help.to_string()).to_owned());
    Problem {
        place: locate::place(&source.path, &source.text, offset),
        code,
        what: said(diagnostic),
        who: EDITOR.to_owned(),
        help: help.unwrap_or_else(|| "docs/reference/policy.md describes the schema".to_owned()),
    }
}

/// The problem in words that a terminal shows as they are.
pub(crate) fn shown(problem: Problem) -> Problem {
    let Problem { place, code, what, who, help } = problem;
    Problem { place, code, what: printable(&what), who: printable(&who), help: printable(&help) }
}

/// The message and, where the label adds something, what stands at the place.
fn said(diagnostic: &dyn Diagnostic) -> String {
    let message = diagnostic.to_string();
    let label = diagnostic
        .labels()
        .and_then(|mut labels| labels.next())
        .and_then(|label| label.label().map(ToOwned::to_owned));
    match label {
        Some(label) => format!("{}: {label}", plain(&message)),
        None => plain(&message).to_owned(),
    }
}

/// `text` without Cedar's own name of the policy (``for policy `policy0`, ``): the place says
/// which policy is meant.
fn plain(text: &str) -> &str {
    let named = text.strip_prefix("for policy `").and_then(|rest| rest.split_once('`'));
    named.map_or(text, |(_, rest)| rest.trim_start_matches([',', ':', ' ']))
}
