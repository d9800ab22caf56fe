//! JSON (RFC 8259), GeoJSON and lines of JSON: read strictly, written anew. Numbers stay the digits that they were;
//! characters that falsify what is shown are written as escapes, so the data stay and the disguise does not.
//!
//! A key that comes twice is read differently by different programs, so it refuses the document.

#[cfg(test)]
mod tests;

use std::{collections::HashSet, fmt::Write as _};

use crate::{Refusal, RefusalCode, RemovalCode, TextPiece, context::Context, text};

/// Rewrites one value, or one value a line.
pub(crate) fn rebuild(input: &[u8], ctx: &mut Context<'_>) -> Result<Vec<u8>, Refusal> {
    let (out, _) = rewritten(input, ctx)?;
    Ok(out.into_bytes())
}

/// Every string that is a value, with its path.
pub(crate) fn extract_text(input: &[u8], ctx: &mut Context<'_>) -> Result<Vec<TextPiece>, Refusal> {
    Ok(rewritten(input, ctx)?.1)
}

fn rewritten(input: &[u8], ctx: &mut Context<'_>) -> Result<(String, Vec<TextPiece>), Refusal> {
    let decoded = text::decode(input)
        .ok_or_else(|| Refusal::new(RefusalCode::Malformed, "JSON の文字コードを判別できません"))?;
    ctx.charge_expanded(decoded.text.len() as u64)?;
    let text = decoded.text.trim_start_matches('\u{feff}');
    let depth = ctx.limits().nesting;
    let mut writer =
        Writer { text, at: 0, out: String::with_capacity(text.len()), pieces: Vec::new(), escaped: 0 };
    loop {
        writer.space();
        writer.value(depth, "")?;
        let line_break = writer.space();
        if writer.rest().is_empty() {
            break;
        }
        // More than one value is JSON Lines; each begins a line.
        if !line_break {
            return Err(writer.broken("値の後に余分な文字"));
        }
        writer.out.push('\n');
    }
    writer.out.push('\n');
    if writer.escaped > 0 {
        ctx.removed(RemovalCode::Control, format!("文字列 {} か所（エスケープ表記に変更）", writer.escaped));
    }
    Ok((writer.out, writer.pieces))
}

struct Writer<'t> {
    text: &'t str,
    at: usize,
    out: String,
    pieces: Vec<TextPiece>,
    escaped: usize,
}

impl<'t> Writer<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.at = self.at.saturating_add(c.len_utf8());
        Some(c)
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.at = self.at.saturating_add(wanted.len_utf8());
        }
        found
    }

    /// Skips white space; whether a line ended in it. Layout stays, except for carriage returns.
    fn space(&mut self) -> bool {
        let mut line_break = false;
        while let Some(c @ (' ' | '\t' | '\r' | '\n')) = self.rest().chars().next() {
            line_break |= matches!(c, '\r' | '\n');
            self.at = self.at.saturating_add(1);
        }
        line_break
    }

    /// Layout between tokens, copied as the white space that it is.
    fn layout(&mut self) {
        while let Some(c @ (' ' | '\t' | '\r' | '\n')) = self.rest().chars().next() {
            self.at = self.at.saturating_add(1);
            if c != '\r' {
                self.out.push(c);
            }
        }
    }

    fn broken(&self, what: &str) -> Refusal {
        let line = self.text.get(..self.at).unwrap_or_default().matches('\n').count() + 1;
        Refusal::new(RefusalCode::Malformed, format!("JSON {line}行目: {what}"))
    }

    fn value(&mut self, depth: u32, path: &str) -> Result<(), Refusal> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(Refusal::new(RefusalCode::TooDeep, "JSON の入れ子"));
        };
        match self.rest().chars().next() {
            Some('{') => self.object(depth, path),
            Some('[') => self.array(depth, path),
            Some('"') => {
                let text = self.string()?;
                if !text.trim().is_empty() {
                    let location = if path.is_empty() { "値".to_owned() } else { path.to_owned() };
                    self.pieces.push(TextPiece { location, text: text::clean_line(&text).0 });
                }
                Ok(())
            }
            Some('-' | '0'..='9') => self.number(),
            _ => {
                for word in ["true", "false", "null"] {
                    if self.rest().starts_with(word) {
                        self.at = self.at.saturating_add(word.len());
                        self.out.push_str(word);
                        return Ok(());
                    }
                }
                Err(self.broken("値がありません"))
            }
        }
    }

    fn object(&mut self, depth: u32, path: &str) -> Result<(), Refusal> {
        let mut keys = HashSet::new();
        self.take('{');
        self.out.push('{');
        self.layout();
        if self.take('}') {
            self.out.push('}');
            return Ok(());
        }
        loop {
            self.layout();
            if !self.rest().starts_with('"') {
                return Err(self.broken("項目名がありません"));
            }
            let key = self.string()?;
            let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let inner: String = text::clean_line(&inner).0.chars().take(200).collect();
            if !keys.insert(key) {
                return Err(Refusal::new(RefusalCode::Ambiguous, format!("JSON: 項目 {inner} が二重")));
            }
            self.layout();
            if !self.take(':') {
                return Err(self.broken("「:」がありません"));
            }
            self.out.push(':');
            self.layout();
            self.value(depth, &inner)?;
            self.layout();
            if self.take('}') {
                self.out.push('}');
                return Ok(());
            }
            if !self.take(',') {
                return Err(self.broken("「,」がありません"));
            }
            self.out.push(',');
        }
    }

    fn array(&mut self, depth: u32, path: &str) -> Result<(), Refusal> {
        self.take('[');
        self.out.push('[');
        self.layout();
        if self.take(']') {
            self.out.push(']');
            return Ok(());
        }
        let mut index = 0_usize;
        loop {
            self.layout();
            self.value(depth, &format!("{path}[{index}]"))?;
            index = index.saturating_add(1);
            self.layout();
            if self.take(']') {
                self.out.push(']');
                return Ok(());
            }
            if !self.take(',') {
                return Err(self.broken("「,」がありません"));
            }
            self.out.push(',');
        }
    }

    fn digits(&mut self) -> Result<(), Refusal> {
        let from = self.at;
        while let Some(c) = self.rest().chars().next().filter(char::is_ascii_digit) {
            self.at = self.at.saturating_add(1);
            self.out.push(c);
        }
        if self.at == from { Err(self.broken("数字がありません")) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<(), Refusal> {
        if self.take('-') {
            self.out.push('-');
        }
        let zero = self.rest().starts_with('0');
        let from = self.at;
        self.digits()?;
        if zero && self.at > from.saturating_add(1) {
            return Err(self.broken("0 で始まる数"));
        }
        if self.take('.') {
            self.out.push('.');
            self.digits()?;
        }
        if self.rest().starts_with(['e', 'E']) {
            let _ = self.next();
            self.out.push('e');
            for sign in ['+', '-'] {
                if self.take(sign) {
                    self.out.push(sign);
                    break;
                }
            }
            self.digits()?;
        }
        Ok(())
    }

    /// Reads a string, writes it anew, and gives its text.
    fn string(&mut self) -> Result<String, Refusal> {
        self.take('"');
        let mut text = String::new();
        loop {
            match self.next() {
                None => return Err(self.broken("文字列が閉じていません")),
                Some('"') => break,
                Some('\\') => match self.next() {
                    Some(c @ ('"' | '\\' | '/')) => text.push(c),
                    Some('b') => text.push('\u{8}'),
                    Some('f') => text.push('\u{c}'),
                    Some('n') => text.push('\n'),
                    Some('r') => text.push('\r'),
                    Some('t') => text.push('\t'),
                    Some('u') => {
                        let c = self.escape()?;
                        text.push(c);
                    }
                    _ => return Err(self.broken("エスケープ")),
                },
                Some(c) if u32::from(c) < 0x20 => return Err(self.broken("文字列の中の制御文字")),
                Some(c) => text.push(c),
            }
        }
        self.out.push('"');
        for c in text.chars() {
            match c {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                // A page that takes the text up can't be closed by it.
                '<' | '>' => {
                    let _ = write!(self.out, "\\u{:04x}", u32::from(c));
                }
                c if text::clean_line(c.encode_utf8(&mut [0; 4])).1.is_some()
                    || c == '\u{2028}'
                    || c == '\u{2029}' =>
                {
                    self.escaped = self.escaped.saturating_add(1);
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        let _ = write!(self.out, "\\u{unit:04x}");
                    }
                }
                c => self.out.push(c),
            }
        }
        self.out.push('"');
        Ok(text)
    }

    fn unit(&mut self) -> Result<u16, Refusal> {
        let digits = self
            .text
            .get(self.at..self.at.saturating_add(4))
            .filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
        self.at = self.at.saturating_add(4);
        unit.ok_or_else(|| self.broken("\\u の後の数字"))
    }

    fn escape(&mut self) -> Result<char, Refusal> {
        let first = self.unit()?;
        if let Some(c) = char::from_u32(u32::from(first)) {
            return Ok(c);
        }
        if !self.rest().starts_with("\\u") {
            return Err(self.broken("対になっていないサロゲート"));
        }
        self.at = self.at.saturating_add(2);
        let second = self.unit()?;
        char::decode_utf16([first, second])
            .next()
            .and_then(Result::ok)
            .ok_or_else(|| self.broken("サロゲート"))
    }
}
