//! PKCS#8 as PEM text (RFC 7468), strictly: one block, one label, nothing around it.
//!
//! It reads what `openssl pkcs8` and this crate write, and never repairs a damaged text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";
/// Characters of base64 a line (RFC 7468, section 2).
const LINE_CHARACTERS: usize = 64;
/// Longest text that is looked at; a P-256 key takes about 240 bytes.
const TEXT_BYTES_MAX: usize = 4096;

/// `der` as a PEM text that ends with a line feed.
pub(crate) fn encode(der: &[u8]) -> Zeroizing<String> {
    let body = Zeroizing::new(STANDARD.encode(der));
    let lines = body.len() / LINE_CHARACTERS + 1;
    // Reserved in full, so that no half-written copy of the key is left behind by a move.
    let capacity = BEGIN.len() + END.len() + body.len() + lines + 2;
    let mut text = Zeroizing::new(String::with_capacity(capacity));
    text.push_str(BEGIN);
    for (index, character) in body.chars().enumerate() {
        if index % LINE_CHARACTERS == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text.push('\n');
    text.push_str(END);
    text.push('\n');
    text
}

/// The DER inside `text`, or nothing where it is not exactly one PKCS#8 block.
pub(crate) fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let inner = text.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let mut body = Zeroizing::new(String::with_capacity(inner.len()));
    inner.lines().for_each(|line| body.push_str(line));
    STANDARD.decode(body.as_bytes()).ok().map(Zeroizing::new)
}
