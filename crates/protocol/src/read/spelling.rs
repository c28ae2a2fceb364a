//! How the names of an object's members may be spelt, and which keys some reader would take for one.

use crate::json::same_name;

/// How the names of an object may be spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As in the table.
    AsNamed,
    /// As in the table, in camel case, or in snake case: both forms of protocol buffers' JSON.
    CamelOrSnake,
}

impl Spelling {
    /// Whether `key` is a way to write `name`.
    pub(super) fn is_exact(self, name: &str, key: &str) -> bool {
        name == key || (self == Self::CamelOrSnake && is_snake_case_of(key, name))
    }

    /// Whether some reader would take `key` for `name`.
    pub(super) fn is_alike(self, name: &str, key: &str) -> bool {
        match self {
            Self::AsNamed => same_name(key, name),
            Self::CamelOrSnake => is_same_without_underscores(key, name),
        }
    }
}

/// Whether `key` is the camel-case `name` with each capital written as `_` and a small letter.
fn is_snake_case_of(key: &str, name: &str) -> bool {
    let mut rest = key.bytes();
    let all = name.bytes().all(|letter| {
        let underscore = !letter.is_ascii_uppercase() || rest.next() == Some(b'_');
        underscore && rest.next() == Some(letter.to_ascii_lowercase())
    });
    all && rest.next().is_none()
}

/// Whether the two differ in case and in underscores only. `name` is ASCII.
fn is_same_without_underscores(key: &str, name: &str) -> bool {
    if key.is_ascii() {
        return small_letters(key).eq(small_letters(name));
    }
    // The copies are as long as the name at most, but for its letters' size.
    let count = key.chars().filter(|letter| *letter != '_').count();
    count == small_letters(name).count() && same_name(&key.replace('_', ""), &name.replace('_', ""))
}

/// The letters of an ASCII text but for its underscores, each in its small form.
fn small_letters(text: &str) -> impl Iterator<Item = u8> {
    text.bytes().filter(|letter| *letter != b'_').map(|letter| letter.to_ascii_lowercase())
}
