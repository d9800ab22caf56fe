//! What waits for this person's decision: one by one on the transfer's page, or several at once.

use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

use sekisho_checkpoint::{Capacity, CheckpointError, Decision, TransferId};

use crate::guard::Signed;
use crate::page::{Page, go, show};
use crate::problem::Problem;
use crate::state::{Site, blocking};
use crate::transfers::{Line, line};

pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/approvals", get(list).post(decide_many))
        .route("/transfers/{id}/decision", post(decide))
}

#[derive(Template)]
#[template(path = "approvals.html")]
struct ListTemplate {
    p: Page,
    lines: Vec<(Line, String)>,
    failures: Vec<String>,
    fresh: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Done {
    done: u32,
}

async fn list(State(site): State<Site>, signed: Signed, Query(done): Query<Done>) -> Response {
    list_page(&site, signed, done.done, Vec::new()).await
}

async fn list_page(site: &Site, signed: Signed, done: u32, failures: Vec<String>) -> Response {
    let (checkpoint, principal) = (site.checkpoint.clone(), signed.principal());
    let loaded = blocking(move || -> Result<_, CheckpointError> {
        let mut rows = Vec::new();
        for (row, capacity) in checkpoint.to_decide(&principal)? {
            let view = checkpoint.transfer(&principal, &row.id)?;
            rows.push((row, capacity, view.digest));
        }
        Ok(rows)
    })
    .await;
    let rows = match loaded {
        Ok(Ok(rows)) => rows,
        Ok(Err(error)) => return Problem::from(error).page(signed.page),
        Err(problem) => return problem.page(signed.page),
    };
    let fresh = signed.session.step_up_until_ms.is_some_and(|until| until > site.store.clock().now_ms());
    let mut page = signed.page;
    if done > 0 {
        let notice = match page.lang {
            sekisho_policy::Lang::Ja => format!("{done}件を承認しました。"),
            sekisho_policy::Lang::En => format!("{done} approved."),
        };
        page = page.with_notice(notice);
    }
    let lines = rows
        .iter()
        .map(|(row, capacity, digest)| {
            let mut shown = line(site, &page, row);
            shown.deputy = *capacity == Capacity::Deputy;
            (shown, format!("{}:{digest}", row.id))
        })
        .collect();
    show(&ListTemplate { p: page, lines, failures, fresh })
}

/// Reads a form with repeated fields, which a plain struct can't hold.
fn pairs(body: &[(String, String)], name: &str) -> Vec<String> {
    body.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect()
}

async fn decide_many(
    State(site): State<Site>,
    signed: Signed,
    Form(body): Form<Vec<(String, String)>>,
) -> Response {
    let token = pairs(&body, "csrf").pop().unwrap_or_default();
    if let Err(problem) = signed.check_csrf(&site, &token) {
        return problem.page(signed.page);
    }
    let comment = pairs(&body, "comment").pop().unwrap_or_default();
    let choices = pairs(&body, "choice");
    let (checkpoint, principal, lang) = (site.checkpoint.clone(), signed.principal(), signed.page.lang);
    let outcome = blocking(move || {
        let (mut done, mut failures) = (0_u32, Vec::new());
        for choice in choices {
            let Some((id, digest)) = choice.split_once(':') else { continue };
            let Ok(id) = id.parse::<TransferId>() else { continue };
            match checkpoint.decide(&principal, &id, digest, Decision::Approve, &comment) {
                Ok(_) => done = done.saturating_add(1),
                Err(CheckpointError::StepUpNeeded) => return Err(()),
                Err(error) => failures.push(format!("{id}: {}", error.message(lang))),
            }
        }
        Ok((done, failures))
    })
    .await;
    match outcome {
        Ok(Ok((done, failures))) if failures.is_empty() => go(&format!("/approvals?done={done}")),
        Ok(Ok((done, failures))) => list_page(&site, signed, done, failures).await,
        Ok(Err(())) => go("/step-up?next=/approvals"),
        Err(problem) => problem.page(signed.page),
    }
}

#[derive(Deserialize)]
struct DecisionForm {
    csrf: String,
    digest: String,
    decision: String,
    #[serde(default)]
    comment: String,
}

async fn decide(
    State(site): State<Site>,
    signed: Signed,
    Path(id): Path<String>,
    Form(form): Form<DecisionForm>,
) -> Response {
    if let Err(problem) = signed.check_csrf(&site, &form.csrf) {
        return problem.page(signed.page);
    }
    let Ok(id) = id.parse::<TransferId>() else { return Problem::not_found().page(signed.page) };
    let (decision, done) = match form.decision.as_str() {
        "approve" => (Decision::Approve, "approved"),
        "reject" => (Decision::Reject, "rejected"),
        _ => {
            return Problem::bad_request("承認か却下を選んでください。", "choose approve or reject")
                .page(signed.page);
        }
    };
    let (checkpoint, principal) = (site.checkpoint.clone(), signed.principal());
    let transfer = id.clone();
    match blocking(move || checkpoint.decide(&principal, &transfer, &form.digest, decision, &form.comment))
        .await
    {
        Ok(Ok(_)) => go(&format!("/transfers/{id}?done={done}")),
        Ok(Err(CheckpointError::StepUpNeeded)) => go(&format!("/step-up?next=/transfers/{id}")),
        Ok(Err(error)) => Problem::from(error).page(signed.page),
        Err(problem) => problem.page(signed.page),
    }
}
