//! Writes canonical JSON: keys sorted by their bytes, no white space, whole numbers only
//! (`spec/ledger.md`, section 2). What checks it is `model::canonical`.
//!
//! serde_json writes first; one pass over its text then puts keys in order. Nothing is parsed
//! into values, which is most of what writing an entry used to cost.

use std::cmp::Ordering;
use std::ops::Range;

use memchr::memchr2;
use serde::Serialize;
use serde_json::Value;

use crate::entry::DraftError;

/// How deep values may stand in each other, as for readers.
const DEPTH_MAX: usize = 127;
/// Digits that fit 64 bits whatever they are.
const SHORT_NUMBER: usize = 18;

/// The members of an object, each `"key":value` in canonical form, in their order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Members {
    text: Vec<u8>,
    places: Vec<Place>,
}

/// Where a member stands in a text: its key without quotes, and all of it.
#[derive(Debug, Clone)]
struct Place {
    key: Range<usize>,
    whole: Range<usize>,
    /// Whether the key is written with escapes.
    escaped: bool,
}

/// Canonical JSON of a value.
///
/// # Errors
/// A number is not whole.
pub fn canonical(value: &Value) -> Result<String, DraftError> {
    let from = plain(value)?;
    let mut sorter = Sorter::new(&from, Vec::with_capacity(from.len()));
    sorter.value(0)?;
    String::from_utf8(sorter.out).map_err(|_| refused("it is not text"))
}

impl Members {
    /// The members of what serde writes of `value`, which has to be an object.
    pub(crate) fn of(value: &impl Serialize) -> Result<Self, DraftError> {
        let from = plain(value)?;
        if from.first() != Some(&b'{') {
            return Err(refused("it is not an object"));
        }
        let mut sorter = Sorter::new(&from, Vec::with_capacity(from.len() + 256));
        sorter.members(0)?;
        let (text, mut places) = (sorter.out, sorter.places);
        sort(&text, &mut places)?;
        if places.iter().any(|place| place.escaped) {
            return Err(refused("a field's name needs an escape"));
        }
        Ok(Self { text, places })
    }

    /// Sets the member `key`, a plain name.
    pub(crate) fn put(&mut self, key: &str, value: &impl Serialize) -> Result<(), DraftError> {
        let from = plain(value)?;
        let start = self.text.len();
        let mut out = std::mem::take(&mut self.text);
        out.push(b'"');
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(b"\":");
        let mut sorter = Sorter::new(&from, out);
        let written = sorter.value(1);
        self.text = sorter.out;
        written?;
        let keys = start + 1..start + 1 + key.len();
        let place = Place { key: keys, whole: start..self.text.len(), escaped: false };
        let found =
            self.places.binary_search_by(|at| part(&self.text, &at.key).cmp(key.as_bytes()));
        match found {
            Ok(at) => self.places.splice(at..=at, [place]).for_each(drop),
            Err(at) => self.places.insert(at, place),
        }
        Ok(())
    }

    /// Whether there is a member `key`.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.iter().any(|(name, _)| name == key.as_bytes())
    }

    /// Bytes of all members and what stands between them.
    pub(crate) fn bytes(&self) -> usize {
        self.places.iter().map(|place| place.whole.len() + 1).sum()
    }

    /// The members in their order: name and `"key":value`.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.places.iter().map(|at| (part(&self.text, &at.key), part(&self.text, &at.whole)))
    }
}

/// JSON without white space, keys in whatever order.
fn plain(value: &impl Serialize) -> Result<Vec<u8>, DraftError> {
    serde_json::to_vec(value).map_err(|error| DraftError::NotCanonical(error.to_string()))
}

fn refused(why: &str) -> DraftError {
    DraftError::NotCanonical(why.to_owned())
}

fn part<'a>(text: &'a [u8], range: &Range<usize>) -> &'a [u8] {
    text.get(range.clone()).unwrap_or_default()
}

/// Puts members in the order of their keys; none may stand twice.
fn sort(text: &[u8], places: &mut [Place]) -> Result<(), DraftError> {
    places.sort_by(|one, other| compare(text, one, other));
    let twice = places.windows(2).any(|pair| match pair {
        [one, other] => compare(text, one, other).is_eq(),
        _ => false,
    });
    if twice { Err(refused("a key stands twice")) } else { Ok(()) }
}

/// The order of two keys as written: that of their bytes with the escapes undone.
fn compare(text: &[u8], one: &Place, other: &Place) -> Ordering {
    let (key, other_key) = (part(text, &one.key), part(text, &other.key));
    if one.escaped || other.escaped {
        return bare(key).cmp(&bare(other_key));
    }
    key.cmp(other_key)
}

/// A key with its escapes undone.
fn bare(key: &[u8]) -> Option<String> {
    serde_json::from_slice(&[b"\"", key, b"\""].concat()).ok()
}

/// Copies JSON that serde_json wrote, and puts keys in order.
struct Sorter<'a> {
    from: &'a [u8],
    at: usize,
    out: Vec<u8>,
    /// Members of the objects under way, innermost last.
    places: Vec<Place>,
    turned: Vec<u8>,
}

impl<'a> Sorter<'a> {
    const fn new(from: &'a [u8], out: Vec<u8>) -> Self {
        Self { from, at: 0, out, places: Vec::new(), turned: Vec::new() }
    }

    fn value(&mut self, depth: usize) -> Result<(), DraftError> {
        match self.from.get(self.at) {
            Some(b'"') => self.string().map(|_| ()),
            Some(b'{' | b'[') if depth >= DEPTH_MAX => Err(refused("it is nested too deep")),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            _ => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), DraftError> {
        let outer = self.places.len();
        self.out.push(b'{');
        let start = self.out.len();
        self.members(depth)?;
        let mut inner = self.places.split_off(outer);
        if !inner.is_sorted_by(|one, other| compare(&self.out, one, other).is_lt()) {
            sort(&self.out, &mut inner)?;
            self.turned.clear();
            for place in &inner {
                self.turned.extend_from_slice(part(&self.out, &place.whole));
                self.turned.push(b',');
            }
            self.turned.pop();
            self.out.truncate(start);
            self.out.extend_from_slice(&self.turned);
        }
        self.out.push(b'}');
        Ok(())
    }

    /// Copies the members of an object, and notes where they stand.
    fn members(&mut self, depth: usize) -> Result<(), DraftError> {
        self.at += 1;
        if self.skip(b'}') {
            return Ok(());
        }
        loop {
            let start = self.out.len();
            let escaped = self.string()?;
            let key = start + 1..self.out.len() - 1;
            self.at += 1;
            self.out.push(b':');
            self.value(depth + 1)?;
            self.places.push(Place { key, whole: start..self.out.len(), escaped });
            if !self.skip(b',') {
                self.at += 1;
                return Ok(());
            }
            self.out.push(b',');
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), DraftError> {
        self.at += 1;
        self.out.push(b'[');
        if !self.skip(b']') {
            loop {
                self.value(depth + 1)?;
                if !self.skip(b',') {
                    self.at += 1;
                    break;
                }
                self.out.push(b',');
            }
        }
        self.out.push(b']');
        Ok(())
    }

    /// Copies a text; whether it holds escapes.
    fn string(&mut self) -> Result<bool, DraftError> {
        let start = self.at;
        let mut end = start + 1;
        let mut escaped = false;
        loop {
            let rest = self.from.get(end..).unwrap_or_default();
            match memchr2(b'"', b'\\', rest) {
                Some(found) if rest.get(found) == Some(&b'\\') => {
                    end += found + 2;
                    escaped = true;
                }
                Some(found) => {
                    self.at = end + found + 1;
                    break;
                }
                None => return Err(refused("a text does not end")),
            }
        }
        self.out.extend_from_slice(part(self.from, &(start..self.at)));
        Ok(escaped)
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> Result<(), DraftError> {
        let rest = self.from.get(self.at..).unwrap_or_default();
        let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']');
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        let word = part(rest, &(0..length));
        let number = word.first().is_some_and(|byte| *byte == b'-' || byte.is_ascii_digit());
        if number && !is_whole(word) {
            let word = String::from_utf8_lossy(word);
            return Err(DraftError::NotCanonical(format!(
                "{word} is not a whole number of 64 bits"
            )));
        }
        self.at += length;
        self.out.extend_from_slice(word);
        Ok(())
    }

    fn skip(&mut self, byte: u8) -> bool {
        let there = self.from.get(self.at) == Some(&byte);
        self.at += usize::from(there);
        there
    }
}

/// Whether a number as serde_json writes it is a whole one that 64 bits hold.
fn is_whole(word: &[u8]) -> bool {
    if word.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
        return false;
    }
    let text = || std::str::from_utf8(word).unwrap_or_default();
    word.len() <= SHORT_NUMBER || text().parse::<u64>().is_ok() || text().parse::<i64>().is_ok()
}

#[cfg(test)]
mod tests;
