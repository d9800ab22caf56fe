//! Values of form fields that have no appearance (ISO 32000-1 §12.7.3.3): drawn as plain text, or reported as lost.
//!
//! A viewer would lay such a value out by itself; the output has no fields, so what isn't drawn here is gone.

use lopdf::{Dictionary, Object};

use super::{
    content::Scope,
    graph::{Graph, Kind},
    lexer::{Lexer, Operand, Token},
    matrix::{IDENTITY, bounds},
    write::{Dict, Val, write_number, write_string},
};
use crate::{Refusal, RemovalCode};

/// Field flags (ISO 32000-1 table 228).
const MULTILINE: i64 = 1 << 12;
const PASSWORD: i64 = 1 << 13;
/// Field trees are a few levels deep; the bound also ends circles.
const MAX_PARENTS: usize = 32;
/// A longer value isn't what a form's box is for.
const MAX_LETTERS: usize = 4_000;
/// Sizes in points: the largest that is chosen without being asked for, and the smallest that can be read.
const AUTO_SIZE: f64 = 12.0;
const LEAST_SIZE: f64 = 4.0;
/// Line distance in units of the size.
const LEADING: f64 = 1.2;
const MARGIN: f64 = 2.0;

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    /// Windows-1252, in Helvetica.
    Latin,
    /// Anything that JIS or Windows-1252 has, in a font that every reader with Japanese text stands in for.
    Japanese,
}

/// The default appearance string (ISO 32000-1 §12.7.3.3): size and colour.
struct Style {
    size: f64,
    color: Vec<u8>,
}

impl<'d> Graph<'_, 'd, '_> {
    /// Draws the value of a field whose widget has no appearance.
    pub(super) fn field_value(
        &mut self,
        widget: &'d Dictionary,
        scope: &mut Scope<'d>,
        drawn: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let chain = self.field_chain(widget);
        let src = self.src;
        let name = self.field_name(&chain);
        let inherited =
            |key: &str| chain.iter().map(|field| src.value(field, key)).find(|value| **value != Object::Null);
        let Some(value) = inherited("V") else { return Ok(()) };
        let kind = inherited("FT").and_then(|kind| kind.as_name().ok()).unwrap_or_default();
        let text = match (kind, value) {
            (b"Sig", _) => return Ok(()),
            (b"Btn", Object::Name(state)) if state == b"Off" => return Ok(()),
            (b"Tx" | b"Ch", Object::String(bytes, _)) => Some(text_string(bytes)),
            (b"Ch", Object::Array(items)) => items
                .iter()
                .map(|item| match src.get(item) {
                    Object::String(bytes, _) => Some(text_string(bytes)),
                    _ => None,
                })
                .collect::<Option<Vec<_>>>()
                .map(|lines| lines.join("\n")),
            _ => None,
        };
        let integer = |key: &str| match inherited(key) {
            Some(Object::Integer(value)) => *value,
            _ => 0,
        };
        let flags = integer("Ff");
        let style = self.style(&chain);
        let text = text.filter(|text| text.chars().count() <= MAX_LETTERS && flags & PASSWORD == 0);
        if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
            return Ok(());
        }
        let lines = text.as_deref().map(lines_of).filter(|lines| !lines.is_empty());
        let script = lines.as_ref().and_then(|lines| script_of(lines));
        let rect = src.exactly::<4>(widget, "Rect").map(|rect| bounds(rect, IDENTITY)).filter(roomy);
        let (Some(lines), Some(script), Some(rect)) = (lines, script, rect) else {
            self.note(RemovalCode::FormField, &format!("欄「{name}」の値を表示できません"));
            return Ok(());
        };
        let font = self.field_font(script);
        let font = scope.add(Kind::Font, font);
        let many = lines.len() > 1 || flags & MULTILINE != 0;
        let block = Block { lines, script, rect, many, quadding: integer("Q") };
        block.draw(&font, &style, drawn);
        self.ctx.charge_expanded(drawn.len() as u64)?;
        self.note(RemovalCode::FormField, &format!("欄「{name}」の値を文字として描きました"));
        Ok(())
    }

    /// The widget and the fields above it, from the inside out.
    fn field_chain(&self, widget: &'d Dictionary) -> Vec<&'d Dictionary> {
        let mut chain = vec![widget];
        while let Some(parent) = chain.last().and_then(|field| self.src.dict(field, "Parent"))
            && chain.len() < MAX_PARENTS
        {
            chain.push(parent);
        }
        chain
    }

    /// The full name (ISO 32000-1 §12.7.3.2), cut to what a report can show.
    fn field_name(&self, chain: &[&'d Dictionary]) -> String {
        let parts: Vec<String> = chain
            .iter()
            .rev()
            .filter_map(|field| match self.src.value(field, "T") {
                Object::String(bytes, _) => Some(text_string(bytes)),
                _ => None,
            })
            .collect();
        parts.join(".").chars().filter(|letter| !letter.is_control()).take(60).collect()
    }

    fn style(&self, chain: &[&'d Dictionary]) -> Style {
        let mut style = Style { size: 0.0, color: b"0 g\n".to_vec() };
        let src = self.src;
        let form = src.catalog().ok().and_then(|catalog| src.dict(catalog, "AcroForm"));
        let appearance = chain.iter().copied().chain(form).find_map(|field| match src.value(field, "DA") {
            Object::String(bytes, _) => Some(bytes),
            _ => None,
        });
        let Some(appearance) = appearance else { return style };
        let mut lexer = Lexer::new(appearance);
        let mut numbers: Vec<f64> = Vec::new();
        while let Some(token) = lexer.token() {
            match token {
                Token::Operand(Operand::Num(number)) if numbers.len() < 8 => numbers.push(number),
                Token::Operand(_) => {}
                Token::Operator(operator) => {
                    match (operator, numbers.len()) {
                        (b"Tf", 1) => style.size = numbers.first().copied().unwrap_or(0.0),
                        (b"g", 1) | (b"rg", 3) | (b"k", 4) => {
                            style.color.clear();
                            for number in &numbers {
                                write_number(&mut style.color, *number);
                                style.color.push(b' ');
                            }
                            style.color.extend_from_slice(operator);
                            style.color.push(b'\n');
                        }
                        _ => {}
                    }
                    numbers.clear();
                }
            }
        }
        style
    }

    fn field_font(&mut self, script: Script) -> Val {
        let font = match script {
            Script::Latin => Dict::typed("Font")
                .with("Subtype", Val::name("Type1"))
                .with("BaseFont", Val::name("Helvetica"))
                .with("Encoding", Val::name("WinAnsiEncoding")),
            Script::Japanese => {
                const NAME: &str = "HeiseiKakuGo-W5";
                let descriptor = Dict::typed("FontDescriptor")
                    .with("FontName", Val::name(NAME))
                    .with("Flags", Val::Num(4.0))
                    .with("FontBBox", Val::nums([-92.0, -250.0, 1010.0, 922.0]))
                    .with("ItalicAngle", Val::Num(0.0))
                    .with("Ascent", Val::Num(752.0))
                    .with("Descent", Val::Num(-221.0))
                    .with("CapHeight", Val::Num(737.0))
                    .with("StemV", Val::Num(114.0));
                let system = Dict::new()
                    .with("Registry", Val::Str(b"Adobe".to_vec()))
                    .with("Ordering", Val::Str(b"Japan1".to_vec()))
                    .with("Supplement", Val::Num(6.0));
                // The first glyphs of the collection are the narrow ones.
                let widths = [1.0, 632.0, 500.0];
                let cid = Dict::typed("Font")
                    .with("Subtype", Val::name("CIDFontType0"))
                    .with("BaseFont", Val::name(NAME))
                    .with("CIDSystemInfo", Val::Dict(system))
                    .with("DW", Val::Num(1000.0))
                    .with("W", Val::nums(widths))
                    .with("FontDescriptor", Val::Ref(self.out.add(Val::Dict(descriptor))));
                let cid = self.out.add(Val::Dict(cid));
                Dict::typed("Font")
                    .with("Subtype", Val::name("Type0"))
                    .with("BaseFont", Val::name(NAME))
                    .with("Encoding", Val::name("UniJIS-UTF16-H"))
                    .with("DescendantFonts", Val::Arr(vec![Val::Ref(cid)]))
            }
        };
        Val::Ref(self.out.add(Val::Dict(font)))
    }
}

/// A value in its box.
struct Block {
    lines: Vec<String>,
    script: Script,
    rect: [f64; 4],
    many: bool,
    quadding: i64,
}

impl Block {
    fn draw(&self, font: &str, style: &Style, drawn: &mut Vec<u8>) {
        let [left, bottom, right, top] = self.rect;
        let (width, height) = ((right - left - 2.0 * MARGIN).max(1.0), (top - bottom).max(1.0));
        let mut size = if style.size > 0.0 { style.size.min(500.0) } else { (height * 0.7).min(AUTO_SIZE) };
        let mut lines = self.fold(size, width);
        // What doesn't fit gets smaller, and at last runs over the edge: it is never cut off.
        while size > LEAST_SIZE && !self.fits(&lines, size, width, height) {
            size = (size * 0.9).max(LEAST_SIZE);
            lines = self.fold(size, width);
        }
        let mut y =
            if self.many { top - MARGIN - size } else { bottom + (height - size) / 2.0 + size * 0.22 };
        drawn.extend_from_slice(b"q\n");
        drawn.extend_from_slice(&style.color);
        drawn.extend_from_slice(format!("BT\n/{font} ").as_bytes());
        write_number(drawn, size);
        drawn.extend_from_slice(b" Tf\n");
        for line in &lines {
            let spare = (width - breadth(line, self.script, size)).max(0.0);
            let shift = match self.quadding {
                1 => spare / 2.0,
                2 => spare,
                _ => 0.0,
            };
            drawn.extend_from_slice(b"1 0 0 1 ");
            write_number(drawn, left + MARGIN + shift);
            drawn.push(b' ');
            write_number(drawn, y);
            drawn.extend_from_slice(b" Tm\n");
            write_string(drawn, &codes(line, self.script));
            drawn.extend_from_slice(b" Tj\n");
            y -= size * LEADING;
        }
        drawn.extend_from_slice(b"ET\nQ\n");
    }

    fn fits(&self, lines: &[String], size: f64, width: f64, height: f64) -> bool {
        let lines_high = lines.len() as f64 * size * LEADING;
        (lines.len() == 1 || lines_high <= height)
            && lines.iter().all(|line| breadth(line, self.script, size) <= width)
    }

    /// The lines, folded to the width where the field has several.
    fn fold(&self, size: f64, width: f64) -> Vec<String> {
        if !self.many {
            return self.lines.clone();
        }
        let mut folded = Vec::new();
        for line in &self.lines {
            let mut rest = line.as_str();
            loop {
                let mut used = 0.0;
                let over = rest.char_indices().find(|(_, letter)| {
                    used += letter_breadth(*letter, self.script) * size;
                    used > width
                });
                let Some((at, _)) = over else { break };
                let first = rest.chars().next().map_or(1, char::len_utf8);
                let word = rest.get(..at).and_then(|head| head.rfind(' ')).map(|at| at + 1);
                let cut = word.filter(|at| *at > 1).unwrap_or(at.max(first));
                let Some((head, tail)) = rest.split_at_checked(cut) else { break };
                folded.push(head.trim_end().to_owned());
                rest = tail;
            }
            folded.push(rest.to_owned());
        }
        folded
    }
}

fn roomy(rect: &[f64; 4]) -> bool {
    let [left, bottom, right, top] = rect;
    right - left > 0.5 && top - bottom > 0.5 && rect.iter().all(|side| side.abs() < 1e6)
}

fn lines_of(text: &str) -> Vec<String> {
    let unix = text.replace("\r\n", "\n").replace('\r', "\n");
    unix.trim_end().split('\n').map(|line| line.replace('\t', " ")).collect()
}

fn script_of(lines: &[String]) -> Option<Script> {
    let all = lines.concat();
    if all.chars().any(char::is_control) {
        return None;
    }
    // Adobe-Japan1 has the letters of Western Europe too.
    let has = |encoding: &'static encoding_rs::Encoding, text: &str| !encoding.encode(text).2;
    if has(encoding_rs::WINDOWS_1252, &all) {
        return Some(Script::Latin);
    }
    let mut buffer = [0; 4];
    let drawable = all.chars().all(|letter| {
        let letter = letter.encode_utf8(&mut buffer);
        has(encoding_rs::SHIFT_JIS, letter) || has(encoding_rs::WINDOWS_1252, letter)
    });
    drawable.then_some(Script::Japanese)
}

fn codes(line: &str, script: Script) -> Vec<u8> {
    match script {
        Script::Latin => encoding_rs::WINDOWS_1252.encode(line).0.into_owned(),
        Script::Japanese => line.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    }
}

fn breadth(line: &str, script: Script, size: f64) -> f64 {
    line.chars().map(|letter| letter_breadth(letter, script)).sum::<f64>() * size
}

/// An estimate, in units of the size; digits of Helvetica are exact.
fn letter_breadth(letter: char, script: Script) -> f64 {
    match (script, letter) {
        (Script::Japanese, '\u{20}'..='\u{7E}' | '\u{FF61}'..='\u{FF9F}') => 0.5,
        (Script::Japanese, _) => 1.0,
        (Script::Latin, ' ' | '.' | ',' | 'i' | 'j' | 'l' | 'I' | '!' | '\'' | '|' | ':' | ';') => 0.278,
        (Script::Latin, 'M' | 'W' | 'm' | 'w' | '@' | '%') => 0.88,
        (Script::Latin, 'A'..='Z') => 0.7,
        (Script::Latin, _) => 0.556,
    }
}

/// A text string (ISO 32000-1 §7.9.2.2): UTF-16 or UTF-8 with a mark, else `PDFDocEncoding`.
fn text_string(bytes: &[u8]) -> String {
    const HIGH: &str = "•†‡…—–ƒ⁄‹›−‰„“”‘’‚™ﬁﬂŁŒŠŸŽıłœšž\u{FFFD}€";
    match bytes {
        [0xFE, 0xFF, rest @ ..] => encoding_rs::UTF_16BE.decode_without_bom_handling(rest).0.into_owned(),
        [0xFF, 0xFE, rest @ ..] => encoding_rs::UTF_16LE.decode_without_bom_handling(rest).0.into_owned(),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        plain => plain
            .iter()
            .map(|byte| match byte {
                0x80..=0xA0 => HIGH.chars().nth(usize::from(byte - 0x80)).unwrap_or('\u{FFFD}'),
                other => char::from(*other),
            })
            .collect(),
    }
}
