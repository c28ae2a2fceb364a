//! The write-ahead log: segments of checksummed frames, each frame one entry and its sealed
//! facts. `spec/ledger.md` section 4 gives the bytes.
//!
//! A frame names the first index of the batch it was written with. A batch is only written when
//! the sync of the one before it succeeded, so a frame of a later batch proves every earlier
//! frame durable: damage before such a frame is corruption, damage within the last batch is the
//! trace of a crash.

mod cursor;
mod frame;
mod recover;
mod segment;

pub(crate) use cursor::Cursor;
pub(crate) use recover::recover;
pub(crate) use segment::{WalPlace, WalWriter, remove_published};

use std::path::{Path, PathBuf};

/// Sealed facts of one entry, at most.
pub(crate) const SEALED_BYTES_MAX: usize = (1 << 20) + 128;

/// Why the WAL cannot be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum WalError {
    /// A file operation failed.
    #[error("{what} {}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// How it failed.
        source: std::io::Error,
    },
    /// Durable bytes are damaged or missing.
    #[error(
        "{} is damaged at byte {offset}: {what}. Entries that were acknowledged may be lost, so \
         the log stays shut. Keep a copy of the whole directory as evidence; then restore the \
         file from a copy of this machine's disk, or retire the log: move its directory away and \
         start a new one under a new name, so that the control log shows where this one ended",
        path.display()
    )]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Where in it.
        offset: u64,
        /// What is wrong there.
        what: String,
    },
}

impl WalError {
    pub(crate) fn io(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { what, path: path.to_owned(), source }
    }

    pub(crate) fn damaged(path: &Path, offset: u64, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), offset, what: what.into() }
    }

    /// The error and its cause in one line.
    pub(crate) fn line(&self) -> String {
        match self {
            Self::Io { source, .. } => format!("{self}: {source}"),
            Self::Damaged { .. } => self.to_string(),
        }
    }
}

/// The segments in `dir`, by the index of their first entry.
pub(crate) fn segments(dir: &Path) -> Result<Vec<(u64, PathBuf)>, WalError> {
    let listed = match std::fs::read_dir(dir) {
        Ok(listed) => listed,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(WalError::io("cannot list", dir)(error)),
    };
    let mut found = Vec::new();
    for item in listed {
        let path = item.map_err(WalError::io("cannot list", dir))?.path();
        let first = path
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(|name| name.strip_suffix(".wal"))
            .filter(|digits| digits.len() == 20)
            .and_then(|digits| digits.parse().ok());
        if let Some(first) = first {
            found.push((first, path));
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn segment_path(dir: &Path, first: u64) -> PathBuf {
    dir.join(format!("{first:020}.wal"))
}

#[cfg(test)]
mod tests;
