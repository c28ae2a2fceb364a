//! The located tree. Plain data: it judges nothing.

use std::fmt;

/// Where a value begins: 1-based line, and column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// One value and where it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Where.
    pub at: Position,
    /// What.
    pub value: Value,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing was written, or `null` or `~`.
    Null,
    /// One text.
    Scalar(Scalar),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the file, no key twice.
    Mapping(Vec<Entry>),
    /// Something a problem was already reported for; readers pass over it in silence.
    Refused,
}

/// A text as YAML gives it.
#[derive(Clone, PartialEq, Eq)]
pub struct Scalar {
    /// The text, with escapes undone.
    pub text: String,
    /// Written without quotes, so that `true` and `1` are not texts.
    pub plain: bool,
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key begins.
    pub at: Position,
    /// The value.
    pub node: Node,
}

impl Value {
    /// The kind of value in words.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Scalar(_) => "a single value",
            Self::List(_) => "a list",
            Self::Mapping(_) => "a mapping",
            Self::Refused => "a refused value",
        }
    }
}

impl Scalar {
    /// What YAML's core schema (YAML 1.2.2, 10.3.2) reads an unquoted text as, where that is
    /// not text.
    #[must_use]
    pub fn other_than_text(&self) -> Option<&'static str> {
        if !self.plain {
            return None;
        }
        match self.text.as_str() {
            "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => Some("true or false"),
            text if is_number(text) => Some("a number"),
            _ => None,
        }
    }
}

impl fmt::Debug for Scalar {
    /// The text may be a secret written here by mistake, so only its size is shown.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Scalar({} bytes, plain: {})", self.text.len(), self.plain)
    }
}

fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let based = text.strip_prefix("0x").or_else(|| text.strip_prefix("0o"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let special =
        matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN");
    let begins = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    special
        || based.is_some_and(digits)
        || (unsigned.bytes().next().is_some_and(begins) && unsigned.parse::<f64>().is_ok())
}
