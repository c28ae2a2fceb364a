//! The scanner: reads a body front to back once and lays its values on a tape.
//!
//! It keeps its own stack, so that no nesting can exhaust the machine's. It never guesses and
//! never repairs: the first thing that is wrong ends it.

use std::borrow::Cow;
use std::fmt::Write as _;

use model::{Refusal, RefusalCode};

use super::tape::{Kind, Node, Tape};
use super::{Limits, text};

/// Objects of up to this many keys are checked for duplicates pair by pair, larger ones sorted.
const PAIRWISE_MAX: usize = 16;
/// A number of fewer characters and no exponent is far inside the range of an `f64`.
const PLAIN_NUMBER_MAX: usize = 300;
/// Longest key that a refusal's path shows, in characters.
const SHOWN_KEY_MAX: usize = 40;
/// Longest path that a refusal shows, in bytes.
const SHOWN_PATH_MAX: usize = 160;

/// How many bytes are looked at together while skipping the plain part of a string.
const WORD: usize = 8;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Why the scan stopped.
enum Fault {
    /// The body ended inside its object.
    Ended,
    /// Not JSON: what was expected or found, as the end of a sentence.
    NotJson(&'static str),
    /// A key that its object already has, as the body spells it after unescaping.
    Twice(String),
    TooDeep,
    TooMany,
}

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
    bytes: &'b [u8],
    at: usize,
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
    match std::str::from_utf8(body) {
        Ok(text) => Scanner::new(text, *limits).run(),
        Err(error) => Err(not_utf8(body, error, *limits)),
    }
}

/// A body that breaks off inside a character is truncated if it was well-formed until there.
fn not_utf8(body: &[u8], error: std::str::Utf8Error, limits: Limits) -> Refusal {
    let valid = body.get(..error.valid_up_to()).and_then(|part| std::str::from_utf8(part).ok());
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
        let room = (text.len() / 16).clamp(16, 4096);
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
            limits,
            nodes: Vec::with_capacity(room),
            frames: Vec::with_capacity(8),
            keys: Vec::with_capacity(32),
        }
    }

    fn run(mut self) -> Result<Tape<'b>, Refusal> {
        match self.document() {
            Ok(()) => Ok(Tape { text: self.text, nodes: self.nodes }),
            Err(fault) => Err(self.refusal(&fault)),
        }
    }

    fn document(&mut self) -> Result<(), Fault> {
        self.skip_space();
        match self.peek() {
            Some(b'{') => self.open(true)?,
            Some(_) => return Err(Fault::NotJson("it does not begin with `{`")),
            None => return Err(Fault::NotJson("it is empty")),
        }
        while !self.frames.is_empty() {
            self.step()?;
        }
        self.skip_space();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(Fault::NotJson("something follows the object")),
        }
    }

    /// Reads one member or element of the innermost container, or closes it.
    fn step(&mut self) -> Result<(), Fault> {
        self.skip_space();
        let Some(frame) = self.frames.last_mut() else { return Ok(()) };
        let (object, first) = (frame.object, frame.count == 0);
        match self.bytes.get(self.at) {
            None => return Err(Fault::Ended),
            Some(b'}') if object => return self.close(),
            Some(b']') if !object => return self.close(),
            Some(b',') if !first => self.at += 1,
            Some(_) if first => {}
            Some(_) => return Err(Fault::NotJson("a comma or the end of the value is missing")),
        }
        frame.count += 1;
        self.skip_space();
        if object {
            self.key()?;
        }
        self.value()
    }

    fn key(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Some(b'"') => {}
            Some(_) => return Err(Fault::NotJson("a key in quotes is missing")),
            None => return Err(Fault::Ended),
        }
        let node = self.string(Kind::Key)?;
        let quoted = self.text.get(place(node.start)..place(node.end)).unwrap_or_default();
        let key = text::unescape(quoted, node.escaped);
        self.keys.push(key.ok_or(Fault::NotJson("a key cannot be read"))?);
        self.skip_space();
        match self.peek() {
            Some(b':') => self.at += 1,
            Some(_) => return Err(Fault::NotJson("a colon is missing")),
            None => return Err(Fault::Ended),
        }
        self.skip_space();
        Ok(())
    }

    fn value(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Some(b'{') => self.open(true),
            Some(b'[') => self.open(false),
            Some(b'"') => self.string(Kind::String).map(|_| ()),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal(b"true", Kind::True),
            Some(b'f') => self.literal(b"false", Kind::False),
            Some(b'n') => self.literal(b"null", Kind::Null),
            Some(_) => Err(Fault::NotJson("a value is missing")),
            None => Err(Fault::Ended),
        }
    }

    fn open(&mut self, object: bool) -> Result<(), Fault> {
        if self.frames.len() >= self.limits.depth_max {
            return Err(Fault::TooDeep);
        }
        let node = self.nodes.len();
        let kind = if object { Kind::Object } else { Kind::Array };
        self.lay(kind, self.at, false)?;
        self.at += 1;
        self.frames.push(Frame { node, object, keys_from: self.keys.len(), count: 0 });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Fault> {
        self.at += 1;
        let Some(frame) = self.frames.last() else { return Ok(()) };
        if frame.object
            && let Some(twice) = duplicate(self.keys.get_mut(frame.keys_from..).unwrap_or_default())
        {
            return Err(Fault::Twice(twice));
        }
        let next = offset(self.nodes.len());
        if let Some(node) = self.nodes.get_mut(frame.node) {
            node.end = offset(self.at);
            node.next = next;
        }
        self.keys.truncate(frame.keys_from);
        self.frames.pop();
        Ok(())
    }

    /// Lays the value from `start` up to the present place on the tape.
    fn lay(&mut self, kind: Kind, start: usize, escaped: bool) -> Result<Node, Fault> {
        if self.nodes.len() >= self.limits.values_max {
            return Err(Fault::TooMany);
        }
        let next = offset(self.nodes.len()).saturating_add(1);
        let node = Node { start: offset(start), end: offset(self.at), next, kind, escaped };
        self.nodes.push(node);
        Ok(node)
    }

    fn string(&mut self, kind: Kind) -> Result<Node, Fault> {
        let start = self.at;
        let mut escaped = false;
        self.at += 1;
        loop {
            self.skip_plain();
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return self.lay(kind, start, escaped);
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(_) => return Err(Fault::NotJson("a string holds a raw control character")),
                None => return Err(Fault::Ended),
            }
        }
    }

    /// Skips what stands for itself in a string.
    fn skip_plain(&mut self) {
        let (words, tail) = self.bytes.get(self.at..).unwrap_or_default().as_chunks();
        let plain_words = words.iter().take_while(|word| specials(**word) == 0).count();
        let more = match words.get(plain_words) {
            Some(word) => (specials(*word).trailing_zeros() / 8) as usize,
            None => tail.iter().take_while(|byte| !is_special(**byte)).count(),
        };
        self.at += plain_words * WORD + more;
    }

    fn escape(&mut self) -> Result<(), Fault> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => return self.unicode_escape(),
            Some(_) => return Err(Fault::NotJson("a string holds an unknown escape")),
            None => return Err(Fault::Ended),
        }
        Ok(())
    }

    /// `\uXXXX`, or two of them for a character beyond the first 65,536.
    fn unicode_escape(&mut self) -> Result<(), Fault> {
        const LONE: Fault = Fault::NotJson("a string holds half a surrogate pair");
        match self.unicode_unit()? {
            0xdc00..=0xdfff => Err(LONE),
            0xd800..=0xdbff => match self.unicode_unit() {
                Ok(0xdc00..=0xdfff) => Ok(()),
                Err(Fault::Ended) => Err(Fault::Ended),
                Ok(_) | Err(_) => Err(LONE),
            },
            _ => Ok(()),
        }
    }

    fn unicode_unit(&mut self) -> Result<u32, Fault> {
        const BAD: Fault = Fault::NotJson("a string holds an unknown escape");
        let mut unit = 0;
        for (nth, expected) in [Some(b'\\'), Some(b'u'), None, None, None, None].iter().enumerate()
        {
            let byte = *self.bytes.get(self.at + nth).ok_or(Fault::Ended)?;
            match expected {
                Some(expected) if byte == *expected => {}
                Some(_) => return Err(BAD),
                None => unit = unit * 16 + char::from(byte).to_digit(16).ok_or(BAD)?,
            }
        }
        self.at += 6;
        Ok(unit)
    }

    fn number(&mut self) -> Result<(), Fault> {
        let start = self.at;
        self.take(|byte| byte == b'-');
        let whole = self.at;
        self.digits()?;
        if self.bytes.get(whole) == Some(&b'0') && self.at - whole > 1 {
            return Err(Fault::NotJson("a number begins with a needless zero"));
        }
        if self.take(|byte| byte == b'.') {
            self.digits()?;
        }
        let exponent = self.take(|byte| matches!(byte, b'e' | b'E'));
        if exponent {
            self.take(|byte| matches!(byte, b'+' | b'-'));
            self.digits()?;
        }
        if exponent || self.at - start > PLAIN_NUMBER_MAX {
            let number = self.text.get(start..self.at).and_then(|text| text.parse::<f64>().ok());
            if !number.is_some_and(f64::is_finite) {
                return Err(Fault::NotJson("a number is out of range"));
            }
        }
        self.lay(Kind::Number, start, false).map(|_| ())
    }

    /// One or more digits.
    fn digits(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Some(b'0'..=b'9') => {}
            Some(_) => return Err(Fault::NotJson("a number lacks a digit")),
            None => return Err(Fault::Ended),
        }
        while self.take(|byte| byte.is_ascii_digit()) {}
        Ok(())
    }

    fn literal(&mut self, word: &[u8], kind: Kind) -> Result<(), Fault> {
        let start = self.at;
        let rest = self.bytes.get(start..).unwrap_or_default();
        if rest.starts_with(word) {
            self.at += word.len();
            return self.lay(kind, start, false).map(|_| ());
        }
        if word.starts_with(rest) {
            Err(Fault::Ended)
        } else {
            Err(Fault::NotJson("a value is missing"))
        }
    }

    fn skip_space(&mut self) {
        while self.take(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t')) {}
    }

    /// Moves on by one byte if it is of the wanted kind.
    fn take(&mut self, wanted: impl Fn(u8) -> bool) -> bool {
        let taken = self.peek().is_some_and(wanted);
        self.at += usize::from(taken);
        taken
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn refusal(&self, fault: &Fault) -> Refusal {
        let (code, what) = match fault {
            Fault::Ended => (RefusalCode::BodyTruncated, "it ends inside the object"),
            Fault::NotJson(what) => (RefusalCode::BodyNotJson, *what),
            Fault::Twice(key) => {
                let mut path = self.path(self.frames.len().saturating_sub(1));
                push_key(&mut path, key);
                return Refusal::new(
                    RefusalCode::BodyDuplicateKey,
                    format!("The key is `{path}`."),
                );
            }
            Fault::TooDeep => {
                let detail = format!("At most {} levels are read.", self.limits.depth_max);
                return Refusal::new(RefusalCode::BodyTooDeep, detail);
            }
            Fault::TooMany => {
                let detail = format!("At most {} values are read.", self.limits.values_max);
                return Refusal::new(RefusalCode::BodyTooLarge, detail);
            }
        };
        let path = self.path(self.frames.len());
        let inside = if path.is_empty() { path } else { format!(", in `{path}`") };
        Refusal::new(code, format!("At byte {}{inside}: {what}.", self.at))
    }

    /// The path of keys and indexes down to the innermost of the first `depth` containers.
    fn path(&self, depth: usize) -> String {
        let mut path = String::new();
        for (nth, frame) in self.frames.iter().enumerate().take(depth) {
            let inner = self.frames.get(nth + 1).map_or(self.keys.len(), |inner| inner.keys_from);
            match inner.checked_sub(1).and_then(|last| self.keys.get(last)) {
                _ if frame.count == 0 => {}
                Some(key) if frame.object && inner > frame.keys_from => push_key(&mut path, key),
                Some(_) | None if frame.object => {}
                Some(_) | None => push_index(&mut path, frame.count - 1),
            }
        }
        path
    }
}

/// Adds a key to a path: shortened, and without anything that could forge a line of a log.
fn push_key(path: &mut String, key: &str) {
    if path.len() >= SHOWN_PATH_MAX {
        return;
    }
    if !path.is_empty() {
        path.push('.');
    }
    let plain = |letter: char| letter.is_alphanumeric() || "_-$/:@ ".contains(letter);
    path.extend(
        key.chars().take(SHOWN_KEY_MAX).map(|letter| if plain(letter) { letter } else { '?' }),
    );
    if key.chars().nth(SHOWN_KEY_MAX).is_some() {
        path.push_str("...");
    }
}

fn push_index(path: &mut String, index: usize) {
    if path.len() < SHOWN_PATH_MAX {
        // Writing to a String cannot fail.
        let _ = write!(path, "[{index}]");
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
    keys.iter()
        .zip(keys.iter().skip(1))
        .find(|(one, next)| one == next)
        .map(|(one, _)| one.to_string())
}

/// A mark in the highest bit of each byte of a word that ends the plain part of a string, first
/// byte lowest; exact up to the first one, which is all that is asked.
///
/// Looks at all eight together: subtracting borrows through the high bit of exactly those bytes
/// that are less, and a byte equal to a character is 0 once that is taken out of it. Borrows
/// spill into later bytes only.
const fn specials(bytes: [u8; WORD]) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([0x01; WORD]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; WORD]);
    const QUOTES: u64 = u64::from_ne_bytes([b'"'; WORD]);
    const BACKSLASHES: u64 = u64::from_ne_bytes([b'\\'; WORD]);
    const SPACES: u64 = u64::from_ne_bytes([b' '; WORD]);
    let word = u64::from_le_bytes(bytes);
    let (quote, backslash) = (word ^ QUOTES, word ^ BACKSLASHES);
    let marks = (quote.wrapping_sub(ONES) & !quote)
        | (backslash.wrapping_sub(ONES) & !backslash)
        | (word.wrapping_sub(SPACES) & !word);
    marks & HIGH
}

/// Whether a byte ends the plain part of a string.
const fn is_special(byte: u8) -> bool {
    byte == b'"' || byte == b'\\' || byte < b' '
}

/// A place as the tape stores it; `scan` checks that every place of the body fits.
fn offset(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

fn place(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
