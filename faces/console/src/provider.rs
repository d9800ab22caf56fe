//! Signing in at an OpenID provider: away and back. What comes back is judged by `services/directory`; here are the
//! cookie that binds the sign-in to the browser, and the step that lets this cookie come along.
//!
//! The cookie is `SameSite=Strict`. A browser does not send it with the provider's redirect, which comes from another
//! site; so the page of the return sends the browser once more to the same address, this time from here.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use sekisho_directory::{DirectoryError, FLOW_MS, OidcReturn, OidcStep, RETURN_PATH};
use sekisho_identity::{IdentityError, LoginStep};

use crate::guard::{cookie, percent};
use crate::login::{Caller, SecondTemplate, framed, next_path, outside_failed, sentence, signed_in};
use crate::page::{Open, Page, go, show};
use crate::problem::Problem;
use crate::state::{Site, blocking};

pub(crate) fn routes() -> Router<Site> {
    Router::new().route("/login/oidc", get(begin)).route(RETURN_PATH, get(back))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct BeginQuery {
    next: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct BackQuery {
    state: String,
    code: String,
    error: String,
    iss: Option<String>,
    /// Set on the second arrival, which comes from this site.
    again: String,
}

#[derive(Template)]
#[template(path = "oidc_return.html")]
struct ReturnTemplate {
    p: Page,
    address: String,
}

async fn begin(
    State(site): State<Site>,
    Open(page): Open,
    Caller(visit): Caller,
    Query(query): Query<BeginQuery>,
) -> Response {
    let p = Page { session: None, ..page };
    framed(p.clone(), async move {
        let (directory, next) = (site.directory.clone(), next_path(&query.next).to_owned());
        let start = blocking(move || directory.oidc_begin(&visit, &next))
            .await?
            .map_err(|error| refused(&error, &site, &p))?;
        let mut response = go(&start.location);
        response.headers_mut().append(header::SET_COOKIE, flow_cookie(&site, &start.browser));
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    })
    .await
}

async fn back(
    State(site): State<Site>,
    Open(page): Open,
    Caller(visit): Caller,
    headers: HeaderMap,
    Query(query): Query<BackQuery>,
) -> Response {
    let p = Page { session: None, ..page };
    let browser = cookie(&headers, &flow_name(&site));
    if browser.is_none() && query.again.is_empty() {
        return show(&ReturnTemplate { address: once_more(&query), p });
    }
    framed(p.clone(), async move {
        let directory = site.directory.clone();
        let BackQuery { state, code, error, iss, .. } = query;
        let sent = OidcReturn { state, code, error, issuer: iss };
        let browser = browser.unwrap_or_default();
        let done = blocking(move || directory.oidc_finish(&visit, &browser, &sent))
            .await?
            .map_err(|error| refused(&error, &site, &p))?;
        let mut response = match done.step {
            OidcStep::Session(session) => signed_in(&site, &session, go(next_path(&done.next))),
            OidcStep::Second(LoginStep::NeedSecondFactor { pending, code, passkey, .. }) => {
                show(&SecondTemplate::new(p, done.next, pending, code, passkey))
            }
            _ => return Err(Problem::internal()),
        };
        response.headers_mut().append(header::SET_COOKIE, flow_cookie(&site, ""));
        Ok(response)
    })
    .await
}

/// The address of the return once more, with everything that was sent along.
fn once_more(query: &BackQuery) -> String {
    let mut address = format!("{RETURN_PATH}?again=1");
    let fields = [
        ("state", Some(query.state.as_str())),
        ("code", Some(query.code.as_str())),
        ("error", Some(query.error.as_str())),
        ("iss", query.iss.as_deref()),
    ];
    for (name, value) in fields {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            address.push_str(&format!("&{name}={}", percent(value)));
        }
    }
    address
}

fn refused(error: &DirectoryError, site: &Site, p: &Page) -> Problem {
    match error {
        DirectoryError::Identity(inner @ IdentityError::Locked { .. }) => {
            // The sentence is in the page's language already.
            let message = sentence(inner, site, p);
            Problem::new(inner.status(), "locked", message.clone(), message)
        }
        // One sentence about the account, whatever identity found wrong with it.
        DirectoryError::Identity(IdentityError::Refused) => outside_failed(&DirectoryError::NobodyHere),
        _ => outside_failed(error),
    }
}

fn flow_name(site: &Site) -> String {
    format!("{}_oidc", site.cookie_name())
}

fn flow_cookie(site: &Site, value: &str) -> HeaderValue {
    let secure = if site.secure { "; Secure" } else { "" };
    let age = if value.is_empty() { 0 } else { FLOW_MS / 1000 };
    HeaderValue::from_str(&format!(
        "{}={value}; Path=/login/oidc; HttpOnly; SameSite=Strict{secure}; Max-Age={age}",
        flow_name(site)
    ))
    .unwrap_or_else(|_| HeaderValue::from_static(""))
}
