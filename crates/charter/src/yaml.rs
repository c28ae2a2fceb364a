//! A strict subset of YAML as a tree in which every value knows its line and column, and a
//! reader that collects every problem instead of stopping at the first.
//!
//! Anchors, aliases, tags, merge keys, duplicate keys and second documents are refused: what a
//! reviewer reads is what holds. Process settings are read with the same code, so that people
//! meet one kind of message. It opens no file.
//!
//! ```
//! use charter::yaml::{self, Known, Reader};
//!
//! let (root, problems) = yaml::parse("settings.yaml", b"drain_second: 30\n");
//! assert!(problems.is_empty());
//! let mut reader = Reader::new("settings.yaml");
//! let known = [Known::optional("drain_seconds", "how long running answers may go on")];
//! let fields = root.as_ref().and_then(|root| reader.fields(root, &known));
//! assert!(fields.is_some_and(|fields| fields.get("drain_seconds").is_none()));
//! let problems = reader.into_problems();
//! assert_eq!(problems[0].to_string(), "settings.yaml:1:1: unknown field `drain_second` \
//!     [unknown-field]\n  who can fix: whoever edits this file\n  help: did you mean \
//!     `drain_seconds`?");
//! ```

mod load;
mod node;
mod reader;
mod unreadable;

#[cfg(test)]
mod tests;

pub use load::parse;
pub use node::{Entry, Node, Position, Scalar, Value};
pub(crate) use reader::TEXT_CHARS_MAX;
pub use reader::{Fields, Known, Reader};

/// Deepest nesting of lists and mappings.
pub const DEPTH_MAX: usize = 16;

/// Most values in one file, keys not counted.
pub const NODES_MAX: usize = 20_000;
