//! Tests of the ledger: other people's vectors, properties, receipts, and parsers under arbitrary bytes.

mod golden;
mod parsers;
mod receipts;
mod trees;
mod vectors;

use crate::{
    Checkpoint, Entry, Frontier, Hash, MemoryTree, Receipt, SigningKey, commit, inclusion_proof, leaf_hash,
};

/// A tree over the entries `0`, `1`, … in decimal.
fn tree(size: u64) -> MemoryTree {
    let mut tree = MemoryTree::new();
    (0..size).for_each(|i| tree.push(leaf_hash(i.to_string().as_bytes())));
    tree
}

/// The definition of RFC 6962 §2.1, word by word.
fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::empty_tree(),
        [leaf] => *leaf,
        _ => {
            let k = leaves.len().next_power_of_two() / 2;
            crate::node_hash(&naive_root(&leaves[..k]), &naive_root(&leaves[k..]))
        }
    }
}

fn key() -> SigningKey {
    SigningKey::from_seed("imari.example/sekisho", &[7; 32]).unwrap()
}

/// The receipt of entry `index` in a ledger of `size` entries.
fn receipt(index: u64, size: u64, payload: &str) -> Receipt {
    let (mut tree, mut frontier) = (MemoryTree::new(), Frontier::new());
    let salt = [3; 32];
    let entry = |seq: u64| Entry {
        seq,
        time_ms: 1_780_000_000_000 + i64::try_from(seq).unwrap(),
        kind: "transfer.approved".to_owned(),
        commitment: commit(&salt, payload.as_bytes()),
    };
    for seq in 0..size {
        let leaf = leaf_hash(&entry(seq).encode());
        tree.push(leaf);
        frontier.push(leaf);
    }
    Receipt {
        entry: entry(index).encode(),
        salt,
        payload: payload.as_bytes().to_vec(),
        index,
        proof: inclusion_proof(&tree, index, size).unwrap(),
        checkpoint: Checkpoint::new("imari.example/sekisho", size, frontier.root()).sign(&key()),
    }
}
