//! A place in a body and the tokens that can stand there: strings, numbers, words, space.

use super::fault::Fault;

/// A number of fewer characters and no exponent is far inside the range of an `f64`.
const PLAIN_NUMBER_MAX: usize = 300;
/// How many bytes are looked at together while skipping the plain part of a string.
const WORD: usize = 8;

/// The place up to which the body is read.
#[derive(Debug)]
pub(super) struct Cursor<'b> {
    text: &'b str,
    pub(super) at: usize,
}

impl<'b> Cursor<'b> {
    pub(super) const fn new(text: &'b str) -> Self {
        Self { text, at: 0 }
    }

    /// What was read since `start`.
    pub(super) fn since(&self, start: usize) -> &'b str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'b [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// Moves on by one byte if it is of the wanted kind.
    fn take(&mut self, wanted: impl Fn(u8) -> bool) -> bool {
        let taken = self.peek().is_some_and(wanted);
        self.at += usize::from(taken);
        taken
    }

    pub(super) fn skip_space(&mut self) {
        while self.take(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t')) {}
    }

    /// Reads `true`, `false` or `null`.
    pub(super) fn word(&mut self, word: &'static str) -> Result<(), Fault> {
        let rest = self.rest();
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(());
        }
        let ended = word.as_bytes().starts_with(rest);
        Err(if ended { Fault::Ended } else { Fault::NotJson("a value is missing") })
    }

    /// Reads a number that an `f64` can hold.
    pub(super) fn number(&mut self) -> Result<(), Fault> {
        let start = self.at;
        self.take(|byte| byte == b'-');
        let whole = self.at;
        self.digits()?;
        if self.at - whole > 1 && self.since(whole).starts_with('0') {
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
        let large = exponent || self.at - start > PLAIN_NUMBER_MAX;
        if large && !self.since(start).parse().is_ok_and(f64::is_finite) {
            return Err(Fault::NotJson("a number is out of range"));
        }
        Ok(())
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

    /// Reads a string from its opening quote on; says whether it holds an escape.
    pub(super) fn string(&mut self) -> Result<bool, Fault> {
        let mut escaped = false;
        self.at += 1;
        loop {
            self.skip_plain();
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(escaped);
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
        let (words, tail) = self.rest().as_chunks();
        let plain_words = words.iter().take_while(|word| specials(**word) == 0).count();
        let more = match words.get(plain_words) {
            Some(word) => (specials(*word).trailing_zeros() / 8) as usize,
            None => tail.iter().take_while(|byte| !is_special(**byte)).count(),
        };
        self.at += plain_words * WORD + more;
    }

    fn escape(&mut self) -> Result<(), Fault> {
        match self.rest().get(1) {
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
        const FORM: [Option<u8>; 6] = [Some(b'\\'), Some(b'u'), None, None, None, None];
        let mut bytes = self.rest().iter();
        let mut unit = 0;
        for expected in FORM {
            let byte = *bytes.next().ok_or(Fault::Ended)?;
            match expected {
                Some(expected) if byte == expected => {}
                Some(_) => return Err(BAD),
                None => unit = unit * 16 + char::from(byte).to_digit(16).ok_or(BAD)?,
            }
        }
        self.at += FORM.len();
        Ok(unit)
    }
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
