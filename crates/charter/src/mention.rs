//! One file being read: the reader, and every name of something declared elsewhere.
//!
//! Mentions are kept apart from the values, so that an unknown seat is reported even where the
//! object that names it could not be read for another reason.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use model::Place;

use crate::fields;
use crate::file_kind::FileKind;
use crate::located::Located;
use crate::yaml::{Fields, Node, Reader, Value};
use crate::{code, problem};

/// What can be named from another place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Person,
    Seat,
    Team,
    Agent,
    Provider,
    Secret,
    Model,
    Context,
}

/// A name of something declared elsewhere, and where it was written.
#[derive(Debug)]
pub(crate) struct Mention {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) place: Place,
}

/// One file being read.
#[derive(Debug)]
pub(crate) struct Sheet<'a> {
    pub(crate) path: &'a str,
    pub(crate) kind: FileKind,
    pub(crate) reader: Reader,
    pub(crate) mentions: Vec<Mention>,
}

impl<'a> Sheet<'a> {
    pub(crate) fn new(path: &'a str, kind: FileKind) -> Self {
        Self { path, kind, reader: Reader::new(path), mentions: Vec::new() }
    }

    /// The file's name without folder and ending.
    pub(crate) fn stem(&self) -> &'a str {
        let name = self.path.rsplit('/').next().unwrap_or(self.path);
        name.strip_suffix(".yaml").unwrap_or(name)
    }

    /// The fields of the object at `parent`, as the table lists them.
    pub(crate) fn fields<'n>(&mut self, node: &'n Node, parent: &str) -> Option<Fields<'n>> {
        self.reader.fields(node, &fields::known(self.kind, parent))
    }

    /// A text as a `T`, with its place.
    pub(crate) fn located<T>(&mut self, node: &Node, help: &str) -> Option<Located<T>>
    where
        T: FromStr<Err: Display>,
    {
        let value = self.reader.parsed(node, help)?;
        Some(Located { value, place: self.reader.place(node.at) })
    }

    /// The name of something declared elsewhere. It is noted, to be looked for later.
    pub(crate) fn mention<T>(&mut self, node: &Node, kind: Kind) -> Option<Located<T>>
    where
        T: FromStr<Err: Display> + Display,
    {
        if let Value::List(_) = &node.value {
            let what = format!("this is a list, and the field takes one {}", kind.word());
            self.reader.object(node.at, code::WRONG_TYPE, what, "name one, without brackets");
            return None;
        }
        let lower = self.reader.peek(node).map(str::to_lowercase);
        let help = match lower.filter(|lower| T::from_str(lower).is_ok()) {
            Some(lower) => format!("names have no upper case: is `{lower}` meant?"),
            None => format!("write the name of a {}", kind.word()),
        };
        let found: Located<T> = self.located(node, &help)?;
        let (name, place) = (found.value.to_string(), found.place.clone());
        self.mentions.push(Mention { kind, name, place });
        Some(found)
    }

    /// A list of such names, none of them twice.
    pub(crate) fn mentions<T>(&mut self, items: &[Node], kind: Kind) -> Option<Vec<Located<T>>>
    where
        T: FromStr<Err: Display> + Display + Clone + Ord,
    {
        let mut whole = true;
        let mut named: Vec<Located<T>> = Vec::new();
        let mut seen = BTreeSet::new();
        for item in items {
            match self.mention::<T>(item, kind) {
                Some(next) if !seen.insert(next.value.clone()) => {
                    let what = format!("`{}` is listed twice", next.value);
                    self.reader.object(item.at, code::DUPLICATE, what, "list it once");
                    whole = false;
                }
                Some(next) => named.push(next),
                None => whole = false,
            }
        }
        whole.then_some(named)
    }

    /// Words of a closed list, none of them twice.
    pub(crate) fn words<T: Copy + PartialEq>(
        &mut self,
        node: &Node,
        known: &[(&str, T)],
    ) -> Option<Vec<T>> {
        let items = self.reader.list(node)?;
        let mut words = Vec::new();
        for item in items {
            match self.reader.one_of(item, known) {
                Some(word) if words.contains(&word) => {
                    let what = "the same word is listed twice".to_owned();
                    self.reader.object(item.at, code::DUPLICATE, what, "list it once");
                }
                Some(word) => words.push(word),
                None => {}
            }
        }
        (words.len() == items.len()).then_some(words)
    }

    /// The object's own name, which is the name of the file.
    pub(crate) fn own_name<T>(&mut self, node: &Node) -> Option<T>
    where
        T: FromStr<Err: Display> + AsRef<str>,
    {
        let help = "name the file and the object alike";
        let name: T = self.reader.parsed(node, help)?;
        let stem = self.stem();
        if name.as_ref() == stem {
            return Some(name);
        }
        let what = format!(
            "the name is `{}` but the file is `{}`",
            name.as_ref(),
            problem::shown(self.path)
        );
        let help = format!("write `name: {stem}`, or rename the file");
        self.reader.object(node.at, code::NAME_MISMATCH, what, &help);
        None
    }

    /// What something is for, on one line or more, copied.
    pub(crate) fn purpose(&mut self, node: &Node) -> Option<String> {
        self.reader.lines(node).map(ToOwned::to_owned)
    }

    /// A text of one line, copied.
    pub(crate) fn text(&mut self, node: &Node) -> Option<String> {
        self.reader.text(node).map(ToOwned::to_owned)
    }
}
