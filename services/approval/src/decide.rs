//! Decisions (合議・決裁・否決・差戻し), one or many at once, and re-reading (後閲).

use sekisho_identity::{Principal, Way};
use sekisho_policy::StepAction;
use sekisho_store::{SYSTEM, WriteTx};
use serde_json::json;

use crate::digest::digest_of;
use crate::draft::refused;
use crate::mail::Notice;
use crate::rows::{Mark, Now, Step, case_by_id, marks_of, steps_of};
use crate::standing::{Office, Standing, given};
use crate::{Approval, ApprovalError, Case, CaseId, CaseState, Decided, Decision, StepState};

const MAX_COMMENT: usize = 500;
/// So many cases may be decided in one go.
const MAX_BULK: usize = 200;

/// A case of a bulk decision, and what came of it.
pub type BulkResult = (CaseId, Result<Decided, ApprovalError>);

impl Approval {
    /// Decides on a case. `digest` is the one that was shown with its content.
    ///
    /// # Errors
    /// `NotPermitted` for whoever is not asked now; `StepUpNeeded` without a fresh second factor; `Changed` when the
    /// digest is another; `State` when it is no longer open; `Invalid` when a comment is missing; `EffectRefused` when
    /// the last approval could not be carried out and the case went back to its drafter.
    pub fn decide(
        &self,
        principal: &Principal,
        id: &CaseId,
        digest: &str,
        decision: Decision,
        comment: &str,
    ) -> Result<Decided, ApprovalError> {
        let comment = comment.trim().to_owned();
        if comment.chars().count() > MAX_COMMENT {
            return Err(ApprovalError::invalid(
                format!("コメントは{MAX_COMMENT}文字以内で入力してください。"),
                format!("a comment may have {MAX_COMMENT} characters at most"),
            ));
        }
        if decision != Decision::Approve && comment.is_empty() {
            return Err(ApprovalError::invalid(
                "否決又は差戻しの理由を入力してください。起案者に表示されます。",
                "enter the reason; the drafter will see it",
            ));
        }
        if !matches!(principal.way, Way::Session(_)) {
            return Err(ApprovalError::not_permitted(
                "決裁は画面から本人が行ってください（APIトークンでは決裁できません）。",
                "a decision is made by a person at the screen, never by an API token",
            ));
        }
        let (this, who, case, shown) = (self.clone(), principal.clone(), id.clone(), digest.to_owned());
        let result = self.store.write(move |tx| this.decide_in(tx, &who, &case, &shown, decision, &comment));
        let Err(ApprovalError::EffectRefused { ja, en }) = result else { return result };
        if decision == Decision::Approve {
            self.give_back(principal, id, digest, &ja, &en)?;
        }
        Err(ApprovalError::EffectRefused { ja, en })
    }

    /// Decides on several cases, each by its own digest and in its own unit of work; one that fails stops no other.
    ///
    /// # Errors
    /// `Invalid` for more than 200 at once; otherwise the result of each case stands beside it.
    pub fn decide_many(
        &self,
        principal: &Principal,
        cases: &[(CaseId, String)],
        decision: Decision,
        comment: &str,
    ) -> Result<Vec<BulkResult>, ApprovalError> {
        if cases.len() > MAX_BULK {
            return Err(ApprovalError::invalid(
                format!("一度に決裁できるのは{MAX_BULK}件までです。"),
                format!("at most {MAX_BULK} cases are decided at once"),
            ));
        }
        let decide = |(id, digest): &(CaseId, String)| {
            (id.clone(), self.decide(principal, id, digest, decision, comment))
        };
        Ok(cases.iter().map(decide).collect())
    }

    /// Confirms that one has re-read a case that somebody decided in one's place (後閲).
    ///
    /// # Errors
    /// `NotFound` when there is nothing of this case to re-read.
    pub fn read_later(&self, principal: &Principal, id: &CaseId) -> Result<(), ApprovalError> {
        let (me, id) = (principal.person.id.clone(), id.clone());
        self.store.write(move |tx| {
            let due = tx.query(
                "SELECT mark FROM approval_rereads WHERE case_id = ?1 AND person = ?2 AND done_ms IS NULL ORDER BY mark",
                &[id.as_str().into(), me.as_str().into()],
            )?;
            let marks = due.iter().map(|row| row.get_i64("mark")).collect::<Result<Vec<_>, _>>()?;
            if marks.is_empty() {
                return Err(ApprovalError::NotFound { what: format!("something to re-read in {id}") });
            }
            tx.emit("approval.read-later", me.as_str(), id.as_str(), json!({ "entries": marks }))?;
            Ok(())
        })
    }

    fn decide_in(
        &self,
        tx: &mut WriteTx,
        principal: &Principal,
        id: &CaseId,
        shown: &str,
        decision: Decision,
        comment: &str,
    ) -> Result<Decided, ApprovalError> {
        let now = Now::at(tx.now_ms());
        let case = case_by_id(tx, id)?;
        if !self.may_see(tx, principal, &case, now)? {
            return Err(ApprovalError::NotFound { what: id.to_string() });
        }
        if case.state != CaseState::Open {
            return Err(ApprovalError::State { state: case.state.id().to_owned() });
        }
        let (steps, marks) = (steps_of(tx, &case)?, marks_of(tx, id)?);
        let (step, standing) = self.standing(tx, principal, &case, &steps, &marks, now)?;
        if principal.step_up_until_ms.is_none_or(|until| until <= now.ms) {
            return Err(ApprovalError::StepUpNeeded);
        }
        let stored =
            digest_of(&case.kind, &case.title, &case.content, &case.route, case.amount, case.class_rank);
        if case.digest != shown || stored != shown {
            return Err(ApprovalError::Changed);
        }
        let me = principal.person.id.as_str();
        let mut body = json!({
            "position": step.position, "stage": step.stage, "round": case.round, "action": step.plan.action,
            "delegated": step.plan.delegated, "role": step.plan.role, "capacity": standing.capacity,
            "in_place_of": standing.in_place_of, "digest": case.digest, "person_name": standing.officer.name,
            "comment": comment,
        });
        let state = match decision {
            Decision::Approve => return self.approve(tx, me, &case, step, &steps, &marks, &standing, body),
            Decision::Reject => CaseState::Rejected,
            Decision::Return => CaseState::Returned,
        };
        // Whoever rejects has decided for the step's holder just the same, who re-reads it; nothing else is needed.
        if let Some(map) = body.as_object_mut() {
            map.insert("final".to_owned(), json!(state == CaseState::Rejected));
        }
        let seq = tx.emit(&format!("approval.{}", state.id()), me, id.as_str(), body)?;
        self.notify(tx, case.drafter.as_str(), &case.id, Notice::of_end(state))?;
        self.notify_all(tx, &standing.in_place_of, &case.id, Notice::Reread)?;
        self.after_end(tx, &case, state)?;
        Ok(Decided { seq, state })
    }

    #[expect(clippy::too_many_arguments, reason = "one decision's facts, gathered once by the only caller")]
    fn approve(
        &self,
        tx: &mut WriteTx,
        me: &str,
        case: &Case,
        step: &Step,
        steps: &[Step],
        marks: &[Mark],
        standing: &Standing,
        mut body: serde_json::Value,
    ) -> Result<Decided, ApprovalError> {
        let step_done = given(case, step, marks).saturating_add(1) >= step.needed();
        let stage_done = step_done
            && steps
                .iter()
                .filter(|other| other.stage == step.stage && other.position != step.position)
                .all(|other| other.state == StepState::Done);
        let next = steps.iter().map(|other| other.stage).filter(|stage| *stage > step.stage).min();
        let is_final = stage_done && next.is_none();
        if let Some(map) = body.as_object_mut() {
            map.insert("step_done".to_owned(), json!(step_done));
            map.insert("final".to_owned(), json!(is_final));
            if stage_done && let Some(stage) = next {
                map.insert("next_stage".to_owned(), json!(stage));
            }
        }
        let kind = match step.plan.action {
            StepAction::Agree => "approval.agreed",
            StepAction::Decide => "approval.decided",
        };
        let seq = tx.emit(kind, me, case.id.as_str(), body)?;
        self.notify_all(tx, &standing.in_place_of, &case.id, Notice::Reread)?;
        if is_final {
            self.carry_out(tx, case, me)?;
            self.notify(tx, case.drafter.as_str(), &case.id, Notice::Approved)?;
            return Ok(Decided { seq, state: CaseState::Approved });
        }
        if stage_done {
            self.settle(tx, &case.id)?;
        }
        Ok(Decided { seq, state: CaseState::Open })
    }

    /// Runs the effect in this unit of work, so that decision and effect are both there or neither.
    fn carry_out(&self, tx: &mut WriteTx, case: &Case, me: &str) -> Result<(), ApprovalError> {
        let approved = Case { state: CaseState::Approved, ..case.clone() };
        if let Some(effect) = self.effect(&case.kind) {
            return effect.apply(tx, &approved, me).map_err(refused);
        }
        let rows = tx.query("SELECT effect FROM approval_cases WHERE id = ?1", &[case.id.as_str().into()])?;
        if rows.first().map_or(Ok(false), |row| row.get_bool("effect"))? {
            // Drafted where the effect was known; approving it here would leave it undone.
            return Err(ApprovalError::invalid(
                format!(
                    "種類「{}」の案件を実行する機能が動いていないため、決裁できません。情報システム担当に連絡してください。",
                    case.kind
                ),
                format!("nothing here carries out cases of the kind `{}`; tell the administrator", case.kind),
            ));
        }
        Ok(())
    }

    /// The last approval could not be carried out: the case goes back to its drafter with the sentence.
    fn give_back(
        &self,
        principal: &Principal,
        id: &CaseId,
        digest: &str,
        ja: &str,
        en: &str,
    ) -> Result<(), ApprovalError> {
        let (this, id, digest) = (self.clone(), id.clone(), digest.to_owned());
        let (ja, en, who) = (ja.to_owned(), en.to_owned(), principal.person.id.clone());
        self.store.write(move |tx| {
            let case = case_by_id(tx, &id)?;
            if case.state != CaseState::Open || case.digest != digest {
                // Somebody was quicker; what they did stands.
                return Ok(());
            }
            let body = json!({
                "comment": ja, "comment_en": en, "by_effect": true, "approver": who, "digest": case.digest,
            });
            tx.emit("approval.returned", SYSTEM, id.as_str(), body)?;
            this.notify(tx, case.drafter.as_str(), &case.id, Notice::Returned)?;
            this.after_end(tx, &case, CaseState::Returned)
        })
    }

    /// The open step on which the person may decide, and as what; or why not.
    fn standing<'s>(
        &self,
        tx: &mut WriteTx,
        principal: &Principal,
        case: &Case,
        steps: &'s [Step],
        marks: &[Mark],
        now: Now,
    ) -> Result<(&'s Step, Standing), ApprovalError> {
        let me = principal.person.id.as_str();
        let mut office = Office::open(tx, &self.policy, now)?;
        for step in steps.iter().filter(|step| step.state == StepState::Open) {
            let found = office.able(tx, case, step, marks)?;
            if let Some(standing) = found.into_iter().find(|standing| standing.officer.id == me) {
                return Ok((step, standing));
            }
        }
        if case.drafter.as_str() == me {
            return Err(ApprovalError::not_permitted(
                "起案者本人は、代決者としても決裁できません。",
                "the drafter never decides, not as a deputy either",
            ));
        }
        if marks
            .iter()
            .any(|mark| mark.view.round == case.round && !mark.view.voided && mark.view.person.as_str() == me)
        {
            return Err(ApprovalError::not_permitted(
                "この案件にはすでに決裁しています。1人の職員が数えられるのは1回だけです。",
                "you have already decided on this case; one person counts once",
            ));
        }
        let deputises = steps
            .iter()
            .filter(|step| step.state == StepState::Open)
            .any(|step| principal.person.roles.iter().any(|role| step.plan.deputies.contains(role)));
        if deputises {
            return Err(ApprovalError::not_permitted(
                "代決できるのは、決裁者が不在のとき又は期限を過ぎたときだけです。また、起案者に代わって決裁することはできません。",
                "a deputy decides only while the holder is absent or the step overdue, and never in the drafter's place",
            ));
        }
        Err(ApprovalError::not_permitted(
            "この案件の決裁者ではありません。",
            "this case does not wait for your decision",
        ))
    }
}
