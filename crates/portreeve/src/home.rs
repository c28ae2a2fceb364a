//! The home: one folder that holds everything a gateway must remember, and the lock on it.
//!
//! Each thing is made where it is missing and used where it is there, so that a first run that
//! was interrupted is finished by the next one. The genesis entry of the control log is the
//! last step: before it, nothing made here has ever been used.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// Largest key or settings file, in bytes.
const FILE_MAX: u64 = 64 * 1024;

/// Where a home's parts lie. Naming a home makes and locks nothing.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    root: PathBuf,
}

/// The lock on a home: one process serves from it. Released when dropped.
#[derive(Debug)]
pub(crate) struct HomeLock {
    _file: File,
}

/// A home that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HomeError {
    /// Another process serves from it.
    #[error("{0} is in use by another portreeve; stop that one, or choose another --home")]
    InUse(PathBuf),
    /// Others can read it.
    #[error("{path} can be read by others (mode {mode:03o}); run: chmod 700 {path}")]
    Open {
        /// The folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A key file can be read by others.
    #[error("{path} can be read by others (mode {mode:03o}); run: chmod 600 {path}")]
    OpenKey {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The disk refused.
    #[error("cannot {doing} {path}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
}

impl Home {
    pub(crate) const fn at(root: PathBuf) -> Self {
        Self { root }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Makes the folder (0700) where it is missing and takes the lock on it.
    pub(crate) fn lock(&self) -> Result<HomeLock, HomeError> {
        make_dir(&self.root)?;
        let mode =
            fs::metadata(&self.root).map_err(io_error("examine", &self.root))?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(HomeError::Open { path: self.root.clone(), mode });
        }
        let path = self.root.join("lock");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(io_error("open", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(HomeLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(HomeError::InUse(self.root.clone())),
            Err(TryLockError::Error(source)) => Err(HomeError::Io { doing: "lock", path, source }),
        }
    }

    pub(crate) fn key(&self, name: &str) -> PathBuf {
        self.root.join("keys").join(name)
    }

    /// The file that says that a gateway was begun here, and by which control log.
    pub(crate) fn mark(&self) -> PathBuf {
        self.root.join("begun.json")
    }

    pub(crate) fn control_log(&self) -> PathBuf {
        self.root.join("logs/control")
    }

    pub(crate) fn decision_log(&self) -> PathBuf {
        self.root.join("logs/decisions")
    }

    /// The snapshot of the budgets' counters.
    pub(crate) fn counters(&self) -> PathBuf {
        self.root.join("quota/counters.json")
    }

    pub(crate) fn fact_keys(&self) -> PathBuf {
        self.root.join("keys/facts")
    }

    pub(crate) fn charters(&self) -> PathBuf {
        self.root.join("charters")
    }

    pub(crate) fn working_copy(&self) -> PathBuf {
        self.root.join("charter")
    }

    pub(crate) fn secrets(&self) -> PathBuf {
        self.root.join("secrets")
    }

    pub(crate) fn settings(&self) -> PathBuf {
        self.root.join("settings.yaml")
    }

    pub(crate) fn admin_socket(&self) -> PathBuf {
        self.root.join("admin.sock")
    }
}

/// Makes `path` and its parents with mode 0700.
pub(crate) fn make_dir(path: &Path) -> Result<(), HomeError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(io_error("make folder", path))
}

/// Reads a small file; none where it is not there.
pub(crate) fn read_file(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, HomeError> {
    let length = match fs::metadata(path) {
        Ok(found) => found.len(),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(io_error("examine", path)(cause)),
    };
    if length > FILE_MAX {
        return Err(io_error("read", path)(io::ErrorKind::FileTooLarge.into()));
    }
    fs::read(path).map(|bytes| Some(Zeroizing::new(bytes))).map_err(io_error("read", path))
}

/// Reads a key file, which nobody else may be able to read.
pub(crate) fn read_key(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, HomeError> {
    let Some(bytes) = read_file(path)? else { return Ok(None) };
    let mode = fs::metadata(path).map_err(io_error("examine", path))?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(HomeError::OpenKey { path: path.to_owned(), mode });
    }
    Ok(Some(bytes))
}

/// Writes `bytes` as a new file of mode 0600: whole and durable, or not there at all.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), HomeError> {
    let parent = path.parent().unwrap_or(Path::new("."));
    make_dir(parent)?;
    // A crash before the rename leaves a `.new` beside it, which the next write replaces. It is
    // removed and made anew, so that a link or a pipe of that name is never written through.
    let fresh = path.with_extension("new");
    match fs::remove_file(&fresh) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
            return Err(io_error("clear away", &fresh)(cause));
        }
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)
        .map_err(io_error("create", &fresh))?;
    file.write_all(bytes).map_err(io_error("write", &fresh))?;
    file.sync_all().map_err(io_error("sync", &fresh))?;
    rename(&fresh, path)
}

/// Renames `fresh` to `path` durably.
pub(crate) fn rename(fresh: &Path, path: &Path) -> Result<(), HomeError> {
    fs::rename(fresh, path).map_err(io_error("rename into place", path))?;
    let parent = path.parent().unwrap_or(Path::new("."));
    File::open(parent).and_then(|dir| dir.sync_all()).map_err(io_error("sync", parent))
}

/// Removes the folder `path` with all it holds, where it is there.
pub(crate) fn clear(path: &Path) -> Result<(), HomeError> {
    match fs::remove_dir_all(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
            Err(io_error("clear away", path)(cause))
        }
        _ => Ok(()),
    }
}

fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> HomeError {
    let path = path.to_owned();
    move |source| HomeError::Io { doing, path, source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn nothing_is_written_through_a_link_in_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("counters.json"), folder.path().join("other"));
        fs::write(&other, "theirs").unwrap();
        symlink(&other, folder.path().join("counters.new")).unwrap();
        write_new(&path, b"ours").unwrap();
        assert_eq!(fs::read_to_string(&other).unwrap(), "theirs");
        assert_eq!(fs::read_to_string(&path).unwrap(), "ours");
        assert!(fs::symlink_metadata(&path).unwrap().is_file());
    }
}
