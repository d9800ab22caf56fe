//! Binary workbooks in a package ([MS-XLSB]): the binary parts are read like those of old workbooks and written as XML.
//!
//! Parts that are XML already (theme, drawings, charts) are handed to the rebuild as they are found, which reads them as
//! it reads those of any workbook and writes its own. Macro sheets, Visual Basic and whatever else is binary is not read.

mod parts;
mod records;
mod sheet;
mod styles;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use parts::{Parts, Relationship};
use records::{Records, formula, rich, text};

use crate::workbook::cursor::Cursor;
use crate::workbook::tokens::{self, Dialect, Scope};
use crate::workbook::{self, Comment, Name, Sheet, Workbook};
use crate::{Format, Refusal, RefusalCode, RemovalCode, TextPiece, context::Context, ooxml};

/// A new XLSX of a binary workbook.
///
/// # Errors
/// `Malformed` for what is no workbook, and what the package's reader refuses.
pub(crate) fn rebuild(input: &[u8], ctx: &mut Context<'_>) -> Result<(Vec<u8>, Format), Refusal> {
    let package = convert(input, ctx)?;
    ooxml::rebuild(&package, Format::Xlsx, ctx)
}

/// The text of its cells.
pub(crate) fn extract_text(input: &[u8], ctx: &mut Context<'_>) -> Result<Vec<TextPiece>, Refusal> {
    let package = convert(input, ctx)?;
    ooxml::extract_text(&package, Format::Xlsx, ctx)
}

fn malformed(what: &str) -> Refusal {
    Refusal::new(RefusalCode::Malformed, format!("xlsb: {what}"))
}

/// A sheet as the workbook lists it.
struct Bound {
    state: u32,
    id: String,
    name: String,
}

/// What the workbook part says.
struct Globals {
    book: Workbook,
    bounds: Vec<Bound>,
    scope: Scope,
}

fn convert(input: &[u8], ctx: &mut Context<'_>) -> Result<Vec<u8>, Refusal> {
    let parts = Parts::read(input, ctx)?;
    let root = parts.relationships("", ctx)?;
    let main = root.values().find(|link| link.kind == "officeDocument" && !link.external);
    let main = main.map(|link| link.target.clone()).ok_or_else(|| malformed("officeDocument"))?;
    let links = parts.relationships(&main, ctx)?;
    let bytes = parts.bytes(&main, ctx)?.ok_or_else(|| malformed(&main))?;
    let mut used: HashSet<String> = HashSet::from([main.to_lowercase()]);
    let mut globals = read_workbook(&bytes, &links, ctx);
    let mut part_of = |kind: &str, ctx: &mut Context<'_>| -> Result<Vec<u8>, Refusal> {
        let link = links.values().find(|link| link.kind == kind && !link.external);
        let Some(link) = link else { return Ok(Vec::new()) };
        used.insert(link.target.to_lowercase());
        Ok(parts.bytes(&link.target, ctx)?.unwrap_or_default())
    };
    let styles = part_of("styles", ctx)?;
    let strings = part_of("sharedStrings", ctx)?;
    let theme = part_of("theme", ctx)?;
    globals.book.theme = (!theme.is_empty()).then_some(theme);
    globals.book.styles = styles::read(&styles);
    for record in Records::new(&strings).filter(|record| record.id == 19) {
        ctx.charge_expanded(16)?;
        globals.book.strings.push(rich(&mut record.cursor()).unwrap_or_default());
    }
    let active = globals.book.active;
    let mut sheets = Vec::new();
    for (at, bound) in globals.bounds.iter().enumerate() {
        let Some(link) = links.get(&bound.id).filter(|link| link.kind == "worksheet") else { continue };
        used.insert(link.target.to_lowercase());
        let Some(bytes) = parts.bytes(&link.target, ctx)? else { continue };
        let near = parts.relationships(&link.target, ctx)?;
        let count = globals.book.strings.len();
        let mut sheet = sheet::read(&bound.name, &bytes, &globals.scope, count, &near, ctx)?;
        for link in near.values().filter(|link| link.kind == "comments" && !link.external) {
            used.insert(link.target.to_lowercase());
            sheet.comments = comments(&parts.bytes(&link.target, ctx)?.unwrap_or_default());
        }
        sheet.hidden = bound.state == 1;
        sheet.very_hidden = bound.state == 2;
        if at == active {
            globals.book.active = sheets.len();
        }
        sheets.push(sheet);
    }
    if sheets.is_empty() {
        return Err(malformed("シートの一覧"));
    }
    globals.book.active = globals.book.active.min(sheets.len() - 1);
    show_one(&mut sheets);
    globals.book.sheets = sheets;
    hand_over(&parts, &used, &mut globals.book, ctx)?;
    workbook::write(&globals.book, ctx)
}

/// A workbook shows at least one sheet.
fn show_one(sheets: &mut [Sheet]) {
    if sheets.iter().all(|sheet| sheet.hidden || sheet.very_hidden)
        && let Some(first) = sheets.first_mut()
    {
        first.hidden = false;
        first.very_hidden = false;
    }
}

/// Every part that was not read here goes to the rebuild, which takes what its list knows and names the rest.
fn hand_over(
    parts: &Parts<'_>,
    used: &HashSet<String>,
    book: &mut Workbook,
    ctx: &mut Context<'_>,
) -> Result<(), Refusal> {
    for name in parts.names() {
        let lower = name.to_lowercase();
        // Relationships of XML parts stay theirs; those of binary parts were read.
        let is_read = used.contains(&lower) || lower == "[content_types].xml" || lower.ends_with(".bin.rels");
        let is_written = lower == "_rels/.rels" || lower == "xl/theme/theme1.xml";
        if is_read || is_written {
            continue;
        }
        if lower.contains("binaryindex") || lower.ends_with("calcchain.bin") {
            ctx.removed(RemovalCode::Metadata, "付帯設定");
        } else if lower.contains("chartsheets/") {
            ctx.removed(RemovalCode::Chart, format!("{name}: グラフシート"));
        } else if let Some(bytes) = parts.bytes(&name, ctx)? {
            book.parts.push((name, bytes));
        }
    }
    Ok(())
}

fn read_workbook(bytes: &[u8], links: &HashMap<String, Relationship>, ctx: &mut Context<'_>) -> Globals {
    let mut globals = Globals {
        book: Workbook::default(),
        bounds: Vec::new(),
        scope: Scope {
            dialect: Dialect::Biff12,
            links: Vec::new(),
            names: Vec::new(),
            add_ins: Vec::new(),
            sheets: Vec::new(),
        },
    };
    // Of each workbook that formulas refer to: is it this one?
    let mut sources: Vec<bool> = Vec::new();
    let mut names = Vec::new();
    let mut references: Vec<(u32, i32, i32)> = Vec::new();
    for record in Records::new(bytes) {
        let mut cursor = record.cursor();
        match record.id {
            153 => globals.book.from_1904 = cursor.u32().is_some_and(|flags| flags & 1 != 0),
            158 => {
                let active = Cursor::at(record.data, 24).u32().unwrap_or(0);
                globals.book.active = active as usize;
            }
            156 => globals.bounds.extend(bound(cursor)),
            357 | 358 => sources.push(true),
            355 | 667 => sources.push(false),
            362 => references.extend(reference_list(cursor)),
            39 => names.extend(name(cursor)),
            _ => {}
        }
    }
    let is_sheet = |bound: &Bound| links.get(&bound.id).is_some_and(|link| link.kind == "worksheet");
    globals.scope.sheets =
        globals.bounds.iter().map(|bound| is_sheet(bound).then(|| bound.name.clone())).collect();
    for (source, first, last) in references {
        let here = sources.get(source as usize).copied().unwrap_or(false);
        let link = match (here, first) {
            (false, _) => None,
            (true, -2) => Some(String::new()),
            _ => tokens::sheets_text(&globals.scope.sheets, first, last),
        };
        globals.scope.links.push(link);
    }
    globals.scope.names = names.iter().map(|raw| raw.name.clone()).collect();
    for raw in names {
        settle_name(&mut globals, raw, ctx);
    }
    globals
}

fn bound(mut cursor: Cursor<'_>) -> Option<Bound> {
    let state = cursor.u32()?;
    cursor.u32()?;
    Some(Bound { state, id: text(&mut cursor)?, name: text(&mut cursor)? })
}

fn reference_list(mut cursor: Cursor<'_>) -> Vec<(u32, i32, i32)> {
    let count = cursor.u32().unwrap_or(0);
    let mut found = Vec::new();
    for _ in 0..count {
        let (Some(source), Some(first), Some(last)) = (cursor.u32(), cursor.i32(), cursor.i32()) else {
            break;
        };
        found.push((source, first, last));
    }
    found
}

struct RawName {
    flags: u32,
    sheet: u32,
    name: String,
    tokens: Vec<u8>,
    extra: Vec<u8>,
}

fn name(mut cursor: Cursor<'_>) -> Option<RawName> {
    let flags = cursor.u32()?;
    cursor.u8()?;
    let sheet = cursor.u32()?;
    let mut name = text(&mut cursor)?;
    if flags & 0x20 != 0 && !name.to_lowercase().starts_with("_xlnm.") {
        name = format!("_xlnm.{name}");
    }
    let (tokens, extra) = formula(&mut cursor).unwrap_or_default();
    Some(RawName { flags, sheet, name, tokens: tokens.to_vec(), extra: extra.to_vec() })
}

fn settle_name(globals: &mut Globals, raw: RawName, ctx: &mut Context<'_>) {
    let lower = raw.name.to_lowercase();
    let runs = raw.flags & 0x0E != 0 || lower.trim_start_matches("_xlnm.").starts_with("auto_");
    if runs {
        if !raw.tokens.is_empty() && !lower.starts_with("_xlfn.") {
            ctx.removed(RemovalCode::XlmMacro, format!("名前 {}", raw.name));
        }
        return;
    }
    let kept = ["_xlnm.print_area", "_xlnm.print_titles", "_xlnm._filterdatabase"];
    if raw.tokens.is_empty() || lower.starts_with("_xlnm.") && !kept.contains(&lower.as_str()) {
        return;
    }
    let sheet = match raw.sheet {
        u32::MAX => None,
        number => {
            let listed = globals.scope.sheets.iter().take(number as usize + 1);
            if globals.scope.sheets.get(number as usize).is_none_or(Option::is_none) {
                return;
            }
            listed.flatten().count().checked_sub(1)
        }
    };
    match tokens::text(&globals.scope, &raw.tokens, &raw.extra, (0, 0)) {
        Ok(formula) => {
            let hidden = raw.flags & 1 != 0;
            globals.book.names.push(Name { name: raw.name, formula, sheet, hidden });
        }
        Err(_) => ctx.removed(RemovalCode::Formula, format!("名前 {}", raw.name)),
    }
}

/// The comments of a sheet.
fn comments(bytes: &[u8]) -> Vec<Comment> {
    let mut authors: Vec<String> = Vec::new();
    let mut found: Vec<Comment> = Vec::new();
    for record in Records::new(bytes) {
        let mut cursor = record.cursor();
        match record.id {
            632 => authors.push(text(&mut cursor).unwrap_or_default()),
            635 => {
                let author = cursor.u32().and_then(|at| authors.get(at as usize)).cloned();
                if let Some(area) = records::area(&mut cursor).filter(|area| area.is_sound()) {
                    found.push(Comment {
                        row: area.first_row,
                        column: area.first_column,
                        author: author.unwrap_or_default(),
                        text: String::new(),
                    });
                }
            }
            637 => {
                if let (Some(comment), Some(rich)) = (found.last_mut(), rich(&mut cursor)) {
                    comment.text = rich.text;
                }
            }
            _ => {}
        }
    }
    found
}
