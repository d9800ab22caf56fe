//! What a final approval brings about, carried out in the same unit of work as the decision.

use sekisho_store::{StoreError, WriteTx};

use crate::{Case, CaseState};

/// Carries out approvals of one kind of case.
pub trait Effect: Send + Sync {
    /// The kind of case, for instance `register.change`.
    fn kind(&self) -> &str;

    /// Carries the approved content out. Whatever it wrote is taken back if it refuses, and the case goes back to its
    /// drafter with the sentence.
    ///
    /// # Errors
    /// `Refused` with a sentence for the drafter, or `Store` when the database fails (the decision may be tried again).
    fn apply(&self, tx: &mut WriteTx, case: &Case, actor: &str) -> Result<(), EffectError>;

    /// The case ended otherwise, or went back to its drafter; for services that keep something reserved.
    ///
    /// # Errors
    /// As [`Effect::apply`]; a refusal refuses the decision.
    fn ended(&self, tx: &mut WriteTx, case: &Case, state: CaseState) -> Result<(), EffectError> {
        let _ = (tx, case, state);
        Ok(())
    }
}

/// Why an effect was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum EffectError {
    /// What was approved can't be carried out any more.
    #[error("{en}")]
    Refused {
        /// Why and what next, in Japanese.
        ja: String,
        /// Why and what next, in English.
        en: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl EffectError {
    /// A refusal in both languages.
    pub fn refused(ja: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Refused { ja: ja.into(), en: en.into() }
    }
}
