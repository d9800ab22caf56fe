//! One person: what the account is, what may be changed about it, and the one-time link by which its owner sets a
//! password and a second factor.

use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use sekisho_identity::{
    Actor, Factors, Identity, IdentityError, LinkToken, Person, PersonChange, PersonId, SessionView, SignIn,
};

use super::people::{Choice, Typed, roles, units};
use super::{Done, PEOPLE, Token, actor, before_change, field, fresh, require};
use crate::format::moment;
use crate::guard::Signed;
use crate::page::{Page, go, show, show_with};
use crate::problem::Problem;
use crate::state::{Site, blocking};

pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/admin/people/{id}", get(detail).post(update))
        // Looking at the address of a form's action (reload, language switch) leads back to the form.
        .route("/admin/people/{id}/state", get(back).post(change_state))
        .route("/admin/people/{id}/link", get(back).post(link))
        .route("/admin/people/{id}/sessions/end", get(back).post(end_sessions))
        .route("/admin/people/{id}/unlock", get(back).post(unlock))
        .route("/admin/people/{id}/sign-in", get(back).post(set_sign_in))
}

struct SessionLine {
    zone: String,
    remote: String,
    since: String,
    seen: String,
}

#[derive(Template)]
#[template(path = "admin_person.html")]
struct DetailTemplate {
    p: Page,
    fresh: bool,
    error: String,
    person: Person,
    typed: Typed,
    units: Vec<Choice>,
    roles: Vec<Choice>,
    factors: Factors,
    /// The way in which the person signs in, and those that may be chosen.
    way: &'static str,
    ways: Vec<Choice>,
    sessions: Vec<SessionLine>,
    created: String,
}

async fn detail(
    State(site): State<Site>,
    signed: Signed,
    Path(id): Path<String>,
    Query(done): Query<Done>,
) -> Response {
    if let Err(problem) = require(&signed, PEOPLE) {
        return problem.page(signed.page);
    }
    detail_page(&site, signed, &id, &done.done, None).await
}

struct Known {
    person: Person,
    factors: Factors,
    way: SignIn,
    sessions: Vec<SessionView>,
}

fn know(identity: &Identity, id: &PersonId) -> Result<Known, IdentityError> {
    Ok(Known {
        person: identity.person(id)?.ok_or(IdentityError::NotFound)?,
        factors: identity.factors(id)?,
        way: identity.sign_in_of(id)?,
        sessions: identity.sessions(id)?,
    })
}

async fn detail_page(
    site: &Site,
    signed: Signed,
    id: &str,
    done: &str,
    failed: Option<(Problem, Typed)>,
) -> Response {
    let Ok(id) = id.parse::<PersonId>() else { return Problem::not_found().page(signed.page) };
    let identity = site.identity.clone();
    let known = match blocking(move || know(&identity, &id)).await {
        Ok(Ok(known)) => known,
        Ok(Err(error)) => return Problem::from(error).page(signed.page),
        Err(problem) => return problem.page(signed.page),
    };
    let fresh = fresh(site, &signed);
    let mut page = signed.page;
    let notice = notice(&page, done).to_owned();
    if !notice.is_empty() {
        page = page.with_notice(notice);
    }
    let Known { person, factors, way, sessions } = known;
    let status = failed.as_ref().map_or(axum::http::StatusCode::OK, |(problem, _)| problem.status_code());
    let (error, typed) = match failed {
        Some((problem, typed)) => (problem.message(page.lang).to_owned(), typed),
        None => (
            String::new(),
            Typed {
                login: person.login.clone(),
                name: person.name.clone(),
                kana: person.kana.clone(),
                unit: person.unit.to_string(),
                roles: person.roles.iter().map(ToString::to_string).collect(),
            },
        ),
    };
    let sessions = sessions
        .into_iter()
        .map(|session| SessionLine {
            zone: page.zone_name(site, &session.zone),
            remote: session.remote,
            since: moment(session.created_ms, page.lang),
            seen: moment(session.last_seen_ms, page.lang),
        })
        .collect();
    let template = DetailTemplate {
        fresh,
        error,
        units: units(site, &page, &typed.unit),
        roles: roles(site, &page, &typed.roles),
        created: moment(person.created_ms, page.lang),
        person,
        typed,
        factors,
        way: way_name(way, &page),
        ways: ways(site, &page, way),
        sessions,
        p: page,
    };
    show_with(status, &template)
}

fn way_name(way: SignIn, page: &Page) -> &'static str {
    match way {
        SignIn::Local => page.l("関所のパスワード又はパスキー", "password or passkey of Sekisho"),
        SignIn::Directory => page.l("庁内ディレクトリ", "directory"),
        SignIn::Oidc => page.l("認証基盤（OpenID Connect）", "sign-in service (OpenID Connect)"),
    }
}

/// The ways that this installation can carry out, and the present one.
fn ways(site: &Site, page: &Page, now: SignIn) -> Vec<Choice> {
    let offered = |way: &SignIn| match way {
        SignIn::Local => true,
        SignIn::Directory => site.directory.has_directory(),
        SignIn::Oidc => site.directory.provider_label().is_some(),
    };
    SignIn::ALL
        .into_iter()
        .filter(|way| offered(way) || *way == now)
        .map(|way| Choice {
            id: way.as_str().to_owned(),
            label: way_name(way, page).to_owned(),
            chosen: way == now,
        })
        .collect()
}

fn notice(page: &Page, done: &str) -> &'static str {
    let (ja, en) = match done {
        "created" => (
            "登録しました。続けて登録用リンクを発行し、本人に渡してください。",
            "Registered. Now issue an enrolment link and hand it to the person.",
        ),
        "updated" => ("変更を保存しました。", "Saved."),
        "deactivated" => (
            "利用を停止しました。サインイン中の画面も終了しました。",
            "Deactivated; its sessions were ended.",
        ),
        "reactivated" => ("利用を再開しました。", "Reactivated."),
        "sessions-ended" => ("すべての画面からサインアウトさせました。", "Signed out everywhere."),
        "sign-in" => (
            "サインイン方法を変更しました。サインイン中の画面は終了しました。",
            "The way of signing in was changed; the sessions were ended.",
        ),
        "unlocked" => ("ロックを解除しました。", "The lock was ended."),
        _ => ("", ""),
    };
    page.l(ja, en)
}

async fn update(
    State(site): State<Site>,
    signed: Signed,
    Path(id): Path<String>,
    Form(body): Form<Vec<(String, String)>>,
) -> Response {
    let Ok(person) = id.parse::<PersonId>() else { return Problem::not_found().page(signed.page) };
    if let Err(response) =
        before_change(&site, &signed, &field(&body, "csrf"), &format!("/admin/people/{person}")).await
    {
        return *response;
    }
    let typed = Typed::read(&body);
    let (unit, roles) = match (typed.unit_id(), typed.role_ids()) {
        (Ok(unit), Ok(roles)) => (unit, roles),
        (Err(problem), _) | (_, Err(problem)) => {
            return detail_page(&site, signed, &id, "", Some((problem, typed))).await;
        }
    };
    let change = PersonChange {
        name: Some(typed.name.clone()),
        kana: Some(typed.kana.clone()),
        unit: Some(unit),
        roles: Some(roles),
    };
    let (identity, actor, target) = (site.identity.clone(), actor(&signed), person.clone());
    match blocking(move || identity.update_person(&actor, &target, change)).await {
        Ok(Ok(_)) => go(&format!("/admin/people/{person}?done=updated")),
        Ok(Err(error)) => detail_page(&site, signed, &id, "", Some((error.into(), typed))).await,
        Err(problem) => problem.page(signed.page),
    }
}

async fn back(Path(id): Path<String>) -> Response {
    match id.parse::<PersonId>() {
        Ok(id) => go(&format!("/admin/people/{id}")),
        Err(_) => go("/admin/people"),
    }
}

#[derive(Deserialize)]
struct StateForm {
    csrf: String,
    active: String,
}

async fn change_state(
    State(site): State<Site>,
    signed: Signed,
    Path(id): Path<String>,
    Form(form): Form<StateForm>,
) -> Response {
    let (to, done): (bool, _) = match form.active.as_str() {
        "yes" => (true, "reactivated"),
        "no" => (false, "deactivated"),
        _ => {
            return Problem::bad_request("操作の指定が正しくありません。", "unknown action")
                .page(signed.page);
        }
    };
    change(&site, signed, &id, &form.csrf, done, move |identity, actor, person| {
        if to { identity.reactivate_person(actor, person) } else { identity.deactivate_person(actor, person) }
            .map(drop)
    })
    .await
}

async fn end_sessions(
    State(site): State<Site>,
    signed: Signed,
    Path(id): Path<String>,
    Form(form): Form<Token>,
) -> Response {
    change(&site, signed, &id, &form.csrf, "sessions-ended", |identity, actor, person| {
        identity.revoke_sessions_of(actor, person).map(drop)
    })
    .await
}

async fn unlock(
    State(site): State<Site>,
    signed: Signed,
    Path(id): Path<String>,
    Form(form): Form<Token>,
) -> Response {
    change(&site, signed, &id, &form.csrf, "unlocked", |identity, actor, person| {
        identity.unlock_person(actor, person)
    })
    .await
}

#[derive(Deserialize)]
struct SignInForm {
    csrf: String,
    way: String,
}

async fn set_sign_in(
    State(site): State<Site>,
    signed: Signed,
    Path(id): Path<String>,
    Form(form): Form<SignInForm>,
) -> Response {
    let Some(way) = SignIn::ALL.into_iter().find(|way| way.as_str() == form.way) else {
        return Problem::bad_request("サインイン方法の指定が正しくありません。", "unknown way of signing in")
            .page(signed.page);
    };
    change(&site, signed, &id, &form.csrf, "sign-in", move |identity, actor, person| {
        identity.set_sign_in(actor, person, way)
    })
    .await
}

/// A change by one button: checked, done, and back to the person's page.
async fn change(
    site: &Site,
    signed: Signed,
    id: &str,
    csrf: &str,
    done: &str,
    work: impl FnOnce(&Identity, &Actor, &PersonId) -> Result<(), IdentityError> + Send + 'static,
) -> Response {
    let Ok(person) = id.parse::<PersonId>() else { return Problem::not_found().page(signed.page) };
    let back = format!("/admin/people/{person}");
    if let Err(response) = before_change(site, &signed, csrf, &back).await {
        return *response;
    }
    let (identity, actor) = (site.identity.clone(), actor(&signed));
    match blocking(move || work(&identity, &actor, &person)).await {
        Ok(Ok(())) => go(&format!("{back}?done={done}")),
        Ok(Err(error)) => Problem::from(error).page(signed.page),
        Err(problem) => problem.page(signed.page),
    }
}

#[derive(Template)]
#[template(path = "admin_link.html")]
struct LinkTemplate {
    p: Page,
    person: Person,
    url: String,
    expires: String,
}

/// Issues a link and shows it on this very answer; it is kept nowhere, so there is nothing to come back to.
async fn link(
    State(site): State<Site>,
    signed: Signed,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(form): Form<Token>,
) -> Response {
    let Ok(person) = id.parse::<PersonId>() else { return Problem::not_found().page(signed.page) };
    if let Err(response) = before_change(&site, &signed, &form.csrf, &format!("/admin/people/{person}")).await
    {
        return *response;
    }
    let (identity, actor) = (site.identity.clone(), actor(&signed));
    let issued = blocking(move || -> Result<(LinkToken, Person), IdentityError> {
        let token = identity.issue_link(&actor, &person)?;
        Ok((token, identity.person(&person)?.ok_or(IdentityError::NotFound)?))
    })
    .await;
    let (token, person) = match issued {
        Ok(Ok(issued)) => issued,
        Ok(Err(error)) => return Problem::from(error).page(signed.page),
        Err(problem) => return problem.page(signed.page),
    };
    let scheme = if site.secure { "https" } else { "http" };
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    show(&LinkTemplate {
        url: format!("{scheme}://{host}/enrol/{}", token.token),
        expires: moment(token.expires_ms, signed.page.lang),
        person,
        p: signed.page,
    })
}
