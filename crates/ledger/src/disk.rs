//! The few file operations the ledger's durability rests on, each named by its step, so that a
//! test can make any of them fail before or after it took effect.
//!
//! It holds no state of its own and never decides what to write.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::Path;

use crate::faults::{Faults, Step};

/// Files are the owner's alone.
const FILE_MODE: u32 = 0o600;
/// So are directories.
const DIR_MODE: u32 = 0o700;

/// The disk, as the ledger uses it.
#[derive(Debug, Clone)]
pub(crate) struct Disk {
    faults: Faults,
}

impl Disk {
    pub(crate) fn new(faults: Faults) -> Self {
        Self { faults }
    }

    /// Makes `path` and its missing parents. Durable once the parents are synced.
    pub(crate) fn create_dirs(&self, path: &Path) -> io::Result<()> {
        self.faults.around(Step::DirCreate, || {
            DirBuilder::new().recursive(true).mode(DIR_MODE).create(path)
        })
    }

    /// Opens `path` for writing, made anew or cut to nothing.
    pub(crate) fn create(&self, step: Step, path: &Path) -> io::Result<File> {
        self.faults.around(step, || {
            OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(true)
                .mode(FILE_MODE)
                .open(path)
        })
    }

    /// Opens `path` for reading and writing as it stands, making it if it is missing.
    pub(crate) fn open(&self, step: Step, path: &Path) -> io::Result<File> {
        self.faults.around(step, || {
            OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(FILE_MODE)
                .open(path)
        })
    }

    /// Writes all of `bytes` at `offset`. Durable after a sync.
    pub(crate) fn write_at(
        &self,
        step: Step,
        file: &File,
        bytes: &[u8],
        offset: u64,
    ) -> io::Result<()> {
        self.faults.around_write(step, bytes, |part| file.write_all_at(part, offset))
    }

    /// Makes what was written to `file` durable, its length included.
    pub(crate) fn sync(&self, step: Step, file: &File) -> io::Result<()> {
        self.faults.around(step, || file.sync_data())
    }

    /// Cuts `file` to `length`. Durable after a sync.
    pub(crate) fn truncate(&self, step: Step, file: &File, length: u64) -> io::Result<()> {
        self.faults.around(step, || file.set_len(length))
    }

    /// Makes the entries of directory `path` durable.
    pub(crate) fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.faults.around(Step::DirSync, || File::open(path)?.sync_all())
    }

    /// Renames `from` to `to`. Durable once the directory is synced.
    pub(crate) fn rename(&self, step: Step, from: &Path, to: &Path) -> io::Result<()> {
        self.faults.around(step, || std::fs::rename(from, to))
    }

    /// Removes file `path`; a missing one is fine.
    pub(crate) fn remove(&self, step: Step, path: &Path) -> io::Result<()> {
        self.faults.around(step, || match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        })
    }

    /// Removes directory `path` with all it holds; a missing one is fine.
    pub(crate) fn remove_dir(&self, step: Step, path: &Path) -> io::Result<()> {
        self.faults.around(step, || match std::fs::remove_dir_all(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        })
    }

    /// Writes `path` as a whole and syncs it, in place.
    ///
    /// A crash in between leaves a short file: right only for files that nobody reads until a
    /// later, separate step says that they are complete. The same writer overwrites them.
    pub(crate) fn write_whole(&self, step: Step, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let file = self.create(step, path)?;
        self.write_at(step, &file, bytes, 0)?;
        self.sync(step, &file)
    }

    /// Replaces `path` by `bytes` as one step: readers see the old file or the new one.
    ///
    /// A crash before the rename leaves `path` as it was and a `.tmp` beside it, which the next
    /// replacement overwrites; one after it leaves the new file.
    pub(crate) fn replace(&self, step: Step, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(".tmp");
        let temporary = Path::new(&temporary);
        self.write_whole(step, temporary, bytes)?;
        self.rename(step, temporary, path)?;
        path.parent().map_or(Ok(()), |parent| self.sync_dir(parent))
    }
}

/// Reads a file; none if it is missing.
pub(crate) fn read_if_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
