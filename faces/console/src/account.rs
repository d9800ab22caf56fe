//! One's own account: what one signs in with, where one is signed in, and the tokens of one's programs. Whoever changes
//! a factor or makes a token must have confirmed who they are a short while ago; without that the forms are not
//! shown, and an answer sent anyway leads to the confirmation first.

mod factors;
mod step_up;
mod tokens;

use askama::Template;
use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use sekisho_identity::{Factors, IdentityError, Method, SessionId, SignIn};
use sekisho_policy::Permission;

use crate::format::{machine_moment, moment};
use crate::guard::Signed;
use crate::login::{failed, framed};
use crate::page::{Page, go, show_with};
use crate::problem::Problem;
use crate::state::{Site, blocking};

pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/account", get(account))
        .route("/account/sessions/end", get(back).post(end_session))
        .route("/account/sessions/end-others", get(back).post(end_others))
        .merge(factors::routes())
        .merge(tokens::routes())
        .merge(step_up::routes())
}

/// Where the confirmation leads back to.
const STEP_UP: &str = "/step-up?next=/account";

/// What the person typed that could not be accepted, by the form it belongs to.
#[derive(Default)]
struct Wrong {
    password: String,
    token: String,
    token_name: String,
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountTemplate {
    p: Page,
    login: String,
    unit: String,
    roles: Vec<String>,
    /// Until when changes are possible; empty when the person must confirm first.
    open_until: String,
    factors: Factors,
    /// Where the password is kept, when that is not here; then it can't be changed here.
    outside: &'static str,
    passkeys: Vec<PasskeyRow>,
    sessions: Vec<SessionRow>,
    tokens: Vec<TokenRow>,
    scopes: Vec<ScopeChoice>,
    minimum: usize,
    wrong: Wrong,
}

struct PasskeyRow {
    id: String,
    label: String,
    created: Moment,
    last_used: Option<Moment>,
}

struct SessionRow {
    id: String,
    current: bool,
    zone: String,
    method: &'static str,
    remote: String,
    created: Moment,
    last_seen: Moment,
}

struct TokenRow {
    id: String,
    name: String,
    zone: String,
    scope: Vec<&'static str>,
    expires: Moment,
    last_used: Option<Moment>,
    /// Whether it still opens anything.
    alive: bool,
    revoked: bool,
}

struct ScopeChoice {
    id: &'static str,
    label: &'static str,
}

/// A time for people and for programs.
struct Moment {
    text: String,
    machine: String,
}

impl Moment {
    fn new(ms: i64, p: &Page) -> Self {
        Self { text: moment(ms, p.lang), machine: machine_moment(ms) }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct AccountQuery {
    done: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WhichForm {
    csrf: String,
    id: String,
}

async fn back() -> Response {
    go("/account")
}

async fn account(State(site): State<Site>, signed: Signed, Query(query): Query<AccountQuery>) -> Response {
    let page = signed.page.clone();
    let notice = match query.done.as_str() {
        "confirmed" => page.l("本人確認が完了しました。", "You have confirmed who you are."),
        "password" => page.l(
            "パスワードを変更しました。ほかのセッションは終了しました。",
            "The password was changed. Your other sessions have ended.",
        ),
        "passkey-added" => page.l("パスキーを登録しました。", "The passkey was added."),
        "passkey-removed" => page.l(
            "パスキーを削除しました。ほかのセッションは終了しました。",
            "The passkey was removed. Your other sessions have ended.",
        ),
        "session-ended" => page.l("セッションを終了しました。", "The session was ended."),
        "sessions-ended" => {
            page.l("ほかのセッションをすべて終了しました。", "All your other sessions were ended.")
        }
        "token-revoked" => page.l("トークンを失効させました。", "The token was revoked."),
        _ => "",
    }
    .to_owned();
    let signed = Signed { page: signed.page.with_notice(notice), ..signed };
    framed(page, account_page(site, signed, StatusCode::OK, Wrong::default())).await
}

/// The page with everything on it; `wrong` says what was not accepted.
async fn account_page(
    site: Site,
    signed: Signed,
    status: StatusCode,
    wrong: Wrong,
) -> Result<Response, Problem> {
    let Signed { session, page: p } = signed;
    let (identity, id) = (site.identity.clone(), session.person.id.clone());
    let (factors, way, sessions, tokens) = blocking(move || {
        Ok::<_, IdentityError>((
            identity.factors(&id)?,
            identity.sign_in_of(&id)?,
            identity.sessions(&id)?,
            identity.tokens(&id)?,
        ))
    })
    .await?
    .map_err(|error| failed(&error))?;
    let now = site.store.clock().now_ms();
    let passkeys = factors
        .passkeys
        .iter()
        .map(|passkey| PasskeyRow {
            id: passkey.id.clone(),
            label: passkey.label.clone(),
            created: Moment::new(passkey.created_ms, &p),
            last_used: passkey.last_used_ms.map(|ms| Moment::new(ms, &p)),
        })
        .collect();
    let sessions = sessions
        .into_iter()
        .map(|view| SessionRow {
            current: view.id == session.id,
            zone: p.zone_name(&site, &view.zone),
            method: method_name(view.method, &p),
            remote: view.remote,
            created: Moment::new(view.created_ms, &p),
            last_seen: Moment::new(view.last_seen_ms, &p),
            id: view.id.to_string(),
        })
        .collect();
    let tokens = tokens
        .into_iter()
        .map(|view| TokenRow {
            zone: p.zone_name(&site, &view.zone),
            scope: view.scope.iter().map(|permission| permission_name(*permission, &p)).collect(),
            expires: Moment::new(view.expires_ms, &p),
            last_used: view.last_used_ms.map(|ms| Moment::new(ms, &p)),
            alive: !view.revoked && view.expires_ms > now,
            revoked: view.revoked,
            id: view.id,
            name: view.name,
        })
        .collect();
    let roles = session
        .roles
        .iter()
        .map(|id| {
            site.policy().role(id).map_or_else(|| id.to_string(), |role| role.label.get(p.lang).to_owned())
        })
        .collect();
    let scopes = session
        .permissions
        .iter()
        .map(|permission| ScopeChoice { id: permission.as_str(), label: permission_name(*permission, &p) })
        .collect();
    Ok(show_with(
        status,
        &AccountTemplate {
            login: session.person.login.clone(),
            unit: p.unit_name(&site, &session.person.unit),
            roles,
            open_until: session
                .step_up_until_ms
                .filter(|until| *until > now)
                .map(|ms| moment(ms, p.lang))
                .unwrap_or_default(),
            factors,
            outside: match way {
                SignIn::Local => "",
                SignIn::Directory => p.l("庁内ディレクトリで管理", "kept by the directory"),
                SignIn::Oidc => p.l("認証基盤で管理", "kept by the sign-in service"),
            },
            passkeys,
            sessions,
            tokens,
            scopes,
            minimum: sekisho_identity::MIN_CHARACTERS,
            wrong,
            p,
        },
    ))
}

async fn end_session(State(site): State<Site>, signed: Signed, Form(form): Form<WhichForm>) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        let (identity, session) = (site.identity.clone(), signed.session);
        let which = SessionId::from_form(&form.id);
        match blocking(move || identity.revoke_session(&session, &which)).await? {
            // One that ended by itself meanwhile is as ended as the person wanted it.
            Ok(()) | Err(IdentityError::NotFound) => Ok(go("/account?done=session-ended")),
            Err(error) => Err(failed(&error)),
        }
    })
    .await
}

async fn end_others(State(site): State<Site>, signed: Signed, Form(form): Form<WhichForm>) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        let (identity, session) = (site.identity.clone(), signed.session);
        blocking(move || identity.revoke_own_sessions(&session, true))
            .await?
            .map_err(|error| failed(&error))?;
        Ok(go("/account?done=sessions-ended"))
    })
    .await
}

fn method_name(method: Method, p: &Page) -> &'static str {
    let (ja, en) = match method {
        Method::PasswordTotp => ("パスワードと認証コード", "Password and code"),
        Method::PasswordRecovery => ("パスワードと回復コード", "Password and recovery code"),
        Method::Passkey => ("パスキー", "Passkey"),
        Method::DirectoryTotp => ("庁内ディレクトリと認証コード", "Directory and code"),
        Method::DirectoryRecovery => ("庁内ディレクトリと回復コード", "Directory and recovery code"),
        Method::DirectoryPasskey => ("庁内ディレクトリとパスキー", "Directory and passkey"),
        Method::OidcTotp => ("認証基盤と認証コード", "Sign-in service and code"),
        Method::OidcRecovery => ("認証基盤と回復コード", "Sign-in service and recovery code"),
        Method::OidcPasskey => ("認証基盤とパスキー", "Sign-in service and passkey"),
        Method::Oidc => ("認証基盤（多要素認証）", "Sign-in service (several factors)"),
    };
    p.l(ja, en)
}

/// What a permission lets somebody do.
fn permission_name(permission: Permission, p: &Page) -> &'static str {
    let (ja, en) = match permission {
        Permission::SubmitTransfer => ("ファイルを送る", "Send files"),
        Permission::ReceiveTransfer => ("ファイルを受け取る", "Receive files"),
        Permission::ApproveTransfer => ("承認する", "Approve transfers"),
        Permission::ViewOwnUnit => ("所属の履歴を見る", "See one’s own unit’s history"),
        Permission::ViewAll => ("全庁の履歴を見る", "See the whole history"),
        Permission::ManagePeople => ("利用者を管理する", "Manage people"),
        Permission::Administer => ("システムを管理する", "Administer the system"),
        Permission::Audit => ("監査する", "Audit"),
    };
    p.l(ja, en)
}
