//! What a file is, by its content; what it claims to be, by its name.
//!
//! The name never decides between two kinds of binary content; it only refuses texts that a computer would run
//! (a `.bat` looks like any other text) and tells CSV from plain text.

mod compound;
mod magic;
mod package;
mod texts;

#[cfg(test)]
mod tests;

use crate::{Format, Refusal, RefusalCode, metafile, raster, rtf, svg, text};

/// The finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detection {
    /// The extension of the declared name in lower case, empty when there is none.
    pub declared: String,
    /// An identifier of the content: a [`Format`]'s extension, or the name of a kind that is refused (`doc`, `jtd`, `exe`…).
    pub detected: String,
    outcome: Result<Format, Refusal>,
    mismatch: bool,
}

impl Detection {
    /// The format, when the engine can write it.
    ///
    /// # Errors
    /// The refusal that names the kind.
    pub fn supported(&self) -> Result<Format, Refusal> {
        self.outcome.clone()
    }

    /// Is it an Office package behind a password? A password may open it.
    pub(crate) fn is_encrypted_office(&self) -> bool {
        self.detected == ENCRYPTED_OFFICE
    }

    /// `declared → detected` when the name claims another kind.
    #[must_use]
    pub fn mismatch(&self) -> Option<String> {
        self.mismatch.then(|| format!(".{} → {}", self.declared, self.detected))
    }
}

/// The identifier of Office packages behind a password.
const ENCRYPTED_OFFICE: &str = "encrypted-office";

/// Recognises a file.
#[must_use]
pub fn detect(bytes: &[u8], name: &str) -> Detection {
    let declared =
        name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default();
    let Kind { id, outcome } = kind(bytes, &declared);
    let mismatch = !declared.is_empty() && !agrees(&declared, &id);
    Detection { declared, detected: id, outcome, mismatch }
}

/// A kind of content and what becomes of it.
struct Kind {
    id: String,
    outcome: Result<Format, Refusal>,
}

impl Kind {
    fn supported(format: Format) -> Self {
        Self { id: format.extension().to_owned(), outcome: Ok(format) }
    }

    fn refused(id: &str, code: RefusalCode, label: &str) -> Self {
        let detail = if label.is_empty() { id.to_owned() } else { format!("{id}: {label}") };
        Self { id: id.to_owned(), outcome: Err(Refusal::new(code, detail)) }
    }

    fn unsupported(id: &str, label: &str) -> Self {
        Self::refused(id, RefusalCode::UnsupportedFormat, label)
    }
}

fn kind(bytes: &[u8], declared: &str) -> Kind {
    if bytes.is_empty() {
        return Kind::refused("empty", RefusalCode::Empty, "");
    }
    if let Some(format) = raster::sniff(bytes) {
        return Kind::supported(format);
    }
    if raster::is_heic(bytes) {
        return Kind::supported(Format::Heic);
    }
    if let Some(format) = metafile::sniff(bytes) {
        return Kind::supported(format);
    }
    if bytes.starts_with(b"%PDF-") {
        return Kind::supported(Format::Pdf);
    }
    if rtf::is_rtf(bytes) {
        return Kind::supported(Format::Rtf);
    }
    if [&b"PK\x03\x04"[..], b"PK\x05\x06", b"PK\x07\x08"].iter().any(|magic| bytes.starts_with(magic)) {
        return package::kind(bytes);
    }
    if bytes.starts_with(&compound::MAGIC) {
        return compound::kind(bytes);
    }
    if declared == "svgz" && svg::is_packed(bytes) {
        return Kind::supported(Format::Svg);
    }
    if let Some(format) = magic::archive(bytes, declared) {
        return Kind::supported(format);
    }
    if bytes.starts_with(b"\x78\x9f\x3e\x22") {
        return Kind::supported(Format::Tnef);
    }
    if let Some(row) = magic::binary(bytes) {
        return Kind::refused(row.id, row.code, row.label);
    }
    if magic::is_mail(bytes, declared) {
        let head = String::from_utf8_lossy(bytes.get(..bytes.len().min(4096)).unwrap_or_default());
        if texts::is_web_archive(&head, declared) {
            return Kind::unsupported("mht", "Web アーカイブ。HTML か PDF で保存し直してください");
        }
        return Kind::supported(Format::Eml);
    }
    if let Some(text) = text::decode_declared(bytes) {
        return text_kind(&text, declared);
    }
    if let Some(hidden) = disguised(bytes, declared) {
        return hidden;
    }
    match magic::by_extension(declared) {
        Some(row) => Kind::refused(row.id, row.code, row.label),
        None => Kind::refused("unknown", RefusalCode::Unrecognised, ""),
    }
}

/// A document behind foreign bytes: some readers look for it there, others don't.
fn disguised(bytes: &[u8], declared: &str) -> Option<Kind> {
    let head = bytes.get(..bytes.len().min(1024))?;
    if let Some(at) = head.windows(5).position(|window| window == b"%PDF-") {
        let blank = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, 0xEF | 0xBB | 0xBF);
        return Some(pdf_behind(declared, head.get(..at)?.iter().all(blank)));
    }
    let tail = bytes.get(bytes.len().saturating_sub(66_000)..)?;
    tail.windows(4)
        .any(|window| window == b"PK\x05\x06")
        .then(|| Kind::refused("zip", RefusalCode::Ambiguous, "先頭に別のデータがある ZIP"))
}

/// A PDF whose header comes late. Servers and mail programs put lines before it, and every viewer looks for it in the
/// first kilobyte; the bytes before it are not carried over. A file that doesn't even claim to be one is a disguise.
fn pdf_behind(declared: &str, blank: bool) -> Kind {
    if blank || declared == "pdf" {
        Kind::supported(Format::Pdf)
    } else {
        Kind::refused("pdf", RefusalCode::Ambiguous, "先頭に別のデータがある PDF")
    }
}

fn text_kind(text: &str, declared: &str) -> Kind {
    if svg::is_svg(text) {
        return Kind::supported(Format::Svg);
    }
    if let Some(row) = magic::text(text) {
        return Kind::refused(row.id, row.code, row.label);
    }
    let by_extension = magic::by_extension(declared);
    if let Some(row) = by_extension.filter(|row| row.code == RefusalCode::Executable) {
        return Kind::refused(row.id, row.code, row.label);
    }
    if let Some(format) = texts::format(text, declared) {
        return Kind::supported(format);
    }
    if text.chars().take(1024).collect::<String>().contains("%PDF-") && text.contains("startxref") {
        return pdf_behind(declared, text.trim_start().starts_with("%PDF-"));
    }
    if let Some(row) = by_extension {
        return Kind::refused(row.id, row.code, row.label);
    }
    Kind::supported(if matches!(declared, "csv" | "tsv") { Format::Csv } else { Format::Txt })
}

/// Whether the extension is a usual name for the kind.
fn agrees(declared: &str, id: &str) -> bool {
    let aliases: &[&str] = match id {
        "jpg" => &["jpeg", "jpe", "jfif"],
        "tif" => &["tiff"],
        "png" => &["apng"],
        "svg" => &["svgz"],
        "bmp" => &["dib"],
        "txt" => &[
            "text", "log", "md", "markdown", "ini", "cfg", "conf", "yaml", "yml", "toml", "tex", "lst", "dat",
        ],
        "csv" => &["tsv"],
        "odt" => &["ott"],
        "ods" => &["ots"],
        "odp" => &["otp"],
        "doc" => &["dot"],
        "xls" => &["xlt", "xla"],
        "ppt" => &["pps", "pot"],
        "jtd" => &["jtt", "jttc", "jtdc", "jhd"],
        "exe" => &["dll", "scr", "cpl", "sys", "ocx", "com", "xll"],
        "html" => &["htm", "xhtml"],
        "xml" => &["xsd", "kml", "gml", "gpx", "rdf", "rss", "atom", "config"],
        "json" => &["geojson", "jsonl", "ndjson"],
        "ics" => &["ical", "ifb", "vcs"],
        "vcf" => &["vcard"],
        "p21" => &["stp", "step", "sfc"],
        "sfc" => &["p21"],
        "mp4" => &["m4a", "m4v", "mov", "qt", "3gp"],
        "heic" => &["heif", "avif"],
        "gz" => &["tgz"],
        "lzh" => &["lha"],
        "encrypted-office" => &["docx", "xlsx", "pptx", "docm", "xlsm", "pptm"],
        _ => &[],
    };
    declared == id || aliases.contains(&declared)
}
