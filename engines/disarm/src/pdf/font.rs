//! Fonts (ISO 32000-1 §9): dictionaries by their type, character maps as tables, font programs only after
//! [`fontfile`](super::fontfile) took them apart.

use lopdf::{Dictionary, Object};

use super::{
    cmap::{CMap, predefined},
    content::{Role, Scope},
    fontfile,
    graph::Graph,
    source::{as_dict, as_integer, as_number, is_external},
    write::{Dict, Val},
};
use crate::{Refusal, RemovalCode};

impl<'d> Graph<'_, 'd, '_> {
    pub(super) fn font(&mut self, target: &'d Object) -> Result<Option<Val>, Refusal> {
        let Some(font) = as_dict(target) else { return Ok(None) };
        let out = match self.src.name(font, "Subtype") {
            Some(b"Type0") => self.composite(font)?,
            Some(b"Type3") => self.drawn(font)?,
            Some(kind @ (b"Type1" | b"MMType1" | b"TrueType")) => Some(self.simple(font, kind)?),
            _ => {
                self.note(RemovalCode::UnknownElement, "フォント");
                None
            }
        };
        Ok(out.map(|out| Val::Ref(self.out.add(Val::Dict(out)))))
    }

    fn simple(&mut self, font: &'d Dictionary, kind: &[u8]) -> Result<Dict, Refusal> {
        let mut out = Dict::typed("Font").with("Subtype", Val::Name(kind.to_vec()));
        out.set("BaseFont", Val::Name(self.font_name(font, "BaseFont")));
        self.widths(font, &mut out);
        if let Some(descriptor) = self.src.dict(font, "FontDescriptor") {
            let descriptor = self.descriptor(descriptor)?;
            out.set("FontDescriptor", descriptor);
        }
        self.encoding(font, &mut out);
        self.unicode_map(font, &mut out)?;
        Ok(out)
    }

    /// Type 3: each glyph is a content stream (ISO 32000-1 §9.6.5).
    fn drawn(&mut self, font: &'d Dictionary) -> Result<Option<Dict>, Refusal> {
        let src = self.src;
        let (Some(bbox), Some(matrix), Some(glyphs)) = (
            src.exactly::<4>(font, "FontBBox"),
            src.exactly::<6>(font, "FontMatrix"),
            src.dict(font, "CharProcs"),
        ) else {
            self.note(RemovalCode::EmbeddedFont, "Type 3");
            return Ok(None);
        };
        let mut out = Dict::typed("Font")
            .with("Subtype", Val::name("Type3"))
            .with("FontBBox", Val::nums(bbox))
            .with("FontMatrix", Val::nums(matrix));
        self.widths(font, &mut out);
        self.encoding(font, &mut out);
        self.unicode_map(font, &mut out)?;
        let mut scope = Scope::new(src.dict(font, "Resources"));
        let mut procs = Dict::new();
        for (name, glyph) in glyphs.iter().take(4096) {
            let (Some(name), Object::Stream(stream)) = (glyph_name(name), src.get(glyph)) else { continue };
            let Some(data) = self.stream_content(stream)? else { continue };
            let (content, _) = self.content(&data, &mut scope, Role::Glyph)?;
            let id = self.out.reserve();
            self.out.put_stream(id, Dict::new(), &content);
            procs.set(&name, Val::Ref(id));
        }
        out.set("CharProcs", Val::Dict(procs));
        out.set("Resources", Val::Dict(scope.into_dict()));
        Ok(Some(out))
    }

    fn composite(&mut self, font: &'d Dictionary) -> Result<Option<Dict>, Refusal> {
        let src = self.src;
        let Some(descendant) = src
            .array(font, "DescendantFonts")
            .and_then(<[Object]>::first)
            .and_then(|object| as_dict(src.get(object)))
        else {
            return Ok(None);
        };
        let Some(kind @ (b"CIDFontType0" | b"CIDFontType2")) = src.name(descendant, "Subtype") else {
            return Ok(None);
        };
        let mut out = Dict::typed("Font")
            .with("Subtype", Val::name("Type0"))
            .with("BaseFont", Val::Name(self.font_name(font, "BaseFont")));
        let encoding = match src.value(font, "Encoding") {
            Object::Name(name) if predefined(name) => Val::Name(name.clone()),
            Object::Stream(stream) if !is_external(&stream.dict) => {
                let data = src.decode(stream, self.ctx)?.data;
                let mut map = CMap::read(&data);
                if let Some(base) = src.name(&stream.dict, "UseCMap").filter(|base| predefined(base)) {
                    map.extend_from(base);
                }
                let system = self.system(&stream.dict);
                let id = self.out.reserve();
                let mut dict =
                    Dict::typed("CMap").with("CMapName", Val::name("Rebuilt")).with("CIDSystemInfo", system);
                if map.vertical() {
                    dict.set("WMode", Val::Num(1.0));
                }
                dict.set_some("UseCMap", map.base().map(|base| Val::Name(base.to_vec())));
                if !map.maps_cids() {
                    self.note(RemovalCode::EmbeddedFont, "文字コード表");
                }
                self.out.put_stream(id, dict, &map.write(false));
                Val::Ref(id)
            }
            _ => Val::name("Identity-H"),
        };
        out.set("Encoding", encoding);
        let mut cid = Dict::typed("Font").with("Subtype", Val::Name(kind.to_vec()));
        cid.set("BaseFont", Val::Name(self.font_name(descendant, "BaseFont")));
        cid.set("CIDSystemInfo", self.system(descendant));
        if let Some(descriptor) = src.dict(descendant, "FontDescriptor") {
            let descriptor = self.descriptor(descriptor)?;
            cid.set("FontDescriptor", descriptor);
        }
        cid.set_some("DW", src.number(descendant, "DW").map(Val::Num));
        cid.set_some("DW2", src.exactly::<2>(descendant, "DW2").map(Val::nums));
        for key in ["W", "W2"] {
            if let Some(items) = src.array(descendant, key) {
                let items = items.iter().filter_map(|item| match src.get(item) {
                    Object::Array(_) => src.numbers(item).map(Val::nums),
                    other => as_number(other).map(Val::Num),
                });
                cid.set(key, Val::Arr(items.collect()));
            }
        }
        if kind == b"CIDFontType2" {
            match src.value(descendant, "CIDToGIDMap") {
                Object::Stream(stream) if !is_external(&stream.dict) => {
                    let mut data = src.decode(stream, self.ctx)?.data;
                    data.truncate(131_072);
                    let id = self.out.reserve();
                    self.out.put_stream(id, Dict::new(), &data);
                    cid.set("CIDToGIDMap", Val::Ref(id));
                }
                Object::Name(_) => cid.set("CIDToGIDMap", Val::name("Identity")),
                _ => {}
            }
        }
        let cid = self.out.add(Val::Dict(cid));
        out.set("DescendantFonts", Val::Arr(vec![Val::Ref(cid)]));
        self.unicode_map(font, &mut out)?;
        Ok(Some(out))
    }

    fn system(&self, dict: &Dictionary) -> Val {
        let info = self.src.dict(dict, "CIDSystemInfo");
        let text = |key: &str, default: &str| {
            let bytes = info.and_then(|info| match self.src.value(info, key) {
                Object::String(bytes, _) => Some(bytes.clone()),
                _ => None,
            });
            let clean = bytes.filter(|bytes| {
                bytes.len() <= 32 && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
            });
            Val::Str(clean.unwrap_or_else(|| default.as_bytes().to_vec()))
        };
        let supplement = info.and_then(|info| self.src.integer(info, "Supplement")).unwrap_or(0);
        Val::Dict(
            Dict::new()
                .with("Registry", text("Registry", "Adobe"))
                .with("Ordering", text("Ordering", "Identity"))
                .with("Supplement", Val::Num(supplement.clamp(0, 100) as f64)),
        )
    }

    /// Names that readers look fonts up by; Japanese ones are Shift_JIS bytes.
    fn font_name(&self, dict: &Dictionary, key: &str) -> Vec<u8> {
        match self.src.name(dict, key) {
            Some(name) if !name.is_empty() => name
                .iter()
                .map(|byte| if *byte < 0x21 || *byte == 0x7F { b'_' } else { *byte })
                .take(127)
                .collect(),
            _ => b"Unnamed".to_vec(),
        }
    }

    fn widths(&self, font: &Dictionary, out: &mut Dict) {
        let src = self.src;
        let code = |key| src.integer(font, key).filter(|code| (0..=255).contains(code));
        out.set_some("FirstChar", code("FirstChar").map(|code| Val::Num(code as f64)));
        out.set_some("LastChar", code("LastChar").map(|code| Val::Num(code as f64)));
        if let Some(widths) = src.array(font, "Widths") {
            let widths = widths.iter().take(256).map(|width| as_number(src.get(width)).unwrap_or(0.0));
            out.set("Widths", Val::nums(widths));
        }
    }

    fn encoding(&self, font: &Dictionary, out: &mut Dict) {
        let src = self.src;
        let base = |name: &[u8]| {
            let known: &[&[u8]] =
                &[b"WinAnsiEncoding", b"MacRomanEncoding", b"MacExpertEncoding", b"StandardEncoding"];
            known.contains(&name).then(|| Val::Name(name.to_vec()))
        };
        match src.value(font, "Encoding") {
            Object::Name(name) => out.set_some("Encoding", base(name)),
            Object::Dictionary(dict) => {
                let mut encoding = Dict::typed("Encoding");
                encoding.set_some("BaseEncoding", src.name(dict, "BaseEncoding").and_then(base));
                if let Some(items) = src.array(dict, "Differences") {
                    let items = items.iter().take(1024).filter_map(|item| match src.get(item) {
                        Object::Name(name) => {
                            Some(Val::name(&glyph_name(name).unwrap_or_else(|| ".notdef".to_owned())))
                        }
                        other => as_integer(other)
                            .filter(|code| (0..=255).contains(code))
                            .map(|code| Val::Num(code as f64)),
                    });
                    encoding.set("Differences", Val::Arr(items.collect()));
                }
                out.set("Encoding", Val::Dict(encoding));
            }
            _ => {}
        }
    }

    fn unicode_map(&mut self, font: &'d Dictionary, out: &mut Dict) -> Result<(), Refusal> {
        match self.src.value(font, "ToUnicode") {
            Object::Stream(stream) if !is_external(&stream.dict) => {
                let data = self.src.decode(stream, self.ctx)?.data;
                let map = CMap::read(&data);
                if map.maps_unicode() {
                    let id = self.out.reserve();
                    self.out.put_stream(id, Dict::new(), &map.write(true));
                    out.set("ToUnicode", Val::Ref(id));
                }
            }
            Object::Name(name) if name == b"Identity-H" => out.set("ToUnicode", Val::name("Identity-H")),
            _ => {}
        }
        Ok(())
    }

    fn descriptor(&mut self, descriptor: &'d Dictionary) -> Result<Val, Refusal> {
        let src = self.src;
        let mut out =
            Dict::typed("FontDescriptor").with("FontName", Val::Name(self.font_name(descriptor, "FontName")));
        out.set(
            "Flags",
            Val::Num(src.integer(descriptor, "Flags").unwrap_or(32).clamp(0, 0x000F_FFFF) as f64),
        );
        out.set_some("FontBBox", src.exactly::<4>(descriptor, "FontBBox").map(Val::nums));
        for key in [
            "FontWeight",
            "ItalicAngle",
            "Ascent",
            "Descent",
            "Leading",
            "CapHeight",
            "XHeight",
            "StemV",
            "StemH",
            "AvgWidth",
            "MaxWidth",
            "MissingWidth",
        ] {
            out.set_some(key, src.number(descriptor, key).map(Val::Num));
        }
        for key in ["FontFile", "FontFile2", "FontFile3"] {
            let Object::Stream(stream) = src.value(descriptor, key) else { continue };
            if is_external(&stream.dict) {
                self.note(RemovalCode::ExternalLink, "外部のフォント");
                continue;
            }
            let decoded = src.decode(stream, self.ctx)?;
            match fontfile::rebuild(key, src.name(&stream.dict, "Subtype"), &decoded.data) {
                Some(program) => {
                    let id = self.out.reserve();
                    let mut dict = Dict::new();
                    for (key, value) in program.numbers {
                        dict.set(key, Val::int(value));
                    }
                    dict.set_some("Subtype", program.subtype.map(Val::name));
                    self.out.put_stream(id, dict, &program.data);
                    out.set(program.key, Val::Ref(id));
                }
                None => self.note(RemovalCode::EmbeddedFont, ""),
            }
            break;
        }
        Ok(Val::Ref(self.out.add(Val::Dict(out))))
    }
}

/// Glyph names as fonts spell them. Others would be a way to carry data.
fn glyph_name(name: &[u8]) -> Option<String> {
    let plain = (1..=63).contains(&name.len())
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    let words =
        ["JS", "JavaScript", "AA", "OpenAction", "Launch", "XFA", "AcroForm", "EmbeddedFile", "RichMedia"];
    let text = std::str::from_utf8(name).ok()?;
    (plain && !words.contains(&text)).then(|| text.to_owned())
}
