//! Approval (決裁): one decision a person, never about one's own request, bound to the digest of what was shown.

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use sekisho_identity::{Principal, Way};
use sekisho_policy::{Applicant, Candidate, Eligibility, Permission, Route, Step, UnitId};
use sekisho_store::{ReadTx, Row, Sql, StoreError, Value, WriteTx};

use crate::{Capacity, Checkpoint, CheckpointError, TransferId, TransferState, actor};

/// The longest comment, in characters.
const MAX_COMMENT: usize = 500;

/// What an approver decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// 承認
    Approve,
    /// 却下
    Reject,
}

/// What a decision is checked against.
struct Open {
    applicant: String,
    unit: UnitId,
    route: Route,
    step: usize,
    digest: String,
    findings: bool,
}

impl Checkpoint {
    /// Decides about a transfer. `digest` is the one that was shown with its content.
    ///
    /// # Errors
    /// `StepUpNeeded` without a fresh second factor; `NotPermitted` for one's own request or another unit's; `Changed`
    /// when the digest is another; `State` when it is no longer open; `Invalid` when a comment is missing.
    pub fn decide(
        &self,
        principal: &Principal,
        id: &TransferId,
        digest: &str,
        decision: Decision,
        comment: &str,
    ) -> Result<u64, CheckpointError> {
        let comment = comment.trim().to_owned();
        if comment.chars().count() > MAX_COMMENT {
            return Err(CheckpointError::invalid(
                format!("コメントは{MAX_COMMENT}文字以内で入力してください。"),
                format!("a comment may have {MAX_COMMENT} characters at most"),
            ));
        }
        if decision == Decision::Reject && comment.is_empty() {
            return Err(CheckpointError::invalid(
                "却下の理由を入力してください。申請者に表示されます。",
                "enter the reason; the applicant will see it",
            ));
        }
        if !matches!(principal.way, Way::Session(_)) {
            return Err(CheckpointError::not_permitted(
                "承認は画面から本人が行ってください（APIトークンでは承認できません）。",
                "an approval is made by a person at the screen, never by an API token",
            ));
        }
        // Tell "not yours to see" from "not yours to decide" before anything is written.
        self.transfer(principal, id)?;
        let (this, who, transfer, shown) = (self.clone(), principal.clone(), id.clone(), digest.to_owned());
        let (seq, steps) = self
            .store
            .write(move |tx: &mut WriteTx| this.decide_in(tx, &who, &transfer, &shown, decision, &comment))?;
        for step in steps {
            self.observe(step);
        }
        Ok(seq)
    }

    fn decide_in(
        &self,
        tx: &mut WriteTx,
        principal: &Principal,
        id: &TransferId,
        shown: &str,
        decision: Decision,
        comment: &str,
    ) -> Result<(u64, Vec<&'static str>), CheckpointError> {
        let open = self.open_for_decision(tx, principal, id)?;
        let step = open.route.steps.get(open.step).ok_or_else(|| CheckpointError::NotFound {
            what: format!("step {} of route `{}`", open.step, open.route.id),
        })?;
        let capacity = self.capacity(step, &open.applicant, &open.unit, principal)?;
        if principal.step_up_until_ms.is_none_or(|until| until <= tx.now_ms()) {
            return Err(CheckpointError::StepUpNeeded);
        }
        let me = actor(principal);
        let earlier = tx.query(
            "SELECT person, step FROM transfer_decisions WHERE transfer = ?1",
            &[Value::from(id.as_str())],
        )?;
        if earlier.iter().any(|row| row.get_text("person").is_ok_and(|person| person == me)) {
            return Err(CheckpointError::not_permitted(
                "この申請にはすでに決裁しています。次の決裁は別の職員が行います。",
                "you have already decided about this transfer; another person takes the next step",
            ));
        }
        if open.digest != shown || open.digest != digest(tx, id)? {
            return Err(CheckpointError::Changed);
        }
        if decision == Decision::Approve && open.findings && comment.is_empty() {
            return Err(CheckpointError::invalid(
                "個人番号の疑いがある文字列が見つかっています。内容を確認し、承認する理由をコメントに入力してください。",
                "something like an Individual Number was found; look at it and enter why it may pass",
            ));
        }
        let step_no = i64::try_from(open.step).unwrap_or(i64::MAX);
        let mut body = json!({
            "step": step_no, "route": open.route.id, "digest": open.digest, "capacity": capacity,
            "person_name": principal.person.name, "comment": comment,
        });
        if decision == Decision::Reject {
            let seq = tx.emit("transfer.rejected", &me, id.as_str(), body)?;
            return Ok((seq, vec!["transfer.rejected"]));
        }
        let given = earlier.iter().filter(|row| row.get_i64("step").is_ok_and(|s| s == step_no)).count();
        let complete = given.saturating_add(1) >= usize::from(step.quorum.max(1));
        let next = if complete { open.step.saturating_add(1) } else { open.step };
        if let Some(map) = body.as_object_mut() {
            map.insert("next_step".to_owned(), json!(next));
        }
        let seq = tx.emit("transfer.approved", &me, id.as_str(), body)?;
        let mut steps = vec!["transfer.approved"];
        if next >= open.route.steps.len() {
            release(tx, id)?;
            steps.push("transfer.released");
        }
        Ok((seq, steps))
    }

    fn open_for_decision(
        &self,
        tx: &mut WriteTx,
        principal: &Principal,
        id: &TransferId,
    ) -> Result<Open, CheckpointError> {
        let rows = tx.query(
            "SELECT state, applicant, unit, route, step, digest, approving_zone FROM transfers WHERE id = ?1",
            &[Value::from(id.as_str())],
        )?;
        let row = rows.first().ok_or_else(|| CheckpointError::NotFound { what: id.to_string() })?;
        let state = row.get_text("state")?;
        if TransferState::from_id(state) != Some(TransferState::Awaiting) {
            return Err(CheckpointError::State { state: state.to_owned() });
        }
        if row.get_text("approving_zone")? != principal.zone.as_str() {
            return Err(CheckpointError::not_permitted(
                "この申請の決裁は別の領域の画面で行います。",
                "this transfer is decided in another zone",
            ));
        }
        let found = tx.query(
            "SELECT id FROM transfer_files WHERE transfer = ?1 AND state = 'verified' AND findings <> '[]' LIMIT 1",
            &[Value::from(id.as_str())],
        )?;
        let (unit, route) = self.unit_and_route(row)?;
        Ok(Open {
            applicant: row.get_text("applicant")?.to_owned(),
            unit,
            route,
            step: usize::try_from(row.get_i64("step")?).unwrap_or(0),
            digest: row.get_text("digest")?.to_owned(),
            findings: !found.is_empty(),
        })
    }

    fn unit_and_route(&self, row: &Row) -> Result<(UnitId, Route), CheckpointError> {
        let unit = row.get_text("unit")?;
        let route = row.get_text("route")?;
        let unknown =
            |what: &str| CheckpointError::NotFound { what: format!("`{what}` in the policy in force") };
        let unit_id = unit.parse().map_err(|_| unknown(unit))?;
        let route_id = route.parse().map_err(|_| unknown(route))?;
        let route = self.policy.route(&route_id).cloned().ok_or_else(|| unknown(route))?;
        Ok((unit_id, route))
    }

    fn capacity(
        &self,
        step: &Step,
        applicant: &str,
        unit: &UnitId,
        principal: &Principal,
    ) -> Result<Capacity, CheckpointError> {
        let candidate = Candidate {
            person: principal.person.id.as_ref(),
            unit: &principal.person.unit,
            roles: &principal.person.roles,
        };
        if !principal.may(Permission::ApproveTransfer) {
            return Err(CheckpointError::not_permitted(
                "決裁する権限がありません。",
                "your role may not approve",
            ));
        }
        match self.policy.eligibility(step, &Applicant { person: applicant, unit }, &candidate) {
            Eligibility::Holder => Ok(Capacity::Holder),
            Eligibility::Deputy => Ok(Capacity::Deputy),
            Eligibility::OwnRequest => Err(CheckpointError::not_permitted(
                "自分の申請を自分で承認することはできません。",
                "nobody approves their own request",
            )),
            Eligibility::OtherUnit => Err(CheckpointError::not_permitted(
                "他の課の申請は決裁できません。",
                "this request belongs to another unit",
            )),
            Eligibility::NoRole => {
                Err(CheckpointError::not_permitted("決裁する権限がありません。", "your role may not approve"))
            }
        }
    }

    /// Whether the person could decide about this row now, and in what capacity.
    pub(crate) fn may_decide(
        &self,
        principal: &Principal,
        row: &Row,
    ) -> Result<Option<Capacity>, StoreError> {
        if row.get_text("state")? != TransferState::Awaiting.id()
            || row.get_text("approving_zone")? != principal.zone.as_str()
        {
            return Ok(None);
        }
        let step = usize::try_from(row.get_i64("step")?).unwrap_or(0);
        let Ok((unit, route)) = self.unit_and_route(row) else { return Ok(None) };
        let Some(step) = route.steps.get(step) else { return Ok(None) };
        Ok(self.capacity(step, row.get_text("applicant")?, &unit, principal).ok())
    }

    /// Takes one's own request back while it has not been released.
    ///
    /// # Errors
    /// `NotFound` for somebody else's, `State` when it is too late.
    pub fn withdraw(
        &self,
        principal: &Principal,
        id: &TransferId,
        reason: &str,
    ) -> Result<(), CheckpointError> {
        self.transfer(principal, id)?;
        let (me, transfer, reason) =
            (actor(principal), id.clone(), reason.chars().take(MAX_COMMENT).collect::<String>());
        self.store.write(move |tx: &mut WriteTx| -> Result<(), CheckpointError> {
            let rows = tx.query(
                "SELECT state, applicant FROM transfers WHERE id = ?1",
                &[Value::from(transfer.as_str())],
            )?;
            let row = rows.first().ok_or_else(|| CheckpointError::NotFound { what: transfer.to_string() })?;
            if row.get_text("applicant")? != me {
                return Err(CheckpointError::not_permitted(
                    "取り下げは申請者本人だけができます。",
                    "only the applicant takes a request back",
                ));
            }
            let state = row.get_text("state")?;
            match TransferState::from_id(state) {
                Some(TransferState::Received | TransferState::Disarming | TransferState::Awaiting) => {
                    tx.emit("transfer.withdrawn", &me, transfer.as_str(), json!({ "reason": reason }))?;
                    Ok(())
                }
                _ => Err(CheckpointError::State { state: state.to_owned() }),
            }
        })?;
        self.observe("transfer.withdrawn");
        Ok(())
    }
}

/// What an approval binds to: the way, the applicant, the purpose and every file with its outcome.
///
/// SHA-256 over `sekisho-transfer/v1` and one line a fact; the lines hold JSON strings, so no value can imitate another.
pub(crate) fn digest(tx: &mut dyn Sql, id: &TransferId) -> Result<String, CheckpointError> {
    let transfers = tx.query(
        "SELECT from_zone, to_zone, conduit, applicant, recipient, purpose FROM transfers WHERE id = ?1",
        &[Value::from(id.as_str())],
    )?;
    let row = transfers.first().ok_or_else(|| CheckpointError::NotFound { what: id.to_string() })?;
    let mut hasher = Sha256::new();
    let mut line = |value: &Json| hasher.update(format!("{value}\n").as_bytes());
    line(&json!("sekisho-transfer/v1"));
    line(&json!(id));
    for column in ["from_zone", "to_zone", "conduit", "applicant", "recipient", "purpose"] {
        line(&json!(row.get_text(column)?));
    }
    let files = tx.query(
        "SELECT id, name, state, original_sha256, output_sha256, output_name, findings, exceptions FROM transfer_files
         WHERE transfer = ?1 ORDER BY position",
        &[Value::from(id.as_str())],
    )?;
    for file in &files {
        let mut facts = Vec::new();
        for column in ["id", "name", "state", "original_sha256", "output_sha256", "output_name", "findings"] {
            facts.push(file.get_text(column)?);
        }
        // What departs from disarming is part of what is decided about.
        if file.get_text("exceptions")? != "[]" {
            facts.push(file.get_text("exceptions")?);
        }
        line(&json!(facts));
    }
    Ok(hex::encode(hasher.finalize()))
}

/// The release: its event holds the whole story, so that its receipt alone tells an auditor what crossed and by whom.
pub(crate) fn release(tx: &mut WriteTx, id: &TransferId) -> Result<u64, CheckpointError> {
    let digest = digest(tx, id)?;
    let key = [Value::from(id.as_str())];
    let rows = tx.query(
        "SELECT from_zone, to_zone, conduit, applicant, applicant_name, unit, recipient, purpose, policy_digest, created_ms
         FROM transfers WHERE id = ?1",
        &key,
    )?;
    let row = rows.first().ok_or_else(|| CheckpointError::NotFound { what: id.to_string() })?;
    let mut files = Vec::new();
    for file in tx.query(
        "SELECT id, name, state, method, detected, original_sha256, output_sha256, output_name, output_bytes, removed, exceptions
         FROM transfer_files WHERE transfer = ?1 ORDER BY position",
        &key,
    )? {
        files.push(json!({
            "id": file.get_text("id")?, "name": file.get_text("name")?, "outcome": file.get_text("state")?,
            "method": file.get_text("method")?, "detected": file.get_text("detected")?,
            "original_sha256": file.get_text("original_sha256")?, "output_sha256": file.get_text("output_sha256")?,
            "output_name": file.get_text("output_name")?, "output_bytes": file.get_i64("output_bytes")?,
            "removed": file.get_json("removed")?.as_array().map_or(0, Vec::len),
            "exceptions": file.get_json("exceptions")?,
        }));
    }
    let mut approvals = Vec::new();
    for decision in tx.query(
        "SELECT seq, step, person, person_name, capacity, comment, at_ms, digest FROM transfer_decisions
         WHERE transfer = ?1 AND decision = 'approved' ORDER BY seq",
        &key,
    )? {
        approvals.push(json!({
            "entry": decision.get_i64("seq")?, "step": decision.get_i64("step")?, "person": decision.get_text("person")?,
            "name": decision.get_text("person_name")?, "capacity": decision.get_text("capacity")?,
            "comment": decision.get_text("comment")?, "at_ms": decision.get_i64("at_ms")?,
            "digest": decision.get_text("digest")?,
        }));
    }
    let body = json!({
        "digest": digest, "from": row.get_text("from_zone")?, "to": row.get_text("to_zone")?,
        "conduit": row.get_text("conduit")?, "applicant": row.get_text("applicant")?,
        "applicant_name": row.get_text("applicant_name")?, "unit": row.get_text("unit")?,
        "recipient": row.get_text("recipient")?, "purpose": row.get_text("purpose")?,
        "submitted_ms": row.get_i64("created_ms")?, "policy_digest": row.get_text("policy_digest")?,
        "files": files, "approvals": approvals,
    });
    Ok(tx.emit("transfer.released", "system", id.as_str(), body)?)
}

/// The same row set for the read side, which has no writer.
pub(crate) fn rows_for_decision(tx: &ReadTx, zone: &str) -> Result<Vec<Row>, StoreError> {
    tx.query(
        &format!("SELECT {} FROM transfers WHERE state = 'awaiting' AND approving_zone = ?1 ORDER BY created_ms LIMIT 500",
            crate::query::COLUMNS),
        &[Value::from(zone)],
    )
}
