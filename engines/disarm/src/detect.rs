//! What a file is, by its content; what it claims to be, by its name.

use crate::{Format, Refusal, RefusalCode};

/// The finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detection {
    /// The extension of the declared name in lower case, empty when there is none.
    pub declared: String,
    /// An identifier of the content: a [`Format`]'s extension, or the name of a kind that is refused (`doc`, `jtd`, `exe`…).
    pub detected: String,
    outcome: Result<Format, Refusal>,
    mismatch: bool,
}

impl Detection {
    /// The format, when the engine can write it.
    ///
    /// # Errors
    /// The refusal that names the kind.
    pub fn supported(&self) -> Result<Format, Refusal> {
        self.outcome.clone()
    }

    /// `declared → detected` when the name claims another kind.
    #[must_use]
    pub fn mismatch(&self) -> Option<String> {
        self.mismatch.then(|| format!(".{} → {}", self.declared, self.detected))
    }
}

/// Recognises a file.
#[must_use]
pub fn detect(_bytes: &[u8], name: &str) -> Detection {
    let declared = name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase()).unwrap_or_default();
    Detection {
        declared,
        detected: String::new(),
        outcome: Err(Refusal::new(RefusalCode::Unrecognised, "")),
        mismatch: false,
    }
}
