//! The strict layout: header, objects in order, table, trailer, end. Anything looser is refused.

use crate::{Limits, VerifyFailure};

#[derive(Debug, PartialEq)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Num(f64),
    Name(Vec<u8>),
    Str(Vec<u8>),
    Arr(Vec<Value<'a>>),
    Dict(Vec<(Vec<u8>, Value<'a>)>),
    Ref(usize),
    Stream(Vec<(Vec<u8>, Value<'a>)>, &'a [u8]),
}

/// The objects by their numbers less one, and the trailer's two references.
pub(super) struct File<'a> {
    pub(super) objects: Vec<Value<'a>>,
    pub(super) root: usize,
    pub(super) info: usize,
}

pub(super) fn fail(place: impl Into<String>, message: impl Into<String>) -> VerifyFailure {
    VerifyFailure::new(place, message)
}

const HEADER: &[u8] = b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n";

pub(super) fn read<'a>(output: &'a [u8], limits: &Limits) -> Result<File<'a>, VerifyFailure> {
    let layout = |what: &str| fail("layout", what);
    if !output.starts_with(HEADER) {
        return Err(layout("header"));
    }
    let body = output.strip_suffix(b"\n%%EOF\n").ok_or_else(|| layout("end marker"))?;
    let digits = body.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (before, number) = body.split_at(body.len() - digits);
    let before = before.strip_suffix(b"\nstartxref\n").ok_or_else(|| layout("startxref"))?;
    let start: usize = decimal(number).ok_or_else(|| layout("startxref"))?;
    let mut table = Cursor { data: before.get(start..).ok_or_else(|| layout("startxref"))?, at: 0 };
    table.word(b"xref\n0 ")?;
    let size = table.integer()?;
    if size < 2 || size > limits.pdf_objects as usize + 1 {
        return Err(layout("number of objects"));
    }
    table.word(b"\n0000000000 65535 f \n")?;
    let mut offsets = Vec::new();
    for _ in 1..size {
        let line = table.take(20)?;
        let (offset, rest) = line.split_at_checked(10).ok_or_else(|| layout("table"))?;
        if rest != b" 00000 n \n" {
            return Err(layout("table"));
        }
        offsets.push(decimal(offset).ok_or_else(|| layout("table"))?);
    }
    table.word(b"trailer\n")?;
    let trailer = table.value(0)?;
    if table.at != table.data.len() {
        return Err(layout("trailer"));
    }
    let (root, info) = trailer_references(&trailer, size)?;
    let mut objects = Vec::with_capacity(offsets.len());
    let mut at = HEADER.len();
    for (index, offset) in offsets.iter().enumerate() {
        let place = format!("object {}", index + 1);
        if *offset != at {
            return Err(fail(place, "bytes between objects"));
        }
        let mut cursor = Cursor { data: output.get(..start).unwrap_or_default(), at };
        let object = cursor.object(index + 1).map_err(|failure| fail(place, failure.message))?;
        at = cursor.at;
        objects.push(object);
    }
    if at != start {
        return Err(layout("bytes before the table"));
    }
    Ok(File { objects, root, info })
}

fn trailer_references(trailer: &Value<'_>, size: usize) -> Result<(usize, usize), VerifyFailure> {
    let Value::Dict(entries) = trailer else { return Err(fail("trailer", "no dictionary")) };
    match entries.as_slice() {
        [(a, Value::Num(count)), (b, Value::Ref(root)), (c, Value::Ref(info)), (d, Value::Arr(id))]
            if a == b"Size" && b == b"Root" && c == b"Info" && d == b"ID" && *count == size as f64 =>
        {
            let same = matches!(id.as_slice(), [Value::Str(first), Value::Str(second)]
                if first == second && first.len() == 16);
            if same { Ok((*root, *info)) } else { Err(fail("trailer", "ID")) }
        }
        _ => Err(fail("trailer", "keys")),
    }
}

fn decimal(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

struct Cursor<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a [u8] {
        self.data.get(self.at..).unwrap_or_default()
    }

    fn error(&self, what: &str) -> VerifyFailure {
        fail(format!("offset {}", self.at), what)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], VerifyFailure> {
        let bytes = self.rest().get(..count).ok_or_else(|| self.error("early end"))?;
        self.at += count;
        Ok(bytes)
    }

    fn word(&mut self, word: &[u8]) -> Result<(), VerifyFailure> {
        if self.rest().starts_with(word) {
            self.at += word.len();
            Ok(())
        } else {
            Err(self.error(&format!("expected {}", String::from_utf8_lossy(word).trim())))
        }
    }

    fn integer(&mut self) -> Result<usize, VerifyFailure> {
        let count = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        let digits = self.take(count)?;
        decimal(digits).ok_or_else(|| self.error("integer"))
    }

    fn object(&mut self, number: usize) -> Result<Value<'a>, VerifyFailure> {
        self.word(format!("{number} 0 obj\n").as_bytes())?;
        let value = self.value(0)?;
        let value = match value {
            Value::Dict(entries) if self.rest().starts_with(b"\nstream\n") => {
                self.word(b"\nstream\n")?;
                let length = entries.iter().find_map(|(key, value)| match value {
                    Value::Num(length) if key == b"Length" && length.fract() == 0.0 => Some(*length as usize),
                    _ => None,
                });
                let data = self.take(length.ok_or_else(|| self.error("Length"))?)?;
                self.word(b"\nendstream")?;
                Value::Stream(entries, data)
            }
            value => value,
        };
        self.word(b"\nendobj\n")?;
        Ok(value)
    }

    fn value(&mut self, depth: u8) -> Result<Value<'a>, VerifyFailure> {
        if depth > 24 {
            return Err(self.error("nesting"));
        }
        match self.rest() {
            [b'<', b'<', ..] => {
                self.at += 2;
                let mut entries: Vec<(Vec<u8>, Value<'a>)> = Vec::new();
                while !self.rest().starts_with(b">>") {
                    let key = self.name()?;
                    self.word(b" ")?;
                    if entries.iter().any(|(known, _)| *known == key) {
                        return Err(self.error("a key twice"));
                    }
                    entries.push((key, self.value(depth + 1)?));
                }
                self.at += 2;
                Ok(Value::Dict(entries))
            }
            [b'<', ..] => {
                self.at += 1;
                let end =
                    self.rest().iter().position(|byte| *byte == b'>').ok_or_else(|| self.error("string"))?;
                let digits = self.take(end)?;
                self.at += 1;
                hex::decode(digits).map(Value::Str).map_err(|_| self.error("string"))
            }
            [b'[', ..] => {
                self.at += 1;
                let mut items = Vec::new();
                while !self.rest().starts_with(b"]") {
                    if !items.is_empty() {
                        self.word(b" ")?;
                    }
                    items.push(self.value(depth + 1)?);
                }
                self.at += 1;
                Ok(Value::Arr(items))
            }
            [b'/', ..] => self.name().map(Value::Name),
            [b't', b'r', b'u', b'e', ..] => self.literal(4, Value::Bool(true)),
            [b'f', b'a', b'l', b's', b'e', ..] => self.literal(5, Value::Bool(false)),
            [b'n', b'u', b'l', b'l', ..] => self.literal(4, Value::Null),
            _ => self.number(),
        }
    }

    fn literal(&mut self, length: usize, value: Value<'a>) -> Result<Value<'a>, VerifyFailure> {
        self.at += length;
        Ok(value)
    }

    fn number(&mut self) -> Result<Value<'a>, VerifyFailure> {
        let length = self.rest().iter().take_while(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'.')).count();
        let digits = self.take(length)?;
        let text = std::str::from_utf8(digits).unwrap_or_default();
        // A reference is an integer, a zero and an R.
        if self.rest().starts_with(b" 0 R") && digits.iter().all(u8::is_ascii_digit) {
            self.at += 4;
            return decimal(digits).map(Value::Ref).ok_or_else(|| self.error("reference"));
        }
        text.parse().map(Value::Num).map_err(|_| self.error("unknown token"))
    }

    fn name(&mut self) -> Result<Vec<u8>, VerifyFailure> {
        self.word(b"/")?;
        let mut name = Vec::new();
        loop {
            match self.rest() {
                [b'#', high, low, ..] => {
                    let decoded = hex::decode([*high, *low]).map_err(|_| self.error("name"))?;
                    // An escape of a plain character would be a way to write a word in two ways.
                    if decoded.iter().any(u8::is_ascii_alphanumeric) {
                        return Err(self.error("needless escape in a name"));
                    }
                    name.extend_from_slice(&decoded);
                    self.at += 3;
                }
                [byte, ..] if byte.is_ascii_alphanumeric() || b"+-_.,*@:;!?$&'=^`|~\"".contains(byte) => {
                    name.push(*byte);
                    self.at += 1;
                }
                _ => return Ok(name),
            }
        }
    }
}
