//! Confirming once more who one is (本人確認), with a code or a passkey, before an approval or a change of factors.

use askama::Template;
use axum::Router;
use axum::extract::{Form, Json, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;

use sekisho_identity::IdentityError;

use crate::guard::Signed;
use crate::login::{Caller, PasskeyAnswer, failed, framed, next_path, sentence, status_of, with_wait};
use crate::page::{Page, go, show_with};
use crate::problem::Problem;
use crate::state::{Site, blocking};

pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/step-up", get(ask).post(code))
        .route("/step-up/passkey/begin", post(passkey_begin))
        .route("/step-up/passkey/finish", post(passkey_finish))
}

#[derive(Template)]
#[template(path = "step_up.html")]
struct StepUpTemplate {
    p: Page,
    next: String,
    totp: bool,
    passkey: bool,
    minutes: u32,
    error: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct StepUpQuery {
    next: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct CodeForm {
    csrf: String,
    code: String,
    next: String,
}

async fn ask(State(site): State<Site>, signed: Signed, Query(query): Query<StepUpQuery>) -> Response {
    framed(signed.page.clone(), step_up_page(&site, signed, query.next, StatusCode::OK, String::new())).await
}

async fn code(
    State(site): State<Site>,
    signed: Signed,
    Caller(visit): Caller,
    Form(form): Form<CodeForm>,
) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        let CodeForm { code, next, .. } = form;
        let (identity, session) = (site.identity.clone(), signed.session.clone());
        match blocking(move || identity.step_up_totp(&session, &code, &visit)).await? {
            Ok(_) => Ok(go(&after(&next))),
            Err(error) if error.status() >= 500 => Err(failed(&error)),
            Err(error) => {
                let message = match error {
                    IdentityError::Refused => signed
                        .page
                        .l(
                            "認証コードが違います。認証アプリに表示中のコードを入力してください。",
                            "The code is wrong. Enter the code that your authenticator app shows now.",
                        )
                        .to_owned(),
                    _ => sentence(&error, &site, &signed.page),
                };
                let response = step_up_page(&site, signed, next, status_of(&error), message).await?;
                Ok(with_wait(response, &error, &site))
            }
        }
    })
    .await
}

async fn passkey_begin(
    State(site): State<Site>,
    signed: Signed,
    Json(sent): Json<PasskeyAnswer>,
) -> Result<Response, Problem> {
    signed
        .dialogue(&site, &sent.csrf, |identity, session| Ok(json!(identity.step_up_begin_passkey(session)?)))
        .await
}

async fn passkey_finish(
    State(site): State<Site>,
    signed: Signed,
    Json(sent): Json<PasskeyAnswer>,
) -> Result<Response, Problem> {
    let PasskeyAnswer { csrf, ceremony, response, next, .. } = sent;
    signed
        .dialogue(&site, &csrf, move |identity, session| {
            identity.step_up_finish_passkey(session, &ceremony, &response)?;
            Ok(json!({ "next": after(&next) }))
        })
        .await
}

/// Back to where the confirmation was asked for; the account page says that it worked.
fn after(next: &str) -> String {
    match next_path(next) {
        "/account" => "/account?done=confirmed".to_owned(),
        path => path.to_owned(),
    }
}

async fn step_up_page(
    site: &Site,
    signed: Signed,
    next: String,
    status: StatusCode,
    error: String,
) -> Result<Response, Problem> {
    let (identity, id) = (site.identity.clone(), signed.session.person.id.clone());
    let factors = blocking(move || identity.factors(&id)).await?.map_err(|error| failed(&error))?;
    Ok(show_with(
        status,
        &StepUpTemplate {
            p: signed.page,
            next,
            totp: factors.totp,
            passkey: !factors.passkeys.is_empty(),
            minutes: site.policy().session.step_up_minutes,
            error,
        },
    ))
}
