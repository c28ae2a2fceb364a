//! A light look at SSH public key lines: enough to catch a slip of the hand. Whether the key is
//! a good one is for `approval` to judge, which verifies signatures with it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The kinds of key that sign acts.
pub(crate) const KINDS: [&str; 2] = ["ssh-ed25519", "sk-ssh-ed25519@openssh.com"];

/// Longest line, in bytes.
const LINE_BYTES_MAX: usize = 2_048;

/// The key itself, in its base64 text, or what is wrong with the line.
pub(crate) fn blob(line: &str) -> Result<String, &'static str> {
    if line.len() > LINE_BYTES_MAX || line.contains('\n') {
        return Err("the key is not one short line");
    }
    let mut words = line.split_ascii_whitespace();
    let kind = words.next().unwrap_or_default();
    if !KINDS.contains(&kind) {
        return Err("the line does not begin with `ssh-ed25519` or `sk-ssh-ed25519@openssh.com`");
    }
    let text = words.next().ok_or("the key itself is missing after its kind")?;
    let bytes = STANDARD.decode(text).map_err(|_| "the key is not base64: was it cut off?")?;
    // The blob repeats its kind as a length-prefixed string (RFC 4253, 6.6).
    let named = u32::try_from(kind.len()).unwrap_or(0).to_be_bytes();
    let rest = bytes.strip_prefix(&named).and_then(|rest| rest.strip_prefix(kind.as_bytes()));
    let rest = rest.ok_or("the key is of another kind than its line says")?;
    // Next comes the point itself, 32 bytes (RFC 8709, 4).
    match rest.split_at_checked(4) {
        Some((length, point)) if length == [0, 0, 0, 32] && point.len() >= 32 => {
            Ok(text.to_owned())
        }
        _ => Err("the key was cut off"),
    }
}
