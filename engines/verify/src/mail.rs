//! Reads a message back: the headers of the engine in their order, encoded words, multiparts of known boundaries,
//! base64 bodies in lines of 76, and every file inside against the grammar that its name claims. No other header, no
//! other structure.

use crate::{Format, Limits, VerifyFailure, base64};

const HEADERS: [&str; 9] =
    ["From", "To", "Cc", "Reply-To", "Date", "Subject", "Message-ID", "In-Reply-To", "References"];

pub(super) fn verify(output: &[u8], limits: &Limits) -> Result<(), VerifyFailure> {
    let text = std::str::from_utf8(output).map_err(|_| fail("mail", "not ASCII"))?;
    if !text.bytes().all(|b| matches!(b, b'\r' | b'\n' | b' '..=b'~')) || !text.ends_with("\r\n") {
        return Err(fail("mail", "not ASCII lines"));
    }
    let lines: Vec<&str> = text.trim_end_matches("\r\n").split("\r\n").collect();
    if lines.iter().any(|line| line.contains(['\r', '\n'])) {
        return Err(fail("mail", "bare CR or LF"));
    }
    let mut reader = Reader { lines, at: 0, limits };
    let mut allowed = HEADERS.iter();
    loop {
        let (name, value) = reader.field()?;
        if name == "MIME-Version" {
            if value != "1.0" {
                return Err(fail(name, "value"));
            }
            break;
        }
        if !allowed.any(|header| *header == name) {
            return Err(fail(name, "header not on the list or out of order"));
        }
        header_value(name, &value)?;
    }
    let boundary = reader.multipart("multipart/mixed")?;
    reader.parts(&boundary, 1)?;
    if reader.at == reader.lines.len() { Ok(()) } else { Err(fail("mail", "lines after the end")) }
}

fn fail(place: &str, message: &str) -> VerifyFailure {
    VerifyFailure::new(place, message)
}

struct Reader<'a> {
    lines: Vec<&'a str>,
    at: usize,
    limits: &'a Limits,
}

impl<'a> Reader<'a> {
    fn line(&mut self) -> Result<&'a str, VerifyFailure> {
        let line = self.lines.get(self.at).copied().ok_or_else(|| fail("mail", "ends too early"))?;
        self.at += 1;
        Ok(line)
    }

    fn expect(&mut self, wanted: &str) -> Result<(), VerifyFailure> {
        let line = self.line()?;
        if line == wanted {
            Ok(())
        } else {
            Err(VerifyFailure::new(format!("line {}", self.at), "structure"))
        }
    }

    /// A header field with its continuation lines.
    fn field(&mut self) -> Result<(&'a str, String), VerifyFailure> {
        let line = self.line()?;
        let (name, value) = line.split_once(": ").ok_or_else(|| fail(line, "no header"))?;
        let mut value = value.to_owned();
        while let Some(more) = self.lines.get(self.at).and_then(|line| line.strip_prefix(' ')) {
            value.push(' ');
            value.push_str(more);
            self.at += 1;
        }
        Ok((name, value))
    }

    fn multipart(&mut self, media: &str) -> Result<String, VerifyFailure> {
        let (name, value) = self.field()?;
        let boundary = value
            .strip_prefix(media)
            .and_then(|rest| rest.strip_prefix("; boundary=\"=_"))
            .and_then(|rest| rest.strip_suffix('"'))
            .filter(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit() || b == b'_'));
        self.expect("")?;
        match boundary {
            Some(boundary) if name == "Content-Type" => Ok(format!("--=_{boundary}")),
            _ => Err(fail(name, "multipart")),
        }
    }

    /// The first part is the text (or a deeper multipart that holds it), the others are files.
    fn parts(&mut self, boundary: &str, level: u8) -> Result<(), VerifyFailure> {
        let end = format!("{boundary}--");
        self.expect(boundary)?;
        let mut first = true;
        loop {
            let head = self.lines.get(self.at).copied().unwrap_or_default();
            match level {
                1 | 2 if first == (level == 1) && head.starts_with("Content-Type: multipart/") => {
                    let media = if level == 1 { "multipart/alternative" } else { "multipart/related" };
                    let inner = self.multipart(media)?;
                    self.parts(&inner, level + 1)?;
                }
                _ if first || level == 2 => {
                    self.text(if first && level < 3 { "text/plain" } else { "text/html" })?
                }
                _ => self.file(level == 3, boundary)?,
            }
            first = false;
            let line = self.line()?;
            if line == end {
                return Ok(());
            }
            if line != boundary {
                return Err(VerifyFailure::new(format!("line {}", self.at), "no boundary"));
            }
        }
    }

    fn text(&mut self, media: &str) -> Result<(), VerifyFailure> {
        self.expect(&format!("Content-Type: {media}; charset=utf-8"))?;
        self.expect("Content-Transfer-Encoding: base64")?;
        self.expect("")?;
        let bytes = self.base64()?;
        let read = if media == "text/html" {
            crate::html::check(&bytes, self.limits, true)
        } else {
            crate::verify(&bytes, Format::Txt, self.limits)
        };
        read.map_err(|f| VerifyFailure::new(format!("本文 {}", f.location), f.message))
    }

    fn file(&mut self, shown: bool, boundary: &str) -> Result<(), VerifyFailure> {
        let (name, media) = self.field()?;
        if name != "Content-Type" {
            return Err(fail(name, "content type"));
        }
        let nested = media == Format::Eml.media_type();
        self.expect(&format!("Content-Transfer-Encoding: {}", if nested { "7bit" } else { "base64" }))?;
        if shown {
            let (name, id) = self.field()?;
            let number = id.strip_prefix("<part").and_then(|rest| rest.strip_suffix("@sekisho.invalid>"));
            if name != "Content-ID" || !number.is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit())) {
                return Err(fail(name, "content identifier"));
            }
        }
        let (name, value) = self.field()?;
        let prefix = if shown { "inline; filename*=UTF-8''" } else { "attachment; filename*=UTF-8''" };
        let file = value.strip_prefix(prefix).and_then(decoded).ok_or_else(|| fail(name, "file name"))?;
        self.expect("")?;
        let bytes = if nested { self.message(boundary) } else { self.base64()? };
        let extension = file.rsplit_once('.').map(|(_, extension)| extension).unwrap_or_default();
        let format =
            Format::from_extension(extension).ok_or_else(|| fail(&file, "no reader for this name"))?;
        if format.media_type().split(';').next() != Some(media.as_str()) || !is_plain_name(&file) {
            return Err(fail(&file, "name and content type differ"));
        }
        let depth = self.limits.depth.checked_sub(1).ok_or_else(|| fail(&file, "nested too deep"))?;
        crate::verify(&bytes, format, &Limits { depth, ..self.limits.clone() })
            .map_err(|f| VerifyFailure::new(format!("{file} > {}", f.location), f.message))
    }

    /// The lines of a nested message, which the boundary around it ends.
    fn message(&mut self, boundary: &str) -> Vec<u8> {
        let rest = self.lines.get(self.at..).unwrap_or_default();
        let length = rest.iter().take_while(|line| !line.starts_with(boundary)).count();
        let lines = rest.get(..length).unwrap_or_default();
        self.at += length;
        (lines.join("\r\n") + "\r\n").into_bytes()
    }

    /// Lines of base64 up to a boundary; all but the last are full.
    fn base64(&mut self) -> Result<Vec<u8>, VerifyFailure> {
        let mut out = Vec::new();
        let mut full = true;
        while let Some(line) = self.lines.get(self.at).filter(|line| !line.starts_with("--")) {
            let broken = || VerifyFailure::new(format!("line {}", self.at + 1), "base64");
            if !full || line.is_empty() || line.len() > 76 {
                return Err(broken());
            }
            full = line.len() == 76;
            out.extend(base64::decode(line).ok_or_else(broken)?);
            self.at += 1;
        }
        Ok(out)
    }
}

/// Addresses, identifiers, a date, encoded words: nothing else stands in a header.
fn header_value(name: &str, value: &str) -> Result<(), VerifyFailure> {
    let sound = match name {
        "Date" => {
            value.len() < 40 && value.bytes().all(|b| b.is_ascii_alphanumeric() || b" ,:+-".contains(&b))
        }
        "Subject" => value.split(' ').all(is_encoded_word),
        _ => value.split(' ').all(|word| {
            let word = word.trim_end_matches(',');
            is_encoded_word(word)
                || word
                    .strip_prefix('<')
                    .and_then(|rest| rest.strip_suffix('>'))
                    .is_some_and(|inner| !inner.contains(['<', '>', '"', ',', '\\', '(', ')']))
        }),
    };
    if sound { Ok(()) } else { Err(fail(name, "value")) }
}

fn is_encoded_word(word: &str) -> bool {
    let inner = word.strip_prefix("=?UTF-8?B?").and_then(|rest| rest.strip_suffix("?="));
    let text = inner.filter(|_| word.len() <= 75).and_then(base64::decode).map(String::from_utf8);
    matches!(text, Some(Ok(text)) if !text.chars().any(char::is_control))
}

fn decoded(percent: &str) -> Option<String> {
    let mut out = Vec::new();
    let mut bytes = percent.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                out.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
            }
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_' => out.push(byte),
            _ => return None,
        }
    }
    String::from_utf8(out).ok()
}

/// One name, not a path, with nothing that a file system or a terminal takes for something else.
fn is_plain_name(name: &str) -> bool {
    let hides = |c: char| {
        c.is_control() || matches!(c, '/' | '\\' | ':' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}')
    };
    !name.is_empty() && !name.starts_with('.') && !name.chars().any(hides)
}
