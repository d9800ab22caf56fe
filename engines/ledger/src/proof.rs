//! Checking Merkle proofs (RFC 9162 §2.1.3.2 and §2.1.4.2). A verifier trusts nothing but the roots.

use crate::hash::{Hash, node_hash};
use crate::{MAX_SIZE, ProofError};

/// Checks that the entry with this leaf hash is at `index` in the tree of `size` leaves with this root.
///
/// # Errors
/// Says whether the position, the proof's length or its hashes are wrong. A tree of size 0 includes nothing.
pub fn verify_inclusion(
    index: u64,
    size: u64,
    leaf: &Hash,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    check_size(size)?;
    if index >= size {
        return Err(ProofError::IndexBeyondSize { index, size });
    }
    let mut climb = Climb { node: index, last: size - 1, length: proof.len() };
    let mut hash = *leaf;
    for sibling in proof {
        hash = match climb.step()? {
            Side::Left => node_hash(sibling, &hash),
            Side::Right => node_hash(&hash, sibling),
        };
    }
    climb.finish()?;
    if hash == *root { Ok(()) } else { Err(ProofError::RootMismatch) }
}

/// Checks that the tree of `new` leaves extends the tree of `old` leaves without changing any of them. Equal sizes
/// need an empty proof and equal roots.
///
/// # Errors
/// Says whether the sizes, the proof's length or its hashes are wrong. `old == 0` is always refused
/// ([`ProofError::FromEmpty`]), see the crate's documentation.
pub fn verify_consistency(
    old: u64,
    new: u64,
    proof: &[Hash],
    old_root: &Hash,
    new_root: &Hash,
) -> Result<(), ProofError> {
    check_size(new)?;
    let wrong_length = ProofError::WrongLength { got: proof.len() };
    if old > new {
        return Err(ProofError::Shrunk { old, new });
    }
    if old == 0 {
        return Err(ProofError::FromEmpty);
    }
    if old == new {
        return match proof {
            [] if old_root == new_root => Ok(()),
            [] => Err(ProofError::RootMismatch),
            _ => Err(wrong_length),
        };
    }
    // A complete old tree is itself a node of the new one, so the proof leaves its root out.
    let (start, rest) = match proof.split_first() {
        Some(_) if old.is_power_of_two() => (old_root, proof),
        Some((first, rest)) => (first, rest),
        None => return Err(wrong_length),
    };
    let shared = (old - 1).trailing_ones();
    let mut climb = Climb { node: (old - 1) >> shared, last: (new - 1) >> shared, length: proof.len() };
    let (mut old_hash, mut new_hash) = (*start, *start);
    for sibling in rest {
        match climb.step()? {
            Side::Left => {
                old_hash = node_hash(sibling, &old_hash);
                new_hash = node_hash(sibling, &new_hash);
            }
            Side::Right => new_hash = node_hash(&new_hash, sibling),
        }
    }
    climb.finish()?;
    if old_hash == *old_root && new_hash == *new_root { Ok(()) } else { Err(ProofError::RootMismatch) }
}

/// Where the next hash of a proof stands relative to the node reached so far.
enum Side {
    Left,
    Right,
}

/// The way from a node to the root: `node` and `last` are the positions, within the present level, of that node
/// and of the level's last node.
struct Climb {
    node: u64,
    last: u64,
    length: usize,
}

impl Climb {
    fn step(&mut self) -> Result<Side, ProofError> {
        if self.last == 0 {
            return Err(ProofError::WrongLength { got: self.length });
        }
        let side = if self.node & 1 == 1 || self.node == self.last {
            // The last node of an odd level has no sibling there; it rises until it is a right child.
            let lonely = if self.node == 0 { 0 } else { self.node.trailing_zeros() };
            self.node >>= lonely;
            self.last >>= lonely;
            Side::Left
        } else {
            Side::Right
        };
        self.node >>= 1;
        self.last >>= 1;
        Ok(side)
    }

    fn finish(&self) -> Result<(), ProofError> {
        if self.last == 0 { Ok(()) } else { Err(ProofError::WrongLength { got: self.length }) }
    }
}

fn check_size(size: u64) -> Result<(), ProofError> {
    if size > MAX_SIZE { Err(ProofError::SizeLimit { size }) } else { Ok(()) }
}
