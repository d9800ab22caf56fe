//! Word 97 to 2003 documents ([MS-DOC]) become DOCX; of Word 6 and 95 the text stays.
//!
//! The binary format has been attacked by offsets that lead anywhere, so every number is checked where it is used and
//! what does not fit is left out or refuses the file. Only what the model of `flow` has a name for is read: macros,
//! objects, equations, property streams, remnants of fast saving and sectors that no stream owns are never opened,
//! and those that are found are named in the report. Instructions of fields and pictures pass the positive list of
//! Office Open XML.

mod bytes;
mod file;
mod old;
mod reader;
mod sheets;
mod sprm;
#[cfg(test)]
mod tests;

use self::bytes::u16_at;
use self::file::{File, Part, broken};
use crate::compound::Compound;
use crate::{Format, Refusal, RefusalCode, RemovalCode, TextPiece, context::Context, flow};

/// Writes the document as DOCX.
pub(crate) fn rebuild(input: &[u8], ctx: &mut Context<'_>) -> Result<(Vec<u8>, Format), Refusal> {
    let document = read(input, ctx)?;
    flow::rebuild(&document, ctx)
}

/// The document's text.
pub(crate) fn extract_text(input: &[u8], ctx: &mut Context<'_>) -> Result<Vec<TextPiece>, Refusal> {
    let document = read(input, ctx)?;
    flow::extract_text(&document, ctx)
}

fn read(input: &[u8], ctx: &mut Context<'_>) -> Result<flow::Document, Refusal> {
    let compound = Compound::read(input)?;
    let main = compound.stream("WordDocument", ctx)?.ok_or_else(|| broken("WordDocument"))?;
    let version = u16_at(&main, 2).ok_or_else(|| broken("header"))?;
    report(&compound, ctx);
    match (u16_at(&main, 0), version) {
        (Some(0xA5EC), 0xC1..) => {}
        (Some(0xA5EC | 0xA5DC), 0x65..=0x69) => return old::read(&main, ctx),
        (Some(0xA5EC | 0xA5DC | 0xA59B | 0xA598 | 0xA697 | 0xA699), _) => {
            return Err(Refusal::new(RefusalCode::UnsupportedFormat, "doc: Word 2 以前・試作版の文書"));
        }
        _ => return Err(broken("header")),
    }
    let file = File::read(&compound, main, ctx)?;
    if file.is_fast_saved {
        ctx.removed(RemovalCode::HiddenContent, "高速保存で残った以前の内容");
    }
    let (start, end) = file.part(Part::Comments);
    if end > start {
        ctx.removed(RemovalCode::Annotation, "本文: コメント");
    }
    reader::read(&file, ctx)
}

/// Names what the file holds beside its text.
fn report(compound: &Compound<'_>, ctx: &mut Context<'_>) {
    let Some(root) = compound.root() else { return };
    for entry in compound.children(&root) {
        let name: String = entry.name.chars().filter(|c| !c.is_control()).take(60).collect();
        let code = match name.to_ascii_lowercase().as_str() {
            "ole" | "worddocument" | "0table" | "1table" | "data" | "compobj" => continue,
            "macros" | "_vba_project_cur" | "_vba_project" | "vba" => RemovalCode::Vba,
            "objectpool" => {
                for object in compound.children(&entry) {
                    ctx.removed(RemovalCode::EmbeddedObject, format!("本文: {}", object.name.escape_debug()));
                }
                continue;
            }
            "summaryinformation" | "documentsummaryinformation" => RemovalCode::Metadata,
            "msodatastore" => RemovalCode::CustomXml,
            "_xmlsignatures" | "_signatures" => RemovalCode::Signature,
            _ => RemovalCode::UnknownPart,
        };
        ctx.removed(code, name);
    }
}
