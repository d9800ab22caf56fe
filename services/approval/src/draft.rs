//! Drafting (起案), revising and withdrawing: what a drafter does with a case.

use jiff::civil::Date;
use sekisho_identity::{PersonId, Principal};
use sekisho_policy::{Policy, Route, RouteId, UnitId};
use sekisho_store::WriteTx;
use serde_json::{Value as Json, json};

use crate::digest::{canonical, digest_of};
use crate::mail::Notice;
use crate::plan::{PlannedStep, plan};
use crate::rows::{Now, case_by_id, marks_of, steps_of};
use crate::standing::Office;
use crate::{
    Approval, ApprovalError, Case, CaseId, CaseState, EffectError, NewCase, Revision, StepState, number,
};

const MAX_TITLE: usize = 200;
const MAX_REASON: usize = 500;
/// The canonical content may have so many bytes; larger things belong into blobs that the content names.
const MAX_CONTENT: usize = 4 << 20;
/// So many units may lie above each other; the policy's tree is far flatter.
const MAX_RAISES: usize = 16;

/// What of a case is decided on, checked.
struct Subject {
    title: String,
    content: Json,
    amount: Option<i64>,
    class_rank: Option<u8>,
    due: Option<Date>,
    digest: String,
    steps: Vec<PlannedStep>,
}

impl Approval {
    /// Drafts a case in a unit of work of its own.
    ///
    /// # Errors
    /// `Invalid` with what is wrong, `NotPermitted` when the route is not for this drafter.
    pub fn draft(&self, new: NewCase) -> Result<CaseId, ApprovalError> {
        let this = self.clone();
        self.store.write(move |tx| this.draft_in(tx, new))
    }

    /// Drafts a case in the caller's unit of work.
    ///
    /// # Errors
    /// As [`Approval::draft`].
    pub fn draft_in(&self, tx: &mut WriteTx, new: NewCase) -> Result<CaseId, ApprovalError> {
        let now = Now::at(tx.now_ms());
        kind(&new.kind)?;
        link(&new.link)?;
        if self.policy.unit(&new.unit).is_none() {
            return Err(ApprovalError::invalid(
                format!("組織 `{}` はポリシーに定められていません。", new.unit),
                format!("the unit `{}` is not declared in the policy", new.unit),
            ));
        }
        let route = self.route(&new.route)?;
        let drafter_name = self.drafter(tx, now, route, &new.drafter)?;
        let revision = Revision {
            title: new.title,
            content: new.content,
            amount: new.amount,
            class_rank: new.class_rank,
            due: new.due,
        };
        let subject = subject(&self.policy, route, &new.kind, &new.unit, revision, now)?;
        let mut bytes = [0u8; 16];
        getrandom::fill(&mut bytes).map_err(|error| sekisho_store::StoreError::Unavailable {
            reason: format!("no random numbers from the operating system: {error}"),
        })?;
        let id = CaseId::from_random(u128::from_be_bytes(bytes));
        let actor = new.drafter.to_string();
        let (number, year) = number::take(tx, &self.policy, &new.unit, &actor)?;
        let body = json!({
            "number": number, "fiscal_year": year, "kind": new.kind, "title": subject.title,
            "content": subject.content, "digest": subject.digest, "link": new.link.replace("{case}", id.as_str()),
            "route": new.route, "drafter": new.drafter, "drafter_name": drafter_name, "unit": new.unit,
            "amount": subject.amount, "class_rank": subject.class_rank, "due": subject.due, "steps": subject.steps,
            "effect": self.effect(&new.kind).is_some(), "policy": self.policy.digest(),
        });
        tx.emit("approval.drafted", &actor, id.as_str(), body)?;
        self.settle(tx, &id)?;
        Ok(id)
    }

    /// Gives a case a new content; what others have decided on it before is void, and it starts at its first step.
    ///
    /// # Errors
    /// `NotPermitted` for somebody else's case, `State` once it is decided or withdrawn, `Invalid`.
    pub fn revise(
        &self,
        principal: &Principal,
        id: &CaseId,
        revision: Revision,
    ) -> Result<(), ApprovalError> {
        let (this, me, id) = (self.clone(), principal.person.id.clone(), id.clone());
        self.store.write(move |tx| this.revise_in(tx, &me, &id, revision))
    }

    /// As [`Approval::revise`], in the caller's unit of work, which has checked that `drafter` is at the screen.
    ///
    /// # Errors
    /// As [`Approval::revise`].
    pub fn revise_in(
        &self,
        tx: &mut WriteTx,
        drafter: &PersonId,
        id: &CaseId,
        revision: Revision,
    ) -> Result<(), ApprovalError> {
        let now = Now::at(tx.now_ms());
        let case = own_case(tx, drafter, id)?;
        let route = self.route(&case.route)?;
        self.drafter(tx, now, route, drafter)?;
        let subject = subject(&self.policy, route, &case.kind, &case.unit, revision, now)?;
        let actor = drafter.to_string();
        let void: Vec<u64> = marks_of(tx, id)?
            .iter()
            .filter(|mark| mark.view.round == case.round && !mark.view.voided)
            .map(|mark| mark.view.seq)
            .collect();
        if !void.is_empty() {
            let body = json!({ "round": case.round, "entries": void, "digest": case.digest });
            tx.emit("approval.voided", &actor, id.as_str(), body)?;
        }
        let body = json!({
            "round": case.round.saturating_add(1), "number": case.number, "drafter_name": case.drafter_name,
            "title": subject.title, "content": subject.content, "digest": subject.digest, "amount": subject.amount,
            "class_rank": subject.class_rank, "due": subject.due, "steps": subject.steps,
            "effect": self.effect(&case.kind).is_some(), "policy": self.policy.digest(),
        });
        tx.emit("approval.revised", &actor, id.as_str(), body)?;
        self.settle(tx, id)
    }

    /// Takes one's own case back while it is not decided.
    ///
    /// # Errors
    /// `NotPermitted` for somebody else's case, `State` once it is decided or withdrawn.
    pub fn withdraw(&self, principal: &Principal, id: &CaseId, reason: &str) -> Result<(), ApprovalError> {
        let reason = reason.trim().to_owned();
        if reason.chars().count() > MAX_REASON {
            return Err(too_long("取下げの理由", "the reason", MAX_REASON));
        }
        let (this, me, id) = (self.clone(), principal.person.id.clone(), id.clone());
        self.store.write(move |tx| {
            let case = own_case(tx, &me, &id)?;
            tx.emit("approval.withdrawn", me.as_str(), id.as_str(), json!({ "comment": reason }))?;
            this.after_end(tx, &case, CaseState::Withdrawn)
        })
    }

    pub(crate) fn route(&self, id: &RouteId) -> Result<&Route, ApprovalError> {
        self.policy.route(id).ok_or_else(|| {
            ApprovalError::invalid(
                format!("承認経路 `{id}` は現行のポリシーにありません。ポリシーの担当に連絡してください。"),
                format!("the route `{id}` is not in the policy in force; tell whoever keeps the policy"),
            )
        })
    }

    /// The drafter's name, if the account is active and may use the route.
    fn drafter(
        &self,
        tx: &mut WriteTx,
        now: Now,
        route: &Route,
        drafter: &PersonId,
    ) -> Result<String, ApprovalError> {
        let mut office = Office::open(tx, &self.policy, now)?;
        let officer = office.officer(tx, drafter.as_str())?.ok_or_else(|| {
            ApprovalError::not_permitted(
                "この職員のアカウントは使用できません。",
                "the drafter's account is not active",
            )
        })?;
        let may = route.drafters.is_empty()
            || route.drafters.iter().any(|role| officer.roles.iter().any(|held| held == role.as_str()));
        if may {
            return Ok(officer.name.clone());
        }
        let list = |lang| {
            let labels = route.drafters.iter().filter_map(|id| self.policy.role(id));
            labels.map(|role| role.label.get(lang).to_owned()).collect::<Vec<_>>().join("、")
        };
        Err(ApprovalError::not_permitted(
            format!("承認経路「{}」で起案できるのは{}です。", route.label.ja, list(sekisho_policy::Lang::Ja)),
            format!("the route `{}` is drafted by: {}", route.label.en, list(sekisho_policy::Lang::En)),
        ))
    }

    /// After steps came up: raises those that nobody can decide, as far as units lie above, and tells who is asked.
    pub(crate) fn settle(&self, tx: &mut WriteTx, id: &CaseId) -> Result<(), ApprovalError> {
        let now = Now::at(tx.now_ms());
        let case = case_by_id(tx, id)?;
        let marks = marks_of(tx, id)?;
        let mut office = Office::open(tx, &self.policy, now)?;
        for _ in 0..MAX_RAISES {
            let mut raised = false;
            for step in steps_of(tx, &case)?.iter().filter(|step| step.state == StepState::Open) {
                if office.blocked(tx, &case, step, &marks)?.is_some()
                    && let Some(above) = office.above(&case, step)
                {
                    let body = json!({ "position": step.position, "to": above, "reason": "nobody" });
                    tx.emit("approval.escalated", sekisho_store::SYSTEM, id.as_str(), body)?;
                    raised = true;
                }
            }
            if !raised {
                break;
            }
        }
        for step in steps_of(tx, &case)?.iter().filter(|step| step.state == StepState::Open) {
            for standing in office.able(tx, &case, step, &marks)? {
                self.notify(tx, &standing.officer.id, &case.id, Notice::Decide)?;
            }
        }
        Ok(())
    }

    /// After a case ended or went back: tells its effect.
    pub(crate) fn after_end(
        &self,
        tx: &mut WriteTx,
        case: &Case,
        state: CaseState,
    ) -> Result<(), ApprovalError> {
        let Some(effect) = self.effect(&case.kind) else { return Ok(()) };
        effect.ended(tx, case, state).map_err(refused)
    }
}

pub(crate) fn refused(error: EffectError) -> ApprovalError {
    match error {
        EffectError::Refused { ja, en } => ApprovalError::EffectRefused { ja, en },
        EffectError::Store(error) => ApprovalError::Store(error),
    }
}

/// A case that its drafter may still change.
fn own_case(tx: &mut WriteTx, drafter: &PersonId, id: &CaseId) -> Result<Case, ApprovalError> {
    let case = case_by_id(tx, id)?;
    if case.drafter != *drafter {
        return Err(ApprovalError::not_permitted(
            "修正及び取下げができるのは起案者本人だけです。",
            "only the drafter revises or withdraws a case",
        ));
    }
    match case.state {
        CaseState::Open | CaseState::Returned => Ok(case),
        other => Err(ApprovalError::State { state: other.id().to_owned() }),
    }
}

fn subject(
    policy: &Policy,
    route: &Route,
    kind: &str,
    unit: &UnitId,
    new: Revision,
    now: Now,
) -> Result<Subject, ApprovalError> {
    let title = new.title.trim().to_owned();
    let length = title.chars().count();
    if length == 0 || length > MAX_TITLE || title.chars().any(char::is_control) {
        return Err(ApprovalError::invalid(
            format!("件名を1文字以上{MAX_TITLE}文字以内（改行なし）で入力してください。"),
            format!("enter a title of 1 to {MAX_TITLE} characters on one line"),
        ));
    }
    if canonical(&new.content).len() > MAX_CONTENT {
        return Err(too_large());
    }
    if new.due.is_some_and(|due| due < now.today) {
        return Err(ApprovalError::invalid(
            "決裁の期限には今日以後の日付を入力してください。",
            "the day by which it must be decided is over already",
        ));
    }
    if new.amount.is_some_and(|yen| yen < 0) {
        return Err(ApprovalError::invalid(
            "金額は0円以上で入力してください。",
            "the amount must not be negative",
        ));
    }
    if new.amount.is_none() && route.asks_for_amount() {
        return Err(ApprovalError::invalid(
            format!(
                "承認経路「{}」は金額によって決裁者が変わります。金額を入力してください。",
                route.label.ja
            ),
            format!("the route `{}` depends on the amount; enter it", route.label.en),
        ));
    }
    let steps = plan(policy, route, unit, new.amount, new.class_rank);
    if !steps.last().is_some_and(|step| step.action == sekisho_policy::StepAction::Decide) {
        return Err(ApprovalError::invalid(
            format!(
                "承認経路「{}」には、この案件を決裁する段階がありません。ポリシーの担当に連絡してください。",
                route.label.ja
            ),
            format!(
                "the route `{}` has no step that decides this case; tell whoever keeps the policy",
                route.label.en
            ),
        ));
    }
    let digest = digest_of(kind, &title, &new.content, &route.id, new.amount, new.class_rank);
    Ok(Subject {
        title,
        content: new.content,
        amount: new.amount,
        class_rank: new.class_rank,
        due: new.due,
        digest,
        steps,
    })
}

fn kind(kind: &str) -> Result<(), ApprovalError> {
    let fits = (1..=64).contains(&kind.len())
        && kind.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-'));
    if fits {
        return Ok(());
    }
    Err(ApprovalError::invalid(
        format!("案件の種類「{kind}」は使えません（英小文字、数字、ピリオド及びハイフン）。"),
        format!("`{kind}` is not a kind of case: 1 to 64 of a-z, 0-9, `.` and `-`"),
    ))
}

/// A path of our own, so that neither a page nor a mail leads elsewhere.
fn link(link: &str) -> Result<(), ApprovalError> {
    let fits = link.starts_with('/')
        && !link.starts_with("//")
        && link.len() <= 500
        && link.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if fits {
        return Ok(());
    }
    Err(ApprovalError::invalid(
        "案件のページは `/` で始まる画面のパスで指定してください。",
        "the page of a case is a path that begins with one `/`",
    ))
}

fn too_long(ja: &str, en: &str, max: usize) -> ApprovalError {
    ApprovalError::invalid(
        format!("{ja}は{max}文字以内で入力してください。"),
        format!("{en} may have {max} characters at most"),
    )
}

fn too_large() -> ApprovalError {
    ApprovalError::invalid(
        "起案の内容が大きすぎます（上限4MiB）。ファイルは添付として保存し、内容からは参照してください。",
        "the content is larger than 4 MiB; store files as attachments and refer to them",
    )
}
