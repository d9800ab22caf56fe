//! Roots and proofs against the definition, for every small tree and for arbitrary ones.

use proptest::prelude::*;

use super::{naive_root, tree};
use crate::tile::{Tile, TileTree, tiles_for_growth};
use crate::{
    Frontier, Hash, LedgerError, MAX_SIZE, MemoryTree, NodeReader, ProofError, consistency_proof,
    inclusion_proof, leaf_hash, node_hash, root, verify_consistency, verify_inclusion,
};

const LARGEST: u64 = 130;

fn roots(tree: &MemoryTree) -> Vec<Hash> {
    (0..=tree.size()).map(|size| root(tree, size).unwrap()).collect()
}

#[test]
fn known_hashes_of_rfc_6962_come_out() {
    assert_eq!(Hash::empty_tree(), crate::hash::digest(&[]));
    assert_eq!(Frontier::new().root(), Hash::empty_tree());
    assert_eq!(root(&MemoryTree::new(), 0).unwrap(), Hash::empty_tree());
    assert_eq!(leaf_hash(b"").to_hex(), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    assert_eq!(Hash::empty_tree().to_string(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

#[test]
fn every_inclusion_proof_verifies_and_no_other_position_does() {
    let tree = tree(LARGEST);
    let roots = roots(&tree);
    for size in 1..=LARGEST {
        let root = &roots[usize::try_from(size).unwrap()];
        for index in 0..size {
            let leaf = tree.node(0, index).unwrap();
            let proof = inclusion_proof(&tree, index, size).unwrap();
            assert_eq!(verify_inclusion(index, size, &leaf, &proof, root), Ok(()));
            for other in [index + 1, index ^ 1, index.wrapping_sub(1), index + size] {
                assert!(
                    verify_inclusion(other, size, &leaf, &proof, root).is_err(),
                    "{index} as {other} of {size}"
                );
            }
            let wrong_leaf = leaf_hash(b"another");
            assert_eq!(
                verify_inclusion(index, size, &wrong_leaf, &proof, root),
                Err(ProofError::RootMismatch)
            );
            let longer = [proof.as_slice(), &[*root]].concat();
            let got = longer.len();
            assert_eq!(
                verify_inclusion(index, size, &leaf, &longer, root),
                Err(ProofError::WrongLength { got })
            );
            for at in 0..proof.len() {
                let mut changed = proof.clone();
                changed[at].0[0] ^= 1;
                assert_eq!(
                    verify_inclusion(index, size, &leaf, &changed, root),
                    Err(ProofError::RootMismatch)
                );
                changed.remove(at);
                assert!(verify_inclusion(index, size, &leaf, &changed, root).is_err());
            }
        }
    }
}

#[test]
fn every_consistency_proof_verifies_and_no_changed_one_does() {
    let tree = tree(LARGEST);
    let roots = roots(&tree);
    let at = |size: u64| &roots[usize::try_from(size).unwrap()];
    for new in 1..=LARGEST {
        for old in 1..=new {
            let proof = consistency_proof(&tree, old, new).unwrap();
            assert_eq!(verify_consistency(old, new, &proof, at(old), at(new)), Ok(()), "{old} to {new}");
            let longer = [proof.as_slice(), &[*at(new)]].concat();
            assert!(verify_consistency(old, new, &longer, at(old), at(new)).is_err());
            assert!(verify_consistency(old, new, &proof, at(old - 1), at(new)).is_err());
            assert!(verify_consistency(old, new, &proof, at(old), at(new - 1)).is_err());
            if old < new {
                assert!(verify_consistency(new, old, &proof, at(new), at(old)).is_err());
                assert!(verify_consistency(old, new, &[], at(old), at(new)).is_err());
            }
            for changed_at in 0..proof.len() {
                let mut changed = proof.clone();
                changed[changed_at].0[31] ^= 0x80;
                assert!(verify_consistency(old, new, &changed, at(old), at(new)).is_err());
            }
        }
    }
}

#[test]
fn nothing_is_proved_about_the_empty_tree() {
    let tree = tree(3);
    let (empty, leaf) = (Hash::empty_tree(), leaf_hash(b"0"));
    assert!(matches!(inclusion_proof(&tree, 0, 0), Err(LedgerError::OutOfRange(_))));
    assert!(matches!(consistency_proof(&tree, 0, 3), Err(LedgerError::OutOfRange(_))));
    let outside = Err(ProofError::IndexBeyondSize { index: 0, size: 0 });
    assert_eq!(verify_inclusion(0, 0, &leaf, &[], &leaf), outside);
    assert_eq!(verify_consistency(0, 0, &[], &empty, &empty), Err(ProofError::FromEmpty));
    assert_eq!(verify_consistency(0, 3, &[], &empty, &root(&tree, 3).unwrap()), Err(ProofError::FromEmpty));
}

#[test]
fn sizes_beyond_signed_64_bits_are_refused() {
    let hash = Hash::empty_tree();
    let size = MAX_SIZE + 1;
    assert_eq!(verify_inclusion(0, size, &hash, &[], &hash), Err(ProofError::SizeLimit { size }));
    assert_eq!(verify_consistency(1, size, &[], &hash, &hash), Err(ProofError::SizeLimit { size }));
    assert!(root(&tree(1), size).is_err());
    assert!(Frontier::from_parts(size, vec![hash]).is_err());
    assert!(verify_inclusion(MAX_SIZE - 1, MAX_SIZE, &hash, &[hash; 63], &hash).is_err());
}

#[test]
fn a_frontier_is_restored_only_with_the_right_number_of_parts() {
    let hash = Hash::empty_tree();
    assert!(Frontier::from_parts(5, vec![hash, hash]).is_ok());
    assert!(Frontier::from_parts(5, vec![hash]).is_err());
    assert!(Frontier::from_parts(4, vec![hash, hash]).is_err());
    assert!(Frontier::from_parts(0, vec![hash]).is_err());
}

#[test]
fn a_tree_asked_for_more_than_it_has_says_which_node_is_missing() {
    assert_eq!(root(&tree(3), 4), Err(LedgerError::NodeMissing { level: 2, index: 0 }));
    assert!(inclusion_proof(&tree(3), 0, 5).is_err());
}

#[test]
fn tiles_written_while_growing_are_enough_to_read_every_tree() {
    let size = 70_000;
    let whole = tree(size);
    let steps = [0, 1, 2, 255, 256, 257, 511, 512, 5_000, 65_535, 65_536, 65_792, size];
    let mut files = std::collections::BTreeMap::new();
    for pair in steps.windows(2) {
        for tile in tiles_for_growth(pair[0], pair[1]) {
            files.insert(tile.path(), tile.read(&whole).unwrap());
        }
        let reader = TileTree::new(pair[1], |tile: &Tile| Ok(files[&tile.path()].clone()));
        assert_eq!(root(&reader, pair[1]).unwrap(), root(&whole, pair[1]).unwrap());
        for index in [0, pair[1] / 2, pair[1] - 1] {
            let proof = inclusion_proof(&reader, index, pair[1]).unwrap();
            assert_eq!(proof, inclusion_proof(&whole, index, pair[1]).unwrap());
        }
        assert!(matches!(reader.node(0, pair[1]), Err(LedgerError::NodeMissing { .. })));
    }
    // The example of the tlog-tiles specification.
    let all = tiles_for_growth(0, size);
    let count =
        |level, full: bool| all.iter().filter(|t| t.level == level && (t.width == 256) == full).count();
    assert_eq!((count(0, true), count(0, false), count(1, true), count(1, false)), (273, 1, 1, 1));
    assert_eq!(
        all.iter().map(|t| (t.level, t.width)).filter(|(_, w)| *w < 256).collect::<Vec<_>>(),
        [(0, 112), (1, 17), (2, 1)]
    );
}

proptest! {
    #[test]
    fn frontier_nodes_and_definition_give_one_root(sizes in proptest::collection::vec(0usize..40, 0..300)) {
        let leaves: Vec<Hash> = sizes.iter().map(|n| leaf_hash(&vec![b'x'; *n])).collect();
        let (mut frontier, mut memory) = (Frontier::new(), MemoryTree::new());
        for leaf in &leaves {
            frontier.push(*leaf);
            memory.push(*leaf);
            frontier = Frontier::from_parts(frontier.size(), frontier.parts().to_vec()).unwrap();
        }
        let expected = naive_root(&leaves);
        prop_assert_eq!(frontier.root(), expected);
        prop_assert_eq!(root(&memory, leaves.len() as u64).unwrap(), expected);
    }

    #[test]
    fn verifiers_never_panic(index: u64, size: u64, count in 0usize..70, byte: u8) {
        let (hash, proof) = (Hash([byte; 32]), vec![Hash([byte; 32]); count]);
        prop_assert!(verify_inclusion(index, size, &hash, &proof, &hash).is_err() || (size == 1 && count == 0));
        let equal = index == size && (1..=MAX_SIZE).contains(&size) && count == 0;
        prop_assert_eq!(verify_consistency(index, size, &proof, &hash, &hash).is_ok(), equal);
    }

    #[test]
    fn any_position_of_a_huge_tree_is_provable(size in 1u64..=MAX_SIZE, pick: u64) {
        let index = pick % size;
        let proof = inclusion_proof(&Uniform, index, size).unwrap();
        let root = root(&Uniform, size).unwrap();
        prop_assert!(verify_inclusion(index, size, &Uniform.node(0, index).unwrap(), &proof, &root).is_ok());
        let old = index + 1;
        let proof = consistency_proof(&Uniform, old, size).unwrap();
        let old_root = crate::root(&Uniform, old).unwrap();
        prop_assert!(verify_consistency(old, size, &proof, &old_root, &root).is_ok());
    }
}

/// A tree whose leaves are all alike, so that every node of a level has one hash.
struct Uniform;

impl NodeReader for Uniform {
    fn node(&self, level: u8, _index: u64) -> Result<Hash, LedgerError> {
        Ok((0..level).fold(leaf_hash(b"same"), |hash, _| node_hash(&hash, &hash)))
    }
}
