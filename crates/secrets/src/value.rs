//! A secret in memory: checked when it is made, overwritten when dropped, never printed.

use std::fmt;

use zeroize::Zeroizing;

/// Largest secret, in bytes.
pub const SECRET_BYTES_MAX: usize = 16 * 1024;

/// A secret's bytes. It has no `Display`, `Serialize`, `Clone` or `PartialEq`, and its `Debug`
/// says nothing.
pub struct SecretValue(Zeroizing<Vec<u8>>);

/// Bytes that cannot be a secret. The texts never quote them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// Nothing, or a line end and nothing else.
    #[error("the secret is empty")]
    Empty,
    /// More than 16 KiB.
    #[error("the secret is longer than 16 KiB")]
    TooLong,
    /// A line end, tab or other control character inside.
    #[error("the secret holds a line end or another control character")]
    Control,
    /// A space at the beginning or end, which no header keeps.
    #[error("the secret begins or ends with a space")]
    Spaced,
}

impl SecretValue {
    /// Takes the bytes, without the one line end that files and pipes leave behind.
    ///
    /// # Errors
    /// Where they are empty, too many, begin or end with a space, or hold control characters.
    pub fn from_bytes(mut bytes: Zeroizing<Vec<u8>>) -> Result<Self, ValueError> {
        let kept = match bytes.as_slice() {
            [kept @ .., b'\r', b'\n'] | [kept @ .., b'\n'] => kept.len(),
            all => all.len(),
        };
        bytes.truncate(kept);
        if bytes.is_empty() {
            return Err(ValueError::Empty);
        }
        if bytes.len() > SECRET_BYTES_MAX {
            return Err(ValueError::TooLong);
        }
        if bytes.iter().any(u8::is_ascii_control) {
            return Err(ValueError::Control);
        }
        if bytes.first() == Some(&b' ') || bytes.last() == Some(&b' ') {
            return Err(ValueError::Spaced);
        }
        Ok(Self(bytes))
    }

    /// The bytes, for whoever brought them: to commit to them, to send them on to be sealed.
    /// The store never hands a value out, so this opens nothing that was sealed.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SecretValue(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &[u8], expected: Result<&[u8], ValueError>) {
        let value = SecretValue::from_bytes(Zeroizing::new(given.to_vec()));
        assert_eq!(value.as_ref().map(SecretValue::expose).map_err(|error| *error), expected);
    }

    #[test]
    fn one_line_end_is_trimmed_and_nothing_else_is_changed() {
        check(b"sk-1", Ok(b"sk-1"));
        check(b"sk-1\n", Ok(b"sk-1"));
        check(b"sk-1\r\n", Ok(b"sk-1"));
        check(b"a b", Ok(b"a b"));
        check("p\u{e4}ss".as_bytes(), Ok("p\u{e4}ss".as_bytes()));
        check(&[b'x'; SECRET_BYTES_MAX], Ok(&[b'x'; SECRET_BYTES_MAX]));
        check(&[&[b'x'; SECRET_BYTES_MAX][..], b"\n"].concat(), Ok(&[b'x'; SECRET_BYTES_MAX]));
    }

    #[test]
    fn what_cannot_be_a_secret_is_refused() {
        check(b"", Err(ValueError::Empty));
        check(b"\n", Err(ValueError::Empty));
        check(b"\r\n", Err(ValueError::Empty));
        check(b"\n\n", Err(ValueError::Control));
        check(b"a\nb", Err(ValueError::Control));
        check(b"a\r", Err(ValueError::Control));
        check(b"a\tb", Err(ValueError::Control));
        check(b"a\0", Err(ValueError::Control));
        check(b"a\x7f", Err(ValueError::Control));
        check(b" a", Err(ValueError::Spaced));
        check(b"a \n", Err(ValueError::Spaced));
        check(&[b'x'; SECRET_BYTES_MAX + 1], Err(ValueError::TooLong));
    }

    #[test]
    fn debug_says_nothing() {
        let value = SecretValue::from_bytes(Zeroizing::new(b"hunter2".to_vec()));
        assert_eq!(format!("{value:?}"), "Ok(SecretValue(redacted))");
    }
}
