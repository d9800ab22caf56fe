//! Changing what one signs in with: password, authenticator app, recovery codes, passkeys.

use askama::Template;
use axum::Router;
use axum::extract::{Form, Json, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;

use sekisho_identity::{IdentityError, SignIn, TotpSetup};

use crate::enrol::{CodesTemplate, in_groups};
use crate::guard::Signed;
use crate::login::{PasskeyAnswer, failed, framed, sentence, status_of};
use crate::page::{Page, go, show, show_with};
use crate::problem::Problem;
use crate::state::{Site, blocking};

use super::{STEP_UP, WhichForm, Wrong, account_page, back};

pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/account/password", get(back).post(change_password))
        .route("/account/totp", get(back).post(renew_totp))
        .route("/account/totp/finish", get(back).post(finish_totp))
        .route("/account/recovery", get(back).post(renew_codes))
        .route("/account/passkeys/remove", get(back).post(remove_passkey))
        .route("/account/passkeys/begin", post(passkey_begin))
        .route("/account/passkeys/finish", post(passkey_finish))
}

#[derive(Template)]
#[template(path = "account_totp.html")]
struct TotpTemplate {
    p: Page,
    id: String,
    totp: TotpSetup,
    secret_groups: String,
    /// Whether the person has no password yet.
    needs_password: bool,
    minimum: usize,
    error: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PasswordForm {
    csrf: String,
    current: String,
    new: String,
    repeat: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct TotpForm {
    csrf: String,
    id: String,
    password: String,
    code: String,
}

async fn change_password(
    State(site): State<Site>,
    signed: Signed,
    Form(form): Form<PasswordForm>,
) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        let p = &signed.page;
        let (status, message) = if form.new == form.repeat {
            let (identity, session) = (site.identity.clone(), signed.session.clone());
            match blocking(move || identity.change_password(&session, &form.current, &form.new)).await? {
                Ok(()) => return Ok(go("/account?done=password")),
                Err(IdentityError::StepUpNeeded) => return Ok(go(STEP_UP)),
                Err(IdentityError::Refused) => (
                    StatusCode::UNPROCESSABLE_ENTITY,
                    p.l("現在のパスワードが違います。", "The current password is wrong.").to_owned(),
                ),
                Err(error @ IdentityError::Invalid(_)) => (status_of(&error), sentence(&error, &site, p)),
                Err(error) => return Err(failed(&error)),
            }
        } else {
            let message = p.l("新しいパスワードの2回の入力が一致しません。", "The two new passwords differ.");
            (StatusCode::UNPROCESSABLE_ENTITY, message.to_owned())
        };
        account_page(site, signed, status, Wrong { password: message, ..Wrong::default() }).await
    })
    .await
}

async fn renew_totp(State(site): State<Site>, signed: Signed, Form(form): Form<WhichForm>) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        totp_page(&site, &signed, StatusCode::OK, String::new()).await
    })
    .await
}

async fn finish_totp(State(site): State<Site>, signed: Signed, Form(form): Form<TotpForm>) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        let (identity, session) = (site.identity.clone(), signed.session.clone());
        let outcome = blocking(move || {
            let password = (!form.password.is_empty()).then_some(form.password.as_str());
            identity.renew_totp_finish(&session, &form.id, password, &form.code)
        })
        .await?;
        match outcome {
            Ok(codes) => Ok(codes_page(signed, codes)),
            Err(IdentityError::StepUpNeeded) => Ok(go(STEP_UP)),
            Err(error @ IdentityError::Invalid(_)) => {
                // The service wants a new secret after a failure, so the person has to scan again.
                let again = signed.page.l(
                    "QRコードを新しくしました。もう一度読み取ってください。",
                    "The QR code is new; scan it again.",
                );
                let message = format!("{} {again}", sentence(&error, &site, &signed.page));
                totp_page(&site, &signed, status_of(&error), message).await
            }
            Err(error) => Err(failed(&error)),
        }
    })
    .await
}

async fn renew_codes(State(site): State<Site>, signed: Signed, Form(form): Form<WhichForm>) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        let (identity, session) = (site.identity.clone(), signed.session.clone());
        match blocking(move || identity.renew_recovery_codes(&session)).await? {
            Ok(codes) => Ok(codes_page(signed, codes)),
            Err(IdentityError::StepUpNeeded) => Ok(go(STEP_UP)),
            Err(error) => Err(failed(&error)),
        }
    })
    .await
}

async fn remove_passkey(State(site): State<Site>, signed: Signed, Form(form): Form<WhichForm>) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        let (identity, session) = (site.identity.clone(), signed.session);
        match blocking(move || identity.remove_passkey(&session, &form.id)).await? {
            Ok(()) => Ok(go("/account?done=passkey-removed")),
            Err(IdentityError::StepUpNeeded) => Ok(go(STEP_UP)),
            Err(error) => Err(failed(&error)),
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
        .dialogue(&site, &sent.csrf, |identity, session| Ok(json!(identity.add_passkey_begin(session)?)))
        .await
}

async fn passkey_finish(
    State(site): State<Site>,
    signed: Signed,
    Json(sent): Json<PasskeyAnswer>,
) -> Result<Response, Problem> {
    let PasskeyAnswer { csrf, ceremony, response, label, .. } = sent;
    signed
        .dialogue(&site, &csrf, move |identity, session| {
            identity.add_passkey_finish(session, &ceremony, &response, &label)?;
            Ok(json!({ "next": "/account?done=passkey-added" }))
        })
        .await
}

async fn totp_page(
    site: &Site,
    signed: &Signed,
    status: StatusCode,
    error: String,
) -> Result<Response, Problem> {
    let (identity, session) = (site.identity.clone(), signed.session.clone());
    let begun = blocking(move || {
        Ok((identity.renew_totp_begin(&session)?, {
            // One from outside is as good as one of ours: none has to be set.
            identity.factors(&session.person.id)?.password
                || identity.sign_in_of(&session.person.id)? != SignIn::Local
        }))
    });
    match begun.await? {
        Ok(((id, totp), has_password)) => Ok(show_with(
            status,
            &TotpTemplate {
                p: signed.page.clone(),
                id,
                secret_groups: in_groups(&totp.secret),
                totp,
                needs_password: !has_password,
                minimum: sekisho_identity::MIN_CHARACTERS,
                error,
            },
        )),
        Err(IdentityError::StepUpNeeded) => Ok(go(STEP_UP)),
        Err(error) => Err(failed(&error)),
    }
}

fn codes_page(signed: Signed, codes: Vec<String>) -> Response {
    let login = signed.session.person.login;
    show(&CodesTemplate { p: signed.page, codes, login, next: "/account" })
}
