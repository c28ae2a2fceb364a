//! Tiles (C2SP tlog-tiles v0.1.0): 256 hashes wide, named by level and index, partial at the
//! tree's right edge. A tile's content is a cache: nothing here vouches for it.

mod edge;

use std::fmt;

use crate::text::decimal;
use crate::tree::{Hash, fold, node_hash};

pub use edge::TileEdge;

/// Hashes in a full tile, and entries in a full bundle.
pub const WIDTH: u16 = 256;
/// Bytes of a full tile.
pub const TILE_BYTES_MAX: usize = 32 * WIDTH as usize;
/// Tile levels that trees of up to 2^64 entries have.
const LEVELS: u8 = 8;

/// The place of a tile: the hashes of `width` subtrees of 256^level entries each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    level: u8,
    index: u64,
    width: u16,
}

/// A tile together with what the tree's entries say it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileHashes {
    /// Which tile.
    pub tile: Tile,
    /// Its hashes, as many as it is wide.
    pub hashes: Vec<Hash>,
}

/// Why bytes or text are not a tile's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// Not a path in the form of C2SP tlog-tiles.
    #[error("not the path of a tile or entry bundle")]
    Path,
    /// No tile has this level or width.
    #[error("no tile is at level {level} and {width} wide")]
    Place {
        /// The level.
        level: u8,
        /// The width.
        width: u16,
    },
    /// The content has another length.
    #[error("a tile {width} wide has {} bytes, not {bytes}", width * 32)]
    Length {
        /// The width.
        width: u16,
        /// Bytes there are.
        bytes: usize,
    },
    /// A tile needed to resume is not at hand.
    #[error("tile {0} is not at hand")]
    Missing(Tile),
}

impl Tile {
    /// The tile at `level` (0 to 7) and `index`, `width` hashes wide (1 to 256).
    ///
    /// # Errors
    /// When level or width are outside those bounds.
    pub const fn new(level: u8, index: u64, width: u16) -> Result<Self, TileError> {
        if level < LEVELS && width >= 1 && width <= WIDTH {
            return Ok(Self { level, index, width });
        }
        Err(TileError::Place { level, width })
    }

    /// Reads the path of a tile, `tile/0/x001/234.p/5`.
    ///
    /// # Errors
    /// When the path is not exactly what [`path`](Self::path) writes.
    pub fn from_path(path: &str) -> Result<Self, TileError> {
        let (level, rest) = path
            .strip_prefix("tile/")
            .and_then(|rest| rest.split_once('/'))
            .ok_or(TileError::Path)?;
        let level =
            decimal(level).and_then(|level| level.try_into().ok()).ok_or(TileError::Path)?;
        let (index, width) = place_from_path(rest).ok_or(TileError::Path)?;
        Self::new(level, index, width)
    }

    /// The path of the tile below the log's folder.
    #[must_use]
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, place_path(self.index, self.width))
    }

    /// The level: 0 holds leaf hashes.
    #[must_use]
    pub const fn level(&self) -> u8 {
        self.level
    }

    /// The position among the tiles of its level.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The number of hashes, 1 to 256.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// The same place when it is full.
    #[must_use]
    pub const fn full(&self) -> Self {
        Self { level: self.level, index: self.index, width: WIDTH }
    }

    /// All tiles of a tree of `size` entries, level by level, each partial one last.
    pub fn all(size: u64) -> impl Iterator<Item = Self> {
        (0..LEVELS).flat_map(move |level| {
            let hashes = size >> (8 * u32::from(level));
            places(hashes).map(move |(index, width)| Self { level, index, width })
        })
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.path())
    }
}

/// The content of a tile's file.
#[must_use]
pub fn encode(hashes: &[Hash]) -> Vec<u8> {
    hashes.concat()
}

/// Reads a tile's file of `width` hashes.
///
/// # Errors
/// When it is not exactly `width` hashes long.
pub fn decode(bytes: &[u8], width: u16) -> Result<Vec<Hash>, TileError> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    if rest.is_empty() && hashes.len() == usize::from(width) {
        return Ok(hashes.to_vec());
    }
    Err(TileError::Length { width, bytes: bytes.len() })
}

/// The hash of the complete subtree at binary `level` and `index` of a tree of `size` entries,
/// worked out from tiles: what [`HashReader`](crate::HashReader) asks for. It is as good as
/// the tiles are: check the proof that is made of it.
pub fn subtree(
    level: u8,
    index: u64,
    size: u64,
    read: &dyn Fn(Tile) -> Option<Vec<Hash>>,
) -> Option<Hash> {
    let (tile_level, height) = (level / 8, level % 8);
    let there_are = size.checked_shr(8 * u32::from(tile_level))?;
    let first = index.checked_mul(1 << height)?;
    let tile_index = first / u64::from(WIDTH);
    let width = there_are.checked_sub(tile_index * u64::from(WIDTH))?.min(u64::from(WIDTH));
    let tile = Tile::new(tile_level, tile_index, u16::try_from(width).ok()?).ok()?;
    let start = usize::try_from(first % u64::from(WIDTH)).ok()?;
    let hashes = read(tile)?;
    Some(complete_root(hashes.get(start..start + (1 << height))?))
}

/// The root over a power of two of hashes.
fn complete_root(hashes: &[Hash]) -> Hash {
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        level =
            level.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    fold(&level)
}

/// Index and width of each 256-wide piece of `count` things, a partial one last.
pub(crate) fn places(count: u64) -> impl Iterator<Item = (u64, u16)> {
    let full = count / u64::from(WIDTH);
    // The remainder is below 256.
    let rest = (count % u64::from(WIDTH)) as u16;
    let partial = (rest > 0).then_some((full, rest));
    (0..full).map(|index| (index, WIDTH)).chain(partial)
}

/// The end of a path: `x001/234`, and `.p/5` where the piece is partial.
pub(crate) fn place_path(index: u64, width: u16) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    if width == WIDTH { path } else { format!("{path}.p/{width}") }
}

/// Reads the end of a path; only the one spelling that [`place_path`] writes.
pub(crate) fn place_from_path(path: &str) -> Option<(u64, u16)> {
    let (digits, width) = match path.split_once(".p/") {
        Some((digits, width)) => (digits, u16::try_from(decimal(width)?).ok()?),
        None => (path, WIDTH),
    };
    let mut index: u64 = 0;
    for element in digits.split('/') {
        let number = element.strip_prefix('x').unwrap_or(element);
        if number.len() != 3 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        index = index.checked_mul(1000)?.checked_add(number.parse().ok()?)?;
    }
    (place_path(index, width) == path).then_some((index, width))
}
