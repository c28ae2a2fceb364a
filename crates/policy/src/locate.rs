//! Where things stand in a policy file: policies, annotations, lines and columns.
//!
//! Cedar keeps each policy's text as written and numbers the policies of a file in order; what
//! stands between two policies is white space and comments. So positions follow from the text,
//! and a commented-out copy of a policy is never taken for the policy.

use cedar_policy::{Policy, PolicySet};
use model::Place;

/// A statement of a file, with its position in bytes.
#[derive(Debug)]
pub(crate) struct Statement {
    /// Where its first annotation, or its effect, begins.
    pub(crate) start: usize,
    /// Just after its semicolon.
    pub(crate) end: usize,
    /// Its text.
    pub(crate) text: String,
    /// The policy; none for a template, which is no policy yet.
    pub(crate) policy: Option<Policy>,
}

/// The statements of a parsed file, in order.
pub(crate) fn statements(text: &str, set: &PolicySet) -> Vec<Statement> {
    let policies = set.policies().map(|policy| {
        let text = policy.to_cedar().unwrap_or_default();
        (number(policy.id().as_ref()), text, Some(policy.clone()))
    });
    let templates =
        set.templates().map(|template| (number(template.id().as_ref()), template.to_cedar(), None));
    let mut found: Vec<_> = policies.chain(templates).collect();
    found.sort_by_key(|(number, ..)| *number);

    let mut end = 0;
    found
        .into_iter()
        .map(|(_, statement, policy)| {
            let start = end + blank(text.get(end..).unwrap_or_default());
            end = start + statement.len();
            Statement { start, end, text: statement, policy }
        })
        .collect()
}

/// The place of byte `offset` of the file `path`.
pub(crate) fn place(path: &str, text: &str, offset: usize) -> Place {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
    Place::at(path, line(text, offset), column)
}

/// The line of byte `offset`, from 1.
pub(crate) fn line(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or(text);
    before.bytes().filter(|byte| *byte == b'\n').count() + 1
}

/// Where the annotation `name` begins in `statement`.
pub(crate) fn annotation(statement: &str, name: &str) -> Option<usize> {
    code(statement).find_map(|(offset, character)| {
        let after = statement.get(offset..)?.strip_prefix('@')?.trim_start().strip_prefix(name)?;
        let ends = !after.starts_with(|next: char| next.is_alphanumeric() || next == '_');
        (character == '@' && ends).then_some(offset)
    })
}

/// Where `word` stands in `statement` after `earlier` others of it.
pub(crate) fn word(statement: &str, word: &str, earlier: usize) -> Option<usize> {
    let of_word = |character: char| character.is_alphanumeric() || character == '_';
    let mut previous = ' ';
    let mut starts = code(statement).filter_map(|(offset, character)| {
        let begins = !of_word(std::mem::replace(&mut previous, character));
        let after = statement.get(offset..)?.strip_prefix(word)?;
        (begins && !after.starts_with(of_word)).then_some(offset)
    });
    starts.nth(earlier)
}

/// The number in Cedar's own id of a statement (`policy12`).
fn number(id: &str) -> usize {
    id.trim_start_matches(|character: char| !character.is_ascii_digit()).parse().unwrap_or(0)
}

/// How many bytes of white space and comments `text` begins with.
fn blank(text: &str) -> usize {
    let mut rest = text.trim_start();
    while let Some(comment) = rest.strip_prefix("//") {
        let end = comment.find(['\n', '\r']).unwrap_or(comment.len());
        rest = comment.get(end..).unwrap_or_default().trim_start();
    }
    text.len() - rest.len()
}

/// The characters of `text` that are neither in a comment nor in a string, with their offsets.
pub(crate) fn code(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut state = State::Code;
    text.char_indices().filter(move |(offset, character)| {
        let was = state;
        let opens_comment = || text.get(*offset..).is_some_and(|rest| rest.starts_with("//"));
        state = match (state, character) {
            (State::Code, '"') => State::Text,
            (State::Code, '/') if opens_comment() => State::Comment,
            (State::Comment, '\n' | '\r') | (State::Text, '"') => State::Code,
            (State::Text, '\\') => State::Escape,
            (State::Escape, _) => State::Text,
            (state, _) => state,
        };
        was == State::Code && state == State::Code
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Code,
    Comment,
    Text,
    Escape,
}
