//! The second opinion on a disarmed document: it knows the output grammar of `sekisho-disarm` and accepts nothing else.
//!
//! This crate never rebuilds, repairs or explains an input; it reads an output with parsers of its own, which share
//! no code with the writers, and names the first thing that the grammar does not allow. Handed an original document,
//! it fails, active content or not, unless the original happens to be in the narrow form. It also defines what both
//! sides must agree on as types and data: [`Format`], [`Limits`] and the name [`lists`].

mod archive;
mod base64;
mod cad;
mod format;
mod html;
mod json;
mod limits;
mod lines;
pub mod lists;
mod mail;
mod odf;
mod ooxml;
mod pdf;
mod raster;
mod svg;
mod text;
mod xml;
mod zip;

pub use format::Format;
pub use limits::Limits;

use serde::{Deserialize, Serialize};

/// The second reader does not agree with an output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("the output is not on the positive list at {location}: {message}")]
pub struct VerifyFailure {
    /// Where in the output.
    pub location: String,
    /// What was found.
    pub message: String,
}

impl VerifyFailure {
    /// A failure at a place.
    #[must_use]
    pub fn new(location: impl Into<String>, message: impl Into<String>) -> Self {
        Self { location: location.into(), message: message.into() }
    }
}

/// Reads an output and checks it against the grammar of its format.
///
/// # Errors
/// [`VerifyFailure`] names the first thing that the grammar does not allow; such a document must not be released.
pub fn verify(output: &[u8], format: Format, limits: &Limits) -> Result<(), VerifyFailure> {
    match format {
        f if f.is_ooxml() => ooxml::verify(output, f, limits, &[]),
        f if f.is_odf() => odf::verify(output, f, limits),
        f if f.is_raster() => raster::verify(output, f, limits),
        Format::Pdf => pdf::verify(output, limits),
        Format::Svg => svg::verify(output, limits),
        Format::Txt | Format::Csv => text::verify(output, format, limits),
        Format::Html => html::verify(output, limits),
        Format::Dxf | Format::Sfc | Format::P21 => cad::verify(output, format, limits),
        Format::Xml => xml::verify(output, limits),
        Format::Ics | Format::Vcf => lines::verify(output, format, limits),
        Format::Json => json::verify(output, limits),
        Format::Zip => archive::verify(output, limits),
        Format::Eml => mail::verify(output, limits),
        f => Err(VerifyFailure::new("", format!("no reader for {}", f.extension()))),
    }
}

/// As [`verify`], for an output in which macros may stay: a macro-enabled document passes when its one VBA project has a
/// SHA-256 (hexadecimal) on the list. What [`verify`] accepts passes as well.
///
/// # Errors
/// As [`verify`].
pub fn verify_keeping(
    output: &[u8],
    format: Format,
    limits: &Limits,
    approved: &[String],
) -> Result<(), VerifyFailure> {
    if format.is_ooxml() {
        ooxml::verify(output, format, limits, approved)
    } else {
        verify(output, format, limits)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// Lines of code of the readers that lie below a folder: no tests, no comments, no blank lines.
    fn code(folder: &Path) -> usize {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let lines = |path: &Path| {
            let text = std::fs::read_to_string(path).unwrap();
            let before_tests = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            let is_code = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with("//");
            before_tests.lines().filter(is_code).count()
        };
        entries
            .map(|path| match path.extension() {
                None => code(&path),
                Some(_) if path.ends_with("tests.rs") => 0,
                Some(_) => lines(&path),
            })
            .sum()
    }

    /// What is trusted must be short enough to be read. The bound may go down, not up: a larger table is data of
    /// `lists/`, a second parser of the same form is one too many.
    #[test]
    fn the_reader_stays_small() {
        let count = code(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
        assert!(count <= 3_900, "{count} lines of code");
    }
}
