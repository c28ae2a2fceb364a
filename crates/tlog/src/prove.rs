//! Inclusion and consistency proofs (RFC 6962, section 2.1; checked as RFC 9162 describes).
//! Making a proof trusts the hashes it is given; only checking it against a signed root counts.

use crate::tree::{Hash, fold, node_hash};

/// Where a proof's hashes come from: the hash of the complete subtree at `level` (0 for
/// leaves) and `index`, which covers the entries `index << level .. (index + 1) << level`.
/// `None` where it is not at hand.
pub type HashReader<'a> = dyn Fn(u8, u64) -> Option<Hash> + 'a;

/// Why a proof could not be made, or does not prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// There is no such entry in a tree of this size.
    #[error("entry {index} is outside a tree of {size} entries")]
    OutsideTree {
        /// The entry.
        index: u64,
        /// The tree's size.
        size: u64,
    },
    /// The older tree is larger than the newer one.
    #[error("a tree of {old} entries cannot grow into one of {new}")]
    Shrunk {
        /// The older size.
        old: u64,
        /// The newer size.
        new: u64,
    },
    /// A hash that the proof needs is not at hand.
    #[error("the hash of the subtree at level {level}, index {index} is not at hand")]
    HashMissing {
        /// The subtree's height.
        level: u8,
        /// Its position among those of its height.
        index: u64,
    },
    /// The proof has too few or too many hashes for these sizes.
    #[error("the proof has {hashes} hashes, which is not the number these sizes need")]
    WrongLength {
        /// How many it has.
        hashes: usize,
    },
    /// The proof leads to another root.
    #[error("the proof leads to another root than the one given")]
    RootDiffers,
}

/// The proof that entry `index` is in the tree of `size` entries: from the leaf's sibling up
/// to the root's child. Check it before handing it out: `hashes` may lie.
///
/// # Errors
/// When the entry is outside the tree, or `hashes` lacks a subtree.
pub fn inclusion_proof(
    hashes: &HashReader<'_>,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, ProofError> {
    if index >= size {
        return Err(ProofError::OutsideTree { index, size });
    }
    let (mut low, mut high) = (0, size);
    let mut proof = Vec::new();
    while high - low > 1 {
        let middle = low + split(high - low);
        if index < middle {
            proof.push(range_root(hashes, middle, high)?);
            high = middle;
        } else {
            proof.push(range_root(hashes, low, middle)?);
            low = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The proof that the tree of `old` entries is the beginning of the tree of `new` entries.
/// It is empty where `old` is 0 or `new`.
///
/// # Errors
/// When `old` is larger than `new`, or `hashes` lacks a subtree.
pub fn consistency_proof(
    hashes: &HashReader<'_>,
    old: u64,
    new: u64,
) -> Result<Vec<Hash>, ProofError> {
    if old > new {
        return Err(ProofError::Shrunk { old, new });
    }
    let mut proof = Vec::new();
    if old == 0 {
        return Ok(proof);
    }
    let (mut low, mut high) = (0, new);
    while old != high {
        let middle = low + split(high - low);
        if old <= middle {
            proof.push(range_root(hashes, middle, high)?);
            high = middle;
        } else {
            proof.push(range_root(hashes, low, middle)?);
            low = middle;
        }
    }
    // A subtree that begins at 0 is the old tree itself, whose root the reader knows.
    if low != 0 {
        proof.push(range_root(hashes, low, high)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Checks that `leaf` is entry `index` of the tree of `size` entries with this root.
///
/// # Errors
/// When it is not, or the proof does not show it.
pub fn check_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if inclusion_root(leaf, index, size, proof)? == *root {
        return Ok(());
    }
    Err(ProofError::RootDiffers)
}

/// The root that `proof` leads to when `leaf` is entry `index` of `size`: a claim, to be
/// compared with a root that somebody signed.
///
/// # Errors
/// When the entry is outside the tree or the proof has the wrong number of hashes.
pub fn inclusion_root(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
) -> Result<Hash, ProofError> {
    if index >= size {
        return Err(ProofError::OutsideTree { index, size });
    }
    let wrong_length = ProofError::WrongLength { hashes: proof.len() };
    let mut edge = Edge { node: index, last: size - 1 };
    let mut root = *leaf;
    for sibling in proof {
        if edge.last == 0 {
            return Err(wrong_length);
        }
        root = match edge.climb() {
            Side::Left => node_hash(sibling, &root),
            Side::Right => node_hash(&root, sibling),
        };
    }
    if edge.last == 0 { Ok(root) } else { Err(wrong_length) }
}

/// Checks that the tree of `old` entries with `old_root` is the beginning of the tree of
/// `new` entries with `new_root`.
///
/// # Errors
/// When it is not, or the proof does not show it.
pub fn check_consistency(
    old: u64,
    new: u64,
    proof: &[Hash],
    old_root: &Hash,
    new_root: &Hash,
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::Shrunk { old, new });
    }
    if old == 0 || old == new {
        return check_trivial(old, proof, old_root, new_root);
    }
    let wrong_length = ProofError::WrongLength { hashes: proof.len() };
    let mut edge = Edge { node: old - 1, last: new - 1 };
    edge.skip(edge.node.trailing_ones());
    // Where the old tree is one complete subtree, its root is the proof's first hash.
    let (first, rest) = if old.is_power_of_two() {
        (old_root, proof)
    } else {
        proof.split_first().ok_or(wrong_length)?
    };
    let (mut old_claim, mut new_claim) = (*first, *first);
    for sibling in rest {
        if edge.last == 0 {
            return Err(wrong_length);
        }
        match edge.climb() {
            Side::Left => {
                old_claim = node_hash(sibling, &old_claim);
                new_claim = node_hash(sibling, &new_claim);
            }
            Side::Right => new_claim = node_hash(&new_claim, sibling),
        }
    }
    if edge.last != 0 {
        return Err(wrong_length);
    }
    let same = old_claim == *old_root && new_claim == *new_root;
    if same { Ok(()) } else { Err(ProofError::RootDiffers) }
}

/// From nothing, and from a tree to itself: there is nothing to prove but the roots.
fn check_trivial(
    old: u64,
    proof: &[Hash],
    old_root: &Hash,
    new_root: &Hash,
) -> Result<(), ProofError> {
    if !proof.is_empty() {
        return Err(ProofError::WrongLength { hashes: proof.len() });
    }
    let expected = if old == 0 { &crate::empty_root() } else { new_root };
    if old_root == expected { Ok(()) } else { Err(ProofError::RootDiffers) }
}

/// A node on the way from a leaf to the root, beside the last node of its level.
struct Edge {
    node: u64,
    last: u64,
}

/// On which side of the node its next sibling stands.
enum Side {
    Left,
    Right,
}

impl Edge {
    /// Says where the next sibling stands, and goes one node up; a node that has no sibling
    /// at its own level first rises to the level where it has one.
    fn climb(&mut self) -> Side {
        if self.node & 1 == 1 || self.node == self.last {
            if self.node & 1 == 0 {
                self.skip(self.node.trailing_zeros());
            }
            self.skip(1);
            return Side::Left;
        }
        self.skip(1);
        Side::Right
    }

    fn skip(&mut self, levels: u32) {
        self.node = self.node.checked_shr(levels).unwrap_or(0);
        self.last = self.last.checked_shr(levels).unwrap_or(0);
    }
}

/// The largest power of two below `size`, for a size of at least 2.
fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// The root over the entries `low..high`, where `low` is a multiple of a power of two that is
/// at least `high - low`, as every subtree of RFC 6962 is.
fn range_root(hashes: &HashReader<'_>, low: u64, high: u64) -> Result<Hash, ProofError> {
    let mut subtrees = Vec::new();
    let mut at = low;
    while at < high {
        let height = (high - at).ilog2();
        // A height is at most 63.
        let (level, index) = (height as u8, at >> height);
        subtrees.push(hashes(level, index).ok_or(ProofError::HashMissing { level, index })?);
        at += 1 << height;
    }
    Ok(fold(&subtrees))
}
