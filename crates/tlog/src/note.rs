//! Signed notes (C2SP signed-note v1.0.0): a text, an empty line, signature lines.
//! Only Ed25519 is verified; lines of unknown signers are passed over, never trusted.

use crate::key::{LogKey, LogVerifier};
use crate::text::{base64, from_base64};

/// Largest note that is read, in bytes: room for 16 post-quantum signatures and more.
pub const NOTE_BYTES_MAX: usize = 256 * 1024;
/// Most signature lines that are read.
pub const SIGNATURES_MAX: usize = 64;

const LINE_START: &str = "\u{2014} ";

/// Why a note is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is larger than [`NOTE_BYTES_MAX`].
    #[error("the note has more than {NOTE_BYTES_MAX} bytes")]
    TooLarge,
    /// It has more than [`SIGNATURES_MAX`] signature lines.
    #[error("the note has more than {SIGNATURES_MAX} signature lines")]
    TooManySignatures,
    /// It contains a control character, or its text does not end with a newline.
    #[error("the note's text is not lines of text")]
    NotText,
    /// There is no empty line between text and signatures.
    #[error("the note has no empty line between its text and its signatures")]
    NoSeparator,
    /// A signature line cannot be read.
    #[error("signature line {line} of the note cannot be read")]
    SignatureLine {
        /// Which, from 1.
        line: usize,
    },
    /// A line claims to be of the key asked for, and does not verify.
    #[error("a signature of the note claims to be of this key and is not")]
    Forged,
    /// No line is of the key asked for.
    #[error("the note is not signed by this key")]
    NotSigned,
}

/// Signs `text` with `key`.
///
/// # Errors
/// When the text is not lines of text, each ended by a newline.
pub fn sign(text: &str, key: &LogKey) -> Result<String, NoteError> {
    if text.len() >= NOTE_BYTES_MAX / 2 {
        return Err(NoteError::TooLarge);
    }
    if !text.ends_with('\n') || has_control(text) {
        return Err(NoteError::NotText);
    }
    Ok(signed(text, key))
}

/// Signs a text that is known to be lines of text.
pub(crate) fn signed(text: &str, key: &LogKey) -> String {
    let mut bytes = Vec::with_capacity(68);
    bytes.extend_from_slice(&key.id());
    bytes.extend_from_slice(&key.sign(text.as_bytes()));
    format!("{text}\n{LINE_START}{} {}\n", key.name(), base64(&bytes))
}

/// The text of `note`, if `verifier` signed it. Signatures of other keys are passed over; one
/// that claims to be of this key and does not verify refuses the whole note.
///
/// # Errors
/// When the note is malformed, beyond a limit, or not signed by this key.
pub fn open<'a>(note: &'a str, verifier: &LogVerifier) -> Result<&'a str, NoteError> {
    if note.len() > NOTE_BYTES_MAX {
        return Err(NoteError::TooLarge);
    }
    if has_control(note) {
        return Err(NoteError::NotText);
    }
    let (text, signatures) = split(note)?;
    let mut signed = false;
    for (position, line) in signatures.split_terminator('\n').enumerate() {
        if position >= SIGNATURES_MAX {
            return Err(NoteError::TooManySignatures);
        }
        let unreadable = NoteError::SignatureLine { line: position + 1 };
        let (name, id, signature) = signature_line(line).ok_or(unreadable)?;
        if verifier.is_named(name, id) {
            let signature = signature.try_into().map_err(|_| NoteError::Forged)?;
            if !verifier.verify(text.as_bytes(), &signature) {
                return Err(NoteError::Forged);
            }
            signed = true;
        }
    }
    if signed { Ok(text) } else { Err(NoteError::NotSigned) }
}

/// The text with its last newline, and the signature lines: parted by the last empty line.
fn split(note: &str) -> Result<(&str, &str), NoteError> {
    let empty_line = note.rfind("\n\n").ok_or(NoteError::NoSeparator)?;
    let (text, rest) = note.split_at_checked(empty_line + 1).ok_or(NoteError::NoSeparator)?;
    let signatures = rest.strip_prefix('\n').ok_or(NoteError::NoSeparator)?;
    if signatures.is_empty() {
        return Err(NoteError::NotSigned);
    }
    if signatures.ends_with('\n') { Ok((text, signatures)) } else { Err(NoteError::NotText) }
}

/// The name, key id and signature of one line, whatever their kind.
fn signature_line(line: &str) -> Option<(&str, [u8; 4], Vec<u8>)> {
    let (name, encoded) = line.strip_prefix(LINE_START)?.split_once(' ')?;
    if name.is_empty() || name.contains(|each: char| each.is_whitespace() || each == '+') {
        return None;
    }
    let bytes = from_base64(encoded)?;
    let (id, signature) = bytes.split_first_chunk::<4>()?;
    if signature.is_empty() {
        return None;
    }
    Some((name, *id, signature.to_vec()))
}

fn has_control(text: &str) -> bool {
    text.bytes().any(|byte| byte < b' ' && byte != b'\n')
}
