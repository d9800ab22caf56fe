//! What can go wrong in the ledger's arithmetic. [`LedgerError`] is the crate's error; [`ProofError`] and
//! [`ReceiptError`] are the two narrower answers that a verifier needs to tell apart.

use thiserror::Error;

/// Why the ledger refused a text, a key, a tree operation or a proof.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// A text or byte string isn't in its one accepted form.
    #[error("malformed {what}: {reason}")]
    Malformed {
        /// The kind of text, such as `checkpoint`.
        what: &'static str,
        /// The part that is wrong and what was expected there.
        reason: String,
    },
    /// The reader has no such node; the tree is smaller than claimed or its storage lost a part.
    #[error("the tree has no node at level {level}, index {index}; verify the ledger's storage")]
    NodeMissing {
        /// Height above the leaves.
        level: u8,
        /// Position within the level.
        index: u64,
    },
    /// The storage behind a [`crate::NodeReader`] failed.
    #[error("reading the tree failed at level {level}, index {index}: {reason}")]
    Reader {
        /// Height above the leaves.
        level: u8,
        /// Position within the level.
        index: u64,
        /// The storage's own message.
        reason: String,
    },
    /// An index or size lies outside the tree.
    #[error("out of range: {0}")]
    OutOfRange(String),
    /// A signature by a known key doesn't match the text.
    #[error(
        "the signature by `{key}` doesn't match the text; the note was changed after signing or never signed"
    )]
    BadSignature {
        /// Key name and id, `name+hex`.
        key: String,
    },
    /// No signature of the note was made by a known key.
    #[error("the note carries no signature by a known key; obtain the ledger's verifier key and try again")]
    NoKnownSigner,
    /// A Merkle proof failed.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

impl LedgerError {
    pub(crate) fn malformed(what: &'static str, reason: impl Into<String>) -> Self {
        Self::Malformed { what, reason: reason.into() }
    }
}

/// Why a Merkle proof doesn't hold (RFC 9162 §2.1.3.2 and §2.1.4.2).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The index isn't in the tree.
    #[error("index {index} doesn't lie in a tree of size {size}")]
    IndexBeyondSize {
        /// The claimed leaf index.
        index: u64,
        /// The claimed tree size.
        size: u64,
    },
    /// The older tree is larger than the newer one.
    #[error("the older size {old} is larger than the newer size {new}")]
    Shrunk {
        /// The older size.
        old: u64,
        /// The newer size.
        new: u64,
    },
    /// Consistency from the empty tree says nothing and is refused; see the crate's documentation.
    #[error("consistency with the empty tree proves nothing; compare from a non-empty checkpoint")]
    FromEmpty,
    /// The size is above [`crate::MAX_SIZE`].
    #[error("tree size {size} is above the limit of 2^63-1")]
    SizeLimit {
        /// The claimed tree size.
        size: u64,
    },
    /// The number of hashes doesn't fit the position and size.
    #[error("the proof has {got} hashes, which doesn't fit this position and size")]
    WrongLength {
        /// How many hashes the proof has.
        got: usize,
    },
    /// The hashes lead to another root.
    #[error("the proof leads to another root hash")]
    RootMismatch,
}

/// Why a receipt was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// The receipt isn't in the tlog-proof form, or the entry isn't in the entry form.
    #[error("malformed receipt: {0}")]
    Malformed(String),
    /// The entry states another sequence number than the receipt's index.
    #[error("the entry has sequence number {seq} but the receipt says index {index}")]
    WrongIndex {
        /// From the entry.
        seq: u64,
        /// From the receipt.
        index: u64,
    },
    /// Salt and payload don't give the commitment that the entry holds.
    #[error("the payload isn't the one that was recorded")]
    WrongPayload,
    /// The checkpoint's signature was refused.
    #[error("the checkpoint in the receipt was refused: {0}")]
    Checkpoint(#[source] LedgerError),
    /// The checkpoint carries signatures that the given key can't account for.
    #[error("the checkpoint carries {0} signature(s) by unknown keys; a receipt holds the ledger's own only")]
    UnknownSigners(usize),
    /// The checkpoint belongs to another ledger than the key.
    #[error("the checkpoint is of ledger `{origin}`, the key is of `{key}`")]
    WrongOrigin {
        /// From the checkpoint.
        origin: String,
        /// The verifier key's name.
        key: String,
    },
    /// The entry isn't in the checkpoint's tree.
    #[error("the entry isn't in the ledger that the checkpoint describes: {0}")]
    NotIncluded(#[source] ProofError),
}
