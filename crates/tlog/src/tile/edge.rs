//! The right edge of a growing tree, kept as tiles. It never holds more than the hashes of one
//! partial tile for each level.

use super::{LEVELS, Tile, TileError, TileHashes, WIDTH, complete_root};
use crate::tree::{CompactRange, Hash, fold};

/// The right edge of a growing tree as tiles: the hashes of each level's last, partial tile.
///
/// It is what a publisher keeps, and what a verifier recomputes from entries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TileEdge {
    size: u64,
    levels: Vec<Vec<Hash>>,
}

impl TileEdge {
    /// The edge of the empty tree.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, levels: Vec::new() }
    }

    /// The edge of a tree of `size` entries, read from its partial tiles. Compare its
    /// [`root`](Self::root) with a root that can be trusted before building on it.
    ///
    /// # Errors
    /// When a tile is not at hand or has another width.
    pub fn from_tiles(
        size: u64,
        read: &mut dyn FnMut(Tile) -> Option<Vec<Hash>>,
    ) -> Result<Self, TileError> {
        let mut edge = Self { size, levels: Vec::new() };
        for level in 0..LEVELS {
            let there_are = size >> (8 * u32::from(level));
            if there_are == 0 {
                break;
            }
            // The remainder is below 256.
            let width = (there_are % u64::from(WIDTH)) as u16;
            let Ok(tile) = Tile::new(level, there_are / u64::from(WIDTH), width) else {
                edge.levels.push(Vec::new());
                continue;
            };
            let hashes = read(tile).ok_or(TileError::Missing(tile))?;
            if hashes.len() != usize::from(width) {
                return Err(TileError::Length { width, bytes: hashes.len() * 32 });
            }
            edge.levels.push(hashes);
        }
        Ok(edge)
    }

    /// Appends one entry by its leaf hash; returns the tiles that it filled, lowest first.
    pub fn push(&mut self, leaf: Hash) -> Vec<TileHashes> {
        let mut filled = Vec::new();
        let (mut hash, mut position) = (leaf, self.size);
        self.size = self.size.saturating_add(1);
        for level in 0..LEVELS {
            if self.levels.len() <= usize::from(level) {
                self.levels.push(Vec::with_capacity(usize::from(WIDTH)));
            }
            let Some(hashes) = self.levels.get_mut(usize::from(level)) else { break };
            hashes.push(hash);
            if hashes.len() < usize::from(WIDTH) {
                break;
            }
            position /= u64::from(WIDTH);
            hash = complete_root(hashes);
            let tile = Tile { level, index: position, width: WIDTH };
            filled.push(TileHashes { tile, hashes: std::mem::take(hashes) });
        }
        filled
    }

    /// The number of entries.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The newest hash of the partial tile at `level`; none where that level has none.
    #[must_use]
    pub fn newest(&self, level: u8) -> Option<Hash> {
        self.levels.get(usize::from(level))?.last().copied()
    }

    /// The partial tiles at this size, lowest first.
    pub fn partials(&self) -> impl Iterator<Item = TileHashes> {
        (0..LEVELS).zip(&self.levels).filter_map(|(level, hashes)| {
            let index = (self.size >> (8 * u32::from(level))) / u64::from(WIDTH);
            let tile = Tile::new(level, index, u16::try_from(hashes.len()).ok()?).ok()?;
            Some(TileHashes { tile, hashes: hashes.clone() })
        })
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        let subtrees: Vec<Hash> =
            self.levels.iter().rev().flat_map(|level| edge_of(level)).collect();
        fold(&subtrees)
    }
}

/// The complete subtrees over a partial tile's hashes, the largest first.
fn edge_of(hashes: &[Hash]) -> Vec<Hash> {
    let mut range = CompactRange::new();
    hashes.iter().for_each(|hash| range.push(*hash));
    range.nodes().to_vec()
}
