//! The forms in which a document leaves: text, HTML, a page for printing, DOCX, and the printed comparison table.
//!
//! All of them are made from the same [`blocks`], in the reading order of the document. Whoever calls decides who may
//! have the result; nothing here knows about people or files.

mod blocks;
mod comparison;
mod docx;
mod html;
mod markup;

#[cfg(test)]
mod tests;

pub use comparison::comparison_page;
pub use docx::docx;
pub use html::{PageStyle, page};
pub(crate) use markup::{BodyFragment, escape};

use crate::model::Content;

/// The style sheet of every page made here. Pages refer to it; they hold no style of their own.
pub const CSS: &str = include_str!("document.css");

/// Marks that a copy carries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Handling {
    /// Shown on every page, e.g. `非公開`.
    pub mark: Option<String>,
    /// Who took the copy and when, shown on every page of non-public copies.
    pub trace: Option<String>,
}

/// The document as plain text; reading it again with [`crate::import_text`] gives the same clauses.
#[must_use]
pub fn text(content: &Content) -> String {
    let mut out = String::new();
    for block in blocks::of(content) {
        if block.opens() && !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&block.line());
        out.push('\n');
    }
    out
}
