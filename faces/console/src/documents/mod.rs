//! The documents of the policy (規程文書) as pages: reading, versions, 新旧対照表, drafts on their way to a decision, links
//! and coverage, publication and consents; and the one page for everybody, which knows nothing but the 基本方針 in force.
//! Who may see what is decided by `services/documents`; texts are taken out through its logged doors only.

mod draft;
mod form;
mod index;
mod links;
mod public;
mod read;
mod text;
mod versions;

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jiff::civil::Date;

use sekisho_documents::{Caller, Copy, DocumentId, DocumentsError, DraftId};
use sekisho_policy::Lang;

use crate::guard::{Signed, percent};
use crate::page::Page;
use crate::problem::Problem;
use crate::state::Site;

pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/public/policy", get(public::policy))
        .route("/documents", get(index::list).post(form::preview))
        .route("/documents/document.css", get(read::style))
        .route("/documents/new", get(form::blank))
        .route("/documents/drafts", post(form::store))
        .route("/documents/{id}", get(read::show_document))
        .route("/documents/{id}/versions", get(versions::list))
        .route("/documents/{id}/publish", post(versions::publish))
        .route("/documents/{id}/consents", post(versions::consent))
        .route("/documents/{id}/compare", get(read::compare))
        .route("/documents/{id}/compare/print", get(read::print_comparison))
        .route("/documents/{id}/print", get(read::print))
        .route("/documents/{id}/docx", get(read::docx))
        .route("/documents/{id}/text", get(read::plain))
        .route("/documents/{id}/readings", get(read::readings))
        .route("/documents/{id}/coverage", get(index::coverage))
        .route("/documents/{id}/links", get(links::edit).post(links::add))
        .route("/documents/{id}/links/remove", post(links::remove))
        .route("/documents/{id}/drafts/new", get(form::revision))
        .route("/documents/{id}/drafts/{draft}", get(draft::show_draft))
        .route("/documents/{id}/drafts/{draft}/edit", get(form::edit))
        .route("/documents/{id}/drafts/{draft}/propose", post(draft::propose))
        .route("/documents/{id}/drafts/{draft}/discard", post(draft::discard))
        .route("/documents/{id}/drafts/{draft}/adopt", post(draft::adopt))
        .route("/documents/{id}/drafts/{draft}/consents", post(draft::consent))
}

/// Where the pages of the service find their style.
const STYLE: &str = "/documents/document.css";

fn caller(signed: &Signed) -> Caller {
    Caller::person(&signed.principal())
}

fn document_id(text: &str) -> Result<DocumentId, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

fn draft_id(text: &str) -> Result<DraftId, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

/// The day in Japan.
fn today(site: &Site) -> Date {
    sekisho_registers::local(site.store.clock().now_ms()).date()
}

/// A day as people write it.
fn read_day(text: &str) -> Result<Date, Problem> {
    sekisho_register::era::parse_date(text.trim())
        .map_err(|error| Problem::new(422, "date", error.ja(), error.en()))
}

/// 制定・改正 in the page's language.
fn kind_word(kind: sekisho_documents::VersionKind, p: &Page) -> &'static str {
    match (kind, p.lang) {
        (kind, Lang::Ja) => kind.word(),
        (sekisho_documents::VersionKind::Enacted, Lang::En) => "enacted",
        (sekisho_documents::VersionKind::Amended, Lang::En) => "amended",
    }
}

/// A copy for one person: shown in the browser, or saved.
fn hand_out(copy: Copy, save: bool) -> Response {
    let how = if save { "attachment" } else { "inline" };
    let plain: String = copy
        .name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' })
        .collect();
    (
        [
            (header::CONTENT_TYPE, copy.media_type.to_owned()),
            (
                header::CONTENT_DISPOSITION,
                format!("{how}; filename=\"{plain}\"; filename*=UTF-8''{}", percent(&copy.name)),
            ),
            (header::CACHE_CONTROL, "no-store".to_owned()),
        ],
        copy.bytes,
    )
        .into_response()
}

impl From<DocumentsError> for Problem {
    fn from(error: DocumentsError) -> Self {
        if error.status() >= 500 {
            crate::page::tracing_line("documents", &error.to_string());
        }
        Self::new(error.status(), "document", error.message(Lang::Ja), error.message(Lang::En))
    }
}
