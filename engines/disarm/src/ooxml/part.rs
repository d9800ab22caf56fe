//! Decides on each element of a part as it ends: identifiers of relationships first, then what the format asks for.

use std::collections::HashSet;

use super::allow::Ns;
use super::danger;
use super::kinds::{DIAGRAM_DRAWING, Kind};
use super::links;
use super::package::{Relationship, Target};
use super::rebuild::{Job, Rebuild, Relations};
use super::xml::{Element, Judge, Node, Verdict};
use crate::{Refusal, RemovalCode};

pub(super) struct PartJudge<'r, 'a, 'c, 'o> {
    pub(super) rebuild: &'r mut Rebuild<'a, 'c, 'o>,
    pub(super) job: &'r Job,
    pub(super) relations: Relations,
    /// Shared formulas of this sheet whose master stays.
    pub(super) shared_formulas: HashSet<String>,
    /// For each sheet in order: does it stay?
    pub(super) sheets: Vec<bool>,
    /// Pictures of this sheet's cells, each with its cell.
    pub(super) cell_pictures: Vec<((u32, u32), Relationship)>,
    /// Something was left out of the animations, which must be whole to be valid.
    timing_is_broken: bool,
    /// The shape that stands for the object in work in the slide's legacy drawing.
    pub(super) object_shape: Option<String>,
}

impl<'r, 'a, 'c, 'o> PartJudge<'r, 'a, 'c, 'o> {
    pub(super) fn new(rebuild: &'r mut Rebuild<'a, 'c, 'o>, job: &'r Job, relations: Relations) -> Self {
        Self {
            rebuild,
            job,
            relations,
            shared_formulas: HashSet::new(),
            sheets: Vec::new(),
            cell_pictures: Vec::new(),
            timing_is_broken: false,
            object_shape: None,
        }
    }

    pub(super) fn report(&mut self, what: RemovalCode, detail: &str) {
        let place =
            if detail.is_empty() { self.job.place.clone() } else { format!("{}: {detail}", self.job.place) };
        self.rebuild.removed(what, &place);
    }
}

impl Judge for PartJudge<'_, '_, '_, '_> {
    fn closed(&mut self, mut element: Element, ancestors: &[Element]) -> Result<Verdict, Refusal> {
        let mut lost = false;
        let names: Vec<&'static str> =
            element.attributes.iter().map(|(name, _)| *name).filter(|name| name.starts_with("r:")).collect();
        if super::sheet::is_sheet(&element) {
            self.name_sheet(&element);
        }
        for name in names {
            let id = element.attribute(name).unwrap_or_default().to_owned();
            match self.resolve(&element, &id)? {
                Some(new) => element.set(name, new),
                None => {
                    element.remove(name);
                    lost = true;
                }
            }
        }
        if let Some(verdict) = self.settle_lost(&mut element, lost)? {
            return Ok(self.note_sheet(verdict, &element));
        }
        match element.spec.ns {
            Ns::X => self.sheet_element(element),
            Ns::XDR => Ok(self.drawing_element(element)),
            Ns::X14 | Ns::XM => Ok(self.extension_element(element)),
            Ns::W => Ok(self.word_element(element, ancestors)),
            Ns::P | Ns::A => self.slide_element(element),
            Ns::C => Ok(super::chart::element(element)),
            _ => Ok(Verdict::Keep(element)),
        }
    }

    fn object(&mut self, shape: String) {
        self.object_shape = Some(shape);
    }

    fn left_out(&mut self, code: RemovalCode, name: &str, ancestors: &[Element]) {
        if ancestors.iter().any(|ancestor| ancestor.is(Ns::P, "timing")) {
            self.timing_is_broken = true;
        }
        match code {
            // How an application was used: one line for the document is enough.
            RemovalCode::Metadata => self.rebuild.removed(code, "付帯設定"),
            RemovalCode::UnknownElement => self.rebuild.removed(code, &format!("拡張要素 {name}")),
            _ => self.report(code, name),
        }
    }
}

impl PartJudge<'_, '_, '_, '_> {
    /// The new identifier for an old one, if what it leads to may be there.
    fn resolve(&mut self, element: &Element, id: &str) -> Result<Option<String>, Refusal> {
        let Some(relationship) = self.relations.known.get(id).cloned() else { return Ok(None) };
        match relationship.target.clone() {
            Target::External(address) => {
                let address = links::normalised(&address);
                let is_place_for_links = matches!(
                    element.spec.local,
                    "hyperlink" | "hlinkClick" | "hlinkHover" | "hlinkMouseOver"
                );
                let allowed = relationship.is_link()
                    && is_place_for_links
                    && self.job.kind.has_links()
                    && !self.rebuild.ctx.options().drop_links
                    && links::allowed(&address);
                Ok(allowed.then(|| self.relations.add_link(address)))
            }
            Target::Part(part) if relationship.is_picture() => {
                if !self.job.kind.has_pictures() || !takes_picture(element) {
                    return Ok(None);
                }
                let place = self.job.place.clone();
                Ok(self.rebuild.picture(&part, &place)?.map(|path| self.relations.add_picture(path)))
            }
            Target::Part(part) => {
                let named = self.job.kind.named().iter().copied().find(|kind| relationship.leads_to(*kind));
                let Some(kind) = named else { return Ok(None) };
                let is_show = matches!(self.job.kind, Kind::Presentation);
                if kind == Kind::Slide && !is_show && !self.rebuild.is_requested(&part) {
                    return Ok(None);
                }
                if kind == Kind::DiagramData {
                    self.find_diagram_drawing(&part)?;
                }
                let path = self.rebuild.request(kind, &part)?;
                Ok(path.map(|path| self.relations.add(kind.relation(), path, false)))
            }
        }
    }

    /// The drawn form of a diagram hangs on the part that shows the diagram, under an identifier that an extension
    /// of the diagram's data names.
    fn find_diagram_drawing(&mut self, data: &str) -> Result<(), Refusal> {
        let key = data.to_lowercase();
        if self.rebuild.diagram_drawings.contains_key(&key) {
            return Ok(());
        }
        let Some(bytes) = self.rebuild.package.bytes(data, self.rebuild.ctx)? else { return Ok(()) };
        let text = super::xml::decode(bytes, data)?;
        let named = text.split("relId=\"").nth(1).and_then(|rest| rest.split('"').next());
        let Some(relationship) = named.and_then(|id| self.relations.known.get(id)).cloned() else {
            return Ok(());
        };
        let Target::Part(drawing) = relationship.target.clone() else { return Ok(()) };
        if !relationship.leads_to(Kind::DiagramDrawing) {
            return Ok(());
        }
        if let Some(path) = self.rebuild.request(Kind::DiagramDrawing, &drawing)? {
            let id = self.relations.add(DIAGRAM_DRAWING.to_owned(), path, false);
            self.rebuild.diagram_drawings.insert(key, id);
        }
        Ok(())
    }

    /// What an element becomes when its relationship could not be kept; `None` when it goes on as it is.
    fn settle_lost(&mut self, element: &mut Element, lost: bool) -> Result<Option<Verdict>, Refusal> {
        if element.is(Ns::A, "blip") && element.attribute("r:embed").is_none() {
            let path = self.rebuild.placeholder()?;
            let id = self.relations.add_picture(path);
            element.set("r:embed", id);
            return Ok(None);
        }
        if element.is(Ns::V, "imagedata") && element.attribute("r:id").is_none() {
            return Ok(Some(Verdict::Drop));
        }
        if is_link_element(element) {
            return Ok(None);
        }
        if !lost || matches!(element.spec.local, "fill" | "stroke" | "pageSetup") {
            return Ok(None);
        }
        if element.is(Ns::W, "hyperlink") {
            if element.attribute("w:anchor").is_some() {
                return Ok(None);
            }
            let whole = std::mem::take(&mut element.children);
            let mut bare = Element::new(element.spec);
            bare.children = whole;
            return Ok(Some(Verdict::Unwrap(bare)));
        }
        if element.is(Ns::X, "hyperlink") && element.attribute("location").is_some() {
            return Ok(None);
        }
        Ok(Some(Verdict::Drop))
    }

    // --- Word -----------------------------------------------------------------------------------------------

    fn word_element(&mut self, mut element: Element, ancestors: &[Element]) -> Verdict {
        match element.spec.local {
            // Strict documents are written as transitional ones.
            "document" => element.remove("w:conformance"),
            "fldChar" => {
                let shown = super::fields::form_text(&element);
                if element.child(Ns::W, "ffData").is_some() {
                    self.report(RemovalCode::FormField, "ffData");
                }
                element.children = shown.map(Node::Text).into_iter().collect();
            }
            "fldSimple" => {
                let instruction = element.attribute("w:instr").unwrap_or_default().to_owned();
                let drop_links = self.rebuild.ctx.options().drop_links;
                match super::fields::allowed(&instruction, drop_links) {
                    Some(instruction) => element.set("w:instr", instruction),
                    None => {
                        let name: String =
                            instruction.split_whitespace().next().unwrap_or("?").chars().take(40).collect();
                        self.report(RemovalCode::Field, &name);
                        return Verdict::Unwrap(element);
                    }
                }
            }
            // What a reader does not see goes on with the document, so whoever sends it must know.
            "delText" => self.report(RemovalCode::HiddenContent, "変更履歴で削除された文字（残しています）"),
            "vanish" if is_on(&element) && is_of_run(ancestors) => {
                self.report(RemovalCode::HiddenContent, "隠し文字（残しています）");
            }
            local
                if ancestors.len() == 1
                    && self.job.kind == Kind::WordSettings
                    && !SETTINGS.contains(&local) =>
            {
                self.rebuild.removed(RemovalCode::Metadata, "付帯設定");
                return Verdict::Drop;
            }
            _ => {}
        }
        Verdict::Keep(element)
    }

    // --- Slides ---------------------------------------------------------------------------------------------

    fn slide_element(&mut self, mut element: Element) -> Result<Verdict, Refusal> {
        if is_link_element(&element) {
            return Ok(self.link(element));
        }
        if element.is(Ns::P, "timing") && std::mem::take(&mut self.timing_is_broken) {
            return Ok(Verdict::Drop);
        }
        if element.is(Ns::P, "sld") && matches!(element.attribute("show"), Some("0" | "false")) {
            self.report(RemovalCode::HiddenContent, "非表示のスライド（残しています）");
        }
        // Strict documents are written as transitional ones.
        element.remove("conformance");
        if element.is(Ns::A, "graphicData") {
            let uri = element.attribute("uri").and_then(danger::graphic_uri);
            if let Some(uri) = uri {
                element.set("uri", uri.to_owned());
            }
        }
        // The frame of an object becomes the picture that the object showed.
        if element.is(Ns::P, "graphicFrame") && is_object_frame(&element) {
            return match element.take(Ns::P, "pic") {
                Some(picture) => Ok(Verdict::Keep(super::preview::named_as(picture, &element))),
                None => self.preview_of(&element),
            };
        }
        Ok(Verdict::Keep(element))
    }

    /// A click leads to the web, to a mail, or through the show, and nowhere else.
    fn link(&mut self, mut element: Element) -> Verdict {
        const JUMPS: [&str; 6] =
            ["nextslide", "previousslide", "firstslide", "lastslide", "lastslideviewed", "endshow"];
        let action = element.attribute("action").unwrap_or_default().to_owned();
        let resolved = element.attribute("r:id").is_some();
        let keep = match action.as_str() {
            "" => resolved,
            "ppaction://hlinksldjump" => resolved,
            jump => match jump.strip_prefix("ppaction://hlinkshowjump?jump=") {
                Some(to) if JUMPS.contains(&to) => {
                    element.set("r:id", String::new());
                    true
                }
                _ => false,
            },
        };
        if keep {
            return Verdict::Keep(element);
        }
        if !action.is_empty() {
            let shown: String = action.chars().take(60).collect();
            self.report(RemovalCode::Action, &shown);
        }
        Verdict::Drop
    }
}

/// What a document's settings may say: layout and language, nothing about sources, protection or use.
const SETTINGS: &[&str] = &[
    "zoom",
    "mirrorMargins",
    "alignBordersAndEdges",
    "bordersDoNotSurroundHeader",
    "bordersDoNotSurroundFooter",
    "gutterAtTop",
    "defaultTabStop",
    "autoHyphenation",
    "consecutiveHyphenLimit",
    "hyphenationZone",
    "doNotHyphenateCaps",
    "evenAndOddHeaders",
    "bookFoldRevPrinting",
    "bookFoldPrinting",
    "bookFoldPrintingSheets",
    "drawingGridHorizontalSpacing",
    "drawingGridVerticalSpacing",
    "displayHorizontalDrawingGridEvery",
    "displayVerticalDrawingGridEvery",
    "doNotUseMarginsForDrawingGridOrigin",
    "drawingGridHorizontalOrigin",
    "drawingGridVerticalOrigin",
    "characterSpacingControl",
    "printTwoOnOne",
    "strictFirstAndLastChars",
    "noLineBreaksAfter",
    "noLineBreaksBefore",
    "footnotePr",
    "endnotePr",
    "compat",
    "themeFontLang",
    "clrSchemeMapping",
    "decimalSymbol",
    "listSeparator",
    "displayBackgroundShape",
    "defaultTableStyle",
    "trackRevisions",
    "doNotTrackMoves",
    "doNotTrackFormatting",
    "noPunctuationKerning",
    "printFractionalCharacterWidth",
    "doNotShadeFormData",
    "hideSpellingErrors",
    "hideGrammaticalErrors",
    "view",
    "clickAndTypeStyle",
    "splitPgBreakAndParaMark",
];

fn is_link_element(element: &Element) -> bool {
    element.spec.ns == Ns::A && matches!(element.spec.local, "hlinkClick" | "hlinkHover" | "hlinkMouseOver")
}

/// Elements that show the picture that they name.
fn takes_picture(element: &Element) -> bool {
    matches!(
        (element.spec.ns, element.spec.local),
        (Ns::A, "blip") | (Ns::V, "imagedata" | "fill" | "stroke") | (Ns::X, "picture")
    )
}

/// A property that is on: it says so, or nothing.
fn is_on(element: &Element) -> bool {
    !matches!(element.attribute("w:val"), Some("0" | "false" | "off"))
}

/// Among the properties of a run of text, not of a style or a paragraph's end.
fn is_of_run(ancestors: &[Element]) -> bool {
    let mut outwards = ancestors.iter().rev();
    outwards.next().is_some_and(|parent| parent.is(Ns::W, "rPr"))
        && outwards.next().is_some_and(|parent| parent.is(Ns::W, "r"))
}

fn is_object_frame(frame: &Element) -> bool {
    let data = frame.child(Ns::A, "graphic").and_then(|graphic| graphic.child(Ns::A, "graphicData"));
    data.is_none_or(|data| {
        data.attribute("uri").is_none_or(|uri| uri.ends_with("/ole")) || data.elements().next().is_none()
    })
}
