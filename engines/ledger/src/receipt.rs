//! The receipt: everything that a third party needs, besides the ledger's public key, to check offline that a
//! payload was recorded (C2SP tlog-proof). Every byte of a receipt is load-bearing: changing any one of them makes
//! [`Receipt::decode`] or [`Receipt::verify`] refuse.

use std::fmt::Write as _;

use crate::canonical::{decode_base64, decode_decimal, encode_base64};
use crate::note::{self, VerifierKey};
use crate::{Checkpoint, Entry, Hash, LedgerError, ReceiptError, commit, leaf_hash, verify_inclusion};

const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// A tree of at most 2⁶³ − 1 leaves has no longer inclusion proof.
const MAX_PROOF: usize = 63;

/// Proof that a payload is in the ledger. The text form is
///
/// ```text
/// c2sp.org/tlog-proof@v1
/// extra <base64 of: length of entry (2 bytes, big endian), entry, salt (32 bytes), payload>
/// index <position>
/// <base64 hash>            (none or more lines)
///                          (an empty line)
/// <signed checkpoint>
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The leaf's bytes ([`Entry::encode`]), at most 65,535.
    pub entry: Vec<u8>,
    /// The salt of the commitment.
    pub salt: [u8; 32],
    /// The recorded payload.
    pub payload: Vec<u8>,
    /// The leaf's position.
    pub index: u64,
    /// Inclusion proof from the leaf's sibling upwards.
    pub proof: Vec<Hash>,
    /// The signed note of a checkpoint whose tree includes the leaf.
    pub checkpoint: String,
}

/// What a verified receipt says. The receipt's payload is then the recorded one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The ledger's entry.
    pub entry: Entry,
    /// The ledger's state in which it was found.
    pub checkpoint: Checkpoint,
}

impl Receipt {
    /// The text form, file extension `.tlog-proof`. An entry over 65,535 bytes, which [`Entry::encode`] never
    /// gives, makes a text that doesn't verify.
    pub fn encode(&self) -> String {
        let length = u16::try_from(self.entry.len()).unwrap_or(u16::MAX).to_be_bytes();
        let extra = [length.as_slice(), &self.entry, &self.salt, &self.payload].concat();
        let mut text = format!("{HEADER}\nextra {}\nindex {}\n", encode_base64(&extra), self.index);
        for hash in &self.proof {
            // Writing to a String can't fail.
            let _ = writeln!(text, "{hash}");
        }
        text.push('\n');
        text.push_str(&self.checkpoint);
        text
    }

    /// Reads the text form, without verifying anything; accepts exactly what [`Receipt::encode`] writes.
    ///
    /// # Errors
    /// [`ReceiptError::Malformed`] names the part that isn't in its form; [`ReceiptError::WrongIndex`].
    pub fn decode(text: &str) -> Result<Self, ReceiptError> {
        let wrong = |reason: &str| ReceiptError::Malformed(reason.to_owned());
        let (head, checkpoint) =
            text.split_once("\n\n").ok_or_else(|| wrong("no empty line before the checkpoint"))?;
        let mut lines = head.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(wrong("line 1 must be `c2sp.org/tlog-proof@v1`"));
        }
        let extra = lines.next().and_then(|line| decode_base64(line.strip_prefix("extra ")?));
        let extra = extra.ok_or_else(|| wrong("line 2 must be `extra` and canonical base64"))?;
        let index = lines.next().and_then(|line| decode_decimal(line.strip_prefix("index ")?));
        let index = index.ok_or_else(|| wrong("line 3 must be `index` and a decimal"))?;
        let proof = lines.map(str::parse).collect::<Result<Vec<Hash>, LedgerError>>();
        let proof = proof.map_err(|_| wrong("a line of the proof isn't base64 of 32 bytes"))?;
        if proof.len() > MAX_PROOF {
            return Err(wrong("more than 63 hashes in the proof"));
        }
        let (entry, salt, payload) =
            split_extra(&extra).ok_or_else(|| wrong("the extra data is too short"))?;
        let receipt = Self {
            entry: entry.to_vec(),
            salt: *salt,
            payload: payload.to_vec(),
            index,
            proof,
            checkpoint: checkpoint.to_owned(),
        };
        receipt.checked_entry()?;
        Ok(receipt)
    }

    /// Verifies the receipt against the ledger's public key, without network or storage: the payload belongs to
    /// the entry, the entry is in the tree at the index it names, and the ledger of that name signed the tree.
    /// The checkpoint must carry the ledger's signature and no other line, because a line that nobody here can
    /// verify could be altered unseen.
    ///
    /// # Errors
    /// The first thing that doesn't hold.
    pub fn verify(&self, key: &VerifierKey) -> Result<Verified, ReceiptError> {
        let entry = self.checked_entry()?;
        if commit(&self.salt, &self.payload) != entry.commitment {
            return Err(ReceiptError::WrongPayload);
        }
        let opened =
            note::open(&self.checkpoint, std::slice::from_ref(key)).map_err(ReceiptError::Checkpoint)?;
        if opened.unknown > 0 {
            return Err(ReceiptError::UnknownSigners(opened.unknown));
        }
        let checkpoint = Checkpoint::parse(&opened.text).map_err(ReceiptError::Checkpoint)?;
        if checkpoint.origin != key.name() {
            return Err(ReceiptError::WrongOrigin { origin: checkpoint.origin, key: key.name().to_owned() });
        }
        let leaf = leaf_hash(&self.entry);
        verify_inclusion(self.index, checkpoint.size, &leaf, &self.proof, &checkpoint.root)
            .map_err(ReceiptError::NotIncluded)?;
        Ok(Verified { entry, checkpoint })
    }

    fn checked_entry(&self) -> Result<Entry, ReceiptError> {
        let entry = Entry::decode(&self.entry).map_err(|error| ReceiptError::Malformed(error.to_string()))?;
        if entry.seq != self.index {
            return Err(ReceiptError::WrongIndex { seq: entry.seq, index: self.index });
        }
        Ok(entry)
    }
}

/// Entry, salt and payload.
fn split_extra(extra: &[u8]) -> Option<(&[u8], &[u8; 32], &[u8])> {
    let (length, rest) = extra.split_first_chunk::<2>()?;
    let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    let (salt, payload) = rest.split_first_chunk::<32>()?;
    Some((entry, salt, payload))
}
