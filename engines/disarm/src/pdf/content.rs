//! Content streams, operator by operator (ISO 32000-1 Annex A).
//!
//! Only operators of the table come out, with operands of the right number and type, spelt anew. Resource names
//! are replaced by names of our own, and only resources that an operator uses are copied at all. Marked content is
//! dropped, after what it hides (optional content that is off) has been left out.

use std::collections::HashMap;

use lopdf::{Dictionary, Object};

use super::{
    graph::{Graph, Kind, Lost},
    lexer::{Lexer, Operand, Token, is_space},
    matrix::{IDENTITY, Matrix, after},
    write::{Dict, Val},
};
use crate::{Refusal, RefusalCode, RemovalCode};

/// The operators that keep their operands: their name, and the operands' types
/// (`n` number, `s` string, `a` array of numbers and strings, `d` array of numbers).
const PLAIN: &[(&[u8], &str)] = &[
    (b"w", "n"),
    (b"J", "n"),
    (b"j", "n"),
    (b"M", "n"),
    (b"d", "dn"),
    (b"i", "n"),
    (b"q", ""),
    (b"Q", ""),
    (b"cm", "nnnnnn"),
    (b"m", "nn"),
    (b"l", "nn"),
    (b"c", "nnnnnn"),
    (b"v", "nnnn"),
    (b"y", "nnnn"),
    (b"h", ""),
    (b"re", "nnnn"),
    (b"S", ""),
    (b"s", ""),
    (b"f", ""),
    (b"F", ""),
    (b"f*", ""),
    (b"B", ""),
    (b"B*", ""),
    (b"b", ""),
    (b"b*", ""),
    (b"n", ""),
    (b"W", ""),
    (b"W*", ""),
    (b"BT", ""),
    (b"ET", ""),
    (b"Tc", "n"),
    (b"Tw", "n"),
    (b"Tz", "n"),
    (b"TL", "n"),
    (b"Tr", "n"),
    (b"Ts", "n"),
    (b"Td", "nn"),
    (b"TD", "nn"),
    (b"Tm", "nnnnnn"),
    (b"T*", ""),
    (b"Tj", "s"),
    (b"TJ", "a"),
    (b"'", "s"),
    (b"\"", "nns"),
    (b"G", "n"),
    (b"g", "n"),
    (b"RG", "nnn"),
    (b"rg", "nnn"),
    (b"K", "nnnn"),
    (b"k", "nnnn"),
];

/// Rendering intents (ISO 32000-1 §8.6.5.8).
pub(super) const INTENTS: &[&[u8]] =
    &[b"AbsoluteColorimetric", b"RelativeColorimetric", b"Saturation", b"Perceptual"];

/// More than any writer nests; a reader's stack of graphics states is bounded by it.
const MAX_SAVES: usize = 500;

/// The resources that one content stream may use, and those that it did use.
pub(super) struct Scope<'d> {
    pub(super) resources: Option<&'d Dictionary>,
    names: HashMap<(Kind, Vec<u8>), Option<String>>,
    used: Vec<(Kind, String, Val)>,
    /// Undecodable pictures that were drawn, in the space of this scope.
    pub(super) lost: Vec<Lost>,
}

impl<'d> Scope<'d> {
    pub(super) fn new(resources: Option<&'d Dictionary>) -> Self {
        Self { resources, names: HashMap::new(), used: Vec::new(), lost: Vec::new() }
    }

    /// A name for a new resource of this scope.
    pub(super) fn add(&mut self, kind: Kind, value: Val) -> String {
        let name = format!("{}{}", kind.prefix(), self.used.len());
        self.used.push((kind, name.clone(), value));
        name
    }

    /// The number of the object behind one of the new names.
    fn number_of(&self, name: &str) -> Option<u32> {
        self.used.iter().rev().find(|(_, used, _)| used == name).and_then(|(_, _, value)| match value {
            Val::Ref(id) => Some(*id),
            _ => None,
        })
    }

    /// The resource dictionary with what was used.
    pub(super) fn into_dict(self) -> Dict {
        let mut dict = Dict::new();
        for kind in Kind::ALL {
            let mut part = Dict::new();
            for (_, name, value) in self.used.iter().filter(|(used, ..)| *used == kind) {
                part.set(name, value.clone());
            }
            if !part.is_empty() {
                dict.set(kind.key(), Val::Dict(part));
            }
        }
        dict
    }
}

/// What a content stream is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A page, form or pattern.
    Page,
    /// A glyph of a Type 3 font, which alone may use `d0` and `d1`.
    Glyph,
}

/// The state of one run over a content stream.
struct Run {
    out: Vec<u8>,
    ctm: Matrix,
    /// The matrices that `Q` brings back.
    saves: Vec<Matrix>,
    in_text: bool,
    /// For each open marked-content level: does it hide?
    marks: Vec<bool>,
    weight: u64,
}

impl Run {
    fn hidden(&self) -> bool {
        self.marks.contains(&true)
    }

    fn emit(&mut self, args: &[Operand], operator: &[u8]) {
        for arg in args {
            arg.write(&mut self.out);
            self.out.push(b' ');
        }
        self.out.extend_from_slice(operator);
        self.out.push(b'\n');
    }

    fn emit_name(&mut self, name: &str, operator: &[u8]) {
        self.emit(&[Operand::Name(name.as_bytes().to_vec())], operator);
    }
}

impl<'d> Graph<'_, 'd, '_> {
    /// Rewrites a content stream. Gives the new stream and its cost in operators, forms counted each time they
    /// are drawn.
    pub(super) fn content(
        &mut self,
        data: &[u8],
        scope: &mut Scope<'d>,
        role: Role,
    ) -> Result<(Vec<u8>, u64), Refusal> {
        let mut run = Run {
            out: Vec::with_capacity(data.len()),
            ctm: IDENTITY,
            saves: Vec::new(),
            in_text: false,
            marks: Vec::new(),
            weight: 0,
        };
        let mut lexer = Lexer::new(data);
        let mut args: Vec<Operand> = Vec::new();
        while let Some(token) = lexer.token() {
            match token {
                Token::Operand(operand) => {
                    args.push(operand);
                    // DeviceN has at most 32 colorants; a longer list belongs to no operator.
                    if args.len() > 64 {
                        args.remove(0);
                    }
                }
                Token::Operator(b"BI") => {
                    self.inline_image(&mut lexer, scope, &mut run)?;
                    args.clear();
                }
                Token::Operator(operator) => {
                    run.weight += 1;
                    self.operator(operator, &args, scope, role, &mut run)?;
                    args.clear();
                }
            }
        }
        if run.in_text {
            run.emit(&[], b"ET");
        }
        for _ in 0..run.saves.len() {
            run.emit(&[], b"Q");
        }
        if run.weight > MAX_WEIGHT {
            return Err(Refusal::new(RefusalCode::Bomb, format!("{} drawing operators", self.place)));
        }
        self.ctx.charge_expanded(run.out.len() as u64)?;
        Ok((run.out, run.weight))
    }

    fn operator(
        &mut self,
        operator: &[u8],
        args: &[Operand],
        scope: &mut Scope<'d>,
        role: Role,
        run: &mut Run,
    ) -> Result<(), Refusal> {
        if let Some((_, shape)) = PLAIN.iter().find(|(name, _)| *name == operator) {
            match fitting(args, shape) {
                Some(args) => plain(operator, args, run),
                None => self.odd_operator(operator),
            }
            return Ok(());
        }
        let last_name = match args.last() {
            Some(Operand::Name(name)) => Some(name.as_slice()),
            _ => None,
        };
        match (operator, last_name) {
            (b"BMC" | b"BDC", _) => {
                let hides = self.mark_hides(operator, args, scope);
                run.marks.push(hides);
            }
            (b"EMC", _) => {
                run.marks.pop();
            }
            (b"MP" | b"DP" | b"BX" | b"EX", _) => {}
            (b"CS" | b"cs", Some(name)) => {
                let known = matches!(name, b"DeviceGray" | b"DeviceRGB" | b"DeviceCMYK" | b"Pattern");
                let new = if known {
                    Some(String::from_utf8_lossy(name).into_owned())
                } else {
                    self.resource(scope, Kind::ColorSpace, name)?
                };
                if let Some(new) = new {
                    run.emit_name(&new, operator);
                    let first = scope.number_of(&new).and_then(|id| self.first_colours.get(&id));
                    if let Some(components) = first {
                        let zeros = vec![Operand::Num(0.0); *components];
                        run.emit(&zeros, if operator == b"CS" { b"SCN" } else { b"scn" });
                    }
                }
            }
            (b"SC" | b"sc", None) if !args.is_empty() => self.color(operator, args, run),
            (b"SCN" | b"scn", None) if !args.is_empty() => self.color(operator, args, run),
            (b"SCN" | b"scn", Some(name)) => {
                let tint = args.split_last().map_or(&[][..], |(_, tint)| tint);
                let numeric = tint.iter().all(|arg| arg.number().is_some());
                if let Some(new) = self.resource(scope, Kind::Pattern, name)?.filter(|_| numeric) {
                    run.weight = run.weight.saturating_add(self.weight_of(scope, &new));
                    let mut args = tint.to_vec();
                    args.push(Operand::Name(new.into_bytes()));
                    run.emit(&args, operator);
                }
            }
            (b"Tf", _) => match fitting(args, "Nn") {
                Some([Operand::Name(name), size]) => {
                    let font = match self.resource(scope, Kind::Font, name)? {
                        Some(font) => font,
                        None => self.substitute_font(scope, name),
                    };
                    run.emit(&[Operand::Name(font.into_bytes()), size.clone()], operator);
                }
                _ => self.odd_operator(operator),
            },
            (b"gs", Some(name)) => {
                if let Some(new) = self.resource(scope, Kind::ExtGState, name)? {
                    run.emit_name(&new, operator);
                }
            }
            (b"ri", Some(name)) => {
                if INTENTS.contains(&name) {
                    run.emit(&[Operand::Name(name.to_vec())], operator);
                }
            }
            (b"sh", Some(name)) => {
                if let Some(new) = self.resource(scope, Kind::Shading, name)?
                    && !run.hidden()
                {
                    run.emit_name(&new, operator);
                }
            }
            (b"Do", Some(name)) => {
                if !run.hidden()
                    && let Some(new) = self.resource(scope, Kind::XObject, name)?
                {
                    run.weight = run.weight.saturating_add(self.weight_of(scope, &new));
                    if let Some(id) = scope.number_of(&new) {
                        self.draw(scope, id, run.ctm)?;
                    }
                    run.emit_name(&new, operator);
                }
            }
            (b"d0", _) if role == Role::Glyph => match fitting(args, "nn") {
                Some(args) => run.emit(args, operator),
                None => self.odd_operator(operator),
            },
            (b"d1", _) if role == Role::Glyph => match fitting(args, "nnnnnn") {
                Some(args) => run.emit(args, operator),
                None => self.odd_operator(operator),
            },
            _ => self.odd_operator(operator),
        }
        Ok(())
    }

    fn color(&mut self, operator: &[u8], args: &[Operand], run: &mut Run) {
        if args.len() <= 32 && args.iter().all(|arg| arg.number().is_some()) {
            run.emit(args, operator);
        } else {
            self.odd_operator(operator);
        }
    }

    fn odd_operator(&mut self, operator: &[u8]) {
        let shown: String = operator
            .iter()
            .take(12)
            .map(|byte| if byte.is_ascii_graphic() { *byte as char } else { '?' })
            .collect();
        self.note(RemovalCode::UnknownElement, &format!("描画命令 {shown}"));
    }

    /// The weight of the object behind one of the scope's new names.
    fn weight_of(&self, scope: &Scope<'d>, name: &str) -> u64 {
        scope.number_of(name).and_then(|id| self.weights.get(&id).copied()).unwrap_or(1)
    }

    /// The new name of a resource, copied at its first use; nothing when it is missing or not allowed.
    fn resource(
        &mut self,
        scope: &mut Scope<'d>,
        kind: Kind,
        name: &[u8],
    ) -> Result<Option<String>, Refusal> {
        let key = (kind, name.to_vec());
        if let Some(known) = scope.names.get(&key) {
            return Ok(known.clone());
        }
        let src = self.src;
        let within = |resources: Option<&'d Dictionary>| {
            let part = resources.and_then(|resources| src.dict(resources, kind.key()));
            part.and_then(|part| part.get(name).ok())
        };
        let mut object = within(scope.resources);
        if object.is_none() {
            object = within(self.page_resources);
            self.borrowed |= object.is_some();
        }
        let value = match object {
            Some(object) => self.copy(kind, object, scope.resources)?,
            None => None,
        };
        // Whatever keeps a picture or form out says so itself; a missing font is stood in for, as in any reader.
        let target = object.map(|object| self.src.get(object));
        let explained = match kind {
            Kind::XObject => matches!(target, Some(Object::Stream(_))),
            Kind::Font => target.is_none(),
            _ => false,
        };
        if value.is_none() && !explained {
            let shown: String = String::from_utf8_lossy(name)
                .chars()
                .map(|letter| if letter.is_ascii_graphic() { letter } else { '?' })
                .take(20)
                .collect();
            let what = if target.is_none_or(|target| *target == Object::Null) {
                "見つからない部品"
            } else {
                "使えない部品"
            };
            self.note(RemovalCode::UnknownElement, &format!("{what} {} {shown}", kind.key()));
        }
        let new = value.map(|value| scope.add(kind, value));
        scope.names.insert(key, new.clone());
        Ok(new)
    }

    /// Readers fall back on a standard font where the named one is missing, so that the text still shows.
    fn substitute_font(&mut self, scope: &mut Scope<'d>, name: &[u8]) -> String {
        let font =
            Dict::typed("Font").with("Subtype", Val::name("Type1")).with("BaseFont", Val::name("Helvetica"));
        let id = self.out.add(Val::Dict(font));
        let new = scope.add(Kind::Font, Val::Ref(id));
        scope.names.insert((Kind::Font, name.to_vec()), Some(new.clone()));
        new
    }

    /// Whether a marked-content section is optional content that is off.
    fn mark_hides(&mut self, operator: &[u8], args: &[Operand], scope: &Scope<'d>) -> bool {
        let [Operand::Name(tag), Operand::Name(name)] = args else { return false };
        if operator != b"BDC" || tag != b"OC" {
            return false;
        }
        let group = scope
            .resources
            .and_then(|resources| self.src.dict(resources, "Properties"))
            .and_then(|part| part.get(name).ok());
        let hides = group.is_some_and(|group| self.is_off(group));
        if hides {
            self.note(RemovalCode::HiddenContent, "非表示のレイヤー");
        }
        hides
    }

    /// Turns an inline image into an image object, so that one set of checks serves both.
    fn inline_image(
        &mut self,
        lexer: &mut Lexer<'_>,
        scope: &mut Scope<'d>,
        run: &mut Run,
    ) -> Result<(), Refusal> {
        let mut dict = Dictionary::new();
        let mut key: Option<Vec<u8>> = None;
        loop {
            match lexer.token() {
                None => return Ok(()),
                Some(Token::Operator(b"ID")) => break,
                Some(Token::Operator(_)) => key = None,
                Some(Token::Operand(operand)) => match key.take() {
                    None => {
                        if let Operand::Name(name) = operand {
                            key = Some(name);
                        }
                    }
                    Some(name) => {
                        let long = long_key(&name);
                        if let Some(value) = object(&operand, 4) {
                            dict.set(long, value);
                        }
                    }
                },
            }
        }
        if lexer.rest().first().is_some_and(|byte| is_space(*byte)) {
            lexer.skip(1);
        }
        let exact = self.inline_length(&dict, scope);
        let rest = lexer.rest();
        let length = exact
            .filter(|length| ends_image(rest.get(*length..).unwrap_or_default()))
            .or_else(|| find_end(rest))
            .unwrap_or(rest.len());
        let data = rest.get(..length).unwrap_or_default();
        let image = self.image(&dict, data, scope.resources, true)?;
        lexer.skip(length);
        while lexer.rest().first().is_some_and(|byte| is_space(*byte)) {
            lexer.skip(1);
        }
        lexer.skip(2);
        run.weight += 1;
        if let Some(image) = image
            && !run.hidden()
        {
            if let Val::Ref(id) = image {
                self.draw(scope, id, run.ctm)?;
            }
            let name = scope.add(Kind::XObject, image);
            run.emit_name(&name, b"Do");
        }
        Ok(())
    }

    /// The length of unfiltered image data.
    fn inline_length(&mut self, dict: &Dictionary, scope: &Scope<'d>) -> Option<usize> {
        if dict.has(b"Filter") {
            return None;
        }
        let read = |key: &[u8]| {
            dict.get(key)
                .ok()
                .and_then(|value| value.as_i64().ok())
                .and_then(|value| usize::try_from(value).ok())
        };
        let (width, height) = (read(b"Width")?, read(b"Height")?);
        let mask = matches!(dict.get(b"ImageMask"), Ok(Object::Boolean(true)));
        let components = match dict.get(b"ColorSpace") {
            _ if mask => 1,
            Ok(space) => self.components(space, scope.resources)?,
            Err(_) => 1,
        };
        let bits = if mask { 1 } else { read(b"BitsPerComponent").unwrap_or(8) };
        let row = width.checked_mul(components)?.checked_mul(bits)?.div_ceil(8);
        row.checked_mul(height)
    }
}

/// Operators that one page may cost to draw, forms and patterns counted each time.
const MAX_WEIGHT: u64 = 50_000_000;

fn plain(operator: &[u8], args: &[Operand], run: &mut Run) {
    match operator {
        b"q" => {
            if run.saves.len() >= MAX_SAVES {
                return;
            }
            run.saves.push(run.ctm);
        }
        b"Q" => match run.saves.pop() {
            Some(saved) => run.ctm = saved,
            None => return,
        },
        b"cm" => {
            let numbers: Option<Vec<f64>> = args.iter().map(Operand::number).collect();
            if let Some(matrix) = numbers.and_then(|numbers| Matrix::try_from(numbers).ok()) {
                run.ctm = after(matrix, run.ctm);
            }
        }
        b"BT" if std::mem::replace(&mut run.in_text, true) => return,
        b"ET" if !std::mem::replace(&mut run.in_text, false) => return,
        b"S" | b"s" | b"f" | b"F" | b"f*" | b"B" | b"B*" | b"b" | b"b*" if run.hidden() => {
            run.emit(&[], b"n");
            return;
        }
        b"Tj" | b"TJ" if run.hidden() => return,
        b"'" | b"\"" if run.hidden() => {
            run.emit(&[], b"T*");
            return;
        }
        _ => {}
    }
    run.emit(args, operator);
}

/// The last operands, if they have the types of `shape`. Readers ignore operands in excess.
fn fitting<'a>(args: &'a [Operand], shape: &str) -> Option<&'a [Operand]> {
    let args = args.get(args.len().checked_sub(shape.len())?..)?;
    let fits = args.iter().zip(shape.chars()).all(|(arg, kind)| match (kind, arg) {
        ('n', Operand::Num(_))
        | ('s', Operand::Str(_))
        | ('N', Operand::Name(_))
        | ('a', Operand::Arr(_)) => true,
        ('d', Operand::Arr(items)) => items.iter().all(|item| item.number().is_some()),
        _ => false,
    });
    fits.then_some(args)
}

/// The full names of inline image keys (ISO 32000-1 table 93).
fn long_key(key: &[u8]) -> &[u8] {
    match key {
        b"BPC" => b"BitsPerComponent",
        b"CS" => b"ColorSpace",
        b"D" => b"Decode",
        b"DP" => b"DecodeParms",
        b"F" => b"Filter",
        b"H" => b"Height",
        b"IM" => b"ImageMask",
        b"I" => b"Interpolate",
        b"W" => b"Width",
        other => other,
    }
}

fn object(operand: &Operand, depth: usize) -> Option<Object> {
    Some(match operand {
        Operand::Num(value) if value.fract() == 0.0 => Object::Integer(*value as i64),
        Operand::Num(value) => Object::Real(*value as f32),
        Operand::Name(name) => Object::Name(name.clone()),
        Operand::Str(bytes) => Object::String(bytes.clone(), lopdf::StringFormat::Hexadecimal),
        Operand::Bool(value) => Object::Boolean(*value),
        Operand::Arr(items) => {
            let depth = depth.checked_sub(1)?;
            Object::Array(items.iter().filter_map(|item| object(item, depth)).collect())
        }
        Operand::Dict(entries) => {
            let depth = depth.checked_sub(1)?;
            let mut dict = Dictionary::new();
            for (key, value) in entries {
                if let Some(value) = object(value, depth) {
                    dict.set(key.clone(), value);
                }
            }
            Object::Dictionary(dict)
        }
        Operand::Null => return None,
    })
}

/// Whether image data can end here: blanks, `EI`, a blank.
fn ends_image(rest: &[u8]) -> bool {
    let blanks = rest.iter().take_while(|byte| is_space(**byte)).count();
    match rest.get(blanks..) {
        Some([b'E', b'I']) => true,
        Some([b'E', b'I', next, ..]) => is_space(*next),
        _ => false,
    }
}

/// The first `EI` that stands alone and is followed by what looks like content, not by image data.
fn find_end(rest: &[u8]) -> Option<usize> {
    rest.windows(3).enumerate().find_map(|(at, window)| {
        let [blank, b'E', b'I'] = window else { return None };
        let tail = rest.get(at + 3..).unwrap_or_default();
        let text = tail.iter().take(12).all(|byte| is_space(*byte) && *byte != 0 || byte.is_ascii_graphic());
        (is_space(*blank) && ends_image(rest.get(at..).unwrap_or_default()) && text).then_some(at)
    })
}
