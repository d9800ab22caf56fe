//! Enrolment by a one-time link: who the link is for, then an authenticator app with a password, or a passkey, then
//! the recovery codes, shown once. The first administrator says who they are before that. A link that is used, old or
//! unknown is refused in one sentence; nothing about it is told.

use askama::Template;
use axum::Router;
use axum::extract::{Form, Json, Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;

use sekisho_identity::{
    FirstAdministrator, IdentityError, MIN_CHARACTERS, Person, SignIn, TotpSetup, check_password_rules,
};
use sekisho_policy::UnitId;

use crate::format::{machine_moment, moment};
use crate::login::{PasskeyAnswer, answer, failed, framed, refusal, sentence, status_of};
use crate::page::{Open, Page, go, show, show_with};
use crate::problem::Problem;
use crate::state::{Site, blocking};

pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/enrol/{token}", get(open))
        .route("/enrol/{token}/name", get(back).post(name))
        .route("/enrol/{token}/totp", get(back).post(totp))
        .route("/enrol/{token}/passkey/begin", post(passkey_begin))
        .route("/enrol/{token}/passkey/finish", post(passkey_finish))
}

/// The ten codes, once.
#[derive(Template)]
#[template(path = "enrol_codes.html")]
pub(crate) struct CodesTemplate {
    pub(crate) p: Page,
    pub(crate) codes: Vec<String>,
    /// The log-in name, so that a printed sheet can be told from another.
    pub(crate) login: String,
    /// Where the button leads.
    pub(crate) next: &'static str,
}

#[derive(Template)]
#[template(path = "enrol_name.html")]
struct NameTemplate {
    p: Page,
    token: String,
    form: NameForm,
    units: Vec<UnitChoice>,
    error: String,
}

struct UnitChoice {
    id: String,
    name: String,
}

#[derive(Template)]
#[template(path = "enrol.html")]
struct EnrolTemplate {
    p: Page,
    token: String,
    person: Person,
    unit: String,
    until: String,
    until_machine: String,
    totp: TotpSetup,
    secret_groups: String,
    minimum: usize,
    /// Whether a password is set here; one from outside stays there.
    password: bool,
    password_error: String,
    repeat_error: String,
    code_error: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct NameForm {
    login: String,
    name: String,
    kana: String,
    unit: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct TotpForm {
    password: String,
    repeat: String,
    code: String,
}

/// What is wrong with the fields of the form.
#[derive(Default)]
struct FieldErrors {
    password: String,
    repeat: String,
    code: String,
}

impl FieldErrors {
    fn any(&self) -> bool {
        ![&self.password, &self.repeat, &self.code].iter().all(|text| text.is_empty())
    }
}

async fn back(Path(token): Path<String>) -> Response {
    go(&here(&token))
}

async fn open(State(site): State<Site>, Open(page): Open, Path(token): Path<String>) -> Response {
    let p = Page { session: None, ..page };
    framed(p.clone(), async move {
        let (identity, link) = (site.identity.clone(), token.clone());
        let view = blocking(move || identity.open_link(&link)).await?.map_err(|error| failed(&error))?;
        match view.person {
            None => Ok(show(&name_page(&site, p, token, NameForm::default(), String::new()))),
            Some(person) => {
                enrol_page(&site, p, token, person, view.expires_ms, FieldErrors::default()).await
            }
        }
    })
    .await
}

async fn name(
    State(site): State<Site>,
    Open(page): Open,
    Path(token): Path<String>,
    Form(form): Form<NameForm>,
) -> Response {
    let p = Page { session: None, ..page };
    framed(p.clone(), async move {
        let Ok(unit) = UnitId::new(form.unit.as_str()) else {
            let message = p.l("所属を選択してください。", "Choose a unit.").to_owned();
            return Ok(show_with(
                StatusCode::UNPROCESSABLE_ENTITY,
                &name_page(&site, p, token, form, message),
            ));
        };
        let who = FirstAdministrator {
            login: form.login.clone(),
            name: form.name.clone(),
            kana: form.kana.clone(),
            unit,
        };
        let (identity, link) = (site.identity.clone(), token.clone());
        match blocking(move || identity.name_first_administrator(&link, who)).await? {
            Ok(_) => Ok(go(&here(&token))),
            Err(error @ IdentityError::Invalid(_)) => {
                let message = sentence(&error, &site, &p);
                Ok(show_with(status_of(&error), &name_page(&site, p, token, form, message)))
            }
            Err(error) => Err(failed(&error)),
        }
    })
    .await
}

async fn totp(
    State(site): State<Site>,
    Open(page): Open,
    Path(token): Path<String>,
    Form(form): Form<TotpForm>,
) -> Response {
    let p = Page { session: None, ..page };
    framed(p.clone(), async move {
        let (identity, link) = (site.identity.clone(), token.clone());
        let view = blocking(move || identity.open_link(&link)).await?.map_err(|error| failed(&error))?;
        let Some(person) = view.person else { return Ok(go(&here(&token))) };
        let mut wrong = FieldErrors::default();
        let (identity, id) = (site.identity.clone(), person.id.clone());
        let way = blocking(move || identity.sign_in_of(&id)).await?.map_err(|error| failed(&error))?;
        if way != SignIn::Local {
            // The password stays where it is kept.
        } else if let Err(error) = check_password_rules(&form.password, &person.login) {
            wrong.password = sentence(&error, &site, &p);
        } else if form.password != form.repeat {
            wrong.repeat = p.l("2回の入力が一致しません。", "The two passwords differ.").to_owned();
        }
        if !wrong.any() {
            let (identity, link) = (site.identity.clone(), token.clone());
            match blocking(move || identity.link_finish_totp(&link, &form.password, &form.code)).await? {
                Ok(done) => {
                    let login = done.person.login;
                    return Ok(show(&CodesTemplate {
                        p,
                        codes: done.recovery_codes,
                        login,
                        next: "/login?done=enrolled",
                    }));
                }
                Err(error @ IdentityError::Invalid(_)) => wrong.code = sentence(&error, &site, &p),
                Err(error) => return Err(failed(&error)),
            }
        }
        enrol_page(&site, p, token, person, view.expires_ms, wrong).await
    })
    .await
}

async fn passkey_begin(
    State(site): State<Site>,
    Open(page): Open,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let (identity, zone) = (site.identity.clone(), site.zone.clone());
    Ok(match blocking(move || identity.link_begin_passkey(&token, &zone)).await? {
        Ok(ceremony) => answer(&json!(ceremony)),
        Err(error) => refusal(&error, &site, &page),
    })
}

async fn passkey_finish(
    State(site): State<Site>,
    Open(page): Open,
    Path(token): Path<String>,
    Json(sent): Json<PasskeyAnswer>,
) -> Result<Response, Problem> {
    let identity = site.identity.clone();
    let PasskeyAnswer { ceremony, response, label, .. } = sent;
    Ok(match blocking(move || identity.link_finish_passkey(&token, &ceremony, &response, &label)).await? {
        Ok(_) => answer(&json!({ "next": "/login?done=enrolled" })),
        Err(error) => refusal(&error, &site, &page),
    })
}

fn here(token: &str) -> String {
    format!("/enrol/{}", crate::guard::percent(token))
}

fn name_page(site: &Site, p: Page, token: String, form: NameForm, error: String) -> NameTemplate {
    let units = site
        .policy()
        .units
        .iter()
        .map(|unit| {
            let above: Vec<&str> = site
                .policy()
                .ancestors(&unit.id)
                .into_iter()
                .rev()
                .map(|unit| unit.name.get(p.lang))
                .collect();
            UnitChoice { id: unit.id.to_string(), name: above.join(p.l("　", " / ")) }
        })
        .collect();
    NameTemplate { p, token, form, units, error }
}

async fn enrol_page(
    site: &Site,
    p: Page,
    token: String,
    person: Person,
    expires_ms: i64,
    wrong: FieldErrors,
) -> Result<Response, Problem> {
    let (identity, link, id) = (site.identity.clone(), token.clone(), person.id.clone());
    let (totp, way) = blocking(move || Ok((identity.link_totp(&link)?, identity.sign_in_of(&id)?)))
        .await?
        .map_err(|error: IdentityError| failed(&error))?;
    let status = if wrong.any() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(show_with(
        status,
        &EnrolTemplate {
            unit: p.unit_name(site, &person.unit),
            until: moment(expires_ms, p.lang),
            until_machine: machine_moment(expires_ms),
            secret_groups: in_groups(&totp.secret),
            minimum: MIN_CHARACTERS,
            password: way == SignIn::Local,
            password_error: wrong.password,
            repeat_error: wrong.repeat,
            code_error: wrong.code,
            totp,
            person,
            token,
            p,
        },
    ))
}

/// The secret in groups of four letters, for typing.
pub(crate) fn in_groups(secret: &str) -> String {
    let letters: Vec<char> = secret.chars().collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}
