//! Pages for paper (A4): a list in the city's layout, one row as a form, labels with a QR code. They are printed by the browser.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use qrcodegen::{QrCode, QrCodeEcc};

use sekisho_register::{Axis, FieldType, Orientation};
use sekisho_registers::RegistersError;

use super::list::Asked;
use super::row::{Fact, facts};
use super::{caller, lang, row_id};
use crate::guard::Signed;
use crate::login::framed;
use crate::page::{Page, show};
use crate::problem::Problem;
use crate::state::{Site, blocking};

/// Most rows on paper at once.
const MOST: u32 = 1000;

#[derive(Template)]
#[template(path = "registers/print_list.html")]
struct PrintTemplate {
    p: Page,
    id: String,
    title: String,
    made: String,
    landscape: bool,
    heads: Vec<String>,
    rows: Vec<Vec<String>>,
    total: u64,
}

pub(super) async fn list(
    State(site): State<Site>,
    signed: Signed,
    Path(register): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Response {
    framed(signed.page.clone(), async move {
        let query = Asked::read(&pairs).query(&register, MOST)?;
        let (registers, caller, p) = (site.registers.clone(), caller(&signed), signed.page);
        let template = blocking(move || -> Result<_, RegistersError> {
            let definition = registers.definition(&register)?;
            let (lang, env) = (lang(&p), registers.env());
            let found = registers.list(&caller, &query)?;
            let columns: Vec<_> = definition
                .layout
                .columns
                .iter()
                .filter_map(|column| Some((column.header.clone(), definition.field(column.field.as_str())?)))
                .collect();
            let rows = registers.with_lookup(|lookup| {
                found
                    .rows
                    .iter()
                    .map(|row| {
                        columns
                            .iter()
                            .map(|(_, field)| {
                                if field.derive.is_some() {
                                    definition.derived(field, &row.values, &env, lookup, lang)
                                } else {
                                    field.show(row.values.get(field.id.as_str()), lang, lookup)
                                }
                            })
                            .collect()
                    })
                    .collect()
            })?;
            Ok(PrintTemplate {
                title: definition.layout.title.get(lang).to_owned(),
                made: sekisho_register::era::format_wareki(env.today),
                landscape: definition.layout.orientation == Orientation::Landscape,
                heads: columns.into_iter().map(|(header, _)| header).collect(),
                total: found.total,
                id: register,
                rows,
                p,
            })
        })
        .await??;
        Ok(show(&template))
    })
    .await
}

#[derive(Template)]
#[template(path = "registers/print_row.html")]
struct PrintRowTemplate {
    p: Page,
    title: String,
    name: String,
    made: String,
    facts: Vec<Fact>,
}

pub(super) async fn row(
    State(site): State<Site>,
    signed: Signed,
    Path((register, row)): Path<(String, String)>,
) -> Response {
    framed(signed.page.clone(), async move {
        let row = row_id(&row)?;
        let (registers, caller, p) = (site.registers.clone(), caller(&signed), signed.page);
        let template = blocking(move || -> Result<_, RegistersError> {
            let definition = registers.definition(&register)?;
            let env = registers.env();
            let view = registers.row(&caller, &register, &row, None)?;
            let facts = registers.with_lookup(|lookup| facts(definition, &view, &env, lookup, &p))?;
            Ok(PrintRowTemplate {
                title: definition.layout.title.get(lang(&p)).to_owned(),
                name: if view.title.is_empty() { view.key } else { view.title },
                made: sekisho_register::era::format_wareki(env.today),
                facts,
                p,
            })
        })
        .await??;
        Ok(show(&template))
    })
    .await
}

#[derive(Template)]
#[template(path = "registers/labels.html")]
struct LabelsTemplate {
    p: Page,
    title: String,
    labels: Vec<Label>,
}

struct Label {
    key: String,
    name: String,
    class: String,
    unit: String,
    /// A drawing of squares; made here, so that nothing of a row gets into it but the address.
    path: String,
    size: i32,
}

pub(super) async fn labels(
    State(site): State<Site>,
    signed: Signed,
    Path(register): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Response {
    framed(signed.page.clone(), async move {
        let query = Asked::read(&pairs).query(&register, MOST)?;
        let (registers, caller, p) = (site.registers.clone(), caller(&signed), signed.page);
        let template = blocking(move || -> Result<_, Problem> {
            let definition = registers.definition(&register)?;
            let lang = lang(&p);
            let found = registers.list(&caller, &query)?;
            let class = definition
                .fields
                .iter()
                .find(|field| matches!(field.kind, FieldType::Class(Axis::Confidentiality)));
            let unit = definition.unit_field.as_ref().and_then(|id| definition.field(id.as_str()));
            let labels = registers.with_lookup(|lookup| {
                found
                    .rows
                    .iter()
                    .map(|row| {
                        let text = |field: Option<&sekisho_register::Field>| {
                            field.map_or(String::new(), |field| {
                                field.show(row.values.get(field.id.as_str()), lang, lookup)
                            })
                        };
                        let (path, size) = qr(&format!("/registers/{register}/rows/{}", row.id))?;
                        Ok(Label {
                            key: row.key.clone(),
                            name: row.title.clone(),
                            class: text(class),
                            unit: text(unit),
                            path,
                            size,
                        })
                    })
                    .collect::<Result<Vec<_>, Problem>>()
            })??;
            Ok(LabelsTemplate { title: definition.label.get(lang).to_owned(), labels, p })
        })
        .await??;
        Ok(show(&template))
    })
    .await
}

/// A QR code as the path of an SVG drawing, with its side in squares (four of them free on each side).
fn qr(text: &str) -> Result<(String, i32), Problem> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).map_err(|_| Problem::internal())?;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in 0..code.size() {
            if code.get_module(x, y) {
                path.push_str(&format!("M{},{}h1v1h-1z", x.saturating_add(4), y.saturating_add(4)));
            }
        }
    }
    Ok((path, code.size().saturating_add(8)))
}
