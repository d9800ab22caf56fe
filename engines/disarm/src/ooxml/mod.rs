//! Office Open XML (ISO/IEC 29500): Word, Excel and PowerPoint documents are read into what the positive list knows
//! and written as new packages.
//!
//! The way of a document: [`package`] finds parts, [`rebuild`] walks from the main part over allowed relationships,
//! [`xml`] reads a part into listed elements, [`part`] decides on each of them, and what is left is written. Macro-enabled
//! inputs come out as their macro-free successors. Nothing here copies bytes of the input, but for a VBA project that a
//! person has approved ([`macros`]).

mod allow;
mod cell_pictures;
mod chart;
mod conversations;
mod danger;
mod fields;
mod formula;
mod kinds;
mod links;
mod macros;
mod notes;
mod objects;
mod package;
mod part;
mod placeholder;
mod preview;
mod rebuild;
mod sheet;
#[cfg(test)]
mod sheet_tests;
#[cfg(test)]
mod tests;
mod text;
mod xml;

use crate::{Format, Refusal, TextPiece, context::Context};

/// Writes a document anew as its macro-free format, or with its approved macros.
pub(crate) fn rebuild(
    input: &[u8],
    format: Format,
    ctx: &mut Context<'_>,
) -> Result<(Vec<u8>, Format), Refusal> {
    rebuild::Rebuild::new(input, format, false, ctx)?.run()
}

/// The text of a document, paragraph by paragraph or cell by cell.
pub(crate) fn extract_text(
    input: &[u8],
    format: Format,
    ctx: &mut Context<'_>,
) -> Result<Vec<TextPiece>, Refusal> {
    rebuild::Rebuild::new(input, format, true, ctx)?.run_text()
}

/// May this formula (without the leading `=`) stay in a workbook?
pub(crate) fn formula_is_allowed(formula: &str) -> bool {
    formula::is_allowed(formula)
}

/// May a document link to this address?
pub(crate) fn link_is_allowed(address: &str) -> bool {
    links::allowed(&links::normalised(address))
}

/// The address of a link as it is written.
pub(crate) fn link_normalised(address: &str) -> String {
    links::normalised(address)
}

/// Decodes a part of a package: UTF-8 or UTF-16.
pub(crate) fn decode(bytes: Vec<u8>, place: &str) -> Result<String, Refusal> {
    xml::decode(bytes, place)
}

/// Escapes for element content, or for an attribute value in double quotes.
pub(crate) fn escape(text: &str, out: &mut String, attribute: bool) {
    xml::escape(text, out, attribute);
}

/// The picture that stands where another could not be kept.
pub(crate) fn placeholder() -> Vec<u8> {
    placeholder::png()
}
