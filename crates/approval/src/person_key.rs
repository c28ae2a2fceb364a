//! A person's signing key, in the form OpenSSH's own programs read and write.
//!
//! The product makes one at first run, for the person who has none yet. It reads unencrypted
//! Ed25519 keys only: anything better guarded stays with `ssh-agent` or the device, and signs
//! through `ssh-keygen -Y sign`.

use std::fmt;

use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::{Algorithm, LineEnding, PrivateKey};
use zeroize::Zeroizing;

/// Longest key text that is looked at, in bytes.
const KEY_TEXT_BYTES_MAX: usize = 16 * 1024;

/// An Ed25519 signing key. Zeroized when dropped; no `Display`, and `Debug` shows the public
/// half only.
#[derive(Clone)]
pub struct PersonKey(PrivateKey);

/// Why a key text is not taken, or a key cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyTextError {
    /// Not an OpenSSH private key.
    #[error("not an OpenSSH private key")]
    Unreadable,
    /// Protected by a passphrase.
    #[error(
        "the key is protected by a passphrase: sign with `ssh-keygen -Y sign` (ssh-agent \
         helps), or name a key without one"
    )]
    Encrypted,
    /// A key of another kind.
    #[error("`{0}` keys are not read here: sign with `ssh-keygen -Y sign`, or use ssh-ed25519")]
    Kind(String),
    /// The key's comment holds a line break or another control character.
    #[error("a key's comment is one line of text")]
    Comment,
    /// The library could not write the key.
    #[error("the key could not be written in OpenSSH's form")]
    Unwritable,
}

impl PersonKey {
    /// The key that grows from `seed`: 32 bytes from a cryptographic random source. `comment`
    /// names it in listings, usually the person's name.
    ///
    /// # Errors
    /// [`KeyTextError::Comment`] where the comment is not one line.
    pub fn generate(seed: &Zeroizing<[u8; 32]>, comment: &str) -> Result<Self, KeyTextError> {
        if comment.chars().any(char::is_control) {
            return Err(KeyTextError::Comment);
        }
        let pair = KeypairData::Ed25519(Ed25519Keypair::from_seed(seed));
        PrivateKey::new(pair, comment).map(Self).map_err(|_| KeyTextError::Unwritable)
    }

    /// The key in an OpenSSH private key file's text.
    ///
    /// # Errors
    /// [`KeyTextError`] where the text holds anything but an unencrypted Ed25519 key.
    pub fn from_openssh(text: &str) -> Result<Self, KeyTextError> {
        if text.len() > KEY_TEXT_BYTES_MAX {
            return Err(KeyTextError::Unreadable);
        }
        let key = PrivateKey::from_openssh(text).map_err(|_| KeyTextError::Unreadable)?;
        if key.is_encrypted() {
            return Err(KeyTextError::Encrypted);
        }
        if key.algorithm() != Algorithm::Ed25519 {
            return Err(KeyTextError::Kind(key.algorithm().as_str().to_owned()));
        }
        Ok(Self(key))
    }

    /// The private key's text, for a file of mode 0600 that `ssh-keygen` reads.
    ///
    /// # Errors
    /// [`KeyTextError::Unwritable`] where the library cannot write it.
    pub fn to_openssh(&self) -> Result<Zeroizing<String>, KeyTextError> {
        self.0.to_openssh(LineEnding::LF).map_err(|_| KeyTextError::Unwritable)
    }

    /// The public key's line, as `people.yaml` and `authorized_keys` hold it.
    ///
    /// # Errors
    /// [`KeyTextError::Unwritable`] where the library cannot write it.
    pub fn public_line(&self) -> Result<String, KeyTextError> {
        self.0.public_key().to_openssh().map_err(|_| KeyTextError::Unwritable)
    }

    pub(crate) const fn key(&self) -> &PrivateKey {
        &self.0
    }
}

impl fmt::Debug for PersonKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fingerprint = self.0.fingerprint(ssh_key::HashAlg::Sha256);
        write!(out, "PersonKey({fingerprint}, private half not shown)")
    }
}
