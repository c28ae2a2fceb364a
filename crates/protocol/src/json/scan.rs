//! The scanner: reads a body front to back once and lays its values on a tape.
//!
//! It keeps its own stack, so that no nesting can exhaust the machine's. It never guesses and
//! never repairs: the first thing that is wrong ends it.

use std::borrow::Cow;
use std::str::{self, Utf8Error};

use model::{Refusal, RefusalCode};

use super::fault::{Fault, Path};
use super::tape::{Kind, Node, Tape};
use super::token::Cursor;
use super::{Limits, text};

/// Objects of up to this many keys are checked for duplicates pair by pair, larger ones sorted.
const PAIRWISE_MAX: usize = 16;
const BOM: &[u8] = b"\xef\xbb\xbf";

/// An object or array that is not closed yet.
struct Frame {
    /// Its place on the tape.
    node: usize,
    object: bool,
    /// Where its keys begin on the stack of keys.
    keys_from: usize,
    /// How many members or elements have begun.
    count: usize,
}

struct Scanner<'b> {
    text: &'b str,
    cursor: Cursor<'b>,
    limits: Limits,
    nodes: Vec<Node>,
    frames: Vec<Frame>,
    /// The keys of every open object, outermost first.
    keys: Vec<Cow<'b, str>>,
}

/// Reads `body`, which must be exactly one JSON object.
///
/// # Errors
/// `BodyHasBom`, `BodyNotUtf8`, `BodyNotJson`, `BodyTruncated`, `BodyDuplicateKey`, `BodyTooDeep`,
/// and `BodyTooLarge` where it holds more values than the limit. The detail names the place in
/// bytes and the path of keys, never a value.
pub(crate) fn scan<'b>(body: &'b [u8], limits: &Limits) -> Result<Tape<'b>, Refusal> {
    if body.starts_with(BOM) {
        return Err(Refusal::new(RefusalCode::BodyHasBom, ""));
    }
    if u32::try_from(body.len()).is_err() {
        return Err(Refusal::new(RefusalCode::BodyTooLarge, ""));
    }
    match str::from_utf8(body) {
        Ok(text) => Scanner::new(text, *limits).run(),
        Err(error) => Err(not_utf8(body, error, *limits)),
    }
}

/// A body that breaks off inside a character is truncated if it was well-formed until there.
fn not_utf8(body: &[u8], error: Utf8Error, limits: Limits) -> Refusal {
    let valid = body.get(..error.valid_up_to()).and_then(|part| str::from_utf8(part).ok());
    if let (None, Some(text)) = (error.error_len(), valid)
        && let Err(refusal) = Scanner::new(text, limits).run()
    {
        return refusal;
    }
    Refusal::new(RefusalCode::BodyNotUtf8, format!("At byte {}.", error.valid_up_to()))
}

impl<'b> Scanner<'b> {
    fn new(text: &'b str, mut limits: Limits) -> Self {
        limits.depth_max = limits.depth_max.min(Limits::DEPTH_CEILING);
        Self {
            text,
            cursor: Cursor::new(text),
            limits,
            nodes: Vec::with_capacity((text.len() / 16).clamp(16, 4096)),
            frames: Vec::with_capacity(8),
            keys: Vec::with_capacity(32),
        }
    }

    fn run(mut self) -> Result<Tape<'b>, Refusal> {
        match self.document() {
            Ok(()) => Ok(Tape { text: self.text, nodes: self.nodes }),
            Err(fault) => {
                let path = self.path(&fault);
                Err(fault.refusal(self.cursor.at, path, &self.limits))
            }
        }
    }

    fn document(&mut self) -> Result<(), Fault> {
        self.cursor.skip_space();
        match self.cursor.peek() {
            Some(b'{') => self.open(true)?,
            Some(_) => return Err(Fault::NotJson("it does not begin with `{`")),
            None => return Err(Fault::NotJson("it is empty")),
        }
        while !self.frames.is_empty() {
            self.step()?;
        }
        self.cursor.skip_space();
        match self.cursor.peek() {
            None => Ok(()),
            Some(_) => Err(Fault::NotJson("something follows the object")),
        }
    }

    /// Reads one member or element of the innermost container, or closes it.
    fn step(&mut self) -> Result<(), Fault> {
        self.cursor.skip_space();
        let Some(frame) = self.frames.last_mut() else { return Ok(()) };
        let (object, first) = (frame.object, frame.count == 0);
        match self.cursor.peek() {
            None => return Err(Fault::Ended),
            Some(b'}') if object => return self.close(),
            Some(b']') if !object => return self.close(),
            Some(b',') if !first => self.cursor.at += 1,
            Some(_) if first => {}
            Some(_) => return Err(Fault::NotJson("a comma or the end of the value is missing")),
        }
        frame.count += 1;
        self.cursor.skip_space();
        if object {
            self.key()?;
        }
        self.value()
    }

    fn key(&mut self) -> Result<(), Fault> {
        match self.cursor.peek() {
            Some(b'"') => {}
            Some(_) => return Err(Fault::NotJson("a key in quotes is missing")),
            None => return Err(Fault::Ended),
        }
        let start = self.cursor.at;
        let escaped = self.cursor.string()?;
        let key = text::unescape(self.cursor.since(start), escaped);
        self.keys.push(key.ok_or(Fault::NotJson("a key cannot be read"))?);
        self.lay(Kind::Key, start, escaped)?;
        self.cursor.skip_space();
        match self.cursor.peek() {
            Some(b':') => self.cursor.at += 1,
            Some(_) => return Err(Fault::NotJson("a colon is missing")),
            None => return Err(Fault::Ended),
        }
        self.cursor.skip_space();
        Ok(())
    }

    fn value(&mut self) -> Result<(), Fault> {
        let start = self.cursor.at;
        let mut escaped = false;
        let kind = match self.cursor.peek() {
            Some(b'{') => return self.open(true),
            Some(b'[') => return self.open(false),
            Some(b'"') => {
                escaped = self.cursor.string()?;
                Kind::String
            }
            Some(b'-' | b'0'..=b'9') => self.cursor.number().map(|()| Kind::Number)?,
            Some(b't') => self.cursor.word("true").map(|()| Kind::True)?,
            Some(b'f') => self.cursor.word("false").map(|()| Kind::False)?,
            Some(b'n') => self.cursor.word("null").map(|()| Kind::Null)?,
            Some(_) => return Err(Fault::NotJson("a value is missing")),
            None => return Err(Fault::Ended),
        };
        self.lay(kind, start, escaped)
    }

    fn open(&mut self, object: bool) -> Result<(), Fault> {
        if self.frames.len() >= self.limits.depth_max {
            return Err(Fault::TooDeep);
        }
        let node = self.nodes.len();
        let kind = if object { Kind::Object } else { Kind::Array };
        self.lay(kind, self.cursor.at, false)?;
        self.cursor.at += 1;
        self.frames.push(Frame { node, object, keys_from: self.keys.len(), count: 0 });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Fault> {
        self.cursor.at += 1;
        let Some(frame) = self.frames.last() else { return Ok(()) };
        if frame.object
            && let Some(twice) = duplicate(self.keys.get_mut(frame.keys_from..).unwrap_or_default())
        {
            return Err(Fault::Twice(twice));
        }
        let next = offset(self.nodes.len());
        if let Some(node) = self.nodes.get_mut(frame.node) {
            node.end = offset(self.cursor.at);
            node.next = next;
        }
        self.keys.truncate(frame.keys_from);
        self.frames.pop();
        Ok(())
    }

    /// Lays what was read since `start` on the tape.
    fn lay(&mut self, kind: Kind, start: usize, escaped: bool) -> Result<(), Fault> {
        if self.nodes.len() >= self.limits.values_max {
            return Err(Fault::TooMany);
        }
        let next = offset(self.nodes.len()).saturating_add(1);
        let (start, end) = (offset(start), offset(self.cursor.at));
        self.nodes.push(Node { start, end, next, kind, escaped });
        Ok(())
    }

    /// The path to where the scan is; where a key is there twice, to the object it is in.
    fn path(&self, fault: &Fault) -> Path {
        let closing = usize::from(matches!(fault, Fault::Twice(_)));
        let depth = self.frames.len().saturating_sub(closing);
        let ends = self.frames.iter().skip(1).map(|inner| inner.keys_from);
        let frames = self.frames.iter().zip(ends.chain([self.keys.len()])).take(depth);
        frames.fold(Path::default(), |path, (frame, keys_to)| {
            let key = self.keys.get(frame.keys_from..keys_to).and_then(<[_]>::last);
            match (key, frame.count.checked_sub(1)) {
                (Some(key), _) if frame.object => path.key(key),
                (_, Some(index)) if !frame.object => path.index(index),
                _ => path,
            }
        })
    }
}

/// A key that is there twice, if any is. May reorder the keys.
fn duplicate(keys: &mut [Cow<'_, str>]) -> Option<String> {
    if keys.len() <= PAIRWISE_MAX {
        let mut rest = &*keys;
        while let Some((key, others)) = rest.split_first() {
            if others.contains(key) {
                return Some(key.to_string());
            }
            rest = others;
        }
        return None;
    }
    keys.sort_unstable();
    let mut pairs = keys.iter().zip(keys.iter().skip(1));
    pairs.find(|(one, next)| one == next).map(|(one, _)| one.to_string())
}

/// A place as the tape stores it; `scan` checks that every place of the body fits.
fn offset(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
