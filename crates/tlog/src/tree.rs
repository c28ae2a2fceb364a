//! The Merkle tree of RFC 6962, section 2.1, as hashes and as the right edge of a growing tree.
//! It never holds entries or the tree's inner nodes.

use sha2::{Digest as _, Sha256};

/// A SHA-256 hash: of an entry, of an inner node, or of a whole tree.
pub type Hash = [u8; 32];

/// The hash of one entry: `SHA-256(0x00 || entry)`.
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Sha256::new().chain_update([0x00]).chain_update(entry).finalize().into()
}

/// The hash of an inner node: `SHA-256(0x01 || left || right)`.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut node = [0x01; 65];
    let (_, hashes) = node.split_at_mut(1);
    let (first, second) = hashes.split_at_mut(32);
    first.copy_from_slice(left);
    second.copy_from_slice(right);
    Sha256::digest(node).into()
}

/// The root of the tree without entries: `SHA-256("")`.
#[must_use]
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// The root over complete subtrees that stand side by side, the largest first.
pub(crate) fn fold(subtrees: &[Hash]) -> Hash {
    let mut from_the_right = subtrees.iter().rev();
    let Some(last) = from_the_right.next() else { return empty_root() };
    from_the_right.fold(*last, |right, left| node_hash(left, &right))
}

/// The right edge of a growing tree: one hash for each complete subtree, the largest first.
///
/// It is all that appending and the root need: at most 64 hashes for any size.
///
/// ```
/// let mut range = tlog::CompactRange::new();
/// assert_eq!(range.root(), tlog::empty_root());
/// range.push(tlog::leaf_hash(b"first"));
/// assert_eq!(range.root(), tlog::leaf_hash(b"first"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CompactRange {
    size: u64,
    nodes: Vec<Hash>,
}

/// Nodes that do not describe the right edge of a tree of the given size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a tree of {size} entries has {} subtrees at its right edge, not {nodes}", size.count_ones())]
pub struct RangeError {
    size: u64,
    nodes: usize,
}

impl CompactRange {
    /// The edge of the empty tree.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, nodes: Vec::new() }
    }

    /// An edge that was kept as [`nodes`](Self::nodes).
    ///
    /// # Errors
    /// When the number of nodes is not the number of complete subtrees of `size`.
    pub fn from_nodes(size: u64, nodes: Vec<Hash>) -> Result<Self, RangeError> {
        if usize::try_from(size.count_ones()) == Ok(nodes.len()) {
            return Ok(Self { size, nodes });
        }
        Err(RangeError { size, nodes: nodes.len() })
    }

    /// Appends one entry by its [`leaf_hash`].
    pub fn push(&mut self, leaf: Hash) {
        // Each trailing one bit of the size is a complete subtree as tall as the one in hand.
        let mut node = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.nodes.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.nodes.push(node);
        self.size = self.size.saturating_add(1);
    }

    /// The number of entries.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of the complete subtrees, the largest first: what to keep for
    /// [`from_nodes`](Self::from_nodes).
    #[must_use]
    pub fn nodes(&self) -> &[Hash] {
        &self.nodes
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        fold(&self.nodes)
    }
}
