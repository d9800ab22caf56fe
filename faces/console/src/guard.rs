//! The gate of every request: headers, origin, session, CSRF.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use serde_json::Value as JsonValue;

use sekisho_identity::{Identity, IdentityError, Principal, SessionInfo};

use crate::login::{answer, refusal};
use crate::page::Page;
use crate::problem::Problem;
use crate::state::{Site, blocking};

/// No inline code or style, nothing from elsewhere, no frames.
const CSP: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The largest body that is not an upload, in bytes.
const SMALL: u64 = 4 << 20;

/// Headers that every response carries.
pub(crate) async fn security_headers(State(site): State<Site>, request: Request, next: Next) -> Response {
    let lang = request
        .uri()
        .query()
        .and_then(|q| q.split('&').find_map(|pair| pair.strip_prefix("lang=").map(str::to_owned)));
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-security-policy", CSP),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("x-frame-options", "DENY"),
        (
            "permissions-policy",
            "camera=(), microphone=(), geolocation=(), usb=(), publickey-credentials-get=(self), publickey-credentials-create=(self)",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if site.secure {
        headers.insert("strict-transport-security", HeaderValue::from_static("max-age=31536000"));
    }
    if let Some(lang) = lang.filter(|lang| lang == "ja" || lang == "en")
        && let Ok(value) = HeaderValue::from_str(&format!(
            "{}={lang}; Path=/; SameSite=Strict; Max-Age=31536000",
            crate::page::LANG_COOKIE
        ))
    {
        headers.append(header::SET_COOKIE, value);
    }
    response
}

/// A form of another site must not act here: an unsafe request that names another origin is refused. Requests with a
/// bearer token carry no cookie, so there is nothing to forge.
pub(crate) async fn same_origin(State(site): State<Site>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || request.headers().contains_key(header::AUTHORIZATION) {
        return next.run(request).await;
    }
    let headers = request.headers();
    // HTTP/2 has no `Host` field; its `:authority` is part of the address.
    let host = match headers.get(header::HOST) {
        Some(value) => value.to_str().unwrap_or_default(),
        None => request.uri().authority().map_or("", |authority| authority.as_str()),
    };
    let scheme = if site.secure { "https" } else { "http" };
    let foreign = match headers.get(header::ORIGIN).and_then(|value| value.to_str().ok()) {
        Some(origin) => origin != format!("{scheme}://{host}"),
        None => headers.get("sec-fetch-site").is_some_and(|value| value != "same-origin" && value != "none"),
    };
    if foreign {
        // An answer before the end of the body is an error to some clients (HTTP/2 resets the stream), so a small one
        // is read to its end first; a larger one is not worth it.
        let limit = usize::try_from(SMALL).unwrap_or(usize::MAX);
        let _ = axum::body::to_bytes(request.into_body(), limit).await;
        return Problem::new(
            403,
            "foreign-origin",
            "他のサイトからの操作は受け付けません。画面を開き直してください。",
            "requests from another site are refused; open the page anew",
        )
        .into_response();
    }
    next.run(request).await
}

/// Refuses a large declared body early where no upload is expected. (Uploads are counted while they stream.)
pub(crate) async fn small_bodies(request: Request, next: Next) -> Response {
    if request.method() == Method::POST && takes_files(request.uri().path()) {
        return next.run(request).await;
    }
    let declared =
        request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|bytes| bytes > SMALL) {
        return Problem::new(413, "too-large", "送信データが大きすぎます。", "the request is too large")
            .into_response();
    }
    let (parts, body) = request.into_parts();
    let limited = axum::body::Body::new(http_body_util::Limited::new(
        body,
        usize::try_from(SMALL).unwrap_or(usize::MAX),
    ));
    next.run(Request::from_parts(parts, limited)).await
}

/// Pages whose forms bring files; they count what they take themselves.
fn takes_files(path: &str) -> bool {
    matches!(path, "/transfers" | "/api/v1/transfers" | "/people/transfers" | "/documents")
        || path.starts_with("/registers/")
        || path.starts_with("/api/v1/registers/")
}

/// A signed-in person and the frame of the page.
pub(crate) struct Signed {
    pub(crate) session: SessionInfo,
    pub(crate) page: Page,
}

impl Signed {
    pub(crate) fn principal(&self) -> Principal {
        Principal::from(&self.session)
    }

    /// Checks the token of a form; an absent or foreign one is refused and changes nothing.
    pub(crate) fn check_csrf(&self, site: &Site, presented: &str) -> Result<(), Problem> {
        Ok(check_token(site, &self.session, presented)?)
    }

    /// One step of a passkey dialogue: the page's token first, then what the service answers, as JSON.
    pub(crate) async fn dialogue(
        self,
        site: &Site,
        token: &str,
        step: impl FnOnce(&Identity, &SessionInfo) -> Result<JsonValue, IdentityError> + Send + 'static,
    ) -> Result<Response, Problem> {
        if let Err(error) = check_token(site, &self.session, token) {
            return Ok(refusal(&error, site, &self.page));
        }
        let (identity, session) = (site.identity.clone(), self.session);
        Ok(match blocking(move || step(&identity, &session)).await? {
            Ok(body) => answer(&body),
            Err(error) => refusal(&error, site, &self.page),
        })
    }
}

/// Checks the token of a form against the session; a refusal is recorded.
pub(crate) fn check_token(site: &Site, session: &SessionInfo, presented: &str) -> Result<(), IdentityError> {
    let outcome = site.identity.check_csrf(session, presented);
    if outcome.is_err() {
        let (checkpoint, principal) = (site.checkpoint.clone(), Principal::from(session));
        // The refusal does not wait for its record; the log names a record that could not be written.
        tokio::task::spawn_blocking(move || {
            if let Err(error) = checkpoint.note_refused(&principal, "csrf") {
                crate::page::tracing_line("csrf", &error.to_string());
            }
        });
    }
    outcome
}

impl FromRequestParts<Site> for Signed {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Response> {
        match session_of(&parts.headers, site).await {
            Ok(session) => Ok(Self { page: Page::new(site, parts, Some(session.clone())), session }),
            // A page comes back after signing in; anything else starts over.
            Err(_) if parts.method == Method::GET => Err(crate::page::go(&format!(
                "/login?next={}",
                percent(parts.uri.path_and_query().map_or("/", |path| path.as_str()))
            ))),
            Err(problem) => Err(problem.page(Page::new(site, parts, None))),
        }
    }
}

/// The session of the request's cookie in this listener's zone.
pub(crate) async fn session_of(headers: &HeaderMap, site: &Site) -> Result<SessionInfo, Problem> {
    let cookie = cookie(headers, &site.cookie_name()).ok_or_else(Problem::not_signed_in)?;
    let (identity, zone) = (site.identity.clone(), site.zone.clone());
    blocking(move || identity.authenticate(&cookie, &zone)).await?.map_err(|error| match error.status() {
        status @ (500..) => Problem::new(status, "identity", error.message().ja, error.message().en),
        _ => Problem::new(
            401,
            "not-signed-in",
            "サインインの有効期限が切れました。もう一度サインインしてください。",
            "your session has ended; sign in again",
        ),
    })
}

/// A cookie's value.
pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('=').map(ToOwned::to_owned))
}

/// The `Set-Cookie` line of a session, or of its end when the value is empty.
pub(crate) fn session_cookie(site: &Site, value: &str) -> HeaderValue {
    let secure = if site.secure { "; Secure" } else { "" };
    let age = if value.is_empty() { "; Max-Age=0" } else { "" };
    HeaderValue::from_str(&format!(
        "{}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{age}",
        site.cookie_name()
    ))
    .unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// Percent-encodes for a query value.
pub(crate) fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// A path to go back to: only of this site.
pub(crate) fn local_path(next: Option<&str>) -> &str {
    match next {
        // Browsers drop tabs and line breaks inside addresses, so that `/\t/host` would leave this site.
        Some(path)
            if path.starts_with('/')
                && !path.starts_with("//")
                && !path.contains('\\')
                && path.bytes().all(|byte| byte.is_ascii_graphic()) =>
        {
            path
        }
        _ => "/",
    }
}
