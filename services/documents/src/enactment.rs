//! What a final approval of a draft brings about: the draft becomes the next version.

use sekisho_approval::{Case, CaseState, Effect, EffectError};
use sekisho_store::WriteTx;
use serde_json::json;

use crate::ENACT;
use crate::drafting::{Decision, case_content, enact};
use crate::error::DocumentsError;
use crate::model::{DraftId, VersionKind};
use crate::rows::{self, DraftRow, day_of};
use sekisho_policy::Lang;

/// Carries out cases of kind `document.enact`.
pub(crate) struct Enactment;

impl Effect for Enactment {
    fn kind(&self) -> &str {
        ENACT
    }

    fn apply(&self, tx: &mut WriteTx, case: &Case, actor: &str) -> Result<(), EffectError> {
        let row = draft_of(tx, case)?;
        let (document, _) = rows::document(tx, &row.document).map_err(refused)?;
        // What was approved is the digest; a text that changed since is another text.
        if row.state == "enacted" || row.state == "discarded" || case_content(&document, &row) != case.content
        {
            return Err(EffectError::refused(
                "決裁された案が、その後に変更又は廃棄されています。案を作り直してください。",
                "the draft was changed or discarded after it had been proposed; draft it anew",
            ));
        }
        let decision = Decision {
            kind: if row.base == 0 { VersionKind::Enacted } else { VersionKind::Amended },
            decided_on: Some(day_of(tx.now_ms())),
            published_on: None,
            case: Some(case.id.to_string()),
            via: "approval",
            reason: row.reason.clone(),
        };
        enact(tx, actor, &document, &row, &decision).map_err(refused)?;
        Ok(())
    }

    fn ended(&self, tx: &mut WriteTx, case: &Case, _state: CaseState) -> Result<(), EffectError> {
        let row = draft_of(tx, case)?;
        if row.state == "proposed" {
            let body = json!({ "draft": row.id, "case": case.id });
            tx.emit("document.returned", sekisho_store::SYSTEM, row.document.as_str(), body)?;
        }
        Ok(())
    }
}

fn draft_of(tx: &mut WriteTx, case: &Case) -> Result<DraftRow, EffectError> {
    let id = case.content.get("draft").and_then(|id| id.as_str()).and_then(|id| id.parse::<DraftId>().ok());
    let id =
        id.ok_or_else(|| EffectError::refused("案件に案の識別子がありません。", "the case names no draft"))?;
    rows::draft(tx, &id).map_err(refused)
}

fn refused(error: DocumentsError) -> EffectError {
    match error {
        DocumentsError::Store(error) => EffectError::Store(error),
        other => EffectError::refused(other.message(Lang::Ja), other.message(Lang::En)),
    }
}
