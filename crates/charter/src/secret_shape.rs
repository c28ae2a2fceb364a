//! Whether something looks like a secret. A charter is copied, reviewed and kept for years, so
//! it names secrets and never holds one; what looks like one is refused before it spreads.
//!
//! It judges shapes alone, and no message repeats what it found.

use model::{Problem, Problems};

use crate::yaml::{Entry, Node, Position, Scalar, Value};
use crate::{code, problem, ssh_line};

/// Beginnings that vendors give their keys, and the fewest characters that follow.
const PREFIXES: &[(&str, usize)] = &[
    ("sk-", 20),
    ("sk_live_", 16),
    ("sk_test_", 16),
    ("ghp_", 30),
    ("gho_", 30),
    ("github_pat_", 30),
    ("glpat-", 16),
    ("xoxb-", 20),
    ("xoxp-", 20),
    ("AKIA", 16),
    ("AIza", 30),
    ("hf_", 30),
    ("gsk_", 30),
    ("eyJhbGciOi", 20),
];

/// Beginnings of private keys in files.
const BLOCKS: &[&str] = &["-----BEGIN ", "PRIVATE+KEY+"];

/// Shortest text that is taken for random.
const RANDOM_CHARS_MIN: usize = 32;

/// The tree without values that look like secrets: each is reported and refused, so that no
/// later message repeats it.
pub(crate) fn refuse(file: &str, node: Node, problems: &mut Problems) -> Node {
    let Node { at, value } = node;
    let value = match value {
        Value::Scalar(scalar) if is_secret(&scalar) => {
            problems.push(found(file, at));
            Value::Refused
        }
        Value::List(items) => {
            Value::List(items.into_iter().map(|item| refuse(file, item, problems)).collect())
        }
        Value::Mapping(entries) => Value::Mapping(
            entries.into_iter().filter_map(|entry| refuse_entry(file, entry, problems)).collect(),
        ),
        other @ (Value::Null | Value::Scalar(_) | Value::Refused) => other,
    };
    Node { at, value }
}

/// What looks like a vendor's key anywhere in a text, comments included.
pub(crate) fn in_text(file: &str, text: &str) -> Problems {
    let mut problems = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        let at = |column: usize| Position { line: index + 1, column: column + 1 };
        let block = BLOCKS.iter().find_map(|block| line.find(block));
        let word =
            block.or_else(|| words(line).find(|(_, word)| has_prefix(word)).map(|(at, _)| at));
        if let Some(start) = word {
            let column = line.get(..start).map_or(0, |before| before.chars().count());
            problems.push(found(file, at(column)));
        }
    }
    problems
}

/// Whether a message that quotes `line` of the file `text` might repeat a secret: something in the
/// file has a vendor's form, or something in the line reads like random bytes.
#[must_use]
pub fn may_hold_secret(text: &str, line: &str) -> bool {
    let public = ssh_line::KINDS.iter().any(|kind| line.contains(kind));
    !in_text("", text).is_empty() || (!public && looks_secret(line))
}

fn refuse_entry(file: &str, entry: Entry, problems: &mut Problems) -> Option<Entry> {
    let Entry { key, at, node } = entry;
    if looks_secret(&key) {
        problems.push(found(file, at));
        return None;
    }
    Some(Entry { key, at, node: refuse(file, node, problems) })
}

fn found(file: &str, at: Position) -> Problem {
    let what = "this looks like a secret, and a charter never holds one".to_owned();
    let help = "remove it, treat it as leaked, and seal its successor with `portreeve secret put`";
    problem::at(problem::place(file, at), code::SECRET_IN_CHARTER, what, help)
}

fn is_secret(scalar: &Scalar) -> bool {
    let public = ssh_line::KINDS
        .iter()
        .any(|kind| scalar.text.strip_prefix(kind).is_some_and(|rest| rest.starts_with(' ')));
    !public && looks_secret(&scalar.text)
}

fn looks_secret(text: &str) -> bool {
    BLOCKS.iter().any(|block| text.contains(block))
        || words(text).any(|(_, word)| has_prefix(word) || is_random(word))
}

/// The runs of characters that keys are made of, each with its offset.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let part = |character: char| character.is_ascii_alphanumeric() || "-_+/=".contains(character);
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = text.get(from..)?;
        let start = from + rest.find(part)?;
        let word = text.get(start..)?.split(|character| !part(character)).next()?;
        from = start + word.len();
        Some((start, word))
    })
}

fn has_prefix(word: &str) -> bool {
    // A key may follow `name=` or stand within a URL.
    word.split(['/', '+', '=']).any(is_vendor_key)
}

fn is_vendor_key(word: &str) -> bool {
    // Words of small letters and hyphens alone are names: `sk-` is a language, too.
    let unlike_a_name = |byte: u8| !byte.is_ascii_lowercase() && byte != b'-';
    PREFIXES.iter().any(|(prefix, least)| {
        word.strip_prefix(prefix)
            .is_some_and(|rest| rest.len() >= *least && rest.bytes().any(unlike_a_name))
    })
}

/// Whether a word reads like random bytes in base64 or hexadecimal: long, and changing between
/// upper case, lower case and digits as no word of a language does.
fn is_random(word: &str) -> bool {
    if word.len() < RANDOM_CHARS_MIN {
        return false;
    }
    let hex = word.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    if hex && digits > 0 && digits < word.len() {
        return true;
    }
    let classes: Vec<Class> = word.bytes().filter_map(class).collect();
    let of_each =
        [Class::Upper, Class::Lower, Class::Digit].iter().all(|one| classes.contains(one));
    let changes = classes.windows(2).filter(|pair| pair.first() != pair.last()).count();
    of_each && changes * 5 >= classes.len() * 2
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Upper,
    Lower,
    Digit,
}

const fn class(byte: u8) -> Option<Class> {
    match byte {
        b'A'..=b'Z' => Some(Class::Upper),
        b'a'..=b'z' => Some(Class::Lower),
        b'0'..=b'9' => Some(Class::Digit),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
