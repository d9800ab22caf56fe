//! Documents of the policy (規程文書): 基本方針, 対策基準 and 実施手順 as structured clauses with versions, comparison
//! tables, links and tiers (clauses 9 and 10 of the policy; 地方自治法244条の6).
//!
//! [`parse`] reads text into clauses, [`compare`] makes 新旧対照表, [`render`] writes text, HTML and DOCX; these three
//! are pure. DOCX files are never parsed in this process: the sandbox takes their text out. Texts are encrypted blobs,
//! events name them by digest. Non-public documents are handed out by role only, through two functions of `reading.rs`
//! that write the reading to the ledger first; only 基本方針 can be exported publicly.

pub mod compare;
mod drafting;
mod enactment;
mod error;
mod linking;
pub mod model;
pub mod parse;
mod projection;
mod publishing;
mod reading;
pub mod render;
mod rights;
mod rows;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use sekisho_approval::Approval;
use sekisho_policy::{Lang, Policy};
use sekisho_store::{Projection, Store};
use sekisho_worker::Sandbox;
use serde_json::Value as Json;

pub use compare::{Cell, Change, Comparison, ComparisonRow, MatchBy, Span};
pub use drafting::{Adoption, Ids, ImportOptions, Imported, NewDocument, NewDraft};
pub use error::DocumentsError;
pub use linking::{CoverageRow, Gap, Link, Target};
pub use model::{
    Clause, ClauseId, Content, DateKind, Document, DocumentId, DraftId, HistoryDate, IdError, Mark, MarkKind,
    Tier, Version, VersionKind,
};
pub use parse::{Note, NoteKind, ParsedDocument, import_lines, import_text};
pub use publishing::{BodyConsent, Standing};
pub use reading::{Copy, DraftReading, DraftView, Form, Reading, ReadingEntry};
pub use rights::{Action, Caller, OUTSIDE, OVERSEERS, RIGHTS, Reach, Right, STAFF};

/// The kind of the case that makes a draft a version.
pub const ENACT: &str = "document.enact";

/// The service. Cheap to clone; every call blocks (from async code use a blocking task).
#[derive(Clone)]
pub struct Documents {
    store: Store,
    policy: Arc<Policy>,
    approval: Approval,
    sandbox: Option<Sandbox>,
}

impl Documents {
    /// Documents over a store that was opened with [`Documents::projection`]. Registers with the approvals what a
    /// decision on a draft brings about. Without a sandbox only UTF-8 text can be imported.
    #[must_use]
    pub fn new(store: Store, policy: Arc<Policy>, approval: Approval, sandbox: Option<Sandbox>) -> Self {
        approval.register(Arc::new(enactment::Enactment));
        Self { store, policy, approval, sandbox }
    }

    /// The projection that the store needs.
    #[must_use]
    pub fn projection() -> Arc<dyn Projection> {
        Arc::new(projection::DocumentTables)
    }

    /// May the caller do this with the document?
    #[must_use]
    pub fn may(&self, caller: &Caller, action: Action, document: &Document) -> bool {
        rights::may(&self.policy, caller, action, subject(document))
    }

    /// The document, if the caller may do this with it. Who may not read it is told that it does not exist.
    fn permitted(
        &self,
        caller: &Caller,
        id: &DocumentId,
        action: Action,
    ) -> Result<Document, DocumentsError> {
        let (document, _) = self.store.read(|mut tx| rows::document(&mut tx, id))?;
        if self.may(caller, action, &document) {
            return Ok(document);
        }
        if !self.may(caller, Action::Read, &document) {
            return Err(DocumentsError::not_found(format!("document `{id}`")));
        }
        Err(not_permitted(action))
    }

    fn require(
        &self,
        caller: &Caller,
        action: Action,
        tier: Tier,
        owner: &str,
        units: &[String],
    ) -> Result<(), DocumentsError> {
        let subject = rights::Subject { tier, owner, units };
        if rights::may(&self.policy, caller, action, subject) { Ok(()) } else { Err(not_permitted(action)) }
    }

    fn emit(
        &self,
        kind: &'static str,
        caller: &Caller,
        id: &DocumentId,
        body: Json,
    ) -> Result<(), DocumentsError> {
        let (actor, id) = (caller.actor(), id.clone());
        self.store.write(move |tx| {
            tx.emit(kind, &actor, id.as_str(), body)?;
            Ok(())
        })
    }
}

fn subject(document: &Document) -> rights::Subject<'_> {
    rights::Subject { tier: document.tier, owner: &document.owner, units: &document.units }
}

fn not_permitted(action: Action) -> DocumentsError {
    DocumentsError::NotPermitted {
        ja: format!("この文書の{}を行う権限がありません。主管課に依頼してください。", action.label(Lang::Ja)),
        en: format!("you may not {} for this document; ask the responsible section", action.label(Lang::En)),
    }
}
