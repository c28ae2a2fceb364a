//! A mutator that sees nothing of what inputs reach, and always makes the same ones: what
//! `cargo test` runs. It knows what tends to break parsers.

use crate::Target;

/// The longest input that is made.
const BYTES_MAX: usize = 64 * 1024;
/// Bytes that mean something to most formats.
const ODD: &[u8] = b"\x00\x01\x7f\x80\xff\n\r\t \"\\{}[]:,.-+=/#%&'0189eE";
/// Numbers at the edges of what somebody might hold them in.
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "-1",
    "1",
    "00",
    "0.0",
    "1e999",
    "-1e-999",
    "127",
    "128",
    "255",
    "256",
    "65535",
    "65536",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "340282366920938463463374607431768211456",
];
/// Texts that are none, or look like another.
const TEXTS: &[&[u8]] = &[
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xe2\x80",
    b"\xef\xbb\xbf",
    "\u{2028}".as_bytes(),
    "\u{202e}".as_bytes(),
    "\u{1f600}".as_bytes(),
    b"\\ud800",
    b"\\u0000",
    b"\x1b[2J",
    b"\r\n\r\n",
    b"\n\n",
];
/// What opens a level of something.
const LEVELS: &[&str] = &["[", "{\"a\":", "(", "- ", "!", "\\", "[{\"a\":[", "  "];

/// Makes inputs from the seeds of a target.
#[derive(Debug)]
pub struct Mutator {
    seeds: Vec<Vec<u8>>,
    words: &'static [&'static str],
    random: Random,
}

/// SplitMix64: small, and the same everywhere.
#[derive(Debug)]
struct Random(u64);

impl Mutator {
    /// A mutator of the inputs of `target`; another `seed`, other inputs.
    #[must_use]
    pub fn new(target: &Target, seed: u64) -> Self {
        let mut seeds = (target.seeds)();
        if seeds.is_empty() {
            seeds.push(Vec::new());
        }
        let name = target.name.bytes().fold(seed, |sum, byte| {
            sum.wrapping_mul(0x0100_0000_01b3).wrapping_add(u64::from(byte))
        });
        Self { seeds, words: target.words, random: Random(name) }
    }

    /// The next input.
    pub fn next_input(&mut self) -> Vec<u8> {
        let mut input = self.some_seed();
        for _ in 0..=self.random.below(4) {
            self.change(&mut input);
        }
        input.truncate(BYTES_MAX);
        input
    }

    fn some_seed(&mut self) -> Vec<u8> {
        let at = self.random.below(self.seeds.len());
        self.seeds.get(at).cloned().unwrap_or_default()
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let (from, to) = self.range(input.len());
        match self.random.below(11) {
            0 => input.truncate(from),
            1 => drop(input.drain(from..to)),
            2 => {
                let part = input.get(from..to).unwrap_or_default().to_vec();
                input.splice(to..to, part);
            }
            3 => {
                let other = self.some_seed();
                let (start, end) = self.range(other.len());
                input.splice(from..to, other.get(start..end).unwrap_or_default().iter().copied());
            }
            4 | 5 => {
                let byte = ODD.get(self.random.below(ODD.len())).copied().unwrap_or(0);
                input.splice(from..(from + 1).min(input.len()), [byte]);
            }
            6 => {
                if let Some(byte) = input.get_mut(from) {
                    *byte ^= 1 << self.random.below(8);
                }
            }
            7 => {
                let number = self.random.of(NUMBERS).as_bytes();
                let (start, end) = digits(input, from);
                input.splice(start..end, number.iter().copied());
            }
            8 => drop(input.splice(from..from, self.random.of(TEXTS).iter().copied())),
            9 => {
                let level = self.random.of(LEVELS).repeat(1 + self.random.below(300));
                input.splice(from..from, level.into_bytes());
            }
            _ => {
                let word = self.random.of(self.words).as_bytes();
                input.splice(from..from, word.iter().copied());
            }
        }
    }

    /// A part of `length` bytes, most often a short one.
    fn range(&mut self, length: usize) -> (usize, usize) {
        let from = self.random.below(length + 1);
        let most = if self.random.below(3) == 0 { length } else { 16 };
        (from, (from + self.random.below(most + 1)).min(length))
    }
}

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 1).unwrap_or(0).checked_rem(end).unwrap_or(0)
    }

    fn of<'t, T: ?Sized>(&mut self, list: &[&'t T]) -> &'t T
    where
        &'t T: Default,
    {
        let at = self.below(list.len());
        list.get(at).copied().unwrap_or_default()
    }
}

/// The digits from `from` on: the next number in the input, or nothing there.
fn digits(input: &[u8], from: usize) -> (usize, usize) {
    let rest = input.get(from..).unwrap_or_default();
    let start = rest.iter().position(u8::is_ascii_digit).map_or(from, |at| from + at);
    let rest = input.get(start..).unwrap_or_default();
    let length = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    (start, start + length)
}
