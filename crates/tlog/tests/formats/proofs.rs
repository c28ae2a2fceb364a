//! Proofs over trees of random sizes, made from leaves and from tiles; and wrong ones.

use proptest::prelude::*;
use tlog::tile::{self, Tile};
use tlog::{
    CompactRange, Hash, ProofError, check_consistency, check_inclusion, consistency_proof,
    inclusion_proof,
};

use super::{leaves, root};

/// The tile at a place, straight from the leaves.
fn tile_of(leaves: &[Hash], place: Tile) -> Vec<Hash> {
    let span = 256_usize.pow(place.level().into());
    let first = place.index() as usize * 256;
    (first..first + usize::from(place.width()))
        .map(|at| root(&leaves[at * span..(at + 1) * span]))
        .collect()
}

/// Reads subtrees out of tiles, as a publisher does.
fn from_tiles(leaves: &[Hash]) -> impl Fn(u8, u64) -> Option<Hash> + '_ {
    move |level, index| {
        let read = |place: Tile| Some(tile_of(leaves, place));
        tile::subtree(level, index, leaves.len() as u64, &read)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_inclusion_proof_proves_one_entry(size in 1_u64..1200, at in any::<prop::sample::Index>(),
                                           bit in 0_usize..256, other in any::<prop::sample::Index>()) {
        let leaves = leaves(size);
        let index = at.index(size as usize) as u64;
        let (leaf, root) = (leaves[index as usize], root(&leaves));
        let proof = inclusion_proof(&from_tiles(&leaves), index, size).unwrap();
        prop_assert_eq!(check_inclusion(&leaf, index, size, &proof, &root), Ok(()));

        let flip = |hash: &Hash| { let mut hash = *hash; hash[bit / 8] ^= 1 << (bit % 8); hash };
        prop_assert!(check_inclusion(&flip(&leaf), index, size, &proof, &root).is_err());
        prop_assert!(check_inclusion(&leaf, index, size, &proof, &flip(&root)).is_err());
        for position in 0..proof.len() {
            let mut wrong = proof.clone();
            wrong[position] = flip(&wrong[position]);
            prop_assert!(check_inclusion(&leaf, index, size, &wrong, &root).is_err());
        }
        let other = other.index(size as usize) as u64;
        if other != index {
            prop_assert!(check_inclusion(&leaf, other, size, &proof, &root).is_err());
        }
        let longer = [proof.as_slice(), &[root]].concat();
        prop_assert!(check_inclusion(&leaf, index, size, &longer, &root).is_err());
        if let Some((_, shorter)) = proof.split_last() {
            prop_assert!(check_inclusion(&leaf, index, size, shorter, &root).is_err());
        }
    }

    #[test]
    fn a_consistency_proof_proves_one_history(new in 1_u64..1200, at in any::<prop::sample::Index>(),
                                              bit in 0_usize..256) {
        let leaves = leaves(new);
        let old = at.index(new as usize + 1) as u64;
        let (old_root, new_root) = (root(&leaves[..old as usize]), root(&leaves));
        let proof = consistency_proof(&from_tiles(&leaves), old, new).unwrap();
        prop_assert_eq!(check_consistency(old, new, &proof, &old_root, &new_root), Ok(()));

        let flip = |hash: &Hash| { let mut hash = *hash; hash[bit / 8] ^= 1 << (bit % 8); hash };
        prop_assert!(check_consistency(old, new, &proof, &flip(&old_root), &new_root).is_err());
        // From nothing every history is a continuation, so the newer root is not looked at.
        let any_root = check_consistency(old, new, &proof, &old_root, &flip(&new_root));
        prop_assert_eq!(any_root.is_ok(), old == 0);
        for position in 0..proof.len() {
            let mut wrong = proof.clone();
            wrong[position] = flip(&wrong[position]);
            prop_assert!(check_consistency(old, new, &wrong, &old_root, &new_root).is_err());
        }
        let longer = [proof.as_slice(), &[new_root]].concat();
        prop_assert!(check_consistency(old, new, &longer, &old_root, &new_root).is_err());
        if let Some((_, shorter)) = proof.split_last() {
            prop_assert!(check_consistency(old, new, shorter, &old_root, &new_root).is_err());
        }
    }

    #[test]
    fn no_proof_makes_the_checks_panic(index in any::<u64>(), size in any::<u64>(),
                                       proof in prop::collection::vec(any::<Hash>(), 0..70)) {
        let zero = [0; 32];
        prop_assert!(check_inclusion(&zero, index, size, &proof, &zero).is_err());
        let (old, new) = (index.min(size), index.max(size));
        prop_assert!(check_consistency(old, new, &proof, &zero, &[1; 32]).is_err());
    }
}

#[test]
fn what_is_outside_the_tree_has_no_proof() {
    let none = |_: u8, _: u64| None;
    let outside = ProofError::OutsideTree { index: 3, size: 3 };
    assert_eq!(inclusion_proof(&none, 3, 3), Err(outside));
    assert_eq!(check_inclusion(&[0; 32], 3, 3, &[], &[0; 32]), Err(outside));
    assert_eq!(inclusion_proof(&none, 0, 0), Err(ProofError::OutsideTree { index: 0, size: 0 }));
    let shrunk = ProofError::Shrunk { old: 4, new: 3 };
    assert_eq!(consistency_proof(&none, 4, 3), Err(shrunk));
    assert_eq!(check_consistency(4, 3, &[], &[0; 32], &[0; 32]), Err(shrunk));
    let missing = ProofError::HashMissing { level: 0, index: 2 };
    assert_eq!(inclusion_proof(&none, 0, 3), Err(missing));
}

#[test]
fn a_proof_of_another_length_leads_to_no_root() {
    // A proof cut short would lead to an inner node, which somebody could pass off as a root.
    let wrong = |hashes: usize| Err::<Hash, _>(ProofError::WrongLength { hashes });
    assert_eq!(tlog::inclusion_root(&[0; 32], 0, 4, &[[1; 32]]), wrong(1));
    assert_eq!(tlog::inclusion_root(&[0; 32], 0, 4, &[]), wrong(0));
    assert_eq!(tlog::inclusion_root(&[0; 32], 0, 1, &[[1; 32]]), wrong(1));
    let (nothing, some) = (tlog::empty_root(), root(&leaves(3)));
    let hashes = [[1; 32]];
    assert_eq!(check_consistency(3, 3, &hashes, &some, &some), wrong(1).map(drop));
    assert_eq!(check_consistency(0, 3, &hashes, &nothing, &some), wrong(1).map(drop));
    assert_eq!(check_consistency(0, 0, &[], &nothing, &nothing), Ok(()));
    assert_eq!(check_consistency(0, 3, &[], &some, &some), Err(ProofError::RootDiffers));
}

#[test]
fn the_largest_sizes_are_proved_without_overflow() {
    let zero = |_: u8, _: u64| Some([0; 32]);
    let proof = inclusion_proof(&zero, u64::MAX - 1, u64::MAX).unwrap();
    assert_eq!(proof.len(), 63);
    assert!(tlog::inclusion_root(&[0; 32], u64::MAX - 1, u64::MAX, &proof).is_ok());
    let proof = consistency_proof(&zero, u64::MAX - 1, u64::MAX).unwrap();
    assert_eq!(
        check_consistency(u64::MAX - 1, u64::MAX, &proof, &[0; 32], &[0; 32]),
        Err(ProofError::RootDiffers)
    );
}

#[test]
fn a_compact_range_needs_one_hash_for_each_subtree() {
    assert!(CompactRange::from_nodes(0, vec![]).is_ok());
    assert!(CompactRange::from_nodes(5, vec![[0; 32]; 2]).is_ok());
    for (size, nodes) in [(0, 1), (5, 1), (5, 3), (u64::MAX, 63)] {
        assert!(CompactRange::from_nodes(size, vec![[0; 32]; nodes]).is_err(), "{size} {nodes}");
    }
}
