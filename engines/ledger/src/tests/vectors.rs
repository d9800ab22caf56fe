//! The proof vectors of transparency-dev/merkle, each one with its expected outcome.

use serde::Deserialize;

use crate::canonical::decode_base64;
use crate::{Hash, leaf_hash, verify_consistency, verify_inclusion};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inclusion {
    file: String,
    leaf_idx: u64,
    tree_size: u64,
    root: String,
    leaf_hash: String,
    proof: Vec<String>,
    want_err: bool,
}

#[derive(Deserialize)]
struct Consistency {
    file: String,
    size1: u64,
    size2: u64,
    root1: String,
    root2: String,
    proof: Vec<String>,
    #[serde(rename = "wantErr")]
    want_err: bool,
}

/// A vector's hash. Other lengths than 32 bytes can't be expressed as [`Hash`], so they are refused when read; the
/// vectors' words such as "don't care 1", which stand for any hash, become the hash of that word.
fn hash(text: &str) -> Option<Hash> {
    let bytes = decode_base64(text)?;
    let is_word = !bytes.is_empty() && bytes.len() < 32 && bytes.iter().all(u8::is_ascii);
    Hash::from_slice(&bytes).or_else(|| is_word.then(|| leaf_hash(&bytes)))
}

fn hashes(texts: &[String]) -> Option<Vec<Hash>> {
    texts.iter().map(|text| hash(text)).collect()
}

fn lines<T: serde::de::DeserializeOwned>(text: &str) -> Vec<T> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn all_inclusion_vectors_agree() {
    let cases: Vec<Inclusion> = lines(include_str!("../../testdata/inclusion.jsonl"));
    assert_eq!((cases.len(), cases.iter().filter(|case| !case.want_err).count()), (98, 6));
    for case in cases {
        let verified = (|| {
            let (root, leaf, proof) = (hash(&case.root)?, hash(&case.leaf_hash)?, hashes(&case.proof)?);
            verify_inclusion(case.leaf_idx, case.tree_size, &leaf, &proof, &root).ok()
        })();
        assert_eq!(verified.is_none(), case.want_err, "{}", case.file);
    }
}

#[test]
fn all_consistency_vectors_agree() {
    let cases: Vec<Consistency> = lines(include_str!("../../testdata/consistency.jsonl"));
    assert_eq!((cases.len(), cases.iter().filter(|case| !case.want_err).count()), (98, 6));
    for case in cases {
        let verified = (|| {
            let (old, new, proof) = (hash(&case.root1)?, hash(&case.root2)?, hashes(&case.proof)?);
            verify_consistency(case.size1, case.size2, &proof, &old, &new).ok()
        })();
        assert_eq!(verified.is_none(), case.want_err, "{}", case.file);
    }
}
