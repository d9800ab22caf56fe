//! The organisation of information security (組織体制): who holds which office this fiscal year, and what is missing.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use sekisho_people::Gap;
use sekisho_register::era::FiscalYear;
use sekisho_register::{FieldType, Value};
use sekisho_registers::RowView;

use crate::guard::Signed;
use crate::login::framed;
use crate::page::{Page, show};
use crate::problem::Problem;
use crate::registers::{caller, lang};
use crate::state::{Site, blocking};

#[derive(Template)]
#[template(path = "people/offices.html")]
struct OfficesTemplate {
    p: Page,
    year: String,
    gaps: Vec<(String, String)>,
    offices: Vec<Office>,
    may_change: bool,
}

/// One office with everybody who holds it.
struct Office {
    label: String,
    holders: Vec<Holder>,
}

struct Holder {
    link: String,
    unit: String,
    name: String,
    term: String,
    deputy: String,
}

pub(super) async fn show_offices(State(site): State<Site>, signed: Signed) -> Response {
    framed(signed.page.clone(), async move {
        let (caller, principal, p) = (caller(&signed), signed.principal(), signed.page);
        let template = blocking(move || -> Result<_, Problem> {
            let lang = lang(&p);
            let definition = site.registers.definition("offices")?;
            let year = FiscalYear::of(site.registers.env().today);
            let rows: Vec<RowView> = site
                .registers
                .all_rows(&caller, "offices")?
                .into_iter()
                .filter(|row| row.values.get("fiscal_year").as_int() == Some(i64::from(year.year())))
                .collect();
            let gaps: Vec<Gap> = site.people.office_gaps(&principal)?;
            let choices: Vec<(String, String)> = match definition.field("office").map(|field| &field.kind) {
                Some(FieldType::Choice) => definition
                    .field("office")
                    .map(|field| {
                        let all = field.choices.iter();
                        all.map(|one| (one.id.clone(), one.label.get(lang).to_owned())).collect()
                    })
                    .unwrap_or_default(),
                _ => Vec::new(),
            };
            // In the order of the declaration, so that a department stands before its sections.
            let place = |row: &RowView| {
                let unit = row.values.get("unit").as_text().unwrap_or_default();
                site.policy().units.iter().position(|known| known.id.as_str() == unit)
            };
            let offices = site.registers.with_lookup(|lookup| {
                let shown = |row: &RowView, field: &str| match definition.field(field) {
                    Some(field) => field.show(row.values.get(field.id.as_str()), lang, lookup),
                    None => String::new(),
                };
                choices
                    .into_iter()
                    .filter_map(|(id, label)| {
                        let mut held: Vec<&RowView> = rows
                            .iter()
                            .filter(|row| row.values.get("office").as_text() == Some(&id))
                            .collect();
                        held.sort_by_key(|row| place(row));
                        let holders: Vec<Holder> = held
                            .into_iter()
                            .map(|row| Holder {
                                link: format!("/registers/offices/rows/{}", row.id),
                                unit: shown(row, "unit"),
                                name: match row.values.get("person") {
                                    Value::Null => shown(row, "outside_person"),
                                    _ => shown(row, "person"),
                                },
                                term: shown(row, "term_of_office"),
                                deputy: shown(row, "deputy_person"),
                            })
                            .collect();
                        (!holders.is_empty()).then_some(Office { label, holders })
                    })
                    .collect()
            })?;
            let may_change =
                site.registers.may(&caller, "offices", sekisho_register::Action::Add, None).is_ok();
            Ok(OfficesTemplate {
                year: if p.lang == sekisho_policy::Lang::Ja {
                    year.label()
                } else {
                    format!("fiscal {}", year.year())
                },
                gaps: gaps
                    .into_iter()
                    .map(|gap| {
                        let link = gap.row.map(|row| format!("/registers/offices/rows/{row}"));
                        (gap.sentence.get(lang).to_owned(), link.unwrap_or_default())
                    })
                    .collect(),
                offices,
                may_change,
                p,
            })
        })
        .await??;
        Ok(show(&template))
    })
    .await
}
