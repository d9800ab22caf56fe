//! Colour spaces, functions, shadings and patterns (ISO 32000-1 §7.10, §8.6, §8.7).
//!
//! ICC profiles are not kept, as most readers parse them in native code: [`super::profile`] applies them where they matter.
//! Calculator functions are read token by token.

use std::rc::Rc;

use lopdf::{Dictionary, Object};

use super::{
    content::{Role, Scope},
    graph::{Graph, Kind},
    lexer::is_space,
    profile::Profile,
    source::{as_dict, as_integer},
    write::{Dict, Val},
};
use crate::{Refusal, RemovalCode};

/// A rebuilt colour space.
#[derive(Debug, Clone)]
pub(super) struct Space {
    pub(super) value: Val,
    pub(super) components: usize,
    pub(super) indexed: bool,
    /// What the space stands in for, where that is a profile.
    pub(super) profile: Option<Rc<Profile>>,
}

impl Space {
    fn new(value: Val, components: usize) -> Self {
        Self { value, components, indexed: false, profile: None }
    }

    pub(super) fn profiled(value: Val, components: usize, profile: Rc<Profile>) -> Self {
        Self { profile: Some(profile), ..Self::new(value, components) }
    }

    /// The device space in place of a profile, where only device spaces may be: under inks, and for blending.
    pub(super) fn plain(self) -> Self {
        match self.profile {
            Some(_) => Self::device(self.components).unwrap_or(Self { profile: None, ..self }),
            None => self,
        }
    }

    pub(super) fn device(components: usize) -> Option<Self> {
        let name = match components {
            1 => "DeviceGray",
            3 => "DeviceRGB",
            4 => "DeviceCMYK",
            _ => return None,
        };
        Some(Self::new(Val::name(name), components))
    }
}

/// The operators of calculator functions (ISO 32000-1 table 42).
const CALCULATOR: &[&[u8]] = &[
    b"abs",
    b"add",
    b"atan",
    b"ceiling",
    b"cos",
    b"cvi",
    b"cvr",
    b"div",
    b"exp",
    b"floor",
    b"idiv",
    b"ln",
    b"log",
    b"mod",
    b"mul",
    b"neg",
    b"round",
    b"sin",
    b"sqrt",
    b"sub",
    b"truncate",
    b"and",
    b"bitshift",
    b"eq",
    b"false",
    b"ge",
    b"gt",
    b"le",
    b"lt",
    b"ne",
    b"not",
    b"or",
    b"true",
    b"xor",
    b"if",
    b"ifelse",
    b"copy",
    b"dup",
    b"exch",
    b"index",
    b"pop",
    b"roll",
];

impl<'d> Graph<'_, 'd, '_> {
    /// The number of components of a colour space, without copying it.
    pub(super) fn components(&mut self, object: &Object, resources: Option<&'d Dictionary>) -> Option<usize> {
        match self.color_space(object, resources, 3) {
            Ok(Some(space)) => Some(space.components),
            _ => None,
        }
    }

    /// Rebuilds a colour space. `depth` bounds spaces within spaces, of which the format allows two.
    pub(super) fn color_space(
        &mut self,
        object: &Object,
        resources: Option<&'d Dictionary>,
        depth: usize,
    ) -> Result<Option<Space>, Refusal> {
        let src = self.src;
        let Some(depth) = depth.checked_sub(1) else { return Ok(None) };
        let items = match src.get(object) {
            Object::Name(name) => return self.named_space(name, resources, depth),
            Object::Array(items) => items,
            _ => return Ok(None),
        };
        let Some((family, rest)) = items.split_first() else { return Ok(None) };
        let Ok(family) = src.get(family).as_name() else { return Ok(None) };
        Ok(match (family, rest) {
            (b"CalGray" | b"CalRGB" | b"Lab", [dict, ..]) => {
                as_dict(src.get(dict)).and_then(|dict| self.cie(family, dict))
            }
            (b"ICCBased", [profile, ..]) => {
                let Some(dict) = as_dict(src.get(profile)) else { return Ok(None) };
                self.ctx.removed(RemovalCode::Metadata, "文書（ICC プロファイル）");
                let count = src.integer(dict, "N").and_then(|count| usize::try_from(count).ok());
                if let Some(space) = count.and_then(Space::device) {
                    let profiled = self.profiled(profile, space.components)?;
                    return Ok(Some(profiled.unwrap_or(space)));
                }
                match dict.get(b"Alternate") {
                    Ok(alternate) => self.color_space(alternate, resources, depth)?,
                    Err(_) => None,
                }
            }
            (b"Indexed" | b"I", [base, high, table, ..]) => {
                let Some(base) = self.color_space(base, resources, depth)?.filter(|base| !base.indexed)
                else {
                    return Ok(None);
                };
                let high = as_integer(src.get(high)).unwrap_or(255).clamp(0, 255);
                let mut table = match src.get(table) {
                    Object::String(bytes, _) => bytes.clone(),
                    Object::Stream(stream) => src.decode(stream, self.ctx)?.data,
                    _ => return Ok(None),
                };
                table.resize((usize::try_from(high).unwrap_or(0) + 1) * base.components, 0);
                let items = vec![Val::name("Indexed"), base.value, Val::Num(high as f64), Val::Str(table)];
                Some(Space { indexed: true, ..Space::new(Val::Arr(items), 1) })
            }
            (b"Separation", [colorant, alternate, tint, ..]) => {
                let Some(alternate) = self.color_space(alternate, resources, depth)?.map(Space::plain) else {
                    return Ok(None);
                };
                let Some((tint, outputs)) = self.function(tint, 6)? else { return Ok(None) };
                if outputs.is_some_and(|outputs| outputs != alternate.components) {
                    return Ok(None);
                }
                let colorant = Val::Name(colorant_name(src.get(colorant)));
                Some(Space::new(Val::Arr(vec![Val::name("Separation"), colorant, alternate.value, tint]), 1))
            }
            (b"DeviceN", [colorants, alternate, tint, ..]) => {
                let Object::Array(colorants) = src.get(colorants) else { return Ok(None) };
                if colorants.is_empty() || colorants.len() > 32 {
                    return Ok(None);
                }
                let Some(alternate) = self.color_space(alternate, resources, depth)?.map(Space::plain) else {
                    return Ok(None);
                };
                let Some((tint, _)) = self.function(tint, 6)? else { return Ok(None) };
                let names = colorants.iter().map(|name| Val::Name(colorant_name(src.get(name)))).collect();
                let items = vec![Val::name("DeviceN"), Val::Arr(names), alternate.value, tint];
                Some(Space::new(Val::Arr(items), colorants.len()))
            }
            (b"Pattern", []) => Some(Space::new(Val::name("Pattern"), 0)),
            (b"Pattern", [under, ..]) => {
                let under = self.color_space(under, resources, depth)?;
                under.map(|under| {
                    Space::new(Val::Arr(vec![Val::name("Pattern"), under.value]), under.components)
                })
            }
            (name, _) => return self.named_space(name, resources, depth),
        })
    }

    fn named_space(
        &mut self,
        name: &[u8],
        resources: Option<&'d Dictionary>,
        depth: usize,
    ) -> Result<Option<Space>, Refusal> {
        match name {
            b"DeviceGray" | b"G" | b"CalGray" => Ok(Space::device(1)),
            b"DeviceRGB" | b"RGB" | b"CalRGB" => Ok(Space::device(3)),
            b"DeviceCMYK" | b"CMYK" | b"CalCMYK" => Ok(Space::device(4)),
            b"Pattern" => Ok(Some(Space::new(Val::name("Pattern"), 0))),
            name => {
                let named = resources
                    .and_then(|resources| self.src.dict(resources, "ColorSpace"))
                    .and_then(|spaces| spaces.get(name).ok());
                match named {
                    Some(object) => self.color_space(object, resources, depth),
                    None => Ok(None),
                }
            }
        }
    }

    fn cie(&self, family: &[u8], dict: &Dictionary) -> Option<Space> {
        let mut out = Dict::new().with("WhitePoint", Val::nums(self.src.exactly::<3>(dict, "WhitePoint")?));
        if let Some(black) = self.src.exactly::<3>(dict, "BlackPoint") {
            out.set("BlackPoint", Val::nums(black));
        }
        let components = match family {
            b"CalGray" => {
                out.set_some("Gamma", self.src.number(dict, "Gamma").map(Val::Num));
                1
            }
            b"CalRGB" => {
                if let Some(gamma) = self.src.exactly::<3>(dict, "Gamma") {
                    out.set("Gamma", Val::nums(gamma));
                }
                if let Some(matrix) = self.src.exactly::<9>(dict, "Matrix") {
                    out.set("Matrix", Val::nums(matrix));
                }
                3
            }
            _ => {
                if let Some(range) = self.src.exactly::<4>(dict, "Range") {
                    out.set("Range", Val::nums(range));
                }
                3
            }
        };
        Some(Space::new(Val::Arr(vec![Val::Name(family.to_vec()), Val::Dict(out)]), components))
    }

    /// Rebuilds a function and tells its number of outputs where that is written down.
    pub(super) fn function(
        &mut self,
        object: &Object,
        depth: usize,
    ) -> Result<Option<(Val, Option<usize>)>, Refusal> {
        let src = self.src;
        let Some(depth) = depth.checked_sub(1) else { return Ok(None) };
        let target = src.get(object);
        if let Object::Name(name) = target {
            return Ok((name == b"Identity" || name == b"Default").then(|| (Val::Name(name.clone()), None)));
        }
        let Some(dict) = as_dict(target) else { return Ok(None) };
        let Some(domain) = even_numbers(src.numbers_of(dict, "Domain")) else { return Ok(None) };
        let range = even_numbers(src.numbers_of(dict, "Range"));
        let kind = src.integer(dict, "FunctionType");
        let mut out = Dict::new();
        out.set_some("FunctionType", kind.map(|kind| Val::Num(kind as f64)));
        let inputs = domain.len() / 2;
        out.set("Domain", Val::nums(domain));
        let outputs = range.as_ref().map(|range| range.len() / 2);
        out.set_some("Range", range.map(Val::nums));
        match (kind, target) {
            (Some(0), Object::Stream(stream)) => {
                let (Some(size), Some(bits), Some(outputs)) =
                    (src.numbers_of(dict, "Size"), src.integer(dict, "BitsPerSample"), outputs)
                else {
                    return Ok(None);
                };
                if size.len() != inputs || !matches!(bits, 1 | 2 | 4 | 8 | 12 | 16 | 24 | 32) {
                    return Ok(None);
                }
                // As many samples as the dictionary announces: not one more, not one fewer.
                let samples = size.iter().fold(outputs as f64 * bits as f64, |sum, side| sum * side.max(1.0));
                if samples > 8.0 * 64e6 {
                    return Ok(None);
                }
                let mut data = src.decode(stream, self.ctx)?.data;
                data.resize((samples as usize).div_ceil(8), 0);
                out.set("Size", Val::nums(size));
                out.set("BitsPerSample", Val::Num(bits as f64));
                for key in ["Encode", "Decode"] {
                    out.set_some(key, even_numbers(src.numbers_of(dict, key)).map(Val::nums));
                }
                let id = self.out.reserve();
                self.out.put_stream(id, out, &data);
                Ok(Some((Val::Ref(id), Some(outputs))))
            }
            (Some(2), _) => {
                let Some(exponent) = src.number(dict, "N") else { return Ok(None) };
                out.set("N", Val::Num(exponent));
                let mut outputs = 1;
                for key in ["C0", "C1"] {
                    if let Some(values) = src.numbers_of(dict, key) {
                        outputs = values.len();
                        out.set(key, Val::nums(values));
                    }
                }
                Ok(Some((Val::Dict(out), Some(outputs))))
            }
            (Some(3), _) => {
                let (Some(parts), Some(bounds), Some(encode)) = (
                    src.array(dict, "Functions"),
                    src.numbers_of(dict, "Bounds"),
                    src.numbers_of(dict, "Encode"),
                ) else {
                    return Ok(None);
                };
                if parts.is_empty() || parts.len() > 256 || bounds.len() + 1 != parts.len() {
                    return Ok(None);
                }
                let mut functions = Vec::with_capacity(parts.len());
                let mut outputs = None;
                for part in parts {
                    let Some((value, count)) = self.function(part, depth)? else { return Ok(None) };
                    outputs = outputs.or(count);
                    functions.push(value);
                }
                out.set("Functions", Val::Arr(functions));
                out.set("Bounds", Val::nums(bounds));
                out.set("Encode", Val::nums(encode));
                Ok(Some((Val::Ref(self.out.add(Val::Dict(out))), outputs)))
            }
            (Some(4), Object::Stream(stream)) => {
                let Some(outputs) = outputs else { return Ok(None) };
                let program = src.decode(stream, self.ctx)?.data;
                let Some(program) = calculator(&program) else {
                    self.note(RemovalCode::Script, "PostScript 関数");
                    return Ok(None);
                };
                let id = self.out.reserve();
                self.out.put_stream(id, out, &program);
                Ok(Some((Val::Ref(id), Some(outputs))))
            }
            _ => Ok(None),
        }
    }

    pub(super) fn shading(
        &mut self,
        target: &'d Object,
        resources: Option<&'d Dictionary>,
    ) -> Result<Option<Val>, Refusal> {
        let src = self.src;
        let Some(dict) = as_dict(target) else { return Ok(None) };
        let Some(kind @ 1..=7) = src.integer(dict, "ShadingType") else { return Ok(None) };
        let Ok(space) = dict.get(b"ColorSpace") else { return Ok(None) };
        let Some(space) = self.color_space(space, resources, 4)? else { return Ok(None) };
        let mut out = Dict::new().with("ShadingType", Val::Num(kind as f64)).with("ColorSpace", space.value);
        out.set_some("Background", src.numbers_of(dict, "Background").map(Val::nums));
        out.set_some("BBox", src.exactly::<4>(dict, "BBox").map(Val::nums));
        out.set_some("AntiAlias", src.boolean(dict, "AntiAlias").map(Val::Bool));
        if let Ok(function) = dict.get(b"Function") {
            let value = match src.get(function) {
                Object::Array(parts) if parts.len() <= 32 => {
                    let mut values = Vec::with_capacity(parts.len());
                    for part in parts {
                        let Some((value, _)) = self.function(part, 6)? else { return Ok(None) };
                        values.push(value);
                    }
                    Val::Arr(values)
                }
                _ => match self.function(function, 6)? {
                    Some((value, _)) => value,
                    None => return Ok(None),
                },
            };
            out.set("Function", value);
        }
        match (kind, target) {
            (1, _) => {
                out.set_some("Domain", src.exactly::<4>(dict, "Domain").map(Val::nums));
                out.set_some("Matrix", src.exactly::<6>(dict, "Matrix").map(Val::nums));
            }
            (2 | 3, _) => {
                let coords = if kind == 2 {
                    src.exactly::<4>(dict, "Coords").map(Val::nums)
                } else {
                    src.exactly::<6>(dict, "Coords").map(Val::nums)
                };
                let Some(coords) = coords else { return Ok(None) };
                out.set("Coords", coords);
                out.set_some("Domain", src.exactly::<2>(dict, "Domain").map(Val::nums));
                if let Some([Object::Boolean(start), Object::Boolean(end)]) = src.array(dict, "Extend") {
                    out.set("Extend", Val::Arr(vec![Val::Bool(*start), Val::Bool(*end)]));
                }
            }
            (_, Object::Stream(stream)) => {
                for key in ["BitsPerCoordinate", "BitsPerComponent", "BitsPerFlag", "VerticesPerRow"] {
                    if let Some(value) = src.integer(dict, key) {
                        if !(1..=65_535).contains(&value) {
                            return Ok(None);
                        }
                        out.set(key, Val::Num(value as f64));
                    }
                }
                let Some(decode) = even_numbers(src.numbers_of(dict, "Decode")) else { return Ok(None) };
                out.set("Decode", Val::nums(decode));
                let data = src.decode(stream, self.ctx)?.data;
                let id = self.out.reserve();
                self.out.put_stream(id, out, &data);
                return Ok(Some(Val::Ref(id)));
            }
            _ => return Ok(None),
        }
        Ok(Some(Val::Ref(self.out.add(Val::Dict(out)))))
    }

    pub(super) fn pattern(
        &mut self,
        target: &'d Object,
        outer: Option<&'d Dictionary>,
    ) -> Result<Option<Val>, Refusal> {
        let src = self.src;
        let Some(dict) = as_dict(target) else { return Ok(None) };
        let matrix = src.exactly::<6>(dict, "Matrix").map(Val::nums);
        match (src.integer(dict, "PatternType"), target) {
            (Some(1), Object::Stream(stream)) => {
                let (Some(bbox), Some(x), Some(y)) = (
                    src.exactly::<4>(dict, "BBox"),
                    src.number(dict, "XStep").filter(|step| *step != 0.0),
                    src.number(dict, "YStep").filter(|step| *step != 0.0),
                ) else {
                    return Ok(None);
                };
                let Some(data) = self.stream_content(stream)? else { return Ok(None) };
                let one_or_two =
                    |key| src.integer(dict, key).filter(|value| (1..=3).contains(value)).unwrap_or(1);
                let mut out = Dict::typed("Pattern")
                    .with("PatternType", Val::Num(1.0))
                    .with("PaintType", Val::Num(one_or_two("PaintType").min(2) as f64))
                    .with("TilingType", Val::Num(one_or_two("TilingType") as f64))
                    .with("BBox", Val::nums(bbox))
                    .with("XStep", Val::Num(x))
                    .with("YStep", Val::Num(y));
                out.set_some("Matrix", matrix);
                let mut scope = Scope::new(src.dict(dict, "Resources").or(outer));
                let (content, weight) = self.content(&data, &mut scope, Role::Page)?;
                out.set("Resources", Val::Dict(scope.into_dict()));
                let id = self.out.reserve();
                self.out.put_stream(id, out, &content);
                self.weights.insert(id, weight.max(1));
                Ok(Some(Val::Ref(id)))
            }
            (Some(2), _) => {
                let Ok(shading) = dict.get(b"Shading") else { return Ok(None) };
                let Some(shading) = self.copy(Kind::Shading, shading, outer)? else { return Ok(None) };
                let mut out =
                    Dict::typed("Pattern").with("PatternType", Val::Num(2.0)).with("Shading", shading);
                out.set_some("Matrix", matrix);
                if let Ok(state) = dict.get(b"ExtGState") {
                    let state = self.copy(Kind::ExtGState, state, outer)?;
                    out.set_some("ExtGState", state);
                }
                Ok(Some(Val::Ref(self.out.add(Val::Dict(out)))))
            }
            _ => Ok(None),
        }
    }
}

fn even_numbers(numbers: Option<Vec<f64>>) -> Option<Vec<f64>> {
    numbers.filter(|numbers| !numbers.is_empty() && numbers.len().is_multiple_of(2) && numbers.len() <= 128)
}

/// Colorant names are shown in separations only; letters, digits and blanks are enough for them.
fn colorant_name(object: &Object) -> Vec<u8> {
    let name = object.as_name().unwrap_or(b"Spot");
    let clean: Vec<u8> = name
        .iter()
        .map(|byte| if byte.is_ascii_alphanumeric() || *byte == b' ' { *byte } else { b'_' })
        .take(60)
        .collect();
    match clean.as_slice() {
        b"All" | b"None" | b"Cyan" | b"Magenta" | b"Yellow" | b"Black" | b"Red" | b"Green" | b"Blue" => clean,
        _ => [b"Spot ".as_slice(), &clean].concat(),
    }
}

/// Rewrites a calculator program, or nothing if it holds anything but numbers, braces and known operators.
pub(super) fn calculator(program: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(program.len());
    let mut open = 0_i32;
    let mut tokens = 0;
    let mut rest = program;
    while let Some((&byte, tail)) = rest.split_first() {
        match byte {
            byte if is_space(byte) => rest = tail,
            b'%' => {
                let line = tail.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(tail.len());
                rest = tail.get(line..).unwrap_or_default();
            }
            b'{' | b'}' => {
                open += if byte == b'{' { 1 } else { -1 };
                if !(0..=32).contains(&open) {
                    return None;
                }
                out.extend_from_slice(&[byte, b' ']);
                rest = tail;
                if open == 0 {
                    break;
                }
            }
            _ => {
                let end = rest
                    .iter()
                    .position(|byte| is_space(*byte) || matches!(byte, b'{' | b'}' | b'%'))
                    .unwrap_or(rest.len());
                let (word, tail) = rest.split_at_checked(end)?;
                let number = std::str::from_utf8(word).ok().and_then(|word| word.parse::<f64>().ok());
                match number {
                    _ if open == 0 => return None,
                    Some(number) if number.is_finite() => super::write::write_number(&mut out, number),
                    _ if CALCULATOR.contains(&word) => out.extend_from_slice(word),
                    _ => return None,
                }
                out.push(b' ');
                rest = tail;
            }
        }
        tokens += 1;
        if tokens > 100_000 {
            return None;
        }
    }
    (open == 0 && !out.is_empty()).then_some(out)
}
