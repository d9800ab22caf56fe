//! One case: what is decided on, its route, its marks, and what this person may do about it.

use askama::Template;
use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value as Json;

use sekisho_approval::{ApprovalError, CaseId, CaseState, CaseView, Decision, Revision, StepState};
use sekisho_policy::StepAction;

use super::content::{Shown, shown};
use super::{is_fresh, kind_label};
use crate::format;
use crate::guard::Signed;
use crate::login::framed;
use crate::page::{Page, go, show_with};
use crate::problem::Problem;
use crate::state::{Site, blocking};

#[derive(Template)]
#[template(path = "cases/case.html")]
struct CaseTemplate {
    p: Page,
    id: String,
    number: String,
    title: String,
    kind: String,
    state: &'static str,
    state_id: &'static str,
    who: String,
    unit: String,
    drafted: String,
    drafted_machine: String,
    due: String,
    amount: String,
    route: String,
    digest: String,
    round: u32,
    reason: String,
    seq: u64,
    content: Shown,
    steps: Vec<StepLine>,
    marks: Vec<MarkLine>,
    blocked: Vec<String>,
    /// What is asked of this person; empty when nothing is.
    asked: String,
    capacity: String,
    fresh: bool,
    to_reread: bool,
    is_mine: bool,
    /// Whether the reason can be written anew and the case sent round again.
    revisable: bool,
    old_reason: String,
    error: String,
    comment: String,
}

struct StepLine {
    action: String,
    asked: String,
    quorum: u8,
    state: String,
    state_id: &'static str,
    due: String,
    overdue: bool,
    able: String,
    raised: String,
}

struct MarkLine {
    who: String,
    capacity: &'static str,
    decision: String,
    when: String,
    machine: String,
    comment: String,
    voided: bool,
    seq: u64,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Done {
    done: String,
}

fn case_id(text: &str) -> Result<CaseId, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

pub(super) async fn show_case(
    State(site): State<Site>,
    signed: Signed,
    Path(id): Path<String>,
    Query(query): Query<Done>,
) -> Response {
    framed(signed.page.clone(), async move {
        let id = case_id(&id)?;
        let notice = notice(&signed.page, &query.done);
        let signed = Signed { page: signed.page.clone().with_notice(notice), ..signed };
        case_page(&site, signed, id, StatusCode::OK, String::new(), String::new()).await
    })
    .await
}

fn notice(page: &Page, code: &str) -> String {
    match code {
        "drafted" => page
            .l("起案しました。決裁されると反映されます。", "Drafted; it takes effect when it is approved."),
        "approved" => page.l("承認しました。", "Approved."),
        "rejected" => page.l("否決しました。", "Rejected."),
        "returned" => page.l("差し戻しました。", "Returned."),
        "withdrawn" => page.l("取り下げました。", "Withdrawn."),
        "revised" => page.l(
            "書き直して、もう一度回議しました。前の承認は無効になりました。",
            "Revised and sent round again; earlier approvals are void.",
        ),
        "read" => page.l("後閲を記録しました。", "Recorded as re-read."),
        _ => "",
    }
    .to_owned()
}

async fn case_page(
    site: &Site,
    signed: Signed,
    id: CaseId,
    status: StatusCode,
    error: String,
    comment: String,
) -> Result<Response, Problem> {
    let (site_here, principal, page, fresh) =
        (site.clone(), signed.principal(), signed.page.clone(), is_fresh(site, &signed));
    let template = blocking(move || -> Result<_, Problem> {
        let view = site_here.approval.case(&principal, &id)?;
        let content = shown(&site_here, &page, &view, principal.person.id.as_str())?;
        Ok(template(&site_here, page, view, content, fresh, error, comment))
    })
    .await??;
    Ok(show_with(status, &template))
}

fn template(
    site: &Site,
    page: Page,
    view: CaseView,
    content: Shown,
    fresh: bool,
    error: String,
    comment: String,
) -> CaseTemplate {
    let case = &view.case;
    let route = site.policy().route(&case.route);
    let old_reason = case.content.get("reason").and_then(Json::as_str).unwrap_or_default().to_owned();
    CaseTemplate {
        id: case.id.to_string(),
        number: case.number.clone(),
        title: case.title.clone(),
        kind: kind_label(&page, &case.kind).to_owned(),
        state: case.state.label(page.lang),
        state_id: case.state.id(),
        who: case.drafter_name.clone(),
        unit: page.unit_name(site, &case.unit),
        drafted: format::moment(case.created_ms, page.lang),
        drafted_machine: format::machine_moment(case.created_ms),
        due: case.due.map(|day| page.day(day)).unwrap_or_default(),
        amount: case.amount.map(|yen| money(yen, &page)).unwrap_or_default(),
        route: route.map_or_else(|| case.route.to_string(), |route| route.label.get(page.lang).to_owned()),
        digest: case.digest.clone(),
        round: case.round,
        reason: case.reason.clone(),
        seq: case.seq,
        steps: view.steps.iter().map(|step| step_line(site, &page, step)).collect(),
        marks: view.marks.iter().map(|mark| mark_line(&page, mark)).collect(),
        blocked: view.blocked.iter().map(|text| text.get(page.lang).to_owned()).collect(),
        asked: match view.action.filter(|_| view.capacity.is_some()) {
            Some(StepAction::Agree) => page.l("合議", "Consent"),
            Some(StepAction::Decide) => page.l("決裁", "Decision"),
            None => "",
        }
        .to_owned(),
        capacity: view.capacity.map_or("", |capacity| capacity.label(page.lang)).to_owned(),
        revisable: case.kind == "register.change"
            && matches!(case.state, CaseState::Open | CaseState::Returned),
        to_reread: view.to_reread,
        is_mine: view.is_mine,
        old_reason,
        content,
        fresh,
        error,
        comment,
        p: page,
    }
}

fn money(yen: i64, page: &Page) -> String {
    let digits = yen.unsigned_abs().to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && digits.len().saturating_sub(index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    let sign = if yen < 0 { "-" } else { "" };
    format!("{sign}{out}{}", page.l("円", " yen"))
}

fn step_line(site: &Site, page: &Page, step: &sekisho_approval::StepView) -> StepLine {
    let action = match (step.action, step.delegated) {
        (StepAction::Agree, _) => page.l("合議", "consent"),
        (StepAction::Decide, true) => page.l("専決", "delegated decision"),
        (StepAction::Decide, false) => page.l("決裁", "decision"),
    };
    let (state_id, state) = match step.state {
        StepState::Waiting => ("waiting", page.l("これから", "to come")),
        StepState::Open => ("open", page.l("確認中", "asked now")),
        StepState::Done => ("done", page.l("済", "done")),
        StepState::Closed => ("closed", page.l("不要", "not needed")),
    };
    StepLine {
        action: action.to_owned(),
        asked: step.asked.get(page.lang).to_owned(),
        quorum: step.quorum,
        state: state.to_owned(),
        state_id,
        due: step.due.map(|day| page.day(day)).unwrap_or_default(),
        overdue: step.overdue,
        able: step.able.join(page.l("、", ", ")),
        raised: step.raised_to.as_ref().map(|unit| page.unit_name(site, unit)).unwrap_or_default(),
    }
}

fn mark_line(page: &Page, mark: &sekisho_approval::MarkView) -> MarkLine {
    let decision = match mark.decision.as_str() {
        "agreed" => page.l("同意", "agreed"),
        "decided" => page.l("承認", "approved"),
        "rejected" => page.l("否決", "rejected"),
        "returned" => page.l("差戻し", "returned"),
        other => other,
    };
    MarkLine {
        who: mark.person_name.clone(),
        capacity: mark.capacity.label(page.lang),
        decision: decision.to_owned(),
        when: format::moment(mark.at_ms, page.lang),
        machine: format::machine_moment(mark.at_ms),
        comment: mark.comment.clone(),
        voided: mark.voided,
        seq: mark.seq,
    }
}

#[derive(Deserialize)]
pub(super) struct DecisionForm {
    csrf: String,
    digest: String,
    #[serde(default)]
    decision: String,
    #[serde(default)]
    comment: String,
}

pub(super) async fn decide(
    State(site): State<Site>,
    signed: Signed,
    Path(id): Path<String>,
    Form(form): Form<DecisionForm>,
) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        let id = case_id(&id)?;
        let (decision, done) = match form.decision.as_str() {
            "approve" => (Decision::Approve, "approved"),
            "reject" => (Decision::Reject, "rejected"),
            "return" => (Decision::Return, "returned"),
            _ => {
                return Err(Problem::bad_request(
                    "承認・差戻し・否決のどれかを選んでください。",
                    "choose approve, return or reject",
                ));
            }
        };
        let (approval, principal, at) = (site.approval.clone(), signed.principal(), id.clone());
        let (digest, comment) = (form.digest, form.comment.trim().to_owned());
        let said = comment.clone();
        match blocking(move || approval.decide(&principal, &at, &digest, decision, &said)).await? {
            Ok(_) => Ok(go(&format!("/cases/{id}?done={done}"))),
            Err(ApprovalError::StepUpNeeded) => Ok(go(&format!("/step-up?next=/cases/{id}"))),
            // What the person can mend is said beside the form, with the comment kept.
            Err(error) if matches!(error.status(), 409 | 422) => {
                let status = StatusCode::from_u16(error.status()).unwrap_or_default();
                let message = error.message(signed.page.lang);
                case_page(&site, signed, id, status, message, comment).await
            }
            Err(error) => Err(error.into()),
        }
    })
    .await
}

#[derive(Deserialize)]
pub(super) struct ReasonForm {
    csrf: String,
    #[serde(default)]
    reason: String,
}

pub(super) async fn withdraw(
    State(site): State<Site>,
    signed: Signed,
    Path(id): Path<String>,
    Form(form): Form<ReasonForm>,
) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        let id = case_id(&id)?;
        let (approval, principal, at) = (site.approval.clone(), signed.principal(), id.clone());
        match blocking(move || approval.withdraw(&principal, &at, form.reason.trim())).await? {
            Ok(_) => Ok(go(&format!("/cases/{id}?done=withdrawn"))),
            Err(error) => mend(&site, signed, id, error).await,
        }
    })
    .await
}

/// The same change with another reason. Other values are drafted from the register's own form.
pub(super) async fn revise(
    State(site): State<Site>,
    signed: Signed,
    Path(id): Path<String>,
    Form(form): Form<ReasonForm>,
) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        let id = case_id(&id)?;
        let (approval, principal, at) = (site.approval.clone(), signed.principal(), id.clone());
        let outcome = blocking(move || -> Result<_, ApprovalError> {
            let case = approval.case(&principal, &at)?.case;
            if case.kind != "register.change" {
                return Err(ApprovalError::Invalid {
                    ja: "この案件は、元の画面から直してください。".to_owned(),
                    en: "revise this case where it was drafted".to_owned(),
                });
            }
            let mut content = case.content;
            if let Json::Object(map) = &mut content {
                map.insert("reason".to_owned(), Json::String(form.reason.trim().to_owned()));
            }
            let revision = Revision {
                title: case.title,
                content,
                amount: case.amount,
                class_rank: case.class_rank,
                due: case.due,
            };
            approval.revise(&principal, &at, revision)
        })
        .await?;
        match outcome {
            Ok(_) => Ok(go(&format!("/cases/{id}?done=revised"))),
            Err(error) => mend(&site, signed, id, error).await,
        }
    })
    .await
}

#[derive(Deserialize)]
pub(super) struct TokenForm {
    csrf: String,
}

pub(super) async fn read_later(
    State(site): State<Site>,
    signed: Signed,
    Path(id): Path<String>,
    Form(form): Form<TokenForm>,
) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        let id = case_id(&id)?;
        let (approval, principal, at) = (site.approval.clone(), signed.principal(), id.clone());
        match blocking(move || approval.read_later(&principal, &at)).await? {
            Ok(_) => Ok(go(&format!("/cases/{id}?done=read"))),
            Err(error) => mend(&site, signed, id, error).await,
        }
    })
    .await
}

/// Back to the case with the sentence, when the person can do something about it.
async fn mend(site: &Site, signed: Signed, id: CaseId, error: ApprovalError) -> Result<Response, Problem> {
    match error.status() {
        409 | 422 => {
            let status = StatusCode::from_u16(error.status()).unwrap_or_default();
            let message = error.message(signed.page.lang);
            case_page(site, signed, id, status, message, String::new()).await
        }
        _ => Err(error.into()),
    }
}
