//! Personal access tokens for the REST interface: made once and shown once, listed, revoked.

use askama::Template;
use axum::Router;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use sekisho_identity::{Actor, IdentityError, NewToken};
use sekisho_policy::Permission;

use crate::guard::Signed;
use crate::login::{failed, framed, sentence, status_of};
use crate::page::{Page, go, show};
use crate::state::{Site, blocking};

use super::{Moment, STEP_UP, WhichForm, Wrong, account_page, back, permission_name};

pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/account/tokens", get(back).post(create))
        .route("/account/tokens/revoke", get(back).post(revoke))
}

/// The lifetimes that the form offers, in days.
const LIFETIMES: [i64; 5] = [7, 30, 90, 180, 365];

const DAY_MS: i64 = 86_400_000;

#[derive(Template)]
#[template(path = "account_token.html")]
struct TokenTemplate {
    p: Page,
    token: String,
    name: String,
    scope: Vec<&'static str>,
    expires: Moment,
}

/// The fields come as pairs since a box may be ticked several times under the same name.
async fn create(
    State(site): State<Site>,
    signed: Signed,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    framed(signed.page.clone(), async move {
        let field = |name: &str| {
            fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default()
        };
        signed.check_csrf(&site, &field("csrf"))?;
        let days = field("days").parse::<i64>().ok().filter(|days| LIFETIMES.contains(days));
        let Some(days) = days else {
            let token = signed.page.l("有効期間を選択してください。", "Choose a lifetime.").to_owned();
            let wrong = Wrong { token, token_name: field("name"), ..Wrong::default() };
            return account_page(site, signed, StatusCode::UNPROCESSABLE_ENTITY, wrong).await;
        };
        let chosen: Vec<&str> =
            fields.iter().filter(|(key, _)| key == "scope").map(|(_, value)| value.as_str()).collect();
        let scope =
            Permission::ALL.into_iter().filter(|permission| chosen.contains(&permission.as_str())).collect();
        let new = NewToken { name: field("name"), scope, lifetime_ms: days.saturating_mul(DAY_MS) };
        let (identity, session) = (site.identity.clone(), signed.session.clone());
        match blocking(move || identity.create_token(&session, new)).await? {
            Ok(created) => {
                let p = signed.page;
                Ok(show(&TokenTemplate {
                    token: created.token,
                    name: created.view.name,
                    scope: created
                        .view
                        .scope
                        .iter()
                        .map(|permission| permission_name(*permission, &p))
                        .collect(),
                    expires: Moment::new(created.view.expires_ms, &p),
                    p,
                }))
            }
            Err(IdentityError::StepUpNeeded) => Ok(go(STEP_UP)),
            Err(error @ IdentityError::Invalid(_)) => {
                let token = sentence(&error, &site, &signed.page);
                let wrong = Wrong { token, token_name: field("name"), ..Wrong::default() };
                account_page(site, signed, status_of(&error), wrong).await
            }
            Err(error) => Err(failed(&error)),
        }
    })
    .await
}

async fn revoke(State(site): State<Site>, signed: Signed, Form(form): Form<WhichForm>) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        let (identity, owner) = (site.identity.clone(), Actor::Person(signed.session.person.id.clone()));
        match blocking(move || identity.revoke_token(&owner, &form.id)).await? {
            // Revoked already is what the person wanted.
            Ok(()) | Err(IdentityError::NotFound) => Ok(go("/account?done=token-revoked")),
            Err(error) => Err(failed(&error)),
        }
    })
    .await
}
