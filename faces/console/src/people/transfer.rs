//! The April transfer: handing in the personnel list, the dry run, the draft of the approval.

use askama::Template;
use axum::extract::{Form, Multipart, Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use sekisho_approval::CaseId;
use sekisho_checkpoint::clean_file_name;
use sekisho_disarm::Lang;
use sekisho_people::{ListFile, TRANSFER_KIND, TransferState};
use sekisho_register::book::TableLimits;
use sekisho_register::era::FiscalYear;

use super::PlanView;
use crate::guard::Signed;
use crate::login::framed;
use crate::page::{Page, go, show, show_with};
use crate::problem::Problem;
use crate::state::{Site, blocking};
use crate::upload::stream_to_blob;

/// Bytes of a personnel list.
const LIST_BYTES: u64 = 32 << 20;

/// Bytes of the short fields of the form.
const TEXT_BYTES: usize = 16_384;

#[derive(Template)]
#[template(path = "people/transfers.html")]
struct AskTemplate {
    p: Page,
    effective: String,
    complete: bool,
    error: String,
    cases: Vec<CaseLine>,
}

struct CaseLine {
    id: String,
    number: String,
    title: String,
    state: &'static str,
    state_id: &'static str,
}

#[derive(Template)]
#[template(path = "people/preview.html")]
struct PreviewTemplate {
    p: Page,
    plan: PlanView,
    blob: String,
    name: String,
    /// The day as it is sent back, `2027-04-01`.
    effective: String,
    empty: bool,
}

#[derive(Template)]
#[template(path = "people/transfer.html")]
struct TransferTemplate {
    p: Page,
    id: String,
    number: String,
    title: String,
    state: &'static str,
    state_id: &'static str,
    /// Why it could not be carried out on its day; empty otherwise.
    failure: String,
    carried: &'static str,
    plan: PlanView,
}

/// A form with a list.
#[derive(Default)]
struct Received {
    checked: bool,
    effective: String,
    complete: bool,
    /// Blob, name.
    file: Option<(String, String)>,
}

fn require(page: &Page) -> Result<(), Problem> {
    if page.may_transfer() { Ok(()) } else { Err(Problem::not_permitted()) }
}

pub(super) async fn ask(State(site): State<Site>, signed: Signed) -> Response {
    framed(signed.page.clone(), async move {
        require(&signed.page)?;
        // The next 1 April is what nearly every transfer is about.
        let next = FiscalYear::of(site.registers.env().today).last_day().tomorrow();
        let effective = next.map(|day| signed.page.day(day)).unwrap_or_default();
        ask_page(&site, signed, StatusCode::OK, effective, true, String::new()).await
    })
    .await
}

async fn ask_page(
    site: &Site,
    signed: Signed,
    status: StatusCode,
    effective: String,
    complete: bool,
    error: String,
) -> Result<Response, Problem> {
    let (approval, principal, p) = (site.approval.clone(), signed.principal(), signed.page);
    let query = sekisho_approval::CaseQuery {
        kind: Some(TRANSFER_KIND.to_owned()),
        limit: 20,
        ..sekisho_approval::CaseQuery::default()
    };
    let found = blocking(move || approval.cases(&principal, &query)).await??;
    let cases = found
        .cases
        .into_iter()
        .map(|case| CaseLine {
            id: case.id.to_string(),
            number: case.number,
            title: case.title,
            state: case.state.label(p.lang),
            state_id: case.state.id(),
        })
        .collect();
    Ok(show_with(status, &AskTemplate { p, effective, complete, error, cases }))
}

pub(super) async fn try_out(State(site): State<Site>, signed: Signed, form: Multipart) -> Response {
    framed(signed.page.clone(), async move {
        require(&signed.page)?;
        let mut received = Received::default();
        if let Err(problem) = receive(&site, &signed, form, &mut received).await {
            discard(&site, received.file).await;
            return match problem.status {
                413 | 422 => again(&site, signed, received.effective, received.complete, problem).await,
                _ => Err(problem),
            };
        }
        let Some((blob, name)) = received.file.clone() else {
            let missing = Problem::new(422, "no-file", "名簿のファイルを選んでください。", "choose the list");
            return again(&site, signed, received.effective, received.complete, missing).await;
        };
        match preview(&site, &signed, &received, &blob, &name).await {
            Ok(response) => Ok(response),
            Err(problem) => {
                discard(&site, received.file).await;
                match problem.status {
                    413 | 422 => again(&site, signed, received.effective, received.complete, problem).await,
                    _ => Err(problem),
                }
            }
        }
    })
    .await
}

/// The form once more, with what was wrong.
async fn again(
    site: &Site,
    signed: Signed,
    effective: String,
    complete: bool,
    problem: Problem,
) -> Result<Response, Problem> {
    let message = problem.message(signed.page.lang).to_owned();
    ask_page(site, signed, problem.status_code(), effective, complete, message).await
}

async fn preview(
    site: &Site,
    signed: &Signed,
    received: &Received,
    blob: &str,
    name: &str,
) -> Result<Response, Problem> {
    let effective = sekisho_register::era::parse_date(received.effective.trim())
        .map_err(|error| Problem::new(422, "effective", error.ja(), error.en()))?;
    let (here, principal, page) = (site.clone(), signed.principal(), signed.page.clone());
    let (blob, name, complete) = (blob.to_owned(), name.to_owned(), received.complete);
    let template = blocking(move || -> Result<_, Problem> {
        let file = read_list(&here, &blob, &name)?;
        let plan = here.people.plan_transfer(&principal, &file, effective, complete)?;
        Ok(PreviewTemplate {
            plan: PlanView::new(&here, &page, &plan)?,
            empty: plan.is_empty(),
            effective: effective.to_string(),
            p: page,
            blob,
            name,
        })
    })
    .await??;
    Ok(show(&template))
}

/// The cells of a list, read where a hostile file can do no harm.
fn read_list(site: &Site, blob: &str, name: &str) -> Result<ListFile, Problem> {
    let bytes = site.store.blobs().read(blob, LIST_BYTES)?;
    let read = site.sandbox.read_book(&mut bytes.as_slice(), name, &TableLimits::default());
    let book = read
        .map_err(|error| {
            crate::page::tracing_line("sandbox", &error.to_string());
            Problem::new(422, "unreadable", error.message(Lang::Ja), error.message(Lang::En))
        })?
        .value
        .map_err(|error| {
            let text = error.text();
            Problem::new(422, "unreadable", text.ja, text.en)
        })?;
    Ok(ListFile::new(name, &bytes, book))
}

/// Reads the form; its first field has to be the page's token. The list goes to the blob store as it comes.
async fn receive(
    site: &Site,
    signed: &Signed,
    mut form: Multipart,
    received: &mut Received,
) -> Result<(), Problem> {
    while let Some(mut field) = form.next_field().await.map_err(|_| broken())? {
        let name = field.name().unwrap_or_default().to_owned();
        if !received.checked && name != "csrf" {
            return Err(broken());
        }
        let file = field.file_name().map(ToOwned::to_owned);
        if let Some(file) = file.filter(|_| name == "file") {
            if file.is_empty() || received.file.is_some() {
                continue;
            }
            let too_large = Problem::new(
                413,
                "too-large",
                "ファイルが大きすぎます。32 MiBまでの名簿にしてください。",
                "the list is larger than 32 MiB",
            );
            let blob = stream_to_blob(site, field, LIST_BYTES, too_large).await?;
            received.file = Some((blob.id, clean_file_name(&file)));
            continue;
        }
        let mut bytes = Vec::new();
        while let Some(piece) = field.chunk().await.map_err(|_| broken())? {
            if bytes.len().saturating_add(piece.len()) > TEXT_BYTES {
                return Err(Problem::new(413, "too-large", "入力が長すぎます。", "the input is too long"));
            }
            bytes.extend_from_slice(&piece);
        }
        let text = String::from_utf8(bytes).map_err(|_| broken())?;
        match name.as_str() {
            "csrf" => {
                signed.check_csrf(site, &text)?;
                received.checked = true;
            }
            "effective" => received.effective = text,
            "complete" => received.complete = text == "1",
            _ => {}
        }
    }
    if received.checked { Ok(()) } else { Err(broken()) }
}

fn broken() -> Problem {
    Problem::bad_request(
        "フォームを読み取れませんでした。もう一度送ってください。",
        "the form can't be read; send it again",
    )
}

/// Drops a list that nobody needs any more; what a register refers to stays.
async fn discard(site: &Site, file: Option<(String, String)>) {
    let Some((blob, _)) = file else { return };
    let checkpoint = site.checkpoint.clone();
    let _ = blocking(move || checkpoint.discard_unreferenced(&[blob])).await;
}

#[derive(Deserialize)]
pub(super) struct ProposeForm {
    csrf: String,
    blob: String,
    name: String,
    sha256: String,
    effective: String,
    #[serde(default)]
    complete: String,
    #[serde(default)]
    reason: String,
}

pub(super) async fn propose(
    State(site): State<Site>,
    signed: Signed,
    Form(form): Form<ProposeForm>,
) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        require(&signed.page)?;
        let effective = sekisho_register::era::parse_date(&form.effective)
            .map_err(|error| Problem::new(422, "effective", error.ja(), error.en()))?;
        let (here, principal, blob) = (site.clone(), signed.principal(), form.blob.clone());
        let case = blocking(move || -> Result<_, Problem> {
            let file = read_list(&here, &form.blob, &form.name)?;
            if file.sha256 != form.sha256 {
                return Err(Problem::new(
                    409,
                    "changed",
                    "確認した名簿と違うファイルです。名簿をもう一度取り込んでください。",
                    "this is not the list that was shown; hand it in again",
                ));
            }
            let complete = form.complete == "1";
            Ok(here.people.propose_transfer(&principal, &file, effective, complete, form.reason.trim())?)
        })
        .await??;
        // The case holds the whole plan; the list itself has done its work.
        discard(&site, Some((blob, String::new()))).await;
        Ok(go(&format!("/cases/{case}?done=drafted")))
    })
    .await
}

pub(super) async fn show_transfer(
    State(site): State<Site>,
    signed: Signed,
    Path(case): Path<String>,
) -> Response {
    framed(signed.page.clone(), async move {
        let id: CaseId = case.parse().map_err(|_| Problem::not_found())?;
        let (principal, p) = (signed.principal(), signed.page);
        let template = blocking(move || -> Result<_, Problem> {
            let case = site.approval.case(&principal, &id)?.case;
            let plan = site.people.plan_of(&case)?;
            let (carried, failure) = match site.people.transfer_state(&id)? {
                TransferState::Open => ("", String::new()),
                TransferState::Scheduled => (
                    p.l("発令日の0時に実施します。", "It is carried out when its day begins."),
                    String::new(),
                ),
                TransferState::Done => (p.l("実施しました。", "It was carried out."), String::new()),
                TransferState::Failed(why) => ("", why),
            };
            Ok(TransferTemplate {
                failure,
                carried,
                plan: PlanView::new(&site, &p, &plan)?,
                state: case.state.label(p.lang),
                state_id: case.state.id(),
                id: case.id.to_string(),
                number: case.number,
                title: case.title,
                p,
            })
        })
        .await??;
        Ok(show(&template))
    })
    .await
}
