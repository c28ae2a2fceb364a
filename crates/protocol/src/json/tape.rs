//! A scanned body as a flat list of values, and a cursor over it. Never copies the body.

use std::borrow::Cow;
use std::ops::Range;

use super::text;

/// What stands at a place in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `{...}`; its keys and values follow it on the tape.
    Object,
    /// `[...]`; its elements follow it on the tape.
    Array,
    /// A key; its value follows it on the tape.
    Key,
    /// A string.
    String,
    /// A number.
    Number,
    /// `true`.
    True,
    /// `false`.
    False,
    /// `null`.
    Null,
}

/// One value: where it stands, and where on the tape the next one begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) next: u32,
    pub(super) kind: Kind,
    /// A string or key that holds an escape.
    pub(super) escaped: bool,
}

/// A body that passed the scan.
#[derive(Debug)]
pub(crate) struct Tape<'b> {
    pub(super) text: &'b str,
    pub(super) nodes: Vec<Node>,
}

/// One value on the tape.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value<'t> {
    tape: &'t Tape<'t>,
    node: Node,
    at: u32,
}

/// The keys or elements directly inside a container, one after the other.
struct Children<'t> {
    tape: &'t Tape<'t>,
    at: u32,
    end: u32,
}

impl Tape<'_> {
    /// The body's object.
    pub(crate) fn root(&self) -> Option<Value<'_>> {
        self.value(0)
    }

    fn value(&self, at: u32) -> Option<Value<'_>> {
        let node = *self.nodes.get(usize::try_from(at).ok()?)?;
        Some(Value { tape: self, node, at })
    }
}

impl<'t> Value<'t> {
    /// What it is.
    pub(crate) const fn kind(self) -> Kind {
        self.node.kind
    }

    /// Where it stands in the body, quotes and brackets included.
    pub(crate) fn span(self) -> Range<usize> {
        // A u32 fits a usize wherever a body of that size fits in memory.
        let place = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
        place(self.node.start)..place(self.node.end)
    }

    /// The members of an object; nothing for anything else.
    pub(crate) fn members(self) -> impl Iterator<Item = (Cow<'t, str>, Self)> {
        let inside = (self.node.kind == Kind::Object).then(|| self.children());
        inside.into_iter().flatten().filter_map(|key| Some((key.unescaped()?, key.following()?)))
    }

    /// The elements of an array; nothing for anything else.
    pub(crate) fn elements(self) -> impl Iterator<Item = Self> {
        let inside = (self.node.kind == Kind::Array).then(|| self.children());
        inside.into_iter().flatten()
    }

    /// The text of a string.
    pub(crate) fn string(self) -> Option<Cow<'t, str>> {
        (self.node.kind == Kind::String).then(|| self.unescaped()).flatten()
    }

    /// A number that is written as a whole one and fits; `5.0` and `5e0` are not.
    pub(crate) fn whole_number(self) -> Option<u64> {
        (self.node.kind == Kind::Number).then(|| self.raw()?.parse().ok()).flatten()
    }

    /// `true` or `false`.
    pub(crate) const fn boolean(self) -> Option<bool> {
        match self.node.kind {
            Kind::True => Some(true),
            Kind::False => Some(false),
            Kind::Object | Kind::Array | Kind::Key | Kind::String | Kind::Number | Kind::Null => {
                None
            }
        }
    }

    /// Whether it is `null`.
    pub(crate) fn is_null(self) -> bool {
        self.node.kind == Kind::Null
    }

    pub(super) fn raw(self) -> Option<&'t str> {
        self.tape.text.get(self.span())
    }

    fn unescaped(self) -> Option<Cow<'t, str>> {
        text::unescape(self.raw()?, self.node.escaped)
    }

    /// What stands right behind it on the tape: a key's value.
    fn following(self) -> Option<Self> {
        self.tape.value(self.at.saturating_add(1))
    }

    const fn children(self) -> Children<'t> {
        Children { tape: self.tape, at: self.at.saturating_add(1), end: self.node.next }
    }
}

impl<'t> Iterator for Children<'t> {
    type Item = Value<'t>;

    fn next(&mut self) -> Option<Value<'t>> {
        if self.at >= self.end {
            return None;
        }
        let value = self.tape.value(self.at)?;
        let last = if value.node.kind == Kind::Key { value.following()? } else { value };
        self.at = last.node.next;
        Some(value)
    }
}
