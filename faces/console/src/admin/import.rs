//! People from a CSV file: first what would happen, with line numbers; then, on a second press, the same text is
//! applied as a whole.

use askama::Template;
use axum::Router;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, State};
use axum::response::Response;
use axum::routing::get;

use sekisho_identity::{ImportMode, ImportReport};
use sekisho_policy::Lang;

use super::people::{Choice, roles, units};
use super::{PEOPLE, actor, before_change, fresh, require};
use crate::guard::Signed;
use crate::page::{Page, show, show_with};
use crate::problem::Problem;
use crate::state::{Site, blocking};

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/admin/people/import", get(form).post(run))
}

/// A line of the file that is, or would be, applied.
struct Row {
    line: u64,
    login: String,
    name: String,
    changes: Vec<String>,
}

#[derive(Template)]
#[template(path = "admin_import.html")]
struct ImportTemplate {
    p: Page,
    fresh: bool,
    error: String,
    text: String,
    /// Whether the file was looked at.
    checked: bool,
    applied: bool,
    added: Vec<Row>,
    changed: Vec<Row>,
    unchanged: u32,
    refused: Vec<(u64, String)>,
    units: Vec<Choice>,
    roles: Vec<Choice>,
}

async fn form(State(site): State<Site>, signed: Signed) -> Response {
    if let Err(problem) = require(&signed, PEOPLE) {
        return problem.page(signed.page);
    }
    let template = template(&site, &signed, String::new(), None);
    show(&template)
}

fn template(site: &Site, signed: &Signed, text: String, report: Option<ImportReport>) -> ImportTemplate {
    let page = signed.page.clone();
    let lang = page.lang;
    let row = |row: sekisho_identity::ImportedRow| Row {
        line: row.line,
        login: row.login,
        name: row.name,
        changes: row
            .changes
            .into_iter()
            .map(|change| if lang == Lang::Ja { change.ja } else { change.en })
            .collect(),
    };
    let checked = report.is_some();
    let report = report.unwrap_or_default();
    ImportTemplate {
        fresh: fresh(site, signed),
        error: String::new(),
        text,
        checked,
        applied: report.applied,
        added: report.added.into_iter().map(row).collect(),
        changed: report.changed.into_iter().map(row).collect(),
        unchanged: report.unchanged,
        refused: report
            .refused
            .into_iter()
            .map(|row| (row.line, if lang == Lang::Ja { row.message.ja } else { row.message.en }))
            .collect(),
        units: units(site, &page, ""),
        roles: roles(site, &page, &[]),
        p: page,
    }
}

/// What the form sends.
#[derive(Default)]
struct Sent {
    csrf: String,
    step: String,
    text: String,
    file: Vec<u8>,
}

async fn read(mut multipart: Multipart) -> Result<Sent, Problem> {
    let broken = || {
        Problem::bad_request(
            "送信データを読み取れません。もう一度送ってください。",
            "the form can't be read; send it again",
        )
    };
    let mut sent = Sent::default();
    while let Some(field) = multipart.next_field().await.map_err(|_| broken())? {
        let name = field.name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(|_| broken())?;
        let text = || String::from_utf8(bytes.to_vec()).map_err(|_| broken());
        match name.as_str() {
            "csrf" => sent.csrf = text()?,
            "step" => sent.step = text()?,
            "text" => sent.text = text()?,
            "file" => sent.file = bytes.to_vec(),
            _ => {}
        }
    }
    Ok(sent)
}

/// The text of a CSV file: UTF-8, or else CP932 as Japanese Excel writes it.
fn decode(bytes: &[u8]) -> Result<String, Problem> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(text.trim_start_matches('\u{feff}').to_owned());
    }
    let (text, _, failed) = encoding_rs::SHIFT_JIS.decode(bytes);
    if failed {
        return Err(Problem::new(
            422,
            "invalid",
            "ファイルの文字コードを判別できません。UTF-8 又は Shift_JIS（CP932）のCSVで保存し直してください。",
            "the file is neither UTF-8 nor Shift_JIS (CP932); save it as one of these",
        ));
    }
    Ok(text.into_owned())
}

async fn run(
    State(site): State<Site>,
    signed: Signed,
    multipart: Result<Multipart, MultipartRejection>,
) -> Response {
    let Ok(multipart) = multipart else {
        return Problem::bad_request("送信の形式が正しくありません。", "the form was sent in the wrong form")
            .page(signed.page);
    };
    let sent = match read(multipart).await {
        Ok(sent) => sent,
        Err(problem) => return problem.page(signed.page),
    };
    if let Err(response) = before_change(&site, &signed, &sent.csrf, "/admin/people/import").await {
        return *response;
    }
    let text = if sent.file.is_empty() { Ok(sent.text) } else { decode(&sent.file) };
    let mode = if sent.step == "apply" { ImportMode::Apply } else { ImportMode::DryRun };
    let text = match text {
        Ok(text) if !text.trim().is_empty() => text,
        Ok(_) => {
            let problem = Problem::new(
                422,
                "invalid",
                "CSVファイルを選ぶか、内容を貼り付けてください。",
                "choose a CSV file or paste its text",
            );
            return refused(&site, &signed, &problem);
        }
        Err(problem) => return refused(&site, &signed, &problem),
    };
    // One line end, so that the numbers of refused lines are those that an editor shows.
    let text = text.replace("\r\n", "\n");
    let (identity, actor, csv) = (site.identity.clone(), actor(&signed), text.clone());
    let report = match blocking(move || identity.import_people(&actor, &csv, mode)).await {
        Ok(Ok(report)) => report,
        Ok(Err(error)) => return Problem::from(error).page(signed.page),
        Err(problem) => return problem.page(signed.page),
    };
    let applied = report.applied;
    let mut template = template(&site, &signed, text, Some(report));
    if applied {
        let notice = template.p.l("登録しました。", "Applied.").to_owned();
        template.p = template.p.with_notice(notice);
    }
    show(&template)
}

fn refused(site: &Site, signed: &Signed, problem: &Problem) -> Response {
    let mut template = template(site, signed, String::new(), None);
    template.error = problem.message(signed.page.lang).to_owned();
    show_with(problem.status_code(), &template)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_may_be_utf_8_or_cp932_and_nothing_else() {
        let check =
            |bytes: &[u8], expected: Option<&str>| assert_eq!(decode(bytes).ok().as_deref(), expected);
        check("氏名\n".as_bytes(), Some("氏名\n"));
        check(b"\xef\xbb\xbflogin\n", Some("login\n"));
        // 氏名, then ① of NEC row 13 and 髙 of the IBM extension, which CP932 has and Shift_JIS proper has not.
        check(b"\x8e\x81\x96\xbc\x87\x40\xfb\xfc", Some("氏名①髙"));
        check(b"\x8e\x81\xff\xff", None);
    }
}
