//! The list as the second reader holds it: parts, elements, attributes, and the values that matter.

use std::collections::{HashMap, HashSet};
use std::sync::{LazyLock, OnceLock};

use super::formula::{field_is_local, formula_is_local};
use super::xml::{Reader, Token};
use crate::{Limits, VerifyFailure};

/// A kind of part.
pub(super) struct Part {
    /// Its path, `#` for a number; `?/` for any of the three folders.
    path: &'static str,
    root: &'static str,
    media: &'static str,
    /// The relationship type that leads to it.
    pub(super) relation: &'static str,
}

const DIAGRAM: &str = "http://schemas.microsoft.com/office/2007/relationships/diagramDrawing";

macro_rules! parts {
    ($($path:literal $root:literal $media:literal $relation:expr;)*) => {
        const PARTS: &[Part] = &[$(Part { path: $path, root: $root, media: $media, relation: $relation },)*];
    };
}

parts! {
    "word/document.xml" "w:document" "wordprocessingml.document.main" "officeDocument";
    "word/styles.xml" "w:styles" "wordprocessingml.styles" "styles";
    "word/numbering.xml" "w:numbering" "wordprocessingml.numbering" "numbering";
    "word/settings.xml" "w:settings" "wordprocessingml.settings" "settings";
    "word/fontTable.xml" "w:fonts" "wordprocessingml.fontTable" "fontTable";
    "word/footnotes.xml" "w:footnotes" "wordprocessingml.footnotes" "footnotes";
    "word/endnotes.xml" "w:endnotes" "wordprocessingml.endnotes" "endnotes";
    "word/comments.xml" "w:comments" "wordprocessingml.comments" "comments";
    "word/header#.xml" "w:hdr" "wordprocessingml.header" "header";
    "word/footer#.xml" "w:ftr" "wordprocessingml.footer" "footer";
    "xl/workbook.xml" "workbook" "spreadsheetml.sheet.main" "officeDocument";
    "xl/worksheets/sheet#.xml" "worksheet" "spreadsheetml.worksheet" "worksheet";
    "xl/chartsheets/sheet#.xml" "chartsheet" "spreadsheetml.chartsheet" "chartsheet";
    "xl/comments#.xml" "comments" "spreadsheetml.comments" "comments";
    "xl/drawings/vmlDrawing#.vml" "xml" "" "vmlDrawing";
    "xl/metadata.xml" "metadata" "spreadsheetml.sheetMetadata" "sheetMetadata";
    "xl/sharedStrings.xml" "sst" "spreadsheetml.sharedStrings" "sharedStrings";
    "xl/styles.xml" "styleSheet" "spreadsheetml.styles" "styles";
    "xl/tables/table#.xml" "table" "spreadsheetml.table" "table";
    "xl/drawings/drawing#.xml" "xdr:wsDr" "drawing" "drawing";
    "ppt/presentation.xml" "p:presentation" "presentationml.presentation.main" "officeDocument";
    "ppt/slideMasters/slideMaster#.xml" "p:sldMaster" "presentationml.slideMaster" "slideMaster";
    "ppt/slideLayouts/slideLayout#.xml" "p:sldLayout" "presentationml.slideLayout" "slideLayout";
    "ppt/slides/slide#.xml" "p:sld" "presentationml.slide" "slide";
    "ppt/notesMasters/notesMaster#.xml" "p:notesMaster" "presentationml.notesMaster" "notesMaster";
    "ppt/notesSlides/notesSlide#.xml" "p:notes" "presentationml.notesSlide" "notesSlide";
    "ppt/handoutMasters/handoutMaster#.xml" "p:handoutMaster" "presentationml.handoutMaster" "handoutMaster";
    "ppt/commentAuthors.xml" "p:cmAuthorLst" "presentationml.commentAuthors" "commentAuthors";
    "ppt/comments/comment#.xml" "p:cmLst" "presentationml.comments" "comments";
    "ppt/presProps.xml" "p:presentationPr" "presentationml.presProps" "presProps";
    "ppt/tableStyles.xml" "a:tblStyleLst" "presentationml.tableStyles" "tableStyles";
    "?/theme/theme#.xml" "a:theme" "theme" "theme";
    "?/charts/chart#.xml" "c:chartSpace" "drawingml.chart" "chart";
    "?/drawings/chartshapes#.xml" "c:userShapes" "drawingml.chartshapes" "chartUserShapes";
    "?/diagrams/data#.xml" "dgm:dataModel" "drawingml.diagramData" "diagramData";
    "?/diagrams/layout#.xml" "dgm:layoutDef" "drawingml.diagramLayout" "diagramLayout";
    "?/diagrams/quickStyle#.xml" "dgm:styleDef" "drawingml.diagramStyle" "diagramQuickStyle";
    "?/diagrams/colors#.xml" "dgm:colorsDef" "drawingml.diagramColors" "diagramColors";
    "?/diagrams/drawing#.xml" "dsp:drawing" "" DIAGRAM;
}

impl Part {
    /// The content type that such a part must have.
    pub(super) fn media_type(&self) -> String {
        if self.root == "xml" {
            return "application/vnd.openxmlformats-officedocument.vmlDrawing".to_owned();
        }
        if self.media.is_empty() {
            return "application/vnd.ms-office.drawingml.diagramDrawing+xml".to_owned();
        }
        format!("application/vnd.openxmlformats-officedocument.{}+xml", self.media)
    }
}

/// The kind of part at a path.
pub(super) fn part(path: &str) -> Option<&'static Part> {
    let folder = path.split('/').next().unwrap_or_default();
    PARTS.iter().find(|part| {
        let pattern = part.path.replacen('?', folder, usize::from(["word", "xl", "ppt"].contains(&folder)));
        match pattern.split_once('#') {
            None => pattern == path,
            Some((before, after)) => path
                .strip_prefix(before)
                .and_then(|rest| rest.strip_suffix(after))
                .is_some_and(|number| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit())),
        }
    })
}

/// The extension of a picture's path.
pub(super) fn picture(path: &str) -> Option<&str> {
    let file = ["word/media/image", "xl/media/image", "ppt/media/image"]
        .iter()
        .find_map(|p| path.strip_prefix(p))?;
    let (number, extension) = file.split_once('.')?;
    let plain = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit());
    (plain && matches!(extension, "png" | "jpeg")).then_some(extension)
}

macro_rules! lists {
    ($($prefix:literal $uri:literal $file:literal;)*) => {
        const LISTS: &[(&str, &str, &str)] =
            &[$(($prefix, $uri, include_str!(concat!("../../lists/ooxml/", $file, ".list"))),)*];
    };
}

lists! {
    "" "http://schemas.openxmlformats.org/spreadsheetml/2006/main" "x";
    "w" "http://schemas.openxmlformats.org/wordprocessingml/2006/main" "w";
    "p" "http://schemas.openxmlformats.org/presentationml/2006/main" "p";
    "a" "http://schemas.openxmlformats.org/drawingml/2006/main" "a";
    "m" "http://schemas.openxmlformats.org/officeDocument/2006/math" "m";
    "pic" "http://schemas.openxmlformats.org/drawingml/2006/picture" "pic";
    "wp" "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" "wp";
    "wps" "http://schemas.microsoft.com/office/word/2010/wordprocessingShape" "wps";
    "wpg" "http://schemas.microsoft.com/office/word/2010/wordprocessingGroup" "wpg";
    "v" "urn:schemas-microsoft-com:vml" "v";
    "o" "urn:schemas-microsoft-com:office:office" "o";
    "w10" "urn:schemas-microsoft-com:office:word" "w10";
    "w14" "http://schemas.microsoft.com/office/word/2010/wordml" "w14";
    "wp14" "http://schemas.microsoft.com/office/word/2010/wordprocessingDrawing" "wp14";
    "c" "http://schemas.openxmlformats.org/drawingml/2006/chart" "c";
    "cdr" "http://schemas.openxmlformats.org/drawingml/2006/chartDrawing" "cdr";
    "dgm" "http://schemas.openxmlformats.org/drawingml/2006/diagram" "dgm";
    "dsp" "http://schemas.microsoft.com/office/drawing/2008/diagram" "dsp";
    "xdr" "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" "xdr";
    "x14" "http://schemas.microsoft.com/office/spreadsheetml/2009/9/main" "x14";
    "xm" "http://schemas.microsoft.com/office/excel/2006/main" "xm";
}
const RELATIONSHIPS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// What must not be in an output even if a list allowed it.
pub(super) static NEVER: LazyLock<HashSet<&str>> =
    LazyLock::new(|| crate::lists::never(crate::lists::NEVER_OOXML));

/// Extensions of sheets: rules of Excel 2010, their lists, sparklines, and the tie between a rule and its extension.
const EXTENSIONS: [&str; 4] = [
    "{78c0d931-6437-407d-a8ee-f0aad7539e65}",
    "{cce6a557-97bc-4b89-adb6-d9c93caab3df}",
    "{05c60535-1f16-4fd2-b633-f4f36f0b64e0}",
    "{b025f937-c7b1-47d3-b67f-a62eff666e3e}",
];

/// Attributes whose value is compared in lower case.
const JUDGED: [&str; 5] = ["action", "style", "uri", "state", "name"];

type Elements = HashMap<&'static str, HashSet<&'static str>>;

fn elements(prefix: &str) -> Option<&'static Elements> {
    static ALL: OnceLock<HashMap<&'static str, Elements>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let elements = |prefix: &str, text: &'static str| {
            let never = |local: &str| {
                NEVER.iter().any(|name| name.split_once(':').unwrap_or(("", name)) == (prefix, local))
            };
            text.lines()
                .filter(|line| !line.starts_with('#'))
                .filter_map(|line| {
                    let mut words = line.split(' ');
                    let name = words.next()?.trim_end_matches('$');
                    (!never(name)).then(|| (name, words.filter(|key| !NEVER.contains(key)).collect()))
                })
                .collect()
        };
        LISTS.iter().map(|(prefix, _, text)| (*prefix, elements(prefix, text))).collect()
    });
    all.get(prefix)
}

/// Checks the XML of a part. `ids` are its relationships, `true` for those that lead outside.
pub(super) fn check_part(
    name: &str,
    part: &Part,
    bytes: &[u8],
    ids: &HashMap<String, bool>,
    limits: &Limits,
    keeping: bool,
) -> Result<(), VerifyFailure> {
    let mut walk = Walk { part, ids, keeping, text: String::new(), fields: Vec::new() };
    let fail = |what: String| VerifyFailure::new(name, what);
    let mut reader = Reader::new(bytes).map_err(fail)?;
    let nesting = usize::try_from(limits.nesting).unwrap_or(256);
    while let Some(token) = reader.next(nesting).map_err(fail)? {
        match token {
            Token::Start { name, attributes, empty } => {
                let depth = reader.open().len() - usize::from(!empty);
                walk.start(name, &attributes, depth).map_err(fail)?;
                if empty {
                    walk.end(name).map_err(fail)?;
                }
            }
            Token::End(name) => walk.end(name).map_err(fail)?,
            Token::Text(text) if walk.text.is_empty() => walk.text = text,
            Token::Text(text) => walk.text.push_str(&text),
        }
    }
    if walk.fields.is_empty() { Ok(()) } else { Err(fail("a field without an end".to_owned())) }
}

struct Walk<'a> {
    part: &'a Part,
    ids: &'a HashMap<String, bool>,
    /// Approved macros stay: sheets name their modules, shapes their procedures.
    keeping: bool,
    text: String,
    /// Open fields: the instruction, and whether it is over.
    fields: Vec<(String, bool)>,
}

impl Walk<'_> {
    fn start(&mut self, name: &str, attributes: &[(&str, String)], depth: usize) -> Result<(), String> {
        self.text.clear();
        if depth == 0 && name != self.part.root {
            return Err(format!("root {name}"));
        }
        if self.part.root == "dgm:dataModel"
            && matches!((name, depth), ("dgm:extLst", 1) | ("a:ext", 2) | ("dsp:dataModelExt", 3))
        {
            return diagram_extension(name, attributes);
        }
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let allowed =
            elements(prefix).and_then(|list| list.get(local)).ok_or_else(|| format!("element {name}"))?;
        for (key, value) in attributes {
            if let Some(declared) = key.strip_prefix("xmlns").filter(|_| depth == 0) {
                namespace(declared.trim_start_matches(':'), value)?;
                continue;
            }
            if !allowed.contains(key) {
                return Err(format!("attribute {name} {key}"));
            }
            self.value(name, key, value, attributes)?;
        }
        if name == "w:fldChar" {
            self.field(attributes)?;
        }
        Ok(())
    }

    fn value(&self, name: &str, key: &str, value: &str, attributes: &[(&str, String)]) -> Result<(), String> {
        let bad = || Err(format!("{name} {key}={value}"));
        let click = matches!(name, "a:hlinkClick" | "a:hlinkHover" | "a:hlinkMouseOver");
        if key.starts_with("r:") {
            let action =
                attributes.iter().find(|(key, _)| *key == "action").map_or("", |(_, action)| action.as_str());
            let jump = click && value.is_empty() && action.starts_with("ppaction://hlinkshowjump?jump=");
            return match self.ids.get(value) {
                _ if jump => Ok(()),
                Some(true) if click || matches!(name, "w:hyperlink" | "hyperlink") => Ok(()),
                Some(false) => Ok(()),
                _ => bad(),
            };
        }
        let lower = if JUDGED.contains(&key) { value.to_lowercase() } else { String::new() };
        match key {
            "action" if !value.is_empty() => {
                let known =
                    lower == "ppaction://hlinksldjump" || lower.starts_with("ppaction://hlinkshowjump?jump=");
                if known { Ok(()) } else { bad() }
            }
            "style"
                if name.starts_with("v:")
                    && (lower.contains("url") || lower.contains("//") || lower.contains("expression")) =>
            {
                bad()
            }
            "w:instr" if !field_is_local(value) => bad(),
            "uri" if name == "ext" && !EXTENSIONS.contains(&lower.as_str()) => bad(),
            "uri" if name == "ext" => Ok(()),
            "codeName" | "macro" if !self.keeping => bad(),
            "macro" => {
                let own = value.strip_prefix("[0]!").unwrap_or(value);
                if own.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.') { Ok(()) } else { bad() }
            }
            "vm" => bad(),
            "cm" if value != "1" => bad(),
            "state" if lower == "veryhidden" => bad(),
            "uri" if name == "a:graphicData" => {
                let table = "http://schemas.openxmlformats.org/drawingml/2006/table";
                if value == table || LISTS.iter().any(|(_, uri, _)| *uri == value) { Ok(()) } else { bad() }
            }
            "location" | "w:anchor" if value.contains(['\\', '|', '[']) || value.contains("//") => bad(),
            "name" if name == "definedName" && lower.contains("auto_") && lower.starts_with("auto_") => bad(),
            _ => Ok(()),
        }
    }

    fn field(&mut self, attributes: &[(&str, String)]) -> Result<(), String> {
        let kind =
            attributes.iter().find(|(key, _)| *key == "w:fldCharType").map_or("", |(_, kind)| kind.as_str());
        match (kind, self.fields.last_mut()) {
            ("begin", None | Some((_, true))) => self.fields.push((String::new(), false)),
            ("separate", Some(open)) if field_is_local(&open.0) && !open.1 => open.1 = true,
            ("end", Some(open)) if field_is_local(&open.0) => {
                self.fields.pop();
            }
            _ => return Err(format!("field {kind} out of order")),
        }
        Ok(())
    }

    fn end(&mut self, name: &str) -> Result<(), String> {
        let text = std::mem::take(&mut self.text);
        let fail = || Err(format!("{name}: {}", text.chars().take(80).collect::<String>()));
        match name {
            "w:instrText" | "w:delInstrText" => match self.fields.last_mut() {
                Some((instruction, false)) => instruction.push_str(&text),
                _ => return fail(),
            },
            "f"
            | "c:f"
            | "xm:f"
            | "definedName"
            | "formula"
            | "calculatedColumnFormula"
            | "totalsRowFormula"
                if !formula_is_local(&text) =>
            {
                return fail();
            }
            "formula1" | "formula2" if !formula_is_local(&text) => return fail(),
            _ => {}
        }
        Ok(())
    }
}

fn namespace(prefix: &str, uri: &str) -> Result<(), String> {
    let known =
        (prefix == "r" && uri == RELATIONSHIPS) || LISTS.iter().any(|(p, u, _)| *p == prefix && *u == uri);
    if known { Ok(()) } else { Err(format!("namespace {prefix} {uri}")) }
}

/// The extension that ties a diagram's data to its drawn form.
fn diagram_extension(name: &str, attributes: &[(&str, String)]) -> Result<(), String> {
    for (key, value) in attributes {
        let known = match *key {
            "xmlns:a" => LISTS.iter().any(|(p, u, _)| *p == "a" && u == value),
            "xmlns:dsp" | "uri" => LISTS.iter().any(|(p, u, _)| *p == "dsp" && u == value),
            "relId" => value.strip_prefix("rId").is_some_and(|n| n.chars().all(|c| c.is_ascii_digit())),
            "minVer" => LISTS.iter().any(|(p, u, _)| *p == "dgm" && u == value),
            _ => false,
        };
        if !known {
            return Err(format!("{name} {key}"));
        }
    }
    Ok(())
}
