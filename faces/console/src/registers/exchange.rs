//! Excel and CSV both ways. An import is first played through: what is new, changed, gone and refused is shown cell by
//! cell, and what is then applied is exactly what was shown, or nothing.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Form, Multipart, Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use sekisho_register::{Action, FieldId};
use sekisho_registers::{ExportFormat, ImportOptions, ImportReport, ImportedRow, RegistersError};

use super::list::Asked;
use super::{caller, lang};
use crate::guard::{Signed, percent};
use crate::login::framed;
use crate::page::{Page, go, show};
use crate::problem::Problem;
use crate::state::{Site, blocking};

/// Lines of each part of a dry run that are shown; all of them count.
const SHOWN: usize = 200;

/// `attachment` with a name in any script (RFC 6266).
pub(super) fn attachment(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", percent(name))
}

pub(super) async fn export(
    State(site): State<Site>,
    signed: Signed,
    Path((register, format)): Path<(String, String)>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Response {
    framed(signed.page.clone(), async move {
        let format = match format.as_str() {
            "xlsx" => ExportFormat::Xlsx,
            "csv" => ExportFormat::CsvUtf8,
            "csv-cp932" => ExportFormat::CsvCp932,
            _ => return Err(Problem::not_found()),
        };
        let query = Asked::read(&pairs).query(&register, 0)?;
        let (registers, caller) = (site.registers.clone(), caller(&signed));
        let file = blocking(move || registers.export(&caller, format, &query)).await??;
        Ok((
            [
                (header::CONTENT_TYPE, content_type(format).to_owned()),
                (header::CONTENT_DISPOSITION, attachment(&file.name)),
                (header::CACHE_CONTROL, "no-store".to_owned()),
            ],
            file.bytes,
        )
            .into_response())
    })
    .await
}

const fn content_type(format: ExportFormat) -> &'static str {
    match format {
        ExportFormat::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ExportFormat::CsvUtf8 => "text/csv; charset=utf-8",
        ExportFormat::CsvCp932 => "text/csv; charset=shift_jis",
    }
}

#[derive(Template)]
#[template(path = "registers/import.html")]
struct ImportTemplate {
    p: Page,
    id: String,
    label: String,
    columns: Vec<String>,
}

pub(super) async fn ask(State(site): State<Site>, signed: Signed, Path(register): Path<String>) -> Response {
    framed(signed.page.clone(), async move {
        let (registers, caller, p) = (site.registers.clone(), caller(&signed), signed.page);
        let template = blocking(move || -> Result<_, RegistersError> {
            registers.may(&caller, &register, Action::Import, None)?;
            let definition = registers.definition(&register)?;
            Ok(ImportTemplate {
                label: definition.label.get(lang(&p)).to_owned(),
                columns: definition.layout.columns.iter().map(|column| column.header.clone()).collect(),
                id: register,
                p,
            })
        })
        .await??;
        Ok(show(&template))
    })
    .await
}

#[derive(Template)]
#[template(path = "registers/dry_run.html")]
struct DryRunTemplate {
    p: Page,
    id: String,
    label: String,
    name: String,
    blob: String,
    report: ImportReport,
    shown: usize,
    labels: BTreeMap<String, String>,
    title: String,
}

impl DryRunTemplate {
    fn label_of<'a>(&'a self, field: &'a FieldId) -> &'a str {
        self.labels.get(field.as_str()).map_or(field.as_str(), String::as_str)
    }

    fn title_of<'a>(&self, row: &'a ImportedRow) -> &'a str {
        row.values.get(&self.title).map_or("", String::as_str)
    }
}

pub(super) async fn try_out(
    State(site): State<Site>,
    signed: Signed,
    Path(register): Path<String>,
    form: Multipart,
) -> Response {
    framed(signed.page.clone(), async move {
        let received = super::form::receive(&site, &signed, form).await?;
        let Some(sekisho_register::Value::File { blob, name, .. }) = received.files.get("file").cloned()
        else {
            return Err(Problem::new(422, "no-file", "ファイルを選んでください。", "choose a file"));
        };
        let report = dry_run(&site, &signed, &register, &name, &blob).await?;
        let (definition, lang) = (site.registers.definition(&register)?, lang(&signed.page));
        let template = DryRunTemplate {
            label: definition.label.get(lang).to_owned(),
            labels: definition
                .fields
                .iter()
                .map(|field| (field.id.to_string(), field.label.get(lang).to_owned()))
                .collect(),
            title: definition.title.to_string(),
            shown: SHOWN,
            p: signed.page,
            id: register,
            name,
            blob,
            report,
        };
        Ok(show(&template))
    })
    .await
}

async fn dry_run(
    site: &Site,
    signed: &Signed,
    register: &str,
    name: &str,
    blob: &str,
) -> Result<ImportReport, Problem> {
    let (registers, store, caller) = (site.registers.clone(), site.store.clone(), caller(signed));
    let limit = site.policy().limits.upload_bytes;
    let (register, name, blob) = (register.to_owned(), name.to_owned(), blob.to_owned());
    Ok(blocking(move || -> Result<_, RegistersError> {
        let bytes = store.blobs().read(&blob, limit)?;
        registers.dry_run(&caller, &register, &name, &bytes)
    })
    .await??)
}

#[derive(Deserialize)]
pub(super) struct ApplyForm {
    csrf: String,
    blob: String,
    name: String,
    digest: String,
    #[serde(default)]
    remove_missing: String,
}

pub(super) async fn apply(
    State(site): State<Site>,
    signed: Signed,
    Path(register): Path<String>,
    Form(form): Form<ApplyForm>,
) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        let (caller, at) = (caller(&signed), register.clone());
        blocking(move || -> Result<_, RegistersError> {
            let bytes = site.store.blobs().read(&form.blob, site.policy().limits.upload_bytes)?;
            let options = ImportOptions { remove_missing: form.remove_missing == "1" };
            let report = site.registers.import(&caller, &at, &form.name, &bytes, &form.digest, options)?;
            // The workbook has done its work; what came of it is in the ledger. The same bytes may be an attachment.
            site.checkpoint.discard_unreferenced(&[form.blob]);
            Ok(report)
        })
        .await??;
        Ok(go(&format!("/registers/{register}?done=imported")))
    })
    .await
}
