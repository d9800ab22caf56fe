//! Excel 5.0 to 2003 workbooks ([MS-XLS]): records are read into values, texts and formats, and a new XLSX is written.
//!
//! The input is a stream of records in a compound file, and every byte of it may lie. Nothing of it is carried over as
//! it is: macro sheets, Visual Basic, controls, embedded objects and links to other workbooks stay behind because
//! nothing here reads them, and the report names them. Records that nobody knows are skipped.

mod art;
mod cells;
mod crypt;
mod globals;
mod records;
mod rules;
mod settings;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::compound::{Compound, Entry};
use crate::workbook::{self, Sheet, Workbook};
use crate::{Format, Refusal, RefusalCode, RemovalCode, TextPiece, context::Context, ooxml};

/// What is read of a sheet is reported under its name.
struct Report<'a> {
    sheet: &'a str,
}

/// A new XLSX of a binary workbook.
///
/// # Errors
/// `Encrypted` and `WrongPassword` for workbooks with a password, `Malformed` for what is no workbook.
pub(crate) fn rebuild(input: &[u8], ctx: &mut Context<'_>) -> Result<(Vec<u8>, Format), Refusal> {
    let package = convert(input, ctx)?;
    ooxml::rebuild(&package, Format::Xlsx, ctx)
}

/// The text of its cells.
pub(crate) fn extract_text(input: &[u8], ctx: &mut Context<'_>) -> Result<Vec<TextPiece>, Refusal> {
    let package = convert(input, ctx)?;
    ooxml::extract_text(&package, Format::Xlsx, ctx)
}

fn convert(input: &[u8], ctx: &mut Context<'_>) -> Result<Vec<u8>, Refusal> {
    let file = Compound::read(input)?;
    // Excel 97 could write both kinds of streams into one file; it opens the newer.
    let stream = match file.stream("Workbook", ctx)? {
        Some(stream) => stream,
        None => file.stream("Book", ctx)?.ok_or_else(|| malformed("Workbook"))?,
    };
    report_storages(&file, ctx);
    let book = read(&stream, ctx)?;
    workbook::write(&book, ctx)
}

fn malformed(what: &str) -> Refusal {
    Refusal::new(RefusalCode::Malformed, format!("xls: {what}"))
}

/// Reads a stream of records.
fn read(stream: &[u8], ctx: &mut Context<'_>) -> Result<Workbook, Refusal> {
    let first = records::Records::new(stream, 0).next().ok_or_else(|| malformed("BOF"))?;
    let version = first.cursor().rest().first_chunk::<2>().map_or(0, |two| u16::from_le_bytes(*two));
    if first.id != 0x809 || version < 0x500 {
        return Err(Refusal::new(RefusalCode::UnsupportedFormat, "xls: Excel 4.0 以前の形式"));
    }
    let stream: Cow<'_, [u8]> = crypt::decrypted(stream, ctx)?;
    let mut globals = globals::read(&stream, version >= 0x600, ctx)?;
    let mut sheets = Vec::new();
    for bound in globals.bounds.clone() {
        if bound.kind != 0 {
            continue;
        }
        if sheets.len() as u64 >= u64::from(ctx.limits().pages) {
            return Err(Refusal::new(RefusalCode::LimitReached, format!("pages {}", ctx.limits().pages)));
        }
        let mut sheet = cells::read(&stream, &bound, sheets.len(), &mut globals, ctx)?;
        sheet.hidden = bound.state == 1;
        sheet.very_hidden = bound.state == 2;
        sheets.push(sheet);
    }
    if sheets.is_empty() {
        // A workbook of charts or macros only: an empty sheet says that nothing else could stay.
        sheets.push(Sheet { name: "Sheet1".to_owned(), ..Sheet::default() });
    }
    if sheets.iter().all(|sheet| sheet.hidden || sheet.very_hidden)
        && let Some(first) = sheets.first_mut()
    {
        first.hidden = false;
        first.very_hidden = false;
    }
    let mut book = globals.book;
    let in_front = globals.kept.get(book.active).copied().flatten().unwrap_or(0);
    book.active = if sheets.get(in_front).is_some_and(|s| !s.hidden && !s.very_hidden) {
        in_front
    } else {
        sheets.iter().position(|s| !s.hidden && !s.very_hidden).unwrap_or(0)
    };
    book.sheets = sheets;
    Ok(book)
}

/// Names what lies beside the workbook: nothing of it is opened.
fn report_storages(file: &Compound<'_>, ctx: &mut Context<'_>) {
    let Some(root) = file.root() else { return };
    for entry in file.children(&root) {
        if let Some((code, what)) = beside(&entry) {
            ctx.removed(code, what);
        }
    }
}

fn beside(entry: &Entry) -> Option<(RemovalCode, String)> {
    let lower = entry.name.to_lowercase();
    let shown: String = entry.name.chars().filter(|c| !c.is_control()).collect();
    Some(match lower.as_str() {
        "workbook" | "book" => return None,
        "_vba_project_cur" | "_vba_project" | "macros" => (RemovalCode::Vba, shown),
        "ctls" => (RemovalCode::ActiveX, shown),
        "\u{5}summaryinformation" | "\u{5}documentsummaryinformation" => {
            (RemovalCode::Metadata, "文書のプロパティ".to_owned())
        }
        "\u{1}compobj" | "user names" | "revision log" => (RemovalCode::Metadata, shown),
        "_xmlsignatures" | "_signatures" => (RemovalCode::Signature, shown),
        "_sx_db_cur" => (RemovalCode::DataConnection, shown),
        "msodatastore" => (RemovalCode::CustomXml, shown),
        name if name.starts_with("mbd") || entry.is_storage => (RemovalCode::EmbeddedObject, shown),
        _ => (RemovalCode::UnknownPart, shown),
    })
}
