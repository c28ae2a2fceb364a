//! What can go wrong with sealed secrets. Texts name the file and the cause, never content.

use std::io;
use std::path::PathBuf;

use model::{SecretName, SecretVersion};

/// A sealed secret cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// There is no such sealed version.
    #[error("secret {name} has no sealed {version}; `portreeve secret put {name}` seals one")]
    Missing {
        /// The secret.
        name: SecretName,
        /// The version.
        version: SecretVersion,
    },
    /// The operating system does not let us read it.
    #[error("cannot read {path}")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The operating system does not let us write it. The value may or may not be sealed; if it
    /// is, it has a version that is never given out again.
    #[error("cannot seal into {path}")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Not a sealed secret, or only a part of one.
    #[error("{path} is not a whole sealed secret ({cause}); restore it from a backup")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, without content.
        cause: String,
    },
    /// Sealed for another gateway, name or version: renamed or copied here.
    #[error("{path} was sealed as {sealed_as}; a sealed secret cannot be renamed or copied")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it says it is.
        sealed_as: String,
    },
    /// Sealed under another sealing key.
    #[error("{path} was sealed under key {sealed_under}, and this gateway's is {ours}")]
    OtherKey {
        /// The file.
        path: PathBuf,
        /// The id of the key it names.
        sealed_under: String,
        /// The id of the key at hand.
        ours: String,
    },
    /// It does not open: somebody changed it.
    #[error("{path} does not open: it was changed after it was sealed; restore it from a backup")]
    Tampered {
        /// The file.
        path: PathBuf,
    },
    /// The mark of the latest version given out is damaged, so that the next is not known.
    #[error(
        "{path} names no version, so the next is not known; restore it from a backup, or write \
         into it the highest version that was ever sealed, as in v7"
    )]
    Mark {
        /// The file.
        path: PathBuf,
    },
    /// The last version number is taken.
    #[error("secret {0} has no version number left")]
    NoVersionLeft(SecretName),
    /// The cryptographic library failed, for instance for want of randomness.
    #[error("the cryptographic library failed")]
    Crypto,
}

/// A secret is not lent.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// The permit has no such target.
    #[error("the permit has no target number {0}")]
    NoTarget(usize),
    /// The permit's target names no secret, so none is lent for it.
    #[error("the permit names no secret for target number {0}")]
    NoSecret(usize),
    /// The secret does not open.
    #[error("the permitted secret cannot be opened")]
    Sealed(#[from] SecretError),
}
