//! One's absence (不在) and who decides in the meantime (代決者).

use askama::Template;
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use sekisho_approval::Absence;
use sekisho_identity::{PeopleQuery, PersonId};

use crate::guard::Signed;
use crate::login::framed;
use crate::page::{Page, go, show_with};
use crate::problem::Problem;
use crate::state::{Site, blocking};

/// Most people to choose a deputy from.
const CHOICES: u32 = 1000;

#[derive(Template)]
#[template(path = "cases/absence.html")]
struct AbsenceTemplate {
    p: Page,
    absences: Vec<AbsenceLine>,
    people: Vec<(String, String)>,
    form: AbsenceForm,
    error: String,
}

struct AbsenceLine {
    seq: u64,
    from: String,
    to: String,
    deputy: String,
}

#[derive(Deserialize, Default, Clone)]
#[serde(default)]
pub(super) struct AbsenceForm {
    csrf: String,
    from: String,
    to: String,
    deputy: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Done {
    done: String,
}

pub(super) async fn show_absence(
    State(site): State<Site>,
    signed: Signed,
    Query(query): Query<Done>,
) -> Response {
    framed(signed.page.clone(), async move {
        let notice = match query.done.as_str() {
            "set" => signed.page.l("不在の期間を登録しました。", "The absence was set."),
            "cleared" => signed.page.l("不在の登録を取り消しました。", "The absence was cleared."),
            _ => "",
        }
        .to_owned();
        let signed = Signed { page: signed.page.clone().with_notice(notice), ..signed };
        absence_page(&site, signed, StatusCode::OK, AbsenceForm::default(), String::new()).await
    })
    .await
}

async fn absence_page(
    site: &Site,
    signed: Signed,
    status: StatusCode,
    form: AbsenceForm,
    error: String,
) -> Result<Response, Problem> {
    let (site, principal, page) = (site.clone(), signed.principal(), signed.page);
    let template = blocking(move || -> Result<_, Problem> {
        let absences: Vec<Absence> = site.approval.absences(&principal.person.id)?;
        let named = |id: &PersonId| match site.identity.person(id) {
            Ok(Some(person)) => person.name,
            _ => id.to_string(),
        };
        // Whoever shares a section or the department; a route names its own deputies besides.
        let policy = site.policy();
        let near: Vec<_> = policy
            .units
            .iter()
            .filter(|unit| {
                let mine = policy.unit(&principal.person.unit);
                let parent = mine.and_then(|unit| unit.parent.as_ref());
                unit.id == principal.person.unit
                    || Some(&unit.id) == parent
                    || unit.parent.as_ref() == Some(&principal.person.unit)
                    || (parent.is_some() && unit.parent.as_ref() == parent)
            })
            .map(|unit| unit.id.clone())
            .collect();
        let query = PeopleQuery { active: Some(true), limit: CHOICES, ..PeopleQuery::default() };
        let mut people: Vec<(bool, String, String)> = site
            .identity
            .people(&query)?
            .people
            .into_iter()
            .filter(|person| person.id != principal.person.id && near.contains(&person.unit))
            .map(|person| {
                let unit = page.unit_name(&site, &person.unit);
                (
                    person.unit != principal.person.unit,
                    format!("{}（{unit}）", person.name),
                    person.id.to_string(),
                )
            })
            .collect();
        people.sort();
        Ok(AbsenceTemplate {
            absences: absences
                .into_iter()
                .map(|one| AbsenceLine {
                    seq: one.seq,
                    from: page.day(one.from),
                    to: page.day(one.to),
                    deputy: one.deputy.as_ref().map(named).unwrap_or_default(),
                })
                .collect(),
            people: people.into_iter().map(|(_, label, id)| (id, label)).collect(),
            form,
            error,
            p: page,
        })
    })
    .await??;
    Ok(show_with(status, &template))
}

pub(super) async fn set(State(site): State<Site>, signed: Signed, Form(form): Form<AbsenceForm>) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        let day = |text: &str| {
            sekisho_register::era::parse_date(text.trim())
                .map_err(|error| signed.page.l(&error.ja(), &error.en()).to_owned())
        };
        let deputy: Option<PersonId> = form.deputy.parse().ok();
        let outcome = match (day(&form.from), day(&form.to)) {
            (Ok(from), Ok(to)) => {
                let (approval, principal) = (site.approval.clone(), signed.principal());
                match blocking(move || approval.set_absence(&principal, from, to, deputy)).await? {
                    Ok(_) => return Ok(go("/account/absence?done=set")),
                    Err(error) if error.status() == 422 => error.message(signed.page.lang),
                    Err(error) => return Err(error.into()),
                }
            }
            (Err(message), _) | (_, Err(message)) => message,
        };
        absence_page(&site, signed, StatusCode::UNPROCESSABLE_ENTITY, form, outcome).await
    })
    .await
}

#[derive(Deserialize)]
pub(super) struct ClearForm {
    csrf: String,
    absence: u64,
}

pub(super) async fn clear(State(site): State<Site>, signed: Signed, Form(form): Form<ClearForm>) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        let (approval, principal) = (site.approval.clone(), signed.principal());
        blocking(move || approval.clear_absence(&principal, form.absence)).await??;
        Ok(go("/account/absence?done=cleared"))
    })
    .await
}
