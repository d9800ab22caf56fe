//! The typeface that stands in where a document's own is missing: set once a process, from bytes that the operator
//! installed. The engine opens no file for it.

use std::sync::OnceLock;

static FALLBACK: OnceLock<Vec<u8>> = OnceLock::new();

/// Sets the typeface (TrueType or OpenType) for text whose own typeface is not in the document. The first call holds.
pub fn set_fallback_font(font: Vec<u8>) {
    // A second call changes nothing: outlines must not differ between two documents of one process.
    let _ = FALLBACK.set(font);
}

/// The typeface, if one was set.
pub(crate) fn fallback_font() -> Option<&'static [u8]> {
    FALLBACK.get().map(Vec::as_slice)
}
