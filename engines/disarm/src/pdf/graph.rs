//! The object graph under reconstruction: what has been copied already, what is being copied, and where we are.
//!
//! An object comes into the new file only through a function that knows its type; there is no general copy.

use std::collections::{HashMap, HashSet};

use lopdf::{Dictionary, Object, ObjectId};

use super::{
    Strictness,
    color::Space,
    content::{INTENTS, Role, Scope},
    matrix::{IDENTITY, Matrix, after},
    source::{Source, as_dict, is_external},
    write::{Dict, Val, Writer},
};
use crate::{Refusal, RefusalCode, RemovalCode, context::Context};

/// The categories of a resource dictionary (ISO 32000-1 table 33).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    ExtGState,
    ColorSpace,
    Pattern,
    Shading,
    XObject,
    Font,
}

impl Kind {
    pub(super) const ALL: [Self; 6] =
        [Self::ExtGState, Self::ColorSpace, Self::Pattern, Self::Shading, Self::XObject, Self::Font];

    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::ExtGState => "ExtGState",
            Self::ColorSpace => "ColorSpace",
            Self::Pattern => "Pattern",
            Self::Shading => "Shading",
            Self::XObject => "XObject",
            Self::Font => "Font",
        }
    }

    pub(super) const fn prefix(self) -> &'static str {
        match self {
            Self::ExtGState => "G",
            Self::ColorSpace => "C",
            Self::Pattern => "P",
            Self::Shading => "S",
            Self::XObject => "X",
            Self::Font => "F",
        }
    }
}

/// What a copy depends on. A form without resources of its own draws with those of its surroundings (ISO 32000-1
/// §7.8.3), so it is another form under each of them; one that lacks a resource finds it on the page, as in viewers.
type Key = (Kind, ObjectId, Option<*const Dictionary>, Option<*const Dictionary>);

/// Where a picture that could not be decoded would have been: the matrix of its unit square.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lost {
    pub(super) at: Matrix,
    /// What it was, for people.
    pub(super) what: &'static str,
}

/// Places that are remembered for one form or page; beyond them the page counts as lost.
const MAX_LOST: usize = 4_096;

/// Forms in forms, patterns in forms and so on. Each level is a handful of stack frames.
const MAX_LEVELS: usize = 24;

pub(super) struct Graph<'c, 'd, 'o> {
    pub(super) ctx: &'c mut Context<'o>,
    pub(super) src: &'d Source,
    pub(super) out: Writer,
    /// Where we are, as a person would look for it.
    pub(super) place: String,
    /// What damage refuses the file.
    pub(super) strictness: Strictness,
    /// The drawing cost of forms and patterns, by their new numbers.
    pub(super) weights: HashMap<u32, u64>,
    /// Undecodable pictures in each picture and form, in its own space, by their new numbers.
    pub(super) lost: HashMap<u32, Vec<Lost>>,
    /// The new numbers of the pages.
    pub(super) pages: HashMap<ObjectId, u32>,
    /// Optional content groups that are off when the document is opened.
    pub(super) off: HashSet<ObjectId>,
    /// The spaces in place of profiles; nothing where the device space serves.
    pub(super) profiles: HashMap<ObjectId, Option<Space>>,
    /// The components of spaces in place of profiles, by their new numbers. They begin with all zeros, inks don't.
    pub(super) first_colours: HashMap<u32, usize>,
    /// The resources of the page that is being rebuilt.
    pub(super) page_resources: Option<&'d Dictionary>,
    /// Whether the object that is being copied used them without being told to.
    pub(super) borrowed: bool,
    memo: HashMap<Key, Option<Val>>,
    active: Vec<ObjectId>,
    levels: usize,
}

impl<'c, 'd, 'o> Graph<'c, 'd, 'o> {
    pub(super) fn new(ctx: &'c mut Context<'o>, src: &'d Source) -> Self {
        Self {
            ctx,
            src,
            out: Writer::default(),
            place: "文書".to_owned(),
            strictness: Strictness::Whole,
            weights: HashMap::new(),
            lost: HashMap::new(),
            pages: HashMap::new(),
            off: HashSet::new(),
            profiles: HashMap::new(),
            first_colours: HashMap::new(),
            page_resources: None,
            borrowed: false,
            memo: HashMap::new(),
            active: Vec::new(),
            levels: 0,
        }
    }

    /// Notes a removal at the present place.
    pub(super) fn note(&mut self, code: RemovalCode, what: &str) {
        let location =
            if what.is_empty() { self.place.clone() } else { format!("{}（{what}）", self.place) };
        self.ctx.removed(code, location);
    }

    pub(super) fn malformed(&self, what: &str) -> Refusal {
        Refusal::new(RefusalCode::Malformed, format!("{} {what}", self.place))
    }

    /// Copies a resource once; later uses share it. An object that contains itself is cut where it would begin again.
    pub(super) fn copy(
        &mut self,
        kind: Kind,
        object: &'d Object,
        resources: Option<&'d Dictionary>,
    ) -> Result<Option<Val>, Refusal> {
        let id = match object {
            Object::Reference(id) => Some(*id),
            _ => None,
        };
        self.copy_as(kind, id, object, resources)
    }

    /// The same for an object whose number is known.
    pub(super) fn copy_as(
        &mut self,
        kind: Kind,
        id: Option<ObjectId>,
        object: &'d Object,
        resources: Option<&'d Dictionary>,
    ) -> Result<Option<Val>, Refusal> {
        let borrows = kind == Kind::XObject
            && matches!(self.src.get(object), Object::Stream(stream)
                if !stream.dict.has(b"Resources") && self.src.name(&stream.dict, "Subtype") != Some(b"Image"));
        let surroundings = resources.filter(|_| borrows).map(std::ptr::from_ref);
        let page = self.page_resources.map(std::ptr::from_ref);
        if let Some(id) = id {
            if let Some(known) = self.memo.get(&(kind, id, surroundings, None)) {
                return Ok(known.clone());
            }
            if let Some(known) = self.memo.get(&(kind, id, surroundings, page)) {
                self.borrowed = true;
                return Ok(known.clone());
            }
            if self.active.contains(&id) {
                self.note(RemovalCode::UnknownElement, "自分自身を含む部品");
                return Ok(None);
            }
            self.active.push(id);
        }
        let outside = std::mem::take(&mut self.borrowed);
        self.levels += 1;
        let value = if self.levels > MAX_LEVELS {
            Err(Refusal::new(RefusalCode::TooDeep, format!("{} {MAX_LEVELS}", self.place)))
        } else {
            self.build(kind, object, resources)
        };
        self.levels -= 1;
        if let Some(id) = id {
            self.active.pop();
            if let Ok(value) = &value {
                let page = page.filter(|_| self.borrowed);
                self.memo.insert((kind, id, surroundings, page), value.clone());
            }
        }
        self.borrowed |= outside;
        self.within_output()?;
        value
    }

    fn build(
        &mut self,
        kind: Kind,
        object: &'d Object,
        resources: Option<&'d Dictionary>,
    ) -> Result<Option<Val>, Refusal> {
        let target = self.src.get(object);
        match kind {
            Kind::ExtGState => match as_dict(target) {
                Some(dict) => self.ext_gstate(dict, resources),
                None => Ok(None),
            },
            Kind::ColorSpace => {
                let space = self.color_space(target, resources, 4)?;
                Ok(space.map(|space| {
                    let id = self.out.add(space.value);
                    if space.profile.is_some() {
                        self.first_colours.insert(id, space.components);
                    }
                    Val::Ref(id)
                }))
            }
            Kind::Pattern => self.pattern(target, resources),
            Kind::Shading => self.shading(target, resources),
            Kind::XObject => self.xobject(target, resources),
            Kind::Font => self.font(target),
        }
    }

    /// The output budget, looked at as objects are added.
    fn within_output(&self) -> Result<(), Refusal> {
        if self.out.stream_bytes() > self.ctx.limits().output_bytes {
            return Err(Refusal::new(
                RefusalCode::TooLarge,
                format!("output_bytes {}", self.ctx.limits().output_bytes),
            ));
        }
        Ok(())
    }

    fn xobject(
        &mut self,
        target: &'d Object,
        resources: Option<&'d Dictionary>,
    ) -> Result<Option<Val>, Refusal> {
        let Object::Stream(stream) = target else { return Ok(None) };
        if let Ok(group) = stream.dict.get(b"OC")
            && self.is_off(group)
        {
            self.note(RemovalCode::HiddenContent, "非表示のレイヤー");
            return Ok(None);
        }
        match self.src.name(&stream.dict, "Subtype") {
            Some(b"Image") => self.image(&stream.dict, &stream.content, resources, false),
            Some(b"PS") => {
                self.note(RemovalCode::Script, "PostScript");
                Ok(None)
            }
            Some(b"Form") | None => self.form(target, resources),
            Some(_) => {
                self.note(RemovalCode::UnknownElement, "XObject");
                Ok(None)
            }
        }
    }

    /// A form XObject (ISO 32000-1 §8.10), also for appearances.
    pub(super) fn form(
        &mut self,
        target: &'d Object,
        outer: Option<&'d Dictionary>,
    ) -> Result<Option<Val>, Refusal> {
        let Object::Stream(stream) = target else { return Ok(None) };
        let Some(bbox) = self.src.exactly::<4>(&stream.dict, "BBox") else {
            self.note(RemovalCode::UnknownElement, "BBox のない部品");
            return Ok(None);
        };
        let Some(data) = self.stream_content(stream)? else { return Ok(None) };
        let mut dict =
            Dict::typed("XObject").with("Subtype", Val::name("Form")).with("BBox", Val::nums(bbox));
        let matrix = self.src.exactly::<6>(&stream.dict, "Matrix");
        dict.set_some("Matrix", matrix.map(Val::nums));
        let resources = self.src.dict(&stream.dict, "Resources").or(outer);
        if let Some(group) = self.src.dict(&stream.dict, "Group") {
            let group = self.group(group, resources)?;
            dict.set_some("Group", group);
        }
        self.note_private(&stream.dict);
        let mut scope = Scope::new(resources);
        let (content, weight) = self.content(&data, &mut scope, Role::Page)?;
        let lost = std::mem::take(&mut scope.lost);
        dict.set("Resources", Val::Dict(scope.into_dict()));
        let id = self.out.reserve();
        self.out.put_stream(id, dict, &content);
        self.weights.insert(id, weight.max(1));
        if !lost.is_empty() {
            let own = matrix.unwrap_or(IDENTITY);
            let lost = lost.into_iter().map(|lost| Lost { at: after(lost.at, own), ..lost }).collect();
            self.lost.insert(id, lost);
        }
        Ok(Some(Val::Ref(id)))
    }

    /// Notes that the object `id` is drawn under `ctm`: what it lost is lost here too.
    pub(super) fn draw(&self, scope: &mut Scope<'d>, id: u32, ctm: Matrix) -> Result<(), Refusal> {
        let Some(inner) = self.lost.get(&id) else { return Ok(()) };
        if scope.lost.len() + inner.len() > MAX_LOST {
            return Err(self.malformed(inner.first().map_or("", |lost| lost.what)));
        }
        scope.lost.extend(inner.iter().map(|lost| Lost { at: after(lost.at, ctm), ..*lost }));
        Ok(())
    }

    /// The bytes of a stream that must be whole; nothing when they are said to lie in another file.
    pub(super) fn stream_content(&mut self, stream: &'d lopdf::Stream) -> Result<Option<Vec<u8>>, Refusal> {
        if is_external(&stream.dict) {
            self.note(RemovalCode::ExternalLink, "外部ストリーム");
            return Ok(None);
        }
        let decoded = self.src.decode(stream, self.ctx)?;
        if !decoded.complete || decoded.codec.is_some() {
            if self.strictness == Strictness::Whole {
                return Err(self.malformed("content stream"));
            }
            self.note(RemovalCode::UnknownElement, "壊れた描画内容");
        }
        Ok(Some(decoded.data))
    }

    /// A transparency group (ISO 32000-1 §11.6.6).
    pub(super) fn group(
        &mut self,
        group: &'d Dictionary,
        resources: Option<&'d Dictionary>,
    ) -> Result<Option<Val>, Refusal> {
        if self.src.name(group, "S") != Some(b"Transparency") {
            return Ok(None);
        }
        let mut dict = Dict::typed("Group").with("S", Val::name("Transparency"));
        if let Ok(space) = group.get(b"CS") {
            let space = self.color_space(self.src.get(space), resources, 4)?;
            dict.set_some("CS", space.map(|space| space.plain().value));
        }
        for key in ["I", "K"] {
            dict.set_some(key, self.src.boolean(group, key).map(Val::Bool));
        }
        Ok(Some(Val::Dict(dict)))
    }

    /// Private data of applications and metadata that can hang on any object.
    pub(super) fn note_private(&mut self, dict: &Dictionary) {
        for (key, code, what) in [
            ("PieceInfo", RemovalCode::Metadata, "アプリケーション固有データ"),
            ("Metadata", RemovalCode::Metadata, "メタデータ"),
            ("AF", RemovalCode::EmbeddedFile, "関連ファイル"),
            ("Ref", RemovalCode::ExternalLink, "外部ページの参照"),
            ("OPI", RemovalCode::ExternalLink, "OPI"),
        ] {
            if dict.has(key.as_bytes()) {
                self.note(code, what);
            }
        }
    }

    fn ext_gstate(
        &mut self,
        state: &'d Dictionary,
        resources: Option<&'d Dictionary>,
    ) -> Result<Option<Val>, Refusal> {
        let src = self.src;
        let mut dict = Dict::typed("ExtGState");
        for key in ["LW", "LC", "LJ", "ML", "OPM", "FL", "SM", "CA", "ca"] {
            dict.set_some(key, src.number(state, key).map(Val::Num));
        }
        for key in ["OP", "op", "SA", "AIS", "TK"] {
            dict.set_some(key, src.boolean(state, key).map(Val::Bool));
        }
        if let Some([Object::Array(dashes), phase]) = src.array(state, "D")
            && let Some(phase) = super::source::as_number(src.get(phase))
            && let Some(dashes) =
                dashes.iter().map(|dash| super::source::as_number(src.get(dash))).collect::<Option<Vec<_>>>()
        {
            dict.set("D", Val::Arr(vec![Val::nums(dashes), Val::Num(phase)]));
        }
        if let Some(intent) = src.name(state, "RI").filter(|intent| INTENTS.contains(intent)) {
            dict.set("RI", Val::Name(intent.to_vec()));
        }
        let mode = match src.value(state, "BM") {
            Object::Name(name) => Some(name.as_slice()),
            Object::Array(names) => {
                names.iter().filter_map(|name| src.get(name).as_name().ok()).find(known_blend)
            }
            _ => None,
        };
        if let Some(mode) = mode.filter(known_blend) {
            dict.set("BM", Val::Name(mode.to_vec()));
        }
        if let Some([font, size]) = src.array(state, "Font")
            && let Some(size) = super::source::as_number(src.get(size))
            && let Some(font) = self.copy(Kind::Font, font, resources)?
        {
            dict.set("Font", Val::Arr(vec![font, Val::Num(size)]));
        }
        match src.value(state, "SMask") {
            Object::Name(name) if name == b"None" => dict.set("SMask", Val::name("None")),
            Object::Dictionary(mask) => {
                let mask = self.soft_mask(mask, resources)?;
                dict.set_some("SMask", mask);
            }
            _ => {}
        }
        Ok(Some(Val::Ref(self.out.add(Val::Dict(dict)))))
    }

    /// A soft-mask dictionary (ISO 32000-1 table 144).
    fn soft_mask(
        &mut self,
        mask: &'d Dictionary,
        resources: Option<&'d Dictionary>,
    ) -> Result<Option<Val>, Refusal> {
        let src = self.src;
        let Some(kind @ (b"Alpha" | b"Luminosity")) = src.name(mask, "S") else { return Ok(None) };
        let Ok(group) = mask.get(b"G") else { return Ok(None) };
        let Some(group) = self.copy(Kind::XObject, group, resources)? else { return Ok(None) };
        let mut dict = Dict::typed("Mask").with("S", Val::Name(kind.to_vec())).with("G", group);
        if let Some(backdrop) = src.numbers_of(mask, "BC") {
            dict.set("BC", Val::nums(backdrop));
        }
        if let Ok(transfer) = mask.get(b"TR") {
            let transfer = self.function(transfer, 4)?;
            dict.set_some("TR", transfer.map(|(value, _)| value));
        }
        Ok(Some(Val::Dict(dict)))
    }

    /// Whether optional content is off: a group, or a membership by its policy (ISO 32000-1 §8.11.2).
    pub(super) fn is_off(&self, group: &Object) -> bool {
        let off = |object: &Object| matches!(object, Object::Reference(id) if self.off.contains(id));
        if off(group) {
            return true;
        }
        let Some(dict) = as_dict(self.src.get(group)) else { return false };
        if self.src.name(dict, "Type") != Some(b"OCMD") {
            return false;
        }
        let states: Vec<bool> = match dict.get(b"OCGs") {
            Ok(one @ Object::Reference(_)) => match self.src.get(one) {
                Object::Array(groups) => groups.iter().map(off).collect(),
                _ => vec![off(one)],
            },
            Ok(Object::Array(groups)) => groups.iter().map(off).collect(),
            _ => return false,
        };
        if states.is_empty() {
            return false;
        }
        match self.src.name(dict, "P") {
            Some(b"AllOn") => states.contains(&true),
            Some(b"AnyOff") => !states.contains(&true),
            Some(b"AllOff") => states.contains(&false),
            _ => states.iter().all(|off| *off),
        }
    }

    /// Reads the default configuration of optional content (ISO 32000-1 §8.11.4.3).
    pub(super) fn read_optional_content(&mut self, catalog: &'d Dictionary) {
        let src = self.src;
        let Some(properties) = src.dict(catalog, "OCProperties") else { return };
        let Some(default) = src.dict(properties, "D") else { return };
        let ids = |array: Option<&'d [Object]>| {
            array.unwrap_or_default().iter().filter_map(|object| match object {
                Object::Reference(id) => Some(*id),
                _ => None,
            })
        };
        if src.name(default, "BaseState") == Some(b"OFF") {
            self.off.extend(ids(src.array(properties, "OCGs")));
            for id in ids(src.array(default, "ON")) {
                self.off.remove(&id);
            }
        }
        self.off.extend(ids(src.array(default, "OFF")));
        self.note(RemovalCode::UnknownPart, "レイヤー設定");
    }
}

/// Blend modes (ISO 32000-1 §11.3.5).
fn known_blend(name: &&[u8]) -> bool {
    const MODES: &[&[u8]] = &[
        b"Normal",
        b"Compatible",
        b"Multiply",
        b"Screen",
        b"Overlay",
        b"Darken",
        b"Lighten",
        b"ColorDodge",
        b"ColorBurn",
        b"HardLight",
        b"SoftLight",
        b"Difference",
        b"Exclusion",
        b"Hue",
        b"Saturation",
        b"Color",
        b"Luminosity",
    ];
    MODES.contains(name)
}
