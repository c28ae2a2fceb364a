//! The content-addressed charter store: what serves is read from here, by digest.
//!
//! A stored charter is never changed. What is read back is hashed again, so that an edited
//! store is noticed and not served.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use charter::SourceTree;
use model::{Digest, Problems};

use crate::tree::read_tree;

/// The store in a home: one folder per charter, named by its digest.
#[derive(Debug, Clone)]
pub struct CharterStore {
    root: PathBuf,
}

/// The store cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk refused.
    #[error("charter store: cannot {doing} {path}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// The charter was never stored here, or was removed.
    #[error("charter {0} is not in the store {1}")]
    Missing(Digest, PathBuf),
    /// What is stored under the digest does not have it.
    #[error("charter {wanted} was changed in the store: what lies there is {found}")]
    Changed {
        /// The digest asked for.
        wanted: Digest,
        /// The digest found.
        found: Digest,
    },
    /// What is stored cannot be read as a tree of files.
    #[error("charter {0} cannot be read back: {1}")]
    Unreadable(Digest, String),
}

impl CharterStore {
    /// The store below `root`, which is made if it is not there.
    ///
    /// # Errors
    /// Where the folder cannot be made.
    pub fn open(root: PathBuf) -> Result<Self, StoreError> {
        make_dir(&root)?;
        Ok(Self { root })
    }

    /// The store below `root`, for reading only: nothing is made.
    #[must_use]
    pub const fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// Stores `tree` durably and returns its digest. Storing it again changes nothing.
    ///
    /// # Errors
    /// Where the disk refuses. Nothing half-written is ever found under a digest.
    pub fn put(&self, tree: &SourceTree) -> Result<Digest, StoreError> {
        let digest = charter::manifest(tree).digest();
        let place = self.place(&digest);
        if place.exists() && self.get(&digest).is_ok() {
            return Ok(digest);
        }
        // A crash before the rename leaves only `.incoming`, which the next put clears away.
        let incoming = self.root.join(".incoming");
        remove(&incoming)?;
        make_dir(&incoming)?;
        let mut folders = BTreeSet::from([incoming.clone()]);
        for (path, bytes) in tree.files() {
            let written = write_file(&incoming, path, bytes)?;
            folders.extend(
                written
                    .ancestors()
                    .skip(1)
                    .take_while(|at| at.starts_with(&incoming))
                    .map(Path::to_owned),
            );
        }
        for folder in &folders {
            sync_dir(folder)?;
        }
        remove(&place)?;
        fs::rename(&incoming, &place).map_err(io_error("rename into place", &place))?;
        sync_dir(&self.root)?;
        Ok(digest)
    }

    /// The charter named `digest`, verified by hashing it again.
    ///
    /// # Errors
    /// Where it is missing, unreadable or changed.
    pub fn get(&self, digest: &Digest) -> Result<SourceTree, StoreError> {
        let place = self.place(digest);
        if !place.is_dir() {
            return Err(StoreError::Missing(*digest, self.root.clone()));
        }
        let tree = read_tree(&place)
            .map_err(|problems| StoreError::Unreadable(*digest, first(&problems)))?;
        let found = charter::manifest(&tree).digest();
        if found == *digest {
            Ok(tree)
        } else {
            Err(StoreError::Changed { wanted: *digest, found })
        }
    }

    fn place(&self, digest: &Digest) -> PathBuf {
        self.root.join(digest.hex())
    }
}

fn write_file(root: &Path, relative: &str, bytes: &[u8]) -> Result<PathBuf, StoreError> {
    let path = root.join(relative);
    if let Some(parent) = path.parent() {
        make_dir(parent)?;
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(io_error("create", &path))?;
    file.write_all(bytes).map_err(io_error("write", &path))?;
    file.sync_all().map_err(io_error("sync", &path))?;
    Ok(path)
}

fn make_dir(path: &Path) -> Result<(), StoreError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(io_error("make folder", path))
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
            Err(io_error("clear away", path)(cause))
        }
        _ => Ok(()),
    }
}

fn sync_dir(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|dir| dir.sync_all()).map_err(io_error("sync", path))
}

fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Io { doing, path, source }
}

fn first(problems: &Problems) -> String {
    problems.first().map(ToString::to_string).unwrap_or_default()
}
