//! Errors as pages, or as JSON for REST: what happened and what to do next, with the right status.

use askama::Template;
use axum::extract::OriginalUri;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use sekisho_checkpoint::CheckpointError;
use sekisho_identity::IdentityError;
use sekisho_policy::Lang;
use sekisho_store::StoreError;

use crate::page::{Open, Page, go, show_with};

/// An error on its way to a person or a program.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) status: u16,
    /// A short identifier for programs.
    pub(crate) code: &'static str,
    pub(crate) ja: String,
    pub(crate) en: String,
}

impl Problem {
    pub(crate) fn new(status: u16, code: &'static str, ja: impl Into<String>, en: impl Into<String>) -> Self {
        Self { status, code, ja: ja.into(), en: en.into() }
    }

    pub(crate) fn internal() -> Self {
        Self::new(
            500,
            "internal",
            "内部エラーが発生しました。情報システム担当に連絡してください。",
            "an internal error occurred; tell the information systems section",
        )
    }

    pub(crate) fn bad_request(ja: impl Into<String>, en: impl Into<String>) -> Self {
        Self::new(400, "bad-request", ja, en)
    }

    pub(crate) fn not_signed_in() -> Self {
        Self::new(401, "not-signed-in", "サインインしてください。", "sign in first")
    }

    pub(crate) fn not_permitted() -> Self {
        Self::new(
            403,
            "not-permitted",
            "この画面を利用する権限がありません。",
            "your role may not use this page",
        )
    }

    pub(crate) fn not_found() -> Self {
        Self::new(404, "not-found", "ページが見つかりません。", "there is no such page")
    }

    pub(crate) fn message(&self, lang: Lang) -> &str {
        if lang == Lang::Ja { &self.ja } else { &self.en }
    }

    pub(crate) fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The same error as a page in the frame of the request.
    pub(crate) fn page(self, page: Page) -> Response {
        show_with(
            self.status_code(),
            &ProblemTemplate { message: self.message(page.lang).to_owned(), status: self.status, p: page },
        )
    }
}

impl From<CheckpointError> for Problem {
    fn from(error: CheckpointError) -> Self {
        let code = match &error {
            CheckpointError::NoConduit { .. } => "no-conduit",
            CheckpointError::StepUpNeeded => "step-up-needed",
            CheckpointError::Duplicate { .. } => "duplicate",
            CheckpointError::NotFound { .. } => "not-found",
            CheckpointError::NotPermitted { .. } => "not-permitted",
            CheckpointError::State { .. } => "state",
            CheckpointError::Changed => "changed",
            CheckpointError::Invalid { .. } => "invalid",
            _ => "failed",
        };
        Self::new(error.status(), code, error.message(Lang::Ja), error.message(Lang::En))
    }
}

impl From<IdentityError> for Problem {
    fn from(error: IdentityError) -> Self {
        let message = error.message();
        Self::new(error.status(), "identity", message.ja, message.en)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        CheckpointError::from(error).into()
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemTemplate {
    p: Page,
    status: u16,
    message: String,
}

impl IntoResponse for Problem {
    /// Without a frame: for failures before a page is known. Plain text in both languages.
    fn into_response(self) -> Response {
        if self.status == 401 {
            return go("/login");
        }
        (
            self.status_code(),
            [("content-type", "text/plain; charset=utf-8")],
            format!("{}\n{}\n", self.ja, self.en),
        )
            .into_response()
    }
}

/// The page for an address that does not exist.
pub(crate) async fn not_found(OriginalUri(uri): OriginalUri, Open(page): Open) -> Response {
    if uri.path().starts_with("/api/") {
        return crate::api::json_problem(&Problem::not_found());
    }
    Problem::not_found().page(page)
}
