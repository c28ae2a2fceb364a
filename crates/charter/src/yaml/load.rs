//! Bytes to the located tree, or to problems. It stops at a syntax error and at a limit, and
//! collects everything else.

use std::collections::BTreeSet;

use model::{Problem, Problems};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span};

use super::node::{Entry, Node, Position, Scalar, Value};
use super::{DEPTH_MAX, NODES_MAX, unreadable};
use crate::{code, problem, text};

/// Reads `bytes` as one YAML document. `file` names it in problems.
///
/// The tree is missing where the file cannot be read at all; then there is a problem.
#[must_use]
pub fn parse(file: &str, bytes: &[u8]) -> (Option<Node>, Problems) {
    let (text, problems) = text::read(file, bytes);
    let Some(text) = text.filter(|_| problems.is_empty()) else { return (None, problems) };
    let mut loader =
        Loader { file, frames: Vec::new(), root: None, documents: 0, nodes: 0, problems };
    let whole = !matches!(loader.load(text), Err(Stop::Unreadable));
    if whole && loader.root.is_none() && loader.problems.is_empty() {
        let what = "the file declares nothing".to_owned();
        let help = "fill it in, or remove the file";
        loader.problems.push(problem::file(file, code::EMPTY_FILE, what, help));
    }
    (loader.root.filter(|_| whole), loader.problems)
}

/// Why reading ends before the file does.
enum Stop {
    /// The document is cut off or beyond a limit: what was read of it is worth nothing.
    Unreadable,
    /// The document is whole, and something follows it.
    SecondDocument,
}

struct Loader<'a> {
    file: &'a str,
    frames: Vec<Frame>,
    root: Option<Node>,
    documents: usize,
    nodes: usize,
    problems: Problems,
}

/// A list or mapping that is still open.
enum Frame {
    List { at: Position, items: Vec<Node>, refused: bool },
    Mapping { at: Position, entries: Vec<Entry>, key: Key, seen: BTreeSet<String>, refused: bool },
}

/// What a mapping waits for.
enum Key {
    Awaited,
    Named(String, Position),
    /// The key was refused: its value is read and dropped.
    Refused,
}

impl Loader<'_> {
    fn load(&mut self, text: &str) -> Result<(), Stop> {
        let mut parser = Parser::new_from_str(text);
        while let Some(next) = parser.next_event() {
            match next {
                Ok((Event::StreamEnd, _)) => return Ok(()),
                Ok((event, span)) => self.event(event, span)?,
                Err(error) => {
                    self.unreadable(&error);
                    return Err(Stop::Unreadable);
                }
            }
        }
        Ok(())
    }

    fn unreadable(&mut self, error: &ScanError) {
        let at = position(error.marker());
        if error.info().contains("unknown anchor") {
            return self.refuse_anchor(at);
        }
        let (what, help) = unreadable::words(error.info());
        self.object(at, code::SYNTAX, what, help);
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Stop> {
        let at = position(&span.start);
        match event {
            Event::DocumentStart(_) => self.document(at),
            Event::Alias(_) => {
                self.refuse_anchor(at);
                self.add(Node { at, value: Value::Refused })
            }
            Event::Scalar(text, style, anchor, tag) => {
                let marked = self.is_refused(at, anchor, tag.is_some());
                let refused = self.is_hidden(at, &text) || marked;
                let plain = style == ScalarStyle::Plain;
                let value = match text.as_ref() {
                    _ if refused => Value::Refused,
                    "" | "~" | "null" | "Null" | "NULL" if plain => Value::Null,
                    text => Value::Scalar(Scalar { text: text.to_owned(), plain }),
                };
                self.add(Node { at, value })
            }
            Event::SequenceStart(anchor, tag) => {
                let refused = self.is_refused(at, anchor, tag.is_some());
                self.open(at, Frame::List { at, items: Vec::new(), refused })
            }
            Event::MappingStart(anchor, tag) => {
                let refused = self.is_refused(at, anchor, tag.is_some());
                let (entries, seen) = (Vec::new(), BTreeSet::new());
                self.open(at, Frame::Mapping { at, entries, key: Key::Awaited, seen, refused })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    fn document(&mut self, at: Position) -> Result<(), Stop> {
        self.documents += 1;
        if self.documents == 1 {
            return Ok(());
        }
        let what = "the file holds a second YAML document".to_owned();
        self.object(at, code::SECOND_DOCUMENT, what, "give it a file of its own");
        Err(Stop::SecondDocument)
    }

    fn open(&mut self, at: Position, frame: Frame) -> Result<(), Stop> {
        if self.frames.len() >= DEPTH_MAX {
            let what = format!("lists and mappings are nested more than {DEPTH_MAX} deep");
            self.object(at, code::TOO_DEEP, what, "no declaration is nested like this");
            return Err(Stop::Unreadable);
        }
        self.frames.push(frame);
        Ok(())
    }

    fn close(&mut self) -> Result<(), Stop> {
        let (at, value) = match self.frames.pop() {
            None => return Ok(()),
            Some(
                Frame::List { at, refused: true, .. } | Frame::Mapping { at, refused: true, .. },
            ) => (at, Value::Refused),
            Some(Frame::List { at, items, .. }) => (at, Value::List(items)),
            Some(Frame::Mapping { at, entries, .. }) => (at, Value::Mapping(entries)),
        };
        self.add(Node { at, value })
    }

    /// Puts a finished node where it belongs: into the open list or mapping, or at the root.
    fn add(&mut self, node: Node) -> Result<(), Stop> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            let what = format!("the file holds more than {NODES_MAX} values");
            self.object(node.at, code::TOO_MANY_NODES, what, "split the file");
            return Err(Stop::Unreadable);
        }
        match self.frames.last_mut() {
            None => self.root = Some(node),
            Some(Frame::List { items, .. }) => items.push(node),
            Some(Frame::Mapping { entries, key, .. }) => {
                match std::mem::replace(key, Key::Awaited) {
                    Key::Awaited => self.key(node),
                    Key::Named(key, at) => entries.push(Entry { key, at, node }),
                    Key::Refused => {}
                }
            }
        }
        Ok(())
    }

    /// Takes `node` as the next key of the open mapping, or says why it cannot be one.
    fn key(&mut self, node: Node) {
        let at = node.at;
        let name = match node.value {
            Value::Scalar(Scalar { text, plain: true }) if text == "<<" => {
                let what = "`<<` merges another mapping into this one".to_owned();
                self.object(at, code::MERGE_KEY, what, "write the fields out here");
                None
            }
            Value::Scalar(Scalar { text, .. }) if text.contains('\n') => {
                let what = "a key has a line break".to_owned();
                self.object(at, code::KEY_KIND, what, "a key is one line, as in `name: value`");
                None
            }
            Value::Scalar(Scalar { text, .. }) if !text.is_empty() => Some(text),
            Value::Refused => None,
            other @ (Value::Null | Value::Scalar(_) | Value::List(_) | Value::Mapping(_)) => {
                let what = format!("a key is {}", other.kind());
                self.object(at, code::KEY_KIND, what, "a key is a text, as in `name: value`");
                None
            }
        };
        let Some(Frame::Mapping { key, seen, .. }) = self.frames.last_mut() else { return };
        let (next, twice) = match name {
            Some(name) if seen.insert(name.clone()) => (Key::Named(name, at), None),
            other => (Key::Refused, other),
        };
        *key = next;
        if let Some(name) = twice {
            let what = format!("`{name}` stands here a second time");
            self.object(at, code::DUPLICATE_KEY, what, "keep one of the two");
        }
    }

    /// Reports an anchor or a tag; true where there is one.
    fn is_refused(&mut self, at: Position, anchor: usize, tagged: bool) -> bool {
        if anchor != 0 {
            self.refuse_anchor(at);
        }
        if tagged {
            let what = "the value carries a YAML tag".to_owned();
            self.object(at, code::TAG, what, "remove the tag; the field decides the type");
        }
        anchor != 0 || tagged
    }

    /// Reports a text that holds what is not seen, once YAML's escapes are read; true where it
    /// does. The file itself was looked at before: here come `"\\e"` and its like.
    fn is_hidden(&mut self, at: Position, text: &str) -> bool {
        let Some(hidden) = model::hidden(text) else { return false };
        let what = format!("the text holds U+{:04X}, which is not seen", u32::from(hidden));
        let help = "remove the escape, so that what is read is what holds";
        self.object(at, code::INVISIBLE_CHARACTER, what, help);
        true
    }

    fn refuse_anchor(&mut self, at: Position) {
        let what = "a YAML anchor or alias".to_owned();
        self.object(at, code::ANCHOR, what, "write the value out in each place it holds");
    }

    fn object(&mut self, at: Position, code: &'static str, what: String, help: &str) {
        self.problems.push(Problem {
            place: problem::place(self.file, at),
            ..problem::file(self.file, code, what, help)
        });
    }
}

/// The parser counts lines from 1 and columns from 0.
fn position(marker: &Marker) -> Position {
    Position { line: marker.line().max(1), column: marker.col().saturating_add(1) }
}
