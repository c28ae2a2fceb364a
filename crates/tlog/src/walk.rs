//! The full check of a published log: recompute the root from the entries, compare it with the
//! checkpoint, then compare every tile with what the entries give.
//!
//! Tiles are never trusted (CVE-2026-56865 is a verifier that did). They serve as a hint in one
//! case only: when the entries do not give the signed root but the leaf hashes in the tiles do,
//! the first entry that differs from them is the one that was changed.
//!
//! It reads nothing itself: the caller hands over files by path. An entry's content is the
//! caller's to judge, by a closure. One pass, memory for one bundle and the tree's right edge.

mod finding;

use std::fmt;

use crate::bundle::{self, Bundle, BundleError};
use crate::checkpoint::Checkpoint;
use crate::key::LogVerifier;
use crate::text::base64;
use crate::tile::{self, TILE_BYTES_MAX, TileEdge, TileHashes};
use crate::tree::{CompactRange, Hash, leaf_hash};

pub use finding::Finding;

/// Why a walk ended without a result.
#[derive(Debug)]
pub enum Stopped<E> {
    /// The log is not what its checkpoint says.
    Found(Finding),
    /// A file could not be read.
    Unreadable {
        /// Its path below the log's folder.
        path: String,
        /// Why.
        source: E,
    },
}

/// What an intact log holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walked {
    /// Entries hashed.
    pub entries: u64,
    /// Bundles read.
    pub bundles: u64,
    /// Tiles compared.
    pub tiles: u64,
}

/// Hands over a file by its path below the log's folder: `None` where there is none.
/// A caller bounds what it reads: no file of a log has more than [`bundle::BUNDLE_BYTES_MAX`].
pub type ReadFile<'a, E> = dyn FnMut(&str) -> Result<Option<Vec<u8>>, E> + 'a;

/// Judges an entry by its index and bytes; a refusal is the rest of a sentence about it,
/// such as "is not a JSON object".
pub type JudgeEntry<'a> = dyn FnMut(u64, &[u8]) -> Result<(), String> + 'a;

/// Reads the log's checkpoint.
///
/// # Errors
/// A finding: the note is not a checkpoint that this key signed for the log of its name.
pub fn open(note: &str, verifier: &LogVerifier) -> Result<Checkpoint, Finding> {
    Checkpoint::open(note, verifier).map_err(|error| Finding::of_checkpoint(error, verifier))
}

/// Walks a log against its checkpoint and against checkpoints of it that were `held` from
/// earlier (already opened with the same key).
///
/// Of several findings it reports the one that explains most: the entries first, then
/// earlier checkpoints, then refused entries, then tiles.
///
/// # Errors
/// The finding, or the file that could not be read.
pub fn walk<E>(
    checkpoint: &Checkpoint,
    held: &[Checkpoint],
    read: &mut ReadFile<'_, E>,
    judge: &mut JudgeEntry<'_>,
) -> Result<Walked, Stopped<E>> {
    let size = checkpoint.size;
    if let Some(later) = held.iter().find(|earlier| earlier.size > size) {
        return Err(Finding::RolledBack { held: later.size, size }.into());
    }
    let mut walk = Walk::new(checkpoint, held);
    walk.compare_held();
    for bundle in Bundle::all(size) {
        let bytes = walk.fetch_bundle(bundle, read)?;
        let entries = walk.decode(bundle, &bytes)?;
        for entry in entries {
            let filled = walk.take_entry(bundle, entry, judge);
            for tile in &filled {
                walk.compare_tile(tile, read)?;
            }
            walk.count_full(&filled);
        }
        walk.walked.bundles += 1;
    }
    let partials: Vec<TileHashes> = walk.edge.partials().collect();
    for partial in partials {
        walk.compare_tile(&partial, read)?;
    }
    walk.conclude().map_err(Stopped::Found)
}

/// What the leaf hashes in the tiles say about the tree.
enum Hint {
    /// So far, exactly what the entries say.
    Same,
    /// Something else from the entry `first` on: the tree as they give it.
    Differs { first: u64, tree: CompactRange },
    /// Nothing: a tile is not at hand.
    Lost,
}

/// A walk under way.
struct Walk<'a> {
    checkpoint: &'a Checkpoint,
    held: &'a [Checkpoint],
    /// The tree as the entries give it.
    edge: TileEdge,
    /// The roots of the full tiles of leaves so far, as the entries give them.
    full: CompactRange,
    hint: Hint,
    forked: Option<Finding>,
    refused: Option<Finding>,
    tile: Option<Finding>,
    walked: Walked,
}

impl<'a> Walk<'a> {
    fn new(checkpoint: &'a Checkpoint, held: &'a [Checkpoint]) -> Self {
        Self {
            checkpoint,
            held,
            edge: TileEdge::new(),
            full: CompactRange::new(),
            hint: Hint::Same,
            forked: None,
            refused: None,
            tile: None,
            walked: Walked { entries: 0, bundles: 0, tiles: 0 },
        }
    }

    /// The bundle's bytes, from its own file or from the full one that has replaced it.
    fn fetch_bundle<E>(
        &self,
        bundle: Bundle,
        read: &mut ReadFile<'_, E>,
    ) -> Result<Vec<u8>, Stopped<E>> {
        if let Some(bytes) = file(&bundle.path(), read)? {
            return Ok(bytes);
        }
        if bundle.width() < tile::WIDTH
            && let Some(bytes) = file(&bundle.full().path(), read)?
        {
            return self.beginning(bundle, &bytes).map_err(Stopped::Found);
        }
        let size = self.checkpoint.size;
        let last = Bundle::last(size).filter(|last| *last != bundle);
        let later_is_there = match last {
            Some(last) => file(&last.path(), read)?.is_some(),
            None => false,
        };
        let path = bundle.path();
        let finding = if later_is_there {
            Finding::BundleMissing { path, size }
        } else {
            Finding::LogShorter { entries: bundle.first_entry(), size }
        };
        Err(finding.into())
    }

    /// The part of a full bundle that a partial one of the checkpoint's size would hold.
    fn beginning(&self, bundle: Bundle, full: &[u8]) -> Result<Vec<u8>, Finding> {
        let entries = self.decode(bundle.full(), full)?;
        let kept = entries.iter().take(usize::from(bundle.width()));
        let length = kept.map(|entry| entry.len() + 2).sum();
        Ok(full.iter().take(length).copied().collect())
    }

    fn decode<'b>(&self, bundle: Bundle, bytes: &'b [u8]) -> Result<Vec<&'b [u8]>, Finding> {
        let size = self.checkpoint.size;
        let is_last = bundle.first_entry() + u64::from(bundle.width()) >= size;
        bundle::decode(bytes, bundle.width()).map_err(|why| {
            if let (BundleError::TooFew { entries, .. }, true) = (why, is_last) {
                let entries = bundle.first_entry() + u64::from(entries);
                return Finding::LogShorter { entries, size };
            }
            Finding::BundleUnreadable { path: bundle.path(), why }
        })
    }

    /// Counts one entry in; returns the tiles it filled.
    fn take_entry(
        &mut self,
        bundle: Bundle,
        entry: &[u8],
        judge: &mut JudgeEntry<'_>,
    ) -> Vec<TileHashes> {
        let index = self.walked.entries;
        if self.refused.is_none()
            && let Err(why) = judge(index, entry)
        {
            let (position, path) = (index - bundle.first_entry(), bundle.path());
            self.refused = Some(Finding::EntryRefused { index, position, path, why });
        }
        self.walked.entries += 1;
        let filled = self.edge.push(leaf_hash(entry));
        if !self.held.is_empty() {
            self.compare_held();
        }
        filled
    }

    /// Compares the tree so far with the checkpoints of this size that were seen earlier.
    fn compare_held(&mut self) {
        let size = self.edge.size();
        let at_this_size = self.held.iter().filter(|held| held.size == size);
        for held in at_this_size {
            if self.forked.is_none() && held.root != self.edge.root() {
                self.forked = Some(Finding::Forked { held: size });
            }
        }
    }

    /// Compares a tile's file with the hashes that the entries give.
    fn compare_tile<E>(
        &mut self,
        expected: &TileHashes,
        read: &mut ReadFile<'_, E>,
    ) -> Result<(), Stopped<E>> {
        let found = fetch_tile(expected, read)?;
        self.walked.tiles += 1;
        let is_leaves = expected.tile.level() == 0;
        let finding = match &found {
            Ok(found) => first_difference(expected, found),
            Err(finding) => Some(finding.clone()),
        };
        if is_leaves {
            self.hint = self.next_hint(expected, found.ok());
        }
        self.tile = self.tile.take().or(finding);
        Ok(())
    }

    /// What the leaf hashes say, those in one more tile's file included.
    fn next_hint(&mut self, expected: &TileHashes, found: Option<Vec<Hash>>) -> Hint {
        let Some(found) = found else { return Hint::Lost };
        match std::mem::replace(&mut self.hint, Hint::Lost) {
            Hint::Lost => Hint::Lost,
            Hint::Same if found == expected.hashes => Hint::Same,
            Hint::Same => {
                let tiles = self.full.size();
                let before = tiles.checked_mul(u64::from(tile::WIDTH));
                // A tree of so many full tiles has as many subtrees as one of so many entries.
                let tree = before.and_then(|size| {
                    CompactRange::from_nodes(size, self.full.nodes().to_vec()).ok()
                });
                let differs = found.iter().zip(&expected.hashes).position(|(a, b)| a != b);
                match (tree, differs) {
                    (Some(tree), Some(position)) => {
                        let first = tree.size() + position as u64;
                        Hint::Differs { first, tree: grown(tree, &found) }
                    }
                    _ => Hint::Lost,
                }
            }
            Hint::Differs { first, tree } => Hint::Differs { first, tree: grown(tree, &found) },
        }
    }

    /// Keeps the root of a tile of leaves that an entry has filled.
    fn count_full(&mut self, filled: &[TileHashes]) {
        // Its root is the newest hash of the level above, whose tile it may have filled too.
        let above = || self.edge.newest(1);
        let root = match filled {
            [] => None,
            [_] => above(),
            [_, above, ..] => above.hashes.last().copied(),
        };
        if let Some(root) = root {
            self.full.push(root);
        }
    }

    fn conclude(self) -> Result<Walked, Finding> {
        let Checkpoint { size, root, .. } = self.checkpoint;
        let computed = self.edge.root();
        if computed != *root {
            return Err(match self.hint {
                Hint::Differs { first, tree } if tree.root() == *root => {
                    Finding::entry_differs(first, *size)
                }
                Hint::Differs { .. } | Hint::Same | Hint::Lost => {
                    let (computed, signed) = (base64(&computed), base64(root));
                    Finding::RootDiffers { size: *size, computed, signed }
                }
            });
        }
        match self.forked.or(self.refused).or(self.tile) {
            Some(finding) => Err(finding),
            None => Ok(self.walked),
        }
    }
}

/// The hashes in a tile's file, or in the full one that has replaced it; the inner error is
/// a finding about it.
fn fetch_tile<E>(
    expected: &TileHashes,
    read: &mut ReadFile<'_, E>,
) -> Result<Result<Vec<Hash>, Finding>, Stopped<E>> {
    let (tile, path) = (expected.tile, expected.tile.path());
    if let Some(bytes) = file(&path, read)? {
        let expected = usize::from(tile.width()) * 32;
        let bytes_found = bytes.len();
        return Ok(tile::decode(&bytes, tile.width()).map_err(|_| Finding::TileLength {
            path,
            bytes: bytes_found,
            expected,
        }));
    }
    if tile.width() < tile::WIDTH {
        let path = tile.full().path();
        if let Some(bytes) = file(&path, read)? {
            let bytes_found = bytes.len();
            let full = tile::decode(&bytes, tile::WIDTH).map_err(|_| Finding::TileLength {
                path,
                bytes: bytes_found,
                expected: TILE_BYTES_MAX,
            });
            return Ok(full.map(|full| full.into_iter().take(tile.width().into()).collect()));
        }
    }
    Ok(Err(Finding::TileMissing { path }))
}

/// A tree with these leaves more.
fn grown(mut tree: CompactRange, leaves: &[Hash]) -> CompactRange {
    leaves.iter().for_each(|leaf| tree.push(*leaf));
    tree
}

fn first_difference(expected: &TileHashes, found: &[Hash]) -> Option<Finding> {
    let hash = expected.hashes.iter().zip(found).position(|(expected, found)| expected != found)?;
    Some(Finding::TileDiffers { path: expected.tile.path(), hash })
}

fn file<E>(path: &str, read: &mut ReadFile<'_, E>) -> Result<Option<Vec<u8>>, Stopped<E>> {
    read(path).map_err(|source| Stopped::Unreadable { path: path.to_owned(), source })
}

impl<E> From<Finding> for Stopped<E> {
    fn from(finding: Finding) -> Self {
        Self::Found(finding)
    }
}

impl<E: fmt::Display> fmt::Display for Stopped<E> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found(finding) => finding.fmt(out),
            Self::Unreadable { path, source } => write!(out, "{path} cannot be read: {source}"),
        }
    }
}
