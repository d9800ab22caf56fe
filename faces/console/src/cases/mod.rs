//! Decisions (決裁): the list of cases, one case with everything that is decided on in words, and absences. Who may see and
//! decide what is the business of `services/approval`; what a page shows as the thing decided comes from the case's own
//! content, the one that the digest covers.

mod absence;
mod content;
mod one;

use askama::Template;
use axum::Router;
use axum::extract::{Form, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

use sekisho_approval::{ApprovalError, CaseId, CaseQuery, CaseState, Decision, Task, TaskKind};

use crate::format;
use crate::guard::{Signed, percent};
use crate::home::{TaskLine, task_line};
use crate::login::framed;
use crate::page::{Page, go, show};
use crate::problem::Problem;
use crate::state::{Site, blocking};

/// Cases on a page.
const CASES: u32 = 50;

/// The kinds of cases that the services draft.
const KINDS: [&str; 3] = ["register.change", "people.transfer", "document.enact"];

pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/cases", get(list).post(decide_many))
        .route("/cases/{id}", get(one::show_case))
        .route("/cases/{id}/decision", post(one::decide))
        .route("/cases/{id}/withdraw", post(one::withdraw))
        .route("/cases/{id}/revise", post(one::revise))
        .route("/cases/{id}/read", post(one::read_later))
        .route("/account/absence", get(absence::show_absence).post(absence::set))
        .route("/account/absence/clear", post(absence::clear))
}

/// What a case is about, for people.
pub(crate) fn kind_label<'a>(page: &Page, kind: &'a str) -> &'a str {
    let known = match kind {
        "register.change" => ("台帳の変更", "change of a register"),
        "people.transfer" => ("人事異動", "transfer of staff"),
        "document.enact" => ("規程の制定・改正", "enactment of a document"),
        other => (other, other),
    };
    if page.lang == sekisho_policy::Lang::Ja { known.0 } else { known.1 }
}

/// Whether a fresh second factor stands.
fn is_fresh(site: &Site, signed: &Signed) -> bool {
    signed.session.step_up_until_ms.is_some_and(|until| until > site.store.clock().now_ms())
}

#[derive(Deserialize, Default, Clone)]
#[serde(default)]
struct Asked {
    state: String,
    q: String,
    kind: String,
    unit: String,
    page: u32,
    done: u32,
}

impl Asked {
    fn link(&self, page: u32) -> String {
        format!(
            "/cases?state={}&q={}&kind={}&unit={}&page={page}",
            percent(&self.state),
            percent(&self.q),
            percent(&self.kind),
            percent(&self.unit)
        )
    }
}

#[derive(Template)]
#[template(path = "cases/list.html")]
struct ListTemplate {
    p: Page,
    asked: Asked,
    tabs: Vec<(&'static str, String, bool)>,
    kinds: Vec<(&'static str, &'static str)>,
    units: Vec<(String, String)>,
    lines: Vec<CaseLine>,
    total: u64,
    previous: Option<String>,
    next: Option<String>,
}

struct CaseLine {
    id: String,
    number: String,
    title: String,
    kind: String,
    who: String,
    unit: String,
    when: String,
    machine: String,
    state: &'static str,
    state_id: &'static str,
    due: String,
}

/// The list from which several cases are approved at once.
#[derive(Template)]
#[template(path = "cases/to_decide.html")]
struct DeskTemplate {
    p: Page,
    tabs: Vec<(&'static str, String, bool)>,
    lines: Vec<TaskLine>,
    failures: Vec<String>,
    fresh: bool,
    /// Whether these are to be decided, not re-read.
    decides: bool,
}

async fn list(State(site): State<Site>, signed: Signed, Query(asked): Query<Asked>) -> Response {
    framed(signed.page.clone(), async move {
        match asked.state.as_str() {
            "to-decide" | "to-reread" => desk(&site, signed, asked, Vec::new()).await,
            _ => all(&site, signed, asked).await,
        }
    })
    .await
}

fn tabs(page: &Page, state: &str) -> Vec<(&'static str, String, bool)> {
    let ja = page.lang == sekisho_policy::Lang::Ja;
    [
        ("to-decide", "自分の番", "For me to decide"),
        ("to-reread", "後閲", "To re-read"),
        ("mine", "自分の起案", "My drafts"),
        ("open", "回議中", "In circulation"),
        ("approved", "決裁済", "Approved"),
        ("returned", "差戻し", "Returned"),
        ("rejected", "否決", "Rejected"),
        ("withdrawn", "取下げ", "Withdrawn"),
        ("", "全て", "All"),
    ]
    .into_iter()
    .map(|(id, label_ja, label_en)| {
        (if ja { label_ja } else { label_en }, format!("/cases?state={id}"), id == state)
    })
    .collect()
}

async fn all(site: &Site, signed: Signed, asked: Asked) -> Result<Response, Problem> {
    let (approval, principal, page) = (site.approval.clone(), signed.principal(), signed.page);
    let query = CaseQuery {
        text: asked.q.trim().to_owned(),
        state: CaseState::from_id(&asked.state),
        kind: Some(asked.kind.clone()).filter(|kind| !kind.is_empty()),
        unit: asked.unit.parse().ok(),
        drafter: (asked.state == "mine").then(|| principal.person.id.clone()),
        offset: asked.page.saturating_mul(CASES),
        limit: CASES,
    };
    let found = blocking(move || approval.cases(&principal, &query)).await??;
    let lines = found
        .cases
        .into_iter()
        .map(|case| CaseLine {
            kind: kind_label(&page, &case.kind).to_owned(),
            who: case.drafter_name,
            unit: page.unit_name(site, &case.unit),
            when: format::moment(case.created_ms, page.lang),
            machine: format::machine_moment(case.created_ms),
            state: case.state.label(page.lang),
            state_id: case.state.id(),
            due: case.due.map(|day| page.day(day)).unwrap_or_default(),
            id: case.id.to_string(),
            number: case.number,
            title: case.title,
        })
        .collect();
    let after = u64::from(asked.page.saturating_add(1)).saturating_mul(u64::from(CASES));
    let template = ListTemplate {
        tabs: tabs(&page, &asked.state),
        kinds: KINDS.into_iter().map(|kind| (kind, kind_label(&page, kind))).collect(),
        units: site
            .policy()
            .units
            .iter()
            .map(|unit| (unit.id.to_string(), unit.name.get(page.lang).to_owned()))
            .collect(),
        previous: asked.page.checked_sub(1).map(|number| asked.link(number)),
        next: (after < found.total).then(|| asked.link(asked.page.saturating_add(1))),
        total: found.total,
        lines,
        asked,
        p: page,
    };
    Ok(show(&template))
}

async fn desk(site: &Site, signed: Signed, asked: Asked, failures: Vec<String>) -> Result<Response, Problem> {
    let (approval, principal) = (site.approval.clone(), signed.principal());
    let decides = asked.state != "to-reread";
    let kind = if decides { TaskKind::Decide } else { TaskKind::Reread };
    let tasks: Vec<Task> = blocking(move || approval.worklist(&principal)).await??;
    let fresh = is_fresh(site, &signed);
    let mut page = signed.page;
    let lines =
        tasks.iter().filter(|task| task.kind == kind).map(|task| task_line(site, &page, task)).collect();
    if asked.done > 0 {
        let done = asked.done;
        let notice = match page.lang {
            sekisho_policy::Lang::Ja => format!("{done}件を承認しました。"),
            sekisho_policy::Lang::En => format!("{done} approved."),
        };
        page = page.with_notice(notice);
    }
    let template = DeskTemplate { tabs: tabs(&page, &asked.state), p: page, lines, failures, fresh, decides };
    Ok(show(&template))
}

/// Values of a field that a form may repeat.
fn values<'a>(body: &'a [(String, String)], name: &'a str) -> impl DoubleEndedIterator<Item = &'a str> {
    body.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
}

async fn decide_many(
    State(site): State<Site>,
    signed: Signed,
    Form(body): Form<Vec<(String, String)>>,
) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, values(&body, "csrf").next_back().unwrap_or_default())?;
        let comment = values(&body, "comment").next_back().unwrap_or_default().to_owned();
        let mut chosen: Vec<(CaseId, String)> = Vec::new();
        for choice in values(&body, "choice") {
            if let Some((id, digest)) = choice.split_once(':')
                && let Ok(id) = id.parse()
            {
                chosen.push((id, digest.to_owned()));
            }
        }
        if chosen.is_empty() {
            return Err(Problem::new(
                422,
                "nothing-chosen",
                "承認する案件を選んでください。",
                "choose the cases to approve",
            ));
        }
        let (approval, principal, lang) = (site.approval.clone(), signed.principal(), signed.page.lang);
        let outcome =
            blocking(move || approval.decide_many(&principal, &chosen, Decision::Approve, &comment)).await?;
        let results = match outcome {
            Ok(results) => results,
            Err(ApprovalError::StepUpNeeded) => return Ok(go("/step-up?next=/cases%3Fstate%3Dto-decide")),
            Err(error) => return Err(error.into()),
        };
        let (mut done, mut failures) = (0_u32, Vec::new());
        for (id, result) in results {
            match result {
                Ok(_) => done = done.saturating_add(1),
                Err(ApprovalError::StepUpNeeded) => {
                    return Ok(go("/step-up?next=/cases%3Fstate%3Dto-decide"));
                }
                Err(error) => failures.push((id, error.message(lang))),
            }
        }
        if failures.is_empty() {
            return Ok(go(&format!("/cases?state=to-decide&done={done}")));
        }
        // The case's own title says more than its identifier.
        let (approval, principal) = (site.approval.clone(), signed.principal());
        let failures = blocking(move || {
            failures
                .into_iter()
                .map(|(id, message)| match approval.case(&principal, &id) {
                    Ok(view) => format!("{} {}: {message}", view.case.number, view.case.title),
                    Err(_) => message,
                })
                .collect()
        })
        .await?;
        let asked = Asked { state: "to-decide".to_owned(), done, ..Asked::default() };
        desk(&site, signed, asked, failures).await
    })
    .await
}
