//! Entry bundles (C2SP tlog-tiles v0.1.0): up to 256 entries, each after its length in two
//! bytes. It never looks inside an entry.

use std::fmt;

use crate::tile::{TileError, WIDTH, place_from_path, place_path, places};

/// Longest entry, in bytes: what the two-byte length can say.
pub const ENTRY_BYTES_MAX: usize = u16::MAX as usize;
/// Largest bundle, in bytes.
pub const BUNDLE_BYTES_MAX: usize = WIDTH as usize * (2 + ENTRY_BYTES_MAX);

/// The place of a bundle: the entries `256 * index` onwards, `width` of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bundle {
    index: u64,
    width: u16,
}

/// Why entries cannot be bundled, or bytes are not a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// An entry is longer than [`ENTRY_BYTES_MAX`].
    #[error("an entry has {bytes} bytes, more than {ENTRY_BYTES_MAX}")]
    EntryTooLong {
        /// Its length.
        bytes: usize,
    },
    /// More than 256 entries.
    #[error("a bundle holds at most {WIDTH} entries")]
    TooMany,
    /// The bytes end inside an entry.
    #[error("it breaks off inside its entry number {entries}")]
    BrokenOff {
        /// How many entries are whole.
        entries: u16,
    },
    /// The bytes end before the last entry that should be there.
    #[error("it holds {entries} entries, not {width}")]
    TooFew {
        /// How many entries there are.
        entries: u16,
        /// How many there should be.
        width: u16,
    },
    /// Something follows the last entry.
    #[error("{bytes} bytes follow its last entry")]
    Trailing {
        /// How many bytes.
        bytes: usize,
    },
}

impl Bundle {
    /// The bundle at `index`, holding `width` entries (1 to 256).
    ///
    /// # Errors
    /// When the width is outside those bounds.
    pub const fn new(index: u64, width: u16) -> Result<Self, TileError> {
        if width >= 1 && width <= WIDTH {
            return Ok(Self { index, width });
        }
        Err(TileError::Place { level: 0, width })
    }

    /// Reads the path of a bundle, `tile/entries/x001/234.p/5`.
    ///
    /// # Errors
    /// When the path is not exactly what [`path`](Self::path) writes.
    pub fn from_path(path: &str) -> Result<Self, TileError> {
        let rest = path.strip_prefix("tile/entries/").ok_or(TileError::Path)?;
        let (index, width) = place_from_path(rest).ok_or(TileError::Path)?;
        Self::new(index, width)
    }

    /// The path of the bundle below the log's folder.
    #[must_use]
    pub fn path(&self) -> String {
        format!("tile/entries/{}", place_path(self.index, self.width))
    }

    /// The position among the bundles.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The number of entries, 1 to 256.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// The same place when it is full.
    #[must_use]
    pub const fn full(&self) -> Self {
        Self { index: self.index, width: WIDTH }
    }

    /// The log's index of the bundle's first entry.
    #[must_use]
    pub const fn first_entry(&self) -> u64 {
        self.index.saturating_mul(WIDTH as u64)
    }

    /// The last bundle of a log of `size` entries; none where it is empty.
    #[must_use]
    pub fn last(size: u64) -> Option<Self> {
        let index = size.checked_sub(1)? / u64::from(WIDTH);
        let width = size - index * u64::from(WIDTH);
        // At most 256, as the division leaves it.
        Some(Self { index, width: width as u16 })
    }

    /// All bundles of a log of `size` entries, in order.
    pub fn all(size: u64) -> impl Iterator<Item = Self> {
        places(size).map(|(index, width)| Self { index, width })
    }
}

impl fmt::Display for Bundle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.path())
    }
}

/// Appends one entry, behind its length, to the bytes of a bundle.
///
/// # Errors
/// When the entry is too long; `bundle` is left as it was.
pub fn push(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), BundleError> {
    let length =
        u16::try_from(entry.len()).map_err(|_| BundleError::EntryTooLong { bytes: entry.len() })?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// The bytes of a bundle of these entries.
///
/// # Errors
/// When an entry is too long or there are more than 256.
pub fn encode<E: AsRef<[u8]>>(entries: &[E]) -> Result<Vec<u8>, BundleError> {
    if entries.len() > usize::from(WIDTH) {
        return Err(BundleError::TooMany);
    }
    let mut bundle = Vec::new();
    for entry in entries {
        push(&mut bundle, entry.as_ref())?;
    }
    Ok(bundle)
}

/// The `width` entries of a bundle, in order.
///
/// # Errors
/// When the bytes are not exactly that many whole entries.
pub fn decode(bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, BundleError> {
    if width > WIDTH {
        return Err(BundleError::TooMany);
    }
    let mut entries = Vec::with_capacity(usize::from(width));
    let mut rest = bytes;
    for already in 0..width {
        if rest.is_empty() {
            return Err(BundleError::TooFew { entries: already, width });
        }
        let broken_off = BundleError::BrokenOff { entries: already };
        let (length, behind) = rest.split_first_chunk::<2>().ok_or(broken_off)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, behind) = behind.split_at_checked(length).ok_or(broken_off)?;
        entries.push(entry);
        rest = behind;
    }
    if rest.is_empty() { Ok(entries) } else { Err(BundleError::Trailing { bytes: rest.len() }) }
}
