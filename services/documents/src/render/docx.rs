//! The document as DOCX: a small writer of its own. Numbers are text, styles give headings their outline level, header
//! and footer carry title, marks and page number. No metadata, no theme, no relationship to the outside.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::blocks::{self, Block};
use super::{Handling, escape};
use crate::model::Content;

const WORD: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
const MEDIA: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml";
const PROLOGUE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";

/// Writes the file.
///
/// # Errors
/// [`std::io::Error`] when the archive can't be put together (more than 4 GiB).
pub fn docx(content: &Content, handling: &Handling) -> std::io::Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in [
        ("[Content_Types].xml", content_types()),
        ("_rels/.rels", relationships(&[("officeDocument", "word/document.xml")])),
        ("word/document.xml", document(content)),
        (
            "word/_rels/document.xml.rels",
            relationships(&[("styles", "styles.xml"), ("header", "header1.xml"), ("footer", "footer1.xml")]),
        ),
        ("word/styles.xml", styles()),
        ("word/header1.xml", header(content, handling)),
        ("word/footer1.xml", footer(handling)),
    ] {
        zip.start_file(name, SimpleFileOptions::default())?;
        zip.write_all(text.as_bytes())?;
    }
    Ok(zip.finish()?.into_inner())
}

fn content_types() -> String {
    let parts: String = [
        ("/word/document.xml", "document.main"),
        ("/word/styles.xml", "styles"),
        ("/word/header1.xml", "header"),
        ("/word/footer1.xml", "footer"),
    ]
    .iter()
    .map(|(part, kind)| format!("<Override PartName=\"{part}\" ContentType=\"{MEDIA}.{kind}+xml\"/>"))
    .collect();
    format!(
        "{PROLOGUE}<Types xmlns=\"{PACKAGE}/content-types\">\
         <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
         <Default Extension=\"xml\" ContentType=\"application/xml\"/>{parts}</Types>"
    )
}

fn relationships(rows: &[(&str, &str)]) -> String {
    let rows: String = rows
        .iter()
        .zip(1..)
        .map(|((kind, target), n)| {
            format!("<Relationship Id=\"rId{n}\" Type=\"{OFFICE}/{kind}\" Target=\"{target}\"/>")
        })
        .collect();
    format!("{PROLOGUE}<Relationships xmlns=\"{PACKAGE}/relationships\">{rows}</Relationships>")
}

fn document(content: &Content) -> String {
    let mut body = String::new();
    let mut cover_over = false;
    for block in blocks::of(content) {
        // The title begins a new sheet after a cover.
        let breaks = matches!(block, Block::Title(_)) && cover_over;
        cover_over = matches!(block, Block::Cover(_) | Block::Date(_) | Block::Imprint(_));
        let style = style_of(&block);
        body.push_str(&paragraph(&style, &block.line(), breaks));
    }
    // A4, 25 mm margins, in twentieths of a point.
    format!(
        "{PROLOGUE}<w:document xmlns:w=\"{WORD}\" xmlns:r=\"{OFFICE}\"><w:body>{body}<w:sectPr>\
         <w:headerReference w:type=\"default\" r:id=\"rId2\"/><w:footerReference w:type=\"default\" r:id=\"rId3\"/>\
         <w:pgSz w:w=\"11906\" w:h=\"16838\"/>\
         <w:pgMar w:top=\"1417\" w:right=\"1417\" w:bottom=\"1417\" w:left=\"1417\" w:header=\"708\" w:footer=\"708\" w:gutter=\"0\"/>\
         </w:sectPr></w:body></w:document>"
    )
}

fn style_of(block: &Block<'_>) -> String {
    let deep = |level: &u8| (*level).clamp(1, DEEPEST);
    match block {
        Block::Cover(_) => "Cover".to_owned(),
        Block::Date(_) | Block::Imprint(_) => "CoverSmall".to_owned(),
        Block::Title(_) => "Title".to_owned(),
        Block::Preamble(_) => "Text1".to_owned(),
        Block::Heading { level, .. } => format!("Heading{}", deep(level)),
        Block::Caption { level, .. } | Block::Paragraph { level, .. } => format!("Text{}", deep(level)),
        Block::Numbered { level, .. } => format!("Item{}", deep(level)),
    }
}

fn paragraph(style: &str, text: &str, breaks: bool) -> String {
    let page = if breaks { "<w:pageBreakBefore/>" } else { "" };
    format!("<w:p><w:pPr><w:pStyle w:val=\"{style}\"/>{page}</w:pPr>{}</w:p>", run(text))
}

fn run(text: &str) -> String {
    format!("<w:r><w:t xml:space=\"preserve\">{}</w:t></w:r>", escape(text))
}

fn header(content: &Content, handling: &Handling) -> String {
    let mark = handling.mark.as_ref().map_or_else(String::new, |mark| format!("【{mark}】"));
    let line = paragraph("Header", &format!("{mark}{}", content.title), false);
    format!("{PROLOGUE}<w:hdr xmlns:w=\"{WORD}\">{line}</w:hdr>")
}

fn footer(handling: &Handling) -> String {
    let number = format!(
        "<w:p><w:pPr><w:pStyle w:val=\"Footer\"/></w:pPr>{}<w:fldSimple w:instr=\" PAGE \">{}</w:fldSimple>{}</w:p>",
        run("- "),
        run("1"),
        run(" -")
    );
    let trace = handling.trace.as_ref().map_or_else(String::new, |trace| paragraph("Footer", trace, false));
    format!("{PROLOGUE}<w:ftr xmlns:w=\"{WORD}\">{number}{trace}</w:ftr>")
}

/// Depths that have styles of their own; deeper clauses look like these.
const DEEPEST: u8 = 6;

fn styles() -> String {
    let fonts = |family: &str| {
        format!(
            "<w:rFonts w:ascii=\"{family}\" w:hAnsi=\"{family}\" w:eastAsia=\"{family}\" w:cs=\"{family}\"/>"
        )
    };
    let (mincho, gothic) = (fonts("ＭＳ 明朝"), fonts("ＭＳ ゴシック"));
    let mut out = format!(
        "{PROLOGUE}<w:styles xmlns:w=\"{WORD}\"><w:docDefaults><w:rPrDefault><w:rPr>{mincho}<w:sz w:val=\"21\"/>\
         <w:szCs w:val=\"21\"/><w:lang w:val=\"en-US\" w:eastAsia=\"ja-JP\"/></w:rPr></w:rPrDefault></w:docDefaults>\
         <w:style w:type=\"paragraph\" w:default=\"1\" w:styleId=\"Normal\"><w:qFormat/></w:style>"
    );
    // Styles have no `w:name`: it may be left out, and the positive list of the disarming does not have it. What a style
    // is for says its outline level.
    let mut add = |id: &str, paragraph: &str, run: &str| {
        out.push_str(&format!(
            "<w:style w:type=\"paragraph\" w:styleId=\"{id}\"><w:basedOn w:val=\"Normal\"/>\
             <w:qFormat/><w:pPr>{paragraph}</w:pPr><w:rPr>{run}</w:rPr></w:style>"
        ));
    };
    let centre = "<w:jc w:val=\"center\"/>";
    let size = |half_points: u32| format!("<w:sz w:val=\"{half_points}\"/><w:szCs w:val=\"{half_points}\"/>");
    add(
        "Cover",
        &format!("<w:spacing w:before=\"600\" w:after=\"200\"/>{centre}"),
        &format!("{gothic}{}", size(36)),
    );
    add("CoverSmall", &format!("<w:spacing w:before=\"80\" w:after=\"80\"/>{centre}"), &size(24));
    add(
        "Title",
        &format!("<w:spacing w:before=\"240\" w:after=\"360\"/>{centre}"),
        &format!("{gothic}{}", size(28)),
    );
    add("Header", "<w:jc w:val=\"right\"/>", &size(18));
    add("Footer", centre, &size(18));
    for level in 1..=DEEPEST {
        let left = u32::from(level.saturating_sub(1)) * 210;
        let outline = level.saturating_sub(1);
        let (before, points) = if level == 1 { (360, 24) } else { (180, 21) };
        add(
            &format!("Heading{level}"),
            &format!(
                "<w:keepNext/><w:spacing w:before=\"{before}\" w:after=\"60\"/><w:ind w:left=\"{left}\"/><w:outlineLvl w:val=\"{outline}\"/>"
            ),
            &format!("{gothic}{}", size(points)),
        );
        add(&format!("Text{level}"), &format!("<w:ind w:left=\"{left}\"/>"), "");
        let hanging = left.saturating_add(420);
        add(&format!("Item{level}"), &format!("<w:ind w:left=\"{hanging}\" w:hanging=\"420\"/>"), "");
    }
    out.push_str("</w:styles>");
    out
}
