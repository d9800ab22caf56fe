//! A log written by Tessera, read with this crate.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::canonical::decode_base64;
use crate::tile::{Tile, TileTree, decode_bundle, encode_bundle, entries_path};
use crate::{
    Checkpoint, Frontier, LedgerError, VerifierKey, consistency_proof, inclusion_proof, leaf_hash, root,
    verify_consistency, verify_inclusion,
};

#[derive(Deserialize)]
struct Log {
    vkey: String,
    checkpoints: Vec<String>,
    tiles: BTreeMap<String, String>,
    entries: BTreeMap<String, String>,
}

impl Log {
    fn read() -> Self {
        serde_json::from_str(include_str!("../../testdata/tessera-log.json")).unwrap()
    }

    fn checkpoint(&self, size: u64) -> Checkpoint {
        let signed = &self.checkpoints[usize::try_from(size).unwrap()];
        Checkpoint::open(signed, &VerifierKey::parse(&self.vkey).unwrap()).unwrap()
    }

    fn entries(&self, size: u16) -> Vec<Vec<u8>> {
        let bytes = decode_base64(&self.entries[&entries_path(0, size)]).unwrap();
        let entries = decode_bundle(&bytes).unwrap();
        assert_eq!(encode_bundle(&entries).unwrap(), bytes);
        entries
    }

    fn tree(&self, size: u64) -> TileTree<impl Fn(&Tile) -> Result<Vec<u8>, LedgerError> + '_> {
        TileTree::new(size, |tile| Ok(decode_base64(&self.tiles[&tile.path()]).unwrap()))
    }
}

#[test]
fn every_signed_root_is_the_root_of_the_entries_and_of_the_tiles() {
    let log = Log::read();
    let mut frontier = Frontier::new();
    for size in 0..=15u16 {
        let checkpoint = log.checkpoint(size.into());
        assert_eq!(checkpoint.size, u64::from(size));
        if size > 0 {
            let entries = log.entries(size);
            assert_eq!(entries.len(), usize::from(size));
            frontier.push(leaf_hash(entries.last().unwrap()));
        }
        assert_eq!(frontier.root(), checkpoint.root);
        assert_eq!(root(&log.tree(size.into()), size.into()).unwrap(), checkpoint.root);
    }
    assert_eq!(frontier.root().to_string(), "rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=");
}

#[test]
fn proofs_made_from_the_tiles_lead_to_the_signed_roots() {
    let log = Log::read();
    let entries = log.entries(15);
    for size in 1..=15u64 {
        let new = log.checkpoint(size);
        let tree = log.tree(size);
        for (index, entry) in (0..size).zip(&entries) {
            let proof = inclusion_proof(&tree, index, size).unwrap();
            verify_inclusion(index, size, &leaf_hash(entry), &proof, &new.root).unwrap();
        }
        for old in 1..=size {
            let proof = consistency_proof(&tree, old, size).unwrap();
            verify_consistency(old, size, &proof, &log.checkpoint(old).root, &new.root).unwrap();
        }
    }
}

#[test]
fn every_changed_byte_of_a_signed_checkpoint_is_refused() {
    let log = Log::read();
    let key = VerifierKey::parse(&log.vkey).unwrap();
    let bytes = log.checkpoints[15].as_bytes();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.to_vec();
            changed[at] ^= 1 << bit;
            let opened = std::str::from_utf8(&changed).map(|text| Checkpoint::open(text, &key).is_ok());
            assert_ne!(opened, Ok(true), "byte {at}, bit {bit}");
        }
    }
}
