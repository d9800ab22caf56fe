//! REST under `/api/v1`: the same services and so the same rules as the pages, for programs with a personal access
//! token. Every answer that is not a file is JSON, errors included; `openapi.json` documents each of the routes below
//! and nothing else.

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::multipart::MultipartRejection;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Multipart, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post, put};
use serde::Deserialize;
use serde_json::json;

use sekisho_checkpoint::{CheckpointError, FileId, TransferId, TransferQuery, TransferState};
use sekisho_identity::Principal;
use sekisho_ledger::tile::{Tile, entries_path};

use crate::format::day_start;
use crate::problem::Problem;
use crate::registers_api as reg;
use crate::state::{Site, blocking};

/// A documented operation. Router and document are both checked against this table.
pub(crate) struct Endpoint {
    /// `get`, `post`, `put` or `delete`, as OpenAPI spells it; a test holds the handler and the document against it.
    #[cfg_attr(not(test), expect(dead_code, reason = "the handler knows its method; tests compare"))]
    pub(crate) method: &'static str,
    /// The path as the router spells it.
    pub(crate) path: &'static str,
    handler: fn() -> MethodRouter<Site>,
}

/// Every operation.
pub(crate) const ENDPOINTS: &[Endpoint] = &[
    Endpoint { method: "get", path: "/api/v1/zones", handler: || get(zones) },
    Endpoint { method: "get", path: "/api/v1/transfers", handler: || get(list) },
    Endpoint { method: "post", path: "/api/v1/transfers", handler: || post(submit) },
    Endpoint { method: "get", path: "/api/v1/transfers/{id}", handler: || get(transfer) },
    Endpoint { method: "get", path: "/api/v1/transfers/{id}/files/{file}", handler: || get(file) },
    Endpoint { method: "get", path: "/api/v1/transfers/{id}/receipt", handler: || get(receipt) },
    Endpoint { method: "post", path: "/api/v1/transfers/{id}/withdraw", handler: || post(withdraw) },
    Endpoint { method: "get", path: "/api/v1/ledger/checkpoint", handler: || get(checkpoint) },
    Endpoint { method: "get", path: "/api/v1/ledger/key", handler: || get(key) },
    Endpoint { method: "get", path: "/api/v1/ledger/tile/{*path}", handler: || get(tile) },
    Endpoint { method: "get", path: "/api/v1/registers", handler: || get(reg::registers) },
    Endpoint { method: "get", path: "/api/v1/registers/{register}", handler: || get(reg::definition) },
    Endpoint { method: "get", path: "/api/v1/registers/{register}/rows", handler: || get(reg::rows) },
    Endpoint { method: "post", path: "/api/v1/registers/{register}/rows", handler: || post(reg::add) },
    Endpoint { method: "get", path: "/api/v1/registers/{register}/rows/{row}", handler: || get(reg::row) },
    Endpoint { method: "put", path: "/api/v1/registers/{register}/rows/{row}", handler: || put(reg::change) },
    Endpoint {
        method: "delete",
        path: "/api/v1/registers/{register}/rows/{row}",
        handler: || delete(reg::remove),
    },
    Endpoint {
        method: "get",
        path: "/api/v1/registers/{register}/rows/{row}/history",
        handler: || get(reg::history),
    },
    Endpoint { method: "get", path: "/api/v1/registers/{register}/export", handler: || get(reg::export) },
    Endpoint { method: "post", path: "/api/v1/registers/{register}/import", handler: || post(reg::import) },
    Endpoint { method: "get", path: "/api/v1/openapi.json", handler: || get(document) },
];

pub(crate) fn routes() -> Router<Site> {
    ENDPOINTS
        .iter()
        .fold(Router::new(), |router, endpoint| router.route(endpoint.path, (endpoint.handler)()))
        .method_not_allowed_fallback(wrong_method)
}

/// An error for a program.
pub(crate) fn json_problem(problem: &Problem) -> Response {
    let body =
        json!({ "error": { "code": problem.code, "message_ja": problem.ja, "message_en": problem.en } });
    let mut response =
        (problem.status_code(), [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response();
    if problem.status == 401 {
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"sekisho\""));
    }
    response
}

/// A [`Problem`] that answers as JSON.
pub(crate) struct Refusal(Problem);

impl<E: Into<Problem>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        json_problem(&self.0)
    }
}

/// A program that showed a valid token (RFC 6750 §2.1).
pub(crate) struct Bearer(pub(crate) Principal);

impl FromRequestParts<Site> for Bearer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Refusal> {
        let missing = || {
            Problem::new(
                401,
                "token-needed",
                "アクセストークンが必要です。「Authorization: Bearer sk_pat_…」を付けてください。",
                "a token is needed: send `Authorization: Bearer sk_pat_…`",
            )
        };
        let value = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .ok_or_else(missing)?;
        let (scheme, token) = value.split_once(' ').ok_or_else(missing)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(missing().into());
        }
        let (identity, zone, token) = (site.identity.clone(), site.zone.clone(), token.trim().to_owned());
        let info = blocking(move || identity.authenticate_token(&token, &zone)).await?.map_err(|error| {
            match error.status() {
                // Which of the reasons it was is nobody's business who holds no valid token.
                401 | 403 => Problem::new(
                    401,
                    "token-refused",
                    "アクセストークンが無効か、失効したか、この領域のものではありません。",
                    "the token is unknown, expired, revoked or of another zone",
                ),
                _ => Problem::from(error),
            }
        })?;
        Ok(Self(Principal::from(&info)))
    }
}

async fn wrong_method() -> Response {
    json_problem(&Problem::new(
        405,
        "method-not-allowed",
        "この操作は利用できません。APIの説明を確認してください。",
        "this path has no such method; see the API's description",
    ))
}

async fn zones(State(site): State<Site>, _: Bearer) -> Response {
    let policy = site.policy();
    let zones: Vec<_> = policy
        .zones
        .iter()
        .map(|zone| json!({ "id": zone.id, "kind": zone.kind, "label": zone.label, "color": zone.color.to_string() }))
        .collect();
    let conduits: Vec<_> = site
        .checkpoint
        .conduits_from(&site.zone)
        .into_iter()
        .map(|conduit| {
            json!({
                "id": conduit.id, "label": conduit.label, "from": conduit.from, "to": conduit.to,
                "formats": conduit.formats, "methods": conduit.methods,
                "approval": conduit.approval, "search_individual_numbers": conduit.search_individual_numbers,
                "max_bytes": conduit.max_bytes, "purpose_required": conduit.purpose_required,
            })
        })
        .collect();
    answer(&json!({ "zone": *site.zone, "zones": zones, "conduits": conduits }))
}

/// What may be asked for in a list; unlike the page's form, a value that makes no sense is an error.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Search {
    q: String,
    state: String,
    mine: String,
    since: String,
    until: String,
    page: u32,
}

const PER_PAGE: u32 = 50;
const DAY_MS: i64 = 86_400_000;

impl Search {
    fn query(&self) -> Result<TransferQuery, Problem> {
        let wrong = |name: &str| {
            Problem::new(
                400,
                "bad-parameter",
                format!("パラメーター「{name}」の値が正しくありません。"),
                format!("the parameter `{name}` has a value that it can't have"),
            )
        };
        let day = |text: &str, name: &str| match text {
            "" => Ok(None),
            text => day_start(text).map(Some).ok_or_else(|| wrong(name)),
        };
        let state = match self.state.as_str() {
            "" => None,
            id => Some(TransferState::from_id(id).ok_or_else(|| wrong("state"))?),
        };
        let mine = match self.mine.as_str() {
            "" | "0" | "false" => false,
            "1" | "true" => true,
            _ => return Err(wrong("mine")),
        };
        Ok(TransferQuery {
            text: self.q.chars().take(200).collect(),
            state,
            to: None,
            mine,
            exceptions: false,
            since_ms: day(&self.since, "since")?,
            until_ms: day(&self.until, "until")?.map(|start| start.saturating_add(DAY_MS)),
            offset: self.page.min(100_000).saturating_mul(PER_PAGE),
            limit: PER_PAGE,
        })
    }
}

async fn list(
    State(site): State<Site>,
    Bearer(principal): Bearer,
    search: Result<Query<Search>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(search) = search.map_err(|rejection| {
        Problem::new(
            400,
            "bad-parameter",
            "検索条件の指定が正しくありません。APIの説明を確認してください。",
            format!("a parameter is unknown or malformed: {}", rejection.body_text()),
        )
    })?;
    let query = search.query()?;
    let checkpoint = site.checkpoint.clone();
    let found = blocking(move || checkpoint.list(&principal, &query)).await??;
    let next = found.more.then(|| search.page.saturating_add(1));
    Ok(answer(&json!({ "transfers": found.rows, "page": search.page, "next_page": next })))
}

async fn submit(
    State(site): State<Site>,
    Bearer(principal): Bearer,
    multipart: Result<Multipart, MultipartRejection>,
) -> Result<Response, Refusal> {
    let multipart = multipart.map_err(|_| {
        Problem::new(
            415,
            "multipart-needed",
            "multipart/form-data で送信してください。",
            "send multipart/form-data with `conduit` or `to`, `purpose` and `files`",
        )
    })?;
    // A bearer token is never sent by a browser on its own, so there is nothing to forge and no CSRF token to check.
    let received = match crate::upload::receive(&site, multipart, None).await {
        Ok(received) => received,
        Err((received, problem)) => {
            crate::upload::discard(&site, &received).await;
            return Err(problem.into());
        }
    };
    let id = crate::upload::hand_in(&site, principal.clone(), &received).await?;
    let location =
        HeaderValue::from_str(&format!("/api/v1/transfers/{id}")).map_err(|_| Problem::internal())?;
    let checkpoint = site.checkpoint.clone();
    let view = blocking(move || checkpoint.transfer(&principal, &id)).await??;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], answer(&json!(view))).into_response())
}

async fn transfer(
    State(site): State<Site>,
    Bearer(principal): Bearer,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let id = transfer_id(&id)?;
    let checkpoint = site.checkpoint.clone();
    let view = blocking(move || checkpoint.transfer(&principal, &id)).await??;
    Ok(answer(&json!(view)))
}

async fn file(
    State(site): State<Site>,
    Bearer(principal): Bearer,
    Path((id, file)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let (id, file) = (transfer_id(&id)?, file.parse::<FileId>().map_err(|_| nothing())?);
    let checkpoint = site.checkpoint.clone();
    let download = blocking(move || checkpoint.download(&principal, &id, &file)).await??;
    Ok(crate::files::stream(download, true))
}

async fn receipt(
    State(site): State<Site>,
    Bearer(principal): Bearer,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let id = transfer_id(&id)?;
    let checkpoint = site.checkpoint.clone();
    let (name, text) = blocking(move || checkpoint.receipt(&principal, &id)).await??;
    Ok(crate::files::receipt_response(&name, text))
}

/// The body of a withdrawal; it may be absent.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Withdrawal {
    reason: String,
}

async fn withdraw(
    State(site): State<Site>,
    Bearer(principal): Bearer,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let id = transfer_id(&id)?;
    let Withdrawal { reason } = if body.is_empty() {
        Withdrawal::default()
    } else {
        serde_json::from_slice(&body).map_err(|error| {
            Problem::bad_request(
                "本文が正しいJSONではありません。",
                format!("the body is not the JSON that was expected: {error}"),
            )
        })?
    };
    let checkpoint = site.checkpoint.clone();
    let view = blocking(move || -> Result<_, CheckpointError> {
        checkpoint.withdraw(&principal, &id, &reason)?;
        checkpoint.transfer(&principal, &id)
    })
    .await??;
    Ok(answer(&json!(view)))
}

async fn checkpoint(State(site): State<Site>, _: Bearer) -> Result<Response, Refusal> {
    let store = site.store.clone();
    Ok(plain(blocking(move || store.checkpoint()).await??))
}

async fn key(State(site): State<Site>, _: Bearer) -> Response {
    plain(format!("{}\n", site.store.verifier_key()))
}

/// A tile or entry bundle (C2SP tlog-tiles). Only a path that names one, in its one spelling, reaches the disk.
async fn tile(State(site): State<Site>, _: Bearer, Path(path): Path<String>) -> Result<Response, Refusal> {
    let path = tile_file(&path).ok_or_else(nothing)?;
    let place = site.store.data().join("ledger").join(&path);
    let read = blocking(move || std::fs::read(place)).await?;
    match read {
        Ok(bytes) => Ok((
            [
                (header::CONTENT_TYPE, "application/octet-stream"),
                // A tile never changes; what a partial one holds, its fuller successor repeats.
                (header::CACHE_CONTROL, "private, max-age=31536000, immutable"),
            ],
            bytes,
        )
            .into_response()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(nothing().into()),
        Err(error) => {
            crate::page::tracing_line("tile", &format!("{path}: {error}"));
            Err(Problem::new(
                503,
                "failed",
                "台帳のファイルを読み取れません。",
                "the ledger's files can't be read",
            )
            .into())
        }
    }
}

/// The file of a tile's path as it comes after `tile/`; `None` when it names neither a tile nor a bundle.
fn tile_file(path: &str) -> Option<String> {
    match path.strip_prefix("entries/") {
        Some(rest) => {
            let named = Tile::parse_path(&format!("tile/0/{rest}")).ok()?;
            Some(entries_path(named.index, named.width))
        }
        None => Tile::parse_path(&format!("tile/{path}")).ok().map(|tile| tile.path()),
    }
}

/// The description itself; it holds no secret, so that a program can read it before it has a token. With a token, the
/// schemas of the registers that its owner may see are in it.
async fn document(State(site): State<Site>, request: axum::extract::Request) -> Result<Response, Refusal> {
    let text = include_str!("../openapi.json");
    if !request.headers().contains_key(header::AUTHORIZATION) {
        return Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response());
    }
    let (mut parts, _) = request.into_parts();
    let clerk = reg::Clerk::from_request_parts(&mut parts, &site).await?;
    let description = serde_json::from_str(text).map_err(|_| Problem::internal())?;
    Ok(answer(&reg::described(&site, clerk, description).await?))
}

fn transfer_id(text: &str) -> Result<TransferId, Problem> {
    text.parse().map_err(|_| nothing())
}

fn nothing() -> Problem {
    Problem::new(
        404,
        "not-found",
        "見つからないか、閲覧する権限がありません。",
        "it does not exist or is not yours to see",
    )
}

fn answer(value: &serde_json::Value) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(value)).into_response()
}

fn plain(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")], text)
        .into_response()
}
