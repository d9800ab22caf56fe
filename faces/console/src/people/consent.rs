//! Consent to the policy (遵守の同意): one's own with the text to read, and how far the city is.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use sekisho_documents::{Caller as Reader, DocumentsError, Tier};
use sekisho_people::Occasion;
use sekisho_policy::Lang;
use sekisho_registers::{RegistersError, RowId};

use crate::guard::Signed;
use crate::login::framed;
use crate::page::{Page, go, show, show_with};
use crate::problem::Problem;
use crate::registers::caller;
use crate::state::{Site, blocking};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Done {
    done: String,
    asked: u64,
}

#[derive(Template)]
#[template(path = "people/consent.html")]
struct OwnTemplate {
    p: Page,
    requests: Vec<RequestLine>,
    texts: Vec<PolicyText>,
    given: Vec<(String, String)>,
    error: bool,
}

struct RequestLine {
    row: String,
    version: String,
    due: String,
    overdue: bool,
}

/// A public document of the policy, to be read here.
struct PolicyText {
    title: String,
    version: String,
    link: String,
    preamble: Vec<String>,
    clauses: Vec<ClauseLine>,
}

struct ClauseLine {
    number: String,
    heading: String,
    paragraphs: Vec<String>,
    deep: bool,
}

pub(super) async fn own(State(site): State<Site>, signed: Signed, Query(query): Query<Done>) -> Response {
    framed(signed.page.clone(), async move {
        let notice = match query.done.as_str() {
            "given" => signed.page.l("同意を記録しました。", "Your consent was recorded."),
            _ => "",
        }
        .to_owned();
        let signed = Signed { page: signed.page.clone().with_notice(notice), ..signed };
        own_page(&site, signed, false).await
    })
    .await
}

async fn own_page(site: &Site, signed: Signed, error: bool) -> Result<Response, Problem> {
    let (site, principal, caller, p) = (site.clone(), signed.principal(), caller(&signed), signed.page);
    let template = blocking(move || -> Result<_, Problem> {
        let requests = site
            .people
            .consents_asked_of(&principal)?
            .into_iter()
            .map(|one| RequestLine {
                row: one.row.to_string(),
                version: one.version,
                due: one.due.map(|day| p.day(day)).unwrap_or_default(),
                overdue: one.overdue,
            })
            .collect();
        Ok(OwnTemplate {
            texts: policy_texts(&site, &p, &Reader::person(&principal)).map_err(|error| unread(&error))?,
            given: given(&site, &p, &caller, &principal.person.login)?,
            requests,
            error,
            p,
        })
    })
    .await??;
    let status = if template.error { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(show_with(status, &template))
}

fn unread(error: &DocumentsError) -> Problem {
    if error.status() >= 500 {
        crate::page::tracing_line("documents", &error.to_string());
    }
    Problem::new(error.status(), "document", error.message(Lang::Ja), error.message(Lang::En))
}

/// The public documents that are in force.
fn policy_texts(site: &Site, page: &Page, reader: &Reader) -> Result<Vec<PolicyText>, DocumentsError> {
    let today = site.registers.env().today;
    let mut texts = Vec::new();
    for document in site.documents.documents(reader)? {
        let Some(version) = document.in_force_on(today).filter(|_| document.tier == Tier::Public) else {
            continue;
        };
        let content = site.documents.read(reader, &document.id, Some(version.number))?.content;
        texts.push(PolicyText {
            title: content.title.clone(),
            version: format!("{} {}", page.day(version.effective_from), page.l("施行", "in force")),
            link: format!("/documents/{}", document.id),
            preamble: content.preamble.clone(),
            clauses: content
                .walk()
                .map(|clause| ClauseLine {
                    number: clause.own_number(),
                    heading: clause.heading.clone(),
                    paragraphs: clause.paragraphs.clone(),
                    deep: clause.level > 1,
                })
                .collect(),
        });
    }
    Ok(texts)
}

/// Consents given earlier: version and day.
fn given(
    site: &Site,
    page: &Page,
    caller: &sekisho_registers::Caller,
    login: &str,
) -> Result<Vec<(String, String)>, RegistersError> {
    let Some(me) = site.registers.staff_row(login)? else { return Ok(Vec::new()) };
    let found = site.registers.rows_where(caller, "consents", "person", &me.to_string().as_str().into());
    let rows = match found {
        Ok(rows) => rows,
        // Who may not see the register still gives consent here.
        Err(RegistersError::NotPermitted(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    Ok(rows
        .into_iter()
        .filter(|row| row.values.get("state").as_text() == Some("consented"))
        .map(|row| {
            let day = row.values.get("consented_on").as_date().map(|day| page.day(day));
            let version = row.values.get("policy_version").as_text().unwrap_or_default().to_owned();
            (version, day.unwrap_or_default())
        })
        .collect())
}

#[derive(Deserialize)]
pub(super) struct GiveForm {
    csrf: String,
    row: String,
    #[serde(default)]
    agree: String,
}

pub(super) async fn give(State(site): State<Site>, signed: Signed, Form(form): Form<GiveForm>) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        if form.agree != "1" {
            return own_page(&site, signed, true).await;
        }
        let row: RowId = form.row.parse().map_err(|_| Problem::not_found())?;
        let (people, principal) = (site.people.clone(), signed.principal());
        blocking(move || people.consent(&principal, &row)).await??;
        Ok(go("/consent?done=given"))
    })
    .await
}

#[derive(Template)]
#[template(path = "people/consents.html")]
struct OverviewTemplate {
    p: Page,
    version: String,
    units: Vec<UnitLine>,
    asked: u64,
    consented: u64,
    overdue: u64,
    may_ask: bool,
}

struct UnitLine {
    name: String,
    asked: u64,
    consented: u64,
    overdue: u64,
}

pub(super) async fn overview(
    State(site): State<Site>,
    signed: Signed,
    Query(query): Query<Done>,
) -> Response {
    framed(signed.page.clone(), async move {
        let (caller, p) = (caller(&signed), signed.page);
        let template = blocking(move || -> Result<_, Problem> {
            let version = site.policy().version.to_string();
            let today = site.registers.env().today;
            let mut units: BTreeMap<String, UnitLine> = BTreeMap::new();
            for row in site.registers.all_rows(&caller, "consents")? {
                if row.values.get("policy_version").as_text() != Some(version.as_str()) {
                    continue;
                }
                let unit = row.values.get("unit").as_text().unwrap_or_default().to_owned();
                let line = units.entry(unit.clone()).or_insert_with(|| UnitLine {
                    name: p.unit_named(&site, &unit),
                    asked: 0,
                    consented: 0,
                    overdue: 0,
                });
                line.asked = line.asked.saturating_add(1);
                let late = row.values.get("due_on").as_date().is_some_and(|due| due < today);
                match row.values.get("state").as_text() {
                    Some("consented") => line.consented = line.consented.saturating_add(1),
                    Some("requested") if late => line.overdue = line.overdue.saturating_add(1),
                    _ => {}
                }
            }
            let mut ordered = Vec::new();
            for unit in &site.policy().units {
                ordered.extend(units.remove(unit.id.as_str()));
            }
            ordered.extend(units.into_values());
            let sum =
                |count: fn(&UnitLine) -> u64| ordered.iter().map(count).fold(0_u64, u64::saturating_add);
            Ok(OverviewTemplate {
                asked: sum(|line| line.asked),
                consented: sum(|line| line.consented),
                overdue: sum(|line| line.overdue),
                may_ask: p.keeps_people(),
                units: ordered,
                version,
                p,
            })
        })
        .await??;
        let notice = match (query.done.as_str(), template.p.lang) {
            ("asked", Lang::Ja) => format!("{}人に同意を依頼しました。", query.asked),
            ("asked", Lang::En) => format!("{} people were asked.", query.asked),
            _ => String::new(),
        };
        let template = OverviewTemplate { p: template.p.clone().with_notice(notice), ..template };
        Ok(show(&template))
    })
    .await
}

#[derive(Deserialize)]
pub(super) struct AskForm {
    csrf: String,
    #[serde(default)]
    occasion: String,
}

pub(super) async fn ask_everybody(
    State(site): State<Site>,
    signed: Signed,
    Form(form): Form<AskForm>,
) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        let occasion = match form.occasion.as_str() {
            "april" => Occasion::April,
            "joining" => Occasion::Joining,
            "revision" => Occasion::Revision,
            _ => {
                return Err(Problem::bad_request("依頼する機会を選んでください。", "choose the occasion"));
            }
        };
        let (people, principal) = (site.people.clone(), signed.principal());
        let asked = blocking(move || people.ask_everybody(&principal, occasion)).await??;
        Ok(go(&format!("/people/consents?done=asked&asked={asked}")))
    })
    .await
}
