//! What is wrong with a governed file, said so that its owner can mend it.

use std::fmt;

/// A place in a file: 1-based line and column, the path relative to the charter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Path relative to the charter's root, with `/`.
    pub file: String,
    /// Line, from 1; 0 where the problem is the whole file.
    pub line: usize,
    /// Column in characters, from 1; 0 where the problem is the whole line or file.
    pub column: usize,
    /// How many characters of the line are meant; 0 where only their beginning is known.
    pub chars: usize,
}

/// One problem: where, what, who can fix it and how.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where it is.
    pub place: Place,
    /// A stable code, as in `unknown-field`.
    pub code: &'static str,
    /// What is wrong, in a sentence that names the value.
    pub what: String,
    /// Who can fix it: a seat or team of the charter, or "whoever edits this file".
    pub who: String,
    /// What to write instead.
    pub help: String,
}

/// All problems of a charter, sorted by place.
pub type Problems = Vec<Problem>;

impl Place {
    /// The whole of `file`.
    #[must_use]
    pub fn file(file: impl Into<String>) -> Self {
        Self { file: file.into(), line: 0, column: 0, chars: 0 }
    }

    /// `file` at a 1-based line and column.
    #[must_use]
    pub fn at(file: impl Into<String>, line: usize, column: usize) -> Self {
        Self { file: file.into(), line, column, chars: 0 }
    }

    /// The same, where so many characters of the line are meant.
    #[must_use]
    pub fn spanning(self, chars: usize) -> Self {
        Self { chars, ..self }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (0, _) => out.write_str(&self.file),
            (line, 0) => write!(out, "{}:{line}", self.file),
            (line, column) => write!(out, "{}:{line}:{column}", self.file),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, code, what, who, help } = self;
        write!(out, "{place}: {what} [{code}]\n  who can fix: {who}\n  help: {help}")
    }
}
