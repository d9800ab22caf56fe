//! One row: its values, what refers to it, its whole history with every difference, and its removal.

use askama::Template;
use axum::extract::{Form, Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use sekisho_register::{Action, Definition, Field, FieldType, Lookup, Value};
use sekisho_registers::{RegistersError, RowView, Saved, VersionKind};

use super::{caller, lang, row_id};
use crate::format;
use crate::guard::Signed;
use crate::login::framed;
use crate::page::{Page, go, show};
use crate::problem::Problem;
use crate::state::{Site, blocking};

#[derive(Template)]
#[template(path = "registers/row.html")]
struct RowTemplate {
    p: Page,
    id: String,
    label: String,
    row: String,
    name: String,
    facts: Vec<Fact>,
    findings: Vec<String>,
    history: Vec<Past>,
    referrers: Vec<(String, String, String)>,
    as_of: String,
    may_change: bool,
    may_remove: bool,
}

/// A field of the row for people.
pub(super) struct Fact {
    pub(super) label: String,
    pub(super) text: String,
    pub(super) section: String,
    /// Where the value leads: another row, or a file.
    pub(super) link: String,
    pub(super) held_back: bool,
}

struct Past {
    version: u32,
    kind: &'static str,
    when: String,
    machine: String,
    who: String,
    reason: String,
    case: String,
    seq: u64,
    changes: Vec<(String, String, String)>,
    disposed: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct RowQuery {
    as_of: String,
    done: String,
}

pub(super) async fn show_row(
    State(site): State<Site>,
    signed: Signed,
    Path((register, row)): Path<(String, String)>,
    Query(query): Query<RowQuery>,
) -> Response {
    framed(signed.page.clone(), async move {
        let row = row_id(&row)?;
        let as_of = match query.as_of.trim() {
            "" => None,
            text => Some(
                sekisho_register::era::parse_date(text)
                    .map_err(|error| Problem::new(422, "as-of", error.ja(), error.en()))?,
            ),
        };
        let (registers, identity, caller) = (site.registers.clone(), site.identity.clone(), caller(&signed));
        let page = signed.page;
        let template = blocking(move || -> Result<_, RegistersError> {
            let definition = registers.definition(&register)?;
            let lang = lang(&page);
            let view = registers.row(&caller, &register, &row, as_of)?;
            let history = registers.history(&caller, &register, &row)?;
            let who = |actor: &str| match actor.parse() {
                Ok(id) => match identity.person(&id) {
                    Ok(Some(person)) => person.name,
                    _ => actor.to_owned(),
                },
                Err(_) => page.l("サーバーでの操作", "on the server").to_owned(),
            };
            let env = registers.env();
            let may = |action| registers.may(&caller, &register, action, Some(&row)).is_ok();
            let referrers = registers
                .referrers(&caller, &register, &row)?
                .into_iter()
                .map(|one| {
                    let link = format!("/registers/{}/rows/{}", one.register, one.row);
                    (one.label.get(lang).to_owned(), one.title, link)
                })
                .collect();
            let (facts, history) = registers.with_lookup(|lookup| {
                let facts = facts(definition, &view, &env, lookup, &page);
                let history = history
                    .into_iter()
                    .rev()
                    .map(|version| Past {
                        version: version.version,
                        kind: match version.kind {
                            VersionKind::Added => page.l("追加", "added"),
                            VersionKind::Changed => page.l("変更", "changed"),
                            VersionKind::Removed => page.l("削除", "removed"),
                        },
                        when: format::moment(version.time_ms, page.lang),
                        machine: format::machine_moment(version.time_ms),
                        who: who(&version.actor),
                        reason: version.reason,
                        case: version.case.map(|case| case.to_string()).unwrap_or_default(),
                        seq: version.seq,
                        disposed: version.changes.is_none(),
                        changes: version
                            .changes
                            .unwrap_or_default()
                            .into_iter()
                            .filter(|change| !view.hidden.contains(&change.field))
                            .map(|change| {
                                let shown = |value: &Value| match definition.field(change.field.as_str()) {
                                    Some(field) => field.show(value, lang, lookup),
                                    None => String::new(),
                                };
                                let label = definition.field(change.field.as_str()).map_or_else(
                                    || change.field.to_string(),
                                    |field| field.label.get(lang).to_owned(),
                                );
                                (label, shown(&change.old), shown(&change.new))
                            })
                            .collect(),
                    })
                    .collect();
                (facts, history)
            })?;
            let findings = definition
                .check_row(&view.values, &env)
                .into_iter()
                .filter(|one| one.rule.is_some() && !one.refuse)
                .map(|one| one.message.get(lang).to_owned())
                .collect();
            Ok(RowTemplate {
                label: definition.label.get(lang).to_owned(),
                name: if view.title.is_empty() { view.key.clone() } else { view.title.clone() },
                as_of: as_of.map(sekisho_register::era::format_wareki).unwrap_or_default(),
                may_change: as_of.is_none() && may(Action::Change),
                may_remove: as_of.is_none() && may(Action::Remove),
                row: row.to_string(),
                id: register,
                facts,
                findings,
                history,
                referrers,
                p: page,
            })
        })
        .await??;
        let notice = match query.done.as_str() {
            "saved" => template.p.l("保存しました。", "Saved.").to_owned(),
            _ => String::new(),
        };
        let template = RowTemplate { p: template.p.clone().with_notice(notice), ..template };
        Ok(show(&template))
    })
    .await
}

/// Every field of a row for people, with what is kept back named as such.
pub(super) fn facts(
    definition: &Definition,
    view: &RowView,
    env: &sekisho_register::Env,
    lookup: &dyn Lookup,
    page: &Page,
) -> Vec<Fact> {
    let lang = lang(page);
    definition
        .fields
        .iter()
        .map(|field| {
            let held_back = view.hidden.contains(&field.id);
            let value = view.values.get(field.id.as_str());
            Fact {
                label: field.label.get(lang).to_owned(),
                text: if held_back {
                    page.l("（閲覧できません）", "(kept back)").to_owned()
                } else if field.derive.is_some() {
                    definition.derived(field, &view.values, env, lookup, lang)
                } else {
                    field.show(value, lang, lookup)
                },
                section: field.section.as_ref().map(|text| text.get(lang).to_owned()).unwrap_or_default(),
                link: if held_back { String::new() } else { link(definition, view, field, value) },
                held_back,
            }
        })
        .collect()
}

fn link(definition: &Definition, view: &RowView, field: &Field, value: &Value) -> String {
    match (&field.kind, value) {
        (FieldType::Person, Value::Text(id)) => format!("/registers/staff/rows/{id}"),
        (FieldType::Reference(register), Value::Text(id)) => format!("/registers/{register}/rows/{id}"),
        (FieldType::Url, Value::Text(url)) => url.clone(),
        (FieldType::File, Value::File { .. }) => {
            format!("/registers/{}/rows/{}/files/{}", definition.id, view.id, field.id)
        }
        _ => String::new(),
    }
}

/// An attachment, always as a download.
pub(super) async fn file(
    State(site): State<Site>,
    signed: Signed,
    Path((register, row, field)): Path<(String, String, String)>,
) -> Response {
    framed(signed.page.clone(), async move {
        let row = row_id(&row)?;
        let (registers, store, caller) = (site.registers.clone(), site.store.clone(), caller(&signed));
        let limit = site.policy().limits.upload_bytes;
        let (name, bytes) = blocking(move || -> Result<_, RegistersError> {
            let view = registers.row(&caller, &register, &row, None)?;
            match view.values.get(&field) {
                Value::File { blob, name, .. } => Ok((name.clone(), store.blobs().read(blob, limit)?)),
                _ => Err(RegistersError::NotFound(field)),
            }
        })
        .await??;
        Ok((
            [
                (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
                (header::CONTENT_DISPOSITION, super::exchange::attachment(&name)),
                (header::CACHE_CONTROL, "no-store".to_owned()),
            ],
            bytes,
        )
            .into_response())
    })
    .await
}

#[derive(Template)]
#[template(path = "registers/remove.html")]
struct RemoveTemplate {
    p: Page,
    id: String,
    label: String,
    row: String,
    name: String,
    version: u32,
}

pub(super) async fn ask_removal(
    State(site): State<Site>,
    signed: Signed,
    Path((register, row)): Path<(String, String)>,
) -> Response {
    framed(signed.page.clone(), async move {
        let row = row_id(&row)?;
        let (registers, caller, page) = (site.registers.clone(), caller(&signed), signed.page);
        let template = blocking(move || -> Result<_, RegistersError> {
            registers.may(&caller, &register, Action::Remove, Some(&row))?;
            let definition = registers.definition(&register)?;
            let view = registers.row(&caller, &register, &row, None)?;
            Ok(RemoveTemplate {
                label: definition.label.get(lang(&page)).to_owned(),
                name: if view.title.is_empty() { view.key } else { view.title },
                version: view.version,
                row: row.to_string(),
                id: register,
                p: page,
            })
        })
        .await??;
        Ok(show(&template))
    })
    .await
}

#[derive(Deserialize)]
pub(super) struct RemoveForm {
    csrf: String,
    version: u32,
    #[serde(default)]
    reason: String,
}

pub(super) async fn remove(
    State(site): State<Site>,
    signed: Signed,
    Path((register, row)): Path<(String, String)>,
    Form(form): Form<RemoveForm>,
) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        let row = row_id(&row)?;
        let (registers, caller, at) = (site.registers.clone(), caller(&signed), register.clone());
        let saved = blocking(move || registers.remove(&caller, &at, &row, form.version, form.reason.trim()))
            .await??;
        Ok(match saved {
            Saved::Done { .. } => go(&format!("/registers/{register}?done=removed")),
            Saved::Waiting { case } => go(&format!("/cases/{case}?done=drafted")),
        })
    })
    .await
}
