//! What one publication has written so far and not yet made durable, and what follows it.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::disk::Disk;
use crate::faults::Step;

use super::{PublishError, at};

/// Files that wait for their sync, at most: bounds descriptors.
const UNSYNCED_MAX: usize = 64;
/// Syncs under way together. A journal makes the files of several durable by one commit, so a
/// publication disturbs the writer's own syncs a fraction as often.
const SYNCS_TOGETHER: usize = 8;

/// One publication under way.
#[derive(Default)]
pub(super) struct Round {
    /// Directories whose entries changed.
    pub(super) dirs: BTreeSet<PathBuf>,
    /// Sealed facts of the bundle under way.
    pub(super) sealed: Vec<(u64, Vec<u8>)>,
    pub(super) ids: Vec<[u8; 16]>,
    /// Directories of partial pieces that full ones replace.
    pub(super) replaced: Vec<PathBuf>,
    unsynced: Vec<Written>,
}

/// A file that is written and not yet durable.
struct Written {
    step: Step,
    path: PathBuf,
    file: File,
}

impl Round {
    /// Notes that `file` was written; it is durable after the next [`sync`](Self::sync).
    pub(super) fn add(
        &mut self,
        disk: &Disk,
        step: Step,
        path: &Path,
        file: File,
    ) -> Result<(), PublishError> {
        self.unsynced.push(Written { step, path: path.to_owned(), file });
        if self.unsynced.len() < UNSYNCED_MAX { Ok(()) } else { self.sync(disk) }
    }

    /// Makes every file noted so far durable.
    pub(super) fn sync(&mut self, disk: &Disk) -> Result<(), PublishError> {
        let files = std::mem::take(&mut self.unsynced);
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some(written) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                at(&written.path, disk.sync(written.step, &written.file))?;
            }
            Ok(())
        };
        let helpers = SYNCS_TOGETHER.min(files.len()).saturating_sub(1);
        std::thread::scope(|scope| {
            // A helper that the system refuses is missed by nobody: the others do its share.
            let helpers: Vec<_> = (0..helpers)
                .filter_map(|_| {
                    let named = std::thread::Builder::new().name("ledger-publisher".to_owned());
                    named.spawn_scoped(scope, work).ok()
                })
                .collect();
            let own = work();
            let ended = helpers.into_iter().map(|helper| helper.join().unwrap_or_else(|_| died()));
            ended.fold(own, Result::and)
        })
    }
}

/// A thread that did not come to its end: nobody knows what it made durable.
fn died() -> Result<(), PublishError> {
    let source = std::io::Error::other("a syncing thread died");
    Err(PublishError::Io { path: PathBuf::from("a thread"), source })
}
