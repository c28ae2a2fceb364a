//! Planted secrets, and the search for them in everything that comes out.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// A distinctive value that must not come out where it does not belong. One for each kind of
/// thing that portreeve keeps to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Canary {
    /// A provider's API key, sealed in the secret store.
    ProviderKey,
    /// The words of a prompt.
    Prompt,
    /// An argument of a tool call.
    Argument,
    /// A person's name or address.
    Person,
    /// A credential that a client sends and that is not ours.
    ForeignCredential,
}

impl Canary {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::ProviderKey, Self::Prompt, Self::Argument, Self::Person, Self::ForeignCredential];

    /// The planted value. It holds characters that encodings change, and fits into a header.
    #[must_use]
    pub const fn value(self) -> &'static str {
        match self {
            Self::ProviderKey => "sk-canary/provider+key=7Qw2>Rt9?xZ4",
            Self::Prompt => "canary/prompt+words=9Lk3>Vb6?nM1",
            Self::Argument => "canary/argument+value=5Hj8>Cd2?pS7",
            Self::Person => "canary.person+4Fg1@example.invalid",
            Self::ForeignCredential => "ck-canary/foreign+cred=3Yu6>Wq8?bN5",
        }
    }
}

/// Asserts that none of the canaries is in `bytes`, in any of its [`forms`].
///
/// # Panics
/// If one is, naming the canary, its form and the place.
#[track_caller]
pub fn assert_clean(bytes: &[u8], place: &str, canaries: &[Canary]) {
    for canary in canaries {
        for (form, needle) in forms(canary.value()) {
            assert!(!contains(bytes, &needle), "{place} holds {canary:?} ({form})");
        }
    }
}

/// Asserts the same of every file below `dir`, names included.
///
/// # Panics
/// If one is found, or a file cannot be read.
#[track_caller]
pub fn assert_clean_dir(dir: &Path, canaries: &[Canary]) {
    for entry in fs::read_dir(dir).expect("a folder to search") {
        let path = entry.expect("an entry to search").path();
        let name = path.display().to_string();
        assert_clean(name.as_bytes(), "a file's name", canaries);
        if path.is_dir() {
            assert_clean_dir(&path, canaries);
        } else if path.is_file() {
            assert_clean(&fs::read(&path).expect("a file to search"), &name, canaries);
        }
    }
}

/// The ways a value may be written: plain, base64 (both alphabets, at each of the three
/// alignments), hexadecimal, percent-encoded, escaped as JSON. Each with its name.
#[must_use]
pub fn forms(value: &str) -> BTreeSet<(&'static str, Vec<u8>)> {
    let mut forms = BTreeSet::new();
    let mut add = |form, text: String| forms.insert((form, text.into_bytes()));
    add("plain", value.to_owned());
    let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
    add("hex", hex.to_uppercase());
    add("hex", hex);
    add("percent", percent(value, false));
    add("percent", percent(value, true));
    add("json", value.replace('/', "\\/"));
    for skip in 0..3 {
        add("base64", inner_base64(value, skip, &STANDARD));
        add("base64", inner_base64(value, skip, &URL_SAFE));
    }
    forms
}

/// The characters of the value's base64 that do not depend on what stands around it, where it
/// begins `skip` bytes into a group of three.
fn inner_base64(value: &str, skip: usize, alphabet: &impl Engine) -> String {
    let mut bytes = vec![0; skip];
    bytes.extend_from_slice(value.as_bytes());
    let whole_groups = bytes.len() / 3 * 4;
    let text = alphabet.encode(&bytes);
    let first = [0, 2, 3].get(skip).copied().unwrap_or_default();
    text.chars().take(whole_groups).skip(first).collect()
}

fn percent(value: &str, lower: bool) -> String {
    let unreserved =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    value
        .bytes()
        .map(|byte| match byte {
            byte if unreserved(byte) => char::from(byte).to_string(),
            byte if lower => format!("%{byte:02x}"),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str) -> bool {
        forms(Canary::ProviderKey.value()).iter().any(|(_, form)| contains(text.as_bytes(), form))
    }

    #[test]
    fn every_form_is_found_wherever_it_begins() {
        let value = Canary::ProviderKey.value();
        assert!(holds(&format!("a {value} b")));
        for around in ["", "x", "xy", "xyz", "Bearer "] {
            let text = format!("{around}{value}{around}");
            assert!(holds(&STANDARD.encode(&text)), "{around}");
            assert!(holds(&URL_SAFE.encode(&text)), "{around}");
            let hex: String = text.bytes().map(|byte| format!("{byte:02X}")).collect();
            assert!(holds(&hex));
            assert!(holds(&percent(&text, true)));
        }
        assert!(holds(&serde_json::json!({"key": value}).to_string()));
        assert!(holds("sk-canary\\/provider+key=7Qw2>Rt9?xZ4"));
    }

    #[test]
    fn a_cut_or_other_value_is_not_found() {
        assert!(!holds("sk-canary/provider+key=7Qw2>Rt9?xZ"));
        assert!(!holds(Canary::Prompt.value()));
        assert!(!holds(""));
    }

    #[test]
    #[should_panic(expected = "holds Prompt (plain)")]
    fn a_find_names_the_canary() {
        assert_clean(Canary::Prompt.value().as_bytes(), "the log", &Canary::ALL);
    }
}
