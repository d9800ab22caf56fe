//! The typeface that stands in where a document's own is missing: set once a process, from bytes that the operator
//! installed. The engine opens no file for it.

use std::sync::{Arc, OnceLock};

use usvg::fontdb::{Database, Source};

static FALLBACK: OnceLock<Vec<u8>> = OnceLock::new();
static DATABASE: OnceLock<Option<(Arc<Database>, String)>> = OnceLock::new();

/// Sets the typeface (TrueType or OpenType) for text whose own typeface is not in the document. The first call holds.
pub fn set_fallback_font(font: Vec<u8>) {
    // A second call changes nothing: outlines must not differ between two documents of one process.
    let _ = FALLBACK.set(font);
}

/// The typeface, if one was set.
pub(crate) fn fallback_font() -> Option<&'static [u8]> {
    FALLBACK.get().map(Vec::as_slice)
}

/// The same as a database for text layout, every family leading to it, and its family's name.
pub(crate) fn database() -> Option<(Arc<Database>, String)> {
    let font = fallback_font()?;
    DATABASE
        .get_or_init(|| {
            let mut fonts = Database::new();
            fonts.load_font_source(Source::Binary(Arc::new(font)));
            let family = fonts.faces().next()?.families.first()?.0.clone();
            fonts.set_serif_family(&family);
            fonts.set_sans_serif_family(&family);
            fonts.set_monospace_family(&family);
            fonts.set_cursive_family(&family);
            fonts.set_fantasy_family(&family);
            Some((Arc::new(fonts), family))
        })
        .clone()
}
