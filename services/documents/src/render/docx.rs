//! The document as DOCX: a small writer of its own. Numbers are text, headings have their outline level, header and
//! footer carry title, marks and page number. No metadata, no theme, no relationship to the outside.

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
        body.push_str(&paragraph(&Look::of(&block), &block.line(), breaks));
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

/// A paragraph with its form in it. Named styles would be better, but the positive list of the disarming has no
/// `w:name`, and LibreOffice mixes up styles without a name.
fn paragraph(look: &Look, text: &str, breaks: bool) -> String {
    format!("<w:p><w:pPr>{}</w:pPr>{}</w:p>", look.paragraph(breaks), run(&look.run, text))
}

fn run(form: &str, text: &str) -> String {
    let form = if form.is_empty() { String::new() } else { format!("<w:rPr>{form}</w:rPr>") };
    format!("<w:r>{form}<w:t xml:space=\"preserve\">{}</w:t></w:r>", escape(text))
}

/// What a paragraph looks like. Lengths are twentieths of a point.
#[derive(Default)]
struct Look {
    keep_next: bool,
    space: Option<(u32, u32)>,
    indent: String,
    align: &'static str,
    outline: Option<u8>,
    run: String,
}

impl Look {
    fn of(block: &Block<'_>) -> Self {
        let gothic = fonts("ＭＳ ゴシック");
        let base = Self::default();
        // Deeper clauses look like those of the deepest level that fits on the page.
        let left = |level: &u8| u32::from((*level).clamp(1, DEEPEST).saturating_sub(1)).saturating_mul(210);
        let at = |left: u32| format!("<w:ind w:left=\"{left}\"/>");
        match block {
            Block::Cover(_) => {
                Self { space: Some((600, 200)), align: "center", run: gothic + &size(36), ..base }
            }
            Block::Date(_) | Block::Imprint(_) => {
                Self { space: Some((80, 80)), align: "center", run: size(24), ..base }
            }
            Block::Title(_) => {
                Self { space: Some((240, 360)), align: "center", run: gothic + &size(28), ..base }
            }
            Block::Heading { level, .. } => Self {
                keep_next: true,
                space: Some((if *level == 1 { 360 } else { 180 }, 60)),
                indent: at(left(level)),
                outline: Some((*level).clamp(1, 9).saturating_sub(1)),
                run: gothic + &size(if *level == 1 { 24 } else { 21 }),
                ..base
            },
            Block::Numbered { level, .. } => Self {
                indent: format!("<w:ind w:left=\"{}\" w:hanging=\"420\"/>", left(level).saturating_add(420)),
                ..base
            },
            Block::Caption { level, .. } => Self { keep_next: true, indent: at(left(level)), ..base },
            Block::Paragraph { level, .. } => Self { indent: at(left(level)), ..base },
            Block::Preamble(_) => base,
        }
    }

    /// Lines of header and footer.
    fn margin(align: &'static str) -> Self {
        Self { align, run: size(18), ..Self::default() }
    }

    /// The paragraph's properties in the order of the schema.
    fn paragraph(&self, breaks: bool) -> String {
        let mut out = String::new();
        if self.keep_next {
            out.push_str("<w:keepNext/>");
        }
        if breaks {
            out.push_str("<w:pageBreakBefore/>");
        }
        if let Some((before, after)) = self.space {
            out.push_str(&format!("<w:spacing w:before=\"{before}\" w:after=\"{after}\"/>"));
        }
        out.push_str(&self.indent);
        if !self.align.is_empty() {
            out.push_str(&format!("<w:jc w:val=\"{}\"/>", self.align));
        }
        if let Some(outline) = self.outline {
            out.push_str(&format!("<w:outlineLvl w:val=\"{outline}\"/>"));
        }
        out
    }
}

fn fonts(family: &str) -> String {
    format!("<w:rFonts w:ascii=\"{family}\" w:hAnsi=\"{family}\" w:eastAsia=\"{family}\" w:cs=\"{family}\"/>")
}

fn size(half_points: u32) -> String {
    format!("<w:sz w:val=\"{half_points}\"/><w:szCs w:val=\"{half_points}\"/>")
}

fn header(content: &Content, handling: &Handling) -> String {
    let mark = handling.mark.as_ref().map_or_else(String::new, |mark| format!("【{mark}】"));
    let line = paragraph(&Look::margin("right"), &format!("{mark}{}", content.title), false);
    format!("{PROLOGUE}<w:hdr xmlns:w=\"{WORD}\">{line}</w:hdr>")
}

fn footer(handling: &Handling) -> String {
    let look = Look::margin("center");
    let number = format!(
        "<w:p><w:pPr>{}</w:pPr>{}<w:fldSimple w:instr=\" PAGE \">{}</w:fldSimple>{}</w:p>",
        look.paragraph(false),
        run(&look.run, "- "),
        run(&look.run, "1"),
        run(&look.run, " -")
    );
    let trace = handling.trace.as_ref().map_or_else(String::new, |trace| paragraph(&look, trace, false));
    format!("{PROLOGUE}<w:ftr xmlns:w=\"{WORD}\">{number}{trace}</w:ftr>")
}

/// Depths with an indent of their own.
const DEEPEST: u8 = 6;

/// Fonts, size and language of all text.
fn styles() -> String {
    format!(
        "{PROLOGUE}<w:styles xmlns:w=\"{WORD}\"><w:docDefaults><w:rPrDefault><w:rPr>{}{}\
         <w:lang w:val=\"en-US\" w:eastAsia=\"ja-JP\"/></w:rPr></w:rPrDefault></w:docDefaults>\
         <w:style w:type=\"paragraph\" w:default=\"1\" w:styleId=\"Normal\"><w:qFormat/></w:style></w:styles>",
        fonts("ＭＳ 明朝"),
        size(21)
    )
}
