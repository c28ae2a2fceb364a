//! What one request wishes of the laboratory's upstream.
//!
//! It travels in the request's text: a gateway hands on no header that it does not know.

use memchr::memmem;

/// How it begins in a request's body.
const MARK: &[u8] = b"lab-wish ";
/// Longest that a wish is written.
const BYTES_MAX: usize = 64;

/// A number that the answer repeats, and what kind of answer it is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wish {
    /// Which request this is: an answer to another one is found out by it.
    pub(crate) number: u64,
    /// Chunks of a stream; none for an answer in one piece.
    pub(crate) chunks: u64,
    /// The pause before each chunk, in milliseconds.
    pub(crate) pause_ms: u64,
}

impl Wish {
    /// As it stands in a request's text.
    pub(crate) fn words(self) -> String {
        let Self { number, chunks, pause_ms } = self;
        format!("lab-wish {number} {chunks} {pause_ms} please")
    }

    /// The first wish in a request's body.
    pub(crate) fn find(body: &[u8]) -> Option<Self> {
        let after = body.get(memmem::find(body, MARK)? + MARK.len()..)?;
        let text = after.get(..after.len().min(BYTES_MAX))?;
        let end = memmem::find(text, b" please")?;
        let mut numbers = std::str::from_utf8(text.get(..end)?).ok()?.split(' ');
        let mut next = || numbers.next()?.parse().ok();
        let wish = Self { number: next()?, chunks: next()?, pause_ms: next()? };
        numbers.next().is_none().then_some(wish)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wished_is_found_again() {
        let wish = Wish { number: 17, chunks: 50, pause_ms: 500 };
        let body = format!("{{\"content\":\"filler {}\"}}", wish.words());
        assert_eq!(Wish::find(body.as_bytes()), Some(wish));
    }

    #[test]
    fn what_is_no_wish_is_none() {
        for body in [
            "",
            "lab-wish",
            "lab-wish 1 2 3",
            "lab-wish 1 2 please",
            "lab-wish 1 2 3 4 please",
            "lab-wish -1 2 3 please",
            "lab-wish 1 2 x please",
        ] {
            assert_eq!(Wish::find(body.as_bytes()), None, "{body}");
        }
    }
}
