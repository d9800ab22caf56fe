//! ZIP containers: an Office package by the content type of its main part, another known package by its own
//! marker, else an archive.

use quick_xml::{Reader, XmlVersion, events::Event};

use super::Kind;
use crate::{Format, Options, Refusal, RefusalCode, context::Context, zip::Archive};

/// A content-types part that is longer belongs to no office document.
const MAX_TYPES: u64 = 4 << 20;

/// The kind of a ZIP container.
pub(super) fn kind(bytes: &[u8]) -> Kind {
    // Looking has its own budget: the one of the call counts each member once, when it is rebuilt.
    let options = Options::default();
    let mut ctx = Context::new(&options);
    let archive = match Archive::read(bytes, &mut ctx) {
        Ok(archive) => archive,
        Err(refusal) => return Kind { id: "zip".to_owned(), outcome: Err(refusal) },
    };
    let has = |name: &str| archive.find(name).is_some();
    if let Some(entry) = archive.find("[Content_Types].xml") {
        if entry.size > MAX_TYPES {
            return Kind::refused("opc", RefusalCode::Bomb, "[Content_Types].xml");
        }
        let types = match archive.bytes(entry, &mut ctx) {
            Ok(types) => types,
            Err(refusal) => return Kind { id: "opc".to_owned(), outcome: Err(refusal) },
        };
        return office(&types);
    }
    if let Some(entry) = archive.find("mimetype").filter(|entry| entry.size < 256) {
        let media = archive.bytes(entry, &mut ctx).unwrap_or_default();
        let media = String::from_utf8_lossy(&media);
        return match media.trim() {
            "application/vnd.oasis.opendocument.text"
            | "application/vnd.oasis.opendocument.text-template" => Kind::supported(Format::Odt),
            "application/vnd.oasis.opendocument.spreadsheet"
            | "application/vnd.oasis.opendocument.spreadsheet-template" => Kind::supported(Format::Ods),
            "application/vnd.oasis.opendocument.presentation"
            | "application/vnd.oasis.opendocument.presentation-template" => Kind::supported(Format::Odp),
            m if m.starts_with("application/vnd.oasis.opendocument") => {
                Kind::unsupported("odf", "OpenDocument")
            }
            "application/epub+zip" => Kind::unsupported("epub", "電子書籍"),
            _ => Kind::supported(Format::Zip),
        };
    }
    if has("AndroidManifest.xml") {
        return Kind::refused("apk", RefusalCode::Executable, "Android のプログラム");
    }
    if has("META-INF/MANIFEST.MF") {
        return Kind::refused("jar", RefusalCode::Executable, "Java のプログラム");
    }
    if has("Index/Document.iwa") || has("Index.zip") {
        return Kind::unsupported("iwork", "Pages・Numbers・Keynote");
    }
    Kind::supported(Format::Zip)
}

const WORD: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.";
const SHEET: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.";
const SLIDES: &str = "application/vnd.openxmlformats-officedocument.presentationml.";

/// The one kind of main part that the content types (ECMA-376 part 2, 10.1.2.2) declare.
fn office(types: &[u8]) -> Kind {
    let declared = match content_types(types) {
        Ok(declared) => declared,
        Err(refusal) => return Kind { id: "opc".to_owned(), outcome: Err(refusal) },
    };
    let mut kinds: Vec<Kind> = Vec::new();
    for media in &declared {
        if let Some(kind) = main_part(media)
            && !kinds.iter().any(|known| known.id == kind.id)
        {
            kinds.push(kind);
        }
    }
    if kinds.len() > 1 {
        let names: Vec<_> = kinds.iter().map(|kind| kind.id.as_str()).collect();
        return Kind::refused("opc", RefusalCode::Ambiguous, &names.join("+"));
    }
    kinds.pop().unwrap_or_else(|| Kind::unsupported("opc", "主文書のないパッケージ"))
}

fn main_part(media: &str) -> Option<Kind> {
    let tail = |prefix: &str| media.strip_prefix(prefix).map(str::to_owned);
    if let Some(tail) = tail(WORD) {
        return match tail.as_str() {
            "document.main+xml" => Some(Kind::supported(Format::Docx)),
            "template.main+xml" => Some(Kind::supported(Format::Dotx)),
            _ => None,
        };
    }
    if let Some(tail) = tail(SHEET) {
        return match tail.as_str() {
            "sheet.main+xml" => Some(Kind::supported(Format::Xlsx)),
            "template.main+xml" => Some(Kind::supported(Format::Xltx)),
            _ => None,
        };
    }
    if let Some(tail) = tail(SLIDES) {
        return match tail.as_str() {
            "presentation.main+xml" => Some(Kind::supported(Format::Pptx)),
            "slideshow.main+xml" => Some(Kind::supported(Format::Ppsx)),
            "template.main+xml" => Some(Kind::supported(Format::Potx)),
            _ => None,
        };
    }
    Some(match media {
        "application/vnd.ms-word.document.macroEnabled.main+xml" => Kind::supported(Format::Docm),
        "application/vnd.ms-excel.sheet.macroEnabled.main+xml" => Kind::supported(Format::Xlsm),
        "application/vnd.ms-powerpoint.presentation.macroEnabled.main+xml" => Kind::supported(Format::Pptm),
        "application/vnd.ms-word.template.macroEnabledTemplate.main+xml" => Kind::supported(Format::Dotm),
        "application/vnd.ms-excel.template.macroEnabled.main+xml" => Kind::supported(Format::Xltm),
        "application/vnd.ms-excel.addin.macroEnabled.main+xml" => {
            Kind::refused("xlam", RefusalCode::Executable, "Excel アドイン")
        }
        "application/vnd.ms-excel.sheet.binary.macroEnabled.main" => Kind::supported(Format::Xlsb),
        "application/vnd.ms-powerpoint.slideshow.macroEnabled.main+xml" => Kind::supported(Format::Ppsm),
        "application/vnd.ms-powerpoint.template.macroEnabled.main+xml" => Kind::supported(Format::Potm),
        "application/vnd.ms-powerpoint.addin.macroEnabled.main+xml" => {
            Kind::refused("ppam", RefusalCode::Executable, "PowerPoint アドイン")
        }
        m if m.starts_with("application/vnd.ms-package.xps-") || m.starts_with("application/oxps") => {
            Kind::unsupported("xps", "XPS 文書")
        }
        m if m.starts_with("application/vnd.ms-visio.") && m.ends_with(".main+xml") => {
            Kind::unsupported("vsdx", "Visio 図面")
        }
        m if m.starts_with("application/vnd.ms-appx") => {
            Kind::refused("appx", RefusalCode::Executable, "Windows アプリ")
        }
        _ => return None,
    })
}

/// The media types of all defaults and overrides.
fn content_types(types: &[u8]) -> Result<Vec<String>, Refusal> {
    let broken = || Refusal::new(RefusalCode::Malformed, "[Content_Types].xml");
    let mut reader = Reader::from_reader(types);
    let mut found = Vec::new();
    loop {
        match reader.read_event().map_err(|_| broken())? {
            Event::Empty(element) | Event::Start(element)
                if matches!(element.local_name().as_ref(), "Override" | "Default") =>
            {
                for attribute in element.attributes() {
                    let attribute = attribute.map_err(|_| broken())?;
                    if attribute.key.as_ref() == "ContentType" {
                        let value =
                            attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|_| broken())?;
                        found.push(value.into_owned());
                    }
                }
            }
            Event::DocType(_) => return Err(broken()),
            Event::Eof => return Ok(found),
            _ => {}
        }
    }
}
