//! Several rows at once, like a spreadsheet: a table of inputs that works as a plain form; with a script, rows copied in
//! Excel can be pasted, arrows move between cells, and anything can be undone before it is sent. All rows are saved in one
//! unit of work or none is.

use askama::Template;
use axum::extract::{Multipart, Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use sekisho_register::{Action, Values};
use sekisho_registers::{Draft, RegistersError};

use super::fields::{Errors, Suggestions, Typed, Widget, read, suggestions, widgets};
use super::form::receive;
use super::{caller, lang};
use crate::guard::Signed;
use crate::login::framed;
use crate::page::{Page, go, show_with};
use crate::problem::Problem;
use crate::state::{Site, blocking};

/// Rows of an empty grid.
const ROWS: usize = 10;

/// Most rows that one form takes.
const MOST: usize = 500;

#[derive(Template)]
#[template(path = "registers/grid.html")]
struct GridTemplate {
    p: Page,
    id: String,
    label: String,
    heads: Vec<Widget>,
    rows: Vec<Vec<Widget>>,
    lists: Vec<Suggestions>,
    errors: Vec<(String, String)>,
    most: usize,
}

pub(super) async fn blank(
    State(site): State<Site>,
    signed: Signed,
    Path(register): Path<String>,
) -> Response {
    framed(signed.page.clone(), async move {
        let (registers, asking, at) = (site.registers.clone(), caller(&signed), register.clone());
        blocking(move || registers.may(&asking, &at, Action::Add, None)).await??;
        page(&site, signed, register, vec![None; ROWS], Vec::new()).await
    })
    .await
}

pub(super) async fn submit(
    State(site): State<Site>,
    signed: Signed,
    Path(register): Path<String>,
    form: Multipart,
) -> Response {
    framed(signed.page.clone(), async move {
        let received = receive(&site, &signed, form).await?;
        let rows = rows_of(received.typed);
        if rows.len() > MOST {
            return Err(Problem::new(
                422,
                "too-many-rows",
                format!("一度に入力できるのは{MOST}行までです。多いときはExcelの取込みを使ってください。"),
                format!("at most {MOST} rows at once; import a workbook for more"),
            ));
        }
        let (registers, asking, lang) = (site.registers.clone(), caller(&signed), lang(&signed.page));
        let at = register.clone();
        let (outcome, rows) = blocking(move || {
            let outcome = (|| -> Result<Result<usize, Vec<Errors>>, RegistersError> {
                let definition = registers.definition(&at)?;
                let empty = Values::new();
                let parsed: Vec<(Values, Errors)> = registers.with_lookup(|lookup| {
                    rows.iter()
                        .map(|typed| {
                            read(
                                definition,
                                typed,
                                &std::collections::BTreeMap::new(),
                                &empty,
                                &[],
                                lookup,
                                lang,
                            )
                        })
                        .collect()
                })?;
                if parsed.iter().any(|(_, errors)| !errors.is_empty()) {
                    return Ok(Err(parsed.into_iter().map(|(_, errors)| errors).collect()));
                }
                let drafts: Vec<Draft> =
                    parsed.into_iter().map(|(values, _)| Draft { values, ..Draft::default() }).collect();
                match registers.save_many(&asking, &at, drafts) {
                    Ok(saved) => Ok(Ok(saved.len())),
                    Err(RegistersError::Refused(refused)) => {
                        let mut errors = vec![Errors::new(); rows.len()];
                        for row in refused {
                            let Some(slot) = errors.get_mut(row.index) else { continue };
                            for violation in row.violations.into_iter().filter(|one| one.refuse) {
                                let field = violation.field.map(|id| id.to_string()).unwrap_or_default();
                                slot.entry(field).or_insert_with(|| violation.message.get(lang).to_owned());
                            }
                        }
                        Ok(Err(errors))
                    }
                    Err(error) => Err(error),
                }
            })();
            (outcome, rows)
        })
        .await?;
        match outcome? {
            Ok(_) => Ok(go(&format!("/registers/{register}?done=saved"))),
            Err(errors) => page(&site, signed, register, rows.into_iter().map(Some).collect(), errors).await,
        }
    })
    .await
}

/// Cells named `ROW.FIELD` as rows; rows in which nothing was typed are left out.
fn rows_of(typed: Typed) -> Vec<Typed> {
    let mut rows: std::collections::BTreeMap<u32, Typed> = std::collections::BTreeMap::new();
    for (name, values) in typed {
        let Some((row, field)) = name.split_once('.') else { continue };
        let Ok(row) = row.parse::<u32>() else { continue };
        rows.entry(row).or_default().insert(field.to_owned(), values);
    }
    rows.into_values().filter(|row| row.values().flatten().any(|text| !text.trim().is_empty())).collect()
}

async fn page(
    site: &Site,
    signed: Signed,
    register: String,
    rows: Vec<Option<Typed>>,
    errors: Vec<Errors>,
) -> Result<Response, Problem> {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let (registers, asking, policy, p) =
        (site.registers.clone(), caller(&signed), site.policy().clone(), signed.page);
    let template = blocking(move || -> Result<_, RegistersError> {
        let definition = registers.definition(&register)?;
        let lang = lang(&p);
        let lists = suggestions(&registers, &asking, definition)?;
        let (empty, none) = (Values::new(), Errors::new());
        let (heads, rows) = registers.with_lookup(|lookup| {
            let draw = |typed: Option<&Typed>, errors: &Errors| -> Vec<Widget> {
                widgets(definition, &policy, &empty, &[], typed, errors, lookup, lang)
                    .into_iter()
                    .filter(|widget| widget.kind != "file")
                    .collect()
            };
            let rows: Vec<Vec<Widget>> = rows
                .iter()
                .enumerate()
                .map(|(index, typed)| draw(typed.as_ref(), errors.get(index).unwrap_or(&none)))
                .collect();
            (draw(None, &none), rows)
        })?;
        let told = errors
            .iter()
            .enumerate()
            .flat_map(|(index, errors)| {
                let row = index.saturating_add(1);
                errors
                    .iter()
                    .map(move |(field, message)| (format!("f-{index}.{field}"), format!("{row}: {message}")))
            })
            .collect();
        Ok(GridTemplate {
            label: definition.label.get(lang).to_owned(),
            id: register,
            errors: told,
            most: MOST,
            heads,
            rows,
            lists,
            p,
        })
    })
    .await??;
    Ok(show_with(status, &template))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_become_rows_and_empty_rows_are_left_out() {
        let cell = |name: &str, text: &str| (name.to_owned(), vec![text.to_owned()]);
        let typed = Typed::from([
            cell("0.name", "髙﨑"),
            cell("0.unit", "fukushi"),
            cell("1.name", " "),
            cell("10.name", "𠮷田"),
            cell("2.name", "加"),
            cell("x.name", "no row"),
            cell("reason", ""),
        ]);
        let names: Vec<String> = rows_of(typed).iter().map(|row| row["name"][0].clone()).collect();
        assert_eq!(names, ["髙﨑", "加", "𠮷田"]);
    }
}
