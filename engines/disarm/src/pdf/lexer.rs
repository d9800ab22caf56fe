//! The tokens of a content stream or a character map (ISO 32000-1 §7.2, §7.8.2).
//!
//! Tolerant like the readers that people use: what is no token is skipped. It never fails and never recurses deeper
//! than [`MAX_NESTING`].

use super::write::{write_name, write_number, write_string};

/// Arrays and dictionaries in operands; real content has two or three levels.
const MAX_NESTING: usize = 12;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    Num(f64),
    Name(Vec<u8>),
    Str(Vec<u8>),
    Arr(Vec<Self>),
    Dict(Vec<(Vec<u8>, Self)>),
    Bool(bool),
    Null,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'a> {
    Operand(Operand),
    Operator(&'a [u8]),
}

pub(super) struct Lexer<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    /// What has not been read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.data.get(self.at..).unwrap_or_default()
    }

    pub(super) fn skip(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes).min(self.data.len());
    }

    fn peek(&self) -> Option<u8> {
        self.data.get(self.at).copied()
    }

    fn skip_blank(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b'%' => {
                    while self.peek().is_some_and(|byte| byte != b'\n' && byte != b'\r') {
                        self.at += 1;
                    }
                }
                byte if is_space(byte) => self.at += 1,
                _ => return,
            }
        }
    }

    pub(super) fn token(&mut self) -> Option<Token<'a>> {
        loop {
            self.skip_blank();
            let byte = self.peek()?;
            if let Some(operand) = self.operand(byte, MAX_NESTING) {
                return Some(Token::Operand(operand));
            }
            let start = self.at;
            while self.peek().is_some_and(is_regular) {
                self.at += 1;
            }
            let word = self.data.get(start..self.at).unwrap_or_default();
            match word {
                // A stray delimiter such as `>>` or `}`.
                [] => self.at += 1,
                b"true" => return Some(Token::Operand(Operand::Bool(true))),
                b"false" => return Some(Token::Operand(Operand::Bool(false))),
                b"null" => return Some(Token::Operand(Operand::Null)),
                word => return Some(Token::Operator(word)),
            }
        }
    }

    /// An operand that starts with `byte`, or nothing with the position unchanged.
    fn operand(&mut self, byte: u8, depth: usize) -> Option<Operand> {
        match byte {
            b'0'..=b'9' | b'+' | b'-' | b'.' => self.number(),
            b'/' => {
                self.at += 1;
                Some(Operand::Name(self.name()))
            }
            b'(' => {
                self.at += 1;
                Some(Operand::Str(self.literal()))
            }
            b'<' if self.data.get(self.at + 1) == Some(&b'<') => {
                self.at += 2;
                Some(self.dict(depth))
            }
            b'<' => {
                self.at += 1;
                Some(Operand::Str(self.hex()))
            }
            b'[' => {
                self.at += 1;
                Some(Operand::Arr(self.items(depth)))
            }
            _ => None,
        }
    }

    fn number(&mut self) -> Option<Operand> {
        let start = self.at;
        let mut end = start;
        while self.data.get(end).is_some_and(|byte| is_regular(*byte)) {
            end += 1;
        }
        let word = self.data.get(start..end).unwrap_or_default();
        let digits = word.iter().take_while(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.')).count();
        let text = word.get(..digits).unwrap_or_default();
        if digits < word.len() && text.iter().all(|byte| !byte.is_ascii_digit()) {
            return None;
        }
        self.at = start + digits;
        Some(Operand::Num(number(text)))
    }

    fn name(&mut self) -> Vec<u8> {
        let mut name = Vec::new();
        while let Some(byte) = self.peek().filter(|byte| is_regular(*byte)) {
            let escaped = match self.data.get(self.at + 1..self.at + 3) {
                Some([high, low]) if byte == b'#' => pair(*high, *low),
                _ => None,
            };
            self.at += if escaped.is_some() { 3 } else { 1 };
            name.push(escaped.unwrap_or(byte));
        }
        name
    }

    fn literal(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut open = 1;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'(' => open += 1,
                b')' => {
                    open -= 1;
                    if open == 0 {
                        break;
                    }
                }
                b'\\' => {
                    self.escape(&mut out);
                    continue;
                }
                b'\r' => {
                    if self.peek() == Some(b'\n') {
                        self.at += 1;
                    }
                    out.push(b'\n');
                    continue;
                }
                _ => {}
            }
            out.push(byte);
        }
        out
    }

    fn escape(&mut self, out: &mut Vec<u8>) {
        let Some(byte) = self.peek() else { return };
        self.at += 1;
        match byte {
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'\n' => {}
            b'\r' => {
                if self.peek() == Some(b'\n') {
                    self.at += 1;
                }
            }
            b'0'..=b'7' => {
                let mut value = u16::from(byte - b'0');
                for _ in 0..2 {
                    let Some(digit) = self.peek().filter(|byte| (b'0'..=b'7').contains(byte)) else { break };
                    value = value * 8 + u16::from(digit - b'0');
                    self.at += 1;
                }
                out.push((value & 0xFF) as u8);
            }
            other => out.push(other),
        }
    }

    fn hex(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut high: Option<u8> = None;
        while let Some(byte) = self.peek() {
            self.at += 1;
            if byte == b'>' {
                break;
            }
            let Some(digit) = (byte as char).to_digit(16) else { continue };
            match high.take() {
                None => high = Some(digit as u8),
                Some(first) => out.push(first * 16 + digit as u8),
            }
        }
        if let Some(first) = high {
            out.push(first * 16);
        }
        out
    }

    fn items(&mut self, depth: usize) -> Vec<Operand> {
        let mut items = Vec::new();
        loop {
            self.skip_blank();
            match self.peek() {
                None => return items,
                Some(b']') => {
                    self.at += 1;
                    return items;
                }
                Some(byte) => {
                    if let Some(item) = self.inner(byte, depth) {
                        items.push(item);
                    }
                }
            }
        }
    }

    fn dict(&mut self, depth: usize) -> Operand {
        let mut entries = Vec::new();
        loop {
            self.skip_blank();
            match self.peek() {
                None => break,
                Some(b'>') => {
                    self.at += if self.data.get(self.at + 1) == Some(&b'>') { 2 } else { 1 };
                    break;
                }
                Some(b'/') => {
                    self.at += 1;
                    let key = self.name();
                    self.skip_blank();
                    if let Some(byte) = self.peek().filter(|byte| *byte != b'>')
                        && let Some(value) = self.inner(byte, depth)
                    {
                        entries.push((key, value));
                    }
                }
                Some(_) => self.at += 1,
            }
        }
        Operand::Dict(entries)
    }

    /// A value inside an array or dictionary; always moves on.
    fn inner(&mut self, byte: u8, depth: usize) -> Option<Operand> {
        let Some(depth) = depth.checked_sub(1) else {
            self.at += 1;
            return None;
        };
        if let Some(operand) = self.operand(byte, depth) {
            return Some(operand);
        }
        let start = self.at;
        while self.peek().is_some_and(is_regular) {
            self.at += 1;
        }
        match self.data.get(start..self.at) {
            Some(b"true") => Some(Operand::Bool(true)),
            Some(b"false") => Some(Operand::Bool(false)),
            Some([]) | None => {
                self.at += 1;
                None
            }
            Some(_) => None,
        }
    }
}

/// Reads what writers take for a number: `--5`, `1.2.3` and `5-3` occur.
fn number(text: &[u8]) -> f64 {
    let mut clean = String::with_capacity(text.len());
    let mut point = false;
    for (index, byte) in text.iter().enumerate() {
        match byte {
            b'-' | b'+' if clean.trim_start_matches('-').is_empty() => {
                if index == 0 && *byte == b'-' {
                    clean.push('-');
                }
            }
            b'.' if !point => {
                point = true;
                clean.push('.');
            }
            b'0'..=b'9' => clean.push(*byte as char),
            _ => break,
        }
    }
    clean.parse().unwrap_or(0.0)
}

fn pair(high: u8, low: u8) -> Option<u8> {
    let high = (high as char).to_digit(16)?;
    let low = (low as char).to_digit(16)?;
    u8::try_from(high * 16 + low).ok()
}

pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0C | b'\r' | b' ')
}

const fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

impl Operand {
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Num(value) => Some(*value),
            _ => None,
        }
    }

    /// Writes a number, name, string, or array of numbers and strings. Nothing else is an operand in the output.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Num(value) => write_number(out, *value),
            Self::Name(name) => write_name(out, name),
            Self::Str(bytes) => write_string(out, bytes),
            Self::Arr(items) => {
                out.push(b'[');
                for item in items.iter().filter(|item| matches!(item, Self::Num(_) | Self::Str(_))) {
                    item.write(out);
                    out.push(b' ');
                }
                out.push(b']');
            }
            Self::Dict(_) | Self::Bool(_) | Self::Null => {}
        }
    }
}
