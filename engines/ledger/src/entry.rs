//! The tlog leaf: a small text that names an event and commits to its payload without containing it.

use crate::canonical::{decode_decimal, decode_signed};
use crate::hash::{Hash, digest};
use crate::{LedgerError, MAX_SIZE};

const HEADER: &str = "sekisho-entry/v1";

/// One leaf of the ledger. Its bytes are `sekisho-entry/v1`, sequence number, time, kind and commitment, one a
/// line, each line ended by LF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Position in the ledger, from 0; equals the leaf's index.
    pub seq: u64,
    /// Milliseconds since 1970-01-01T00:00:00Z, by the ledger's clock.
    pub time_ms: i64,
    /// What happened, `[a-z0-9._-]{1,64}`, such as `transfer.approved`.
    pub kind: String,
    /// [`commit`] of the payload.
    pub commitment: Hash,
}

impl Entry {
    /// The leaf's bytes. A kind or number outside its range gives bytes that [`Entry::decode`] refuses.
    pub fn encode(&self) -> Vec<u8> {
        format!("{HEADER}\n{}\n{}\n{}\n{}\n", self.seq, self.time_ms, self.kind, self.commitment).into_bytes()
    }

    /// Reads a leaf's bytes; accepts exactly what [`Entry::encode`] writes.
    ///
    /// # Errors
    /// Names the line that isn't in its form.
    pub fn decode(bytes: &[u8]) -> Result<Self, LedgerError> {
        let wrong = |reason: &str| LedgerError::malformed("entry", reason);
        let text = std::str::from_utf8(bytes).map_err(|_| wrong("not UTF-8"))?;
        let body = text.strip_suffix('\n').ok_or_else(|| wrong("the last line must end with LF"))?;
        let lines: Vec<&str> = body.split('\n').collect();
        let [header, seq, time_ms, kind, commitment] = lines.as_slice() else {
            return Err(wrong("expected five lines"));
        };
        if *header != HEADER {
            return Err(wrong("line 1 must be `sekisho-entry/v1`"));
        }
        let seq = decode_decimal(seq).ok_or_else(|| wrong("line 2 must be a sequence number"))?;
        let time_ms = decode_signed(time_ms).ok_or_else(|| wrong("line 3 must be a time in milliseconds"))?;
        if !Self::is_kind(kind) {
            return Err(wrong("line 4 must be a kind of 1 to 64 characters from a-z 0-9 . _ -"));
        }
        let commitment = commitment.parse().map_err(|_| wrong("line 5 must be base64 of 32 bytes"))?;
        Ok(Self { seq, time_ms, kind: (*kind).to_owned(), commitment })
    }

    /// Whether `encode` will give bytes that `decode` accepts.
    pub fn is_valid(&self) -> bool {
        self.seq <= MAX_SIZE && Self::is_kind(&self.kind)
    }

    /// Whether `kind` matches `[a-z0-9._-]{1,64}`.
    pub fn is_kind(kind: &str) -> bool {
        (1..=64).contains(&kind.len())
            && kind.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
    }
}

/// Commitment to a payload: SHA-256(`sekisho-commit/v1` ‖ 0x00 ‖ salt ‖ payload). Without the salt, which is
/// random and stored beside the payload, nobody can test a guess at the payload against the ledger; with salt and
/// payload deleted the proof of the entry still holds.
pub fn commit(salt: &[u8; 32], payload: &[u8]) -> Hash {
    digest(&[b"sekisho-commit/v1\0", salt, payload])
}
