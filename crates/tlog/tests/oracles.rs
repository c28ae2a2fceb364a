//! Two libraries that nobody here wrote say what the tree, its proofs and its checkpoints are.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says where"
)]

use ct_merkle::array::sizes::U32;
use ct_merkle::digest::{FixedOutput, HashMarker, Output, OutputSizeUser, Update};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};
use tlog::{
    Checkpoint, CompactRange, Hash, LogKey, ProofError, check_consistency, check_inclusion,
    consistency_proof, inclusion_proof, leaf_hash, node_hash,
};
use tlog_tiles::HashReader as _;

/// Trees of a few tiles, of odd sizes.
const SIZE_MAX: u64 = 1_200;

/// SHA-256 as `ct_merkle` wants it: of another generation of the same traits.
#[derive(Default)]
struct Sha(Sha256);

impl HashMarker for Sha {}

impl OutputSizeUser for Sha {
    type OutputSize = U32;
}

impl Update for Sha {
    fn update(&mut self, data: &[u8]) {
        sha2::Digest::update(&mut self.0, data);
    }
}

impl FixedOutput for Sha {
    fn finalize_into(self, out: &mut Output<Self>) {
        out.copy_from_slice(&self.0.finalize());
    }
}

/// The hashes `tlog_tiles` stores of a tree.
struct Stored(Vec<tlog_tiles::Hash>);

impl tlog_tiles::HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|index| self.0[usize::try_from(*index).unwrap()]).collect())
    }
}

/// One tree, as each of the three has it.
struct Trees {
    leaves: Vec<Hash>,
    roots: Vec<Hash>,
    stored: Stored,
    merkle: MemoryBackedTree<Sha, Vec<u8>>,
}

fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}, {}", "of some length ".repeat(usize::try_from(index % 7).unwrap()))
        .into_bytes()
}

impl Trees {
    fn of(size: u64) -> Self {
        let mut trees = Self {
            leaves: Vec::new(),
            roots: vec![tlog::empty_root()],
            stored: Stored(Vec::new()),
            merkle: MemoryBackedTree::new(),
        };
        let mut range = CompactRange::new();
        for index in 0..size {
            let entry = entry(index);
            let leaf = leaf_hash(&entry);
            range.push(leaf);
            trees.leaves.push(leaf);
            trees.roots.push(range.root());
            let more = tlog_tiles::stored_hashes(index, &entry, &trees.stored).unwrap();
            trees.stored.0.extend(more);
            trees.merkle.push(entry);
        }
        trees
    }

    /// The hash of a complete subtree, worked out from the leaves.
    fn subtree(&self, level: u8, index: u64) -> Option<Hash> {
        let first = usize::try_from(index << level).unwrap();
        let mut hashes = self.leaves.get(first..first + (1 << level))?.to_vec();
        while hashes.len() > 1 {
            hashes = hashes.chunks(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
        }
        hashes.first().copied()
    }

    fn root(&self, size: u64) -> &Hash {
        &self.roots[usize::try_from(size).unwrap()]
    }
}

fn theirs(hash: &Hash) -> tlog_tiles::Hash {
    tlog_tiles::Hash(*hash)
}

fn ours(hashes: &[tlog_tiles::Hash]) -> Vec<Hash> {
    hashes.iter().map(|hash| hash.0).collect()
}

#[test]
fn every_root_of_every_small_tree_is_theirs() {
    let trees = Trees::of(300);
    for size in 1..=300 {
        let root = tlog_tiles::tree_hash(size, &trees.stored).unwrap();
        assert_eq!(root.0, *trees.root(size), "{size}");
        let merkle = Trees::of(size).merkle.root();
        assert_eq!(merkle.as_bytes().as_slice(), trees.root(size), "{size}");
    }
}

#[test]
fn every_proof_within_a_small_tree_is_theirs() {
    const SIZE: u64 = 67;
    let trees = Trees::of(SIZE);
    let subtree = |level: u8, index: u64| trees.subtree(level, index);
    for size in 1..=SIZE {
        let merkle = Trees::of(size).merkle;
        for index in 0..size {
            let proof = inclusion_proof(&subtree, index, size).unwrap();
            let other = tlog_tiles::prove_record(size, index, &trees.stored).unwrap();
            assert_eq!(proof, ours(&other), "entry {index} of {size}");
            let flat = merkle.prove_inclusion(usize::try_from(index).unwrap());
            assert_eq!(proof.concat(), flat.as_bytes(), "entry {index} of {size}");
        }
        for old in 1..=size {
            let proof = consistency_proof(&subtree, old, size).unwrap();
            let other = tlog_tiles::prove_tree(size, old, &trees.stored).unwrap();
            assert_eq!(proof, ours(&other), "{old} to {size}");
            let added = usize::try_from(size - old).unwrap();
            assert_eq!(proof.concat(), merkle.prove_consistency(added).as_bytes());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn proofs_are_theirs_and_each_refuses_what_the_others_refuse(
        size in 1..SIZE_MAX,
        at in any::<prop::sample::Index>(),
        bent in any::<prop::sample::Index>(),
    ) {
        let trees = Trees::of(size);
        let subtree = |level: u8, index: u64| trees.subtree(level, index);
        let index = at.index(usize::try_from(size).unwrap());
        let leaf = trees.leaves[index];
        let index = index as u64;
        let root = *trees.root(size);
        let proof = inclusion_proof(&subtree, index, size).unwrap();
        prop_assert_eq!(
            &proof,
            &ours(&tlog_tiles::prove_record(size, index, &trees.stored).unwrap())
        );
        let flat = trees.merkle.prove_inclusion(usize::try_from(index).unwrap());
        prop_assert_eq!(proof.concat(), flat.as_bytes().to_vec());
        trees.merkle.root().verify_inclusion(&entry(index), index, &flat).unwrap();

        let old = index + 1;
        let growth = consistency_proof(&subtree, old, size).unwrap();
        prop_assert_eq!(
            &growth,
            &ours(&tlog_tiles::prove_tree(size, old, &trees.stored).unwrap())
        );
        for (proof, kind) in [(&proof, 0), (&growth, 1)] {
            let check = |proof: &[Hash]| -> (Result<(), ProofError>, bool) {
                let other: Vec<_> = proof.iter().map(theirs).collect();
                if kind == 0 {
                    let theirs_say = tlog_tiles::check_record(
                        &other, size, theirs(&root), index, theirs(&leaf),
                    );
                    (check_inclusion(&leaf, index, size, proof, &root), theirs_say.is_ok())
                } else {
                    let before = trees.root(old);
                    let theirs_say = tlog_tiles::check_tree(
                        &other, size, theirs(&root), old, theirs(before),
                    );
                    (check_consistency(old, size, proof, before, &root), theirs_say.is_ok())
                }
            };
            let (accepted, theirs_accept) = check(proof);
            prop_assert!(accepted.is_ok() && theirs_accept);
            let mut changes = vec![[proof.as_slice(), &[root]].concat()];
            if !proof.is_empty() {
                let bent = bent.index(proof.len());
                let mut flipped = proof.clone();
                flipped[bent][3] ^= 16;
                let mut shorter = proof.clone();
                shorter.remove(bent);
                changes.extend([flipped, shorter]);
            }
            for changed in changes {
                let (accepted, theirs_accept) = check(&changed);
                prop_assert!(accepted.is_err() && !theirs_accept, "{}", changed.len());
            }
        }
    }

    #[test]
    fn a_checkpoint_reads_as_theirs(
        name in "[!-*,-~]{1,40}",
        size in any::<u64>(),
        root in any::<[u8; 32]>(),
        seed in any::<[u8; 32]>(),
    ) {
        let root = if size == 0 { tlog::empty_root() } else { root };
        let key = LogKey::generate(name.parse().unwrap(), seed);
        let checkpoint = Checkpoint { origin: key.name().clone(), size, root };
        let note = checkpoint.sign(&key);
        let text = &note[..note.find("\n\n").unwrap() + 1];
        let read = tlog_tiles::Checkpoint::from_bytes(text.as_bytes()).unwrap();
        prop_assert_eq!((read.origin(), read.size()), (name.as_str(), size));
        prop_assert_eq!(read.hash().0, root);
        prop_assert_eq!(read.to_bytes(), text.as_bytes());
        prop_assert_eq!(Checkpoint::open(&note, &key.verifier()).unwrap(), checkpoint);
    }
}

#[test]
fn the_hash_reader_here_is_what_it_says() {
    let trees = Trees::of(5);
    let one = trees.stored.read_hashes(&[tlog_tiles::stored_hash_index(1, 1)]).unwrap();
    assert_eq!(Some(one[0].0), trees.subtree(1, 1));
}
