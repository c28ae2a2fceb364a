//! Appends batches to the newest segment, syncs them, and cuts back what failed.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::disk::Disk;
use crate::faults::Step;

use super::frame::{Frame, HEADER_BYTES, Header};
use super::{WalError, segment_path, segments};

/// The WAL's only writer. Its owner holds the log's lock.
#[derive(Debug)]
pub(crate) struct WalWriter {
    disk: Disk,
    dir: PathBuf,
    origin: String,
    segment_bytes: u64,
    segment: OpenSegment,
    /// The index of the next entry: everything below it is durable.
    next: u64,
    /// A failed batch may still stand behind the last good byte.
    must_cut: bool,
}

/// The newest segment.
#[derive(Debug)]
pub(super) struct OpenSegment {
    pub(super) file: File,
    pub(super) path: PathBuf,
    pub(super) nonce: [u8; 16],
    /// The end of the last durable frame.
    pub(super) good: u64,
}

/// Where the writer works, and in which sizes.
#[derive(Debug, Clone)]
pub(crate) struct WalPlace {
    pub(crate) disk: Disk,
    pub(crate) dir: PathBuf,
    pub(crate) origin: String,
    pub(crate) segment_bytes: u64,
}

impl WalWriter {
    pub(super) fn resume(place: WalPlace, segment: OpenSegment, next: u64) -> Self {
        let WalPlace { disk, dir, origin, segment_bytes } = place;
        Self { disk, dir, origin, segment_bytes, segment, next, must_cut: false }
    }

    /// The index of the next entry.
    pub(crate) const fn next(&self) -> u64 {
        self.next
    }

    /// Makes `batch` durable: entries with their sealed facts, at the next indices.
    ///
    /// On an error nothing of the batch counts. What it left on the disk is cut away at once or,
    /// where the disk does not even do that, before the next batch; until then nothing is written.
    ///
    /// # Errors
    /// A write, sync or cut failed.
    pub(crate) fn append(&mut self, batch: &[(Vec<u8>, Vec<u8>)]) -> Result<(), WalError> {
        self.heal()?;
        if self.segment.good >= self.segment_bytes {
            self.rotate()?;
        }
        let bytes = self.encode(batch);
        // A crash from here to the end of the sync leaves any part of the batch. Nobody was told
        // of it: recovery keeps the sound frames at its beginning and cuts the rest.
        if let Err(error) = self.write(&bytes) {
            self.must_cut = true;
            return Err(self.cut().err().map_or(error, |cut| cut));
        }
        self.segment.good += bytes.len() as u64;
        self.next += batch.len() as u64;
        Ok(())
    }

    /// Cuts away what a failed batch left, where that is still to do.
    ///
    /// # Errors
    /// The disk still fails.
    pub(crate) fn heal(&mut self) -> Result<(), WalError> {
        if self.must_cut { self.cut() } else { Ok(()) }
    }

    fn encode(&self, batch: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
        let size = batch.iter().map(|(entry, sealed)| entry.len() + sealed.len() + 44).sum();
        let mut bytes = Vec::with_capacity(size);
        for (index, (entry, sealed)) in (self.next..).zip(batch) {
            Frame::write(index, self.next, (entry, sealed), &self.segment.nonce, &mut bytes);
        }
        bytes
    }

    fn write(&self, bytes: &[u8]) -> Result<(), WalError> {
        let OpenSegment { file, path, good, .. } = &self.segment;
        self.disk
            .write_at(Step::WalAppend, file, bytes, *good)
            .map_err(WalError::io("cannot append to", path))?;
        self.disk.sync(Step::WalSync, file).map_err(WalError::io("cannot sync", path))
    }

    /// Cuts the segment back to its last durable frame, and shows it by a sync.
    ///
    /// A crash in between leaves the failed batch, wholly or partly: recovery treats it as the
    /// unacknowledged tail that it is.
    fn cut(&mut self) -> Result<(), WalError> {
        let OpenSegment { file, path, good, .. } = &self.segment;
        self.disk
            .truncate(Step::WalCut, file, *good)
            .and_then(|()| self.disk.sync(Step::WalCut, file))
            .map_err(WalError::io("cannot cut the failed batch from", path))?;
        self.must_cut = false;
        Ok(())
    }

    /// Begins a new segment. The full one stays the newest until the new one is durable.
    fn rotate(&mut self) -> Result<(), WalError> {
        self.segment = create_segment(&self.disk, &self.dir, &self.origin, self.next)?;
        Ok(())
    }
}

/// Makes the segment that begins with entry `first`, header durable.
///
/// A crash in between leaves a segment without a sound header and without frames; recovery
/// removes it, and a later attempt of this same function overwrites it.
pub(super) fn create_segment(
    disk: &Disk,
    dir: &Path,
    origin: &str,
    first: u64,
) -> Result<OpenSegment, WalError> {
    let path = segment_path(dir, first);
    let mut nonce = [0_u8; 16];
    aws_lc_rs::rand::fill(&mut nonce)
        .map_err(|_| std::io::Error::other("no randomness"))
        .map_err(WalError::io("cannot create", &path))?;
    let header = Header { first, nonce }.encode(origin);
    let make = || {
        let file = disk.create(Step::SegmentCreate, &path)?;
        disk.write_at(Step::SegmentCreate, &file, &header, 0)?;
        disk.sync(Step::SegmentCreate, &file)?;
        disk.sync_dir(dir)?;
        Ok(file)
    };
    let file = make().map_err(WalError::io("cannot create", &path))?;
    Ok(OpenSegment { file, path, nonce, good: HEADER_BYTES as u64 })
}

/// Removes the segments in `dir` all of whose entries are below `published`; never the newest.
///
/// A crash in between leaves some of them: the next call removes them, and until then nobody
/// minds, since readers take published entries from the bundles.
pub(crate) fn remove_published(disk: &Disk, dir: &Path, published: u64) -> Result<(), WalError> {
    let listed = segments(dir)?;
    for (this, following) in listed.iter().zip(listed.iter().skip(1)) {
        if following.0 > published {
            break;
        }
        disk.remove(Step::SegmentRemove, &this.1)
            .map_err(WalError::io("cannot remove", &this.1))?;
    }
    Ok(())
}
