//! XML data (forms, map data, feeds): elements, attributes and texts written anew, nothing else.
//!
//! Document types and entities, processing instructions (style sheets), inclusions and addresses of schemas are left
//! out. Of pages and drawings inside the data (XHTML, SVG) only the text stays; a style sheet that transforms (XSLT) is
//! a program and refused.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use quick_xml::{
    NsReader, XmlVersion,
    events::{BytesStart, Event},
    name::ResolveResult,
};

use crate::{Refusal, RefusalCode, RemovalCode, TextPiece, context::Context, text};

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const XSLT: &str = "http://www.w3.org/1999/XSL/Transform";
const XINCLUDE: &[&str] = &["http://www.w3.org/2001/XInclude", "http://www.w3.org/2003/XInclude"];
const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// Namespaces that a browser draws and runs.
const PAGES: &[&str] = &[
    "http://www.w3.org/1999/xhtml",
    "http://www.w3.org/2000/svg",
    "http://www.w3.org/1998/Math/MathML",
    "http://www.w3.org/TR/REC-html40",
    "http://www.w3.org/1999/XSL/Format",
    "http://www.w3.org/2001/xml-events",
    "http://www.w3.org/2002/xforms",
    "http://www.mozilla.org/keymaster/gatekeeper/there.is.only.xul",
    "http://schemas.microsoft.com/winfx/2006/xaml/presentation",
    "http://schemas.microsoft.com/winfx/2006/xaml",
];

/// Rewrites a document.
pub(crate) fn rebuild(input: &[u8], ctx: &mut Context<'_>) -> Result<Vec<u8>, Refusal> {
    Ok(rewritten(input, ctx)?.0.into_bytes())
}

/// The texts, each under the path of its element.
pub(crate) fn extract_text(input: &[u8], ctx: &mut Context<'_>) -> Result<Vec<TextPiece>, Refusal> {
    Ok(rewritten(input, ctx)?.1)
}

/// What becomes of an open element.
enum Frame {
    Kept(String),
    /// Its text stays.
    Unwrapped,
}

struct Writer {
    out: String,
    pieces: Vec<TextPiece>,
    frames: Vec<Frame>,
    begun: bool,
}

fn rewritten(input: &[u8], ctx: &mut Context<'_>) -> Result<(String, Vec<TextPiece>), Refusal> {
    let decoded = text::decode_declared(input).ok_or_else(|| broken("文字コード"))?;
    ctx.charge_expanded(decoded.len() as u64)?;
    let mut reader = NsReader::from_str(decoded.trim_start_matches('\u{feff}').trim_start());
    let mut writer =
        Writer { out: String::from(DECLARATION), pieces: Vec::new(), frames: Vec::new(), begun: false };
    loop {
        let event = reader.read_event().map_err(|error| broken(&error.to_string()))?;
        match event {
            Event::Start(start) => {
                if writer.frames.len() >= ctx.limits().nesting as usize {
                    return Err(Refusal::new(RefusalCode::TooDeep, "XML の入れ子"));
                }
                if !writer.start(&reader, &start, false, ctx)? {
                    reader.read_to_end(start.name()).map_err(|error| broken(&error.to_string()))?;
                }
            }
            Event::Empty(start) => {
                writer.start(&reader, &start, true, ctx)?;
            }
            Event::End(_) => match writer.frames.pop() {
                Some(Frame::Kept(name)) => {
                    let _ = write!(writer.out, "</{name}>");
                }
                Some(Frame::Unwrapped) => {}
                None => return Err(broken("終了タグ")),
            },
            Event::Text(piece) => writer.text(&piece.xml10_content(), ctx)?,
            Event::CData(piece) => writer.text(&piece.xml10_content(), ctx)?,
            Event::GeneralRef(entity) => {
                let known = match entity.resolve_char_ref() {
                    Ok(Some(character)) => Some(character.to_string()),
                    Ok(None) => quick_xml::escape::resolve_predefined_entity(&entity.xml10_content())
                        .map(str::to_owned),
                    Err(error) => return Err(broken(&error.to_string())),
                };
                match known {
                    Some(text) => writer.text(&text, ctx)?,
                    None => ctx.removed(RemovalCode::ExternalLink, "実体参照"),
                }
            }
            Event::DocType(_) => ctx.removed(RemovalCode::ExternalLink, "DOCTYPE 宣言"),
            Event::PI(instruction) => {
                let is_style = instruction.target().starts_with("xml-stylesheet");
                let code = if is_style { RemovalCode::ExternalLink } else { RemovalCode::UnknownElement };
                ctx.removed(code, "処理命令");
            }
            Event::Comment(_) | Event::Decl(_) => {}
            Event::Eof => break,
        }
        if writer.out.len() as u64 > ctx.limits().output_bytes {
            return Err(Refusal::new(RefusalCode::TooLarge, "XML"));
        }
    }
    if !writer.frames.is_empty() || !writer.begun {
        return Err(broken("途中で終わっています"));
    }
    Ok((writer.out, writer.pieces))
}

impl Writer {
    /// Opens an element; `false` when all of it is to be skipped.
    fn start(
        &mut self,
        reader: &NsReader<&[u8]>,
        start: &BytesStart<'_>,
        empty: bool,
        ctx: &mut Context<'_>,
    ) -> Result<bool, Refusal> {
        let (namespace, local) = reader.resolver().resolve_element(start.name());
        let namespace = match namespace {
            ResolveResult::Bound(ns) => ns.into_inner().to_owned(),
            ResolveResult::Unbound => String::new(),
            ResolveResult::Unknown(_) => return Err(broken("名前空間の接頭辞")),
        };
        let local = local.into_inner().to_owned();
        let is_root = self.frames.is_empty();
        if is_root && self.begun {
            return Err(broken("二つ目の最上位要素"));
        }
        if namespace == XSLT {
            return Err(Refusal::new(RefusalCode::Executable, "XSLT スタイルシート"));
        }
        if XINCLUDE.contains(&namespace.as_str()) {
            ctx.removed(RemovalCode::ExternalLink, "XInclude");
            return if is_root { Err(broken("XInclude")) } else { Ok(false) };
        }
        if PAGES.contains(&namespace.as_str()) {
            let lower = local.to_ascii_lowercase();
            if is_root {
                return Err(Refusal::new(RefusalCode::UnsupportedFormat, "画面・図形の XML"));
            }
            if matches!(lower.as_str(), "script" | "style" | "iframe" | "object" | "embed") {
                ctx.removed(RemovalCode::Script, format!("<{lower}>"));
                return Ok(false);
            }
            ctx.removed(RemovalCode::UnknownElement, "XML の中の HTML・SVG（文字だけを残しました）");
            if !empty {
                self.frames.push(Frame::Unwrapped);
            }
            return Ok(true);
        }
        let name = start.name().into_inner().to_owned();
        if !is_name(&name) {
            return Err(broken("要素の名前"));
        }
        self.begun = true;
        let _ = write!(self.out, "<{name}");
        self.attributes(reader, start, ctx)?;
        if empty {
            self.out.push_str("/>");
        } else {
            self.out.push('>');
            self.frames.push(Frame::Kept(name));
        }
        Ok(true)
    }

    fn attributes(
        &mut self,
        reader: &NsReader<&[u8]>,
        start: &BytesStart<'_>,
        ctx: &mut Context<'_>,
    ) -> Result<(), Refusal> {
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| broken(&error.to_string()))?;
            let key = attribute.key.into_inner().to_owned();
            let (namespace, local) = reader.resolver().resolve_attribute(attribute.key);
            let local = local.into_inner();
            if let ResolveResult::Bound(ns) = namespace
                && ns.into_inner() == SCHEMA_INSTANCE
                && matches!(local, "schemaLocation" | "noNamespaceSchemaLocation")
            {
                ctx.removed(RemovalCode::ExternalLink, "スキーマの場所");
                continue;
            }
            // Nothing that is written belongs to these; without the binding nothing can.
            if matches!(namespace, ResolveResult::Bound(ns) if PAGES.contains(&ns.into_inner())) {
                continue;
            }
            let Ok(value) = attribute.normalized_value(XmlVersion::Implicit1_0) else {
                ctx.removed(RemovalCode::ExternalLink, "実体参照");
                continue;
            };
            if (key == "xmlns" || key.starts_with("xmlns:"))
                && (PAGES.contains(&value.trim()) || value.trim() == XSLT)
            {
                continue;
            }
            let lower = value.trim_start().to_ascii_lowercase();
            if !is_name(&key)
                || ["javascript:", "vbscript:", "data:", "file:", "\\\\"].iter().any(|s| lower.starts_with(s))
            {
                ctx.removed(RemovalCode::Hyperlink, format!("属性 {}", brief(&key)));
                continue;
            }
            let value = self::cleaned(&value, ctx);
            let _ = write!(self.out, " {key}=\"");
            escape(&value, true, &mut self.out);
            self.out.push('"');
        }
        Ok(())
    }

    fn text(&mut self, text: &str, ctx: &mut Context<'_>) -> Result<(), Refusal> {
        if self.frames.is_empty() {
            return if text.trim().is_empty() {
                Ok(())
            } else {
                Err(broken("最上位要素の外の文字"))
            };
        }
        let text = cleaned(text, ctx);
        escape(&text, false, &mut self.out);
        if !text.trim().is_empty() {
            let path: Vec<&str> = self
                .frames
                .iter()
                .rev()
                .take(3)
                .filter_map(|frame| if let Frame::Kept(name) = frame { Some(name.as_str()) } else { None })
                .collect();
            let location = path.into_iter().rev().collect::<Vec<_>>().join("/");
            match self.pieces.last_mut() {
                Some(last)
                    if last.location == location
                        && !last.text.ends_with(char::is_whitespace)
                        && text.len() < 8 =>
                {
                    last.text.push_str(&text);
                }
                _ => self.pieces.push(TextPiece { location, text: text.trim().to_owned() }),
            }
        }
        Ok(())
    }
}

fn cleaned(text: &str, ctx: &mut Context<'_>) -> String {
    let (clean, found) = text::clean_line(text);
    if let Some(found) = found {
        ctx.removed(RemovalCode::Control, format!("本文（{found}）"));
    }
    clean
}

fn escape(text: &str, attribute: bool, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' if attribute => out.push_str("&quot;"),
            '\t' if attribute => out.push_str("&#9;"),
            '\n' if attribute => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            c => out.push(c),
        }
    }
}

/// A qualified name: letters of any script, digits, and `-`, `.`, `_`; one colon.
fn is_name(name: &str) -> bool {
    let is_inner = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '・');
    name.len() <= 512
        && name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(is_inner)
        && name.matches(':').count() <= 1
}

fn brief(text: &str) -> String {
    text::clean_line(text).0.chars().take(60).collect()
}

fn broken(what: &str) -> Refusal {
    let what: String = what.chars().filter(|c| !c.is_control()).take(120).collect();
    Refusal::new(RefusalCode::Malformed, format!("XML: {what}"))
}
