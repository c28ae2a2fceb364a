//! Reads values out of the tree and collects what is wrong with them. It never stops at the
//! first problem, and never reports a value that was refused before.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use model::{Place, Problem, Problems};

use super::node::{Entry, Node, Position, Scalar, Value};
use crate::suggest::{self, listed};
use crate::{code, problem};

/// Longest text of one field, in characters.
pub(crate) const TEXT_CHARS_MAX: usize = 4_096;

/// A field that an object may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether it must be there.
    pub required: bool,
    /// What it is for, as the help of a missing one says.
    pub what: &'a str,
}

/// The fields of one object that are there and known.
#[derive(Debug, Clone)]
pub struct Fields<'n> {
    /// Where the object begins.
    pub at: Position,
    entries: BTreeMap<&'n str, &'n Node>,
}

/// Reads one file and collects its problems.
#[derive(Debug)]
pub struct Reader {
    file: String,
    problems: Problems,
}

impl<'a> Known<'a> {
    /// A field that must be there.
    #[must_use]
    pub const fn required(name: &'a str, what: &'a str) -> Self {
        Self { name, required: true, what }
    }

    /// A field that may be left out.
    #[must_use]
    pub const fn optional(name: &'a str, what: &'a str) -> Self {
        Self { name, required: false, what }
    }
}

impl<'n> Fields<'n> {
    /// The value of a field, where it is written.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'n Node> {
        self.entries.get(name).copied()
    }

    /// What `read` makes of a field that must be there. A missing one was reported already.
    pub fn required<T>(&self, name: &str, read: impl FnOnce(&'n Node) -> Option<T>) -> Option<T> {
        self.get(name).and_then(read)
    }

    /// What `read` makes of a field, `Some(None)` where it is left out, and nothing where it is
    /// there and cannot be read.
    pub fn optional<T>(
        &self,
        name: &str,
        read: impl FnOnce(&'n Node) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.get(name) {
            None => Some(None),
            Some(node) => read(node).map(Some),
        }
    }

    /// What `read` makes of a field, or `default` where it is left out.
    pub fn or<T>(
        &self,
        name: &str,
        default: T,
        read: impl FnOnce(&'n Node) -> Option<T>,
    ) -> Option<T> {
        self.optional(name, read).map(|value| value.unwrap_or(default))
    }
}

impl Reader {
    /// A reader for the file that problems call `file`.
    #[must_use]
    pub fn new(file: impl Into<String>) -> Self {
        Self { file: file.into(), problems: Vec::new() }
    }

    /// A position in this file as a place.
    #[must_use]
    pub fn place(&self, at: Position) -> Place {
        problem::place(&self.file, at)
    }

    /// Everything that was wrong, in the order it was read.
    #[must_use]
    pub fn into_problems(self) -> Problems {
        self.problems
    }

    /// Reports a problem at `at`. Control characters in the words are written as escapes.
    pub fn object(&mut self, at: Position, code: &'static str, what: String, help: &str) {
        let place = self.place(at);
        self.problems.push(Problem { place, ..problem::file(&self.file, code, what, help) });
    }

    /// Reports a problem of this file that was worded elsewhere.
    pub(crate) fn report(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// The fields of an object. Unknown and missing ones are reported.
    pub fn fields<'n>(&mut self, node: &'n Node, known: &[Known<'_>]) -> Option<Fields<'n>> {
        let mut entries = BTreeMap::new();
        let mut meant = Vec::new();
        for entry in self.entries(node)? {
            if known.iter().any(|known| known.name == entry.key) {
                entries.insert(entry.key.as_str(), &entry.node);
            } else {
                meant.extend(self.unknown_field(entry, known));
            }
        }
        // A field that is misspelt is not missing as well: one slip is one problem.
        for missing in known.iter().filter(|known| known.required && !meant.contains(&known.name)) {
            if !entries.contains_key(missing.name) {
                let what = format!("missing field `{}`", missing.name);
                let help = format!("add `{}:` ({})", missing.name, missing.what);
                self.object(node.at, code::MISSING_FIELD, what, &help);
            }
        }
        Some(Fields { at: node.at, entries })
    }

    /// The entries of a mapping whose keys are names of its own.
    pub fn entries<'n>(&mut self, node: &'n Node) -> Option<&'n [Entry]> {
        match &node.value {
            Value::Mapping(entries) => Some(entries),
            Value::Null | Value::Scalar(_) | Value::List(_) | Value::Refused => {
                self.wrong(node, "a mapping, as in `name: value`");
                None
            }
        }
    }

    /// The items of a list.
    pub fn list<'n>(&mut self, node: &'n Node) -> Option<&'n [Node]> {
        match &node.value {
            Value::List(items) => Some(items),
            Value::Null | Value::Scalar(_) | Value::Mapping(_) | Value::Refused => {
                self.wrong(node, "a list, as in `[a, b]`");
                None
            }
        }
    }

    /// The items of a list that has at least one.
    pub fn filled_list<'n>(&mut self, node: &'n Node) -> Option<&'n [Node]> {
        let items = self.list(node)?;
        if items.is_empty() {
            let what = "the list is empty".to_owned();
            self.object(node.at, code::EMPTY_VALUE, what, "list at least one");
            return None;
        }
        Some(items)
    }

    /// A text that says something, on one line. Whoever prints it may give it a line of its own
    /// and need not fear that it begins another.
    pub fn text<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        let text = self.lines(node)?;
        if text.contains('\n') {
            let what = "the text has a line break".to_owned();
            self.object(node.at, code::BAD_VALUE, what, "write it on one line");
            return None;
        }
        Some(text)
    }

    /// A text that says something, on one line or more.
    pub fn lines<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        let scalar = self.scalar(node, "a text")?;
        if let Some(other) = scalar.other_than_text() {
            let what = format!("`{}` is {other}, not a text", problem::shown(&scalar.text));
            self.object(node.at, code::WRONG_TYPE, what, "put it in quotes");
            return None;
        }
        if scalar.text.trim().is_empty() {
            let what = "the text is empty".to_owned();
            self.object(node.at, code::EMPTY_VALUE, what, "say it in a few words");
            return None;
        }
        if scalar.text.chars().count() > TEXT_CHARS_MAX {
            let what = format!("the text has more than {TEXT_CHARS_MAX} characters");
            self.object(node.at, code::BAD_VALUE, what, "say it shorter");
            return None;
        }
        Some(&scalar.text)
    }

    /// A text that `T` can be read from; `T`'s own error says what is wrong.
    pub fn parsed<T>(&mut self, node: &Node, help: &str) -> Option<T>
    where
        T: FromStr<Err: Display>,
    {
        let text = self.text(node)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.object(node.at, code::BAD_VALUE, error.to_string(), help);
                None
            }
        }
    }

    /// One of a closed list of words.
    pub fn one_of<T: Copy>(&mut self, node: &Node, words: &[(&str, T)]) -> Option<T> {
        let scalar = self.scalar(node, "one word")?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == scalar.text) {
            return Some(*value);
        }
        let what = format!("`{}` is not allowed here", problem::shown(&scalar.text));
        let allowed: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        let help = format!("write {}", listed(&allowed, "or"));
        self.object(node.at, code::BAD_VALUE, what, &help);
        None
    }

    /// A whole number within `range`, in plain decimal digits.
    pub fn integer(&mut self, node: &Node, range: RangeInclusive<u64>) -> Option<u64> {
        let (low, high) = (range.start(), range.end());
        let expected = format!("a whole number from {low} to {high}");
        let scalar = self.scalar(node, &expected)?;
        let text = scalar.text.as_str();
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let well_written = scalar.plain && digits && (text == "0" || !text.starts_with('0'));
        match text.parse() {
            Ok(number) if well_written && range.contains(&number) => return Some(number),
            Ok(_) | Err(_) => {}
        }
        let what = format!("`{}` is not {expected}", problem::shown(text));
        if well_written {
            self.object(node.at, code::BAD_VALUE, what, &format!("write {expected}"));
        } else {
            let help = "write plain digits, without quotes, sign or unit";
            self.object(node.at, code::WRONG_TYPE, what, help);
        }
        None
    }

    /// `true` or `false`.
    pub fn flag(&mut self, node: &Node) -> Option<bool> {
        let scalar = self.scalar(node, "`true` or `false`")?;
        match scalar.text.as_str() {
            "true" if scalar.plain => return Some(true),
            "false" if scalar.plain => return Some(false),
            _ => {}
        }
        let what = format!("`{}` is neither true nor false", problem::shown(&scalar.text));
        self.object(node.at, code::WRONG_TYPE, what, "write `true` or `false`, without quotes");
        None
    }

    /// The characters of a single value, where it is one; nothing is reported.
    pub(crate) fn peek<'n>(&self, node: &'n Node) -> Option<&'n str> {
        match &node.value {
            Value::Scalar(scalar) => Some(&scalar.text),
            Value::Null | Value::List(_) | Value::Mapping(_) | Value::Refused => None,
        }
    }

    /// The characters of a single value, whatever YAML would read them as.
    pub(crate) fn written<'n>(&mut self, node: &'n Node, expected: &str) -> Option<&'n str> {
        self.scalar(node, expected).map(|scalar| scalar.text.as_str())
    }

    fn scalar<'n>(&mut self, node: &'n Node, expected: &str) -> Option<&'n Scalar> {
        match &node.value {
            Value::Scalar(scalar) => Some(scalar),
            Value::Null | Value::List(_) | Value::Mapping(_) | Value::Refused => {
                self.wrong(node, expected);
                None
            }
        }
    }

    fn wrong(&mut self, node: &Node, expected: &str) {
        match &node.value {
            Value::Refused => {}
            Value::Null => {
                let what = "the field has no value".to_owned();
                self.object(node.at, code::EMPTY_VALUE, what, &format!("write {expected}"));
            }
            other @ (Value::Scalar(_) | Value::List(_) | Value::Mapping(_)) => {
                let what = format!("this is {}", other.kind());
                self.object(node.at, code::WRONG_TYPE, what, &format!("write {expected}"));
            }
        }
    }

    /// Reports a field that is none, and gives the one that is meant, where it is near.
    fn unknown_field<'k>(&mut self, entry: &Entry, known: &[Known<'k>]) -> Option<&'k str> {
        let what = format!("unknown field `{}`", problem::shown(&entry.key));
        let names = known.iter().map(|known| known.name);
        let near = suggest::nearest(&entry.key, names.clone());
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the fields here are {}", listed(&names.collect::<Vec<_>>(), "and")),
        };
        self.object(entry.at, code::UNKNOWN_FIELD, what, &help);
        near
    }
}
