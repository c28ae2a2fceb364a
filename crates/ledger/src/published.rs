//! The published part of a log as files: checkpoint, entry bundles, hash tiles. Reading only.
//!
//! What is read here is as good as the directory: `Reader::prove` and `verify` are what shows it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tlog::bundle::{self, Bundle};
use tlog::tile::{self, Tile, WIDTH};
use tlog::{Checkpoint, Hash, LogVerifier};

use crate::disk::read_if_there;

/// Why published files cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PublishedError {
    /// A file operation failed.
    #[error("cannot read {}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// How it failed.
        source: std::io::Error,
    },
    /// A file that the checkpoint covers is missing or not what it must be.
    #[error(
        "{} {what}. Run `portreeve ledger verify`, keep the directory as evidence, and restore it \
         from a copy",
        path.display()
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

/// The directory of a published log. Clones share what was verified.
#[derive(Debug, Clone)]
pub(crate) struct Published {
    dir: PathBuf,
    /// The last note whose signature was found good; the same text need not be checked again.
    verified: Arc<Mutex<Option<(String, Checkpoint)>>>,
}

impl PublishedError {
    pub(crate) fn damaged(path: PathBuf, what: impl Into<String>) -> Self {
        Self::Damaged { path, what: what.into() }
    }
}

impl Published {
    pub(crate) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), verified: Arc::default() }
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The checkpoint file's text; none before the first publication.
    pub(crate) fn note(&self) -> Result<Option<String>, PublishedError> {
        let path = self.dir.join("checkpoint");
        let Some(bytes) = read(&path)? else { return Ok(None) };
        let text = String::from_utf8(bytes);
        text.map(Some).map_err(|_| PublishedError::damaged(path, "is not text"))
    }

    /// The checkpoint, its signature checked.
    pub(crate) fn checkpoint(
        &self,
        verifier: &LogVerifier,
    ) -> Result<Option<Checkpoint>, PublishedError> {
        Ok(self.signed(verifier)?.map(|(_, checkpoint)| checkpoint))
    }

    /// The checkpoint with the note that carries it.
    pub(crate) fn signed(
        &self,
        verifier: &LogVerifier,
    ) -> Result<Option<(String, Checkpoint)>, PublishedError> {
        let Some(note) = self.note()? else { return Ok(None) };
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if verified.as_ref().is_some_and(|(known, _)| *known == note) {
            return Ok(verified.clone());
        }
        match Checkpoint::open(&note, verifier) {
            Ok(checkpoint) => {
                *verified = Some((note, checkpoint));
                Ok(verified.clone())
            }
            Err(error) => {
                let what = format!("is not this log's signed checkpoint: {error}");
                Err(PublishedError::damaged(self.dir.join("checkpoint"), what))
            }
        }
    }

    /// The entries of the bundle at `index` in a log of `size` published entries; none if the
    /// bundle is no longer there in this width, because a fuller one replaced it.
    pub(crate) fn bundle(
        &self,
        index: u64,
        size: u64,
    ) -> Result<Option<Vec<Vec<u8>>>, PublishedError> {
        let Some(bundle) = width_at(index, size).and_then(|w| Bundle::new(index, w).ok()) else {
            return Ok(Some(Vec::new()));
        };
        let path = self.dir.join(bundle.path());
        if let Some(bytes) = read(&path)? {
            return entries(&path, &bytes, bundle.width()).map(Some);
        }
        let path = self.dir.join(bundle.full().path());
        let Some(bytes) = read(&path)? else { return Ok(None) };
        let mut all = entries(&path, &bytes, WIDTH)?;
        all.truncate(usize::from(bundle.width()));
        Ok(Some(all))
    }

    /// A tile's hashes, from its own file or the full tile that replaced it; none if missing.
    pub(crate) fn tile(&self, tile: Tile) -> Option<Vec<Hash>> {
        let exact = read(&self.dir.join(tile.path())).ok().flatten();
        if let Some(bytes) = exact {
            return tile::decode(&bytes, tile.width()).ok();
        }
        let bytes = read(&self.dir.join(tile.full().path())).ok().flatten()?;
        let mut hashes = tile::decode(&bytes, WIDTH).ok()?;
        hashes.truncate(usize::from(tile.width()));
        Some(hashes)
    }
}

/// Width of piece `index` (bundle or level-0 tile) in a log of `size`; none if it has nothing.
pub(crate) fn width_at(index: u64, size: u64) -> Option<u16> {
    let rest = size.checked_sub(index.checked_mul(u64::from(WIDTH))?)?;
    u16::try_from(rest.min(u64::from(WIDTH))).ok().filter(|width| *width > 0)
}

fn entries(path: &Path, bytes: &[u8], width: u16) -> Result<Vec<Vec<u8>>, PublishedError> {
    bundle::decode(bytes, width)
        .map(|entries| entries.into_iter().map(<[u8]>::to_vec).collect())
        .map_err(|error| {
            PublishedError::damaged(
                path.to_owned(),
                format!("is not the bundle it must be: {error}"),
            )
        })
}

/// Reads a file; none if it is missing.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, PublishedError> {
    read_if_there(path).map_err(|source| PublishedError::Io { path: path.to_owned(), source })
}
