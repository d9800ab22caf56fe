//! Signing in and out. The pages ask for a password and then for a code, or let the browser ask for a passkey; who is
//! let in is decided by the identity service alone. An outsider reads the same sentence whatever was wrong, and no
//! address outside this site is ever redirected to.

use std::convert::Infallible;
use std::net::SocketAddr;

use askama::Template;
use axum::Router;
use axum::extract::{ConnectInfo, Form, FromRequestParts, Json, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value as JsonValue, json};

use sekisho_directory::DirectoryError;
use sekisho_identity::{IdentityError, LoginStep, NewSession, Visit};

use crate::guard::{check_token, cookie, local_path, percent, session_cookie};
use crate::page::{Open, Page, go, show, show_with, tracing_line};
use crate::problem::Problem;
use crate::state::{Site, blocking};

pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/login", get(form).post(password))
        .route("/login/second", get(start_over).post(second))
        .route("/login/recovery", get(start_over).post(recovery))
        .route("/login/second/passkey/begin", post(second_passkey_begin))
        .route("/login/second/passkey/finish", post(second_passkey_finish))
        .route("/login/passkey/begin", post(passkey_begin))
        .route("/login/passkey/finish", post(passkey_finish))
        .route("/logout", post(logout))
        .merge(crate::provider::routes())
}

/// Where a request comes from, for locks and for the ledger.
pub(crate) struct Caller(pub(crate) Visit);

impl FromRequestParts<Site> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self(Visit {
            zone: site.zone.as_ref().clone(),
            remote: peer.map_or_else(|| "local".to_owned(), |peer| peer.0.ip().to_string()),
            previous_cookie: cookie(&parts.headers, &site.cookie_name()),
        }))
    }
}

/// A browser's answer to a passkey dialogue, as `passkey.js` sends it.
#[derive(Debug, Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(crate) struct PasskeyAnswer {
    pub(crate) ceremony: String,
    pub(crate) response: JsonValue,
    pub(crate) label: String,
    pub(crate) next: String,
    pub(crate) csrf: String,
    pub(crate) pending: String,
}

/// Shows an error that a handler could not answer itself in the frame of its page.
pub(crate) async fn framed(page: Page, work: impl Future<Output = Result<Response, Problem>>) -> Response {
    match work.await {
        Ok(response) => response,
        Err(problem) => problem.page(page),
    }
}

/// The page to go to afterwards, if it is of this site.
pub(crate) fn next_path(next: &str) -> &str {
    local_path(Some(next))
}

/// A failure as an error page or a JSON answer; what a person can't mend is written to the log.
pub(crate) fn failed(error: &IdentityError) -> Problem {
    if error.status() >= 500 {
        tracing_line("identity", &error.to_string());
    }
    let message = error.message();
    Problem::new(error.status(), "identity", message.ja, message.en)
}

/// The sentence for an error next to the form; a lock says how long it lasts.
pub(crate) fn sentence(error: &IdentityError, site: &Site, page: &Page) -> String {
    let IdentityError::Locked { until_ms } = error else {
        return failed(error).message(page.lang).to_owned();
    };
    let minutes = wait_seconds(*until_ms, site).saturating_add(59) / 60;
    match page.lang {
        sekisho_policy::Lang::Ja => {
            format!(
                "失敗が続いたため、受付を一時的に停止しています。約{minutes}分後にもう一度お試しください。"
            )
        }
        sekisho_policy::Lang::En => {
            let unit = if minutes == 1 { "minute" } else { "minutes" };
            format!("Sign-in is paused after repeated failures. Try again in about {minutes} {unit}.")
        }
    }
}

/// The same with the status and, for a lock, `Retry-After`.
pub(crate) fn with_wait(mut response: Response, error: &IdentityError, site: &Site) -> Response {
    if let IdentityError::Locked { until_ms } = error {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait_seconds(*until_ms, site)));
    }
    response
}

pub(crate) fn status_of(error: &IdentityError) -> StatusCode {
    StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// An answer to `passkey.js`.
pub(crate) fn answer(body: &JsonValue) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// A refusal for `passkey.js`: the sentence that it shows, or where the person must go first.
pub(crate) fn refusal(error: &IdentityError, site: &Site, page: &Page) -> Response {
    let next = matches!(error, IdentityError::StepUpNeeded).then_some("/step-up?next=/account");
    let message = match error {
        // Before anybody is signed in, whatever is wrong with a passkey is one and the same.
        IdentityError::Refused => page
            .l(
                "このパスキーではサインインできませんでした。ほかの方法をお試しください。",
                "This passkey could not sign you in. Try another way.",
            )
            .to_owned(),
        _ => sentence(error, site, page),
    };
    let body = json!({ "message": message, "next": next });
    with_wait(
        (status_of(error), [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response(),
        error,
        site,
    )
}

/// What a service outside did, as an error page; what a person can't mend is written to the log.
pub(crate) fn outside_failed(error: &DirectoryError) -> Problem {
    if error.status() == 500 {
        tracing_line("sign-in", &error.to_string());
    }
    let message = error.message();
    Problem::new(error.status(), "sign-in", message.ja, message.en)
}

fn worded(error: &DirectoryError, p: &Page) -> String {
    outside_failed(error).message(p.lang).to_owned()
}

fn wait_seconds(until_ms: i64, site: &Site) -> u64 {
    let left = until_ms.saturating_sub(site.store.clock().now_ms());
    u64::try_from(left).unwrap_or(0).div_ceil(1000).max(1)
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginTemplate {
    p: Page,
    next: String,
    login: String,
    error: String,
    /// Whether some passwords are those of the city's directory.
    directory: bool,
    /// Address and name of the OpenID provider; empty when there is none.
    provider_address: String,
    provider: String,
}

impl LoginTemplate {
    fn new(site: &Site, p: Page, next: String) -> Self {
        let provider = site.directory.provider_label().map(|label| label.get(p.lang).to_owned());
        Self {
            directory: site.directory.has_directory(),
            provider_address: format!("/login/oidc?next={}", percent(next_path(&next))),
            provider: provider.unwrap_or_default(),
            login: String::new(),
            error: String::new(),
            next,
            p,
        }
    }
}

/// The page for the second factor.
#[derive(Template)]
#[template(path = "second.html")]
pub(crate) struct SecondTemplate {
    p: Page,
    next: String,
    pending: String,
    code: bool,
    passkey: bool,
    code_error: String,
    recovery_error: String,
}

impl SecondTemplate {
    pub(crate) fn new(p: Page, next: String, pending: String, code: bool, passkey: bool) -> Self {
        Self { p, next, pending, code, passkey, code_error: String::new(), recovery_error: String::new() }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct LoginQuery {
    next: String,
    done: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PasswordForm {
    login: String,
    password: String,
    next: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct CodeForm {
    pending: String,
    code: String,
    next: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct LogoutForm {
    csrf: String,
}

async fn start_over() -> Response {
    go("/login")
}

async fn form(State(site): State<Site>, Open(page): Open, Query(query): Query<LoginQuery>) -> Response {
    let notice = match query.done.as_str() {
        "enrolled" => {
            page.l("登録が完了しました。サインインしてください。", "You are registered. Sign in now.")
        }
        "signed-out" => page.l("サインアウトしました。", "You are signed out."),
        // Somebody who is signed in has nothing to do here.
        _ if page.signed_in() => return go(next_path(&query.next)),
        _ => "",
    }
    .to_owned();
    // The page is for whoever signs in next; an older session ends when that succeeds.
    let p = Page { session: None, ..page }.with_notice(notice);
    show(&LoginTemplate::new(&site, p, query.next))
}

async fn password(
    State(site): State<Site>,
    Open(page): Open,
    Caller(visit): Caller,
    Form(form): Form<PasswordForm>,
) -> Response {
    let p = Page { session: None, ..page };
    framed(p.clone(), async move {
        let PasswordForm { login, password, next } = form;
        let (directory, name) = (site.directory.clone(), login.clone());
        match blocking(move || directory.begin_password(&name, &password, &visit)).await? {
            Ok(LoginStep::NeedSecondFactor { pending, code, passkey, .. }) => {
                Ok(show(&SecondTemplate::new(p, next, pending, code, passkey)))
            }
            Ok(_) => Err(Problem::internal()),
            Err(error @ DirectoryError::Unreachable) => {
                let page =
                    LoginTemplate { login, error: worded(&error, &p), ..LoginTemplate::new(&site, p, next) };
                Ok(show_with(StatusCode::SERVICE_UNAVAILABLE, &page))
            }
            Err(DirectoryError::Identity(error)) if error.status() < 500 => {
                let message = match error {
                    IdentityError::Refused => p
                        .l(
                            "サインインできませんでした。ログイン名とパスワードを確認してください。",
                            "You could not be signed in. Check the log-in name and the password.",
                        )
                        .to_owned(),
                    _ => sentence(&error, &site, &p),
                };
                let page = LoginTemplate { login, error: message, ..LoginTemplate::new(&site, p, next) };
                Ok(with_wait(show_with(status_of(&error), &page), &error, &site))
            }
            Err(error) => Err(outside_failed(&error)),
        }
    })
    .await
}

async fn second(
    State(site): State<Site>,
    Open(page): Open,
    Caller(visit): Caller,
    Form(form): Form<CodeForm>,
) -> Response {
    finish_second(site, page, form, false, visit).await
}

async fn recovery(
    State(site): State<Site>,
    Open(page): Open,
    Caller(visit): Caller,
    Form(form): Form<CodeForm>,
) -> Response {
    finish_second(site, page, form, true, visit).await
}

async fn finish_second(site: Site, page: Page, form: CodeForm, recovery: bool, visit: Visit) -> Response {
    let p = Page { session: None, ..page };
    framed(p.clone(), async move {
        let CodeForm { pending, code, next } = form;
        let (identity, asked) = (site.identity.clone(), pending.clone());
        let outcome = blocking(move || {
            if recovery {
                identity.finish_recovery(&asked, &code, &visit)
            } else {
                identity.finish_totp(&asked, &code, &visit)
            }
        })
        .await?;
        match outcome {
            Ok(session) => Ok(signed_in(&site, &session, go(next_path(&next)))),
            Err(error) if error.status() >= 500 => Err(failed(&error)),
            Err(error) => {
                let message = match error {
                    IdentityError::Refused if recovery => p.l(
                        "回復コードを確認できませんでした。使用済みのコードは使えません。時間が経過した場合や失敗が続いた場合は、最初からやり直してください。",
                        "The recovery code was not accepted. A code works once. After a while or several failures, start over.",
                    ).to_owned(),
                    IdentityError::Refused => p.l(
                        "認証コードを確認できませんでした。表示中の新しいコードを入力してください。時間が経過した場合や失敗が続いた場合は、最初からやり直してください。",
                        "The code was not accepted. Enter the code that is shown now. After a while or several failures, start over.",
                    ).to_owned(),
                    _ => sentence(&error, &site, &p),
                };
                let (code_error, recovery_error) = if recovery { (String::new(), message) } else { (message, String::new()) };
                let page = SecondTemplate { code_error, recovery_error, ..SecondTemplate::new(p, next, pending, true, false) };
                let response = show_with(status_of(&error), &page);
                Ok(with_wait(response, &error, &site))
            }
        }
    })
    .await
}

async fn passkey_begin(
    State(site): State<Site>,
    Open(page): Open,
    Caller(visit): Caller,
) -> Result<Response, Problem> {
    let identity = site.identity.clone();
    Ok(match blocking(move || identity.begin_passkey(&visit)).await? {
        Ok(ceremony) => answer(&json!(ceremony)),
        Err(error) => refusal(&error, &site, &page),
    })
}

async fn passkey_finish(
    State(site): State<Site>,
    Open(page): Open,
    Caller(visit): Caller,
    Json(sent): Json<PasskeyAnswer>,
) -> Result<Response, Problem> {
    let identity = site.identity.clone();
    let PasskeyAnswer { ceremony, response, next, .. } = sent;
    Ok(match blocking(move || identity.finish_passkey(&ceremony, &response, &visit)).await? {
        Ok(session) => signed_in(&site, &session, answer(&json!({ "next": next_path(&next) }))),
        Err(error) => refusal(&error, &site, &page),
    })
}

async fn second_passkey_begin(
    State(site): State<Site>,
    Open(page): Open,
    Caller(visit): Caller,
    Json(sent): Json<PasskeyAnswer>,
) -> Result<Response, Problem> {
    let identity = site.identity.clone();
    Ok(match blocking(move || identity.begin_second_passkey(&sent.pending, &visit)).await? {
        Ok(ceremony) => answer(&json!(ceremony)),
        Err(error) => refusal(&error, &site, &page),
    })
}

async fn second_passkey_finish(
    State(site): State<Site>,
    Open(page): Open,
    Caller(visit): Caller,
    Json(sent): Json<PasskeyAnswer>,
) -> Result<Response, Problem> {
    let identity = site.identity.clone();
    let PasskeyAnswer { ceremony, response, next, pending, .. } = sent;
    let outcome =
        blocking(move || identity.finish_second_passkey(&pending, &ceremony, &response, &visit)).await?;
    Ok(match outcome {
        Ok(session) => signed_in(&site, &session, answer(&json!({ "next": next_path(&next) }))),
        Err(error) => refusal(&error, &site, &page),
    })
}

async fn logout(
    State(site): State<Site>,
    Open(page): Open,
    headers: HeaderMap,
    Form(form): Form<LogoutForm>,
) -> Response {
    let Some(session) = page.session.clone() else {
        return signed_out(&site);
    };
    framed(page, async move {
        check_token(&site, &session, &form.csrf)?;
        if let Some(value) = cookie(&headers, &site.cookie_name()) {
            let identity = site.identity.clone();
            blocking(move || identity.logout(&value)).await?.map_err(|error| failed(&error))?;
        }
        Ok(signed_out(&site))
    })
    .await
}

pub(crate) fn signed_in(site: &Site, session: &NewSession, mut response: Response) -> Response {
    response.headers_mut().append(header::SET_COOKIE, session_cookie(site, &session.cookie));
    response
}

fn signed_out(site: &Site) -> Response {
    let mut response = go("/login?done=signed-out");
    response.headers_mut().append(header::SET_COOKIE, session_cookie(site, ""));
    response
}

#[cfg(test)]
mod tests {
    use super::next_path;

    #[test]
    fn only_paths_of_this_site_are_gone_to() {
        for (asked, to) in [
            ("/account", "/account"),
            ("/transfers?q=%E5%B8%82&page=2", "/transfers?q=%E5%B8%82&page=2"),
            ("", "/"),
            ("https://example.org/", "/"),
            ("//example.org/", "/"),
            ("/\\example.org", "/"),
            ("/\t/example.org", "/"),
            ("/市", "/"),
        ] {
            assert_eq!(next_path(asked), to, "{asked:?}");
        }
    }
}
