//! Pages: their geometry, their content, and what annotations and form fields show on them (ISO 32000-1 §7.7.3,
//! §12.5).

use std::collections::HashSet;

use lopdf::{Dictionary, Object, ObjectId};

use super::{
    Strictness,
    action::Link,
    content::{Role, Scope},
    graph::{Graph, Kind},
    matrix::{bounds, share},
    source::as_dict,
    write::{Dict, Val, write_number},
};
use crate::{Refusal, RefusalCode, RemovalCode};

/// A page of the input with what it inherits.
pub(super) struct Page<'d> {
    pub(super) id: Option<ObjectId>,
    pub(super) dict: &'d Dictionary,
    inherited: Inherited<'d>,
}

#[derive(Clone, Copy, Default)]
struct Inherited<'d> {
    resources: Option<&'d Dictionary>,
    media: Option<[f64; 4]>,
    crop: Option<[f64; 4]>,
    rotate: Option<i64>,
}

/// A4, for pages that don't say.
const DEFAULT_MEDIA: [f64; 4] = [0.0, 0.0, 595.0, 842.0];

/// The share of a page above which undecodable pictures are its content.
const MOST: f64 = 0.5;

impl<'d> Graph<'_, 'd, '_> {
    /// Every page in reading order.
    pub(super) fn collect_pages(&mut self, catalog: &'d Dictionary) -> Result<Vec<Page<'d>>, Refusal> {
        let Ok(root) = catalog.get(b"Pages") else { return Err(self.malformed("/Pages")) };
        let mut pages = Vec::new();
        let mut seen = HashSet::new();
        // A stack of nodes still to visit, last first, in place of recursion.
        let mut open = vec![(root, Inherited::default(), 0_u32)];
        while let Some((node, inherited, depth)) = open.pop() {
            let id = match node {
                Object::Reference(id) => Some(*id),
                _ => None,
            };
            if id.is_some_and(|id| !seen.insert(id)) {
                return Err(self.malformed("/Kids"));
            }
            if depth > self.ctx.limits().nesting {
                return Err(Refusal::new(RefusalCode::TooDeep, "PDF /Pages"));
            }
            let Some(dict) = as_dict(self.src.get(node)) else { return Err(self.malformed("/Kids")) };
            let inherited = self.inherit(dict, inherited);
            match self.src.value(dict, "Kids") {
                Object::Array(kids) if self.src.name(dict, "Type") != Some(b"Page") => {
                    open.extend(kids.iter().rev().map(|kid| (kid, inherited, depth + 1)));
                }
                _ => pages.push(Page { id, dict, inherited }),
            }
            if pages.len() + open.len() > self.ctx.limits().pdf_objects as usize {
                return Err(Refusal::new(RefusalCode::Bomb, "PDF /Pages"));
            }
        }
        if pages.len() as u64 > u64::from(self.ctx.limits().pages) {
            return Err(Refusal::new(RefusalCode::TooLarge, format!("pages {}", self.ctx.limits().pages)));
        }
        // Readers show nothing, or an error, for a file without pages; nobody can check what it is for.
        if pages.is_empty() {
            return Err(self.malformed("ページがありません / no pages"));
        }
        Ok(pages)
    }

    fn inherit(&self, dict: &'d Dictionary, above: Inherited<'d>) -> Inherited<'d> {
        let src = self.src;
        Inherited {
            resources: src.dict(dict, "Resources").or(above.resources),
            media: src.exactly(dict, "MediaBox").or(above.media),
            crop: src.exactly(dict, "CropBox").or(above.crop),
            rotate: src.integer(dict, "Rotate").or(above.rotate),
        }
    }

    pub(super) fn page(&mut self, page: &Page<'d>, id: u32, parent: u32) -> Result<(), Refusal> {
        let src = self.src;
        let dict = page.dict;
        let mut out = Dict::typed("Page").with("Parent", Val::Ref(parent));
        let media = page.inherited.media.filter(spans).unwrap_or(DEFAULT_MEDIA);
        out.set("MediaBox", Val::nums(media));
        out.set_some("CropBox", page.inherited.crop.filter(spans).map(Val::nums));
        for key in ["BleedBox", "TrimBox", "ArtBox"] {
            out.set_some(key, src.exactly::<4>(dict, key).map(Val::nums));
        }
        let rotate =
            page.inherited.rotate.map(|rotate| rotate.rem_euclid(360)).filter(|rotate| rotate % 90 == 0);
        out.set_some("Rotate", rotate.filter(|rotate| *rotate != 0).map(|rotate| Val::Num(rotate as f64)));
        let unit = src.number(dict, "UserUnit").filter(|unit| (0.01..=1000.0).contains(unit));
        out.set_some("UserUnit", unit.map(Val::Num));
        if let Some(group) = src.dict(dict, "Group") {
            let group = self.group(group, page.inherited.resources)?;
            out.set_some("Group", group);
        }
        self.note_page(dict);
        self.page_resources = page.inherited.resources;

        let data = self.page_data(dict)?;
        let mut scope = Scope::new(page.inherited.resources);
        let (content, _) = self.content(&data, &mut scope, Role::Page)?;
        let (links, drawn) = self.annotations(dict, &mut scope)?;
        // The appearances come after the page's own drawing, in the untouched coordinates of the page.
        let content =
            if drawn.is_empty() { content } else { [b"q\n".as_slice(), &content, b"Q\n", &drawn].concat() };
        self.not_mostly_lost(page.inherited.crop.filter(spans).unwrap_or(media), &scope)?;
        let contents = self.out.reserve();
        self.out.put_stream(contents, Dict::new(), &content);
        out.set("Contents", Val::Ref(contents));
        out.set("Resources", Val::Dict(scope.into_dict()));
        if !links.is_empty() {
            out.set("Annots", Val::Arr(links));
        }
        self.out.put(id, Val::Dict(out));
        Ok(())
    }

    /// Refuses the file when pictures that can't be decoded cover most of a page: a page that looks empty must not pass
    /// for an empty one.
    fn not_mostly_lost(&self, shown: [f64; 4], scope: &Scope<'d>) -> Result<(), Refusal> {
        let covered: f64 = scope.lost.iter().map(|lost| share(lost.at, shown)).sum();
        match scope.lost.first() {
            Some(lost) if covered > MOST && self.strictness == Strictness::Whole => Err(Refusal::new(
                RefusalCode::Malformed,
                format!("{} {}を読み取れません / unreadable picture", self.place, lost.what),
            )),
            _ => Ok(()),
        }
    }

    /// The joined content streams of a page. What can't be read refuses the file: a page must not lose its content
    /// unseen.
    pub(super) fn page_data(&mut self, dict: &'d Dictionary) -> Result<Vec<u8>, Refusal> {
        let src = self.src;
        let parts: Vec<&'d Object> = match dict.get(b"Contents") {
            Err(_) => Vec::new(),
            Ok(contents) => match src.get(contents) {
                Object::Array(parts) => parts.iter().collect(),
                // A reference to nothing at all is `null`, that is, an empty page.
                Object::Null => Vec::new(),
                _ => vec![contents],
            },
        };
        let mut data = Vec::new();
        for part in parts {
            match src.get(part) {
                Object::Stream(stream) => {
                    if let Some(part) = self.stream_content(stream)? {
                        data.extend_from_slice(&part);
                        data.push(b'\n');
                    }
                }
                Object::Null => {}
                _ if self.strictness == Strictness::Shown => {
                    self.note(RemovalCode::UnknownElement, "壊れた描画内容");
                }
                _ => return Err(self.malformed("/Contents")),
            }
        }
        Ok(data)
    }

    fn note_page(&mut self, dict: &'d Dictionary) {
        self.note_private(dict);
        if let Some(actions) = self.src.dict(dict, "AA") {
            self.note_additional(actions);
        }
        for (key, code, what) in [
            ("Thumb", RemovalCode::Metadata, "縮小画像"),
            ("B", RemovalCode::UnknownElement, "スレッド"),
            ("PresSteps", RemovalCode::UnknownElement, "プレゼンテーション"),
            ("Trans", RemovalCode::UnknownElement, "画面切り替え"),
            ("VP", RemovalCode::Metadata, "ビューポート"),
            ("SeparationInfo", RemovalCode::Metadata, "色分解"),
        ] {
            if dict.has(key.as_bytes()) {
                self.note(code, what);
            }
        }
    }

    /// The links that stay, and the drawing commands of the appearances of everything else.
    fn annotations(
        &mut self,
        dict: &'d Dictionary,
        scope: &mut Scope<'d>,
    ) -> Result<(Vec<Val>, Vec<u8>), Refusal> {
        let (mut links, mut drawn) = (Vec::new(), Vec::new());
        for object in self.src.array(dict, "Annots").unwrap_or_default() {
            let Some(annotation) = as_dict(self.src.get(object)) else { continue };
            let subtype = self.src.name(annotation, "Subtype").unwrap_or_default();
            self.note_annotation(annotation, subtype);
            if subtype == b"Link" {
                if let Some(link) = self.link(annotation) {
                    links.push(Val::Ref(self.out.add(Val::Dict(link))));
                }
                continue;
            }
            self.flatten(annotation, subtype, scope, &mut drawn)?;
        }
        Ok((links, drawn))
    }

    fn note_annotation(&mut self, annotation: &'d Dictionary, subtype: &[u8]) {
        if let Some(actions) = self.src.dict(annotation, "AA") {
            self.note_additional(actions);
        }
        self.note_private(annotation);
        let what = String::from_utf8_lossy(subtype).chars().take(20).collect::<String>();
        match subtype {
            b"Link" | b"Popup" => return,
            b"Widget" => {
                let field = self.src.name(annotation, "FT").or_else(|| {
                    self.src.dict(annotation, "Parent").and_then(|parent| self.src.name(parent, "FT"))
                });
                if field == Some(b"Sig") {
                    self.note(RemovalCode::Signature, "");
                } else {
                    self.note(RemovalCode::FormField, "");
                }
                // The actions of a field may sit on its parents.
                if let Some(actions) =
                    self.src.dict(annotation, "Parent").and_then(|parent| self.src.dict(parent, "AA"))
                {
                    self.note_additional(actions);
                }
            }
            b"FileAttachment" => self.note(RemovalCode::EmbeddedFile, "添付ファイルの注釈"),
            b"Movie" | b"Sound" | b"Screen" | b"RichMedia" | b"3D" => self.note(RemovalCode::Media, &what),
            _ => self.note(RemovalCode::Annotation, &what),
        }
        if let Ok(action) = annotation.get(b"A") {
            self.note_action(action);
        }
    }

    fn link(&mut self, annotation: &'d Dictionary) -> Option<Dict> {
        let rect = self.src.exactly::<4>(annotation, "Rect")?;
        let mut out = Dict::typed("Annot")
            .with("Subtype", Val::name("Link"))
            .with("Rect", Val::nums(rect))
            .with("F", Val::Num(4.0));
        let target = match (annotation.get(b"A"), annotation.get(b"Dest")) {
            (Ok(action), _) => self.allowed_action(action),
            (_, Ok(destination)) => self.destination(destination).map(Link::Destination),
            _ => None,
        }?;
        match target {
            Link::Destination(destination) => out.set("Dest", destination),
            Link::Uri(uri) => {
                let action = Dict::typed("Action").with("S", Val::name("URI")).with("URI", Val::Str(uri));
                out.set("A", Val::Dict(action));
            }
        }
        let border = self.src.exactly::<3>(annotation, "Border").unwrap_or([0.0, 0.0, 0.0]);
        out.set("Border", Val::nums(border));
        let color = self.src.numbers_of(annotation, "C").filter(|color| matches!(color.len(), 1 | 3 | 4));
        out.set_some("C", color.map(Val::nums));
        let quads = self.src.numbers_of(annotation, "QuadPoints").filter(|quads| quads.len() <= 800);
        out.set_some("QuadPoints", quads.filter(|quads| quads.len().is_multiple_of(8)).map(Val::nums));
        Some(out)
    }

    /// Draws an annotation's normal appearance into the page (ISO 32000-1 §12.5.5, algorithm 8.1).
    fn flatten(
        &mut self,
        annotation: &'d Dictionary,
        subtype: &[u8],
        scope: &mut Scope<'d>,
        drawn: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        const HIDDEN: i64 = 2;
        const NO_VIEW: i64 = 32;
        let src = self.src;
        if subtype == b"Popup" {
            return Ok(());
        }
        let flags = src.integer(annotation, "F").unwrap_or(0);
        let off = annotation.get(b"OC").is_ok_and(|group| self.is_off(group));
        if flags & (HIDDEN | NO_VIEW) != 0 || off {
            self.note(RemovalCode::HiddenContent, "非表示の注釈");
            return Ok(());
        }
        let appearance = src
            .dict(annotation, "AP")
            .and_then(|appearances| appearances.get(b"N").ok())
            .filter(|appearance| *src.get(appearance) != Object::Null);
        let Some(appearance) = appearance else {
            return match subtype {
                b"Widget" => self.field_value(annotation, scope, drawn),
                _ => Ok(()),
            };
        };
        // A stream, or one stream for each state.
        let appearance = match src.get(appearance) {
            Object::Dictionary(states) => {
                let state = src.name(annotation, "AS").unwrap_or(b"Off");
                match states.get(state) {
                    Ok(appearance) => appearance,
                    Err(_) => return Ok(()),
                }
            }
            _ => appearance,
        };
        let (Some(rect), Object::Stream(stream)) =
            (src.exactly::<4>(annotation, "Rect"), src.get(appearance))
        else {
            return Ok(());
        };
        let Some(bbox) = src.exactly::<4>(&stream.dict, "BBox") else { return Ok(()) };
        let matrix = src.exactly::<6>(&stream.dict, "Matrix").unwrap_or([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
        let Some(place) = placement(rect, bbox, matrix) else { return Ok(()) };
        let Some(form) = self.copy(Kind::XObject, appearance, scope.resources)? else { return Ok(()) };
        if let Val::Ref(id) = form {
            self.draw(scope, id, place)?;
        }
        let name = scope.add(Kind::XObject, form);
        drawn.extend_from_slice(b"q\n");
        for number in place {
            write_number(drawn, number);
            drawn.push(b' ');
        }
        drawn.extend_from_slice(format!("cm\n/{name} Do\nQ\n").as_bytes());
        Ok(())
    }
}

fn spans(rect: &[f64; 4]) -> bool {
    let [x0, y0, x1, y1] = rect;
    x0 != x1 && y0 != y1
}

/// The matrix that fits the transformed box of an appearance into the annotation's rectangle.
fn placement(rect: [f64; 4], bbox: [f64; 4], matrix: [f64; 6]) -> Option<[f64; 6]> {
    let [left, bottom, right, top] = bounds(bbox, matrix);
    let [x0, y0, x1, y1] = rect;
    let (x0, x1, y0, y1) = (x0.min(x1), x0.max(x1), y0.min(y1), y0.max(y1));
    if right - left < 1e-6 || top - bottom < 1e-6 {
        return None;
    }
    let (sx, sy) = ((x1 - x0) / (right - left), (y1 - y0) / (top - bottom));
    Some([sx, 0.0, 0.0, sy, x0 - left * sx, y0 - bottom * sy])
}

impl<'d> Page<'d> {
    pub(super) fn resources(&self) -> Option<&'d Dictionary> {
        self.inherited.resources
    }
}
