//! The ledger's signed statement of its size and root (C2SP tlog-checkpoint).

use std::fmt;
use std::str::FromStr;

use crate::canonical::decode_decimal;
use crate::note::{self, SigningKey, VerifierKey};
use crate::{Hash, LedgerError};

/// A ledger's state: who, how many entries, which root. Text form: origin, size, base64 root and any extension
/// lines, each ended by LF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The ledger's name, such as `imari.example/sekisho`; equals the name of its key.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// Root hash of the tree of these entries.
    pub root: Hash,
    /// Opaque further lines, without line ends; this project writes none.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// A checkpoint without extension lines.
    pub fn new(origin: impl Into<String>, size: u64, root: Hash) -> Self {
        Self { origin: origin.into(), size, root, extensions: Vec::new() }
    }

    /// Reads the unsigned text; accepts exactly what `Display` writes.
    ///
    /// # Errors
    /// Names the line that isn't in its form. A checkpoint of size 0 must have the root [`Hash::empty_tree`].
    pub fn parse(text: &str) -> Result<Self, LedgerError> {
        let wrong = |reason: &str| LedgerError::malformed("checkpoint", reason);
        let body = text.strip_suffix('\n').ok_or_else(|| wrong("the last line must end with LF"))?;
        if body.chars().any(|c| c < ' ' && c != '\n') {
            return Err(wrong("control characters aren't allowed"));
        }
        let mut lines = body.split('\n');
        let origin = lines.next().filter(|line| !line.is_empty());
        let origin = origin.ok_or_else(|| wrong("line 1 must be the ledger's origin"))?;
        let size = lines.next().and_then(decode_decimal);
        let size = size.ok_or_else(|| wrong("line 2 must be the tree size"))?;
        let root: Option<Hash> = lines.next().and_then(|line| line.parse().ok());
        let root = root.ok_or_else(|| wrong("line 3 must be the root, base64 of 32 bytes"))?;
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(wrong("extension lines must not be empty"));
        }
        if size == 0 && root != Hash::empty_tree() {
            return Err(wrong("a tree of size 0 must have the root SHA-256 of nothing"));
        }
        Ok(Self { origin: origin.to_owned(), size, root, extensions })
    }

    /// The signed note of this checkpoint.
    pub fn sign(&self, key: &SigningKey) -> String {
        note::sign(&self.to_string(), &[key])
    }

    /// Verifies a signed checkpoint against the ledger's key and checks that its origin is the key's name.
    ///
    /// # Errors
    /// What [`note::open`] and [`Checkpoint::parse`] refuse, or a checkpoint of another ledger.
    pub fn open(signed: &str, key: &VerifierKey) -> Result<Self, LedgerError> {
        let opened = note::open(signed, std::slice::from_ref(key))?;
        let checkpoint = Self::parse(&opened.text)?;
        if checkpoint.origin != key.name() {
            let reason = format!("origin `{}` isn't the key's name `{}`", checkpoint.origin, key.name());
            return Err(LedgerError::malformed("checkpoint", reason));
        }
        Ok(checkpoint)
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, self.root)?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl FromStr for Checkpoint {
    type Err = LedgerError;

    fn from_str(text: &str) -> Result<Self, LedgerError> {
        Self::parse(text)
    }
}
