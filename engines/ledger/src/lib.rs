//! The ledger's arithmetic: an append-only Merkle tree (RFC 6962 §2, RFC 9162 §2), its storage layout
//! (C2SP tlog-tiles), its signed statement of state (C2SP signed-note and tlog-checkpoint) and the receipt that a
//! third party can check offline (C2SP tlog-proof).
//!
//! Everything here is a pure function of its arguments. This room must never open a file, read a clock, draw a
//! random number or decide what gets logged; salts, seeds and times come in from the store. Parsers accept one
//! spelling of each value only (canonical base64, decimals without leading zeros, LF line ends), so that two
//! different texts never mean the same thing.
//!
//! # The empty tree
//!
//! A tree of size 0 exists and has the root SHA-256("") ([`Hash::empty_tree`]); a checkpoint of size 0 that names
//! another root is refused. Nothing can be *proved* about it: an inclusion proof in a tree of size 0 is refused
//! because no index lies in it, and a consistency proof that starts at size 0 is refused, both in making and in
//! checking, because every tree extends the empty one and such a proof would say nothing. A caller who has no
//! earlier checkpoint must say so itself instead of calling it a verified extension.

mod canonical;
mod checkpoint;
mod entry;
mod error;
mod hash;
pub mod note;
mod proof;
mod receipt;
#[cfg(test)]
mod tests;
pub mod tile;
mod tree;

pub use checkpoint::Checkpoint;
pub use entry::{Entry, commit};
pub use error::{LedgerError, ProofError, ReceiptError};
pub use hash::{Hash, leaf_hash, node_hash};
pub use note::{SigningKey, VerifierKey};
pub use proof::{verify_consistency, verify_inclusion};
pub use receipt::{Receipt, Verified};
pub use tree::{Frontier, MemoryTree, NodeReader, consistency_proof, inclusion_proof, root};

/// The largest tree size (2⁶³ − 1): sizes and positions beyond it are refused everywhere, so that readers which
/// count in signed 64-bit integers (Go's `x/mod/sumdb/tlog`) agree with this crate on every input.
pub const MAX_SIZE: u64 = i64::MAX as u64;
