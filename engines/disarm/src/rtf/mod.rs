//! Rich Text Format (RTF 1.9.1) becomes DOCX.
//!
//! RTF is the format in which every detector has been outwitted: control words cut apart, digits of objects mixed with
//! braces, tables of lists and fonts of absurd size. So nothing is detected here. [`token`] cuts the stream as
//! leniently as Word, [`dest`] knows which groups may be read, [`reader`] fills the model of `flow`, and the DOCX is
//! written from that model alone. Objects, templates, data stores and unknown destinations end in the skip that they
//! are given; their bytes are never decoded.

mod dest;
mod reader;
mod sheet;
mod state;
#[cfg(test)]
mod tests;
mod token;
mod words;

use crate::{Format, Refusal, TextPiece, context::Context, flow};

/// Is this RTF? Word asks for `{\rt` only.
pub(crate) fn is_rtf(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes);
    let start = bytes.iter().take(64).take_while(|byte| byte.is_ascii_whitespace()).count();
    bytes.get(start..).is_some_and(|rest| rest.starts_with(b"{\\rt"))
}

/// Writes the document as DOCX.
pub(crate) fn rebuild(input: &[u8], ctx: &mut Context<'_>) -> Result<(Vec<u8>, Format), Refusal> {
    let document = reader::read(input, ctx)?;
    flow::rebuild(&document, ctx)
}

/// The document's text.
pub(crate) fn extract_text(input: &[u8], ctx: &mut Context<'_>) -> Result<Vec<TextPiece>, Refusal> {
    let document = reader::read(input, ctx)?;
    flow::extract_text(&document, ctx)
}
