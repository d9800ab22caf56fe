//! The history, a transfer's own page, and its live state.

use askama::Template;
use axum::extract::{Form, Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;

use sekisho_checkpoint::{
    Capacity, CheckpointError, ExportFormat, FileState, FileView, Preview, RemovedView, TransferId,
    TransferQuery, TransferRow, TransferState, TransferView,
};

use crate::format::{day_start, machine_moment, moment, removal_sentence, size};
use crate::guard::Signed;
use crate::page::{Page, go, show};
use crate::problem::Problem;
use crate::state::{Site, blocking};

pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/transfers", get(history))
        .route("/transfers/export/{format}", get(export))
        .route("/transfers/{id}", get(detail))
        .route("/transfers/{id}/state", get(state))
        .route("/transfers/{id}/withdraw", post(withdraw))
}

/// What the search form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Search {
    q: String,
    state: String,
    mine: String,
    exceptions: String,
    since: String,
    until: String,
    page: u32,
    done: String,
}

const PER_PAGE: u32 = 50;
const DAY_MS: i64 = 86_400_000;

impl Search {
    fn query(&self) -> TransferQuery {
        TransferQuery {
            text: self.q.chars().take(200).collect(),
            state: TransferState::from_id(&self.state),
            to: None,
            mine: self.mine == "1",
            exceptions: self.exceptions == "1",
            since_ms: day_start(&self.since),
            until_ms: day_start(&self.until).map(|start| start.saturating_add(DAY_MS)),
            offset: self.page.min(100_000).saturating_mul(PER_PAGE),
            limit: PER_PAGE,
        }
    }

    /// The same search as a query string, for links to other pages of it.
    fn link(&self, page: u32) -> String {
        use crate::guard::percent;
        format!(
            "q={}&state={}&mine={}&exceptions={}&since={}&until={}&page={page}",
            percent(&self.q),
            percent(&self.state),
            percent(&self.mine),
            percent(&self.exceptions),
            percent(&self.since),
            percent(&self.until)
        )
    }
}

/// A line of a list, ready to show.
pub(crate) struct Line {
    pub(crate) id: String,
    pub(crate) when: String,
    pub(crate) when_machine: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) unit: String,
    pub(crate) who: String,
    pub(crate) purpose: String,
    pub(crate) files: String,
    pub(crate) size: String,
    pub(crate) state_id: &'static str,
    pub(crate) state: &'static str,
    pub(crate) deputy: bool,
}

pub(crate) fn line(site: &Site, page: &Page, row: &TransferRow) -> Line {
    Line {
        id: row.id.to_string(),
        when: moment(row.created_ms, page.lang),
        when_machine: machine_moment(row.created_ms),
        from: page.zone_name(site, &row.from),
        to: page.zone_name(site, &row.to),
        unit: page.unit_name(site, &row.unit),
        who: row.applicant_name.clone(),
        purpose: row.purpose.clone(),
        files: match row.file_names.as_slice() {
            [] => String::new(),
            [only] => only.clone(),
            [first, rest @ ..] => match page.lang {
                sekisho_policy::Lang::Ja => format!("{first} ほか{}件", rest.len()),
                sekisho_policy::Lang::En => format!("{first} and {} more", rest.len()),
            },
        },
        size: size(row.total_bytes),
        state_id: row.state.id(),
        state: row.state.label(page.lang),
        deputy: false,
    }
}

#[derive(Template)]
#[template(path = "transfers.html")]
struct HistoryTemplate {
    p: Page,
    search: Search,
    lines: Vec<Line>,
    states: Vec<(&'static str, &'static str)>,
    previous: Option<String>,
    next: Option<String>,
    export: String,
}

async fn history(State(site): State<Site>, signed: Signed, Query(search): Query<Search>) -> Response {
    let (checkpoint, principal, query) = (site.checkpoint.clone(), signed.principal(), search.query());
    let found = match blocking(move || checkpoint.list(&principal, &query)).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => return Problem::from(error).page(signed.page),
        Err(problem) => return problem.page(signed.page),
    };
    let mut page = signed.page;
    if search.done == "withdrawn" {
        let notice = page.l("申請を取り下げました。", "The request was taken back.").to_owned();
        page = page.with_notice(notice);
    }
    let lines = found.rows.iter().map(|row| line(&site, &page, row)).collect();
    let states = TransferState::ALL.iter().map(|state| (state.id(), state.label(page.lang))).collect();
    show(&HistoryTemplate {
        lines,
        states,
        previous: (search.page > 0).then(|| search.link(search.page.saturating_sub(1))),
        next: found.more.then(|| search.link(search.page.saturating_add(1))),
        export: search.link(0),
        p: page,
        search,
    })
}

async fn export(
    State(site): State<Site>,
    signed: Signed,
    Path(format): Path<String>,
    Query(search): Query<Search>,
) -> Response {
    let (format, media_type, name) = match format.as_str() {
        "csv" => (ExportFormat::Csv, "text/csv; charset=utf-8", "sekisho-history.csv"),
        "xlsx" => (
            ExportFormat::Xlsx,
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "sekisho-history.xlsx",
        ),
        _ => return Problem::not_found().page(signed.page),
    };
    let (checkpoint, principal, query, lang) =
        (site.checkpoint.clone(), signed.principal(), search.query(), signed.page.lang);
    match blocking(move || checkpoint.export(&principal, &query, format, lang)).await {
        Ok(Ok(bytes)) => (
            [
                (header::CONTENT_TYPE, media_type.to_owned()),
                (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
                (header::CACHE_CONTROL, "no-store".to_owned()),
            ],
            bytes,
        )
            .into_response(),
        Ok(Err(error)) => Problem::from(error).page(signed.page),
        Err(problem) => problem.page(signed.page),
    }
}

/// A file on the page of its transfer.
struct FileCard {
    view: FileView,
    state: &'static str,
    size: String,
    output_size: String,
    removed: Vec<(&'static str, Vec<String>)>,
    reason: String,
    hint: String,
    preview: Option<PreviewCard>,
    examinable: bool,
}

enum PreviewCard {
    Text { pieces: Vec<(String, String)>, cut: bool },
    Picture,
    Failed(String),
}

/// A stage of the journey.
struct Stage {
    label: &'static str,
    class: &'static str,
}

struct DecisionLine {
    who: String,
    when: String,
    decision: String,
    comment: String,
    entry: u64,
}

#[derive(Template)]
#[template(path = "transfer.html")]
struct DetailTemplate {
    p: Page,
    line: Line,
    view: TransferView,
    recipient: String,
    conduit: String,
    stages: Vec<Stage>,
    files: Vec<FileCard>,
    decisions: Vec<DecisionLine>,
    live: bool,
    waiting_for: String,
    has_findings: bool,
    deputy: bool,
    fresh: bool,
    to_zone: String,
    here: bool,
}

async fn detail(
    State(site): State<Site>,
    signed: Signed,
    Path(id): Path<String>,
    Query(search): Query<Search>,
) -> Response {
    let Ok(id) = id.parse::<TransferId>() else { return Problem::not_found().page(signed.page) };
    let (checkpoint, identity, principal) =
        (site.checkpoint.clone(), site.identity.clone(), signed.principal());
    let fresh = signed.session.step_up_until_ms.is_some_and(|until| until > site.store.clock().now_ms());
    let loaded = blocking(move || -> Result<_, CheckpointError> {
        let view = checkpoint.transfer(&principal, &id)?;
        let recipient = match view.row.recipient.parse() {
            Ok(person) => identity.person(&person)?.map(|person| person.name).unwrap_or_default(),
            Err(_) => String::new(),
        };
        let mut previews = Vec::new();
        for file in &view.files {
            // Looking is recorded, so only what an approver is about to decide on is opened by itself.
            let wanted = view.may_decide && file.state == FileState::Verified;
            previews.push(wanted.then(|| checkpoint.preview(&principal, &view.row.id, &file.id)));
        }
        Ok((view, recipient, previews))
    })
    .await;
    let (view, recipient, previews) = match loaded {
        Ok(Ok(loaded)) => loaded,
        Ok(Err(error)) => return Problem::from(error).page(signed.page),
        Err(problem) => return problem.page(signed.page),
    };
    let mut page = signed.page;
    let notice = match search.done.as_str() {
        "submitted" => page.l(
            "受け付けました。無害化が終わるまでこの画面でお待ちいただけます。",
            "Accepted. You may wait here until it has been disarmed.",
        ),
        "approved" => page.l("承認しました。", "Approved."),
        "rejected" => page.l("却下しました。", "Rejected."),
        _ => "",
    };
    if !notice.is_empty() {
        let notice = notice.to_owned();
        page = page.with_notice(notice);
    }
    let lang = page.lang;
    let files =
        view.files.iter().zip(previews).map(|(file, preview)| card(&view, file, preview, &page)).collect();
    let decisions = view.approvals.iter().map(|decision| decision_line(decision, &page)).collect();
    let live = matches!(view.row.state, TransferState::Received | TransferState::Disarming);
    let conduit = site.policy().conduit(&view.row.conduit);
    show(&DetailTemplate {
        line: line(&site, &page, &view.row),
        recipient,
        conduit: conduit.map_or_else(|| view.row.conduit.to_string(), |c| c.label.get(lang).to_owned()),
        stages: stages(&view, conduit.is_some_and(|c| c.approval.is_some()), &page),
        files,
        decisions,
        live,
        waiting_for: waiting_for(&site, &view, &page),
        has_findings: view.files.iter().any(|file| !file.findings.is_empty()),
        deputy: view.capacity == Some(Capacity::Deputy),
        fresh,
        to_zone: page.zone_name(&site, &view.row.to),
        here: view.row.to == *site.zone,
        view,
        p: page,
    })
}

fn card(
    view: &TransferView,
    file: &FileView,
    preview: Option<Result<Preview, CheckpointError>>,
    page: &Page,
) -> FileCard {
    let lang = page.lang;
    let (reason, hint) = file.refusal.as_ref().map_or_else(Default::default, |refusal| {
        (
            page.l(&refusal.reason_ja, &refusal.reason_en).to_owned(),
            page.l(&refusal.hint_ja, &refusal.hint_en).to_owned(),
        )
    });
    FileCard {
        state: file.state.label(lang),
        size: size(file.original_bytes),
        output_size: size(file.output_bytes),
        removed: grouped(&file.removed, page),
        reason,
        hint,
        preview: preview.map(|preview| match preview {
            Ok(Preview::Picture) => PreviewCard::Picture,
            Ok(Preview::Text { pieces, cut }) => {
                PreviewCard::Text { pieces: pieces.into_iter().map(|p| (p.location, p.text)).collect(), cut }
            }
            Err(error) => PreviewCard::Failed(error.message(lang)),
        }),
        examinable: view.may_decide && file.state == FileState::Verified,
        view: file.clone(),
    }
}

/// What was removed, each kind once with its places, what could have acted first.
fn grouped(removed: &[RemovedView], page: &Page) -> Vec<(&'static str, Vec<String>)> {
    const WORST_FIRST: [&str; 7] =
        ["code", "external", "embedded", "deception", "parser", "unknown", "disclosure"];
    let mut groups: Vec<(&'static str, Vec<String>)> = Vec::new();
    for threat in WORST_FIRST {
        for entry in removed.iter().filter(|entry| entry.threat == threat) {
            let sentence = removal_sentence(&entry.what, page.lang);
            match groups.iter_mut().find(|group| group.0 == sentence) {
                Some(group) => group.1.push(entry.location.clone()),
                None => groups.push((sentence, vec![entry.location.clone()])),
            }
        }
    }
    groups
}

fn decision_line(decision: &sekisho_checkpoint::ApprovalView, page: &Page) -> DecisionLine {
    let capacity =
        if decision.capacity == Capacity::Deputy { page.l("（代行）", " (deputy)") } else { "" };
    DecisionLine {
        who: format!("{}{capacity}", decision.person_name),
        when: moment(decision.at_ms, page.lang),
        decision: if decision.decision == "approved" {
            page.l("承認", "Approved").to_owned()
        } else {
            page.l("却下", "Rejected").to_owned()
        },
        comment: decision.comment.clone(),
        entry: decision.seq,
    }
}

/// The journey as a row of steps: 受付 → 無害化 → 検証 → 承認待ち → 受取可 / 拒否.
fn stages(view: &TransferView, approval: bool, page: &Page) -> Vec<Stage> {
    let all_verified = view.files.iter().all(|f| matches!(f.state, FileState::Verified | FileState::Refused));
    let verifying = view.files.iter().all(|f| !matches!(f.state, FileState::Received | FileState::Disarming));
    let reached = match view.row.state {
        TransferState::Received => 0,
        TransferState::Disarming if !verifying => 1,
        TransferState::Disarming if !all_verified => 2,
        TransferState::Awaiting | TransferState::Disarming => 3,
        _ => 4,
    };
    let end = match view.row.state {
        TransferState::Refused
        | TransferState::Rejected
        | TransferState::Withdrawn
        | TransferState::Disposed => (view.row.state.label(page.lang), "bad"),
        _ => (TransferState::Receivable.label(page.lang), "now"),
    };
    let mut stages = Vec::new();
    const LABELS: [(&str, &str); 4] =
        [("受付", "Received"), ("無害化", "Disarm"), ("検証", "Verify"), ("承認待ち", "Approval")];
    for (position, (ja, en)) in LABELS.into_iter().enumerate() {
        let label = if page.lang == sekisho_policy::Lang::Ja { ja } else { en };
        if position == 3 && !approval {
            continue;
        }
        let class = match position.cmp(&reached) {
            std::cmp::Ordering::Less => "done",
            std::cmp::Ordering::Equal => "now",
            std::cmp::Ordering::Greater => "",
        };
        stages.push(Stage { label, class });
    }
    stages.push(Stage { label: end.0, class: if reached == 4 { end.1 } else { "" } });
    stages
}

/// Who has to act next, for an open approval.
fn waiting_for(site: &Site, view: &TransferView, page: &Page) -> String {
    if view.row.state != TransferState::Awaiting {
        return String::new();
    }
    let policy = site.policy();
    let route =
        policy.conduit(&view.row.conduit).and_then(|c| c.approval.as_ref()).and_then(|id| policy.route(id));
    let step = route.and_then(|route| route.steps.get(usize::try_from(view.step).unwrap_or(usize::MAX)));
    step.and_then(|step| policy.role(&step.role))
        .map_or_else(String::new, |role| role.label.get(page.lang).to_owned())
}

async fn state(State(site): State<Site>, signed: Signed, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse::<TransferId>() else { return Problem::not_found().page(signed.page) };
    let (checkpoint, principal) = (site.checkpoint.clone(), signed.principal());
    match blocking(move || checkpoint.transfer(&principal, &id)).await {
        Ok(Ok(view)) => {
            let body = serde_json::json!({
                "id": view.row.id, "state": view.row.state, "updated_ms": view.row.updated_ms,
                "files": view.files,
            });
            ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
        }
        Ok(Err(error)) => crate::api::json_problem(&Problem::from(error)),
        Err(problem) => crate::api::json_problem(&problem),
    }
}

#[derive(Deserialize)]
struct Withdrawal {
    csrf: String,
    #[serde(default)]
    reason: String,
}

async fn withdraw(
    State(site): State<Site>,
    signed: Signed,
    Path(id): Path<String>,
    Form(form): Form<Withdrawal>,
) -> Response {
    if let Err(problem) = signed.check_csrf(&site, &form.csrf) {
        return problem.page(signed.page);
    }
    let Ok(id) = id.parse::<TransferId>() else { return Problem::not_found().page(signed.page) };
    let (checkpoint, principal) = (site.checkpoint.clone(), signed.principal());
    match blocking(move || checkpoint.withdraw(&principal, &id, &form.reason)).await {
        Ok(Ok(())) => go("/transfers?done=withdrawn"),
        Ok(Err(error)) => Problem::from(error).page(signed.page),
        Err(problem) => problem.page(signed.page),
    }
}
