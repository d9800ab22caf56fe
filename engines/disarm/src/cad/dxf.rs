//! DXF: pairs of a group code and a value. Entities and objects of a list stay; pictures, underlays, OLE frames,
//! proxies and custom data do not, and an external reference becomes a block without a file.

use std::fmt::Write as _;

use super::neutral;
use crate::{Refusal, RefusalCode, RemovalCode, context::Context, text};

const SECTIONS: &[&str] = &["HEADER", "CLASSES", "TABLES", "BLOCKS", "ENTITIES", "OBJECTS"];
const KEPT: &[&str] = &[
    "SECTION",
    "ENDSEC",
    "EOF",
    "TABLE",
    "ENDTAB",
    "VPORT",
    "LTYPE",
    "LAYER",
    "STYLE",
    "VIEW",
    "UCS",
    "APPID",
    "DIMSTYLE",
    "BLOCK_RECORD",
    "BLOCK",
    "ENDBLK",
    "CLASS",
    "LINE",
    "POINT",
    "CIRCLE",
    "ARC",
    "TEXT",
    "MTEXT",
    "POLYLINE",
    "LWPOLYLINE",
    "VERTEX",
    "SEQEND",
    "INSERT",
    "ATTRIB",
    "ATTDEF",
    "DIMENSION",
    "ARC_DIMENSION",
    "LARGE_RADIAL_DIMENSION",
    "LEADER",
    "MULTILEADER",
    "MLEADER",
    "HATCH",
    "MPOLYGON",
    "SOLID",
    "TRACE",
    "3DFACE",
    "ELLIPSE",
    "SPLINE",
    "RAY",
    "XLINE",
    "VIEWPORT",
    "TOLERANCE",
    "SHAPE",
    "MLINE",
    "HELIX",
    "WIPEOUT",
    "ACAD_TABLE",
    "DICTIONARY",
    "ACDBDICTIONARYWDFLT",
    "LAYOUT",
    "MLINESTYLE",
    "GROUP",
    "SORTENTSTABLE",
    "ACDBPLACEHOLDER",
    "SCALE",
    "MLEADERSTYLE",
    "TABLESTYLE",
    "VISUALSTYLE",
    "DICTIONARYVAR",
    "CELLSTYLEMAP",
    "DBCOLOR",
    "WIPEOUTVARIABLES",
    "RASTERVARIABLES",
    "SPATIAL_FILTER",
    "DIMASSOC",
    "MATERIAL",
];
/// Variables of the header that name files and programs.
const FILE_VARIABLES: &[&str] = &["$PROJECTNAME", "$MENU", "$STYLESHEET", "$HYPERLINKBASE", "$XCLIPFRAME"];

struct Rewriter {
    out: String,
    /// The object that the pairs belong to, and whether it is left out.
    object: String,
    skipping: bool,
    section: Section,
    /// Whether the pairs belong to custom data or a header variable that is left out.
    quiet: bool,
}

#[derive(PartialEq, Clone, Copy)]
enum Section {
    None,
    Named,
    Kept,
    Dropped,
}

pub(super) fn rewrite(text: &str, ctx: &mut Context<'_>) -> Result<String, Refusal> {
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    let mut state = Rewriter {
        out: String::with_capacity(text.len()),
        object: String::new(),
        skipping: false,
        section: Section::None,
        quiet: false,
    };
    let mut number = 0_usize;
    while let Some(code) = lines.next() {
        number = number.saturating_add(2);
        if code.trim().is_empty() {
            if lines.all(|line| line.trim().is_empty()) {
                break;
            }
            return Err(broken(number));
        }
        let code: u16 = code.trim().parse().map_err(|_| broken(number))?;
        let value = lines.next().ok_or_else(|| broken(number))?;
        if !is_sound(code, value) {
            return Err(broken(number));
        }
        if state.pair(code, value, ctx).ok_or_else(|| broken(number))? {
            if lines.any(|line| !line.trim().is_empty()) {
                ctx.removed(RemovalCode::TrailingData, "EOF の後");
            }
            return Ok(state.out);
        }
    }
    Err(broken(number))
}

impl Rewriter {
    /// Takes one pair; `true` at the end of the file.
    fn pair(&mut self, code: u16, value: &str, ctx: &mut Context<'_>) -> Option<bool> {
        let word = value.trim();
        match (code, self.section) {
            (0, _) => return self.object(word, ctx),
            (2, Section::Named) => {
                let name = word.to_ascii_uppercase();
                if SECTIONS.contains(&name.as_str()) {
                    self.section = Section::Kept;
                    self.write(0, "SECTION");
                    self.write(2, &name);
                } else {
                    self.section = Section::Dropped;
                    ctx.removed(RemovalCode::UnknownPart, format!("SECTION {}", brief(&name)));
                }
                return Some(false);
            }
            (999, _) | (_, Section::Dropped) => return Some(false),
            (_, Section::None | Section::Named) => return None,
            _ => {}
        }
        if self.skipping {
            return Some(false);
        }
        match code {
            9 => {
                self.quiet = FILE_VARIABLES.contains(&word);
                if self.quiet {
                    ctx.removed(RemovalCode::ExternalLink, word);
                }
            }
            1001 => {
                self.quiet = !(word.starts_with("ACAD") || word.starts_with("AcDb"));
                if self.quiet {
                    ctx.removed(RemovalCode::CustomXml, format!("拡張データ {}", brief(word)));
                }
            }
            _ => {}
        }
        let is_binary = matches!(code, 310..=319 | 1004);
        if self.quiet || is_binary {
            if is_binary {
                ctx.removed(RemovalCode::UnknownPart, format!("{} の二進データ", self.object));
            }
            return Some(false);
        }
        let is_text = is_string(code);
        match (self.object.as_str(), code) {
            // An external reference is a block that names a file: bits 4 and 8, path in group 1.
            ("BLOCK", 70) => {
                let flags: i64 = word.parse().ok()?;
                if flags & 0b10_1100 != 0 {
                    ctx.removed(RemovalCode::ExternalLink, "外部参照（XREF）");
                }
                self.write(70, &format!("{:>6}", flags & !0b0111_1100));
            }
            ("BLOCK", 1) => self.write(1, ""),
            ("STYLE", 3 | 4) | ("LAYOUT" | "VIEWPORT", 7) | ("MATERIAL", 3) | ("CLASS", 3) => {
                let file = word.rsplit(['/', '\\']).next().unwrap_or_default();
                let file = neutral(file, ctx);
                self.write(code, &file);
            }
            _ if is_text => {
                let value = neutral(value, ctx);
                self.write(code, &value);
            }
            _ => self.write(code, value.trim_end()),
        }
        Some(false)
    }

    fn object(&mut self, name: &str, ctx: &mut Context<'_>) -> Option<bool> {
        let name = name.to_ascii_uppercase();
        self.quiet = false;
        match (name.as_str(), self.section) {
            ("SECTION", Section::None) => {
                self.section = Section::Named;
                self.skipping = false;
            }
            ("ENDSEC", Section::Kept | Section::Dropped) => {
                if self.section == Section::Kept {
                    self.write(0, "ENDSEC");
                }
                self.section = Section::None;
            }
            ("EOF", Section::None) => {
                self.write(0, "EOF");
                return Some(true);
            }
            (_, Section::Dropped) => {}
            ("SECTION" | "ENDSEC" | "EOF", _) | (_, Section::None | Section::Named) => return None,
            (name, Section::Kept) => {
                self.skipping = !KEPT.contains(&name);
                if self.skipping {
                    let code = match name {
                        "IMAGE" | "IMAGEDEF" | "IMAGEDEF_REACTOR" | "PDFUNDERLAY" | "DWFUNDERLAY"
                        | "DGNUNDERLAY" | "PDFDEFINITION" | "DWFDEFINITION" | "DGNDEFINITION"
                        | "PLOTSETTINGS" => RemovalCode::ExternalLink,
                        "OLE2FRAME" | "OLEFRAME" => RemovalCode::EmbeddedObject,
                        "VBA_PROJECT" => RemovalCode::Vba,
                        _ => RemovalCode::UnknownElement,
                    };
                    ctx.removed(code, brief(name));
                } else {
                    self.write(0, name);
                }
            }
        }
        self.object = name;
        Some(false)
    }

    fn write(&mut self, code: u16, value: &str) {
        let _ = write!(self.out, "{code:>3}\r\n{value}\r\n");
    }
}

fn is_string(code: u16) -> bool {
    matches!(code, 0..=9 | 100..=102 | 300..=309 | 410..=419 | 430..=439 | 470..=481 | 999..=1009)
}

/// The value is of the type that its code has (DXF reference, group code value types).
fn is_sound(code: u16, value: &str) -> bool {
    let word = value.trim();
    match code {
        5 | 105 | 310..=369 | 390..=399 | 1004 | 1005 => word.bytes().all(|b| b.is_ascii_hexdigit()),
        code if is_string(code) => true,
        10..=59 | 110..=149 | 210..=239 | 460..=469 | 1010..=1059 => word.parse::<f64>().is_ok(),
        60..=99 | 160..=179 | 270..=299 | 370..=389 | 400..=409 | 420..=429 | 440..=459 | 1060..=1071 => {
            word.parse::<i64>().is_ok()
        }
        _ => false,
    }
}

/// Texts and attributes, in order.
pub(super) fn texts(text: &str) -> Vec<String> {
    let mut object = String::new();
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let (Some(code), Some(value)) = (lines.next(), lines.next()) {
        match code.trim() {
            "0" => object = value.to_owned(),
            "1" | "3" if matches!(object.as_str(), "TEXT" | "MTEXT" | "ATTRIB" | "ATTDEF" | "DIMENSION") => {
                found.push(value.to_owned());
            }
            _ => {}
        }
    }
    found
}

fn brief(text: &str) -> String {
    text::clean_line(text).0.chars().take(60).collect()
}

fn broken(line: usize) -> Refusal {
    Refusal::new(RefusalCode::Malformed, format!("DXF {line}行目"))
}
