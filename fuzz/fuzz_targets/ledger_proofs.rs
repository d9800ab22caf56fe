//! Proofs from strangers: checking never panics, whatever the sizes and however long the proof.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_ledger::{Hash, verify_consistency, verify_inclusion};

fuzz_target!(|input: (u64, u64, Vec<[u8; 32]>, [u8; 32], [u8; 32])| {
    let (first, second, proof, one, other) = input;
    let proof: Vec<Hash> = proof.into_iter().map(Hash).collect();
    let _ = verify_inclusion(first, second, &Hash(one), &proof, &Hash(other));
    let _ = verify_consistency(first, second, &proof, &Hash(one), &Hash(other));
});
