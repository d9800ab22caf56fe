//! Reads a part into listed elements only, and writes elements as new XML.
//!
//! What is not on the list never becomes a value here, so nothing behind this file can pass it on by mistake.

use std::fmt::Write as _;

use encoding_rs::{UTF_16BE, UTF_16LE};
use quick_xml::NsReader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;

use super::allow::{self, Ns, Spec};
use super::danger;
use crate::{Refusal, RefusalCode, RemovalCode};

/// A listed element.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) spec: &'static Spec,
    pub(super) attributes: Vec<(&'static str, String)>,
    pub(super) children: Vec<Node>,
}

/// What an element holds.
#[derive(Debug)]
pub(super) enum Node {
    Element(Element),
    Text(String),
    /// Elements that are finished and already written.
    Written(String),
}

impl Element {
    pub(super) fn new(spec: &'static Spec) -> Self {
        Self { spec, attributes: Vec::new(), children: Vec::new() }
    }

    pub(super) fn is(&self, ns: Ns, local: &str) -> bool {
        self.spec.is(ns, local)
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.attributes.retain(|(n, _)| *n != name);
    }

    pub(super) fn set(&mut self, name: &'static str, value: String) {
        self.remove(name);
        self.attributes.push((name, value));
    }

    pub(super) fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|node| if let Node::Element(e) = node { Some(e) } else { None })
    }

    pub(super) fn child(&self, ns: Ns, local: &str) -> Option<&Element> {
        self.elements().find(|e| e.is(ns, local))
    }

    /// The text directly in it.
    pub(super) fn text(&self) -> String {
        self.children
            .iter()
            .filter_map(|n| if let Node::Text(t) = n { Some(t.as_str()) } else { None })
            .collect()
    }

    /// Takes the first descendant of this name out.
    pub(super) fn take(&mut self, ns: Ns, local: &str) -> Option<Element> {
        let found = self.children.iter().position(|n| matches!(n, Node::Element(e) if e.is(ns, local)));
        if let Some(at) = found
            && let Node::Element(element) = self.children.remove(at)
        {
            return Some(element);
        }
        self.children.iter_mut().find_map(|n| if let Node::Element(e) = n { e.take(ns, local) } else { None })
    }
}

/// What becomes of an element that has just ended.
pub(super) enum Verdict {
    /// It stays.
    Keep(Element),
    /// It is final: write it down to free its memory.
    Finish(Element),
    /// Its children stay in its place.
    Unwrap(Element),
    /// It goes.
    Drop,
}

/// Decides on elements as they end, children before parents.
pub(super) trait Judge {
    /// `ancestors` are the open elements, outermost first.
    ///
    /// # Errors
    /// A refusal of the whole document.
    fn closed(&mut self, element: Element, ancestors: &[Element]) -> Result<Verdict, Refusal>;

    /// An object begins whose preview is a shape of the legacy drawing.
    fn object(&mut self, shape: String);

    /// Something unlisted was left out.
    fn left_out(&mut self, code: RemovalCode, name: &str, ancestors: &[Element]);
}

/// The longest text or attribute value of a part. Cells hold 32 767 characters, Word runs practically less.
const MAX_TEXT: usize = 4 << 20;

/// Decodes a part: UTF-8 or UTF-16, as XML in a package must be (ISO/IEC 29500-2, 8.1.4).
pub(super) fn decode(bytes: Vec<u8>, place: &str) -> Result<String, Refusal> {
    let broken = || Refusal::new(RefusalCode::Malformed, format!("{place}: character encoding"));
    let utf16 = match bytes.get(..2) {
        Some([0xff, 0xfe] | [b'<', 0]) => Some(UTF_16LE),
        Some([0xfe, 0xff] | [0, b'<']) => Some(UTF_16BE),
        _ => None,
    };
    if let Some(encoding) = utf16 {
        let (text, failed) = encoding.decode_with_bom_removal(&bytes);
        return if failed { Err(broken()) } else { Ok(text.into_owned()) };
    }
    let text = String::from_utf8(bytes).map_err(|_| broken())?;
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    let declared = text.get(..text.find("?>").unwrap_or(0)).unwrap_or_default().to_ascii_lowercase();
    if let Some((_, rest)) = declared.split_once("encoding") {
        let label = rest.trim_start_matches([' ', '\t', '\r', '\n', '=', '"', '\'']);
        if !(label.starts_with("utf-8")
            || label.starts_with("us-ascii")
            || label.starts_with("ascii")
            || text.is_ascii())
        {
            return Err(broken());
        }
    }
    Ok(text)
}

/// The namespace and name of the first element.
pub(super) fn root_name(text: &str) -> Option<(Ns, String)> {
    let mut reader = NsReader::from_str(text);
    loop {
        match reader.read_resolved_event().ok()? {
            (ResolveResult::Bound(ns), Event::Start(e) | Event::Empty(e)) => {
                return Some((Ns::of(ns.into_inner())?, e.local_name().into_inner().to_owned()));
            }
            (_, Event::Start(_) | Event::Empty(_) | Event::DocType(_) | Event::Eof) => return None,
            _ => {}
        }
    }
}

/// Elements whose tags go and whose content stays.
const TRANSPARENT: &[(Ns, &str)] =
    &[(Ns::W, "smartTag"), (Ns::W, "customXml"), (Ns::P, "oleObj"), (Ns::P, "embed")];

/// Extensions whose alternative is taken because its elements are on the list.
const UNDERSTOOD: &[Ns] = &[Ns::WPS, Ns::WPG];

enum Frame {
    /// An element on `open`.
    Kept,
    /// Its content counts as its parent's.
    Transparent,
    /// `mc:AlternateContent`: has an alternative been taken?
    Alternatives(bool),
}

/// Reads a part whose root must be `root`.
///
/// # Errors
/// `Malformed` for what is not well-formed, has a document type, an entity or another root; `LimitReached` for nesting
/// beyond `nesting`.
pub(super) fn read(
    text: &str,
    root: &'static Spec,
    nesting: usize,
    place: &str,
    judge: &mut dyn Judge,
) -> Result<Element, Refusal> {
    let malformed = |what: String| Refusal::new(RefusalCode::Malformed, format!("{place}: {what}"));
    let mut reader = NsReader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut frames: Vec<Frame> = Vec::new();
    loop {
        let event = reader.read_event().map_err(|error| malformed(error.to_string()))?;
        match event {
            Event::Start(start) => {
                if frames.len() >= nesting {
                    return Err(Refusal::new(
                        RefusalCode::LimitReached,
                        format!("{place}: nesting {nesting}"),
                    ));
                }
                match enter(&reader, &start, &open, &mut frames, judge).map_err(&malformed)? {
                    Entered::Element(element) => {
                        if open.is_empty() && !element.is(root.ns, root.local) {
                            return Err(malformed(format!("root is {}", element.spec.local)));
                        }
                        open.push(element);
                        frames.push(Frame::Kept);
                    }
                    Entered::Frame(frame) => frames.push(frame),
                    Entered::Skip if open.is_empty() => return Err(malformed("unknown root".to_owned())),
                    Entered::Skip => {
                        reader.read_to_end(start.name()).map_err(|error| malformed(error.to_string()))?;
                    }
                }
            }
            Event::Empty(start) => {
                match enter(&reader, &start, &open, &mut frames, judge).map_err(&malformed)? {
                    Entered::Element(element) if open.is_empty() => {
                        if !element.is(root.ns, root.local) {
                            return Err(malformed(format!("root is {}", element.spec.local)));
                        }
                        return match judge.closed(element, &open)? {
                            Verdict::Keep(element) | Verdict::Finish(element) => Ok(element),
                            Verdict::Unwrap(_) | Verdict::Drop => Err(malformed("root dropped".to_owned())),
                        };
                    }
                    Entered::Element(element) => close(element, &mut open, judge)?,
                    Entered::Frame(_) => {}
                    Entered::Skip if open.is_empty() => return Err(malformed("unknown root".to_owned())),
                    Entered::Skip => {}
                }
            }
            Event::End(_) => match frames.pop() {
                Some(Frame::Kept) => {
                    let Some(element) = open.pop() else {
                        return Err(malformed("end without start".to_owned()));
                    };
                    if open.is_empty() {
                        return match judge.closed(element, &open)? {
                            Verdict::Keep(element) | Verdict::Finish(element) => Ok(element),
                            Verdict::Unwrap(_) | Verdict::Drop => Err(malformed("root dropped".to_owned())),
                        };
                    }
                    close(element, &mut open, judge)?;
                }
                Some(_) => {}
                None => return Err(malformed("end without start".to_owned())),
            },
            Event::Text(piece) => push_text(&mut open, &piece.xml10_content()).map_err(&malformed)?,
            Event::CData(piece) => push_text(&mut open, &piece.xml10_content()).map_err(&malformed)?,
            Event::GeneralRef(entity) => {
                let character = match entity.resolve_char_ref() {
                    Ok(Some(character)) => character.to_string(),
                    Ok(None) => quick_xml::escape::resolve_predefined_entity(&entity.xml10_content())
                        .ok_or_else(|| malformed("entity".to_owned()))?
                        .to_owned(),
                    Err(error) => return Err(malformed(error.to_string())),
                };
                push_text(&mut open, &character).map_err(&malformed)?;
            }
            Event::DocType(_) => return Err(malformed("document type".to_owned())),
            Event::PI(_) | Event::Comment(_) | Event::Decl(_) => {}
            Event::Eof => return Err(malformed("cut off".to_owned())),
        }
    }
}

enum Entered {
    Element(Element),
    Frame(Frame),
    Skip,
}

fn enter(
    reader: &NsReader<&[u8]>,
    start: &BytesStart<'_>,
    open: &[Element],
    frames: &mut [Frame],
    judge: &mut dyn Judge,
) -> Result<Entered, String> {
    let (namespace, local) = reader.resolver().resolve_element(start.name());
    let local = local.into_inner();
    let ns = match namespace {
        ResolveResult::Bound(ns) => Ns::of(ns.into_inner()),
        ResolveResult::Unbound => None,
        ResolveResult::Unknown(prefix) => return Err(format!("prefix {prefix} is not bound")),
    };
    let Some(ns) = ns else {
        judge.left_out(danger::of_unknown(local), local, open);
        return Ok(Entered::Skip);
    };
    if ns == Ns::MC {
        return Ok(enter_alternative(reader, start, local, frames));
    }
    if TRANSPARENT.contains(&(ns, local)) {
        judge.left_out(danger::of_element(ns, local), local, open);
        if let Some(shape) = start.try_get_attribute("spid").ok().flatten() {
            judge.object(shape.value.into_owned());
        }
        return Ok(Entered::Frame(Frame::Transparent));
    }
    // An object's preview is a shape like any other once the object is gone.
    let spec =
        if ns == Ns::W && local == "object" { allow::element(ns, "pict") } else { allow::element(ns, local) };
    let Some(spec) = spec else {
        judge.left_out(danger::of_element(ns, local), local, open);
        return Ok(Entered::Skip);
    };
    let mut element = Element::new(spec);
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let (namespace, name) = reader.resolver().resolve_attribute(attribute.key);
        let ns = match namespace {
            ResolveResult::Bound(ns) => match Ns::of(ns.into_inner()) {
                Some(ns) => Some(ns),
                None => continue,
            },
            ResolveResult::Unbound => None,
            ResolveResult::Unknown(prefix) => return Err(format!("prefix {prefix} is not bound")),
        };
        let Some(written) = spec.attribute(ns, name.into_inner()) else { continue };
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
        if value.len() > MAX_TEXT {
            return Err("attribute too long".to_owned());
        }
        let value = if value.chars().all(is_xml_char) {
            value.into_owned()
        } else {
            value.chars().filter(|c| is_xml_char(*c)).collect()
        };
        if !danger::value_is_allowed(spec, written, &value) {
            judge.left_out(RemovalCode::ExternalLink, written, open);
            continue;
        }
        element.attributes.push((written, value));
    }
    Ok(Entered::Element(element))
}

/// One alternative is read as if it stood there alone (ISO/IEC 29500-3): the first whose extensions are all
/// understood, else the fallback.
fn enter_alternative(
    reader: &NsReader<&[u8]>,
    start: &BytesStart<'_>,
    local: &str,
    frames: &mut [Frame],
) -> Entered {
    if local == "AlternateContent" {
        return Entered::Frame(Frame::Alternatives(false));
    }
    let Some(Frame::Alternatives(taken)) = frames.last_mut() else { return Entered::Skip };
    let wanted = match local {
        "Choice" => {
            let requires = start.try_get_attribute("Requires").ok().flatten();
            requires.is_some_and(|requires| {
                let mut prefixes = requires.value.split_ascii_whitespace().peekable();
                prefixes.peek().is_some()
                    && prefixes.all(|prefix| {
                        let binding = reader.resolver().bindings().filter(|(declared, _)| {
                            matches!(declared, quick_xml::name::PrefixDeclaration::Named(name) if *name == prefix)
                        });
                        binding.last().and_then(|(_, uri)| Ns::of(uri.into_inner())).is_some_and(|ns| UNDERSTOOD.contains(&ns))
                    })
            })
        }
        "Fallback" => true,
        _ => false,
    };
    if *taken || !wanted {
        return Entered::Skip;
    }
    *taken = true;
    Entered::Frame(Frame::Transparent)
}

fn close(element: Element, open: &mut [Element], judge: &mut dyn Judge) -> Result<(), Refusal> {
    let verdict = judge.closed(element, open)?;
    let Some(parent) = open.last_mut() else { return Ok(()) };
    match verdict {
        Verdict::Keep(element) => parent.children.push(Node::Element(element)),
        Verdict::Finish(element) => {
            if !matches!(parent.children.last(), Some(Node::Written(_))) {
                parent.children.push(Node::Written(String::new()));
            }
            if let Some(Node::Written(written)) = parent.children.last_mut() {
                write_element(&element, written);
            }
        }
        Verdict::Unwrap(element) => parent.children.extend(element.children),
        Verdict::Drop => {}
    }
    Ok(())
}

fn push_text(open: &mut [Element], piece: &str) -> Result<(), String> {
    let Some(element) = open.last_mut().filter(|e| e.spec.text) else { return Ok(()) };
    if !matches!(element.children.last(), Some(Node::Text(_))) {
        element.children.push(Node::Text(String::new()));
    }
    if let Some(Node::Text(text)) = element.children.last_mut() {
        if text.len() + piece.len() > MAX_TEXT {
            return Err("text too long".to_owned());
        }
        if piece.chars().all(is_xml_char) {
            text.push_str(piece);
        } else {
            text.extend(piece.chars().filter(|c| is_xml_char(*c)));
        }
    }
    Ok(())
}

fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// A whole part.
pub(super) fn write(root: &Element) -> String {
    let mut out = String::with_capacity(written_size(root) + 1024);
    out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n");
    let mut set = root.spec.ns.bit();
    collect(root, &mut set);
    out.push('<');
    push_name(root.spec, &mut out);
    for ns in Ns::in_set(set & !Ns::XML.bit()) {
        let colon = if ns.prefix().is_empty() { "" } else { ":" };
        let _ = write!(out, " xmlns{colon}{}=\"{}\"", ns.prefix(), ns.uri());
    }
    push_attributes(root, &mut out);
    out.push('>');
    write_content(root, &mut out);
    out.push_str("</");
    push_name(root.spec, &mut out);
    out.push('>');
    out
}

/// Of what is written down already: nearly all of a sheet, so that it is copied once.
fn written_size(root: &Element) -> usize {
    let written = |node: &Node| if let Node::Written(text) = node { text.len() } else { 0 };
    let direct: usize = root.children.iter().map(written).sum();
    let below: usize = root.elements().flat_map(|child| &child.children).map(written).sum();
    direct + below
}

/// Namespaces that a tree uses. What has been written down uses those of spreadsheets and relationships only.
fn collect(element: &Element, set: &mut u32) {
    *set |= element.spec.ns.bit();
    for (name, _) in &element.attributes {
        if let Some(ns) = name.split_once(':').and_then(|(prefix, _)| Ns::of_prefix(prefix)) {
            *set |= ns.bit();
        }
    }
    for child in element.elements() {
        collect(child, set);
    }
}

fn write_element(element: &Element, out: &mut String) {
    out.push('<');
    push_name(element.spec, out);
    push_attributes(element, out);
    if element.children.is_empty() {
        out.push_str("/>");
        return;
    }
    out.push('>');
    write_content(element, out);
    out.push_str("</");
    push_name(element.spec, out);
    out.push('>');
}

fn write_content(element: &Element, out: &mut String) {
    for child in &element.children {
        match child {
            Node::Element(element) => write_element(element, out),
            Node::Text(text) => escape(text, out, false),
            Node::Written(written) => out.push_str(written),
        }
    }
}

fn push_name(spec: &Spec, out: &mut String) {
    if !spec.ns.prefix().is_empty() {
        out.push_str(spec.ns.prefix());
        out.push(':');
    }
    out.push_str(spec.local);
}

fn push_attributes(element: &Element, out: &mut String) {
    for (name, value) in &element.attributes {
        out.push(' ');
        out.push_str(name);
        out.push_str("=\"");
        escape(value, out, true);
        out.push('"');
    }
}

/// Escapes for element content, or for an attribute value in double quotes.
pub(super) fn escape(text: &str, out: &mut String, attribute: bool) {
    let special = |byte: u8| match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'"' if attribute => Some("&quot;"),
        b'\n' if attribute => Some("&#10;"),
        b'\t' if attribute => Some("&#9;"),
        b'\r' => Some("&#13;"),
        _ => None,
    };
    // Most text has nothing to escape and goes over in one piece.
    let mut rest = text;
    while let Some((at, reference)) =
        rest.bytes().enumerate().find_map(|(at, byte)| special(byte).map(|reference| (at, reference)))
    {
        out.push_str(rest.get(..at).unwrap_or_default());
        out.push_str(reference);
        rest = rest.get(at + 1..).unwrap_or_default();
    }
    out.push_str(rest);
}
