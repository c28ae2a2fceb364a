//! The formats from outside: vectors that another implementation wrote, proofs of random trees,
//! and what a changed bit, a missing file or a rewritten history does to each.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers outside test functions may fail a test too"
)]

mod proofs;
mod tampering;
mod tiles;
mod vectors;
mod walks;

use tlog::{CompactRange, Hash, LogKey, leaf_hash};

/// The key that the vectors in `spec/vectors/tlog` are signed with.
pub(crate) fn log_key() -> LogKey {
    LogKey::generate("example.com/portreeve/decisions".parse().unwrap(), [7; 32])
}

/// The entry at `index` of the logs that the vectors describe.
pub(crate) fn entry(index: u64) -> Vec<u8> {
    format!("{{\"seq\":{index}}}").into_bytes()
}

/// The leaf hashes of the first `size` entries.
pub(crate) fn leaves(size: u64) -> Vec<Hash> {
    (0..size).map(|index| leaf_hash(&entry(index))).collect()
}

/// The root over leaf hashes.
pub(crate) fn root(leaves: &[Hash]) -> Hash {
    let mut range = CompactRange::new();
    leaves.iter().for_each(|leaf| range.push(*leaf));
    range.root()
}

/// Every text or byte string that differs from `bytes` in one bit.
pub(crate) fn flips(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    (0..bytes.len() * 8).map(|bit| {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        flipped
    })
}
