//! The few file operations that durability rests on. A test can make any of them fail, before,
//! half-way or after it took effect. It never decides what to write.

#[cfg(test)]
pub(crate) mod plan;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Files are their owner's alone.
const FILE_MODE: u32 = 0o600;
/// So are folders.
const DIR_MODE: u32 = 0o700;

/// What a file is called until it is whole.
const TEMPORARY: &str = ".unfinished";

/// The disk.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    /// Which operations fail. Only tests fill it.
    #[cfg(test)]
    pub(crate) plan: plan::Plan,
}

impl Disk {
    /// Makes `dir` where it is missing, durably; its parent must exist.
    ///
    /// A crash leaves no folder or an empty one, which the next attempt uses.
    pub(crate) fn make_dir(&self, dir: &Path) -> io::Result<()> {
        self.step(|| match DirBuilder::new().mode(DIR_MODE).create(dir) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            made => made,
        })?;
        // Also where it was there: the attempt that made it may have died before this.
        self.sync_dir(parent(dir))
    }

    /// Makes the file `path` with `bytes`, as one durable step: afterwards it is there whole,
    /// or not at all. Where it is already there, that is an error and nothing changes.
    ///
    /// A crash leaves at most the temporary file beside it, which the next attempt for any file
    /// of the folder removes. After an error the file may be there all the same; whoever needs
    /// to know looks. One attempt at a time in a folder: the caller sees to that.
    pub(crate) fn publish(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let temporary = self.unfinished(path, bytes)?;
        // Unlike a rename, a link never replaces what is there.
        self.step(|| fs::hard_link(&temporary, path))?;
        self.remove(&temporary)?;
        self.sync_dir(parent(path))
    }

    /// The same, in place of what may be there: afterwards `path` holds the one or the other,
    /// whole. After an error it may hold either.
    pub(crate) fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let temporary = self.unfinished(path, bytes)?;
        self.step(|| fs::rename(&temporary, path))?;
        self.sync_dir(parent(path))
    }

    /// Writes `bytes` durably beside `path`, under the name of what is not whole yet.
    fn unfinished(&self, path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
        let temporary = path.with_file_name(TEMPORARY);
        self.remove(&temporary)?;
        let mut file = self.step(|| {
            OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(&temporary)
        })?;
        self.write(&mut file, bytes)?;
        self.step(|| file.sync_all())?;
        Ok(temporary)
    }

    /// Locks the file `path`, made where it is missing, against other processes; waits for them.
    /// Dropping the file, or dying, unlocks it.
    pub(crate) fn lock(&self, path: &Path) -> io::Result<File> {
        self.step(|| {
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .mode(FILE_MODE)
                .open(path)?;
            file.lock()?;
            Ok(file)
        })
    }

    /// Removes a file; a missing one is fine.
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step(|| match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        })
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.step(|| File::open(dir)?.sync_all())
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "tests' plans of failures hang on it")]
    fn step<T>(&self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        work()
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "tests' plans of failures hang on it")]
    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }

    #[cfg(test)]
    fn step<T>(&self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        self.plan.step(work)
    }

    #[cfg(test)]
    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        self.plan.write(bytes, |part| file.write_all(part))
    }
}

/// The folder that holds `path`.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}
