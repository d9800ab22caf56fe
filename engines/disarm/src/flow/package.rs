//! The parts of the package and their relationships.

use std::fmt::Write as _;

use super::body::{self, Pictures};
use super::properties::escape;
use super::{Block, Document, Level, List, Page, Section, Style, StyleKind};
use crate::Refusal;
use crate::zip::{Storage, Writer};

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const NAMES: &str = "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" \
    xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\" \
    xmlns:wp=\"http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing\" \
    xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" \
    xmlns:pic=\"http://schemas.openxmlformats.org/drawingml/2006/picture\" \
    xmlns:v=\"urn:schemas-microsoft-com:vml\"";
const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/";

/// Number formats by their codes ([MS-OSHARED] 2.2.1.3), of ECMA-376 17.18.59.
const FORMATS: [(u8, &str); 34] = [
    (0, "decimal"),
    (1, "upperRoman"),
    (2, "lowerRoman"),
    (3, "upperLetter"),
    (4, "lowerLetter"),
    (5, "ordinal"),
    (6, "cardinalText"),
    (7, "ordinalText"),
    (8, "hex"),
    (9, "chicago"),
    (10, "ideographDigital"),
    (11, "japaneseCounting"),
    (12, "aiueo"),
    (13, "iroha"),
    (14, "decimalFullWidth"),
    (15, "decimalHalfWidth"),
    (16, "japaneseLegal"),
    (17, "japaneseDigitalTenThousand"),
    (18, "decimalEnclosedCircle"),
    (19, "decimalFullWidth2"),
    (20, "aiueoFullWidth"),
    (21, "irohaFullWidth"),
    (22, "decimalZero"),
    (23, "bullet"),
    (24, "ganada"),
    (25, "chosung"),
    (26, "decimalEnclosedFullstop"),
    (27, "decimalEnclosedParen"),
    (28, "decimalEnclosedCircleChinese"),
    (29, "ideographEnclosedCircle"),
    (30, "ideographTraditional"),
    (31, "ideographZodiac"),
    (32, "ideographZodiacTraditional"),
    (255, "none"),
];

fn format_name(code: u8) -> &'static str {
    FORMATS.iter().find(|row| row.0 == code).map_or("decimal", |row| row.1)
}

struct Package {
    zip: Writer,
    pictures: Pictures,
    /// Name of the part and relationships of the document to it.
    relations: Vec<(String, String)>,
}

/// The package, which is no output before it has passed the room of Office Open XML.
pub(super) fn write(document: &Document) -> Result<Vec<u8>, Refusal> {
    let mut package = Package { zip: Writer::new(), pictures: Pictures::default(), relations: Vec::new() };
    package.add(
        "[Content_Types].xml",
        "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>",
    )?;
    package.add(
        "_rels/.rels",
        &relationships(&[("r1".to_owned(), "officeDocument", "word/document.xml".to_owned())]),
    )?;
    let body = package.body(document)?;
    package.add_part(
        "document",
        &format!("<w:document {NAMES}><w:body>{body}</w:body></w:document>"),
        None,
    )?;
    package.add_silent("styles", &styles(document))?;
    if !document.numbers.is_empty() {
        package.add_silent("numbering", &numbering(document))?;
    }
    package.add_silent("settings", &settings(document))?;
    package.notes("footnote", &document.footnotes)?;
    package.notes("endnote", &document.endnotes)?;
    package.finish()
}

fn relationships(rows: &[(String, &str, String)]) -> String {
    let mut out = String::from(
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">",
    );
    for (id, kind, target) in rows {
        _ = write!(out, "<Relationship Id=\"{id}\" Type=\"{RELATIONS}{kind}\" Target=\"{target}\"/>");
    }
    out + "</Relationships>"
}

impl Package {
    fn add(&mut self, name: &str, xml: &str) -> Result<(), Refusal> {
        self.zip.add(name, format!("{HEAD}{xml}").as_bytes(), Storage::Deflate)
    }

    /// A part and the relationships to the pictures that it shows; those of the document come at the end.
    fn add_part(&mut self, name: &str, xml: &str, relation: Option<&str>) -> Result<(), Refusal> {
        self.add(&format!("word/{name}.xml"), xml)?;
        let rows: Vec<(String, &str, String)> = std::mem::take(&mut self.pictures.shown)
            .into_iter()
            .map(|at| (format!("p{}", at + 1), "image", format!("media/image{}.bin", at + 1)))
            .collect();
        match relation {
            Some(relation) => {
                self.relations.push((relation.to_owned(), format!("{name}.xml")));
                if !rows.is_empty() {
                    self.add(&format!("word/_rels/{name}.xml.rels"), &relationships(&rows))?;
                }
            }
            // The document: kept until all parts are known.
            None => {
                self.pictures.shown = rows
                    .into_iter()
                    .filter_map(|row| row.0.get(1..)?.parse::<usize>().ok()?.checked_sub(1))
                    .collect()
            }
        }
        Ok(())
    }

    fn add_silent(&mut self, name: &str, xml: &str) -> Result<(), Refusal> {
        self.relations.push((name.to_owned(), format!("{name}.xml")));
        self.add(&format!("word/{name}.xml"), xml)
    }

    fn notes(&mut self, kind: &str, notes: &[Vec<Block>]) -> Result<(), Refusal> {
        if notes.is_empty() {
            return Ok(());
        }
        let document_shows = std::mem::take(&mut self.pictures.shown);
        let mut out = format!(
            "<w:{kind}s {NAMES}><w:{kind} w:type=\"separator\" w:id=\"-1\"><w:p><w:r><w:separator/></w:r></w:p></w:{kind}>\
             <w:{kind} w:type=\"continuationSeparator\" w:id=\"0\"><w:p><w:r><w:continuationSeparator/></w:r></w:p></w:{kind}>"
        );
        for (index, note) in notes.iter().enumerate() {
            _ = write!(out, "<w:{kind} w:id=\"{}\">", index + 1);
            body::blocks(&mut out, note, "", &mut self.pictures);
            _ = write!(out, "</w:{kind}>");
        }
        _ = write!(out, "</w:{kind}s>");
        self.add_part(&format!("{kind}s"), &out, Some(&format!("{kind}s")))?;
        self.pictures.shown = document_shows;
        Ok(())
    }

    /// The sections, and before them their headers and footers as parts of their own.
    fn body(&mut self, document: &Document) -> Result<String, Refusal> {
        let mut out = String::new();
        let mut parts = 0_usize;
        let empty = [Section::new(Page::default(), Vec::new())];
        let sections = if document.sections.is_empty() { &empty[..] } else { &document.sections };
        for (index, section) in sections.iter().enumerate() {
            let mut references = String::new();
            for (kind, root, stories) in
                [("header", "hdr", &section.headers), ("footer", "ftr", &section.footers)]
            {
                for (place, story) in ["default", "first", "even"].iter().zip(stories) {
                    let Some(story) = story else { continue };
                    parts += 1;
                    let shown = std::mem::take(&mut self.pictures.shown);
                    let mut xml = format!("<w:{root} {NAMES}>");
                    body::blocks(&mut xml, story, "", &mut self.pictures);
                    _ = write!(xml, "</w:{root}>");
                    let name = format!("{kind}{parts}");
                    self.add_part(&name, &xml, Some(kind))?;
                    self.pictures.shown = shown;
                    _ = write!(
                        references,
                        "<w:{kind}Reference w:type=\"{place}\" r:id=\"r{}\"/>",
                        self.relations.len()
                    );
                }
            }
            let shape = section_properties(&references, &section.page);
            if index + 1 == sections.len() {
                body::blocks(&mut out, &section.blocks, "", &mut self.pictures);
                out.push_str(&shape);
            } else {
                body::blocks(&mut out, &section.blocks, &shape, &mut self.pictures);
            }
        }
        Ok(out)
    }

    fn finish(mut self) -> Result<Vec<u8>, Refusal> {
        let mut rows: Vec<(String, &str, String)> = Vec::new();
        for (index, (relation, target)) in self.relations.iter().enumerate() {
            rows.push((format!("r{}", index + 1), relation, target.clone()));
        }
        for at in &self.pictures.shown {
            rows.push((format!("p{}", at + 1), "image", format!("media/image{}.bin", at + 1)));
        }
        let xml = format!("{HEAD}{}", relationships(&rows));
        self.zip.add("word/_rels/document.xml.rels", xml.as_bytes(), Storage::Deflate)?;
        for (index, file) in self.pictures.files.iter().enumerate() {
            self.zip.add(&format!("word/media/image{}.bin", index + 1), file, Storage::Store)?;
        }
        self.zip.finish()
    }
}

fn section_properties(references: &str, page: &Page) -> String {
    let length = |value: i32| value.clamp(0, 31_680);
    let mut out = format!("<w:sectPr>{references}<w:type w:val=\"{}\"/>", page.start);
    let orient = if page.landscape { " w:orient=\"landscape\"" } else { "" };
    let (width, height) = (page.width.clamp(144, 31_680), page.height.clamp(144, 31_680));
    _ = write!(out, "<w:pgSz w:w=\"{width}\" w:h=\"{height}\"{orient}/>");
    _ = write!(
        out,
        "<w:pgMar w:top=\"{}\" w:right=\"{}\" w:bottom=\"{}\" w:left=\"{}\" w:header=\"{}\" w:footer=\"{}\" w:gutter=\"{}\"/>",
        page.top.clamp(-31_680, 31_680),
        length(page.right),
        page.bottom.clamp(-31_680, 31_680),
        length(page.left),
        length(page.header),
        length(page.footer),
        length(page.gutter)
    );
    let format = page.number_format.map_or(String::new(), |code| format!(" w:fmt=\"{}\"", format_name(code)));
    let first =
        page.first_number.map_or(String::new(), |first| format!(" w:start=\"{}\"", first.clamp(0, 32_767)));
    if !format.is_empty() || !first.is_empty() {
        _ = write!(out, "<w:pgNumType{format}{first}/>");
    }
    let line = if page.column_line { " w:sep=\"1\"" } else { "" };
    _ = write!(
        out,
        "<w:cols{line} w:num=\"{}\" w:space=\"{}\"/>",
        page.columns.clamp(1, 45),
        length(page.column_space)
    );
    if let Some(align) = page.align {
        _ = write!(out, "<w:vAlign w:val=\"{align}\"/>");
    }
    if page.title_page {
        out.push_str("<w:titlePg/>");
    }
    if page.vertical {
        out.push_str("<w:textDirection w:val=\"tbRl\"/>");
    }
    if let Some((kind, pitch, space)) = page.grid {
        let kind = match kind {
            1 => "linesAndChars",
            2 => "lines",
            3 => "snapToChars",
            _ => "default",
        };
        _ = write!(
            out,
            "<w:docGrid w:type=\"{kind}\" w:linePitch=\"{}\" w:charSpace=\"{}\"/>",
            pitch.clamp(1, 31_680),
            space.clamp(-100_000, 1_000_000)
        );
    }
    out + "</w:sectPr>"
}

fn styles(document: &Document) -> String {
    let mut out = format!(
        "<w:styles {NAMES}><w:docDefaults><w:rPrDefault><w:rPr>{}</w:rPr></w:rPrDefault>\
         <w:pPrDefault><w:pPr>{}</w:pPr></w:pPrDefault></w:docDefaults>",
        document.default_run.xml(),
        document.default_paragraph.xml()
    );
    for (index, style) in document.styles.iter().enumerate() {
        one_style(&mut out, index, style, document);
    }
    out + "</w:styles>"
}

fn one_style(out: &mut String, index: usize, style: &Style, document: &Document) {
    let kind = match style.kind {
        StyleKind::Paragraph => "paragraph",
        StyleKind::Character => "character",
    };
    let default = if style.is_default { " w:default=\"1\"" } else { "" };
    let name: String = style.name.chars().take(200).collect();
    _ = write!(
        out,
        "<w:style w:type=\"{kind}\"{default} w:styleId=\"s{index}\"><w:name w:val=\"{}\"/>",
        escape(&name)
    );
    let same_kind = |other: &usize| document.styles.get(*other).is_some_and(|other| other.kind == style.kind);
    if let Some(base) = style.based_on.filter(|base| *base != index).filter(same_kind) {
        _ = write!(out, "<w:basedOn w:val=\"s{base}\"/>");
    }
    if let Some(next) = style.next.filter(|next| *next != index).filter(same_kind) {
        _ = write!(out, "<w:next w:val=\"s{next}\"/>");
    }
    out.push_str("<w:qFormat/>");
    if style.kind == StyleKind::Paragraph {
        let inner = super::ParagraphProps { style: None, ..style.paragraph.clone() }.xml();
        if !inner.is_empty() {
            _ = write!(out, "<w:pPr>{inner}</w:pPr>");
        }
    }
    out.push_str(&super::RunProps { style: None, ..style.run.clone() }.element());
    out.push_str("</w:style>");
}

fn numbering(document: &Document) -> String {
    let mut out = format!("<w:numbering {NAMES}>");
    for (index, list) in document.lists.iter().enumerate() {
        one_list(&mut out, index, list);
    }
    for (index, number) in document.numbers.iter().enumerate() {
        if number.list >= document.lists.len() {
            continue;
        }
        _ = write!(out, "<w:num w:numId=\"{}\"><w:abstractNumId w:val=\"{}\"/>", index + 1, number.list);
        for (level, start) in &number.starts {
            _ = write!(
                out,
                "<w:lvlOverride w:ilvl=\"{}\"><w:startOverride w:val=\"{}\"/></w:lvlOverride>",
                (*level).min(8),
                start.clamp(&0, &32_767)
            );
        }
        out.push_str("</w:num>");
    }
    out + "</w:numbering>"
}

fn one_list(out: &mut String, index: usize, list: &List) {
    let kind = if list.levels.len() > 1 { "multilevel" } else { "singleLevel" };
    _ = write!(out, "<w:abstractNum w:abstractNumId=\"{index}\"><w:multiLevelType w:val=\"{kind}\"/>");
    for (number, level) in list.levels.iter().take(9).enumerate() {
        one_level(out, number, level);
    }
    out.push_str("</w:abstractNum>");
}

fn one_level(out: &mut String, number: usize, level: &Level) {
    let start = level.start.clamp(0, 32_767);
    let legal = if level.legal { "<w:isLgl/>" } else { "" };
    let follow = match level.follow {
        1 => "<w:suff w:val=\"space\"/>",
        2 => "<w:suff w:val=\"nothing\"/>",
        _ => "",
    };
    let align = match level.align {
        1 => "center",
        2 => "right",
        _ => "left",
    };
    _ = write!(
        out,
        "<w:lvl w:ilvl=\"{number}\"><w:start w:val=\"{start}\"/><w:numFmt w:val=\"{}\"/>{legal}{follow}\
         <w:lvlText w:val=\"{}\"/><w:lvlJc w:val=\"{align}\"/>",
        format_name(level.format),
        escape(&level.text)
    );
    let inner = super::ParagraphProps { style: None, number: None, ..level.paragraph.clone() }.xml();
    if !inner.is_empty() {
        _ = write!(out, "<w:pPr>{inner}</w:pPr>");
    }
    out.push_str(&super::RunProps { style: None, ..level.run.clone() }.element());
    out.push_str("</w:lvl>");
}

fn settings(document: &Document) -> String {
    let mut out = format!("<w:settings {NAMES}>");
    if document.mirror_margins {
        out.push_str("<w:mirrorMargins/>");
    }
    if let Some(tab) = document.default_tab {
        _ = write!(out, "<w:defaultTabStop w:val=\"{}\"/>", tab.clamp(1, 31_680));
    }
    if document.even_and_odd {
        out.push_str("<w:evenAndOddHeaders/>");
    }
    for (kind, notes) in [("footnote", &document.footnotes), ("endnote", &document.endnotes)] {
        if !notes.is_empty() {
            _ = write!(out, "<w:{kind}Pr><w:{kind} w:id=\"-1\"/><w:{kind} w:id=\"0\"/></w:{kind}Pr>");
        }
    }
    out.push_str("<w:compat/></w:settings>");
    out
}
