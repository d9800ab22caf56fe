//! Bytes that leave: results in the target zone, disarmed files for their approver, receipts.

use std::io::Read;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::mpsc;

use sekisho_checkpoint::{CheckpointError, Download, FileId, TransferId};

use crate::guard::{Signed, percent};
use crate::problem::Problem;
use crate::state::{Site, blocking};

/// Bytes of one chunk of a streamed answer.
const CHUNK: usize = 64 << 10;

pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/transfers/{id}/files/{file}", get(download))
        .route("/transfers/{id}/files/{file}/examine", get(examine))
        .route("/transfers/{id}/files/{file}/view", get(view))
        .route("/transfers/{id}/receipt", get(receipt))
}

async fn download(State(site): State<Site>, signed: Signed, Path(ids): Path<(String, String)>) -> Response {
    hand_out(site, signed, ids, true, sekisho_checkpoint::Checkpoint::download).await
}

async fn examine(State(site): State<Site>, signed: Signed, Path(ids): Path<(String, String)>) -> Response {
    hand_out(site, signed, ids, true, sekisho_checkpoint::Checkpoint::examine).await
}

/// A disarmed picture inside the page.
async fn view(State(site): State<Site>, signed: Signed, Path(ids): Path<(String, String)>) -> Response {
    hand_out(site, signed, ids, false, sekisho_checkpoint::Checkpoint::examine).await
}

type Opening = fn(
    &sekisho_checkpoint::Checkpoint,
    &sekisho_identity::Principal,
    &TransferId,
    &FileId,
) -> Result<Download, CheckpointError>;

async fn hand_out(
    site: Site,
    signed: Signed,
    ids: (String, String),
    attach: bool,
    open: Opening,
) -> Response {
    let (Ok(transfer), Ok(file)) = (ids.0.parse::<TransferId>(), ids.1.parse::<FileId>()) else {
        return Problem::not_found().page(signed.page);
    };
    let (checkpoint, principal) = (site.checkpoint.clone(), signed.principal());
    match blocking(move || open(&checkpoint, &principal, &transfer, &file)).await {
        Ok(Ok(download)) => stream(download, attach),
        Ok(Err(error)) => Problem::from(error).page(signed.page),
        Err(problem) => problem.page(signed.page),
    }
}

/// Streams a file with a bounded amount in memory.
pub(crate) fn stream(download: Download, attach: bool) -> Response {
    let Download { name, media_type, bytes, mut reader } = download;
    let (sender, receiver) = mpsc::channel::<std::io::Result<Bytes>>(4);
    tokio::task::spawn_blocking(move || {
        let mut buffer = vec![0; CHUNK];
        loop {
            let chunk = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => Ok(Bytes::copy_from_slice(buffer.get(..read).unwrap_or_default())),
                // A chunk that fails its authentication ends the answer early; the length tells the client.
                Err(error) => Err(error),
            };
            let failed = chunk.is_err();
            if sender.blocking_send(chunk).is_err() || failed {
                break;
            }
        }
    });
    let body = Body::from_stream(tokio_stream::wrappers::ReceiverStream::new(receiver));
    let disposition = format!(
        "{}; filename=\"{}\"; filename*=UTF-8''{}",
        if attach { "attachment" } else { "inline" },
        name.chars()
            .map(|c| if c.is_ascii() && c != '"' && c != '\\' && !c.is_control() { c } else { '_' })
            .collect::<String>(),
        percent(&name).replace('/', "_")
    );
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

async fn receipt(State(site): State<Site>, signed: Signed, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse::<TransferId>() else { return Problem::not_found().page(signed.page) };
    let (checkpoint, principal) = (site.checkpoint.clone(), signed.principal());
    match blocking(move || checkpoint.receipt(&principal, &id)).await {
        Ok(Ok((name, text))) => receipt_response(&name, text),
        Ok(Err(error)) => Problem::from(error).page(signed.page),
        Err(problem) => problem.page(signed.page),
    }
}

/// A receipt as a file; its bytes are exactly what the checkers read.
pub(crate) fn receipt_response(name: &str, text: String) -> Response {
    (
        [
            (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
            (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
            (header::CACHE_CONTROL, "no-store".to_owned()),
        ],
        text,
    )
        .into_response()
}
