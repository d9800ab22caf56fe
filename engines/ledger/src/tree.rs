//! Growing a tree and making proofs from it. A tree is either a [`Frontier`] (just enough to append and to know
//! the root) or any [`NodeReader`] (enough to prove).

use crate::hash::{Hash, node_hash};
use crate::{LedgerError, MAX_SIZE};

/// The right edge of a tree: the roots of its complete subtrees, largest first. Appending costs O(log size) memory
/// and amortised one hash.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    // INVARIANT: one hash per set bit of `size`, from the highest bit to the lowest.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Restores a frontier from what [`Frontier::size`] and [`Frontier::parts`] gave.
    ///
    /// # Errors
    /// When the number of hashes isn't the number of complete subtrees of a tree of that size.
    pub fn from_parts(size: u64, parts: Vec<Hash>) -> Result<Self, LedgerError> {
        check_size(size)?;
        let expected = size.count_ones();
        if u32::try_from(parts.len()) != Ok(expected) {
            let reason = format!("size {size} has {expected} complete subtrees, got {}", parts.len());
            return Err(LedgerError::malformed("frontier", reason));
        }
        Ok(Self { size, peaks: parts })
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Roots of the complete subtrees, largest first.
    pub fn parts(&self) -> &[Hash] {
        &self.peaks
    }

    /// Appends a leaf hash ([`crate::leaf_hash`] of the entry).
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.peaks.push(hash);
        self.size = self.size.saturating_add(1);
    }

    /// The root hash; [`Hash::empty_tree`] for size 0.
    pub fn root(&self) -> Hash {
        fold_peaks(&self.peaks)
    }
}

/// Reads roots of complete subtrees: level 0 holds the leaf hashes, node (`level`, `index`) covers the leaves
/// `index << level .. (index + 1) << level`.
pub trait NodeReader {
    /// The hash at (`level`, `index`).
    ///
    /// # Errors
    /// [`LedgerError::NodeMissing`] when the subtree isn't complete or absent, [`LedgerError::Reader`] when the
    /// storage failed.
    fn node(&self, level: u8, index: u64) -> Result<Hash, LedgerError>;
}

/// A whole tree in memory, for tests, tools and small logs.
#[derive(Debug, Clone, Default)]
pub struct MemoryTree {
    levels: Vec<Vec<Hash>>,
}

impl MemoryTree {
    /// The empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// Appends a leaf hash and every node that it completes.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for nodes in &mut self.levels {
            nodes.push(hash);
            match nodes.as_slice() {
                [.., left, right] if nodes.len() % 2 == 0 => hash = node_hash(left, right),
                _ => return,
            }
        }
        self.levels.push(vec![hash]);
    }
}

impl NodeReader for MemoryTree {
    fn node(&self, level: u8, index: u64) -> Result<Hash, LedgerError> {
        usize::try_from(index)
            .ok()
            .and_then(|at| self.levels.get(usize::from(level))?.get(at).copied())
            .ok_or(LedgerError::NodeMissing { level, index })
    }
}

/// The root of the first `size` leaves; [`Hash::empty_tree`] for size 0.
///
/// # Errors
/// What the reader reports, or a size above [`MAX_SIZE`].
pub fn root(reader: &dyn NodeReader, size: u64) -> Result<Hash, LedgerError> {
    check_size(size)?;
    subtree(reader, 0, size)
}

/// The inclusion proof of leaf `index` in the tree of the first `size` leaves, from the leaf's sibling upwards
/// (RFC 6962 §2.1.1). At most 63 hashes.
///
/// # Errors
/// [`LedgerError::OutOfRange`] when `index >= size`, else what the reader reports.
pub fn inclusion_proof(reader: &dyn NodeReader, index: u64, size: u64) -> Result<Vec<Hash>, LedgerError> {
    check_size(size)?;
    if index >= size {
        return Err(LedgerError::OutOfRange(format!("index {index} in a tree of size {size}")));
    }
    let (mut low, mut high) = (0, size);
    let mut proof = Vec::new();
    while high - low > 1 {
        let middle = low + split(high - low);
        if index < middle {
            proof.push(subtree(reader, middle, high)?);
            high = middle;
        } else {
            proof.push(subtree(reader, low, middle)?);
            low = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The proof that the tree of the first `old` leaves is a prefix of the tree of the first `new` leaves
/// (RFC 6962 §2.1.2); empty when the sizes are equal.
///
/// # Errors
/// [`LedgerError::OutOfRange`] when `old` is 0 (see the crate's documentation) or `old > new`, else what the
/// reader reports.
pub fn consistency_proof(reader: &dyn NodeReader, old: u64, new: u64) -> Result<Vec<Hash>, LedgerError> {
    check_size(new)?;
    if old == 0 || old > new {
        return Err(LedgerError::OutOfRange(format!("consistency from size {old} to size {new}")));
    }
    let (mut low, mut high) = (0, new);
    let mut proof = Vec::new();
    // Whether D[low..old] is the whole old tree, whose root the verifier already has.
    let mut whole = true;
    while old < high {
        let middle = low + split(high - low);
        if old <= middle {
            proof.push(subtree(reader, middle, high)?);
            high = middle;
        } else {
            proof.push(subtree(reader, low, middle)?);
            low = middle;
            whole = false;
        }
    }
    if !whole {
        proof.push(subtree(reader, low, high)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Largest power of two below `count`, which is at least 2.
fn split(count: u64) -> u64 {
    1u64 << (u64::BITS - 1).saturating_sub(count.saturating_sub(1).leading_zeros())
}

/// The hash of the leaves `low..high`, where `low` is a multiple of the largest power of two in `high - low`.
fn subtree(reader: &dyn NodeReader, low: u64, high: u64) -> Result<Hash, LedgerError> {
    let count = high - low;
    let mut at = low;
    let mut peaks = Vec::new();
    for level in (0..63u8).rev().filter(|level| count >> level & 1 == 1) {
        peaks.push(reader.node(level, at >> level)?);
        at += 1u64 << level;
    }
    Ok(fold_peaks(&peaks))
}

fn fold_peaks(peaks: &[Hash]) -> Hash {
    peaks.iter().rev().copied().reduce(|right, left| node_hash(&left, &right)).unwrap_or(Hash::empty_tree())
}

fn check_size(size: u64) -> Result<(), LedgerError> {
    if size > MAX_SIZE {
        return Err(LedgerError::OutOfRange(format!("tree size {size} is above the limit of 2^63-1")));
    }
    Ok(())
}
