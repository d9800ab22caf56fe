//! The plain package: presentation, masters with one layout each, slides, notes. The rebuild reads it and writes its own.

use std::fmt::Write as _;

use super::deck::{Deck, Master, Paragraph, Slide};
use super::markup::{Shapes, push_solid};
use crate::workbook::relationships;
use crate::zip::{Storage, Writer};
use crate::{Refusal, context::Context};

const SPACES: &str = "xmlns:p=\"http://schemas.openxmlformats.org/presentationml/2006/main\" \
    xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" \
    xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"";
const TREE: &str = "<p:nvGrpSpPr><p:cNvPr id=\"1\" name=\"\"/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr>\
    <p:grpSpPr><a:xfrm><a:off x=\"0\" y=\"0\"/><a:ext cx=\"0\" cy=\"0\"/><a:chOff x=\"0\" y=\"0\"/><a:chExt cx=\"0\" cy=\"0\"/></a:xfrm></p:grpSpPr>";
const MAP: &str = "<p:clrMap bg1=\"lt1\" tx1=\"dk1\" bg2=\"lt2\" tx2=\"dk2\" accent1=\"accent1\" accent2=\"accent2\" \
    accent3=\"accent3\" accent4=\"accent4\" accent5=\"accent5\" accent6=\"accent6\" hlink=\"hlink\" folHlink=\"folHlink\"/>";

/// Writes the package.
pub(super) fn write(deck: &Deck, ctx: &mut Context<'_>) -> Result<Vec<u8>, Refusal> {
    let mut parts = Parts { zip: Writer::new(), ctx };
    parts.add(
        "[Content_Types].xml",
        "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
         <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
         <Default Extension=\"xml\" ContentType=\"application/xml\"/></Types>",
    )?;
    parts.add("_rels/.rels", &relationships(&[("officeDocument", "ppt/presentation.xml", false)]))?;
    presentation(&mut parts, deck)?;
    for (number, master) in (1_usize..).zip(&deck.masters) {
        write_master(&mut parts, deck, master, number)?;
    }
    let has_notes = deck.slides.iter().any(|slide| !slide.notes.is_empty());
    if has_notes {
        notes_master(&mut parts, deck.masters.len() + 1)?;
    }
    for (number, slide) in (1_usize..).zip(&deck.slides) {
        write_slide(&mut parts, deck, slide, number)?;
    }
    for (number, picture) in (1_usize..).zip(&deck.pictures) {
        let path = format!("ppt/media/image{number}.{}", picture.extension);
        parts.zip.add(&path, &picture.bytes, Storage::Store)?;
    }
    parts.zip.finish()
}

struct Parts<'c, 'o> {
    zip: Writer,
    ctx: &'c mut Context<'o>,
}

impl Parts<'_, '_> {
    fn add(&mut self, path: &str, text: &str) -> Result<(), Refusal> {
        self.ctx.charge_expanded(text.len() as u64)?;
        self.zip.add(path, text.as_bytes(), Storage::Deflate)
    }
}

fn presentation(parts: &mut Parts<'_, '_>, deck: &Deck) -> Result<(), Refusal> {
    let masters = deck.masters.len();
    let has_notes = deck.slides.iter().any(|slide| !slide.notes.is_empty());
    let mut links: Vec<(&str, String, bool)> = Vec::new();
    let mut out = format!("<p:presentation {SPACES}><p:sldMasterIdLst>");
    for number in 1..=masters {
        links.push(("slideMaster", format!("slideMasters/slideMaster{number}.xml"), false));
        // Identifiers of masters and layouts are counted together.
        let id = 2_147_483_648_u64 + 2 * number as u64;
        let _ = write!(out, "<p:sldMasterId id=\"{id}\" r:id=\"rId{number}\"/>");
    }
    out.push_str("</p:sldMasterIdLst>");
    if has_notes {
        links.push(("notesMaster", "notesMasters/notesMaster1.xml".to_owned(), false));
        let _ = write!(
            out,
            "<p:notesMasterIdLst><p:notesMasterId r:id=\"rId{}\"/></p:notesMasterIdLst>",
            links.len()
        );
    }
    if !deck.slides.is_empty() {
        out.push_str("<p:sldIdLst>");
        for number in 1..=deck.slides.len() {
            links.push(("slide", format!("slides/slide{number}.xml"), false));
            let _ = write!(out, "<p:sldId id=\"{}\" r:id=\"rId{}\"/>", 255 + number, links.len());
        }
        out.push_str("</p:sldIdLst>");
    }
    links.push(("theme", "theme/theme1.xml".to_owned(), false));
    let _ = write!(
        out,
        "<p:sldSz cx=\"{}\" cy=\"{}\"/><p:notesSz cx=\"6858000\" cy=\"9144000\"/></p:presentation>",
        deck.size.0, deck.size.1
    );
    parts.add("ppt/presentation.xml", &out)?;
    parts.add("ppt/_rels/presentation.xml.rels", &relationships(&links))
}

fn write_master(
    parts: &mut Parts<'_, '_>,
    deck: &Deck,
    master: &Master,
    number: usize,
) -> Result<(), Refusal> {
    let links = vec![
        ("slideLayout", format!("../slideLayouts/slideLayout{number}.xml"), false),
        ("theme", format!("../theme/theme{number}.xml"), false),
    ];
    let mut shapes = Shapes::new(&deck.pictures, links, true);
    for shape in &master.shapes {
        shapes.push(shape);
    }
    let ground = background(Some(master.background.unwrap_or_else(|| first(&master.scheme, 0))));
    let layout_id = 2_147_483_649_u64 + 2 * number as u64;
    let title = placeholder("title", "Title", deck.size);
    let out = format!(
        "<p:sldMaster {SPACES}><p:cSld>{ground}<p:spTree>{TREE}{title}{}</p:spTree></p:cSld>{MAP}\
         <p:sldLayoutIdLst><p:sldLayoutId id=\"{layout_id}\" r:id=\"rId1\"/></p:sldLayoutIdLst>\
         <p:txStyles><p:titleStyle/><p:bodyStyle/><p:otherStyle/></p:txStyles></p:sldMaster>",
        shapes.out
    );
    parts.add(&format!("ppt/slideMasters/slideMaster{number}.xml"), &out)?;
    parts.add(
        &format!("ppt/slideMasters/_rels/slideMaster{number}.xml.rels"),
        &relationships(&shapes.links),
    )?;
    let layout = format!(
        "<p:sldLayout {SPACES} type=\"titleOnly\"><p:cSld name=\"Layout\"><p:spTree>{TREE}{title}</p:spTree></p:cSld>\
         <p:clrMapOvr><a:masterClrMapping/></p:clrMapOvr></p:sldLayout>"
    );
    parts.add(&format!("ppt/slideLayouts/slideLayout{number}.xml"), &layout)?;
    parts.add(
        &format!("ppt/slideLayouts/_rels/slideLayout{number}.xml.rels"),
        &relationships(&[("slideMaster", format!("../slideMasters/slideMaster{number}.xml"), false)]),
    )?;
    parts.add(&format!("ppt/theme/theme{number}.xml"), &theme(&master.scheme))
}

/// Where a title stands that says nothing about its place.
fn placeholder(kind: &str, name: &str, (width, height): (i64, i64)) -> String {
    format!(
        "<p:sp><p:nvSpPr><p:cNvPr id=\"9001\" name=\"{name}\"/><p:cNvSpPr/><p:nvPr><p:ph type=\"{kind}\"/></p:nvPr></p:nvSpPr>\
         <p:spPr><a:xfrm><a:off x=\"{}\" y=\"{}\"/><a:ext cx=\"{}\" cy=\"{}\"/></a:xfrm><a:prstGeom prst=\"rect\"><a:avLst/></a:prstGeom></p:spPr>\
         <p:txBody><a:bodyPr/><a:lstStyle/><a:p><a:endParaRPr lang=\"ja-JP\"/></a:p></p:txBody></p:sp>",
        width / 20,
        height / 25,
        width * 9 / 10,
        height / 6
    )
}

fn write_slide(parts: &mut Parts<'_, '_>, deck: &Deck, slide: &Slide, number: usize) -> Result<(), Refusal> {
    let mut links =
        vec![("slideLayout", format!("../slideLayouts/slideLayout{}.xml", slide.master + 1), false)];
    if !slide.notes.is_empty() {
        links.push(("notesSlide", format!("../notesSlides/notesSlide{number}.xml"), false));
    }
    let mut shapes = Shapes::new(&deck.pictures, links, false);
    for shape in &slide.shapes {
        shapes.push(shape);
    }
    let ground = background(slide.background);
    let hidden = if slide.hidden { " show=\"0\"" } else { "" };
    let bare = if slide.shows_master { "" } else { " showMasterSp=\"0\"" };
    let out = format!(
        "<p:sld {SPACES}{hidden}{bare}><p:cSld>{ground}<p:spTree>{TREE}{}</p:spTree></p:cSld>\
         <p:clrMapOvr><a:masterClrMapping/></p:clrMapOvr></p:sld>",
        shapes.out
    );
    parts.add(&format!("ppt/slides/slide{number}.xml"), &out)?;
    parts.add(&format!("ppt/slides/_rels/slide{number}.xml.rels"), &relationships(&shapes.links))?;
    if slide.notes.is_empty() { Ok(()) } else { write_notes(parts, deck, &slide.notes, number) }
}

fn write_notes(
    parts: &mut Parts<'_, '_>,
    deck: &Deck,
    notes: &[Paragraph],
    number: usize,
) -> Result<(), Refusal> {
    let links = vec![
        ("notesMaster", "../notesMasters/notesMaster1.xml".to_owned(), false),
        ("slide", format!("../slides/slide{number}.xml"), false),
    ];
    let mut shapes = Shapes::new(&deck.pictures, links, false);
    for paragraph in notes {
        shapes.push_paragraph(paragraph);
    }
    let out = format!(
        "<p:notes {SPACES}><p:cSld><p:spTree>{TREE}<p:sp><p:nvSpPr><p:cNvPr id=\"2\" name=\"Notes\"/><p:cNvSpPr/>\
         <p:nvPr><p:ph type=\"body\" idx=\"1\"/></p:nvPr></p:nvSpPr><p:spPr/><p:txBody><a:bodyPr/><a:lstStyle/>{}</p:txBody></p:sp>\
         </p:spTree></p:cSld><p:clrMapOvr><a:masterClrMapping/></p:clrMapOvr></p:notes>",
        shapes.out
    );
    parts.add(&format!("ppt/notesSlides/notesSlide{number}.xml"), &out)?;
    parts.add(&format!("ppt/notesSlides/_rels/notesSlide{number}.xml.rels"), &relationships(&shapes.links))
}

fn notes_master(parts: &mut Parts<'_, '_>, theme_number: usize) -> Result<(), Refusal> {
    let body = placeholder("body", "Notes", (6_858_000, 9_144_000))
        .replace("type=\"body\"", "type=\"body\" idx=\"1\"");
    let out = format!(
        "<p:notesMaster {SPACES}><p:cSld>{}<p:spTree>{TREE}{body}</p:spTree></p:cSld>{MAP}</p:notesMaster>",
        background(Some(0xFF_FFFF))
    );
    parts.add("ppt/notesMasters/notesMaster1.xml", &out)?;
    parts.add(
        "ppt/notesMasters/_rels/notesMaster1.xml.rels",
        &relationships(&[("theme", format!("../theme/theme{theme_number}.xml"), false)]),
    )?;
    parts
        .add(&format!("ppt/theme/theme{theme_number}.xml"), &theme(&[0xFF_FFFF, 0, 0x80_8080, 0, 0, 0, 0, 0]))
}

fn background(colour: Option<u32>) -> String {
    let Some(rgb) = colour else { return String::new() };
    let mut out = String::from("<p:bg><p:bgPr>");
    push_solid(&mut out, rgb);
    out.push_str("<a:effectLst/></p:bgPr></p:bg>");
    out
}

fn first(scheme: &[u32; 8], at: usize) -> u32 {
    scheme.get(at).copied().unwrap_or_default()
}

/// A theme with the colours of a scheme: ground, text, shadow, title, fill, accents, links.
fn theme(scheme: &[u32; 8]) -> String {
    let mut out = String::from(
        "<a:theme xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" name=\"Theme\"><a:themeElements><a:clrScheme name=\"Scheme\">",
    );
    let slots = [
        ("dk1", 1),
        ("lt1", 0),
        ("dk2", 3),
        ("lt2", 2),
        ("accent1", 4),
        ("accent2", 5),
        ("accent3", 2),
        ("accent4", 3),
        ("accent5", 4),
        ("accent6", 5),
        ("hlink", 6),
        ("folHlink", 7),
    ];
    for (tag, at) in slots {
        let _ = write!(out, "<a:{tag}><a:srgbClr val=\"{:06X}\"/></a:{tag}>", first(scheme, at) & 0xFF_FFFF);
    }
    out.push_str("</a:clrScheme><a:fontScheme name=\"Fonts\">");
    for tag in ["majorFont", "minorFont"] {
        let _ = write!(
            out,
            "<a:{tag}><a:latin typeface=\"Arial\"/><a:ea typeface=\"ＭＳ Ｐゴシック\"/><a:cs typeface=\"\"/></a:{tag}>"
        );
    }
    let fill = "<a:solidFill><a:schemeClr val=\"phClr\"/></a:solidFill>";
    let line = format!("<a:ln w=\"9525\">{fill}</a:ln>");
    let effect = "<a:effectStyle><a:effectLst/></a:effectStyle>";
    let _ = write!(
        out,
        "</a:fontScheme><a:fmtScheme name=\"Format\"><a:fillStyleLst>{fill}{fill}{fill}</a:fillStyleLst>\
         <a:lnStyleLst>{line}{line}{line}</a:lnStyleLst><a:effectStyleLst>{effect}{effect}{effect}</a:effectStyleLst>\
         <a:bgFillStyleLst>{fill}{fill}{fill}</a:bgFillStyleLst></a:fmtScheme></a:themeElements></a:theme>"
    );
    out
}
