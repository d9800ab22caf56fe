//! Texts with a grammar that the engine rebuilds: told by how they begin; by the extension only where the beginning says
//! nothing (JSON).

use crate::Format;

/// The format of a structured text.
pub(super) fn format(text: &str, declared: &str) -> Option<Format> {
    let begin: String = text.trim_start_matches('\u{feff}').trim_start().chars().take(4096).collect();
    let lower = begin.to_ascii_lowercase();
    let starts = |word: &str| lower.starts_with(word);
    let is_markup = starts("<");
    let page = [
        "<!doctype html",
        "<html",
        "<head",
        "<body",
        "<script",
        "<iframe",
        "<hta:",
        "<title",
        "<table",
        "<meta",
    ];
    if page.iter().any(|tag| starts(tag))
        || (starts("<?xml") && lower.contains("<html"))
        || (starts("<!--") && lower.contains("<html"))
        || matches!(declared, "html" | "htm" | "xhtml")
    {
        return Some(Format::Html);
    }
    if starts("<?xml")
        || starts("<!doctype")
        || (is_markup && matches!(declared, "xml" | "xsd" | "kml" | "gml" | "gpx" | "rdf" | "rss" | "atom"))
    {
        return Some(Format::Xml);
    }
    if starts("begin:vcalendar") {
        return Some(Format::Ics);
    }
    if starts("begin:vcard") {
        return Some(Format::Vcf);
    }
    if starts("iso-10303-21;") {
        let is_feature_mode = lower.contains("feature_mode") || lower.contains("/*sxf");
        return Some(if is_feature_mode { Format::Sfc } else { Format::P21 });
    }
    if is_dxf(&begin) {
        return Some(Format::Dxf);
    }
    matches!(declared, "json" | "geojson" | "jsonl" | "ndjson").then_some(Format::Json)
}

/// Pairs of a group code and a value; comments (999) may come first.
fn is_dxf(begin: &str) -> bool {
    let mut lines = begin.lines().map(str::trim);
    loop {
        match (lines.next(), lines.next()) {
            (Some("999"), Some(_)) => {}
            (Some("0"), Some(value)) => return value.eq_ignore_ascii_case("SECTION"),
            _ => return false,
        }
    }
}

/// A web page saved as one MIME file (MHTML).
pub(super) fn is_web_archive(text: &str, declared: &str) -> bool {
    let head: String = text.chars().take(2048).collect();
    let lower = head.to_ascii_lowercase();
    lower.contains("snapshot-content-location:")
        || (matches!(declared, "mht" | "mhtml") && lower.contains("mime-version"))
}
