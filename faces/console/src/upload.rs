//! Sending files: the form, and the streaming of what it sends into the blob store.

use std::io::Write;

use askama::Template;
use axum::Router;
use axum::extract::{Multipart, State};
use axum::response::Response;
use axum::routing::{get, post};

use sekisho_checkpoint::{CheckpointError, NewTransfer, TransferId, UploadedFile};
use sekisho_identity::Principal;
use sekisho_policy::{ConduitId, ZoneId};

use crate::guard::Signed;
use crate::page::{Page, go, show_with};
use crate::problem::Problem;
use crate::state::{Site, blocking};

pub(crate) fn routes() -> Router<Site> {
    Router::new().route("/new", get(form)).route("/transfers", post(submit))
}

/// A conduit to choose.
struct Way {
    id: String,
    label: String,
    to: String,
    note: String,
    checked: bool,
}

#[derive(Template)]
#[template(path = "new.html")]
struct FormTemplate {
    p: Page,
    ways: Vec<Way>,
    error: String,
    purpose: String,
    recipient: String,
    limit_files: u32,
    limit_mib: u64,
    originals_days: u32,
}

async fn form(State(site): State<Site>, signed: Signed) -> Response {
    form_page(&site, signed.page, 200, String::new(), &Received::default())
}

fn form_page(site: &Site, page: Page, status: u16, error: String, given: &Received) -> Response {
    let lang = page.lang;
    let conduits = site.checkpoint.conduits_from(&site.zone);
    let ways = conduits.iter().enumerate().map(|(position, conduit)| Way {
        id: conduit.id.to_string(),
        label: conduit.label.get(lang).to_owned(),
        to: page.zone_name(site, &conduit.to),
        note: note(&page, conduit),
        checked: given.conduit.as_ref().map_or(position == 0, |chosen| *chosen == conduit.id.as_str()),
    });
    let limits = &site.policy().limits;
    let template = FormTemplate {
        ways: ways.collect(),
        error,
        purpose: given.purpose.clone(),
        recipient: given.recipient.clone(),
        limit_files: limits.files_per_transfer,
        limit_mib: conduits.iter().map(|c| c.max_bytes).max().unwrap_or(limits.upload_bytes) >> 20,
        originals_days: site.policy().retention.originals_days,
        p: page,
    };
    show_with(axum::http::StatusCode::from_u16(status).unwrap_or_default(), &template)
}

fn note(page: &Page, conduit: &sekisho_policy::Conduit) -> String {
    let mut notes = Vec::new();
    notes.push(if conduit.approval.is_some() {
        page.l("承認が必要です", "needs an approval")
    } else {
        page.l("承認なしで受け取れます", "needs no approval")
    });
    if conduit.search_individual_numbers {
        notes.push(
            page.l("個人番号が含まれていないか検査します", "its text is searched for Individual Numbers"),
        );
    }
    if conduit.methods.iter().all(|method| method.as_str() == "text") {
        notes.push(page.l("文字だけを取り出します", "only its text crosses"));
    }
    notes.join(page.l("。", "; "))
}

/// What came with the form.
#[derive(Default)]
pub(crate) struct Received {
    csrf_checked: bool,
    conduit: Option<String>,
    to: String,
    purpose: String,
    recipient: String,
    /// Of encrypted files among them; goes nowhere but to the worker.
    password: String,
    files: Vec<UploadedFile>,
}

async fn submit(State(site): State<Site>, signed: Signed, multipart: Multipart) -> Response {
    let principal = signed.principal();
    let check = |token: &str| signed.check_csrf(&site, token);
    let received = receive(&site, multipart, Some(&check)).await;
    let (received, failure) = match received {
        Ok(received) => (received, None),
        Err((received, problem)) => (received, Some(problem)),
    };
    if let Some(problem) = failure {
        discard(&site, &received).await;
        return match problem.status {
            413 | 422 => {
                let message = problem.message(signed.page.lang).to_owned();
                form_page(&site, signed.page, problem.status, message, &received)
            }
            _ => problem.page(signed.page),
        };
    }
    match hand_in(&site, principal, &received).await {
        Ok(id) => go(&format!("/transfers/{id}?done=submitted")),
        Err(problem) => {
            let message = problem.message(signed.page.lang).to_owned();
            form_page(&site, signed.page, problem.status, message, &received)
        }
    }
}

/// Hands a complete request to the checkpoint.
pub(crate) async fn hand_in(
    site: &Site,
    principal: Principal,
    received: &Received,
) -> Result<TransferId, Problem> {
    let unknown = || Problem::new(422, "invalid", "送り先を選んでください。", "choose where it goes");
    let conduit = match received.conduit.as_deref() {
        Some(id) => Some(id.parse::<ConduitId>().map_err(|_| unknown())?),
        None => None,
    };
    let to = match (&conduit, received.to.parse::<ZoneId>()) {
        (_, Ok(zone)) => zone,
        (Some(id), Err(_)) => site.policy().conduit(id).map(|c| c.to.clone()).ok_or_else(unknown)?,
        (None, Err(_)) => return Err(unknown()),
    };
    let request = NewTransfer {
        to,
        conduit,
        purpose: received.purpose.clone(),
        recipient: Some(received.recipient.clone()),
        password: Some(received.password.clone()),
        files: received.files.clone(),
    };
    let checkpoint = site.checkpoint.clone();
    Ok(blocking(move || checkpoint.submit(&principal, request)).await??)
}

type Check<'a> = &'a (dyn Fn(&str) -> Result<(), Problem> + Sync);

/// Reads a form piece by piece. Files go to the blob store as they come, so memory stays flat whatever their size; with
/// `check` the CSRF token has to come before the first file.
pub(crate) async fn receive(
    site: &Site,
    mut multipart: Multipart,
    check: Option<Check<'_>>,
) -> Result<Received, (Received, Problem)> {
    let outcome = read_form(site, &mut multipart, check).await;
    if outcome.is_err() {
        drain(&mut multipart, site.policy().limits.upload_bytes.saturating_mul(2)).await;
    }
    outcome
}

/// Reads on for a while after a refusal: a browser shows the answer only when it could send its form to the end.
async fn drain(multipart: &mut Multipart, most: u64) {
    let mut read = 0_u64;
    while let Ok(Some(mut field)) = multipart.next_field().await {
        while let Ok(Some(chunk)) = field.chunk().await {
            read = read.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
            if read > most {
                return;
            }
        }
    }
}

async fn read_form(
    site: &Site,
    multipart: &mut Multipart,
    check: Option<Check<'_>>,
) -> Result<Received, (Received, Problem)> {
    let mut received = Received { csrf_checked: check.is_none(), ..Received::default() };
    loop {
        let field = match multipart.next_field().await {
            Ok(Some(field)) => field,
            Ok(None) => break,
            Err(_) => return Err((received, broken())),
        };
        let name = field.name().unwrap_or_default().to_owned();
        if name == "files" {
            if !received.csrf_checked {
                return Err((received, forged()));
            }
            match receive_file(site, field, &received).await {
                Ok(Some(file)) => received.files.push(file),
                Ok(None) => {}
                Err(problem) => return Err((received, problem)),
            }
            continue;
        }
        let value = match short_text(field).await {
            Ok(value) => value,
            Err(problem) => return Err((received, problem)),
        };
        match name.as_str() {
            "csrf" => {
                if let Some(check) = check {
                    if let Err(problem) = check(&value) {
                        return Err((received, problem));
                    }
                    received.csrf_checked = true;
                }
            }
            "conduit" => received.conduit = Some(value).filter(|value| !value.is_empty()),
            "to" => received.to = value,
            "purpose" => received.purpose = value,
            "recipient" => received.recipient = value,
            "password" => received.password = value,
            _ => {}
        }
    }
    if received.csrf_checked { Ok(received) } else { Err((received, forged())) }
}

async fn receive_file(
    site: &Site,
    mut field: axum::extract::multipart::Field<'_>,
    so_far: &Received,
) -> Result<Option<UploadedFile>, Problem> {
    let name = field.file_name().unwrap_or_default().to_owned();
    let policy = site.policy();
    let limits = &policy.limits;
    if so_far.files.len() >= usize::try_from(limits.files_per_transfer).unwrap_or(usize::MAX) {
        let most = limits.files_per_transfer;
        return Err(Problem::new(
            422,
            "too-many-files",
            format!("一度に申請できるファイルは{most}個までです。"),
            format!("a transfer holds {most} files at most"),
        ));
    }
    let mut writer = site.store.blobs().writer()?;
    let mut bytes = 0_u64;
    while let Some(chunk) = field.chunk().await.map_err(|_| broken())? {
        bytes = bytes.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        if bytes > limits.upload_bytes {
            let mib = limits.upload_bytes >> 20;
            return Err(Problem::new(
                413,
                "too-large",
                format!(
                    "「{}」が上限（{mib} MiB）を超えています。分割してください。",
                    sekisho_checkpoint::clean_file_name(&name)
                ),
                format!(
                    "`{}` is larger than {mib} MiB; split it",
                    sekisho_checkpoint::clean_file_name(&name)
                ),
            ));
        }
        // Encrypting and writing a chunk takes well under a millisecond; moving each to another thread would cost more.
        tokio::task::block_in_place(|| writer.write_all(&chunk)).map_err(|error| {
            if error.kind() == std::io::ErrorKind::StorageFull { full() } else { Problem::internal() }
        })?;
    }
    // A browser sends an empty part with no name when nothing was chosen.
    if bytes == 0 && name.is_empty() {
        return Ok(None);
    }
    let blob = tokio::task::block_in_place(|| writer.finish())?;
    Ok(Some(UploadedFile { name, blob }))
}

async fn short_text(mut field: axum::extract::multipart::Field<'_>) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|_| broken())? {
        if bytes.len().saturating_add(chunk.len()) > 16_384 {
            return Err(Problem::new(413, "too-large", "入力が長すぎます。", "the input is too long"));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes)
        .map_err(|_| Problem::bad_request("入力の文字コードが正しくありません。", "the input is not UTF-8"))
}

/// Drops what had been uploaded when the request as a whole fails.
pub(crate) async fn discard(site: &Site, received: &Received) {
    let blobs: Vec<String> = received.files.iter().map(|file| file.blob.id.clone()).collect();
    let checkpoint = site.checkpoint.clone();
    let _ = blocking(move || checkpoint.discard_unreferenced(&blobs)).await;
}

fn broken() -> Problem {
    Problem::bad_request(
        "アップロードが途中で切れたか、形式が正しくありません。もう一度送ってください。",
        "the upload was cut off or is malformed; send it again",
    )
}

fn forged() -> Problem {
    Problem::new(
        403,
        "csrf",
        "画面の有効期限が切れたか、正しい画面からの操作ではありません。画面を開き直してください。",
        "the form has expired or is not ours; open the page anew",
    )
}

fn full() -> Problem {
    CheckpointError::from(sekisho_store::StoreError::Full { place: "blobs".to_owned() }).into()
}

/// Streams a form's file into the blob store, in pieces, never whole in memory.
pub(crate) async fn stream_to_blob(
    site: &Site,
    mut field: axum::extract::multipart::Field<'_>,
    limit: u64,
    too_large: Problem,
) -> Result<sekisho_store::BlobRef, Problem> {
    let blobs = site.store.blobs().clone();
    let mut writer = blocking(move || blobs.writer()).await??;
    while let Some(piece) = field
        .chunk()
        .await
        .map_err(|_| Problem::bad_request("ファイルの送信が途中で切れました。", "the file was cut off"))?
    {
        writer = blocking(move || writer.append(&piece).map(|()| writer)).await??;
        if writer.bytes() > limit {
            return Err(too_large);
        }
    }
    Ok(blocking(move || writer.finish()).await??)
}
