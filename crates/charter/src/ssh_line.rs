//! A light look at SSH public key lines: enough to catch a slip of the hand. Whether the key is
//! a good one is for `approval` to judge, which verifies signatures with it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The kinds of key that sign acts.
pub(crate) const KINDS: [&str; 2] = ["ssh-ed25519", "sk-ssh-ed25519@openssh.com"];

/// Longest line, in bytes.
pub(crate) const LINE_BYTES_MAX: usize = 2_048;

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

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

    /// A line whose blob names `kind` and holds `bytes` of point.
    fn line(kind: &str, bytes: usize) -> String {
        let mut blob = Vec::new();
        for part in [kind.as_bytes(), &vec![7; bytes]] {
            blob.extend(u32::try_from(part.len()).unwrap().to_be_bytes());
            blob.extend(part);
        }
        format!("{kind} {}", STANDARD.encode(blob))
    }

    #[test]
    fn a_line_as_ssh_keygen_writes_it_is_taken() {
        let blob = GOOD.split(' ').nth(1).unwrap();
        for good in [GOOD.to_owned(), format!("{GOOD} ada@laptop"), format!("  {GOOD} a b c ")] {
            assert_eq!(super::blob(&good).as_deref(), Ok(blob), "{good}");
        }
        assert!(super::blob(&line("ssh-ed25519", 32)).is_ok());
        // What follows the point of a security key is the application it is for.
        assert!(super::blob(&line("sk-ssh-ed25519@openssh.com", 32)).is_ok());
    }

    #[test]
    fn a_slip_of_the_hand_is_noticed() {
        let blob = GOOD.split(' ').nth(1).unwrap();
        for bad in [
            String::new(),
            "ssh-ed25519".to_owned(),
            blob.to_owned(),
            format!("ssh-rsa {blob}"),
            format!("sk-ssh-ed25519@openssh.com {blob}"),
            format!("no-pty {GOOD}"),
            format!("SSH-ED25519 {blob}"),
            GOOD[..GOOD.len() - 1].to_owned(),
            GOOD[..GOOD.len() - 4].to_owned(),
            format!("{GOOD}="),
            format!("{GOOD}\n{GOOD}"),
            line("ssh-ed25519", 31),
            line("ssh-ed25519", 33),
            line("ssh-rsa", 32),
            format!("{GOOD} {}", "x".repeat(2048)),
        ] {
            assert!(super::blob(&bad).is_err(), "{bad}");
        }
    }
}
