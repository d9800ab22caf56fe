//! Reading a version, copies of it, 新旧対照表 of two versions, and who read it.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use sekisho_documents::{Action, DocumentsError, Form, Tier};
use sekisho_policy::Lang;

use super::text::{RowView, TextView, rows, text_view};
use super::{STYLE, caller, document_id, hand_out, kind_word, today};
use crate::format;
use crate::guard::Signed;
use crate::login::framed;
use crate::page::{Page, show};
use crate::problem::Problem;
use crate::state::{Site, blocking};

/// Readings on a page.
const READINGS: u32 = 100;

/// The style of the service's own pages (print, comparison).
pub(super) async fn style() -> Response {
    (
        [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=3600")],
        sekisho_documents::render::CSS,
    )
        .into_response()
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ReadQuery {
    version: String,
    from: String,
    to: String,
    all: String,
    page: String,
}

impl ReadQuery {
    fn number(text: &str) -> Result<Option<u32>, Problem> {
        match text.trim() {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| Problem::not_found()),
        }
    }
}

#[derive(Template)]
#[template(path = "documents/read.html")]
struct ReadTemplate {
    p: Page,
    id: String,
    public: bool,
    number: u32,
    standing: Standing,
    facts: Vec<(&'static str, String)>,
    text: TextView,
    previous: u32,
    may_draft: bool,
    may_link: bool,
    may_see_readings: bool,
}

/// Whether the version that is shown is the one to follow.
#[derive(PartialEq, Eq)]
enum Standing {
    InForce,
    Coming,
    Past,
}

pub(super) async fn show_document(
    State(site): State<Site>,
    signed: Signed,
    Path(id): Path<String>,
    Query(query): Query<ReadQuery>,
) -> Response {
    framed(signed.page.clone(), async move {
        let (id, caller, day) = (document_id(&id)?, caller(&signed), today(&site));
        let asked = ReadQuery::number(&query.version)?;
        let p = signed.page;
        let template = blocking(move || -> Result<_, DocumentsError> {
            let document = site.documents.document(&caller, &id)?;
            let in_force = document.in_force_on(day).map(|version| version.number);
            let reading = site.documents.read(&caller, &id, asked.or(in_force))?;
            let links = site.documents.links(&caller, &id)?;
            let version = &reading.version;
            let may = |action| site.documents.may(&caller, action, &document);
            let mut facts = vec![(p.l("種別", "kind"), document.tier.label(p.lang).to_owned())];
            facts.push((p.l("主管課", "responsible"), p.unit_named(&site, &document.owner)));
            if !document.units.is_empty() {
                let units: Vec<String> =
                    document.units.iter().map(|unit| p.unit_named(&site, unit)).collect();
                facts.push((p.l("従う課", "followed by"), units.join(p.l("、", ", "))));
            }
            if let Some(decided) = version.decided_on {
                facts.push((kind_word(version.kind, &p), p.day(decided)));
            }
            facts.push((p.l("施行", "in force from"), p.day(version.effective_from)));
            if let Some(published) = version.published_on {
                let place = version.published_at.clone().unwrap_or_default();
                facts.push((
                    p.l("公表", "published"),
                    format!("{} {place}", p.day(published)).trim().to_owned(),
                ));
            }
            Ok(ReadTemplate {
                public: document.tier == Tier::Public,
                standing: if in_force == Some(version.number) {
                    Standing::InForce
                } else if version.effective_from > day {
                    Standing::Coming
                } else {
                    Standing::Past
                },
                number: version.number,
                previous: version.number.saturating_sub(1),
                text: text_view(&reading.content, &links, &site, &p),
                may_draft: may(Action::Draft),
                may_link: may(Action::Link),
                may_see_readings: may(Action::SeeReadings),
                id: id.to_string(),
                facts,
                p,
            })
        })
        .await??;
        Ok(show(&template))
    })
    .await
}

pub(super) async fn print(
    State(site): State<Site>,
    signed: Signed,
    Path(id): Path<String>,
    Query(query): Query<ReadQuery>,
) -> Response {
    copy(site, signed, id, query, Form::Print).await
}

pub(super) async fn docx(
    State(site): State<Site>,
    signed: Signed,
    Path(id): Path<String>,
    Query(query): Query<ReadQuery>,
) -> Response {
    copy(site, signed, id, query, Form::Docx).await
}

pub(super) async fn plain(
    State(site): State<Site>,
    signed: Signed,
    Path(id): Path<String>,
    Query(query): Query<ReadQuery>,
) -> Response {
    copy(site, signed, id, query, Form::Text).await
}

async fn copy(site: Site, signed: Signed, id: String, query: ReadQuery, form: Form) -> Response {
    framed(signed.page.clone(), async move {
        let (id, caller, version) = (document_id(&id)?, caller(&signed), ReadQuery::number(&query.version)?);
        let documents = site.documents.clone();
        let copy = blocking(move || documents.export(&caller, &id, version, form, STYLE)).await??;
        Ok(hand_out(copy, form != Form::Print))
    })
    .await
}

#[derive(Template)]
#[template(path = "documents/compare.html")]
struct CompareTemplate {
    p: Page,
    id: String,
    title: String,
    versions: Vec<(u32, String)>,
    from: u32,
    to: u32,
    all: bool,
    rows: Vec<RowView>,
}

pub(super) async fn compare(
    State(site): State<Site>,
    signed: Signed,
    Path(id): Path<String>,
    Query(query): Query<ReadQuery>,
) -> Response {
    framed(signed.page.clone(), async move {
        let (id, caller, p) = (document_id(&id)?, caller(&signed), signed.page);
        let (from, to) = (ReadQuery::number(&query.from)?, ReadQuery::number(&query.to)?);
        let all = query.all == "1";
        let template = blocking(move || -> Result<_, DocumentsError> {
            let document = site.documents.document(&caller, &id)?;
            let latest = document.latest().map_or(0, |version| version.number);
            let to = to.unwrap_or(latest);
            let from = from.unwrap_or_else(|| to.saturating_sub(1).max(1));
            let comparison = site.documents.compare(&caller, &id, from, to)?;
            Ok(CompareTemplate {
                title: comparison.new_title.clone(),
                rows: rows(comparison, all),
                versions: document
                    .versions
                    .iter()
                    .map(|version| {
                        let day = p.day(version.effective_from);
                        let words = match p.lang {
                            Lang::Ja => format!("第{}版（{day}施行）", version.number),
                            Lang::En => format!("version {} (from {day})", version.number),
                        };
                        (version.number, words)
                    })
                    .collect(),
                id: id.to_string(),
                from,
                to,
                all,
                p,
            })
        })
        .await??;
        Ok(show(&template))
    })
    .await
}

/// 新旧対照表 in the form in which it is put before the assembly: A4, three columns.
pub(super) async fn print_comparison(
    State(site): State<Site>,
    signed: Signed,
    Path(id): Path<String>,
    Query(query): Query<ReadQuery>,
) -> Response {
    framed(signed.page.clone(), async move {
        let (id, caller) = (document_id(&id)?, caller(&signed));
        let (Some(from), Some(to)) = (ReadQuery::number(&query.from)?, ReadQuery::number(&query.to)?) else {
            return Err(Problem::not_found());
        };
        let documents = site.documents.clone();
        let copy = blocking(move || documents.export_comparison(&caller, &id, from, to, STYLE)).await??;
        Ok(hand_out(copy, false))
    })
    .await
}

#[derive(Template)]
#[template(path = "documents/readings.html")]
struct ReadingsTemplate {
    p: Page,
    id: String,
    title: String,
    lines: Vec<ReadingLine>,
    newer: Option<u32>,
    older: Option<u32>,
}

struct ReadingLine {
    when: String,
    who: String,
    what: String,
    way: &'static str,
    seq: u64,
}

pub(super) async fn readings(
    State(site): State<Site>,
    signed: Signed,
    Path(id): Path<String>,
    Query(query): Query<ReadQuery>,
) -> Response {
    framed(signed.page.clone(), async move {
        let (id, caller, p) = (document_id(&id)?, caller(&signed), signed.page);
        let page = ReadQuery::number(&query.page)?.unwrap_or_default().min(10_000);
        let template = blocking(move || -> Result<_, DocumentsError> {
            let document = site.documents.document(&caller, &id)?;
            let found = site.documents.readings(
                &caller,
                &id,
                page.saturating_mul(READINGS),
                READINGS.saturating_add(1),
            )?;
            let most = usize::try_from(READINGS).unwrap_or(usize::MAX);
            let next = found.len() > most;
            let lines = found
                .into_iter()
                .take(most)
                .map(|entry| ReadingLine {
                    when: format::moment(entry.time_ms, p.lang),
                    who: who(&site, &entry.reader, &p),
                    what: match (entry.draft.is_some(), p.lang) {
                        (true, _) => p.l("案", "a draft").to_owned(),
                        (false, Lang::Ja) => format!("第{}版", entry.version),
                        (false, Lang::En) => format!("version {}", entry.version),
                    },
                    way: way_word(&entry.way, &p),
                    seq: entry.seq,
                })
                .collect();
            Ok(ReadingsTemplate {
                newer: page.checked_sub(1),
                older: next.then(|| page.saturating_add(1)),
                title: document.title,
                id: id.to_string(),
                lines,
                p,
            })
        })
        .await??;
        Ok(show(&template))
    })
    .await
}

/// A person's name, or that it was done on the server.
pub(super) fn who(site: &Site, actor: &str, p: &Page) -> String {
    match actor.parse() {
        Ok(id) => match site.identity.person(&id) {
            Ok(Some(person)) => person.name,
            _ => actor.to_owned(),
        },
        Err(_) => p.l("サーバーでの操作", "on the server").to_owned(),
    }
}

fn way_word(way: &str, p: &Page) -> &'static str {
    match way {
        "read" => p.l("画面で閲覧", "read"),
        "compare" => p.l("新旧の比較", "compared"),
        "comparison" => p.l("新旧対照表の印刷", "printed the comparison"),
        "print" => p.l("印刷", "printed"),
        "docx" => p.l("Word形式で出力", "taken as DOCX"),
        "html" => p.l("HTMLで出力", "taken as HTML"),
        "text" => p.l("テキストで出力", "taken as text"),
        _ => p.l("その他", "otherwise"),
    }
}
