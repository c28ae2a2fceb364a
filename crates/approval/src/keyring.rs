//! Which SSH keys speak for which person, as the charter in force says.
//!
//! It holds public keys only. It takes Ed25519, in software or on a security key, and no other
//! kind: one curve is enough, and the rest would be code that nobody exercises.

use std::collections::BTreeMap;

use model::PersonName;
use ssh_key::public::{Ed25519PublicKey, KeyData};
use ssh_key::{HashAlg, PublicKey};

/// Longest key line that is looked at, in bytes.
const KEY_LINE_BYTES_MAX: usize = 2048;

/// The persons and their keys. A person may have none: such a person signs nothing.
#[derive(Debug, Clone, Default)]
pub struct Keyring {
    persons: BTreeMap<PersonName, Vec<PersonPublicKey>>,
}

/// One key of one person.
#[derive(Debug, Clone)]
pub(crate) struct PersonPublicKey {
    pub(crate) key: PublicKey,
    pub(crate) kind: KeyKind,
}

/// What a key is, and so what a signature by it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// `ssh-ed25519`: whoever could read the key file signed.
    Ed25519,
    /// `sk-ssh-ed25519@openssh.com`: somebody touched the security key for this signature.
    SecurityKey,
}

/// Why a key line is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not an OpenSSH public key.
    #[error("not an OpenSSH public key line, such as `ssh-ed25519 AAAA... name`")]
    Unreadable,
    /// A key, of a kind that signs no acts.
    #[error("`{0}` keys sign no acts: use ssh-ed25519 or sk-ssh-ed25519@openssh.com")]
    Kind(String),
    /// A point of small order: anyone can make signatures that it verifies.
    #[error("the key is weak: anyone could sign for it; make a new one with ssh-keygen")]
    Weak,
    /// The same key stands elsewhere already.
    #[error("the key is already the key of `{0}`: each key speaks for one person")]
    Shared(PersonName),
}

/// A key line that is not taken, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("key {number} of person `{person}`")]
pub struct KeyringError {
    /// The person.
    pub person: PersonName,
    /// Which of the person's keys, from 1.
    pub number: usize,
    /// Why it is not taken.
    #[source]
    pub why: KeyError,
}

impl Keyring {
    /// The keyring of explicit pairs: a person and one line of theirs, as in
    /// `ssh-ed25519 AAAA... comment`.
    ///
    /// # Errors
    /// All the lines that are not taken. One bad line spoils the whole keyring, so that a
    /// charter with a key nobody could use never comes into force.
    pub fn from_lines<'a>(
        lines: impl IntoIterator<Item = (PersonName, &'a str)>,
    ) -> Result<Self, Vec<KeyringError>> {
        let mut keyring = Self::default();
        let mut errors = Vec::new();
        let mut numbers: BTreeMap<PersonName, usize> = BTreeMap::new();
        for (person, line) in lines {
            let number = numbers.entry(person.clone()).or_default();
            *number += 1;
            if let Err(why) = keyring.add(&person, line) {
                errors.push(KeyringError { person, number: *number, why });
            }
        }
        if errors.is_empty() { Ok(keyring) } else { Err(errors) }
    }

    /// The persons who have at least one key.
    pub fn persons(&self) -> impl Iterator<Item = &PersonName> {
        self.persons.keys()
    }

    /// The keys of `person`; none where the person is unknown or has none.
    pub(crate) fn keys(&self, person: &PersonName) -> Option<&[PersonPublicKey]> {
        self.persons.get(person).map(Vec::as_slice)
    }

    pub(crate) fn add(&mut self, person: &PersonName, line: &str) -> Result<(), KeyError> {
        let found = PersonPublicKey::parse(line)?;
        let owner = self.persons.iter().find_map(|(owner, keys)| {
            keys.iter().any(|known| known.is(found.key.key_data())).then(|| owner.clone())
        });
        match owner {
            Some(owner) => Err(KeyError::Shared(owner)),
            None => {
                self.persons.entry(person.clone()).or_default().push(found);
                Ok(())
            }
        }
    }
}

impl PersonPublicKey {
    fn parse(line: &str) -> Result<Self, KeyError> {
        if line.len() > KEY_LINE_BYTES_MAX || line.chars().any(char::is_control) {
            return Err(KeyError::Unreadable);
        }
        let key = PublicKey::from_openssh(line).map_err(|_| KeyError::Unreadable)?;
        let (point, kind) = match (key.key_data().ed25519(), key.key_data().sk_ed25519()) {
            (Some(point), _) => (point, KeyKind::Ed25519),
            (None, Some(on_device)) => (on_device.public_key(), KeyKind::SecurityKey),
            (None, None) => return Err(KeyError::Kind(key.algorithm().as_str().to_owned())),
        };
        check_point(point)?;
        Ok(Self { key, kind })
    }

    /// Whether it is exactly this key, the application of a security key included.
    pub(crate) fn is(&self, key: &KeyData) -> bool {
        self.key.key_data() == key
    }

    /// The key's fingerprint as `ssh-keygen -l` shows it: `SHA256:...`.
    pub(crate) fn fingerprint(&self) -> String {
        self.key.fingerprint(HashAlg::Sha256).to_string()
    }
}

fn check_point(point: &Ed25519PublicKey) -> Result<(), KeyError> {
    let key = ed25519_dalek::VerifyingKey::from_bytes(point.as_ref())
        .map_err(|_| KeyError::Unreadable)?;
    if key.is_weak() { Err(KeyError::Weak) } else { Ok(()) }
}
