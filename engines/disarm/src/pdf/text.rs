//! The text of a page, for searches and previews.
//!
//! Codes become characters through the font's `ToUnicode` map, a predefined Japanese encoding, or the base encoding
//! of a simple font. Layout is not reconstructed: a move to another line is a line break, a wide move along the line a
//! blank, and runs that only change the font stay one word.

use std::collections::HashMap;

use lopdf::{Dictionary, Object};

use super::{
    cmap::{CMap, Lookup},
    graph::Graph,
    lexer::{Lexer, Operand, Token},
    page::Page,
    source::as_dict,
};
use crate::Refusal;

/// How the codes of a font become characters.
enum Reading {
    /// A `ToUnicode` map and the length of codes outside of its code spaces.
    Map(Spaces, Lookup, usize),
    /// A text encoding of its own: Shift_JIS, EUC-JP, UTF-16BE, or a base encoding.
    Charset(&'static encoding_rs::Encoding, Vec<Option<char>>),
    Unknown,
}

/// First and last code of each code space.
type Spaces = Vec<(Vec<u8>, Vec<u8>)>;

/// Forms within forms that are read.
const MAX_FORMS: usize = 12;

impl<'d> Graph<'_, 'd, '_> {
    pub(super) fn page_text(&mut self, page: &Page<'d>) -> Result<String, Refusal> {
        let data = self.page_data(page.dict)?;
        let mut text = String::new();
        self.read_text(&data, page.resources(), &mut text, MAX_FORMS)?;
        self.field_text(page.dict, &mut text)?;
        Ok(text.trim().to_owned())
    }

    fn read_text(
        &mut self,
        data: &[u8],
        resources: Option<&'d Dictionary>,
        text: &mut String,
        depth: usize,
    ) -> Result<(), Refusal> {
        let Some(depth) = depth.checked_sub(1) else { return Ok(()) };
        let mut fonts: HashMap<Vec<u8>, Reading> = HashMap::new();
        let mut font: Vec<u8> = Vec::new();
        let mut lexer = Lexer::new(data);
        let mut args: Vec<Operand> = Vec::new();
        let mut pen = Pen::default();
        while let Some(token) = lexer.token() {
            let operator = match token {
                Token::Operand(operand) => {
                    if args.len() < 64 {
                        args.push(operand);
                    }
                    continue;
                }
                Token::Operator(operator) => operator,
            };
            match (operator, args.as_slice()) {
                (b"Tf", [.., Operand::Name(name), size]) => {
                    font.clone_from(name);
                    if let Operand::Num(size) = size {
                        pen.size = *size;
                    }
                    if !fonts.contains_key(name) {
                        let reading = self.reading(resources, name)?;
                        fonts.insert(name.clone(), reading);
                    }
                }
                (b"Tj", [.., Operand::Str(codes)]) => {
                    pen.put_down(text);
                    let before = text.len();
                    read(fonts.get(&font), codes, text);
                    pen.advance(text.get(before..));
                }
                (b"'" | b"\"", [.., Operand::Str(codes)]) => {
                    pen.lost();
                    new_line(text);
                    read(fonts.get(&font), codes, text);
                }
                (b"TJ", [.., Operand::Arr(items)]) => {
                    pen.put_down(text);
                    let before = text.len();
                    for item in items {
                        match item {
                            Operand::Str(codes) => read(fonts.get(&font), codes, text),
                            // A gap this wide is how writers set a blank.
                            Operand::Num(gap)
                                if *gap < -200.0 && text.ends_with(|c: char| c.is_ascii_graphic()) =>
                            {
                                text.push(' ');
                            }
                            _ => {}
                        }
                    }
                    pen.advance(text.get(before..));
                }
                (b"BT", _) => pen.begin(),
                (b"Td" | b"TD", [.., Operand::Num(right), Operand::Num(up)]) => pen.step(*right, *up),
                (
                    b"Tm",
                    [
                        ..,
                        Operand::Num(a),
                        Operand::Num(b),
                        Operand::Num(c),
                        Operand::Num(d),
                        Operand::Num(x),
                        Operand::Num(y),
                    ],
                ) => {
                    pen.place([*a, *b, *c, *d], *x, *y);
                }
                // Another coordinate system: places before and after can't be compared.
                (b"T*" | b"Tm" | b"cm" | b"q" | b"Q", _) => pen.lost(),
                (b"ID", _) => skip_image(&mut lexer),
                (b"Do", [.., Operand::Name(name)]) => self.form_text(resources, name, text, depth)?,
                _ => {}
            }
            args.clear();
            self.ctx.charge_expanded(1)?;
        }
        Ok(())
    }

    fn form_text(
        &mut self,
        resources: Option<&'d Dictionary>,
        name: &[u8],
        text: &mut String,
        depth: usize,
    ) -> Result<(), Refusal> {
        let src = self.src;
        let object = resources
            .and_then(|resources| src.dict(resources, "XObject"))
            .and_then(|part| part.get(name).ok())
            .map(|object| src.get(object));
        if let Some(Object::Stream(stream)) = object
            && src.name(&stream.dict, "Subtype") == Some(b"Form")
            && let Some(data) = self.stream_content(stream)?
        {
            let resources = src.dict(&stream.dict, "Resources").or(resources);
            self.read_text(&data, resources, text, depth)?;
        }
        Ok(())
    }

    /// What the appearances of fields and annotations say.
    fn field_text(&mut self, page: &'d Dictionary, text: &mut String) -> Result<(), Refusal> {
        let src = self.src;
        for object in src.array(page, "Annots").unwrap_or_default() {
            let appearance = as_dict(src.get(object))
                .and_then(|annotation| src.dict(annotation, "AP"))
                .map(|appearances| src.value(appearances, "N"));
            if let Some(Object::Stream(stream)) = appearance
                && let Some(data) = self.stream_content(stream)?
            {
                new_line(text);
                self.read_text(&data, src.dict(&stream.dict, "Resources"), text, MAX_FORMS)?;
            }
        }
        Ok(())
    }

    fn reading(&mut self, resources: Option<&'d Dictionary>, name: &[u8]) -> Result<Reading, Refusal> {
        let src = self.src;
        let font = resources
            .and_then(|resources| src.dict(resources, "Font"))
            .and_then(|fonts| fonts.get(name).ok())
            .and_then(|font| as_dict(src.get(font)));
        let Some(font) = font else { return Ok(Reading::Unknown) };
        let composite = src.name(font, "Subtype") == Some(b"Type0");
        if let Object::Stream(stream) = src.value(font, "ToUnicode") {
            let map = CMap::read(&src.decode(stream, self.ctx)?.data);
            if map.maps_unicode() {
                let lookup = map.lookup();
                return Ok(Reading::Map(map.spaces, lookup, if composite { 2 } else { 1 }));
            }
        }
        if composite {
            let encoding = src.name(font, "Encoding").unwrap_or_default();
            let has = |part: &[u8]| encoding.windows(part.len()).any(|window| window == part);
            return Ok(if has(b"RKSJ") {
                Reading::Charset(encoding_rs::SHIFT_JIS, Vec::new())
            } else if has(b"UTF16") || has(b"UCS2") {
                Reading::Charset(encoding_rs::UTF_16BE, Vec::new())
            } else if encoding == b"EUC-H" || encoding == b"EUC-V" {
                Reading::Charset(encoding_rs::EUC_JP, Vec::new())
            } else {
                Reading::Unknown
            });
        }
        let mut differences = vec![None; 256];
        let mut base = src.name(font, "Encoding");
        if let Some(encoding) = src.dict(font, "Encoding") {
            base = src.name(encoding, "BaseEncoding");
            let mut code = 0_usize;
            for item in src.array(encoding, "Differences").unwrap_or_default() {
                match src.get(item) {
                    Object::Integer(start) => code = usize::try_from(*start).unwrap_or(0),
                    Object::Name(glyph) => {
                        if let Some(slot) = differences.get_mut(code) {
                            *slot = glyph_char(glyph);
                        }
                        code += 1;
                    }
                    _ => {}
                }
            }
        }
        let charset = if base == Some(b"MacRomanEncoding") {
            encoding_rs::MACINTOSH
        } else {
            encoding_rs::WINDOWS_1252
        };
        Ok(Reading::Charset(charset, differences))
    }
}

fn read(reading: Option<&Reading>, codes: &[u8], text: &mut String) {
    match reading {
        Some(Reading::Map(spaces, lookup, length)) => {
            let mut rest = codes;
            while !rest.is_empty() {
                let size = spaces
                    .iter()
                    .filter(|(low, high)| {
                        rest.get(..low.len()).is_some_and(|code| {
                            code.iter()
                                .zip(low.iter().zip(high))
                                .all(|(byte, (low, high))| byte >= low && byte <= high)
                        })
                    })
                    .map(|(low, _)| low.len())
                    .min()
                    .unwrap_or(*length)
                    .min(rest.len());
                let (code, tail) = rest.split_at(size);
                if let Some(characters) = lookup.text(code) {
                    text.push_str(&characters);
                }
                rest = tail;
            }
        }
        Some(Reading::Charset(charset, differences)) => {
            if differences.iter().all(Option::is_none) {
                text.push_str(&charset.decode_without_bom_handling(codes).0);
                return;
            }
            for code in codes {
                match differences.get(usize::from(*code)).copied().flatten() {
                    Some(character) => text.push(character),
                    None => text.push_str(&charset.decode_without_bom_handling(&[*code]).0),
                }
            }
        }
        Some(Reading::Unknown) | None => {}
    }
}

/// The character of a glyph name: `uni3042`, `u1F600`, a single letter, or one of the common names.
fn glyph_char(name: &[u8]) -> Option<char> {
    const NAMES: &[(&str, char)] = &[
        ("space", ' '),
        ("exclam", '!'),
        ("quotedbl", '"'),
        ("numbersign", '#'),
        ("dollar", '$'),
        ("percent", '%'),
        ("ampersand", '&'),
        ("quotesingle", '\''),
        ("quoteright", '’'),
        ("quoteleft", '‘'),
        ("parenleft", '('),
        ("parenright", ')'),
        ("asterisk", '*'),
        ("plus", '+'),
        ("comma", ','),
        ("hyphen", '-'),
        ("period", '.'),
        ("slash", '/'),
        ("zero", '0'),
        ("one", '1'),
        ("two", '2'),
        ("three", '3'),
        ("four", '4'),
        ("five", '5'),
        ("six", '6'),
        ("seven", '7'),
        ("eight", '8'),
        ("nine", '9'),
        ("colon", ':'),
        ("semicolon", ';'),
        ("less", '<'),
        ("equal", '='),
        ("greater", '>'),
        ("question", '?'),
        ("at", '@'),
        ("bracketleft", '['),
        ("backslash", '\\'),
        ("bracketright", ']'),
        ("underscore", '_'),
        ("braceleft", '{'),
        ("bar", '|'),
        ("braceright", '}'),
        ("asciitilde", '~'),
        ("quotedblleft", '“'),
        ("quotedblright", '”'),
        ("endash", '–'),
        ("emdash", '—'),
        ("bullet", '•'),
        ("fi", 'ﬁ'),
        ("fl", 'ﬂ'),
        ("yen", '¥'),
    ];
    let name = std::str::from_utf8(name).ok()?;
    let mut characters = name.chars();
    if let (Some(only), None) = (characters.next(), characters.next()) {
        return Some(only);
    }
    let code = name.strip_prefix("uni").or_else(|| name.strip_prefix('u'));
    if let Some(code) = code.and_then(|code| u32::from_str_radix(code, 16).ok()) {
        return char::from_u32(code);
    }
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, character)| *character)
}

/// Where the text stands, as far as the page's operators say it plainly: enough to tell a new line from a new font.
#[derive(Default)]
struct Pen {
    size: f64,
    /// The direction of the line.
    turn: (f64, f64),
    across: f64,
    high: f64,
    /// Where the line began; moves are relative to it, not to the end of what was written.
    start: f64,
    x: f64,
    y: f64,
    /// Baseline and estimated end of what was written last; `None` when it can't be compared.
    last: Option<(f64, f64)>,
}

impl Pen {
    fn begin(&mut self) {
        self.place([1.0, 0.0, 0.0, 1.0], 0.0, 0.0);
    }

    fn step(&mut self, right: f64, up: f64) {
        self.start += right * self.across;
        self.x = self.start;
        self.y += up * self.high;
    }

    /// A new place, in a frame that is turned with the line, so that text up the page is a line too.
    fn place(&mut self, [a, b, c, d]: [f64; 4], x: f64, y: f64) {
        let across = a.hypot(b);
        let (cos, sin) = if across > 0.0 { (a / across, b / across) } else { (1.0, 0.0) };
        if (self.turn.0 - cos).abs() + (self.turn.1 - sin).abs() > 0.01 {
            self.turn = (cos, sin);
            self.lost();
        }
        let (along, up) = (x * cos + y * sin, y * cos - x * sin);
        (self.across, self.high, self.start, self.x, self.y) = (across, d * cos - c * sin, along, along, up);
    }

    fn lost(&mut self) {
        self.last = None;
    }

    /// Breaks the line, or sets a blank where the text goes on at a distance.
    fn put_down(&self, text: &mut String) {
        let em = (self.size * self.across).abs().max(1.0);
        match self.last {
            Some((baseline, end)) if (baseline - self.y).abs() <= em * 0.3 => {
                if self.x > end + em * 0.8 && !text.ends_with(char::is_whitespace) {
                    text.push(' ');
                }
            }
            _ => new_line(text),
        }
    }

    /// Widths are estimated: an em for a wide character, half of it for the others.
    fn advance(&mut self, written: Option<&str>) {
        let ems: f64 =
            written.unwrap_or_default().chars().map(|c| if c.is_ascii() { 0.55 } else { 1.0 }).sum();
        self.x += ems * (self.size * self.across).abs();
        self.last = Some((self.y, self.x));
    }
}

fn new_line(text: &mut String) {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
}

/// Steps over the data of an inline image.
fn skip_image(lexer: &mut Lexer<'_>) {
    let rest = lexer.rest();
    let end = rest.windows(4).position(|window| {
        matches!(window, [before, b'E', b'I', after] if before.is_ascii_whitespace() && after.is_ascii_whitespace())
    });
    lexer.skip(end.map_or(rest.len(), |end| end + 3));
}
