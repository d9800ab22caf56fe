//! The plain package around the sheets: workbook, shared strings, relationships, drawings, comments.

use std::fmt::Write as _;

use super::styles::{self, font_parts};
use super::{Content, Corner, Difference, Drawing, Rich, Sheet, Workbook, sheet};
use crate::zip::{Storage, Writer};
use crate::{Refusal, context::Context};

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
pub(super) const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";

/// Writes the package. It is read by the rebuild and goes nowhere else.
pub(crate) fn write(book: &Workbook, ctx: &mut Context<'_>) -> Result<Vec<u8>, Refusal> {
    let mut zip = Writer::new();
    zip.add("[Content_Types].xml", types().as_bytes(), Storage::Deflate)?;
    let root = relationships(&[("officeDocument", "xl/workbook.xml", false)]);
    zip.add("_rels/.rels", root.as_bytes(), Storage::Deflate)?;
    zip.add("xl/workbook.xml", workbook(book).as_bytes(), Storage::Deflate)?;
    let mut links: Vec<(&str, String, bool)> = (1..=book.sheets.len())
        .map(|number| ("worksheet", format!("worksheets/sheet{number}.xml"), false))
        .collect();
    links.push(("styles", "styles.xml".to_owned(), false));
    links.push(("sharedStrings", "sharedStrings.xml".to_owned(), false));
    if let Some(theme) = &book.theme {
        links.push(("theme", "theme/theme1.xml".to_owned(), false));
        zip.add("xl/theme/theme1.xml", theme, Storage::Deflate)?;
    }
    zip.add("xl/_rels/workbook.xml.rels", relationships(&links).as_bytes(), Storage::Deflate)?;
    let differences: Vec<&Difference> =
        book.sheets.iter().flat_map(|s| s.conditions.iter().map(|c| &c.format)).collect();
    zip.add("xl/styles.xml", styles::write(&book.styles, &differences).as_bytes(), Storage::Deflate)?;
    zip.add("xl/sharedStrings.xml", strings(book).as_bytes(), Storage::Deflate)?;
    for (name, bytes) in &book.parts {
        zip.add(name, bytes, Storage::Store)?;
    }
    for (number, picture) in (1_usize..).zip(&book.pictures) {
        let path = format!("xl/media/image{number}.{}", picture.extension);
        zip.add(&path, &picture.bytes, Storage::Store)?;
    }
    let mut rules = 0;
    for (number, sheet) in (1_usize..).zip(&book.sheets) {
        write_sheet(&mut zip, book, sheet, number, rules, ctx)?;
        rules += sheet.conditions.len();
    }
    zip.finish()
}

fn write_sheet(
    zip: &mut Writer,
    book: &Workbook,
    sheet: &Sheet,
    number: usize,
    rules: usize,
    ctx: &mut Context<'_>,
) -> Result<(), Refusal> {
    let mut links: Vec<(&str, String, bool)> = Vec::new();
    for link in sheet.links.iter().filter(|link| !link.address.is_empty()) {
        links.push(("hyperlink", link.address.clone(), true));
    }
    let first_free = links.len() + 1;
    if !sheet.drawings.is_empty() {
        links.push(("drawing", format!("../drawings/drawing{number}.xml"), false));
        let (drawing, pictures) = drawing(&sheet.drawings);
        zip.add(&format!("xl/drawings/drawing{number}.xml"), drawing.as_bytes(), Storage::Deflate)?;
        let media: Vec<(&str, String, bool)> = pictures
            .iter()
            .filter_map(|at| {
                let extension = book.pictures.get(*at)?.extension;
                Some(("image", format!("../media/image{}.{extension}", at + 1), false))
            })
            .collect();
        zip.add(
            &format!("xl/drawings/_rels/drawing{number}.xml.rels"),
            relationships(&media).as_bytes(),
            Storage::Deflate,
        )?;
    }
    if let Some(part) = &sheet.drawing_part {
        links.push(("drawing", format!("/{part}"), false));
    }
    if !sheet.comments.is_empty() {
        links.push(("comments", format!("../comments{number}.xml"), false));
        zip.add(&format!("xl/comments{number}.xml"), comments(sheet).as_bytes(), Storage::Deflate)?;
    }
    let xml = sheet::write(book, sheet, number == book.active + 1, rules, first_free);
    ctx.charge_expanded(xml.len() as u64)?;
    zip.add(&format!("xl/worksheets/sheet{number}.xml"), xml.as_bytes(), Storage::Deflate)?;
    zip.add(
        &format!("xl/worksheets/_rels/sheet{number}.xml.rels"),
        relationships(&links).as_bytes(),
        Storage::Deflate,
    )
}

fn types() -> String {
    "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
     <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
     <Default Extension=\"xml\" ContentType=\"application/xml\"/></Types>"
        .to_owned()
}

/// A relationships part whose identifiers are `rId1`, `rId2` and so on.
pub(crate) fn relationships<S: AsRef<str>>(links: &[(&str, S, bool)]) -> String {
    let mut out = format!("<Relationships xmlns=\"{PACKAGE}\">");
    for (number, (kind, target, external)) in (1_usize..).zip(links) {
        let mode = if *external { " TargetMode=\"External\"" } else { "" };
        let target = escaped(target.as_ref());
        let _ = write!(
            out,
            "<Relationship Id=\"rId{number}\" Type=\"{OFFICE}/{kind}\" Target=\"{target}\"{mode}/>"
        );
    }
    out + "</Relationships>"
}

fn workbook(book: &Workbook) -> String {
    let mut out = format!("<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\">");
    out.push_str(if book.from_1904 { "<workbookPr date1904=\"1\"/>" } else { "<workbookPr/>" });
    let _ = write!(out, "<bookViews><workbookView activeTab=\"{}\"/></bookViews><sheets>", book.active);
    for (number, sheet) in (1_usize..).zip(&book.sheets) {
        let state = match (sheet.very_hidden, sheet.hidden) {
            (true, _) => " state=\"veryHidden\"",
            (_, true) => " state=\"hidden\"",
            _ => "",
        };
        let name = escaped(&sheet.name);
        let _ = write!(out, "<sheet name=\"{name}\" sheetId=\"{number}\"{state} r:id=\"rId{number}\"/>");
    }
    out.push_str("</sheets>");
    if !book.names.is_empty() {
        out.push_str("<definedNames>");
        for name in &book.names {
            let _ = write!(out, "<definedName name=\"{}\"", escaped(&name.name));
            if let Some(sheet) = name.sheet {
                let _ = write!(out, " localSheetId=\"{sheet}\"");
            }
            if name.hidden {
                out.push_str(" hidden=\"1\"");
            }
            let _ = write!(out, ">{}</definedName>", escaped(&name.formula));
        }
        out.push_str("</definedNames>");
    }
    out + "</workbook>"
}

fn strings(book: &Workbook) -> String {
    let count = book.strings.len();
    let mut out = format!("<sst xmlns=\"{MAIN}\" count=\"{count}\" uniqueCount=\"{count}\">");
    for rich in &book.strings {
        out.push_str("<si>");
        push_rich(&mut out, rich, book);
        out.push_str("</si>");
    }
    out + "</sst>"
}

fn push_rich(out: &mut String, rich: &Rich, book: &Workbook) {
    if rich.runs.is_empty() {
        push_text(out, &rich.text);
    } else {
        let units: Vec<u16> = rich.text.encode_utf16().collect();
        let ends = rich.runs.iter().skip(1).map(|run| run.0 as usize).chain([units.len()]);
        let first = rich.runs.first().map_or(0, |run| run.0 as usize);
        if let Some(head) = units.get(..first).filter(|head| !head.is_empty()) {
            out.push_str("<r>");
            push_text(out, &String::from_utf16_lossy(head));
            out.push_str("</r>");
        }
        for (run, end) in rich.runs.iter().zip(ends) {
            let Some(piece) = units.get(run.0 as usize..end).filter(|piece| !piece.is_empty()) else {
                continue;
            };
            out.push_str("<r>");
            if let Some(font) = book.styles.fonts.get(usize::from(run.1)) {
                out.push_str("<rPr>");
                font_parts(out, font, "rFont");
                out.push_str("</rPr>");
            }
            push_text(out, &String::from_utf16_lossy(piece));
            out.push_str("</r>");
        }
    }
    for (from, to, reading) in &rich.readings {
        let _ = write!(out, "<rPh sb=\"{from}\" eb=\"{to}\">");
        push_text(out, reading);
        out.push_str("</rPh>");
    }
}

/// A text element; white space at the ends is content.
pub(super) fn push_text(out: &mut String, text: &str) {
    let _ = write!(out, "<t xml:space=\"preserve\">{}</t>", escaped_text(text));
}

fn comments(sheet: &Sheet) -> String {
    let mut authors: Vec<&str> = Vec::new();
    let mut list = String::new();
    for comment in &sheet.comments {
        let author = authors.iter().position(|known| *known == comment.author).unwrap_or_else(|| {
            authors.push(&comment.author);
            authors.len() - 1
        });
        let cell = super::cell_name(comment.row, comment.column);
        let _ = write!(list, "<comment ref=\"{cell}\" authorId=\"{author}\"><text>");
        push_text(&mut list, &comment.text);
        list.push_str("</text></comment>");
    }
    let mut out = format!("<comments xmlns=\"{MAIN}\"><authors>");
    for author in authors {
        let _ = write!(out, "<author>{}</author>", escaped(author));
    }
    let _ = write!(out, "</authors><commentList>{list}</commentList></comments>");
    out
}

/// The drawing part, and the pictures that it names in order.
fn drawing(drawings: &[Drawing]) -> (String, Vec<usize>) {
    let mut out = format!(
        "<xdr:wsDr xmlns:xdr=\"http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing\" \
         xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" xmlns:r=\"{OFFICE}\">"
    );
    let mut pictures: Vec<usize> = Vec::new();
    for (number, drawing) in (2_usize..).zip(drawings) {
        out.push_str("<xdr:twoCellAnchor>");
        push_corner(&mut out, "from", drawing.from);
        push_corner(&mut out, "to", drawing.to);
        match &drawing.content {
            Content::Picture(at) => {
                let known = pictures.iter().position(|known| known == at).unwrap_or_else(|| {
                    pictures.push(*at);
                    pictures.len() - 1
                });
                let _ = write!(
                    out,
                    "<xdr:pic><xdr:nvPicPr><xdr:cNvPr id=\"{number}\" name=\"Picture {number}\"/><xdr:cNvPicPr/></xdr:nvPicPr>\
                     <xdr:blipFill><a:blip r:embed=\"rId{}\"/><a:stretch><a:fillRect/></a:stretch></xdr:blipFill>\
                     <xdr:spPr><a:prstGeom prst=\"rect\"><a:avLst/></a:prstGeom></xdr:spPr></xdr:pic>",
                    known + 1
                );
            }
            Content::Text { text, fill, line } => push_box(&mut out, number, text, *fill, *line),
        }
        out.push_str("<xdr:clientData/></xdr:twoCellAnchor>");
    }
    (out + "</xdr:wsDr>", pictures)
}

fn push_box(out: &mut String, number: usize, text: &str, fill: Option<u32>, line: Option<u32>) {
    let _ = write!(
        out,
        "<xdr:sp><xdr:nvSpPr><xdr:cNvPr id=\"{number}\" name=\"Text {number}\"/><xdr:cNvSpPr txBox=\"1\"/></xdr:nvSpPr>\
         <xdr:spPr><a:prstGeom prst=\"rect\"><a:avLst/></a:prstGeom>"
    );
    push_solid(out, fill);
    out.push_str("<a:ln>");
    push_solid(out, line);
    out.push_str("</a:ln></xdr:spPr><xdr:txBody><a:bodyPr/><a:lstStyle/>");
    for paragraph in text.split('\n') {
        let _ = write!(out, "<a:p><a:r><a:rPr lang=\"ja-JP\"/><a:t>{}</a:t></a:r></a:p>", escaped(paragraph));
    }
    out.push_str("</xdr:txBody></xdr:sp>");
}

fn push_solid(out: &mut String, colour: Option<u32>) {
    match colour {
        Some(rgb) => {
            let _ = write!(out, "<a:solidFill><a:srgbClr val=\"{rgb:06X}\"/></a:solidFill>");
        }
        None => out.push_str("<a:noFill/>"),
    }
}

fn push_corner(out: &mut String, tag: &str, corner: Corner) {
    let _ = write!(
        out,
        "<xdr:{tag}><xdr:col>{}</xdr:col><xdr:colOff>{}</xdr:colOff><xdr:row>{}</xdr:row><xdr:rowOff>{}</xdr:rowOff></xdr:{tag}>",
        corner.column, corner.x, corner.row, corner.y
    );
}

/// Text for elements and attributes: control characters that XML can't hold are gone.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// Cell text: line ends are line feeds, and what looks like an escape of SpreadsheetML is escaped itself.
fn escaped_text(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let escaped = escaped(&text);
    if !escaped.contains("_x") {
        return escaped;
    }
    let mut out = String::with_capacity(escaped.len() + 8);
    let mut rest = escaped.as_str();
    while let Some(at) = rest.find("_x") {
        let (head, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(head);
        let code = tail.as_bytes().get(2..7);
        let is_escape = code
            .is_some_and(|code| code.iter().take(4).all(u8::is_ascii_hexdigit) && code.last() == Some(&b'_'));
        out.push_str(if is_escape { "_x005F_x" } else { "_x" });
        rest = tail.get(2..).unwrap_or_default();
    }
    out + rest
}
