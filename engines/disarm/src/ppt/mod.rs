//! PowerPoint 97 to 2003 presentations ([MS-PPT]): slides are read into shapes, texts and pictures, and a new PPTX is written.
//!
//! The document is a heap of records that edits have left behind; only what the last edit leads to is read, so that
//! nothing of older states comes along. Visual Basic, embedded objects, controls, media and actions that start
//! something are never opened: the report names them.

mod deck;
mod markup;
mod package;
mod persist;
mod read;
mod shapes;
#[cfg(test)]
mod tests;
mod text;

use crate::compound::Compound;
use crate::{Format, Refusal, RefusalCode, RemovalCode, TextPiece, context::Context, ooxml};

/// A new PPTX of a binary presentation.
///
/// # Errors
/// `Encrypted` for presentations with a password, `Malformed` for what is no presentation.
pub(crate) fn rebuild(input: &[u8], ctx: &mut Context<'_>) -> Result<(Vec<u8>, Format), Refusal> {
    let package = convert(input, ctx)?;
    ooxml::rebuild(&package, Format::Pptx, ctx)
}

/// The text of its slides and notes.
pub(crate) fn extract_text(input: &[u8], ctx: &mut Context<'_>) -> Result<Vec<TextPiece>, Refusal> {
    let package = convert(input, ctx)?;
    ooxml::extract_text(&package, Format::Pptx, ctx)
}

fn malformed(what: &str) -> Refusal {
    Refusal::new(RefusalCode::Malformed, format!("ppt: {what}"))
}

fn convert(input: &[u8], ctx: &mut Context<'_>) -> Result<Vec<u8>, Refusal> {
    let file = Compound::read(input)?;
    // PowerPoint 97 could write both kinds of documents into one file; the newer lies in a storage of its own.
    let inside = if file.find("PP97_DUALSTORAGE").is_some() { "PP97_DUALSTORAGE/" } else { "" };
    let document = file
        .stream(&format!("{inside}PowerPoint Document"), ctx)?
        .ok_or_else(|| malformed("PowerPoint Document"))?;
    let user = file.stream(&format!("{inside}Current User"), ctx)?.unwrap_or_default();
    // Pictures that can't be read are pictures that are not there.
    let pictures = file.stream(&format!("{inside}Pictures"), ctx).ok().flatten().unwrap_or_default();
    report_streams(&file, ctx);
    let persist = persist::Persist::read(&document, &user)?;
    let deck = read::deck(&persist, &pictures, ctx)?;
    package::write(&deck, ctx)
}

/// Names what lies beside the presentation: nothing of it is opened.
fn report_streams(file: &Compound<'_>, ctx: &mut Context<'_>) {
    let Some(root) = file.root() else { return };
    for entry in file.children(&root) {
        let lower = entry.name.to_lowercase();
        let shown: String = entry.name.chars().filter(|c| !c.is_control()).collect();
        let code = match lower.as_str() {
            "powerpoint document" | "current user" | "pictures" | "pp97_dualstorage" | "header" => continue,
            "\u{5}summaryinformation" | "\u{5}documentsummaryinformation" => {
                ctx.removed(RemovalCode::Metadata, "文書のプロパティ");
                continue;
            }
            "_vba_project_cur" | "macros" => RemovalCode::Vba,
            "_signatures" | "_xmlsignatures" => RemovalCode::Signature,
            "msodatastore" => RemovalCode::CustomXml,
            _ if entry.is_storage => RemovalCode::EmbeddedObject,
            _ => RemovalCode::Metadata,
        };
        ctx.removed(code, shown);
    }
}
