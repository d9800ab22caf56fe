//! OpenDocument (ISO/IEC 26300): texts, sheets and slides are read into what the positive list knows and written as
//! new packages with a manifest of their own.
//!
//! [`package`] decides which parts there are, [`rewrite`] reads each of them and writes what [`allow`] lists,
//! [`formula`] judges what cells compute, [`settings`] carries over how lines and tables are laid out. Basic, scripts,
//! events, forms, foreign objects and every address that is read by itself stay behind.

mod allow;
mod formula;
mod package;
mod rewrite;
mod settings;
#[cfg(test)]
mod tests;
mod text;

use crate::{Format, Refusal, TextPiece, context::Context};

/// Writes a document anew.
pub(crate) fn rebuild(
    input: &[u8],
    format: Format,
    ctx: &mut Context<'_>,
) -> Result<(Vec<u8>, Format), Refusal> {
    Ok((package::Rebuild::new(input, format, false, ctx)?.run()?, format))
}

/// The text, paragraph by paragraph or cell by cell.
pub(crate) fn extract_text(
    input: &[u8],
    format: Format,
    ctx: &mut Context<'_>,
) -> Result<Vec<TextPiece>, Refusal> {
    package::Rebuild::new(input, format, true, ctx)?.run_text()
}
