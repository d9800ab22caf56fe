//! The list of people and the registration of a new one.

use askama::Template;
use axum::Router;
use axum::extract::{Form, Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use sekisho_identity::{NewPerson, PeopleQuery, Person};
use sekisho_policy::{RoleId, UnitId};

use super::{PEOPLE, actor, before_change, field, fields, fresh, require};
use crate::guard::{Signed, percent};
use crate::page::{Page, go, show, show_with};
use crate::problem::Problem;
use crate::state::{Site, blocking};

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/admin/people", get(list)).route("/admin/people/new", get(form).post(create))
}

const PER_PAGE: u32 = 50;

/// What the search form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Search {
    q: String,
    unit: String,
    role: String,
    active: String,
    page: u32,
}

impl Search {
    fn query(&self) -> PeopleQuery {
        PeopleQuery {
            text: self.q.chars().take(200).collect(),
            unit: self.unit.parse().ok(),
            role: self.role.parse().ok(),
            active: match self.active.as_str() {
                "yes" => Some(true),
                "no" => Some(false),
                _ => None,
            },
            offset: self.page.min(100_000).saturating_mul(PER_PAGE),
            limit: PER_PAGE,
        }
    }

    fn link(&self, page: u32) -> String {
        format!(
            "q={}&unit={}&role={}&active={}&page={page}",
            percent(&self.q),
            percent(&self.unit),
            percent(&self.role),
            percent(&self.active)
        )
    }
}

/// Something to choose: identifier, label, whether it is chosen.
pub(super) struct Choice {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) chosen: bool,
}

/// The units in the order of the policy, each under those above it.
pub(super) fn units(site: &Site, page: &Page, chosen: &str) -> Vec<Choice> {
    let policy = site.policy();
    policy
        .units
        .iter()
        .map(|unit| {
            let depth = policy.ancestors(&unit.id).len().saturating_sub(1);
            Choice {
                id: unit.id.to_string(),
                label: format!("{}{}", "　".repeat(depth), unit.name.get(page.lang)),
                chosen: unit.id.as_str() == chosen,
            }
        })
        .collect()
}

pub(super) fn roles(site: &Site, page: &Page, chosen: &[String]) -> Vec<Choice> {
    site.policy()
        .roles
        .iter()
        .map(|role| Choice {
            id: role.id.to_string(),
            label: role.label.get(page.lang).to_owned(),
            chosen: chosen.iter().any(|id| *id == role.id.as_str()),
        })
        .collect()
}

pub(super) fn role_names(site: &Site, page: &Page, roles: &[RoleId]) -> String {
    let names: Vec<&str> = roles
        .iter()
        .map(|id| site.policy().role(id).map_or(id.as_str(), |role| role.label.get(page.lang)))
        .collect();
    names.join(page.l("、", ", "))
}

struct Line {
    person: Person,
    unit: String,
    roles: String,
}

#[derive(Template)]
#[template(path = "admin_people.html")]
struct ListTemplate {
    p: Page,
    search: Search,
    units: Vec<Choice>,
    roles: Vec<Choice>,
    lines: Vec<Line>,
    total: u64,
    previous: Option<String>,
    next: Option<String>,
}

async fn list(State(site): State<Site>, signed: Signed, Query(search): Query<Search>) -> Response {
    if let Err(problem) = require(&signed, PEOPLE) {
        return problem.page(signed.page);
    }
    let (identity, query) = (site.identity.clone(), search.query());
    let found = match blocking(move || identity.people(&query)).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => return Problem::from(error).page(signed.page),
        Err(problem) => return problem.page(signed.page),
    };
    let page = signed.page;
    let shown_until =
        u64::from(search.page.min(100_000)).saturating_add(1).saturating_mul(u64::from(PER_PAGE));
    let lines = found
        .people
        .into_iter()
        .map(|person| Line {
            unit: page.unit_name(&site, &person.unit),
            roles: role_names(&site, &page, &person.roles),
            person,
        })
        .collect();
    show(&ListTemplate {
        units: units(&site, &page, &search.unit),
        roles: roles(&site, &page, std::slice::from_ref(&search.role)),
        lines,
        total: found.total,
        previous: (search.page > 0).then(|| search.link(search.page.saturating_sub(1))),
        next: (shown_until < found.total).then(|| search.link(search.page.saturating_add(1))),
        search,
        p: page,
    })
}

/// What was typed into the form of a person.
#[derive(Debug, Default)]
pub(super) struct Typed {
    pub(super) login: String,
    pub(super) name: String,
    pub(super) kana: String,
    pub(super) unit: String,
    pub(super) roles: Vec<String>,
}

impl Typed {
    pub(super) fn read(body: &[(String, String)]) -> Self {
        Self {
            login: field(body, "login"),
            name: field(body, "name"),
            kana: field(body, "kana"),
            unit: field(body, "unit"),
            roles: fields(body, "role"),
        }
    }

    pub(super) fn unit_id(&self) -> Result<UnitId, Problem> {
        self.unit.parse().map_err(|_| Problem::new(422, "invalid", "所属を選んでください。", "choose a unit"))
    }

    pub(super) fn role_ids(&self) -> Result<Vec<RoleId>, Problem> {
        let wrong =
            || Problem::new(422, "invalid", "役割の選択が正しくありません。", "a chosen role does not exist");
        self.roles.iter().map(|role| role.parse().map_err(|_| wrong())).collect()
    }
}

#[derive(Template)]
#[template(path = "admin_person_new.html")]
struct FormTemplate {
    p: Page,
    fresh: bool,
    error: String,
    typed: Typed,
    units: Vec<Choice>,
    roles: Vec<Choice>,
}

async fn form(State(site): State<Site>, signed: Signed) -> Response {
    if let Err(problem) = require(&signed, PEOPLE) {
        return problem.page(signed.page);
    }
    form_page(&site, signed, None, Typed::default())
}

fn form_page(site: &Site, signed: Signed, problem: Option<&Problem>, typed: Typed) -> Response {
    let fresh = fresh(site, &signed);
    let page = signed.page;
    let status = problem.map_or(axum::http::StatusCode::OK, Problem::status_code);
    let template = FormTemplate {
        fresh,
        error: problem.map(|problem| problem.message(page.lang).to_owned()).unwrap_or_default(),
        units: units(site, &page, &typed.unit),
        roles: roles(site, &page, &typed.roles),
        typed,
        p: page,
    };
    show_with(status, &template)
}

async fn create(
    State(site): State<Site>,
    signed: Signed,
    Form(body): Form<Vec<(String, String)>>,
) -> Response {
    if let Err(response) = before_change(&site, &signed, &field(&body, "csrf"), "/admin/people/new").await {
        return *response;
    }
    let typed = Typed::read(&body);
    let (unit, roles) = match (typed.unit_id(), typed.role_ids()) {
        (Ok(unit), Ok(roles)) => (unit, roles),
        (Err(problem), _) | (_, Err(problem)) => return form_page(&site, signed, Some(&problem), typed),
    };
    let new = NewPerson {
        login: typed.login.clone(),
        name: typed.name.clone(),
        kana: typed.kana.clone(),
        unit,
        roles,
    };
    let (identity, actor) = (site.identity.clone(), actor(&signed));
    match blocking(move || identity.create_person(&actor, new)).await {
        Ok(Ok(person)) => go(&format!("/admin/people/{}?done=created", person.id)),
        Ok(Err(error)) => form_page(&site, signed, Some(&error.into()), typed),
        Err(problem) => problem.page(signed.page),
    }
}
