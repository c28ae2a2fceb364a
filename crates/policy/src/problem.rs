//! Cedar's diagnostics as problems with a place, in words their reader can act on.

use miette::Diagnostic;
use model::{Problem, printable};

use crate::compile::PolicySource;
use crate::locate;

/// Most words that a message lists as expected.
const EXPECTED_MAX: usize = 4;

/// So many characters at the beginning or the end make two words alike.
const ALIKE_CHARS: usize = 3;

/// Who can fix a file whose owner is not known.
pub(crate) const EDITOR: &str = "whoever edits this file";

/// The problem that `diagnostic` reports in `source`; `fallback` is the offset where it has none.
pub(crate) fn from_cedar(
    source: &PolicySource,
    diagnostic: &dyn Diagnostic,
    code: &'static str,
    fallback: usize,
) -> Problem {
    let label = diagnostic.labels().and_then(|mut labels| labels.next());
    let (offset, bytes) = label.map_or((fallback, 0), |label| (label.offset(), label.len()));
    // What goes on over several lines is shown on the first.
    let meant = source.text.get(offset..offset.saturating_add(bytes)).unwrap_or_default();
    let chars = meant.lines().next().unwrap_or_default().chars().count();
    let help = diagnostic.help().map(|help| plain(&help.to_string()).to_owned());
    let help = help.filter(|help| is_a_help(plain(&diagnostic.to_string()), help));
    Problem {
        place: locate::place(&source.path, &source.text, offset).spanning(chars),
        code,
        what: said(diagnostic),
        who: EDITOR.to_owned(),
        help: help.unwrap_or_else(|| own_help(source, code, &diagnostic.to_string())),
    }
}

/// Whether Cedar's `help` is one. Where nothing is near, it guesses all the same, and another word
/// each time; a guess is taken where it begins or ends like the word that was not known.
fn is_a_help(message: &str, help: &str) -> bool {
    let name = |text: &str| text.split('`').nth(1).map(str::to_lowercase);
    if !help.starts_with("did you mean") {
        return true;
    }
    let (Some(given), Some(guessed)) = (name(message), name(help)) else { return true };
    let last = |name: &str| name.rsplit("::").next().unwrap_or_default().replace('"', "");
    let (given, guessed) = (last(&given), last(&guessed));
    let alike = |left: &mut dyn Iterator<Item = char>, right: &mut dyn Iterator<Item = char>| {
        left.zip(right).take_while(|(one, other)| one == other).count() >= ALIKE_CHARS
    };
    alike(&mut given.chars(), &mut guessed.chars())
        || alike(&mut given.chars().rev(), &mut guessed.chars().rev())
}

/// What helps where Cedar says nothing.
fn own_help(source: &PolicySource, code: &str, message: &str) -> String {
    let set = source.set.as_str();
    match code {
        "policy-syntax" if message.contains("has no fields") || message.contains("variable") => {
            "a policy reads `principal`, `action`, `resource` and `context`, and nothing else"
                .to_owned()
        }
        "policy-syntax" => "look just before this place: a `;`, a `,`, or a bracket or quote that \
                            is not closed"
            .to_owned(),
        _ => format!("`portreeve policy schema {set}` shows what each action takes"),
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
    // A list of all that might stand here is the grammar, which helps nobody.
    match label.filter(|label| label.matches('`').count() <= 2 * EXPECTED_MAX) {
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
